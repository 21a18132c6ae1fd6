//! `namesys.toml`: whose workspace it is and where it is published. Edited in place, so comments
//! and order survive.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::Address;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, value};

use super::targets::{Target, gateways, targets};
use crate::ens::{Name, NameError};
use crate::keys::{Compat, Derivation, IpnsName, Storage};
use crate::request::Signature;

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

/// A SIGN 3 that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The owner the text names.
    pub owner: Address,
    /// The signature by the owner, or by a manager the owner approved on chain.
    pub signature: Signature,
}

/// The contents of `namesys.toml`.
#[derive(Clone, Debug)]
pub struct Config {
    document: DocumentMut,
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
            gateways: gateways(table)?,
            document,
        };
        config.recorded_keys()?;
        config.owner()?;
        Ok(config)
    }

    /// What the first derivation recorded.
    ///
    /// # Errors
    /// When an entry of it is malformed.
    pub fn recorded_keys(&self) -> Result<RecordedKeys, ConfigError> {
        let table = self.document.as_table();
        Ok(RecordedKeys {
            wallet: parsed(table, "wallet")?,
            ipns_name: parsed(table, "ipns_name")?,
            signer: parsed(table, "signer")?,
            derivation: parsed(table, "derivation")?,
            compat: parsed(table, "compat")?,
        })
    }

    /// Records what is not recorded yet; `true` when that was something.
    ///
    /// # Errors
    /// [`KeyMismatch`], nothing being changed, when an entry is recorded and differs.
    pub fn record_keys(&mut self, keys: &RecordedKeys) -> Result<bool, KeyMismatch> {
        let text = |value: Option<&dyn fmt::Display>| value.map(ToString::to_string);
        let given = [
            ("wallet", text(keys.wallet.as_ref().map(|v| v as _))),
            ("ipns_name", text(keys.ipns_name.as_ref().map(|v| v as _))),
            ("signer", text(keys.signer.as_ref().map(|v| v as _))),
            ("derivation", text(keys.derivation.as_ref().map(|v| v as _))),
            ("compat", text(keys.compat.as_ref().map(|v| v as _))),
        ];
        let table = self.document.as_table_mut();
        let mut new = Vec::new();
        for (what, given) in given {
            let Some(given) = given else { continue };
            match table.get(what).and_then(Item::as_str) {
                None => new.push((what, given)),
                // Addresses may be written in one case.
                Some(recorded) if recorded.eq_ignore_ascii_case(&given) => {}
                Some(recorded) => {
                    return Err(KeyMismatch { what, given, recorded: recorded.to_owned() });
                }
            }
        }
        for (what, given) in &new {
            put(table, what, given);
        }
        Ok(!new.is_empty())
    }

    /// Who owns the names: `owner` where the wallet is a manager, otherwise the wallet.
    ///
    /// # Errors
    /// When an entry is no address.
    pub fn owner(&self) -> Result<Option<Address>, ConfigError> {
        let table = self.document.as_table();
        Ok(parsed(table, "owner")?.or(parsed(table, "wallet")?))
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

    /// The SIGN 3 for `signer` on `name`, if one is kept. Not verified here.
    ///
    /// # Errors
    /// When the entry is malformed.
    pub fn approval(&self, name: &Name, signer: Address) -> Result<Option<Approval>, ConfigError> {
        let approvals = self.document.get("approvals").and_then(Item::as_table_like);
        let of_signer = approvals
            .and_then(|table| table.get(&signer.to_string()))
            .and_then(Item::as_table_like);
        let Some(item) = of_signer.and_then(|table| table.get(name.as_str())) else {
            return Ok(None);
        };
        let key = || format!("approvals.{signer}.{name}");
        let (owner, signature) = if let Some(entry) = item.as_table_like() {
            let owner = address(entry, "owner")?.ok_or(ConfigError::Missing("approvals owner"))?;
            (owner, entry.get("signature").and_then(Item::as_str))
        } else {
            (self.recorded_keys()?.wallet.ok_or(ConfigError::Missing("wallet"))?, item.as_str())
        };
        let signature = signature
            .ok_or_else(|| invalid(&key(), item, "a signature is a text"))?
            .parse()
            .map_err(|error| invalid(&key(), item, &format!("{error}")))?;
        Ok(Some(Approval { owner, signature }))
    }

    /// Keeps SIGN 3 signatures for `signer`. An owner other than the wallet is written beside
    /// the signature.
    ///
    /// # Errors
    /// When the recorded wallet is malformed.
    pub fn keep_approvals<'a>(
        &mut self,
        signer: Address,
        approvals: impl IntoIterator<Item = (&'a Name, Approval)>,
    ) -> Result<(), ConfigError> {
        let wallet = self.recorded_keys()?.wallet;
        let all = self.document.entry("approvals").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let all = all.as_table_like_mut().ok_or(ConfigError::Missing("approvals table"))?;
        let of_signer = all.entry(&signer.to_string()).or_insert(Item::Table(Table::new()));
        let of_signer =
            of_signer.as_table_like_mut().ok_or(ConfigError::Missing("approvals table"))?;
        for (name, approval) in approvals {
            let signature = format!("{:x}", approval.signature);
            let item = if wallet == Some(approval.owner) {
                value(signature)
            } else {
                let mut entry = InlineTable::new();
                entry.insert("owner", approval.owner.to_string().into());
                entry.insert("signature", signature.into());
                value(entry)
            };
            of_signer.insert(name.as_str(), item);
        }
        Ok(())
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

/// Sets an entry and keeps the comments around it.
fn put(table: &mut Table, key: &str, text: &str) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = text.into();
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(text));
        }
    }
}

pub(super) fn invalid(key: &str, found: &Item, reason: &str) -> ConfigError {
    ConfigError::Invalid {
        key: key.to_owned(),
        found: found.to_string().trim().to_owned(),
        reason: reason.to_owned(),
    }
}

pub(super) fn string<'a>(
    table: &'a dyn TableLike,
    key: &str,
) -> Result<Option<&'a str>, ConfigError> {
    match table.get(key) {
        None => Ok(None),
        Some(item) => {
            item.as_str().map(Some).ok_or_else(|| invalid(key, item, "a text is expected"))
        }
    }
}

fn parsed<T: FromStr<Err: fmt::Display>>(
    table: &dyn TableLike,
    key: &str,
) -> Result<Option<T>, ConfigError> {
    let Some(text) = string(table, key)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error: T::Err| ConfigError::Invalid {
        key: key.to_owned(),
        found: format!("{text:?}"),
        reason: error.to_string(),
    })
}

fn address(table: &dyn TableLike, key: &str) -> Result<Option<Address>, ConfigError> {
    parsed(table, key)
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
