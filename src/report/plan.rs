//! Reports of `plan` and `apply`.

use serde::{Deserialize, Serialize};

use super::{
    DatabasePublishReport, NotPostedReport, PublishReport, RecordChangeReport, SetupNamesReport,
    SignReport,
};
use crate::published::Loss;

/// `plan`: what `apply` would do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PlanReport {
    /// The workspace's names.
    pub names: Vec<String>,
    /// Whose record it is; none before it is derived.
    pub ipns_name: Option<String>,
    /// Every record that is not published as it will be, or not signed as it is wanted.
    pub changes: Vec<RecordChangeReport>,
    /// Other files that are not published as they will be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileChangeReport>,
    /// How many records are to be signed.
    pub unsigned: u64,
    /// How many signed files go.
    pub unwanted: u64,
    /// Names that the wallet has to approve the signer for.
    pub unapproved: Vec<String>,
    /// What of what is published would be lost, so that `publish` refuses it.
    pub lost: Vec<Loss>,
    /// Files of what is published that go on purpose.
    pub removed: Vec<String>,
    /// The tree's CID; none where something is left to be signed.
    pub root: Option<String>,
    /// What is published now, one for each value of the highest sequence.
    pub published: Vec<PublishedReport>,
    /// The sequence of the record that all should have; none where it is not known.
    pub sequence: Option<u64>,
    /// Whether a new record is made.
    pub new_record: bool,
    /// Until when the record that all should have is valid, RFC 3339.
    pub validity: Option<String>,
    /// What is to be uploaded.
    pub uploads: Vec<PlannedUploadReport>,
    /// Who is to get the record.
    pub publications: Vec<PlannedPublicationReport>,
    /// The NameSys backends that are told once the record is out, by kind and address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<String>,
    /// What each database would be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<PlannedDatabaseReport>,
    /// Files that no database is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<NotPostedReport>,
    /// With `--chain`: what is to be sent.
    pub transactions: Vec<PlannedTransactionReport>,
    /// With `--chain`: the most that all of them may come to, in wei.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<String>,
    /// When records with phases begin or cease to hold, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<TurnReport>,
    /// Whether there is anything to do.
    pub to_do: bool,
    /// With `--out`: the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
}

/// A moment at which records change by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnReport {
    /// When, RFC 3339.
    pub at: String,
    /// What changes then, from what holds before.
    pub changes: Vec<RecordChangeReport>,
}

/// A file that changes and is no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChangeReport {
    /// Where it is, from the root.
    pub path: String,
    /// What is published, in words.
    pub old: Option<String>,
    /// What would be.
    pub new: Option<String>,
}

/// What is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedReport {
    /// Who has it; none where only the workspace knows it.
    pub from: Option<String>,
    /// Its sequence.
    pub sequence: u64,
    /// `/ipfs/…`
    pub value: String,
    /// Until when, RFC 3339.
    pub validity: String,
}

/// What one upload gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedUploadReport {
    /// Kind and address.
    pub to: String,
    /// Whether it is seen to have the tree.
    pub has: bool,
    /// Distinct blocks that it is sent.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What one publisher gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPublicationReport {
    /// Kind and address.
    pub to: String,
    /// Whether it has the record.
    pub has: bool,
}

/// What one database would be given, as by `publish --to database`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDatabaseReport {
    /// Its address.
    pub to: String,
    /// Records that it has otherwise, or not; `old` and `new` are equal where it has the value under
    /// another signature.
    pub changes: Vec<RecordChangeReport>,
    /// How many it has as they are signed here.
    pub unchanged: u64,
    /// What others wrote there and would go, so that it is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Loss>,
    /// Records that were brought there before and are not wanted here any more: it has them still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<String>,
    /// Why it is not known what it has.
    pub error: Option<String>,
}

/// A transaction that is to be sent. Its calldata is `setup --calldata`'s, which asks for proof of
/// the keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTransactionReport {
    /// Whose setup it is of.
    pub name: String,
    /// Checksummed address of the contract.
    pub to: String,
    /// Wei, in decimal.
    pub value: String,
    /// In words.
    pub description: String,
    /// The gas limit, where it was estimated.
    pub gas: Option<u64>,
    /// The most it may cost with gas, in wei, in decimal.
    pub max_cost: Option<String>,
}

/// `apply`: what was planned, and what was done of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApplyReport {
    /// What was planned.
    pub plan: PlanReport,
    /// What was signed; absent where nothing was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<SignReport>,
    /// What was published; absent where nothing was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<PublishReport>,
    /// What databases were given; absent where they were not to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabasePublishReport>,
    /// With `--chain`: what was set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupNamesReport>,
}
