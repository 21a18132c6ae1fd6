//! What the model knows: who saw which value, and what was published when. None of it is read from
//! what the program under test keeps.

use std::collections::{BTreeMap, BTreeSet};

use cid::Cid;
use namesys::ipns::VerifiedRecord;

/// Values by path in a tree.
pub type Content = BTreeMap<String, String>;

/// A tree and where it came in the order of things.
#[derive(Clone, Debug)]
pub struct Tree {
    pub root: Cid,
    pub sequence: u64,
    pub content: Content,
}

/// A record that was made in a workspace.
#[derive(Clone, Debug)]
pub struct Made {
    pub record: VerifiedRecord,
    pub tree: Tree,
    pub is_ahead: bool,
}

/// What the user of a workspace knows; it is as old as the files are.
#[derive(Clone, Debug, Default)]
pub struct Mind {
    /// What was last seen published.
    pub base: Option<Tree>,
    /// What was made since.
    pub made: Vec<Made>,
    /// What is wanted, by path.
    pub wanted: Content,
}

/// What was published, as the first publisher took it.
#[derive(Clone, Debug)]
pub struct Edition {
    pub record: VerifiedRecord,
    pub tree: Tree,
}

/// What somebody publishes, and what for.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Who, in words.
    pub who: String,
    /// What is known of what is out.
    pub mind: Mind,
    /// Paths that its `records.toml` decides about.
    pub own: BTreeSet<String>,
    /// `--replace`.
    pub replaces: bool,
    /// `rollback`, which may remove what is wanted.
    pub goes_back: bool,
    /// Made elsewhere: it was made over this, and over nothing else.
    pub over: Option<Content>,
}

impl Mind {
    /// It was seen published.
    pub fn see(&mut self, tree: Tree) {
        self.made.retain(|made| made.tree.sequence > tree.sequence);
        self.base = Some(tree);
    }

    /// What is known of a tree that is out: the base where it was made over that, all of it where
    /// it was made here, else nothing.
    pub fn towards(&self, out: &Edition) -> Content {
        let is_made = self.made.iter().any(|made| made.record == out.record);
        match &self.base {
            Some(base) if base.root == out.tree.root => out.tree.content.clone(),
            _ if is_made => out.tree.content.clone(),
            Some(base) if out.tree.sequence > base.sequence => base.content.clone(),
            _ => Content::new(),
        }
    }

    /// Whether somebody here ever saw this value at this path, as far as the files tell.
    pub fn knows(&self, path: &str, value: Option<&String>) -> bool {
        let base = self.base.iter().map(|base| &base.content);
        let made = self.made.iter().map(|made| &made.tree.content);
        self.base.is_none() && value.is_none()
            || base.chain(made).any(|content| content.get(path) == value)
    }

    /// The highest sequence that was signed for later.
    pub fn ahead(&self) -> Option<u64> {
        let ahead = self.made.iter().filter(|made| made.is_ahead);
        ahead.map(|made| made.tree.sequence).max()
    }

    /// The newest that is known before a sequence: what has it was made over that.
    pub fn before(&self, sequence: u64) -> Option<&Tree> {
        let ahead = self.made.iter().filter(|made| made.is_ahead).map(|made| &made.tree);
        let before = ahead.chain(&self.base).filter(|tree| tree.sequence < sequence);
        before.max_by_key(|tree| tree.sequence)
    }
}

/// Every path of two trees.
fn paths<'a>(one: &'a Content, other: &'a Content) -> BTreeSet<&'a String> {
    one.keys().chain(other.keys()).collect()
}

fn said(value: Option<&String>) -> &str {
    value.map_or("nothing", |value| value)
}

/// Whether publishing `new` over `out` is right.
///
/// # Errors
/// In words, what it took away.
pub fn check_publication(
    errand: &Errand,
    out: Option<&Edition>,
    new: &Content,
) -> Result<(), String> {
    let Some(out) = out else { return Ok(()) };
    if errand.replaces {
        return Ok(());
    }
    let there = &out.tree.content;
    let known = match &errand.over {
        Some(over) => over.clone(),
        None => errand.mind.towards(out),
    };
    let who = &errand.who;
    for path in paths(there, new) {
        let (was, is, seen) = (there.get(path), new.get(path), known.get(path));
        if was == is {
            continue;
        }
        if was != seen {
            return Err(format!(
                "{who} replaced what it had not seen: {path} was {}, is {}, last seen {}",
                said(was),
                said(is),
                said(seen)
            ));
        }
        let is_unwanted = errand.own.contains(path) && !errand.mind.wanted.contains_key(path);
        if is.is_none() && !is_unwanted && !errand.goes_back {
            return Err(format!("{who} removed what nobody unset: {path}, {}", said(was)));
        }
    }
    Ok(())
}

/// Whether a refusal was for nothing: all that would have gone was known, or made here.
pub fn is_needless(errand: &Errand, out: &Edition, new: &Content) -> bool {
    let there = &out.tree.content;
    paths(there, new).into_iter().all(|path| {
        let (was, is) = (there.get(path), new.get(path));
        let is_unwanted = errand.own.contains(path) && !errand.mind.wanted.contains_key(path);
        let may_go = is.is_some() || is_unwanted || errand.goes_back;
        was == is || errand.mind.knows(path, was) && may_go
    })
}

/// Whose counts where both changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Nobodys,
    Ours,
    Theirs,
}

/// Whether what is wanted after a pull is right.
///
/// # Errors
/// In words, what is not.
pub fn check_pull(
    errand: &Errand,
    out: &Edition,
    after: &Content,
    whose: Whose,
) -> Result<(), String> {
    let (there, before) = (&out.tree.content, &errand.mind.wanted);
    let known = errand.mind.towards(out);
    let who = &errand.who;
    for path in &errand.own {
        let [base, theirs, ours, now] =
            [&known, there, before, after].map(|content| content.get(path));
        let (is_changed_there, is_changed_here) = (theirs != base, ours != base);
        let expected = match (is_changed_there, is_changed_here) {
            (false, _) => ours,
            (true, false) => theirs,
            (true, true) if theirs == ours => ours,
            (true, true) => match whose {
                Whose::Ours => ours,
                Whose::Theirs => theirs,
                Whose::Nobodys => return Err(format!("{who} pulled over a conflict: {path}")),
            },
        };
        if now != expected {
            return Err(format!(
                "{who} pulled {path}: base {}, theirs {}, ours {}: {} was expected, and it is {}",
                said(base),
                said(theirs),
                said(ours),
                said(expected),
                said(now)
            ));
        }
    }
    Ok(())
}

/// Whether a pull has a conflict.
pub fn has_conflict(errand: &Errand, out: &Edition, files: &Content) -> bool {
    let there = &out.tree.content;
    let known = errand.mind.towards(out);
    let wanted = |path: &String| match errand.own.contains(path) {
        true => errand.mind.wanted.get(path),
        false => files.get(path),
    };
    let all: BTreeSet<&String> =
        paths(there, &known).into_iter().chain(&errand.own).chain(files.keys()).collect();
    all.into_iter().any(|path| {
        let (base, theirs, ours) = (known.get(path), there.get(path), wanted(path));
        // What is merely missing here was not removed by anybody.
        let is_file = !errand.own.contains(path);
        if is_file && ours.is_none() {
            return false;
        }
        theirs != base && ours != base && theirs != ours
    })
}
