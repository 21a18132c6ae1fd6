//! Reports of `publish`, `renew`, `rollback`, `status` and `log`.

use serde::{Deserialize, Serialize};

use super::{
    ChainStatusReport, DatabaseStatusReport, ErrorReport, NotPostedReport, SiteStatusReport,
};
use crate::publish::{SiteEntry, TargetOutcome};
use crate::published::Loss;

/// `publish`, `renew`, `rollback`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublishReport {
    /// The tree's CID.
    pub root: String,
    /// Whose record.
    pub ipns_name: String,
    /// Its sequence.
    pub sequence: u64,
    /// Until when, RFC 3339.
    pub validity: String,
    /// Whether a new record was made.
    pub new_record: bool,
    /// What was last seen published when it was made: the tree's CID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What of what is published it loses; nothing was sent where that is not allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Loss>,
    /// Files that it removes on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Each upload.
    pub uploads: Vec<UploadReport>,
    /// Each publisher.
    pub publications: Vec<TargetOutcome>,
    /// Each NameSys backend that was told of it: experimental.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<BackendReport>,
    /// What each gateway serves; asked once the publishers have the record.
    pub gateways: Vec<GatewayReport>,
    /// What is signed ahead, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<AheadReport>,
    /// With `--dry-run` or `--sign-only`: the files written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<String>,
}

/// How a NameSys backend was told of a publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendReport {
    /// Kind and address.
    pub to: String,
    /// Whether it says that it has all of it.
    pub ok: bool,
    /// Records that were posted; none where it had all of it.
    pub posted: u64,
    /// Whether it gives back what was posted: its own word, for it gives out no signatures; none
    /// where it does not say.
    pub read_back: Option<bool>,
    /// Values that it had and has no more, as it said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<String>,
    /// What it has and is not signed here: its own client would publish that again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<String>,
    /// What it was not given, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<NotPostedReport>,
    /// Why not all is as it should be, or it is not known.
    pub error: Option<String>,
}

/// A record that is signed ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AheadReport {
    /// From when on it is to be published, RFC 3339.
    pub at: String,
    /// The tree's CID.
    pub root: String,
    /// Its sequence.
    pub sequence: u64,
    /// Until when it is valid, RFC 3339.
    pub validity: String,
    /// Its file, in the workspace.
    pub file: String,
}

/// What a gateway serves under the IPNS name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GatewayReport {
    /// Its address.
    pub from: String,
    /// Whether it is the record; none when it serves no IPNS records, so that it cannot be told.
    pub ok: Option<bool>,
    /// The sequence of what it serves.
    pub sequence: Option<u64>,
    /// Why it is not, or cannot be told.
    pub error: Option<String>,
}

/// How one upload went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UploadReport {
    /// Kind and address.
    pub to: String,
    /// Whether it has the tree.
    pub ok: bool,
    /// Whether it took it now; otherwise it had it, or still has not.
    pub sent: bool,
    /// Why not.
    pub error: Option<String>,
}

/// `status`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StatusReport {
    /// Whose records; none where only web hosts have them.
    pub ipns_name: Option<String>,
    /// The highest sequence that the publishers and the workspace know.
    pub sequence: Option<u64>,
    /// Records whose file is not what `records.toml` wants, and files that it no longer wants.
    pub unsigned: u64,
    /// Whether what is signed here is not what is out; none where that is not known, or nothing is
    /// signed.
    pub unpublished: Option<bool>,
    /// Whether somebody else published since what was last seen here: it is pulled first.
    #[serde(default, skip_serializing_if = "is_false")]
    pub published_since: bool,
    /// Sequences that were signed ahead and cannot be published any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead_in_vain: Vec<u64>,
    /// When what is wanted changes next by itself, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_turn: Option<String>,
    /// What each publisher serves.
    pub publications: Vec<ServedReport>,
    /// Names that were rotated away, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<FormerStatusReport>,
    /// What each web host has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteStatusReport>,
    /// What each database has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<DatabaseStatusReport>,
    /// What the chain says of the first name, where a node is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<ChainStatusReport>,
    /// What it says of each, of a workspace with several names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<ChainStatusReport>,
    /// Where more than one thing is wrong, all of them, each with what to do next, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<ErrorReport>,
}

/// What is last under a name that was rotated away; the fields of a record are absent where there is
/// none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerStatusReport {
    /// The name.
    pub ipns_name: String,
    /// Its sequence.
    pub sequence: Option<u64>,
    /// `/ipfs/…`
    pub value: Option<String>,
    /// Until when, RFC 3339.
    pub validity: Option<String>,
    /// Whole days until it expires; negative once it has.
    pub days_left: Option<i64>,
    /// Whether the chain points to the name; none where that is not known.
    pub in_use: Option<bool>,
}

/// What one publisher serves; the fields of a record are absent where it has none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServedReport {
    /// Kind and address.
    pub from: String,
    /// Its sequence.
    pub sequence: Option<u64>,
    /// Until when, RFC 3339.
    pub validity: Option<String>,
    /// `/ipfs/…`
    pub value: Option<String>,
    /// Whole days until it expires; negative once it has.
    pub days_left: Option<i64>,
    /// Whole days since it was made, where it was made in this workspace.
    pub age_days: Option<i64>,
    /// Whether its value was published from this workspace, or taken over by it.
    pub ours: Option<bool>,
    /// Whether it is the newest record that is known.
    pub newest: bool,
    /// Why it is not known.
    pub error: Option<String>,
}

/// `log`: what was published from this workspace or seen by it, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogReport {
    /// Whose records; none where only web hosts have them.
    pub ipns_name: Option<String>,
    /// Each record.
    pub log: Vec<LogEntry>,
    /// Each publication to a web host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteEntry>,
}

/// A record that was made here or seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its sequence.
    pub sequence: u64,
    /// `/ipfs/…`
    pub value: String,
    /// Until when, RFC 3339.
    pub validity: String,
    /// When it was made, RFC 3339; none of one that others made.
    pub made: Option<String>,
    /// Whether it is the newest that is known to be published.
    pub current: bool,
    /// Whether it is the base: what was last seen published.
    pub base: bool,
    /// The publishers that have it, where they were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<String>>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}
