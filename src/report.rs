//! What each command reports: the JSON contract of the command line, as types.

mod database;
mod demo;
mod error;
mod invoice;
mod plan;
mod publish;
mod pull;
mod records;
mod resolve;
mod rotate;
mod servers;
mod setup;
mod site;
mod stealth;
mod workspace;
mod write;

use alloy_primitives::hex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::keys::IpnsName;
use crate::publish::TargetOutcome;
use crate::secret::SecretString;

pub use database::*;
pub use demo::*;
pub use error::*;
pub use invoice::*;
pub use plan::*;
pub use publish::*;
pub use pull::*;
pub use records::*;
pub use resolve::*;
pub use rotate::RotateReport;
pub use servers::*;
pub use setup::*;
pub use site::*;
pub use stealth::*;
pub use workspace::*;
pub use write::*;

/// `completions`: the script.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompletionsReport {
    /// The shell.
    pub shell: String,
    /// Its completion script.
    pub script: String,
}

/// `man`: the pages written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManReport {
    /// Their paths.
    pub written: Vec<String>,
}

/// `key inspect`: the public half of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// Of an IPNS key (ed25519).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipns: Option<IpnsKeyReport>,
    /// Of a records signer (secp256k1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignerReport>,
}

/// The public half of an IPNS key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsKeyReport {
    /// Base36 CIDv1, `k51…`.
    pub name: String,
    /// `0xe501…`, ENSIP-7.
    pub contenthash: String,
    /// `0x` and 64 digits.
    pub public_key: String,
}

impl From<&IpnsName> for IpnsKeyReport {
    fn from(name: &IpnsName) -> Self {
        Self {
            name: name.to_string(),
            contenthash: hex::encode_prefixed(name.contenthash()),
            public_key: hex::encode_prefixed(name.public_key()),
        }
    }
}

/// The public half of a records signer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerReport {
    /// Checksummed address.
    pub address: String,
}

/// `lock`: what was remembered, and is no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockReport {
    /// Keys that were wiped.
    pub wiped: u64,
}

/// The public half of a nostr key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NostrKeyReport {
    /// 64 hexadecimal digits.
    pub public_key: String,
    /// `npub1…`.
    pub npub: String,
}

/// `keygen --nostr`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NostrReport {
    /// Whose key.
    pub username: String,
    /// The key.
    pub nostr: NostrKeyReport,
}

/// `nostr set`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NostrSetReport {
    /// Whose record.
    pub name: String,
    /// Which.
    pub record: String,
    /// The name in `.well-known/nostr.json`.
    pub named: String,
    /// The key.
    pub nostr: NostrKeyReport,
}

/// `key export`: a secret key in another tool's form, because a person asked for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyExportReport {
    /// `hex`, `raw` and `libp2p` (base64 here), `base64`, `pem`, `age` or `nsec`.
    pub format: String,
    /// The secret key; absent when it went to a file.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        serialize_with = "reveal",
        deserialize_with = "conceal"
    )]
    pub key: Option<SecretString>,
    /// The file it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Serializes a secret that is itself the result asked for.
fn reveal<S: Serializer>(key: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match key {
        Some(key) => serializer.serialize_str(key.expose()),
        None => serializer.serialize_none(),
    }
}

/// Reads it back: the document is as secret as the key.
fn conceal<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::new))
}

/// What an IPNS record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsFields {
    /// Whose record it is; records do not carry it.
    pub name: Option<String>,
    /// What the name points to.
    pub value: String,
    /// Rises with each publication.
    pub sequence: u64,
    /// Until when it is good, RFC 3339.
    pub validity: String,
    /// How long it may be cached, nanoseconds.
    pub ttl_ns: u64,
}

/// `ipns inspect`, `ipns get`: a record and whether it is good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsRecordReport {
    /// What it says.
    #[serde(flatten)]
    pub fields: IpnsFields,
    /// Signature V1; `null` when there is none or no name to check it with.
    pub signature_v1: Option<bool>,
    /// Signature V2, which decides; `null` without a name to check it with.
    pub signature_v2: Option<bool>,
    /// Signed by the name, not contradicting itself, not expired; `null` without a name.
    pub valid: Option<bool>,
}

/// `ipns sign`: a record that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsSignReport {
    /// What it says.
    #[serde(flatten)]
    pub fields: IpnsFields,
    /// The file it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The record in base64, where it went to no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// `ipns sign --count`: a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsSeriesReport {
    /// What the first says.
    #[serde(flatten)]
    pub fields: IpnsFields,
    /// All of them, by sequence.
    pub records: Vec<IpnsSignReport>,
}

/// `ipns put`: a record and who took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsPutReport {
    /// What it says.
    #[serde(flatten)]
    pub fields: IpnsFields,
    /// One for each service.
    pub publications: Vec<TargetOutcome>,
}

/// `revision inspect`, `revision increment`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionReport {
    /// Whose.
    pub name: String,
    /// What the name points to.
    pub value: String,
    /// Rises with each publication.
    pub sequence: u64,
    /// Until when, RFC 3339.
    pub validity: String,
    /// How long it may be cached, nanoseconds; `null` where the revision does not say.
    pub ttl_ns: Option<u64>,
    /// The CBOR, `0x` and hex: the `version` of ENSIP-19.
    pub revision: String,
    /// The file it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}
