//! `namesys.toml`: whose workspace it is and where it is published. Edited in place, so comments
//! and order survive.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::Address;
use toml_edit::{DocumentMut, Item, value};

use super::config_entries::{address, invalid, parsed, put, string};
use super::targets::{Target, gateways, targets};
use crate::ens::{Name, NameError};
use crate::keys::{Compat, Derivation, IpnsName, Storage};

/// Every entry of the file. Another one is refused: it may be a misspelt one, and with another
/// storage or chain id other keys would be derived.
const ENTRIES: [&str; 16] = [
    "name",
    "storage",
    "signer_storage",
    "chain_id",
    "wallet",
    "ipns_name",
    "signer",
    "derivation",
    "compat",
    "owner",
    "approval",
    "approvals",
    "uploads",
    "publishers",
    "sites",
    "gateways",
];

/// What the first derivation of the keys recorded; a later one that differs is refused.
///
/// Each is absent until something gave it: a key file gives no wallet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedKeys {
    /// The wallet that signed SIGN 1 and 2.
    pub wallet: Option<Address>,
    /// The IPNS name of SIGN 1.
    pub ipns_name: Option<IpnsName>,
    /// The records signer of SIGN 2.
    pub signer: Option<Address>,
    /// How the IPNS key was reduced.
    pub derivation: Option<Derivation>,
    /// Whether SIGN 2 follows the deployed client.
    pub compat: Option<Compat>,
}

/// The keys at hand are not those of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "these are not the keys of this workspace: {what} is {given}, namesys.toml says {recorded}"
)]
pub struct KeyMismatch {
    /// Which entry of `namesys.toml`.
    pub what: &'static str,
    /// What it would be now.
    pub given: String,
    /// What it says.
    pub recorded: String,
}

/// The contents of `namesys.toml`.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) document: DocumentMut,
    /// The workspace's name.
    pub name: Name,
    /// Storage of the IPNS key.
    pub storage: Storage,
    /// Storage of the records signer.
    pub signer_storage: Storage,
    /// The chain id of the request texts.
    pub chain_id: u64,
    /// Where the tree is uploaded; empty: the network's own.
    pub uploads: Vec<Target>,
    /// Where IPNS records go; empty: the network's own.
    pub publishers: Vec<Target>,
    /// Web hosts that have the tree, for an `https://` recordhash.
    pub sites: Vec<Target>,
    /// Gateways to read from; empty: the network's own.
    pub gateways: Vec<String>,
}

/// Why `namesys.toml` is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML; the parser says where.
    #[error("namesys.toml: {0}")]
    Toml(String),
    /// A required entry is missing.
    #[error("namesys.toml has no {0}")]
    Missing(&'static str),
    /// An entry has a name that means nothing.
    #[error("namesys.toml: {key:?} is not an entry of this file; there are {}", ENTRIES.join(", "))]
    Unknown {
        /// The entry.
        key: String,
    },
    /// An entry is not what it must be.
    #[error("namesys.toml: {key} = {found}: {reason}")]
    Invalid {
        /// The entry.
        key: String,
        /// Its text.
        found: String,
        /// Why it is refused.
        reason: String,
    },
    /// `name` is not a name.
    #[error("namesys.toml: {0}")]
    Name(#[from] NameError),
}

impl Config {
    /// A new configuration.
    pub fn new(name: Name, storage: Storage, signer_storage: Storage, chain_id: u64) -> Self {
        let mut document = DocumentMut::new();
        document["name"] = value(name.as_str());
        document["storage"] = value(storage.to_string());
        if signer_storage != storage {
            document["signer_storage"] = value(signer_storage.to_string());
        }
        document["chain_id"] = value(i64::try_from(chain_id).unwrap_or(i64::MAX));
        Self {
            document,
            name,
            storage,
            signer_storage,
            chain_id,
            uploads: Vec::new(),
            publishers: Vec::new(),
            sites: Vec::new(),
            gateways: Vec::new(),
        }
    }

    /// Reads the text of `namesys.toml`.
    ///
    /// # Errors
    /// [`ConfigError`] names the entry.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let document: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| ConfigError::Toml(error.to_string()))?;
        let table = document.as_table();
        if let Some((key, _)) = table.iter().find(|(key, _)| !ENTRIES.contains(key)) {
            return Err(ConfigError::Unknown { key: key.to_owned() });
        }
        let name =
            Name::from_normalized(string(table, "name")?.ok_or(ConfigError::Missing("name"))?)?;
        let storage = parsed(table, "storage")?.unwrap_or_default();
        let chain_id = match table.get("chain_id") {
            None => 1,
            Some(item) => item
                .as_integer()
                .and_then(|id| u64::try_from(id).ok())
                .filter(|id| *id > 0)
                .ok_or_else(|| invalid("chain_id", item, "a chain id is a positive number"))?,
        };
        let config = Self {
            name,
            storage,
            signer_storage: parsed(table, "signer_storage")?.unwrap_or(storage),
            chain_id,
            uploads: targets(table, "uploads")?,
            publishers: targets(table, "publishers")?,
            sites: targets(table, "sites")?,
            gateways: gateways(table)?,
            document,
        };
        config.recorded_keys()?;
        config.owner()?;
        Ok(config)
    }

    /// Whether the tables name web hosts and nothing of IPFS: then nothing is asked of IPFS unasked.
    pub fn has_only_sites(&self) -> bool {
        !self.sites.is_empty() && self.uploads.is_empty() && self.publishers.is_empty()
    }

    /// What the first derivation recorded.
    ///
    /// # Errors
    /// When an entry of it is malformed.
    pub fn recorded_keys(&self) -> Result<RecordedKeys, ConfigError> {
        let table = self.document.as_table();
        Ok(RecordedKeys {
            wallet: address(table, "wallet")?,
            ipns_name: parsed(table, "ipns_name")?,
            signer: address(table, "signer")?,
            derivation: parsed(table, "derivation")?,
            compat: parsed(table, "compat")?,
        })
    }

    /// Which of `keys` are not recorded yet, with the text to record.
    ///
    /// # Errors
    /// [`KeyMismatch`] when an entry is recorded and differs.
    pub fn unrecorded_keys(
        &self,
        keys: &RecordedKeys,
    ) -> Result<Vec<(&'static str, String)>, KeyMismatch> {
        let text = |value: Option<&dyn fmt::Display>| value.map(ToString::to_string);
        let given = [
            ("wallet", text(keys.wallet.as_ref().map(|v| v as _))),
            ("ipns_name", text(keys.ipns_name.as_ref().map(|v| v as _))),
            ("signer", text(keys.signer.as_ref().map(|v| v as _))),
            ("derivation", text(keys.derivation.as_ref().map(|v| v as _))),
            ("compat", text(keys.compat.as_ref().map(|v| v as _))),
        ];
        let mut new = Vec::new();
        let mut differs = Vec::new();
        for (what, given) in given {
            let Some(given) = given else { continue };
            match self.document.get(what).and_then(Item::as_str) {
                None => new.push((what, given)),
                // Addresses may be written in one case.
                Some(recorded) if recorded.eq_ignore_ascii_case(&given) => {}
                Some(recorded) => {
                    let recorded = recorded.to_owned();
                    differs.push(KeyMismatch { what, given, recorded });
                }
            }
        }
        // Another choice gives other keys: it is the cause, they are not.
        let is_cause = |error: &KeyMismatch| matches!(error.what, "derivation" | "compat");
        if !differs.is_empty() {
            let cause = differs.iter().position(is_cause).unwrap_or(0);
            return Err(differs.swap_remove(cause));
        }
        Ok(new)
    }

    /// Records what is not recorded yet; `true` when that was something.
    ///
    /// # Errors
    /// As [`Config::unrecorded_keys`], nothing being changed.
    pub fn record_keys(&mut self, keys: &RecordedKeys) -> Result<bool, KeyMismatch> {
        let new = self.unrecorded_keys(keys)?;
        for (what, given) in &new {
            put(self.document.as_table_mut(), what, given);
        }
        Ok(!new.is_empty())
    }

    /// Who owns the names: `owner` where the wallet is a manager, otherwise the wallet.
    ///
    /// # Errors
    /// When an entry is no address.
    pub fn owner(&self) -> Result<Option<Address>, ConfigError> {
        let table = self.document.as_table();
        Ok(address(table, "owner")?.or(address(table, "wallet")?))
    }

    /// Records an owner other than the wallet.
    pub fn record_owner(&mut self, owner: Address) {
        put(self.document.as_table_mut(), "owner", &owner.to_string());
    }

    /// How records were last approved, where it was said (`sign --approval`).
    ///
    /// # Errors
    /// When the entry names no approval.
    pub fn approval_mode<M: FromStr<Err: fmt::Display>>(&self) -> Result<Option<M>, ConfigError> {
        parsed(self.document.as_table(), "approval")
    }

    /// Records how records are approved.
    pub fn record_approval_mode(&mut self, mode: &str) {
        put(self.document.as_table_mut(), "approval", mode);
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
