//! The keys of a day's work, remembered by a process of their user for a while: [keys at
//! rest](crate::spec::keys).
//!
//! A unix socket, `namesys/agent.sock` in the user's own runtime folder, takes one request a
//! connection, a line of at most [`MAX_LINE`] bytes, and gives a line:
//!
//! | request | answer |
//! | --- | --- |
//! | `get ipns <k51…>` | `key <64 digits: the seed>`, or `none` |
//! | `get signer <0x…>` | `key <64 digits: the scalar>`, or `none` |
//! | `put ipns <k51…> <seconds> <64 digits>` | `kept`, `kept unlocked`, or `full` |
//! | `put signer <0x…> <seconds> <64 digits>` | the same |
//! | `lock` | `wiped <how many>`; the process ends |
//!
//! Either side refuses a peer that another user runs. What is given back is believed only as the key
//! that was asked for: its public half is compared.

mod client;
mod place;
mod server;
mod vault;

use std::fmt;
use std::io;
use std::path::PathBuf;

use alloy_primitives::Address;

pub use client::{Client, Kept};
pub use place::Place;
pub use server::{Agent, is_request};

use crate::multiformats::IpnsName;

/// Longest request and answer, bytes, its line end included.
pub const MAX_LINE: usize = 256;

/// The public half by which a key is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Public {
    /// An IPNS key.
    Ipns(IpnsName),
    /// A records signer.
    Signer(Address),
}

impl fmt::Display for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipns(name) => write!(f, "ipns {name}"),
            Self::Signer(address) => write!(f, "signer {address}"),
        }
    }
}

impl Public {
    fn parse(kind: &str, public: &str) -> Option<Self> {
        match kind {
            "ipns" => public.parse().ok().map(Self::Ipns),
            "signer" => public.parse().ok().map(Self::Signer),
            _ => None,
        }
    }
}

/// Why nothing is remembered.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Its folder is no place for secrets.
    #[error("{} is no place for the agent's socket: {why}", .path.display())]
    Place {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The socket or its folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// One serves already.
    #[error("an agent runs already")]
    Running,
    /// Another user's process answers there.
    #[error("the agent's socket {} is served by another user (uid {uid})", .path.display())]
    Foreign {
        /// The socket.
        path: PathBuf,
        /// Who serves it.
        uid: u32,
    },
    /// No answer of the protocol, or another key than the one that was asked for.
    #[error("the agent gave an answer that is none")]
    Answer,
    /// It keeps as many keys as it can.
    #[error("the agent keeps as many keys as it can; namesys lock wipes them")]
    Full,
}
