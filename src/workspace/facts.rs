//! What a workspace takes for the chain's word: offline, records are verified against it.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::Address;

use super::{ApprovalMode, Config};
use crate::ens::Name;

/// What is taken for the chain's word.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The chain whose id stands in the texts.
    pub chain_id: u64,
    /// Who owns the names, where nothing else says.
    pub owner: Option<Address>,
    /// Signers, and managers, that are approved on chain for every name.
    pub approved: Vec<Address>,
    /// Those that the chain says are approved for a name and those under it.
    approved_for: BTreeMap<Name, BTreeSet<Address>>,
    /// Who owns a name and those under it, by the chain's own word.
    owners: BTreeMap<Name, Address>,
    /// Where approvals are kept, and of which signer.
    kept: Option<(Config, Address)>,
}

/// Mainnet, and nobody known.
impl Default for Facts {
    fn default() -> Self {
        Self {
            chain_id: 1,
            owner: None,
            approved: Vec::new(),
            approved_for: BTreeMap::new(),
            owners: BTreeMap::new(),
            kept: None,
        }
    }
}

impl Facts {
    /// What the workspace says: its wallet or owner, kept approvals, and, in the mode
    /// `on-chain`, that its signer is approved there.
    pub fn of(config: &Config) -> Self {
        let keys = config.keys();
        let mut approved = Vec::new();
        if config.approval_mode() == Some(ApprovalMode::OnChain) {
            approved.extend(keys.signer);
        }
        if config.owner() != keys.wallet {
            approved.extend(keys.wallet);
        }
        let (chain_id, owner) = (config.chain_id, config.owner());
        let kept = keys.signer.map(|signer| (config.clone(), signer));
        Self { chain_id, owner, approved, kept, ..Self::default() }
    }

    /// `owner` owns every name, whatever approvals are kept.
    pub fn set_owner(&mut self, owner: Address) {
        (self.owner, self.kept) = (Some(owner), None);
    }

    /// `owner` owns `name` and what lies under it, whatever approvals are kept.
    pub fn set_owner_of(&mut self, name: Name, owner: Address) {
        self.owners.insert(name, owner);
    }

    /// `signers` are approved on chain for `name` and what lies under it.
    pub fn approve_for(&mut self, name: &Name, signers: impl IntoIterator<Item = Address>) {
        self.approved_for.entry(name.clone()).or_default().extend(signers);
    }

    /// Who is approved on chain for `name`.
    pub fn approved_for(&self, name: &Name) -> Vec<Address> {
        let above = std::iter::successors(Some(name.clone()), Name::parent);
        let asked = above.filter_map(|name| self.approved_for.get(&name)).flatten();
        self.approved.iter().chain(asked).copied().collect()
    }

    /// Whether an owner is known at all.
    pub fn have_owner(&self) -> bool {
        self.owner.is_some()
    }

    /// Who owns `name`: by the chain's own word, else whom a kept approval names, else the one owner.
    pub fn owner_of(&self, name: &Name) -> Address {
        let above = std::iter::successors(Some(name.clone()), Name::parent);
        if let Some(owner) = above.into_iter().find_map(|name| self.owners.get(&name)) {
            return *owner;
        }
        let kept = self
            .kept
            .as_ref()
            .and_then(|(config, signer)| Some(config.approval(name, *signer)?.owner));
        kept.or(self.owner).unwrap_or_default()
    }
}
