//! `namesys.toml`: whose workspace it is and where it is published. Edited in place, so comments
//! and order survive.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use alloy_primitives::Address;
use toml_edit::{DocumentMut, Table, value};

use super::approvals::{self, Approval, Approvals};
use super::config_file::{ELSEWHERE, File};
use super::config_plain;
use super::database_address::DatabaseAddress;
use super::names::{self, NamesError};
use super::targets::{PublisherTarget, SiteTarget, UploadTarget};
use super::{ApprovalMode, Network};
use crate::ens::Name;
use crate::keys::{Compat, Derivation, IpnsName, Storage};
use crate::toml::{self, LazyDocument, Text, TomlError};

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
    pub(super) document: LazyDocument,
    /// One at least.
    pub(super) names: Vec<Name>,
    /// Storage of the IPNS key.
    pub storage: Storage,
    /// Storage of the records signer.
    pub signer_storage: Storage,
    /// The chain id of the request texts.
    pub chain_id: u64,
    pub(super) keys: RecordedKeys,
    /// Those before, the oldest first.
    pub(super) former: Vec<RecordedKeys>,
    pub(super) owner: Option<Address>,
    approval_mode: Option<ApprovalMode>,
    network: Option<Network>,
    /// Many, and the same in every copy that is not changed.
    pub(super) approvals: Arc<Approvals>,
    /// Where the tree is uploaded; empty: the network's own.
    pub uploads: Vec<UploadTarget>,
    /// Where IPNS records go; empty: the network's own.
    pub publishers: Vec<PublisherTarget>,
    /// Web hosts that have the tree, for an `https://` recordhash.
    pub sites: Vec<SiteTarget>,
    /// Gateways of databases that have the records.
    pub databases: Vec<DatabaseAddress>,
    /// Gateways to read from; empty: the network's own.
    pub gateways: Vec<String>,
    /// Whether this workspace is the whole truth of its key: what else is published may go.
    pub replace: bool,
    /// Whether the keys are those of a name that was rotated away: nothing is recorded of them.
    pub(super) is_former: bool,
}

/// Why `namesys.toml` is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML, or an entry is unknown, misplaced, or not what it must be.
    #[error(transparent)]
    File(Box<TomlError>),
    /// A required entry is missing.
    #[error("namesys.toml has no {0}")]
    Missing(&'static str),
    /// Both `name` and `names`.
    #[error("namesys.toml has both name and names: write all of them into names")]
    NameTwice,
    /// The names do not go together.
    #[error("namesys.toml: {0}")]
    Names(#[from] NamesError),
}

impl Config {
    /// A new configuration for one name; [`add_name`](Self::add_name) adds others.
    pub fn new(name: Name, storage: Storage, signer_storage: Storage, chain_id: u64) -> Self {
        let mut document = DocumentMut::new();
        document["name"] = value(name.as_str());
        document["storage"] = value(storage.to_string());
        if signer_storage != storage {
            document["signer_storage"] = value(signer_storage.to_string());
        }
        document["chain_id"] = value(i64::try_from(chain_id).unwrap_or(i64::MAX));
        Self {
            document: document.into(),
            names: vec![name],
            storage,
            signer_storage,
            chain_id,
            keys: RecordedKeys::default(),
            former: Vec::new(),
            owner: None,
            approval_mode: None,
            network: None,
            approvals: Arc::default(),
            uploads: Vec::new(),
            publishers: Vec::new(),
            sites: Vec::new(),
            databases: Vec::new(),
            gateways: Vec::new(),
            replace: false,
            is_former: false,
        }
    }

    /// Reads the text of `namesys.toml`.
    ///
    /// # Errors
    /// [`ConfigError`] names the entry.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        // Of what is wrong the whole text tells where it is.
        Self::parse_apart(text).map_or_else(|| Self::parse_whole(text), Ok)
    }

    /// Reads the approvals line by line, and the rest as all of it.
    pub(super) fn parse_apart(text: &str) -> Option<Self> {
        let apart = config_plain::apart(text)?;
        let mut config = Self::parse_whole(&apart.rest).ok()?;
        let approvals = config_plain::read(&apart, config.keys.wallet?)?;
        let is_apart = config.approvals.values().all(BTreeMap::is_empty)
            && config.approvals.keys().eq(approvals.keys());
        config.approvals = Arc::new(approvals);
        config.document = LazyDocument::of_text(text);
        is_apart.then_some(config)
    }

    pub(super) fn parse_whole(text: &str) -> Result<Self, ConfigError> {
        let (file, document): (File, _) = toml::read("namesys.toml", text, &ELSEWHERE)
            .map_err(|error| ConfigError::File(Box::new(error)))?;
        let names = read_names(file.name, file.names)?;
        let keys = RecordedKeys {
            wallet: file.wallet.map(|wallet| wallet.0),
            ipns_name: file.ipns_name.map(|name| name.0),
            signer: file.signer.map(|signer| signer.0),
            derivation: file.derivation.map(|derivation| derivation.0),
            compat: file.compat.map(|compat| compat.0),
        };
        let storage = file.storage.map(|storage| storage.0).unwrap_or_default();
        let signer_storage = file.signer_storage.map_or(storage, |storage| storage.0);
        names::check(&names, storage, signer_storage)?;
        Ok(Self {
            document: document.into(),
            names,
            storage,
            signer_storage,
            chain_id: file.chain_id.map_or(1, |id| id.0),
            approvals: approvals::read(file.approvals, keys.wallet)
                .ok_or(ConfigError::Missing("wallet"))?
                .into(),
            keys,
            former: file.former.into_iter().map(RecordedKeys::from).collect(),
            owner: file.owner.map(|owner| owner.0),
            approval_mode: file.approval.map(|mode| mode.0),
            network: file.network.map(|network| network.0),
            uploads: file.uploads,
            publishers: file.publishers,
            sites: file.sites,
            databases: file.databases.into_iter().map(|entry| entry.url.0).collect(),
            gateways: file.gateways.ipfs,
            replace: file.publish.replace,
            is_former: false,
        })
    }

    /// Whether it is what is read of `text`.
    pub(super) fn is_of(&self, text: &str) -> bool {
        self.document.is(text)
    }

    /// Whether the tables name web hosts or databases and nothing of IPFS: then nothing is asked of
    /// IPFS unasked.
    pub fn has_only_sites(&self) -> bool {
        let has_others = !self.sites.is_empty() || !self.databases.is_empty();
        has_others && self.uploads.is_empty() && self.publishers.is_empty()
    }

    /// What the first derivation recorded.
    pub fn keys(&self) -> &RecordedKeys {
        &self.keys
    }

    /// Which of `keys` are not recorded yet, with the text to record.
    ///
    /// # Errors
    /// [`KeyMismatch`] when an entry is recorded and differs.
    pub fn unrecorded_keys(
        &self,
        keys: &RecordedKeys,
    ) -> Result<Vec<(&'static str, String)>, KeyMismatch> {
        let mut new = Vec::new();
        let mut differs = Vec::new();
        for ((what, recorded), (_, given)) in self.keys.entries().into_iter().zip(keys.entries()) {
            match (recorded, given) {
                (_, None) => {}
                (None, Some(given)) => new.push((what, given)),
                (Some(recorded), Some(given)) if recorded == given => {}
                (Some(recorded), Some(given)) => {
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
        // What is not known of former keys is not written over the present ones.
        Ok(if self.is_former { Vec::new() } else { new })
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
        let old = self.keys.clone();
        self.keys = RecordedKeys {
            wallet: old.wallet.or(keys.wallet),
            ipns_name: old.ipns_name.or(keys.ipns_name),
            signer: old.signer.or(keys.signer),
            derivation: old.derivation.or(keys.derivation),
            compat: old.compat.or(keys.compat),
        };
        Ok(!new.is_empty())
    }

    /// Who owns the names: `owner` where the wallet is a manager, otherwise the wallet.
    pub fn owner(&self) -> Option<Address> {
        self.owner.or(self.keys.wallet)
    }

    /// Records an owner other than the wallet.
    pub fn record_owner(&mut self, owner: Address) {
        put(self.document.as_table_mut(), "owner", &owner.to_string());
        self.owner = Some(owner);
    }

    /// How records were last approved, where it was said (`sign --approval`).
    pub fn approval_mode(&self) -> Option<ApprovalMode> {
        self.approval_mode
    }

    /// The SIGN 3 for `signer` on `name`, if one is kept. Not verified here.
    pub fn approval(&self, name: &Name, signer: Address) -> Option<&Approval> {
        self.approvals.get(&signer)?.get(name)
    }

    /// Every SIGN 3 that is kept for `name`, with its signer. Not verified here.
    pub(super) fn approvals_of(&self, name: &Name) -> impl Iterator<Item = (Address, &Approval)> {
        let all = self.approvals.iter();
        all.filter_map(move |(signer, names)| Some((*signer, names.get(name)?)))
    }

    /// Keeps SIGN 3 signatures for `signer`.
    pub fn keep_approvals<'a>(
        &mut self,
        signer: Address,
        approvals: impl IntoIterator<Item = (&'a Name, Approval)>,
    ) {
        let new: Vec<(&Name, Approval)> = approvals.into_iter().collect();
        let texts = new.iter().map(|(name, approval)| (*name, approval));
        approvals::write(&mut self.document, signer, self.keys.wallet, texts);
        let kept = Arc::make_mut(&mut self.approvals).entry(signer).or_default();
        kept.extend(new.into_iter().map(|(name, approval)| (name.clone(), approval)));
    }

    /// Whose endpoints apply, where the file says.
    pub fn network(&self) -> Option<Network> {
        self.network
    }

    /// Records how records are approved.
    pub fn record_approval_mode(&mut self, mode: ApprovalMode) {
        put(self.document.as_table_mut(), "approval", &mode.to_string());
        self.approval_mode = Some(mode);
    }
}

impl RecordedKeys {
    /// Each entry of the file and its text.
    pub(super) fn entries(&self) -> [(&'static str, Option<String>); 5] {
        let text = |value: Option<&dyn fmt::Display>| value.map(ToString::to_string);
        [
            ("wallet", text(self.wallet.as_ref().map(|value| value as _))),
            ("ipns_name", text(self.ipns_name.as_ref().map(|value| value as _))),
            ("signer", text(self.signer.as_ref().map(|value| value as _))),
            ("derivation", text(self.derivation.as_ref().map(|value| value as _))),
            ("compat", text(self.compat.as_ref().map(|value| value as _))),
        ]
    }
}

/// `name`, or `names`.
fn read_names(
    name: Option<Text<Name>>,
    names: Option<Vec<Text<Name>>>,
) -> Result<Vec<Name>, ConfigError> {
    let names = match (name, names) {
        (Some(_), Some(_)) => return Err(ConfigError::NameTwice),
        (Some(name), None) => vec![name],
        (None, names) => names.unwrap_or_default(),
    };
    match names.is_empty() {
        true => Err(ConfigError::Missing("name")),
        false => Ok(names.into_iter().map(|name| name.0).collect()),
    }
}

/// Sets an entry and keeps the comments around it.
pub(super) fn put(table: &mut Table, key: &str, text: &str) {
    match table.get_mut(key).and_then(toml_edit::Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = text.into();
            *old.decor_mut() = decor;
        }
        None => _ = table.insert(key, value(text)),
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
