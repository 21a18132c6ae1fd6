//! What the texts point to is there: pages of `src/spec`, and no names that only their authors
//! know.

use std::collections::BTreeSet;

use crate::{files, read, root};

/// The pages of the specification: `src/spec/<page>.md`.
fn pages() -> BTreeSet<String> {
    let stem = |path: &std::path::PathBuf| path.file_stem()?.to_str().map(str::to_owned);
    files("src/spec", "md").iter().filter_map(stem).collect()
}

#[test]
fn every_page_of_the_specification_is_a_module_and_is_listed() {
    let text = read("src/spec/mod.rs");
    for page in pages() {
        assert!(text.contains(&format!("include_str!(\"{page}.md\")")), "{page} is included");
        assert!(text.contains(&format!("pub mod {page} {{}}")), "{page} is a module");
        assert!(text.contains(&format!("//! | [`{page}`]")), "{page} stands in the table");
    }
}

#[test]
fn what_is_called_spec_exists() {
    let pages = pages();
    let mut seen = BTreeSet::new();
    let code = ["src", "tests", "examples", "benches"].map(|folder| files(folder, "rs"));
    for path in code.into_iter().flatten().chain(files("src/spec", "md")) {
        let text = read(&path);
        let within = if path.starts_with("src/spec") { "](super::" } else { "\0" };
        for pointer in [concat!("crate", "::spec::"), concat!("namesys", "::spec::"), within] {
            for (at, _) in text.match_indices(pointer) {
                let rest = text[at + pointer.len()..].chars();
                let page: String = rest.take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                assert!(pages.contains(&page), "{}: there is no page {page:?}", path.display());
                seen.insert(page);
            }
        }
    }
    assert_eq!(seen, pages, "each page is pointed to from somewhere");
}

#[test]
fn nothing_points_to_what_is_not_here() {
    // In two parts, or this file would be found.
    let elsewhere =
        [concat!("acts", " §"), concat!("acts", " of seed"), concat!("acts", " of the depl")];
    for folder in ["src", "tests", "examples", "benches"] {
        for ending in ["rs", "md", "toml", "sol", "mjs"] {
            for path in files(folder, ending) {
                let text = read(&path);
                for pointer in elsewhere {
                    assert!(!text.contains(pointer), "{}: {pointer}", root().join(&path).display());
                }
            }
        }
    }
}

#[test]
fn a_seed_is_named_beside_a_page_that_says_what_it_is() {
    let seed = concat!("seed ", "0");
    for path in files("src", "rs") {
        let text = read(&path);
        let named = text.to_lowercase().contains(seed);
        assert!(!named || text.contains("::spec::"), "{}: a seed without a page", path.display());
    }
}
