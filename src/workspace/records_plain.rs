//! `records.toml` as `set` and `import` write it, read by all cores. A file with anything else is
//! read by the whole parser, which also says what is wrong.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::Phases;
use crate::ens::Name;
use crate::file_names::folded;
use crate::record::{RecordKey, Value, record_path};
use crate::toml::{PlainLine, plain_lines, plain_name};

/// A table: its name, and what stands in it.
type PlainTable<'a> = (&'a str, Vec<(&'a str, &'a str)>);

/// A name's records, and their files.
type Read = (Name, BTreeMap<RecordKey, Phases>, Vec<(String, RecordKey)>);

/// Every wanted record, and whose each file is, by its path folded.
pub(super) struct Plain {
    pub(super) wanted: BTreeMap<Name, BTreeMap<RecordKey, Phases>>,
    pub(super) files: HashMap<String, (Name, RecordKey)>,
}

/// What [`Records::parse`](super::Records::parse) reads; none where the whole parser has to.
pub(super) fn read(text: &str, roots: &[Name]) -> Option<Plain> {
    let tables = tables(text)?;
    let one = |(name, entries): PlainTable<'_>| table(name, &entries, roots);
    let read: Vec<Read> = tables.into_par_iter().map(one).collect::<Option<_>>()?;
    let count = read.iter().map(|(_, records, _)| records.len()).sum();
    let (tables, mut files) = (read.len(), HashMap::with_capacity(count));
    let mut wanted = Vec::with_capacity(read.len());
    for (name, records, paths) in read {
        for (path, key) in paths {
            if files.insert(path, (name.clone(), key)).is_some() {
                return None;
            }
        }
        wanted.push((name, records));
    }
    // An empty table names nothing that is wanted, and may stand twice only for the whole parser.
    let wanted: BTreeMap<_, _> = wanted.into_iter().collect();
    let is_once = wanted.len() == tables;
    let wanted = wanted.into_iter().filter(|(_, records)| !records.is_empty()).collect();
    is_once.then_some(Plain { wanted, files })
}

fn tables(text: &str) -> Option<Vec<PlainTable<'_>>> {
    let mut tables: Vec<PlainTable<'_>> = Vec::new();
    for (_, line) in plain_lines(text)? {
        match line? {
            PlainLine::Nothing => {}
            PlainLine::Table(name) => tables.push((plain_name(name)?, Vec::new())),
            PlainLine::Entry(key, value) => tables.last_mut()?.1.push((key, value)),
        }
    }
    Some(tables)
}

fn table(name: &str, entries: &[(&str, &str)], roots: &[Name]) -> Option<Read> {
    let name = Name::from_normalized(name).ok()?;
    let is_ours = roots.iter().any(|root| name.is_or_is_under(root));
    if !is_ours || name.check_folder().is_err() {
        return None;
    }
    let (mut records, mut files) = (BTreeMap::new(), Vec::with_capacity(entries.len()));
    for (written, text) in entries {
        let key = RecordKey::parse(written).ok()?;
        let value = Value::parse_written(&key, written, text).ok()?;
        files.push((folded(&record_path(&name, &key)).into_owned(), key.clone()));
        if records.insert(key, Phases::always(value)).is_some() {
            return None;
        }
    }
    Some((name, records, files))
}
