//! What a [Dev3](crate::spec::deployed_client) resolver says on chain: whose web server has a
//! name's records, and who may sign them.

use std::fmt;

use alloy_primitives::{Address, B256};
use futures_util::future::try_join_all;

use crate::chain::{Answer, BlockReader, ChainError, ChainView};
use crate::ens::Name;
use crate::request::Dev3Context;

mod calls {
    #![allow(missing_docs)]
    alloy::sol! {
        function dev3Space(bytes32 node) view
            returns (bool core, string gateway, string fallbackGateway);
        function isApprovedSigner(bytes32 node, address signer) view returns (bool);
    }
}

/// Where the records of a name are, and of all below it that have no such entry of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dev3Space {
    /// The name that has the entry: the longest one at or above the name that is resolved.
    pub level: Name,
    /// Whether it is one of the resolver's own names, of which every record needs an approval,
    /// and whose subnames are GitHub accounts.
    pub core: bool,
    /// The host that has the records of the name that is resolved, without scheme.
    pub gateway: String,
}

/// What nodes must agree on.
impl fmt::Display for Dev3Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = if self.core { ", core" } else { "" };
        write!(f, "gateway {} of {}{core}", self.gateway, self.level)
    }
}

impl Dev3Space {
    /// What signatures are checked against.
    pub(super) fn context<'a>(
        &'a self,
        name: &'a Name,
        resolver: Address,
        chain_id: u64,
    ) -> Dev3Context<'a> {
        Dev3Context { name, gateway: &self.gateway, resolver, core: self.core, chain_id }
    }
}

/// The host of a name's records: below a core name, the GitHub pages of the account that the
/// third label from the right names.
fn gateway_of(name: &Name, core: bool, gateway: String) -> String {
    match name.labels().rev().nth(2) {
        Some(account) if core => format!("{account}.github.io"),
        _ => gateway,
    }
}

/// Whether a contract is a Dev3 resolver.
pub(super) async fn speaks_dev3(
    view: &ChainView,
    contract: Address,
) -> Result<Answer<bool>, ChainError> {
    let ask = |at: BlockReader| async move {
        Ok(at.probe(contract, calls::dev3SpaceCall { node: B256::ZERO }).await?.is_some())
    };
    view.agreed(&format!("the kind of resolver {contract}"), ask).await
}

/// Where the records of `name` are; `None` when no name at or above it has an entry.
pub(super) async fn space(
    view: &ChainView,
    resolver: Address,
    name: &Name,
) -> Result<Answer<Option<Dev3Space>>, ChainError> {
    let ask = |at: BlockReader| async move { space_at(&at, resolver, name).await.map(Found) };
    let what = format!("the gateway of {name}");
    Ok(view.agreed(&what, ask).await?.map(|Found(space)| space))
}

async fn space_at(
    at: &BlockReader,
    resolver: Address,
    name: &Name,
) -> Result<Option<Dev3Space>, ChainError> {
    // A top-level domain has no entry.
    let levels = std::iter::successors(Some(name.clone()), Name::parent);
    let levels: Vec<Name> = levels.filter(|level| level.parent().is_some()).collect();
    let calls = levels
        .iter()
        .map(|level| at.require(resolver, calls::dev3SpaceCall { node: level.node() }));
    let entries = try_join_all(calls).await?;
    let found = levels.into_iter().zip(entries).find(|(_, entry)| !entry.gateway.is_empty());
    Ok(found.map(|(level, entry)| Dev3Space {
        level,
        core: entry.core,
        gateway: gateway_of(name, entry.core, entry.gateway),
    }))
}

/// Whether a signer is approved for the node of an entry.
pub(super) async fn is_approved(
    view: &ChainView,
    resolver: Address,
    space: &Dev3Space,
    signer: Address,
) -> Result<Answer<bool>, ChainError> {
    let node = space.level.node();
    let ask = |at: BlockReader| async move {
        at.require(resolver, calls::isApprovedSignerCall { node, signer }).await
    };
    view.agreed(&format!("the approval of {signer}"), ask).await
}

/// What the levels of a name have.
#[derive(PartialEq)]
struct Found(Option<Dev3Space>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(space) => space.fmt(f),
            None => f.write_str("no gateway"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_a_core_name_are_github_accounts() {
        let of = |name: &str, core| {
            gateway_of(&Name::parse(name).unwrap(), core, "space.example".to_owned())
        };
        assert_eq!(of("dev3.eth", true), "space.example");
        assert_eq!(of("alice.dev3.eth", true), "alice.github.io");
        assert_eq!(of("blog.alice.dev3.eth", true), "alice.github.io");
        assert_eq!(of("alice.nick.eth", false), "space.example");
    }
}
