//! The records resolver (CCIP2, [resolver](crate::spec::resolver)): which recordhash applies to a
//! name, its gateways, and whom an owner approved.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize, Serializer};

use super::answer::Answer;
use super::contracts::calls;
use super::error::ChainError;
use super::facts::{NO_INTERFACE, levels};
use super::reader::BlockReader;
use super::view::ChainView;
use crate::ens::Name;
use crate::request::SIGNED_RECORD_SELECTOR;

/// Gateways of a list that are read at most.
const MAX_GATEWAYS: usize = 16;
/// Labels the contract has room for.
const MAX_LABELS: usize = 42;

/// What one level of a name has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The level.
    pub name: Name,
    /// Whether the registry has it.
    pub registered: bool,
    /// Its recordhash in the resolver; may be empty.
    pub recordhash: Bytes,
}

/// Where the recordhash that applies comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordhashSource {
    /// It is set for this name: the one that is resolved, or one above it.
    Name(Name),
    /// It is the owner's (ownerhash).
    Owner(Address),
    /// There is none: the resolver's own web2 gateways are asked.
    Web2Default,
}

/// What the resolver's walk from the top-level domain down to a name finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The deepest registered level, whose owner decides.
    pub level: Option<Name>,
    /// Its node; zero when nothing is registered.
    pub node: B256,
    /// Its owner in the registry.
    pub registry_owner: Address,
    /// Its owner: the wrapper's where the resolver knows the registry's owner as a wrapper.
    pub owner: Address,
    /// The recordhash as it is kept; empty when there is none.
    pub recordhash: Bytes,
    /// Where that is from.
    pub source: RecordhashSource,
}

/// What nodes must agree on.
impl fmt::Display for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "owner {}, ", self.owner)?;
        match &self.source {
            RecordhashSource::Web2Default => f.write_str("no recordhash"),
            RecordhashSource::Name(name) => {
                write!(f, "recordhash {} of {name}", hex::encode_prefixed(&self.recordhash))
            }
            RecordhashSource::Owner(owner) => {
                write!(f, "recordhash {} of {owner}", hex::encode_prefixed(&self.recordhash))
            }
        }
    }
}

/// The gateways of a records resolver. All are host names, without scheme, as the contract has
/// them: nothing about them is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayLists {
    /// The contract that lists them.
    #[serde(serialize_with = "checksummed")]
    pub manager: Address,
    /// `PrimaryGateway()`, may be empty.
    pub primary: String,
    /// `listWeb3Gateways()`
    pub web3: Vec<String>,
    /// `listWeb2Gateways()`
    pub web2: Vec<String>,
}

impl fmt::Display for GatewayLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { primary, web3, web2, .. } = self;
        write!(f, "primary {primary:?}, web3 {web3:?}, web2 {web2:?}")
    }
}

/// EIP-55, as everywhere in JSON.
fn checksummed<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(address)
}

/// The recordhash that applies, by number of its level, and the deepest registered level.
/// `levels` begins with the second level and ends with the name.
fn descend(levels: &[Level]) -> (Option<usize>, Option<usize>) {
    let (mut found, mut node) = (None, None);
    for (number, level) in levels.iter().enumerate() {
        if level.registered {
            node = Some(number);
            // A registered level replaces what is above it even with nothing.
            found = (!level.recordhash.is_empty()).then_some(number);
        } else if !level.recordhash.is_empty() {
            found = Some(number);
        }
    }
    (node, found)
}

impl ChainView {
    /// Whether a contract is a records resolver.
    ///
    /// # Errors
    /// When the chain cannot be asked.
    pub async fn is_records_resolver(&self, contract: Address) -> Result<Answer<bool>, ChainError> {
        let what = format!("the kind of resolver {contract}");
        self.agreed(&what, |at| async move { at.is_records_resolver(contract).await }).await
    }

    /// The walk of the records resolver `resolver` for `name`.
    ///
    /// # Errors
    /// When the chain cannot be asked or a contract does not answer.
    pub async fn walk(&self, resolver: Address, name: &Name) -> Result<Answer<Walk>, ChainError> {
        let what = format!("recordhash of {name}");
        self.agreed(&what, |at| async move { at.walk(resolver, name).await }).await
    }

    /// Whether `owner` approved `signer` for `node` on chain.
    ///
    /// # Errors
    /// When the chain cannot be asked or the contract does not answer.
    pub async fn is_approved_signer(
        &self,
        resolver: Address,
        owner: Address,
        node: B256,
        signer: Address,
    ) -> Result<Answer<bool>, ChainError> {
        let what = format!("the approval of {signer} by {owner}");
        let ask = |at: BlockReader| async move {
            at.is_approved_signer(resolver, owner, node, signer).await
        };
        self.agreed(&what, ask).await
    }

    /// The gateways of a records resolver.
    ///
    /// # Errors
    /// When the chain cannot be asked.
    pub async fn gateway_lists(
        &self,
        resolver: Address,
    ) -> Result<Answer<GatewayLists>, ChainError> {
        let what = format!("the gateways of {resolver}");
        self.agreed(&what, |at| async move { at.gateway_lists(resolver).await }).await
    }
}

impl BlockReader {
    pub(super) async fn is_records_resolver(&self, contract: Address) -> Result<bool, ChainError> {
        if self.supports(contract, SIGNED_RECORD_SELECTOR).await? {
            return Ok(true);
        }
        let (gateway, recordhash) = try_join(
            self.probe(contract, calls::gatewayCall {}),
            self.probe(contract, calls::recordhashCall { node: B256::ZERO }),
        )
        .await?;
        let has_both = gateway.is_some_and(|gateway| !gateway.is_zero()) && recordhash.is_some();
        Ok(has_both && !self.claims(contract, NO_INTERFACE).await?)
    }

    async fn walk(&self, resolver: Address, name: &Name) -> Result<Walk, ChainError> {
        let mut names = levels(name);
        // The top-level domain itself takes no part.
        names.pop();
        names.reverse();
        names.truncate(MAX_LABELS);
        let levels = names.into_iter().map(|name| self.level(resolver, name));
        let levels: Vec<Level> = try_join_all(levels).await?;
        let (node, found) = descend(&levels);
        let level = node.map(|number| levels[number].name.clone());
        let node = level.as_ref().map(Name::node).unwrap_or_default();
        let (registry_owner, owner) = self.owner_as_seen_by(resolver, node).await?;
        if let Some(number) = found {
            let Level { name, recordhash, .. } = levels[number].clone();
            let source = RecordhashSource::Name(name);
            return Ok(Walk { level, node, registry_owner, owner, recordhash, source });
        }
        let recordhash = self.recordhash(resolver, owner.into_word()).await?;
        let source = match recordhash.is_empty() {
            true => RecordhashSource::Web2Default,
            false => RecordhashSource::Owner(owner),
        };
        Ok(Walk { level, node, registry_owner, owner, recordhash, source })
    }

    async fn level(&self, resolver: Address, name: Name) -> Result<Level, ChainError> {
        let node = name.node();
        let (registered, recordhash) = try_join(
            self.require(self.contracts().registry, calls::recordExistsCall { node }),
            self.recordhash(resolver, node),
        )
        .await?;
        Ok(Level { name, registered, recordhash })
    }

    /// The recordhash that a records resolver keeps for a node, or for an owner (its address as
    /// a word).
    pub(super) async fn recordhash(
        &self,
        resolver: Address,
        node: B256,
    ) -> Result<Bytes, ChainError> {
        self.require(resolver, calls::recordhashCall { node }).await
    }

    /// The registry's owner, and the owner as the resolver takes it.
    async fn owner_as_seen_by(
        &self,
        resolver: Address,
        node: B256,
    ) -> Result<(Address, Address), ChainError> {
        let contracts = *self.contracts();
        let owner = self.ask(contracts.registry, calls::ownerCall { node }).await?;
        let owner = owner.ok_or(ChainError::NoRegistry(contracts.registry))?;
        let call = calls::isWrapperCall { contractAddress: owner };
        let known = self.ask(resolver, call).await?;
        if !known.unwrap_or(owner == contracts.name_wrapper) {
            return Ok((owner, owner));
        }
        let id = U256::from_be_bytes(node.0);
        let wrapped = self.require(owner, calls::ownerOfCall { id }).await?;
        Ok((owner, wrapped))
    }

    pub(super) async fn is_approved_signer(
        &self,
        resolver: Address,
        owner: Address,
        node: B256,
        signer: Address,
    ) -> Result<bool, ChainError> {
        self.require(resolver, calls::isApprovedSignerCall { owner, node, signer }).await
    }

    async fn gateway_lists(&self, resolver: Address) -> Result<GatewayLists, ChainError> {
        let Some(manager) = self.ask(resolver, calls::gatewayCall {}).await? else {
            return Ok(GatewayLists::default());
        };
        let (primary, (web3, web2)) = try_join(
            self.ask(manager, calls::PrimaryGatewayCall {}),
            try_join(
                self.ask(manager, calls::listWeb3GatewaysCall {}),
                self.ask(manager, calls::listWeb2GatewaysCall {}),
            ),
        )
        .await?;
        let bounded = |list: Option<Vec<String>>| {
            list.unwrap_or_default().into_iter().take(MAX_GATEWAYS).collect()
        };
        let (web3, web2) = (bounded(web3), bounded(web2));
        Ok(GatewayLists { manager, primary: primary.unwrap_or_default(), web3, web2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(levels: &[(bool, &str)]) -> (Option<usize>, Option<usize>) {
        let level = |(registered, recordhash): &(bool, &str)| Level {
            name: Name::parse("nick.eth").unwrap(),
            registered: *registered,
            recordhash: recordhash.as_bytes().to_vec().into(),
        };
        descend(&levels.iter().map(level).collect::<Vec<_>>())
    }

    #[test]
    fn the_walk_of_the_contract() {
        assert_eq!(walk(&[]), (None, None));
        assert_eq!(walk(&[(true, "a")]), (Some(0), Some(0)));
        assert_eq!(walk(&[(true, "")]), (Some(0), None));
        // A subname the registry does not have stands under its parent's, or its own.
        assert_eq!(walk(&[(true, "a"), (false, "")]), (Some(0), Some(0)));
        assert_eq!(walk(&[(true, "a"), (false, "b")]), (Some(0), Some(1)));
        // One it has does not, even when it has no recordhash.
        assert_eq!(walk(&[(true, "a"), (true, "")]), (Some(1), None));
        assert_eq!(walk(&[(true, "a"), (true, ""), (false, "c")]), (Some(1), Some(2)));
        assert_eq!(walk(&[(false, "a"), (false, "")]), (None, Some(0)));
    }
}
