//! Reports of `setup`, `doctor`, and of the chain's side of `status`.

use serde::{Deserialize, Serialize};

/// `setup`: what stood on chain, and what was or would be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetupReport {
    /// The name.
    pub name: String,
    /// The chain's id.
    pub chain_id: u64,
    /// Who sends.
    pub sender: String,
    /// What stood before.
    pub standing: StandingReport,
    /// In the order they are sent.
    pub transactions: Vec<TransactionReport>,
    /// The most that all of them may come to, in wei: what is sent along, and the gas where it is
    /// known.
    pub max_cost: String,
    /// What those that were mined came to, in wei, gas and what was sent along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Records that its resolver has now, and that are no longer read with another.
    #[serde(default)]
    pub replaces: Vec<ReplacedReport>,
    /// The file for a multisig.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safe: Option<String>,
}

/// `setup` of several names, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetupNamesReport {
    /// Each name.
    pub names: Vec<SetupReport>,
    /// The transactions of all of them; what serves all names stands once.
    pub transactions: Vec<TransactionReport>,
    /// Records that are no longer read afterwards.
    #[serde(default)]
    pub replaces: Vec<ReplacedReport>,
    /// Names after one that failed: nothing was done for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_begun: Vec<String>,
    /// The most that all of them may come to, in wei.
    pub max_cost: String,
    /// What those that were mined came to, in wei.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
}

/// A record that is no longer read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedReport {
    /// Whose.
    pub name: String,
    /// The record type.
    pub record: String,
    /// What it says now.
    pub value: String,
}

/// What the chain says of a name before a setup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StandingReport {
    /// The name, or its closest ancestor that is registered.
    pub level: String,
    /// The owner of that.
    pub owner: String,
    /// Whether that is its owner in the NameWrapper.
    pub wrapped: bool,
    /// Its resolver.
    pub resolver: Option<String>,
    /// The recordhash that applies in the records resolver, as `resolve` shows it.
    pub recordhash: Option<String>,
    /// What that is set for: a name, or an owner's address.
    pub recordhash_of: Option<String>,
    /// The owner's ownerhash.
    pub ownerhash: Option<String>,
    /// Whether the signer asked about is approved on chain.
    pub signer_approved: Option<bool>,
}

/// One transaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TransactionReport {
    /// Checksummed address of the contract.
    pub to: String,
    /// The call.
    pub data: String,
    /// Wei, in decimal.
    pub value: String,
    /// The transaction, once it was sent.
    pub hash: Option<String>,
    /// What came of it.
    pub state: TransactionState,
    /// In words.
    pub description: String,
    /// The gas limit, where it was estimated.
    pub gas: Option<u64>,
    /// The most it may cost with gas, in wei, in decimal.
    pub max_cost: Option<String>,
    /// What it came to, once it was mined, in wei, in decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
}

/// What came of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionState {
    /// It was not sent.
    #[default]
    NotSent,
    /// It was sent, and not seen mined.
    Sent,
    /// It was mined, and what it was to bring about was read back.
    Mined,
    /// It was mined, and reverted or brought about something else.
    Failed,
}

/// `status`: the chain's side.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ChainStatusReport {
    /// The name, where the workspace has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The owner that the resolver goes by.
    pub owner: Option<String>,
    /// The name's resolver.
    pub resolver: Option<String>,
    /// The recordhash that applies.
    pub recordhash: Option<String>,
    /// What that is set for: a name, or an owner's address.
    pub recordhash_of: Option<String>,
    /// Whether the recordhash is the workspace's IPNS name, or the address of one of its sites.
    pub matches: bool,
    /// Why it does not match, or could not be asked.
    pub error: Option<String>,
}

/// `doctor`: every probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DoctorReport {
    /// In the order they were made.
    pub checks: Vec<CheckReport>,
}

/// One probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckReport {
    /// What was probed.
    pub what: String,
    /// Whether it is as it should be, or was not probed.
    pub ok: bool,
    /// Whether it was not probed, for nothing was given to probe.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
    /// What was found.
    pub detail: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
