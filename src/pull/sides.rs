//! The files in which base, published and here differ, with their bytes.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::ens::WELL_KNOWN;
use crate::file_names::{folded, no_name};
use crate::ipfs::{BlockSource, MAX_FILE_BYTES, ReadError, TreeBudget, read_file};
use crate::published::{Difference, Leaf, Three, Visitor, compare_with};

/// A name that no file can have everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadName {
    /// Where it is in the tree.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// A file that is not the same in all three places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    /// In the tree.
    pub(super) path: String,
    pub(super) base: Option<Bytes>,
    pub(super) there: Option<Bytes>,
    pub(super) here: Option<Bytes>,
}

/// What was read of three trees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) changed: Vec<Changed>,
    pub(super) bad: Vec<BadName>,
    /// Paths of what is published that nobody has.
    pub(super) unread: Vec<String>,
}

/// Reads them. With `lenient` blocks that nobody has are left out.
pub(super) fn read_sides(
    source: &dyn BlockSource,
    roots: Three,
    budget: &TreeBudget,
    lenient: bool,
) -> Result<Sides, ReadError> {
    let mut reading = Reading { source, budget, lenient, sides: Sides::default() };
    compare_with(source, roots, budget, &mut reading)?;
    Ok(reading.sides)
}

struct Reading<'a> {
    source: &'a dyn BlockSource,
    budget: &'a TreeBudget,
    lenient: bool,
    sides: Sides,
}

impl Visitor for Reading<'_> {
    fn skips(&self, [base, there, here]: &Three) -> bool {
        base == there && there == here
    }

    fn folder(&mut self, path: &str, entries: &BTreeMap<String, Three>) -> Result<(), ReadError> {
        let at = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}/{name}"),
        };
        let mut alike: HashMap<String, (&str, bool)> = HashMap::new();
        for (name, [_, there, here]) in entries {
            let is_new = there.is_some() && here.is_none();
            if let (true, Some(reason)) = (is_new, no_name(name)) {
                let (path, reason) = (at(name), reason.to_owned());
                self.sides.bad.push(BadName { path, reason });
            }
            if there.is_none() && here.is_none() {
                continue;
            }
            match alike.get(&*folded(name)) {
                Some((other, other_is_new)) if is_new || *other_is_new => {
                    let reason =
                        format!("it is one file with {other:?} where case or form does not count");
                    self.sides.bad.push(BadName { path: at(name), reason });
                }
                _ => _ = alike.insert(folded(name).into_owned(), (name, is_new)),
            }
        }
        Ok(())
    }

    fn leaf(&mut self, difference: Difference) -> Result<(), ReadError> {
        let Difference { path, base, there, here } = difference;
        match there.as_ref().map(|leaf| leaf.link.as_ref()) {
            Some(Some(_)) if there == here => return Ok(()),
            Some(Some(target)) => {
                let reason = format!("it is a symbolic link, to {target:?}");
                self.sides.bad.push(BadName { path, reason });
                return Ok(());
            }
            Some(None) if path == WELL_KNOWN => {
                let reason = "it is a file, where the folder of records should be".to_owned();
                self.sides.bad.push(BadName { path, reason });
                return Ok(());
            }
            _ => {}
        }
        let there = match there.map(|leaf| self.bytes(&leaf)).transpose() {
            Err(error) => return self.unreadable(&path, error),
            Ok(there) => there,
        };
        let here = here.map(|leaf| self.bytes(&leaf)).transpose()?;
        // Whoever has it no more has nothing to compare with.
        let base = match base.map(|leaf| self.bytes(&leaf)).transpose() {
            Err(ReadError::Missing(_)) if self.lenient => None,
            base => base?,
        };
        self.sides.changed.push(Changed { path, base, there, here });
        Ok(())
    }

    fn unreadable(&mut self, path: &str, error: ReadError) -> Result<(), ReadError> {
        match error {
            ReadError::Missing(_) if self.lenient && !path.is_empty() => {
                self.sides.unread.push(path.to_owned());
                Ok(())
            }
            error => Err(error),
        }
    }
}

impl Reading<'_> {
    fn bytes(&self, leaf: &Leaf) -> Result<Bytes, ReadError> {
        // No file has these bytes.
        if let Some(target) = &leaf.link {
            return Ok(format!("\0link to {target}").into());
        }
        let bytes = read_file(self.source, &leaf.cid, MAX_FILE_BYTES)?;
        self.budget.bytes(bytes.len() as u64)?;
        Ok(bytes)
    }
}

#[cfg(test)]
#[path = "sides_tests.rs"]
mod tests;
