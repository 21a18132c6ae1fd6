//! What a pull tells of what it did.

use serde::{Deserialize, Serialize};

use crate::published::RecordId;

/// A record, or another file, that was taken or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Whose record, where it is one.
    pub name: Option<String>,
    /// Which record, where it is one.
    pub record: Option<String>,
    /// The file in the tree.
    pub path: String,
    /// The value as text, where it is a record that is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What was changed there and is not taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Whose record, where it is one.
    pub name: Option<String>,
    /// Which record, where it is one.
    pub record: Option<String>,
    /// The file in the tree.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Whether the file is passed on as it is: nothing here is in its place.
    pub carried: bool,
}

/// Something that was changed there and here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Whose record, where it is one.
    pub name: Option<String>,
    /// Which record, where it is one.
    pub record: Option<String>,
    /// The file in the tree.
    pub path: String,
    /// What was last seen.
    pub base: Option<String>,
    /// What is wanted here.
    pub ours: Option<String>,
    /// What is published.
    pub theirs: Option<String>,
    /// Who signed them.
    pub signers: Signers,
}

/// Who signed the record in each place; checksummed addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signers {
    /// Of what was last seen.
    pub base: Option<String>,
    /// Of what is signed here with the value that is wanted.
    pub ours: Option<String>,
    /// Of what is published.
    pub theirs: Option<String>,
}

/// Name and record type as texts.
pub(super) fn texts(id: Option<&RecordId>) -> (Option<String>, Option<String>) {
    id.map(|(name, key)| (name.to_string(), key.to_string())).unzip()
}
