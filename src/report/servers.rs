//! Reports of the commands that go on running: their first lines.

use serde::{Deserialize, Serialize};

/// `serve`: its first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServeReport {
    /// The address that goes before `/.well-known/…`.
    pub url: String,
}

/// `serve export`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackupReport {
    /// How many were written.
    pub records: usize,
}

/// `serve import`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RestoreReport {
    /// How many were taken.
    pub taken: usize,
    /// How many are not newer than what is there.
    pub older: usize,
    /// Those that do not verify.
    pub refused: Vec<RefusedRecord>,
}

/// A record of a backup that does not verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefusedRecord {
    /// The line, from 1.
    pub line: usize,
    /// Whose.
    pub name: String,
    /// Which.
    pub record: String,
    /// Why.
    pub reason: String,
}

/// `devnet`: its first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DevnetReport {
    /// Of the services.
    #[serde(flatten)]
    pub services: DevnetUrls,
    /// Of the chain's node, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpc: Option<String>,
}

/// The addresses of the devnet's four services, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevnetUrls {
    /// The w3name API: `{w3name}/name/<key>`.
    pub w3name: String,
    /// Kubo's RPC: `{kubo}/api/v0/…`.
    pub kubo: String,
    /// The gateway: `{gateway}/ipfs/<cid>`.
    pub gateway: String,
    /// Delegated routing: `{routing}/routing/v1/ipns/<name>`.
    pub routing: String,
}
