//! A transaction of a setup, and what it brings about.

use alloy::sol_types::SolCall;
use alloy_primitives::{Address, B256, Bytes, U256};

use super::{SignerStanding, Standing};
use crate::chain::contracts::calls;
use crate::ens::Name;

/// A transaction of a setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupTransaction {
    /// The contract.
    pub to: Address,
    /// The call.
    pub data: Bytes,
    /// What is sent with it, in wei.
    pub value: U256,
    /// What it does, in words.
    pub description: String,
    /// The only number it may have among those of its sender, where another one would not take the
    /// place of what it repeats.
    pub(super) nonce: Option<u64>,
    /// What must be read afterwards.
    pub(super) checks: Vec<Check>,
}

/// What a transaction brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Resolver { node: B256, resolver: Address },
    Recordhash { resolver: Address, key: B256, bytes: Bytes },
    Approved { resolver: Address, owner: Address, node: B256, signer: Address, approved: bool },
}

impl SetupTransaction {
    /// A call of which it is not known what is to be read afterwards.
    pub fn call(to: Address, data: Bytes, description: String) -> Self {
        Self { to, data, value: U256::ZERO, description, nonce: None, checks: Vec::new() }
    }

    /// A plain transfer of `value` wei.
    pub fn transfer(to: Address, value: U256, description: String) -> Self {
        Self { value, ..Self::call(to, Bytes::new(), description) }
    }

    /// The same, which may have no number but this one.
    pub fn numbered(self, nonce: Option<u64>) -> Self {
        Self { nonce, ..self }
    }

    /// Whether `others` bring about all that it does.
    pub fn is_within(&self, others: &[Self]) -> bool {
        let is_there = |check| others.iter().any(|other| other.checks.contains(check));
        self.checks.iter().all(is_there)
    }
}

impl Standing {
    /// What stands where a transaction writes.
    pub fn before(&self, transaction: &SetupTransaction) -> String {
        let owner = self.base.owner().into_word();
        let one = |check: &Check| match check {
            Check::Resolver { .. } => format!("resolver {}", self.resolver_now),
            Check::Recordhash { key, .. } if *key == owner => {
                format!("ownerhash {}", self.ownerhash)
            }
            Check::Recordhash { .. } => format!("recordhash {}", self.recordhash),
            Check::Approved { signer, approved, .. } => {
                format!("{signer} {}", if *approved { "not approved" } else { "approved" })
            }
        };
        transaction.checks.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

impl SetupTransaction {
    /// Whether it takes the approval of `signer` for `name` back.
    pub fn revokes(&self, name: &Name, signer: Address) -> bool {
        let of = (name.node(), signer, false);
        self.checks.iter().any(|check| {
            matches!(check, Check::Approved { node, signer, approved, .. }
                if (*node, *signer, *approved) == of)
        })
    }
}

/// The one transaction that brings about what does not stand.
pub(super) fn of_signers(
    resolver: Address,
    owner: Address,
    signers: &[SignerStanding],
) -> Option<SetupTransaction> {
    let changes: Vec<&SignerStanding> = signers.iter().filter(|one| !one.stands()).collect();
    let (data, description): (Bytes, String) = match changes[..] {
        [] => return None,
        [one] => {
            let (node, signer, approved) = (one.name.node(), one.signer, one.wanted);
            (calls::approveCall { node, signer, approved }.abi_encode().into(), one.to_string())
        }
        _ => {
            let nodes: Vec<B256> = changes.iter().map(|change| change.name.node()).collect();
            let signers = changes.iter().map(|change| change.signer).collect();
            let approved = changes.iter().map(|change| change.wanted).collect();
            let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
            let call = calls::multiApproveCall { nodes, signers, approved };
            (call.abi_encode().into(), format!("{} (multiApprove)", words.join("; ")))
        }
    };
    let check = |change: &&SignerStanding| Check::Approved {
        resolver,
        owner,
        node: change.name.node(),
        signer: change.signer,
        approved: change.wanted,
    };
    let checks = changes.iter().map(check).collect();
    Some(SetupTransaction { checks, ..SetupTransaction::call(resolver, data, description) })
}
