//! Why a record is refused, from `records.toml` or by `set`.

use super::phases::{PhaseError, TimeError};
use crate::ens::{Name, NameError};
use crate::record::{RecordKey, RecordKeyError, ValueError};

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
    /// The phases of a record do not go together.
    #[error("records.toml: {record}: {error}")]
    Phases {
        /// The name and the record type.
        record: String,
        /// Why.
        error: PhaseError,
    },
    /// A time of a phase is none.
    #[error("records.toml: {record}: phase {phase}: {entry}: {error}")]
    Time {
        /// The name and the record type.
        record: String,
        /// Which phase, counted from 1.
        phase: usize,
        /// `starts` or `ends`.
        entry: &'static str,
        /// Why.
        error: TimeError,
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
