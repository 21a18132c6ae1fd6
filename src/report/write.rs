//! The report of `write`.

use serde::{Deserialize, Serialize};

/// `write`, and `write --explain`: what the resolver says, and what came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WriteReport {
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
        /// The chain it is on.
        chain_id: u64,
    },
}
