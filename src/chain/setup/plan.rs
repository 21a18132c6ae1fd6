//! The transactions that are missing, each in words.

use alloy::sol_types::SolCall;
use alloy_primitives::{Address, B256, Bytes, U256};
use jiff::Timestamp;

use super::{Pointer, SetupError, SetupRequest, Standing};
use crate::chain::Contracts;
use crate::chain::contracts::calls;
use crate::ens::Name;
use crate::recordhash::Recordhash;

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
    /// What must be read afterwards.
    pub(super) check: Check,
}

/// What a transaction brings about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Resolver { node: B256, resolver: Address },
    Recordhash { resolver: Address, key: B256, bytes: Bytes },
    Approved { resolver: Address, owner: Address, node: B256, signer: Address },
}

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
    if standing.resolver_now != standing.resolver {
        plan.transactions.push(resolver(contracts, standing)?);
    }
    plan.warnings.extend(of_ensv2(standing));
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
    if let (Some(signer), Some(false)) = (request.approve, standing.signer_approved) {
        plan.transactions.push(approve(signer, standing)?);
    }
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
        check: Check::Resolver { node, resolver },
    })
}

fn recordhash(
    name: &Name,
    recordhash: &Recordhash,
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
    let bytes = Bytes::from(recordhash.contract_bytes());
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
        description: format!("set the recordhash of {name} to {recordhash} ({by})"),
        check: Check::Recordhash { resolver: standing.resolver, key: name.node(), bytes },
    })
}

fn ownerhash(recordhash: &Recordhash, standing: &Standing) -> Result<SetupTransaction, SetupError> {
    let owner = standing.base.owner();
    // The contract sets that of whoever sends.
    if standing.sender != owner {
        return Err(not_owner(standing, "set the ownerhash"));
    }
    let bytes = Bytes::from(recordhash.contract_bytes());
    let (data, by) = match <[u8; 32]>::try_from(&bytes[..]) {
        Ok(short) => {
            (calls::setShortOwnerhashCall { hash: short.into() }.abi_encode(), "setShortOwnerhash")
        }
        Err(_) => (calls::setOwnerhashCall { hash: bytes.clone() }.abi_encode(), "setOwnerhash"),
    };
    let fee = match standing.ownerhash_fee.is_zero() {
        true => String::new(),
        false => format!(", with the resolver's fee of {} wei", standing.ownerhash_fee),
    };
    Ok(SetupTransaction {
        to: standing.resolver,
        data: data.into(),
        value: standing.ownerhash_fee,
        description: format!(
            "set the ownerhash of {owner}, for all its names without a recordhash, to {recordhash} \
             ({by}{fee})"
        ),
        check: Check::Recordhash { resolver: standing.resolver, key: owner.into_word(), bytes },
    })
}

fn approve(signer: Address, standing: &Standing) -> Result<SetupTransaction, SetupError> {
    let owner = standing.base.owner();
    // The contract takes it as the approval of whoever sends.
    if standing.sender != owner {
        return Err(not_owner(standing, "approve a signer on chain"));
    }
    let (node, resolver) = (standing.base.name.node(), standing.resolver);
    Ok(SetupTransaction {
        to: resolver,
        data: calls::approveCall { node, signer, approved: true }.abi_encode().into(),
        value: U256::ZERO,
        description: format!(
            "approve {signer} on chain as a signer and manager of the records of {}",
            standing.base.name
        ),
        check: Check::Approved { resolver, owner, node, signer },
    })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
