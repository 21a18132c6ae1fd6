//! Reports of `publish --to database`, and its part of `status`.

use serde::{Deserialize, Serialize};

use crate::published::Loss;

/// `publish --to database`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DatabasePublishReport {
    /// What others wrote there and would go, or with `--replace` went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Loss>,
    /// Files that are not posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<NotPostedReport>,
    /// Each database; none where nothing was posted.
    pub databases: Vec<DatabaseReport>,
}

/// A file that is not posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotPostedReport {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// How one database did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DatabaseReport {
    /// Its address.
    pub to: String,
    /// Whether it has all that is signed here and has a place there.
    pub ok: bool,
    /// Records that were posted and read back.
    pub posted: u64,
    /// Records that it had.
    pub unchanged: u64,
    /// Records that were brought there before and are not signed here any more: it has them still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<String>,
    /// Why not.
    pub error: Option<String>,
}

/// `status`: one database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DatabaseStatusReport {
    /// Its address.
    pub from: String,
    /// Records that were asked for: a few, from all over the tree.
    pub asked: u64,
    /// How many of them it has as they are signed here.
    pub current: u64,
    /// Why it is not known.
    pub error: Option<String>,
}
