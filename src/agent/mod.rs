//! The keys of a day's work, remembered by a process of their user for a while: [keys at
//! rest](crate::spec::keys).
//!
//! A unix socket, `namesys/agent.sock` in the user's own runtime folder, takes one request a
//! connection, a line of at most [`MAX_LINE`] bytes, and gives a line. `<w>` is the workspace that a
//! key is for, 32 digits ([`workspace_id`]): another one that names the same key does not get it.
//!
//! | request | answer |
//! | --- | --- |
//! | `get ipns <k51…> <w>` | `key <64 digits: the seed>`, or `none` |
//! | `get signer <0x…> <w>` | `key <64 digits: the scalar>`, or `none` |
//! | `put ipns <k51…> <w> <seconds, at most [`LONGEST`]> <64 digits>` | `kept`, `kept unlocked`, or `full` |
//! | `put signer <0x…> <w> <seconds> <64 digits>` | the same |
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
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::{Address, hex};

use sha2::{Digest, Sha256};

pub use client::{Client, Kept};
pub use place::Place;
pub use server::{Agent, is_request};

use crate::multiformats::IpnsName;

/// Longest request and answer, bytes, its line end included.
pub const MAX_LINE: usize = 256;

/// How long a key is remembered at most.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The first half of the SHA-256 of a workspace's folder: which one it is, and not where.
pub type WorkspaceId = [u8; 16];

/// The id of the workspace in `folder`, a path without links.
pub fn workspace_id(folder: &Path) -> WorkspaceId {
    use std::os::unix::ffi::OsStrExt;
    let hash = Sha256::digest(folder.as_os_str().as_bytes());
    std::array::from_fn(|index| hash[index])
}

/// The public half by which a key is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Public {
    /// An IPNS key.
    Ipns(IpnsName),
    /// A records signer.
    Signer(Address),
}

/// A key, and the workspace it is remembered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Label {
    public: Public,
    workspace: WorkspaceId,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.public {
            Public::Ipns(name) => write!(f, "ipns {name}")?,
            Public::Signer(address) => write!(f, "signer {address}")?,
        }
        write!(f, " {}", hex::encode(self.workspace))
    }
}

impl Label {
    fn parse(kind: &str, public: &str, workspace: &str) -> Option<Self> {
        let public = match kind {
            "ipns" => Public::Ipns(public.parse().ok()?),
            "signer" => Public::Signer(public.parse().ok()?),
            _ => return None,
        };
        let mut id = WorkspaceId::default();
        hex::decode_to_slice(workspace, &mut id).ok()?;
        Some(Self { public, workspace: id })
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
