//! Why a record file was not fetched.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::net::{NetError, names};
use crate::recordhash::Recordhash;

/// What one gateway did instead of serving what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayNote {
    /// The gateway or publisher, as it was given.
    #[serde(rename = "from")]
    pub gateway: String,
    /// What happened there.
    pub reason: String,
}

impl fmt::Display for GatewayNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Most reasons begin with the full address already.
        match names(&self.gateway, &self.reason) {
            true => f.write_str(&self.reason),
            false => write!(f, "{}: {}", self.gateway, self.reason),
        }
    }
}

/// Why a file was not fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// There is no such file.
    #[error("{path} does not exist{}", how(gateway, *proven))]
    NotFound {
        /// The path under the recordhash.
        path: String,
        /// Who says so.
        gateway: String,
        /// Whether verified directory blocks show it, or it is the gateway's word.
        proven: bool,
    },
    /// No gateway has an IPNS record of the name.
    #[error(
        "no gateway knows a valid record of the IPNS name {name}: is it published, and has it not \
         expired?{}",
        list(notes)
    )]
    NotPublished {
        /// The IPNS name.
        name: String,
        /// What each gateway said.
        notes: Vec<GatewayNote>,
    },
    /// The IPNS records that gateways serve are expired or not the name's.
    #[error("no valid record of the IPNS name {name}:{}", list(notes))]
    BadIpnsRecord {
        /// The IPNS name.
        name: String,
        /// What is wrong with each gateway's.
        notes: Vec<GatewayNote>,
    },
    /// A gateway refuses (4xx), which ends the search.
    #[error("{0}")]
    Refused(NetError),
    /// Every gateway failed.
    #[error("{what} could not be fetched:{}", list(notes))]
    Failed {
        /// What was wanted.
        what: String,
        /// What each gateway did.
        notes: Vec<GatewayNote>,
    },
    /// Gateways serve blocks that are not those the recordhash leads to, and nobody serves the
    /// right ones.
    #[error(
        "{what} does not verify: what gateways serve is not what was published:{}",
        list(notes)
    )]
    Refuted {
        /// What was wanted.
        what: String,
        /// What each gateway did.
        notes: Vec<GatewayNote>,
    },
    /// There is more below the recordhash than is read: nothing is known about it.
    #[error("{what} could not be checked: {reason}")]
    OverBudget {
        /// What was wanted.
        what: String,
        /// Which bound it is.
        reason: String,
    },
    /// There is no gateway to ask.
    #[error("{0}")]
    NoGateway(String),
    /// The contract wants a lookup, and says nowhere.
    #[error("the resolver names no gateway to ask")]
    NoneNamed,
    /// Nothing can be fetched for such a recordhash.
    #[error("{recordhash} cannot be read here: {reason}")]
    Unsupported {
        /// The recordhash.
        recordhash: Box<Recordhash>,
        /// Why not.
        reason: String,
    },
}

fn how(gateway: &str, proven: bool) -> String {
    match proven {
        true => " (the directory's verified blocks do not list it)".to_owned(),
        false => format!(" ({gateway} says so)"),
    }
}

fn list(notes: &[GatewayNote]) -> String {
    notes.iter().map(|note| format!("\n  {note}")).collect()
}
