//! What would be lost, and what would change, as it is told.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::found::RecordId;
use crate::ens::Name;
use crate::record::{PathMeaning, RecordKey, meaning};

/// Something that is published and would not be any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The file, from the root.
    pub path: String,
    /// Whose record it is, where it is one.
    pub name: Option<String>,
    /// The record type.
    pub record: Option<String>,
    /// What was last seen.
    pub base: Option<String>,
    /// What is published.
    pub there: Option<String>,
    /// What would be.
    pub here: Option<String>,
}

/// A file that is published and would be another one, or none, or that would be new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The file, from the root.
    pub path: String,
    /// Whose record it is, and which, where it is one by what it holds.
    pub record: Option<RecordId>,
    /// What is published: a record's value, or in words.
    pub there: Option<String>,
    /// What would be.
    pub here: Option<String>,
}

impl Loss {
    /// Of a file that is known by its fingerprint alone: it is there, and here another or none.
    pub fn of_file(path: &str, is_here: bool) -> Self {
        let first = records_at(path).into_iter().next();
        let (name, record) = first.map(|(name, key)| (name.to_string(), key.to_string())).unzip();
        let here = is_here.then(|| "another file".to_owned());
        let there = Some("a file".to_owned());
        Self { path: path.to_owned(), name, record, base: None, there, here }
    }
}

/// The losses as a person reads them, one a line.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.record) {
            (Some(name), Some(record)) => write!(f, "{name} {record}")?,
            _ => f.write_str(&self.path)?,
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let (there, here) = (text(&self.there), text(&self.here));
        write!(f, ": published {there}, here {here}, last seen {}", text(&self.base))
    }
}

/// The records that a file can be.
pub(super) fn records_at(path: &str) -> Vec<(Name, RecordKey)> {
    match meaning(path) {
        PathMeaning::Records(candidates) => candidates,
        PathMeaning::Legacy(name, key) => vec![(name, key)],
        PathMeaning::Fault(_) | PathMeaning::Foreign => Vec::new(),
    }
}
