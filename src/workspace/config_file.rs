//! `namesys.toml` as it is written: its entries and their forms.

use std::collections::BTreeMap;
use std::fmt;

use alloy_primitives::Address;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::database_address::{DatabaseAddress, DatabaseEntry};
use super::targets::{PublisherTarget, SiteTarget, UploadTarget};
use super::{ApprovalMode, Network};
use crate::ens::Name;
use crate::keys::{Compat, Derivation, IpnsName, Storage};
use crate::request::{Signature, parse_address};
use crate::toml::{FromText, Text, tables};

/// Entries that mean something in another place, and why they cannot stand here.
pub(super) const ELSEWHERE: [(&str, &str); 9] = [
    (
        "rpc_url",
        "a repository must not choose whose node is believed; write it into the user's config.toml",
    ),
    (
        "account",
        "a repository must not choose whose key is asked for; write it into the user's config.toml",
    ),
    (
        "safe_directories",
        "a repository must not choose whose workspaces are trusted; write it into the user's config.toml",
    ),
    (
        "folders",
        "a repository must not choose what it may write; write it into the user's config.toml",
    ),
    ("credentials", "credentials are bound to hosts in the user's config.toml"),
    ("ipfs", "it belongs into [gateways]"),
    ("kind", "it belongs into a table [[uploads]], [[publishers]] or [[sites]]"),
    ("url", "it belongs into a table [[uploads]], [[publishers]], [[sites]] or [[databases]]"),
    ("token_env", "it belongs into the table [[uploads]] or [[publishers]] of its service"),
];

/// Every entry of the file. Another one is refused: it may be a misspelt one, and with another
/// storage or chain id other keys would be derived.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub name: Option<Text<Name>>,
    pub names: Option<Vec<Text<Name>>>,
    pub storage: Option<Text<Storage>>,
    pub signer_storage: Option<Text<Storage>>,
    pub chain_id: Option<ChainId>,
    pub wallet: Option<Text<Address>>,
    pub ipns_name: Option<Text<IpnsName>>,
    pub signer: Option<Text<Address>>,
    pub derivation: Option<Text<Derivation>>,
    pub compat: Option<Text<Compat>>,
    pub owner: Option<Text<Address>>,
    pub approval: Option<Text<ApprovalMode>>,
    pub network: Option<Text<Network>>,
    #[serde(default, deserialize_with = "tables")]
    pub former: Vec<FormerEntry>,
    #[serde(default)]
    pub approvals: BTreeMap<Text<Address>, BTreeMap<Text<Name>, KeptApproval>>,
    #[serde(default, deserialize_with = "tables")]
    pub uploads: Vec<UploadTarget>,
    #[serde(default, deserialize_with = "tables")]
    pub publishers: Vec<PublisherTarget>,
    #[serde(default, deserialize_with = "tables")]
    pub sites: Vec<SiteTarget>,
    #[serde(default, deserialize_with = "tables")]
    pub databases: Vec<DatabaseEntry>,
    #[serde(default)]
    pub gateways: Gateways,
    #[serde(default)]
    pub publish: Publish,
}

/// An entry of `[[former]]`: public halves alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormerEntry {
    pub wallet: Option<Text<Address>>,
    pub ipns_name: Text<IpnsName>,
    pub signer: Option<Text<Address>>,
    pub derivation: Option<Text<Derivation>>,
    pub compat: Option<Text<Compat>>,
}

/// `[publish]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Publish {
    #[serde(default)]
    pub replace: bool,
}

/// `[gateways]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gateways {
    #[serde(default)]
    pub ipfs: Vec<String>,
}

/// A SIGN 3: the signature alone, where the owner is the wallet.
pub(super) struct KeptApproval {
    pub owner: Option<Address>,
    pub signature: Signature,
}

impl<'de> Deserialize<'de> for KeptApproval {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Full {
            owner: Text<Address>,
            signature: Text<Signature>,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = KeptApproval;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a signature is a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<KeptApproval, E> {
                let signature = Signature::from_text(text).map_err(E::custom)?;
                Ok(KeptApproval { owner: None, signature })
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<KeptApproval, A::Error> {
                let full = Full::deserialize(MapAccessDeserializer::new(entries))?;
                Ok(KeptApproval { owner: Some(full.owner.0), signature: full.signature.0 })
            }
        }
        from.deserialize_any(Either)
    }
}

/// A chain id.
pub(super) struct ChainId(pub u64);

impl<'de> Deserialize<'de> for ChainId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Positive;
        impl Visitor<'_> for Positive {
            type Value = ChainId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a chain id is a positive number")
            }

            fn visit_i64<E: Error>(self, id: i64) -> Result<ChainId, E> {
                let id = u64::try_from(id).ok().filter(|id| *id > 0);
                id.map(ChainId).ok_or_else(|| E::custom("a chain id is a positive number"))
            }
        }
        from.deserialize_any(Positive)
    }
}

impl FromText for Name {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::from_normalized(text).map_err(|error| error.to_string())
    }
}

/// In one case as it is, in mixed case with its checksum.
impl FromText for Address {
    fn from_text(text: &str) -> Result<Self, String> {
        parse_address(text).map_err(|error| error.to_string())
    }
}

macro_rules! from_text {
    ($($type:ty),*) => {$(
        impl FromText for $type {
            fn from_text(text: &str) -> Result<Self, String> {
                text.parse().map_err(|error| format!("{error}"))
            }
        }
    )*};
}

from_text!(Storage, IpnsName, Derivation, Compat, ApprovalMode, Signature, DatabaseAddress);
