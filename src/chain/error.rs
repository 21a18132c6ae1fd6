//! Why the chain could not be asked, or does not say what it must.

use std::fmt;

use alloy_primitives::{Address, Bytes};

use super::revert::Revert;

/// A chain that cannot be asked, or whose nodes do not agree. Nodes are named by scheme, host and
/// port: the rest of their URLs may be a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No node is known.
    #[error("no Ethereum node is given")]
    NoRpc,
    /// More nodes must agree than there are.
    #[error("{quorum} nodes cannot agree: {given} given")]
    TooFewNodes {
        /// The agreement asked for.
        quorum: usize,
        /// The nodes given.
        given: usize,
    },
    /// No node answered.
    #[error("the chain could not be asked for {what}:{}", list(reasons))]
    Rpc {
        /// What was asked.
        what: String,
        /// What each node did.
        reasons: Vec<Reason>,
    },
    /// No node has the block that everything is read at: they are not in step, or it was on a
    /// fork that was given up.
    #[error(
        "the chain could not be asked for {what}: no node has the block that was the newest a \
         moment ago:{}",
        list(reasons)
    )]
    LostBlock {
        /// What was asked.
        what: String,
        /// What each node said.
        reasons: Vec<Reason>,
    },
    /// The node is of another chain.
    #[error("{node} is on chain {found}, not on chain {expected}")]
    OtherChain {
        /// The node.
        node: String,
        /// Its chain id.
        found: u64,
        /// The one that was expected.
        expected: u64,
    },
    /// Nodes say different things.
    #[error("the nodes do not agree on {what}:{}", list(answers))]
    Disagreement {
        /// About what.
        what: String,
        /// What each says.
        answers: Vec<Reason>,
    },
    /// There is no ENS where it should be.
    #[error("there is no ENS registry at {0} on this chain")]
    NoRegistry(Address),
    /// A contract does not answer as its interface says.
    #[error("{contract} does not answer {what}: {revert}")]
    Contract {
        /// The contract.
        contract: Address,
        /// What was called.
        what: &'static str,
        /// How it failed.
        revert: Revert,
    },
    /// A contract answers, but not with what its interface says.
    #[error("{contract} answers {what} with something else than it should: {answer}")]
    Malformed {
        /// The contract.
        contract: Address,
        /// What was called.
        what: &'static str,
        /// The answer, or its beginning.
        answer: Bytes,
    },
}

/// A node and what it said or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Scheme, host and port.
    pub node: String,
    /// In words.
    pub said: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.said.starts_with(&self.node) {
            true => f.write_str(&self.said),
            false => write!(f, "{}: {}", self.node, self.said),
        }
    }
}

impl ChainError {
    /// The error of a question that several nodes were asked one by one, and none answered.
    pub(super) fn of_each(what: &str, errors: impl IntoIterator<Item = Self>) -> Self {
        let reasons = errors.into_iter().flat_map(|error| match error {
            Self::Rpc { reasons, .. } | Self::LostBlock { reasons, .. } => reasons,
            other => vec![Reason { node: String::new(), said: other.to_string() }],
        });
        Self::Rpc { what: what.to_owned(), reasons: reasons.collect() }
    }

    /// In words, for a list where the node is named already.
    pub(super) fn of_one_node(&self) -> String {
        match self {
            Self::Rpc { reasons, .. } | Self::LostBlock { reasons, .. } if reasons.len() == 1 => {
                reasons[0].said.clone()
            }
            _ => self.to_string(),
        }
    }
}

fn list(reasons: &[Reason]) -> String {
    reasons.iter().map(|reason| format!("\n  {reason}")).collect()
}
