//! Files of one block do not use each other in a circle, by their `use` lines: each can be read
//! after those that it uses. A folder's `mod.rs` that only hands names on (`pub use`) uses nobody,
//! and who takes such a name uses the file that has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::layers::{CFG_TEST, end_of_item, is_test, module_path};
use crate::tokens::tokens;
use crate::{files, read};

type Module = Vec<String>;

/// Files that are still in a circle. None may be added; one that has left is taken off.
const LEFT: &[&str] = &[];

/// The paths of the `use` lines: those that are kept, and those that are handed on.
#[derive(Default)]
struct Uses {
    private: Vec<Module>,
    public: Vec<Module>,
}

impl Uses {
    fn of(text: &str) -> Self {
        let (tokens, mut uses, mut index) = (tokens(text), Self::default(), 0);
        while index < tokens.len() {
            if tokens[index..].starts_with(&CFG_TEST.map(str::to_owned)) {
                index = end_of_item(&tokens, index + CFG_TEST.len());
            } else if tokens[index] == "use" {
                let before = index.checked_sub(1).map_or("", |before| &tokens[before]);
                let list = match before {
                    "pub" | ")" => &mut uses.public,
                    _ => &mut uses.private,
                };
                let tree = &tokens[index + 1..];
                let tree = &tree[..tree.iter().position(|token| token == ";").unwrap_or(0)];
                expand(&[], tree, list);
            }
            index += 1;
        }
        uses
    }
}

/// The paths of a tree such as `a::{b, c::{self, D as E}}`.
fn expand(before: &[String], tree: &[String], found: &mut Vec<Module>) {
    let open = tree.iter().position(|token| token == "{");
    let path = tree[..open.unwrap_or(tree.len())].split(|token| token == "as").next();
    let names = path.unwrap_or_default().iter().filter(|token| *token != "::").cloned();
    let path: Module = before.iter().cloned().chain(names).collect();
    let Some(open) = open else {
        found.push(path);
        return;
    };
    let (mut depth, mut start) = (0, open + 1);
    for (index, token) in tree.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if (depth == 1 && token == ",") || depth == 0 {
            if start < index {
                expand(&path, &tree[start..index], found);
            }
            start = index + 1;
        }
        if depth == 0 {
            return;
        }
    }
}

/// Who uses whom among `files`, each with its text.
fn arrows(files: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let uses: BTreeMap<&Module, Uses> =
        files.iter().map(|(module, text)| (module, Uses::of(text))).collect();
    let longest =
        |path: &[String]| (1..=path.len()).rev().find(|n| files.contains_key(&path[..*n]));
    // Where a name comes from that a module hands on.
    let origin = |mut path: Module| {
        while let Some(length) = longest(&path) {
            let (module, name) = (&path[..length], path.get(length));
            let handed = uses[&module.to_vec()].public.iter().find_map(|handed| {
                let to = absolute(module, handed)?;
                (to.len() > 1 && to.last() == name && to[..] != path[..=length]).then_some(to)
            });
            match handed {
                Some(to) => path = to,
                None => return Some(module.to_vec()),
            }
        }
        None
    };
    let used = |module: &Module| -> BTreeSet<Module> {
        let paths = uses[module].private.iter().filter_map(|path| absolute(module, path));
        paths.filter_map(origin).filter(|used| used != module).collect()
    };
    files.keys().map(|module| (module.clone(), used(module))).collect()
}

/// A path from the crate's root; `None` where it is of another crate.
fn absolute(module: &[String], path: &[String]) -> Option<Module> {
    let up = path.iter().take_while(|name| *name == "super").count();
    let (from, rest) = match path.first()?.as_str() {
        "crate" => (&[][..], &path[1..]),
        "self" => (module, &path[1..]),
        "super" => (module.get(..module.len().checked_sub(up)?)?, &path[up..]),
        // A child's, or another crate's, which no file has.
        _ => (module, path),
    };
    let rest = rest.iter().filter(|name| *name != "self").cloned();
    Some(from.iter().cloned().chain(rest).collect())
}

/// Every file that comes back to itself, with those it uses on the way.
fn circles(arrows: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let reach = |from: &Module| {
        let (mut met, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            for next in arrows.get(module).into_iter().flatten().filter(|next| next[0] == from[0]) {
                if met.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        met
    };
    let reach: BTreeMap<&Module, BTreeSet<Module>> =
        arrows.keys().map(|module| (module, reach(module))).collect();
    let line = |module: &Module| {
        let back = |used: &&Module| reach.get(used).is_some_and(|reach| reach.contains(module));
        let used: Vec<String> =
            arrows[module].iter().filter(back).map(|used| used.join("::")).collect();
        (!used.is_empty()).then(|| format!("{} uses {}", module.join("::"), used.join(", ")))
    };
    arrows.keys().filter_map(line).collect()
}

#[test]
fn no_files_of_a_block_use_each_other() {
    let sources = files("src", "rs").into_iter().filter(|path| !is_test(path));
    let files: BTreeMap<Module, String> = sources
        .map(|path| (module_path(&path).into_iter().map(str::to_owned).collect(), read(&path)))
        .collect();
    let arrows = arrows(&files);
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > files.len(), "{arrows:?}");
    let circles = circles(&arrows);
    let found: Vec<&str> =
        circles.iter().filter_map(|line| line.split_once(" uses ")).map(|(file, _)| file).collect();
    assert_eq!(found, LEFT, "files in a circle:\n{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found_through_names_that_are_handed_on() {
    let file = |path: &str, text: &str| {
        (path.split("::").map(str::to_owned).collect::<Module>(), text.to_owned())
    };
    let good = [
        file("a", "mod b; mod c; pub use b::{B, inner::X as Y}; pub use c::C;"),
        file("a::b", "use super::c::{C, D}; use std::fmt; pub struct B;"),
        file("a::c", "#[cfg(test)] mod tests { use super::super::b::B; } use crate::z::Z;"),
        file("z", "use other::a::B;"),
    ];
    assert_eq!(circles(&arrows(&good.clone().into())), [""; 0]);
    let turned = good.into_iter().chain([file("a::c", "use crate::{a::B, z};")]);
    let found = circles(&arrows(&turned.collect()));
    assert_eq!(found, ["a::b uses a::c", "a::c uses a::b"]);
}
