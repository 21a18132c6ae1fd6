//! Reports of the commands that take what is published into a workspace.

use serde::{Deserialize, Serialize};

use crate::pull::{Conflict, Item, Refused};

/// `pull`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PullReport {
    /// What was last seen published: the tree's CID.
    pub base: Option<String>,
    /// What is published: the tree's CID.
    pub root: String,
    /// Its sequence.
    pub sequence: u64,
    /// What was taken over.
    pub merged: Vec<Item>,
    /// What is no longer published, and went.
    pub removed: Vec<Item>,
    /// What was changed there and does not verify, or cannot be taken.
    pub refused: Vec<Refused>,
    /// What was changed there and here; nothing was written then.
    pub conflicts: Vec<Conflict>,
    /// With `--partial`: what nobody has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}
