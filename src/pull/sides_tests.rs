use cid::Cid;

use super::*;
use crate::ipfs::{BlockSink, DAG_PB, MemoryBlocks, RAW, TreeLimits, sha256_cid};

/// A directory with any names, as nobody could make it from a folder.
fn directory(blocks: &mut MemoryBlocks, entries: &[(&str, Cid)]) -> Cid {
    let links = entries.iter().map(|(name, cid)| {
        let hash = cid.to_bytes();
        let head = [0x0a, hash.len() as u8];
        let name = [&[0x12, name.len() as u8][..], name.as_bytes()].concat();
        let link = [&head[..], &hash, &name].concat();
        [&[0x12, link.len() as u8][..], &link].concat()
    });
    node(blocks, links.chain([vec![0x0a, 2, 8, 1]]).collect::<Vec<_>>().concat())
}

fn node(blocks: &mut MemoryBlocks, node: Vec<u8>) -> Cid {
    let cid = sha256_cid(DAG_PB, &node);
    blocks.put(&cid, &node).unwrap();
    cid
}

fn file(blocks: &mut MemoryBlocks, text: &str) -> Cid {
    let cid = sha256_cid(RAW, text.as_bytes());
    blocks.put(&cid, text.as_bytes()).unwrap();
    cid
}

fn sides(blocks: &MemoryBlocks, roots: Three) -> Sides {
    read_sides(blocks, roots, &TreeBudget::new(TreeLimits::default()), true).unwrap()
}

fn bad(blocks: &MemoryBlocks, there: Cid, here: Option<Cid>) -> Vec<String> {
    let sides = sides(blocks, [None, Some(there), here]);
    sides.bad.into_iter().map(|BadName { path, reason }| format!("{path}: {reason}")).collect()
}

#[test]
fn names_that_no_file_can_have_are_listed() {
    let mut blocks = MemoryBlocks::new();
    let one = file(&mut blocks, "1");
    for (names, expected) in [
        (&["good", "well"][..], 0),
        (&[""][..], 1),
        (&[".", ".."], 2),
        (&["../../outside"], 1),
        (&["a\\b"], 1),
        (&["a\0b", "c\nd"], 2),
        (&["con.json", "a.", "LPT1"], 3),
        (&["Avatar.json", "avatar.json"], 1),
        (&["caf\u{e9}", "cafe\u{301}"], 1),
    ] {
        let entries: Vec<(&str, Cid)> = names.iter().map(|name| (*name, one)).collect();
        let text = directory(&mut blocks, &entries);
        let root = directory(&mut blocks, &[(".well-known", text)]);
        let found = bad(&blocks, root, None);
        assert_eq!(found.len(), expected, "{names:?}: {found:?}");
        assert!(found.iter().all(|line| line.starts_with(".well-known/")), "{found:?}");
        // What is here already may stay.
        assert_eq!(bad(&blocks, root, Some(root)), [""; 0]);
    }
}

#[test]
fn a_new_sibling_that_differs_by_case_is_listed() {
    let mut blocks = MemoryBlocks::new();
    let one = file(&mut blocks, "1");
    let here = directory(&mut blocks, &[("Avatar.json", one)]);
    let there = directory(&mut blocks, &[("avatar.json", one)]);
    let found = bad(&blocks, there, Some(here));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("one file with \"Avatar.json\""), "{found:?}");
}

#[test]
fn links_are_listed_and_so_is_a_file_in_the_place_of_the_records() {
    let mut blocks = MemoryBlocks::new();
    // UnixFS type 4, a symlink.
    let link = node(&mut blocks, [&[0x0a, 15, 8, 4, 0x12, 11][..], b"/etc/passwd"].concat());
    let root = directory(&mut blocks, &[("l", link)]);
    assert_eq!(bad(&blocks, root, None), ["l: it is a symbolic link, to \"/etc/passwd\""]);
    assert_eq!(bad(&blocks, root, Some(root)), [""; 0]);
    let one = file(&mut blocks, "1");
    let root = directory(&mut blocks, &[(".well-known", one)]);
    assert_eq!(bad(&blocks, root, None).len(), 1);
}

#[test]
fn what_nobody_has_is_left_out_where_that_will_do() {
    let mut blocks = MemoryBlocks::new();
    let (one, two) = (file(&mut blocks, "1"), file(&mut blocks, "2"));
    let folder = directory(&mut blocks, &[("b", two)]);
    let root = directory(&mut blocks, &[("a", one), ("c", two), ("d", folder)]);
    blocks.remove(&one);
    blocks.remove(&folder);
    let found = sides(&blocks, [None, Some(root), None]);
    assert_eq!(found.unread, ["a", "d"]);
    let changed: Vec<&str> = found.changed.iter().map(|changed| &*changed.path).collect();
    assert_eq!(changed, ["c"]);
    let budget = TreeBudget::new(TreeLimits::default());
    let whole = read_sides(&blocks, [None, Some(root), None], &budget, false);
    assert!(matches!(whole, Err(ReadError::Missing(_))));
}
