//! `records.toml`: one table for each name, one line for each record. Edited in place.
//!
//! ```toml
//! ["nick.eth"]
//! "text/avatar" = "https://example.com/avatar.png"
//! "address/60" = "0xdA87a099a80fcE4778310474AaeB64b820c871a0"
//! "name" = { raw = "0x…" } # the ABI encoding of a value that has no text form
//! "text/url" = [
//!     { value = "https://old.example", ends = 2027-01-01T00:00:00Z },
//!     { value = "https://new.example", starts = 2027-01-01T00:00:00Z },
//! ]
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use toml_edit::{DocumentMut, Item, Key, Table};

use super::Phases;
use super::records_error::{RecordsError, SameFile};
use super::records_forms::{Misplaced, spelling, written_form, written_phases};
use super::records_plain::{self, Plain};
use crate::ens::Name;
use crate::file_names::folded;
use crate::record::{RecordKey, Value, record_path};
use crate::toml::LazyDocument;

pub(super) const TEMPLATE: &str = "\
# What should be true, one table for each name. `namesys set` writes here; `namesys sign` signs it.
#
# [\"nick.eth\"]
# \"text/avatar\" = \"https://example.com/avatar.png\"
# \"address/60\" = \"0x…\"
";

/// The wanted records, and the time at which they are looked at: of a record with phases, the one
/// that holds then is what is wanted.
#[derive(Clone, Debug)]
pub struct Records {
    pub(super) document: LazyDocument,
    /// The workspace's names.
    roots: Vec<Name>,
    pub(super) wanted: BTreeMap<Name, BTreeMap<RecordKey, Phases>>,
    /// Which record owns each file of the tree, by its path [`folded`].
    pub(super) files: HashMap<String, (Name, RecordKey)>,
    /// Names whose table got empty and is still there.
    emptied: BTreeSet<String>,
    /// Which phases hold.
    now: Timestamp,
}

/// Told what is wrong and where; says whether to go on.
type OnFault<'a> = &'a mut dyn FnMut(Option<Range<usize>>, RecordsError) -> bool;

impl Records {
    /// Reads the text of `records.toml`, looked at now; every name must be one of `roots` or lie
    /// under one.
    ///
    /// # Errors
    /// [`RecordsError`] names the record.
    pub fn parse(text: &str, roots: &[Name]) -> Result<Self, RecordsError> {
        Self::parse_plain(text, roots).map_or_else(|| Self::parse_whole(text, roots), Ok)
    }

    /// Whether it is what is read of `text`, and the same is wanted at `now`.
    pub(super) fn is_of(&self, text: &str, roots: &[Name], now: Timestamp) -> bool {
        let (first, last) = (self.now.min(now), self.now.max(now));
        let turns = |phases: &Phases| phases.turns().any(|turn| first < turn && turn <= last);
        self.roots == roots
            && self.document.is(text)
            && !self.all().any(|(_, _, phases)| turns(phases))
    }

    fn parse_plain(text: &str, roots: &[Name]) -> Option<Self> {
        let Plain { wanted, files } = records_plain::read(text, roots)?;
        let (document, roots) = (LazyDocument::of_text(text), roots.to_vec());
        let (emptied, now) = (BTreeSet::new(), Timestamp::now());
        Some(Self { document, roots, wanted, files, emptied, now })
    }

    /// As [`parse`](Self::parse), whatever TOML it is.
    fn parse_whole(text: &str, roots: &[Name]) -> Result<Self, RecordsError> {
        let document: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| RecordsError::Toml(error.to_string()))?;
        let mut failed = None;
        let mut records = Self::read(document.as_table(), roots, &mut |_, error| {
            failed = Some(error);
            false
        });
        match failed {
            Some(error) => Err(error),
            None => {
                records.document = document.into();
                Ok(records)
            }
        }
    }

    /// What is wanted by a table. `on_fault` is told what is wrong, with its place where the table
    /// has places, and says whether to go on: what is wrong is left out then.
    pub(super) fn read(table: &Table, roots: &[Name], on_fault: OnFault<'_>) -> Self {
        let mut records = Self {
            document: LazyDocument::default(),
            roots: roots.to_vec(),
            wanted: BTreeMap::new(),
            files: HashMap::new(),
            emptied: BTreeSet::new(),
            now: Timestamp::now(),
        };
        for (name, item) in table.iter() {
            let span = || table.key(name).and_then(Key::span).or_else(|| item.span());
            if !records.read_name(name, item, &span, on_fault) {
                break;
            }
        }
        records
    }

    fn read_name(
        &mut self,
        text: &str,
        item: &Item,
        span: &dyn Fn() -> Option<Range<usize>>,
        on_fault: OnFault<'_>,
    ) -> bool {
        let shape = |expected| RecordsError::Shape { at: text.to_owned(), expected };
        let Some(table) = item.as_table_like() else {
            return on_fault(span(), shape("a table of records, as in [\"nick.eth\"],"));
        };
        // An inline one is a value, or no record.
        if table.iter().any(|(_, item)| item.is_table()) {
            return on_fault(span(), shape("a name in quotes, as in [\"nick.eth\"],"));
        }
        let name = match Name::from_normalized(text) {
            Ok(name) => name,
            Err(error) => return on_fault(span(), error.into()),
        };
        if let Err(error) = self.check_name(&name) {
            return on_fault(span(), RecordsError::InFile(Box::new(error)));
        }
        table.iter().all(|(key, item)| match self.read_record(&name, key, item) {
            Ok(()) => true,
            Err((at, error)) => {
                let at = at.or_else(|| item.span());
                on_fault(at.or_else(|| table.key(key).and_then(Key::span)), error)
            }
        })
    }

    fn read_record(&mut self, name: &Name, written: &str, item: &Item) -> Result<(), Misplaced> {
        let key = RecordKey::parse(written)
            .map_err(|error| (None, RecordsError::Key { name: name.clone(), error }))?;
        let value = written_phases(name, &key, written, item)?;
        self.claim(name, &key).map_err(|error| (None, RecordsError::InFile(Box::new(error))))?;
        let of_name = self.wanted.entry(name.clone()).or_default();
        match of_name.insert(key.clone(), value) {
            None => Ok(()),
            Some(_) => {
                let (name, written) = (name.clone(), written.to_owned());
                Err((None, RecordsError::Twice { name, key, written }))
            }
        }
    }

    fn check_name(&self, name: &Name) -> Result<(), RecordsError> {
        if self.roots.iter().any(|root| name.is_or_is_under(root)) {
            return name.check_folder().map_err(RecordsError::NoFolder);
        }
        Err(RecordsError::OtherName { name: name.clone(), roots: self.roots.clone() })
    }

    /// Takes the record's file, unless another record has it.
    fn claim(&mut self, name: &Name, key: &RecordKey) -> Result<(), RecordsError> {
        let path = record_path(name, key);
        let folded = folded(&path);
        match self.files.get(&*folded) {
            Some((other_name, other_key)) if (other_name, other_key) != (name, key) => {
                let is_alike = record_path(other_name, other_key) != path;
                Err(RecordsError::SameFile(Box::new(SameFile {
                    name: name.clone(),
                    key: key.clone(),
                    other_name: other_name.clone(),
                    other_key: other_key.clone(),
                    is_alike,
                    path,
                })))
            }
            _ => {
                self.files.insert(folded.into_owned(), (name.clone(), key.clone()));
                Ok(())
            }
        }
    }

    /// The same, looked at at another time.
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// When they are looked at.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Every record that is wanted now, by name and type.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &RecordKey, &Value)> {
        self.all().filter_map(|(name, key, phases)| Some((name, key, phases.at(self.now)?)))
    }

    /// Every record with all its phases, by name and type.
    pub fn all(&self) -> impl Iterator<Item = (&Name, &RecordKey, &Phases)> {
        self.wanted
            .iter()
            .flat_map(|(name, records)| records.iter().map(move |(key, value)| (name, key, value)))
    }

    /// Whether no record is wanted, at any time.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// The value of a record that is wanted now.
    pub fn get(&self, name: &Name, key: &RecordKey) -> Option<&Value> {
        self.phases(name, key)?.at(self.now)
    }

    /// All that a record is to say.
    pub fn phases(&self, name: &Name, key: &RecordKey) -> Option<&Phases> {
        self.wanted.get(name)?.get(key)
    }

    /// Whose file it is, by its path in the workspace; also of a record that is not wanted now.
    pub fn owner_of(&self, path: &str) -> Option<&(Name, RecordKey)> {
        let owner = self.files.get(&*folded(path));
        owner.filter(|(name, key)| record_path(name, key) == path)
    }

    /// As [`owner_of`](Self::owner_of), where the record is wanted now.
    pub fn holder_of(&self, path: &str) -> Option<&(Name, RecordKey)> {
        self.owner_of(path).filter(|(name, key)| self.get(name, key).is_some())
    }

    /// Sets a record, for always; `true` when that changes anything.
    ///
    /// # Errors
    /// As [`set_phases`](Self::set_phases).
    pub fn set(
        &mut self,
        name: &Name,
        key: &RecordKey,
        wanted: Value,
    ) -> Result<bool, RecordsError> {
        self.set_phases(name, key, Phases::always(wanted))
    }

    /// Sets all that a record is to say; `true` when that changes anything.
    ///
    /// # Errors
    /// A name outside the workspace or without a place in a tree, a value that no record can hold,
    /// or a file that another record has.
    pub fn set_phases(
        &mut self,
        name: &Name,
        key: &RecordKey,
        wanted: Phases,
    ) -> Result<bool, RecordsError> {
        self.check_name(name)?;
        let before = self.phases(name, key);
        if before == Some(&wanted) {
            return Ok(false);
        }
        let existed = before.is_some();
        let too_long = |error| RecordsError::TooLong { name: name.clone(), error: Box::new(error) };
        wanted.values().try_for_each(|value| value.check_length(key)).map_err(too_long)?;
        let written = written_form(name, key, &wanted)?;
        self.claim(name, key)?;
        // `is_empty` counts every table, and this is asked for each line of an import.
        if self.document.iter().next().is_none() {
            self.comments_stay_on_top(name);
        }
        let table = self.document.entry(name.as_str()).or_insert(Item::Table(Table::new()));
        let table = table.as_table_like_mut().ok_or_else(|| RecordsError::Shape {
            at: name.to_string(),
            expected: "a table of records",
        })?;
        let spelled = if existed { spelling(table, key) } else { key.to_string() };
        match table.get_mut(&spelled).and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = written;
                *old.decor_mut() = decor;
            }
            None => {
                table.insert(&spelled, Item::Value(written));
            }
        }
        self.wanted.entry(name.clone()).or_default().insert(key.clone(), wanted);
        Ok(true)
    }

    /// In a file without a table, TOML's comments are at the end of the document: they are to
    /// stay before the first table.
    fn comments_stay_on_top(&mut self, first: &Name) {
        let comments = self.document.trailing().as_str().unwrap_or_default().to_owned();
        let mut table = Table::new();
        if !comments.is_empty() {
            table.decor_mut().set_prefix(format!("{comments}\n"));
        }
        self.document.set_trailing("");
        self.document.insert(first.as_str(), Item::Table(table));
    }

    /// Removes a record and gives back what it was to say.
    pub fn unset(&mut self, name: &Name, key: &RecordKey) -> Option<Phases> {
        let removed = self.unset_many(name, key);
        self.sweep();
        removed
    }

    /// As [`unset`](Self::unset), of one of many: the tables that get empty go with
    /// [`sweep`](Self::sweep), all at once.
    pub fn unset_many(&mut self, name: &Name, key: &RecordKey) -> Option<Phases> {
        let records = self.wanted.get_mut(name)?;
        let removed = records.remove(key)?;
        if records.is_empty() {
            self.wanted.remove(name);
        }
        self.files.remove(&*folded(&record_path(name, key)));
        if let Some(table) = self.document.get_mut(name.as_str()).and_then(Item::as_table_like_mut)
        {
            let written = spelling(table, key);
            table.remove(&written);
            if table.is_empty() {
                self.emptied.insert(name.as_str().to_owned());
            }
        }
        Some(removed)
    }

    /// Removes the tables that [`unset_many`](Self::unset_many) left empty.
    pub fn sweep(&mut self) {
        let emptied = std::mem::take(&mut self.emptied);
        if emptied.is_empty() {
            return;
        }
        self.document.retain(|name, item| {
            // A table with comments above it stays for their sake.
            let above = item.as_table().and_then(|table| table.decor().prefix()?.as_str());
            let is_bare = !above.unwrap_or_default().contains('#');
            let is_empty = item.as_table_like().is_some_and(toml_edit::TableLike::is_empty);
            !(is_bare && is_empty && emptied.contains(name))
        });
    }
}

impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

#[cfg(test)]
#[path = "records_plain_tests.rs"]
mod plain_tests;
#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
