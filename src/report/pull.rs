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

/// `clone`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CloneReport {
    /// The folder.
    pub dir: String,
    /// The workspace's names.
    pub names: Vec<String>,
    /// `domain` or `wallet`.
    pub storage: String,
    /// What is published: the tree's CID.
    pub root: String,
    /// The sequence of the IPNS record that names it; none where none does.
    pub sequence: Option<u64>,
    /// What this workspace would publish, where that is another tree: it was packed with other
    /// settings, or not all of it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<String>,
    /// Every record file.
    pub records: Vec<ClonedReport>,
    /// How many other files there are, here and in `root/`.
    pub files: u64,
    /// Files that were not written, and why not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutReport>,
}

/// A record file that was cloned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClonedReport {
    /// Whose record; none where the path names none.
    pub name: Option<String>,
    /// The record type.
    pub record: Option<String>,
    /// The file in the tree.
    pub path: String,
    /// The value as text, where it verifies.
    pub value: Option<String>,
    /// Whether it verifies, and is wanted where the name is the workspace's.
    pub ok: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// A file that was not written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeftOutReport {
    /// The file in the tree.
    pub path: String,
    /// Why.
    pub reason: String,
}
