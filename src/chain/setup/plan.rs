//! The transactions that are missing, each in words.

use alloy::sol_types::SolCall;
use alloy_primitives::{Bytes, U256};
use jiff::Timestamp;

use super::transaction::{Check, of_signers};
use super::{Pointer, SetupError, SetupRequest, SetupTransaction, SignerStanding, Standing};
use crate::chain::Contracts;
use crate::chain::contracts::calls;
use crate::ens::Name;
use crate::recordhash::{Recordhash, shown_bytes};

/// What is missing, in the order to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The transactions; none when everything stands.
    pub transactions: Vec<SetupTransaction>,
    /// What a person should know before.
    pub warnings: Vec<String>,
}

/// What is missing between what stands and what is wanted.
///
/// # Errors
/// [`SetupError::NotOwner`] when the sender is neither owner nor manager, as far as what is
/// missing needs it.
pub fn plan(
    contracts: &Contracts,
    request: &SetupRequest,
    standing: &Standing,
) -> Result<Plan, SetupError> {
    let mut plan = Plan::default();
    plan.warnings.extend(expired(standing));
    if request.set_resolver && standing.resolver_now != standing.resolver {
        plan.transactions.push(resolver(contracts, standing)?);
    }
    plan.warnings.extend(of_ensv2(standing).filter(|_| request.set_resolver));
    let resolvers = plan.transactions.len();
    match &request.pointer {
        Some(Pointer::Recordhash(hash)) if standing.recordhash != hash.contract_bytes() => {
            plan.transactions.push(recordhash(&request.name, hash, standing)?);
        }
        Some(Pointer::Ownerhash(hash)) => {
            if standing.ownerhash != hash.contract_bytes() {
                plan.transactions.push(ownerhash(hash, standing)?);
            }
            if !standing.walk.recordhash.is_empty()
                && standing.walk.recordhash != standing.ownerhash
            {
                plan.warnings.push(format!(
                    "{} has a recordhash of its own, or one above it, which goes before the \
                     ownerhash: {}",
                    request.name, standing.walk
                ));
            }
        }
        _ => {}
    }
    plan.transactions.extend(clear(request, standing)?);
    let moves = plan.transactions.len() > resolvers;
    let (before, after) = approvals(standing, moves)?;
    plan.transactions.extend(after);
    plan.transactions.splice(resolvers..resolvers, before);
    Ok(plan)
}

fn not_owner(standing: &Standing, what: &'static str) -> SetupError {
    SetupError::NotOwner {
        sender: standing.sender,
        name: standing.base.name.clone(),
        owner: standing.base.owner(),
        owner_is_contract: standing.owner_is_contract,
        what,
    }
}

/// What is set in the old registry is not what clients find for a name of ENSv2.
fn of_ensv2(standing: &Standing) -> Option<String> {
    let Standing { resolver, .. } = standing;
    let name = &standing.base.name;
    if let Some(found) = standing.moved_to.filter(|found| found != resolver) {
        return Some(format!(
            "{name} is registered in ENSv2: the Universal Resolver, which clients ask, finds the \
             resolver {found} for it, whatever the ENSv1 registry says. Set its resolver to \
             {resolver} in ENSv2 too"
        ));
    }
    let cleared = standing.resolver_is_cleared() && standing.moved_to.is_none();
    cleared.then(|| {
        format!(
            "{name} has no resolver in the ENSv1 registry. ENSv2 clears it when a name migrates: \
             if this one did, set its resolver to {resolver} in ENSv2 instead, because clients no \
             longer ask the old registry"
        )
    })
}

/// The registry keeps the owner of a name whose registration has ended.
fn expired(standing: &Standing) -> Option<String> {
    let ended = standing.expires.filter(|ends| *ends <= standing.now)?;
    let ended = i64::try_from(ended).ok().and_then(|ended| Timestamp::from_second(ended).ok())?;
    Some(format!(
        "the registration of {} ended at {ended}: renew it first, or somebody else can register \
         it and decide about its records",
        standing.base.name
    ))
}

fn resolver(contracts: &Contracts, standing: &Standing) -> Result<SetupTransaction, SetupError> {
    if standing.resolver_is_locked {
        let (name, resolver) = (standing.base.name.clone(), standing.resolver_now);
        return Err(SetupError::ResolverLocked { name, resolver });
    }
    if !standing.may_set_resolver {
        return Err(not_owner(standing, "set the resolver"));
    }
    let (node, resolver) = (standing.base.name.node(), standing.resolver);
    let (to, where_) = match standing.base.wrapper_owner {
        Some(_) => (contracts.name_wrapper, "NameWrapper"),
        None => (contracts.registry, "registry"),
    };
    let before = match standing.resolver_now.is_zero() {
        true => "it has none now".to_owned(),
        false => {
            format!("it is {} now, whose records will no longer be read", standing.resolver_now)
        }
    };
    Ok(SetupTransaction {
        to,
        data: calls::setResolverCall { node, resolver }.abi_encode().into(),
        value: U256::ZERO,
        description: format!(
            "set the resolver of {} to {resolver}, in the {where_} ({before})",
            standing.base.name
        ),
        nonce: None,
        checks: vec![Check::Resolver { node, resolver }],
    })
}

fn recordhash(
    name: &Name,
    recordhash: &Recordhash,
    standing: &Standing,
) -> Result<SetupTransaction, SetupError> {
    let bytes = Bytes::from(recordhash.contract_bytes());
    let words = |by: &str| format!("set the recordhash of {name} to {recordhash} ({by})");
    keep(name, bytes, words, standing)
}

/// What keeps `bytes` as the recordhash of `name`.
fn keep(
    name: &Name,
    bytes: Bytes,
    words: impl FnOnce(&str) -> String,
    standing: &Standing,
) -> Result<SetupTransaction, SetupError> {
    let owner = standing.base.owner();
    if standing.sender != owner && !standing.is_manager {
        return Err(not_owner(standing, "set the recordhash"));
    }
    let base = &standing.base.name;
    let node = base.node();
    let below = name.labels().count() - base.labels().count();
    let mut subdomains: Vec<String> = name.labels().take(below).map(str::to_owned).collect();
    let hash = bytes.clone();
    let (data, by) = match (subdomains.len(), <[u8; 32]>::try_from(&bytes[..])) {
        (0, Ok(short)) => {
            let call = calls::setShortRecordhashCall { node, hash: short.into() };
            (call.abi_encode(), "setShortRecordhash")
        }
        (0, Err(_)) => (calls::setRecordhashCall { node, hash }.abi_encode(), "setRecordhash"),
        (1, _) => {
            let subdomain = subdomains.remove(0);
            let call = calls::setSubRecordhashCall { node, subdomain, hash };
            (call.abi_encode(), "setSubRecordhash")
        }
        _ => {
            let call = calls::setDeepSubRecordhashCall { node, subdomains, hash };
            (call.abi_encode(), "setDeepSubRecordhash")
        }
    };
    Ok(SetupTransaction {
        to: standing.resolver,
        data: data.into(),
        value: U256::ZERO,
        description: words(by),
        nonce: None,
        checks: vec![Check::Recordhash { resolver: standing.resolver, key: name.node(), bytes }],
    })
}

fn ownerhash(recordhash: &Recordhash, standing: &Standing) -> Result<SetupTransaction, SetupError> {
    let owner = standing.base.owner();
    let words = |by: &str| {
        format!(
            "set the ownerhash of {owner}, for all its names without a recordhash, to {recordhash} \
             ({by})"
        )
    };
    keep_for_owner(recordhash.contract_bytes().into(), words, standing)
}

/// What keeps `bytes` as the ownerhash of the owner.
fn keep_for_owner(
    bytes: Bytes,
    words: impl FnOnce(&str) -> String,
    standing: &Standing,
) -> Result<SetupTransaction, SetupError> {
    let owner = standing.base.owner();
    // The contract sets that of whoever sends.
    if standing.sender != owner {
        return Err(not_owner(standing, "set the ownerhash"));
    }
    let (data, by) = match <[u8; 32]>::try_from(&bytes[..]) {
        Ok(short) => {
            (calls::setShortOwnerhashCall { hash: short.into() }.abi_encode(), "setShortOwnerhash")
        }
        Err(_) => (calls::setOwnerhashCall { hash: bytes.clone() }.abi_encode(), "setOwnerhash"),
    };
    let by = match standing.ownerhash_fee.is_zero() {
        true => by.to_owned(),
        false => format!("{by}, with the resolver's fee of {} wei", standing.ownerhash_fee),
    };
    Ok(SetupTransaction {
        to: standing.resolver,
        data: data.into(),
        value: standing.ownerhash_fee,
        description: words(&by),
        nonce: None,
        checks: vec![Check::Recordhash {
            resolver: standing.resolver,
            key: owner.into_word(),
            bytes,
        }],
    })
}

/// What empties a recordhash or an ownerhash; what is set in their place goes before.
fn clear(request: &SetupRequest, standing: &Standing) -> Result<Vec<SetupTransaction>, SetupError> {
    let shown = |bytes: &Bytes| shown_bytes(bytes).unwrap_or_else(|| "none".to_owned());
    let (name, owner) = (&request.name, standing.base.owner());
    let mut transactions = Vec::new();
    if request.clear.recordhash && !standing.recordhash.is_empty() {
        let ownerhash = match &request.pointer {
            Some(Pointer::Ownerhash(hash)) => Some(hash.to_string()),
            _ if request.clear.ownerhash => None,
            _ => shown_bytes(&standing.ownerhash),
        };
        let then = match ownerhash {
            _ if *name != standing.base.name => {
                "then the recordhash of the closest name above it applies".to_owned()
            }
            Some(hash) => format!("then the ownerhash of its owner applies, {hash}"),
            None => "then nothing says where its records are".to_owned(),
        };
        let now = shown(&standing.recordhash);
        let words = |by: &str| format!("clear the recordhash of {name}, {now} ({by}): {then}");
        transactions.push(keep(name, Bytes::new(), words, standing)?);
    }
    if request.clear.ownerhash && !standing.ownerhash.is_empty() {
        let now = shown(&standing.ownerhash);
        let words = |by: &str| {
            format!(
                "clear the ownerhash of {owner}, {now} ({by}): then nothing says where the records \
                 are of its names without a recordhash"
            )
        };
        transactions.push(keep_for_owner(Bytes::new(), words, standing)?);
    }
    Ok(transactions)
}

/// What approves signers on chain, and takes approvals back: one transaction, unless records are
/// said to be elsewhere in between (`moves`). A new signer is approved before, and a former one
/// revoked after, so that at any moment what is read verifies.
fn approvals(
    standing: &Standing,
    moves: bool,
) -> Result<(Option<SetupTransaction>, Option<SetupTransaction>), SetupError> {
    let (new, old): (Vec<_>, Vec<_>) = standing.signers.iter().cloned().partition(|one| one.wanted);
    let of =
        |signers: &[SignerStanding]| of_signers(standing.resolver, standing.base.owner(), signers);
    let parts = match moves {
        true => (of(&new), of(&old)),
        false => (None, of(&standing.signers)),
    };
    // The contract takes it as the word of whoever sends.
    let any = parts.0.is_some() || parts.1.is_some();
    if any && standing.sender != standing.base.owner() {
        return Err(not_owner(standing, "approve or revoke a signer on chain"));
    }
    Ok(parts)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
