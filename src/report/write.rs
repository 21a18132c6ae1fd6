//! The report of `write`.

use serde::{Deserialize, Serialize};

use super::TransactionReport;
use crate::request::Step;

/// `write`, and `write --explain`: what the resolver says, and what came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WriteReport {
    /// The name that is written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of the Solidity error by which the resolver has it written elsewhere.
    pub handler: Option<String>,
    /// Its first four bytes.
    pub selector: Option<String>,
    /// The error as Solidity declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Whose texts, keys and bodies apply, or which text the error is from.
    pub profile: Option<String>,
    /// How often the error was wrapped in another.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wrapped: usize,
    /// Where the records go.
    pub target: Option<WriteTargetReport>,
    /// What is done: who signs, and what is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
    /// An ordinary revert, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revert: Option<String>,
    /// What is checked before anything is signed.
    pub checks: Vec<String>,
    /// What no chain can verify.
    #[serde(default)]
    pub unverifiable: Vec<String>,
    /// What is signed, whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageReport>,
    /// What came of each record.
    pub records: Vec<WrittenReport>,
    /// Whether a gateway or a chain took them.
    pub posted: bool,
    /// Whether they are what is read afterwards; `null` where nothing was read.
    pub read_back: Option<bool>,
    /// Transactions that set them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<TransactionReport>,
    /// The file for a multisig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe: Option<String>,
    /// Why nothing could be said of the name, of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// `write` of several names, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteNamesReport {
    /// Each name.
    pub names: Vec<WriteReport>,
}

/// One record that was to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenReport {
    /// The record type.
    pub record: String,
    /// What came of sending it.
    #[serde(default)]
    pub state: WriteState,
    /// Whether it is what is read afterwards; `null` where it was not read.
    pub ok: Option<bool>,
    /// What the gateway, or whoever read it, says.
    pub error: Option<String>,
}

/// What came of sending one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteState {
    /// It was not sent.
    #[default]
    NotSent,
    /// Whoever it was sent to says that it was taken, or the transaction was mined.
    Taken,
    /// Whoever it was sent to refused it, or the transaction failed.
    Refused,
    /// It was sent, and no answer says what came of it.
    Unknown,
}

/// One thing that is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MessageReport {
    /// A text (EIP-191).
    Text(TextReport),
    /// As EIP-712 has it: `types`, `domain`, `primaryType` and `message`.
    Typed(serde_json::Value),
}

/// A text that is signed under EIP-191.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextReport {
    /// Which of the texts it is.
    pub step: Step,
    /// Whose key signs it.
    pub by: TextSigner,
    /// The record, where it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// All of it. What is not known before something else is signed stands in `<…>`.
    pub text: String,
}

/// Whose key signs a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextSigner {
    /// The wallet.
    Wallet,
    /// The records signer, whose key is derived here.
    Signer,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Where records are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WriteTargetReport {
    /// A gateway.
    Url {
        /// Its address.
        url: String,
    },
    /// A contract.
    Contract {
        /// Checksummed.
        contract: String,
        /// The chain it is on; `null` where the error does not name it, and nobody was asked.
        chain_id: Option<u64>,
    },
}
