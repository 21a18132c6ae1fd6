//! JSON that others wrote is read by `namesys::json`, to which an array is no object.

use std::collections::BTreeSet;

use crate::layers::{CFG_TEST, end_of_item};
use crate::tokens::tokens;
use crate::{files, read};

/// Who reads it otherwise, and why that takes no array for an object.
const OTHERWISE: [(&str, &str); 6] = [
    ("src/chain/dialect.rs", "any JSON, looked through by hand"),
    ("src/chain/http.rs", "alloy's answer, which reads maps alone"),
    ("src/chain/node.rs", "a number"),
    ("src/cli/output.rs", "our own report"),
    ("src/record/abi_file.rs", "an array of anything"),
    ("src/web/content_type.rs", "whether it is JSON at all"),
];

/// Whether a file reads JSON by serde's own functions, its tests left aside.
fn reads_by_itself(text: &str) -> bool {
    let tokens = tokens(text);
    let mut index = 0;
    while index < tokens.len() {
        if tokens[index..].starts_with(&CFG_TEST.map(str::to_owned)) {
            index = end_of_item(&tokens, index + CFG_TEST.len());
        } else if tokens[index] == "serde_json" {
            let next = tokens.get(index + 2).map_or("", String::as_str);
            if next.starts_with("from_") || next == "Deserializer" {
                return true;
            }
        }
        index += 1;
    }
    false
}

#[test]
fn what_others_wrote_is_read_by_one_module() {
    let found: BTreeSet<String> = files("src", "rs")
        .into_iter()
        .map(|path| path.display().to_string())
        .filter(|path| path != "src/json.rs" && !path.ends_with("tests.rs"))
        .filter(|path| reads_by_itself(&read(path)))
        .collect();
    let expected = OTHERWISE.map(|(path, _)| path.to_owned());
    assert_eq!(found, BTreeSet::from(expected), "use crate::json");
}

#[test]
fn no_untagged_struct_is_read() {
    // serde reads the variants of an untagged enum from what it has kept, by its own rules.
    for path in files("src", "rs") {
        let text = read(&path);
        for (at, _) in text.match_indices("#[serde(untagged)]") {
            let before = &text[at.saturating_sub(300)..at];
            let derived = before.rsplit_once("#[derive(").map_or("", |(_, list)| list);
            if !derived.contains("Deserialize") || path.starts_with("src/report") {
                continue;
            }
            let item = &text[at..text[at..].find("\n}").map_or(text.len(), |end| at + end)];
            let variants = item.split_once('{').map_or("", |(_, variants)| variants);
            assert!(!variants.contains('{'), "{}: a struct in {item}", path.display());
        }
    }
}
