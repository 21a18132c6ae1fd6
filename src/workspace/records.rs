//! `records.toml`: one table for each name, one line for each record. Edited in place.
//!
//! ```toml
//! ["nick.eth"]
//! "text/avatar" = "https://example.com/avatar.png"
//! "address/60" = "0xdA87a099a80fcE4778310474AaeB64b820c871a0"
//! "name" = { raw = "0x…" } # the ABI encoding of a value that has no text form
//! ```

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use alloy_primitives::hex;
use toml_edit::{DocumentMut, InlineTable, Item, Table};

use crate::ens::{Name, NameError};
use crate::file_names::folded;
use crate::record::{RecordKey, RecordKeyError, Value, ValueError, record_path};

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
    document: DocumentMut,
    /// The workspace's names.
    roots: Vec<Name>,
    wanted: BTreeMap<Name, BTreeMap<RecordKey, Value>>,
    /// Which record owns each file of the tree, by its path [`folded`].
    files: HashMap<String, (Name, RecordKey)>,
}

/// Why a record is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// Not TOML; the parser says where.
    #[error("records.toml: {0}")]
    Toml(String),
    /// A table's name is not a name.
    #[error("records.toml: {0}")]
    Name(#[from] NameError),
    /// The name does not lie in this workspace.
    #[error("{}", not_of(name, roots))]
    OtherName {
        /// The name given.
        name: Name,
        /// The workspace's names.
        roots: Vec<Name>,
    },
    /// The name's records have no place in a tree.
    #[error(transparent)]
    NoFolder(NameError),
    /// No signed record can, or should, hold the value.
    #[error("{name}: {error}")]
    TooLong {
        /// The name whose record it is.
        name: Name,
        /// Why.
        error: Box<ValueError>,
    },
    /// What a person wrote into the file does not go together.
    #[error("records.toml: {0}")]
    InFile(Box<RecordsError>),
    /// A record stands twice, spelled differently.
    #[error("records.toml: {name}: {key} stands twice; the second is written {written:?}")]
    Twice {
        /// The name whose record it is.
        name: Name,
        /// The record type.
        key: RecordKey,
        /// How the second is spelled.
        written: String,
    },
    /// An entry is not a table of texts.
    #[error("records.toml: {at}: {expected} is expected")]
    Shape {
        /// Where.
        at: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A record type is wrong.
    #[error("records.toml: {name}: {error}")]
    Key {
        /// The name whose record it is.
        name: Name,
        /// Why.
        error: RecordKeyError,
    },
    /// A value does not parse.
    #[error("records.toml: {record}: {error}")]
    Value {
        /// The name and the record type.
        record: String,
        /// Why.
        error: Box<ValueError>,
    },
    /// Two records would be one file.
    #[error(transparent)]
    SameFile(Box<SameFile>),
}

/// Two records that would be one file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name}'s {key} and {other_name}'s {other_key} would be one file, {path}{}: only one of them can \
     exist",
    if *is_alike { ", on macOS and Windows" } else { "" }
)]
pub struct SameFile {
    /// The record refused.
    pub name: Name,
    /// Its type.
    pub key: RecordKey,
    /// The record that is there.
    pub other_name: Name,
    /// Its type.
    pub other_key: RecordKey,
    /// Whether their paths differ in case or Unicode form, which not every system tells apart.
    pub is_alike: bool,
    /// The file.
    pub path: String,
}

/// That `name` is none of `roots`, and lies under none.
pub fn not_of(name: &Name, roots: &[Name]) -> String {
    match roots {
        [root] => format!("{name} is neither {root} nor a name under it"),
        roots => {
            let roots: Vec<&str> = roots.iter().map(Name::as_str).collect();
            format!("{name} is none of {}, and no name under one of them", roots.join(", "))
        }
    }
}

impl Records {
    /// Reads the text of `records.toml`; every name must be one of `roots` or lie under one.
    ///
    /// # Errors
    /// [`RecordsError`] names the record.
    pub fn parse(text: &str, roots: &[Name]) -> Result<Self, RecordsError> {
        let document: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| RecordsError::Toml(error.to_string()))?;
        let mut records = Self {
            document: DocumentMut::new(),
            roots: roots.to_vec(),
            wanted: BTreeMap::new(),
            files: HashMap::new(),
        };
        for (name_text, item) in document.iter() {
            let table = item.as_table_like().ok_or_else(|| RecordsError::Shape {
                at: name_text.to_owned(),
                expected: "a table of records, as in [\"nick.eth\"],",
            })?;
            // An inline one is a value, or no record.
            if table.iter().any(|(_, item)| item.is_table()) {
                return Err(RecordsError::Shape {
                    at: name_text.to_owned(),
                    expected: "a name in quotes, as in [\"nick.eth\"],",
                });
            }
            let in_file = |error| RecordsError::InFile(Box::new(error));
            let name = Name::from_normalized(name_text)?;
            records.check_name(&name).map_err(in_file)?;
            for (key_text, item) in table.iter() {
                let key = RecordKey::parse(key_text)
                    .map_err(|error| RecordsError::Key { name: name.clone(), error })?;
                let value = written_value(&name, &key, key_text, item)?;
                records.claim(&name, &key).map_err(in_file)?;
                let of_name = records.wanted.entry(name.clone()).or_default();
                if of_name.insert(key.clone(), value).is_some() {
                    return Err(RecordsError::Twice { name, key, written: key_text.to_owned() });
                }
            }
        }
        records.document = document;
        Ok(records)
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
            let empty = table.is_empty();
            // A table with comments above it stays for their sake.
            let bare =
                self.document.get(name.as_str()).and_then(Item::as_table).is_none_or(|table| {
                    let above = table.decor().prefix().and_then(|prefix| prefix.as_str());
                    !above.unwrap_or_default().contains('#')
                });
            if empty && bare {
                self.document.remove(name.as_str());
            }
        }
        Some(removed)
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

/// The entry of a value that has no text form, in an inline table: its ABI encoding.
const RAW: &str = "raw";

/// Reads a value: its text, or `{ raw = "0x…" }`.
fn written_value(
    name: &Name,
    key: &RecordKey,
    key_text: &str,
    item: &Item,
) -> Result<Value, RecordsError> {
    let failed = |error: ValueError| RecordsError::Value {
        record: format!("{name}: {key}"),
        error: Box::new(error),
    };
    if let Some(text) = item.as_str() {
        return Value::parse_written(key, key_text, text).map_err(failed);
    }
    let expected = match item.is_inline_table() {
        true => "a text in quotes, or { raw = \"0x…\" } with the ABI encoding of the value,",
        false => "a text in quotes",
    };
    let shape = || RecordsError::Shape { at: format!("{name}: {key_text}"), expected };
    let table = item.as_inline_table().filter(|table| table.len() == 1).ok_or_else(shape)?;
    let digits = table.get(RAW).and_then(|raw| raw.as_str()?.strip_prefix("0x"));
    let abi = digits.and_then(|digits| hex::decode(digits).ok()).ok_or_else(shape)?;
    Value::abi_decode(key, &abi).map_err(failed)
}

/// The text of a value, where that is read as the same value again; else its ABI encoding.
fn written_form(
    name: &Name,
    key: &RecordKey,
    wanted: &Value,
) -> Result<toml_edit::Value, RecordsError> {
    let text = wanted.to_string();
    match Value::parse(key, &text) {
        Ok(read) if read == *wanted => Ok(text.into()),
        Err(error @ ValueError::Secret { .. }) => {
            Err(RecordsError::TooLong { name: name.clone(), error: Box::new(error) })
        }
        _ => {
            let abi = hex::encode_prefixed(wanted.abi_encode());
            Ok(InlineTable::from_iter([(RAW, abi)]).into())
        }
    }
}

/// How the file spells the record type: `address/eth` and `address/60` are the same record.
fn spelling(table: &dyn toml_edit::TableLike, key: &RecordKey) -> String {
    let canonical = key.to_string();
    if table.contains_key(&canonical) {
        return canonical;
    }
    let same = |text: &&str| RecordKey::parse(text).is_ok_and(|other| other == *key);
    table.iter().map(|(text, _)| text).find(same).map_or(canonical, str::to_owned)
}

impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
