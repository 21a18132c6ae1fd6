//! Lower blocks never use higher ones: every path of every file in `src`, against the order of
//! the table in `src/lib.rs`. Tests may: those of the texts sign with a key.

use std::collections::BTreeMap;
use std::path::Path;

use crate::blocks::in_order;
use crate::tokens::tokens;
use crate::{files, read};

pub const CFG_TEST: [&str; 5] = ["cfg", "(", "test", ")", "]"];

/// The blocks that a file of the library uses, by the names after `crate::`, or after as many
/// `super::` as lead there. `place` is the file's module path.
fn uses(text: &str, place: &[&str]) -> Vec<String> {
    let tokens = tokens(text);
    let at = |index: usize| tokens.get(index).map_or("", String::as_str);
    // The inline modules that are open, each with the depth of its braces.
    let (mut found, mut inline, mut braces, mut index) = (Vec::new(), Vec::new(), 0, 0);
    while index < tokens.len() {
        match at(index) {
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                inline.pop_if(|depth| *depth > braces);
            }
            "mod" if at(index + 2) == "{" => inline.push(braces + 1),
            "cfg" if tokens[index..].starts_with(&CFG_TEST.map(str::to_owned)) => {
                index = end_of_item(&tokens, index + CFG_TEST.len());
            }
            "crate" if at(index + 1) == "::" => found.extend(firsts(&tokens[index + 2..])),
            "super" if index == 0 || at(index - 1) != "::" => {
                let mut up = 1;
                while at(index + 1) == "::" && at(index + 2) == "super" {
                    (up, index) = (up + 1, index + 2);
                }
                if up == place.len() + inline.len() {
                    found.extend(firsts(tokens.get(index + 2..).unwrap_or_default()));
                }
            }
            _ => {}
        }
        index += 1;
    }
    found
}

/// The last token of the item that begins at `index`: its `;`, or the brace that closes it.
pub fn end_of_item(tokens: &[String], index: usize) -> usize {
    let mut depth = 0;
    let ends = |token: &String| {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(token.as_str(), ";" | "}")
    };
    let length = tokens[index..].iter().position(ends);
    length.map_or(tokens.len(), |length| index + length)
}

/// The first name of a path, or of each path of a group in braces.
fn firsts(tokens: &[String]) -> Vec<String> {
    let Some(first) = tokens.first() else { return Vec::new() };
    if first != "{" {
        return vec![first.clone()];
    }
    let (mut found, mut depth, mut begins) = (Vec::new(), 0, false);
    for token in tokens {
        match token.as_str() {
            "{" => (depth, begins) = (depth + 1, depth == 0),
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," => begins = depth == 1,
            name if begins => {
                found.push(name.to_owned());
                begins = false;
            }
            _ => {}
        }
    }
    found
}

/// Who uses whom, and in which file that is seen first.
type Arrows = BTreeMap<(String, String), String>;

fn arrows() -> Arrows {
    let blocks = in_order();
    let mut arrows = BTreeMap::new();
    for path in files("src", "rs").into_iter().filter(|path| !is_test(path)) {
        let place = module_path(&path);
        let Some(block) = blocks.iter().find(|block| place.first() == Some(&block.as_str())) else {
            continue;
        };
        for used in uses(&read(&path), &place) {
            if used != *block && blocks.contains(&used) {
                let arrow = (block.clone(), used);
                arrows.entry(arrow).or_insert_with(|| path.display().to_string());
            }
        }
    }
    arrows
}

/// Whether a file's name says that it holds tests.
pub fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| {
        stem.to_string_lossy().split('_').any(|word| matches!(word, "test" | "tests"))
    })
}

/// `src/a/b.rs` is `a::b`, `src/a/mod.rs` is `a`.
pub fn module_path(path: &Path) -> Vec<&str> {
    let parts = path.iter().skip(1).filter_map(|part| part.to_str());
    let names = parts.map(|part| part.strip_suffix(".rs").unwrap_or(part));
    names.filter(|name| *name != "mod").collect()
}

/// What is wrong with `arrows` in blocks of this order.
fn against(order: &[String], arrows: &Arrows) -> Vec<String> {
    let height = |block: &String| order.iter().position(|listed| listed == block);
    let turned = arrows.iter().filter(|((user, used), _)| height(used) >= height(user));
    let words =
        turned.map(|((user, used), file)| match arrows.get(&(used.clone(), user.clone())) {
            Some(back) => format!("{file}: {user} and {used} use each other (back in {back})"),
            None => format!("{file}: {user} uses {used}, which stands below it in src/lib.rs"),
        });
    words.collect()
}

#[test]
fn no_block_uses_one_below_it_in_the_table() {
    let (order, arrows) = (in_order(), arrows());
    assert!(arrows.len() > order.len(), "the paths are found: {arrows:?}");
    let wrong = against(&order, &arrows);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_turned_arrow_and_a_circle_are_found() {
    let order = ["low", "middle", "high"].map(str::to_owned);
    let arrow = |user: &str, used: &str| ((user.to_owned(), used.to_owned()), format!("{user}.rs"));
    let good = [arrow("high", "low"), arrow("middle", "low")];
    assert_eq!(against(&order, &good.clone().into()), [""; 0]);
    let turned = good.clone().into_iter().chain([arrow("low", "high"), arrow("low", "middle")]);
    let circle = good.into_iter().chain([arrow("middle", "high")]);
    assert_eq!(against(&order, &turned.collect()).len(), 2);
    assert_eq!(
        against(&order, &circle.collect()),
        ["middle.rs: middle uses high, which stands below it in src/lib.rs"]
    );
}

#[test]
fn paths_are_found_in_every_form() {
    let text = "use crate::a; use crate::{b::{c, d}, e::F, g}; use super::super::h::I;
        #[cfg(test)] use crate::t; #[cfg(test)] mod tests { use crate::u; fn f() { crate::v() } }
        mod inner { use super::*; use super::super::super::j; fn f() { crate::k::l(super::m::n) } }";
    let found = uses(text, &["block", "file"]);
    assert_eq!(found, ["a", "b", "e", "g", "h", "j", "k"]);
    assert_eq!(uses("use super::a::b;", &["block"]), ["a"]);
    assert_eq!(uses("use super::a::b;", &["block", "file"]), [""; 0]);
}
