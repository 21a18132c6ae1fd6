//! The list of blocks: the table in `src/lib.rs` is the only one, and whatever repeats it agrees.

use crate::read;

/// The blocks, bottom first, as the table in `src/lib.rs` has them.
pub fn in_order() -> Vec<String> {
    let text = read("src/lib.rs");
    let rows = text.lines().skip_while(|line| !line.starts_with("//! | block |")).skip(2);
    let cells = rows.map_while(|line| line.strip_prefix("//! | ")?.split('|').next());
    cells.map(|cell| cell.trim().trim_matches(['[', ']', '`']).to_owned()).collect()
}

/// What `src/lib.rs` declares.
fn declared() -> Vec<String> {
    let text = read("src/lib.rs");
    let modules = text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    modules.map(str::to_owned).collect()
}

#[test]
fn the_table_lists_every_block_once() {
    let (mut listed, mut declared) = (in_order(), declared());
    listed.sort();
    declared.sort();
    assert_eq!(listed, declared, "the table in src/lib.rs and its `mod` lines");
}

#[test]
fn the_map_in_the_readme_has_every_block() {
    let readme = read("README.md");
    let rows = readme.lines().filter(|line| line.starts_with("| `src/"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let mut mapped: Vec<&str> = cells
        .flat_map(|cell| cell.split(','))
        .filter_map(|path| path.trim().strip_prefix("`src/")?.strip_suffix('`'))
        .map(|path| path.strip_suffix(".rs").unwrap_or(path))
        .collect();
    mapped.sort_unstable();
    let mut blocks = in_order();
    // The binary's.
    blocks.push("cli".to_owned());
    blocks.sort();
    assert_eq!(mapped, blocks, "the map at the end of README.md and the table in src/lib.rs");
}
