//! `records.toml`: one table for each name, one line for each record. Edited in place.
//!
//! ```toml
//! ["nick.eth"]
//! "text/avatar" = "https://example.com/avatar.png"
//! "address/60" = "0xdA87a099a80fcE4778310474AaeB64b820c871a0"
//! "name" = { raw = "0x…" } # the ABI encoding of a value that has no text form
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use toml_edit::{DocumentMut, Item, Key, Table};

use super::records_error::{RecordsError, SameFile};
use super::records_forms::{spelling, written_form, written_value};
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

/// The wanted records.
#[derive(Clone, Debug)]
pub struct Records {
    document: LazyDocument,
    /// The workspace's names.
    roots: Vec<Name>,
    wanted: BTreeMap<Name, BTreeMap<RecordKey, Value>>,
    /// Which record owns each file of the tree, by its path [`folded`].
    files: HashMap<String, (Name, RecordKey)>,
    /// Names whose table got empty and is still there.
    emptied: BTreeSet<String>,
}

/// Told what is wrong and where; says whether to go on.
type OnFault<'a> = &'a mut dyn FnMut(Option<Range<usize>>, RecordsError) -> bool;

impl Records {
    /// Reads the text of `records.toml`; every name must be one of `roots` or lie under one.
    ///
    /// # Errors
    /// [`RecordsError`] names the record.
    pub fn parse(text: &str, roots: &[Name]) -> Result<Self, RecordsError> {
        Self::parse_plain(text, roots).map_or_else(|| Self::parse_whole(text, roots), Ok)
    }

    fn parse_plain(text: &str, roots: &[Name]) -> Option<Self> {
        let Plain { wanted, files } = records_plain::read(text, roots)?;
        let (document, roots) = (LazyDocument::of_text(text), roots.to_vec());
        Some(Self { document, roots, wanted, files, emptied: BTreeSet::new() })
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
            Err(error) => {
                on_fault(item.span().or_else(|| table.key(key).and_then(Key::span)), error)
            }
        })
    }

    fn read_record(&mut self, name: &Name, written: &str, item: &Item) -> Result<(), RecordsError> {
        let key = RecordKey::parse(written)
            .map_err(|error| RecordsError::Key { name: name.clone(), error })?;
        let value = written_value(name, &key, written, item)?;
        self.claim(name, &key).map_err(|error| RecordsError::InFile(Box::new(error)))?;
        let of_name = self.wanted.entry(name.clone()).or_default();
        match of_name.insert(key.clone(), value) {
            None => Ok(()),
            Some(_) => {
                let (name, written) = (name.clone(), written.to_owned());
                Err(RecordsError::Twice { name, key, written })
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

    /// Every wanted record, by name and type.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &RecordKey, &Value)> {
        self.wanted
            .iter()
            .flat_map(|(name, records)| records.iter().map(move |(key, value)| (name, key, value)))
    }

    /// The wanted value of a record.
    pub fn get(&self, name: &Name, key: &RecordKey) -> Option<&Value> {
        self.wanted.get(name)?.get(key)
    }

    /// Whose file it is, by its path in the workspace.
    pub fn owner_of(&self, path: &str) -> Option<&(Name, RecordKey)> {
        let owner = self.files.get(&*folded(path));
        owner.filter(|(name, key)| record_path(name, key) == path)
    }

    /// Sets a record; `true` when that changes anything.
    ///
    /// # Errors
    /// A name outside the workspace or without a place in a tree, a value that no record can hold,
    /// or a file that another record has.
    pub fn set(
        &mut self,
        name: &Name,
        key: &RecordKey,
        wanted: Value,
    ) -> Result<bool, RecordsError> {
        self.check_name(name)?;
        let before = self.get(name, key);
        if before == Some(&wanted) {
            return Ok(false);
        }
        let existed = before.is_some();
        wanted.check_length(key).map_err(|error| RecordsError::TooLong {
            name: name.clone(),
            error: Box::new(error),
        })?;
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

    /// Removes a record and gives back its value.
    pub fn unset(&mut self, name: &Name, key: &RecordKey) -> Option<Value> {
        let removed = self.unset_many(name, key);
        self.sweep();
        removed
    }

    /// As [`unset`](Self::unset), of one of many: the tables that get empty go with
    /// [`sweep`](Self::sweep), all at once.
    pub fn unset_many(&mut self, name: &Name, key: &RecordKey) -> Option<Value> {
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

impl Records {
    /// Forgets a name and those under it, with what is written about them; what stands on top of
    /// the file stays there. `true` when that changes anything.
    pub fn forget(&mut self, root: &Name) -> bool {
        let of_root = |name: &str| Name::parse(name).is_ok_and(|name| name.is_or_is_under(root));
        let wanted = self.wanted.keys().filter(|name| name.is_or_is_under(root));
        for name in wanted.cloned().collect::<Vec<_>>() {
            for key in self.wanted.remove(&name).into_iter().flatten().map(|(key, _)| key) {
                self.files.remove(&*folded(&record_path(&name, &key)));
            }
        }
        let first = self.document.iter().next().filter(|(name, _)| of_root(name));
        let first = first.map(|(_, item)| item.clone());
        let before = self.document.len();
        self.document.retain(|name, _| !of_root(name));
        let above = first.as_ref().and_then(Item::as_table).map(|table| table.decor());
        let above = above.and_then(|decor| decor.prefix()?.as_str());
        if let Some(above) = above.filter(|above| above.contains('#')) {
            self.put_on_top(above);
        }
        self.document.len() < before
    }

    /// Writes comments before the first table, or into a file without any.
    fn put_on_top(&mut self, comments: &str) {
        let first = self.document.iter_mut().find_map(|(_, item)| item.as_table_mut());
        match first {
            Some(table) => {
                let own = table.decor().prefix().and_then(|prefix| prefix.as_str());
                let own = own.unwrap_or_default().to_owned();
                table.decor_mut().set_prefix(format!("{comments}{own}"));
            }
            None => {
                let own = self.document.trailing().as_str().unwrap_or_default().to_owned();
                self.document.set_trailing(format!("{comments}{own}"));
            }
        }
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
