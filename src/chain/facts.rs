//! Who owns a name, and which contract resolves it.

use std::fmt;

use alloy_primitives::{Address, B256, FixedBytes, U256, keccak256};
use futures_util::future::{try_join, try_join_all};

use super::answer::Answer;
use super::contracts::calls;
use super::error::ChainError;
use super::reader::BlockReader;
use super::view::ChainView;
use crate::ens::Name;

/// ENSIP-10, `resolve(bytes,bytes)`.
const EXTENDED_RESOLVER: [u8; 4] = [0x90, 0x61, 0xb9, 0x23];

/// ERC-165: no contract supports it.
pub(super) const NO_INTERFACE: [u8; 4] = [0xff; 4];

/// What the code of an account that delegates to a contract begins with (EIP-7702).
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];

/// What the chain says about a name, whatever its resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameFacts {
    /// The name.
    pub name: Name,
    /// Its owner in the registry, who may set the resolver; zero when it is not registered
    /// there.
    pub registry_owner: Address,
    /// Its owner in the NameWrapper, which is the registry's owner then.
    pub wrapper_owner: Option<Address>,
    /// Who holds the token of a second-level name, where its registrar has tokens.
    pub registrant: Option<Address>,
    /// Its resolver.
    pub resolver: Option<FoundResolver>,
}

/// A resolver and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundResolver {
    /// The contract.
    pub address: Address,
    /// The name it is set for: the name itself, or the closest ancestor with a resolver.
    pub level: Name,
    /// Whether it resolves names below (ENSIP-10).
    pub extended: bool,
}

impl NameFacts {
    /// The owner: in the NameWrapper for wrapped names, else in the registry.
    pub fn owner(&self) -> Address {
        self.wrapper_owner.unwrap_or(self.registry_owner)
    }

    /// Whether the resolver is an ancestor's.
    pub fn is_wildcard(&self) -> bool {
        self.resolver.as_ref().is_some_and(|resolver| resolver.level != self.name)
    }
}

impl fmt::Display for FoundResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resolver {} ({})", self.address, self.level)
    }
}

/// What nodes must agree on.
impl fmt::Display for NameFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "owner {}", self.owner())?;
        match &self.resolver {
            Some(resolver) => write!(f, ", {resolver}"),
            None => f.write_str(", no resolver"),
        }
    }
}

/// A name and its ancestors, the deepest first, down to the top-level domain.
pub(super) fn levels(name: &Name) -> Vec<Name> {
    std::iter::successors(Some(name.clone()), Name::parent).collect()
}

impl ChainView {
    /// Owner, wrapper and resolver of `name`.
    ///
    /// # Errors
    /// When the chain cannot be asked or has no ENS.
    pub async fn name_facts(&self, name: &Name) -> Result<Answer<NameFacts>, ChainError> {
        let what = format!("owner and resolver of {name}");
        self.agreed(&what, |at| async move { at.name_facts(name).await }).await
    }

    /// Whether there is code at an address.
    ///
    /// # Errors
    /// When the chain cannot be asked.
    pub async fn has_code(&self, address: Address) -> Result<Answer<bool>, ChainError> {
        let what = format!("the code of {address}");
        self.agreed(&what, |at| async move { Ok(!at.code(address).await?.is_empty()) }).await
    }

    /// Whether a contract is at an address, such as a multisig: it has no key that signs texts. An
    /// account that delegates to a contract (EIP-7702) keeps its key.
    ///
    /// # Errors
    /// When the chain cannot be asked.
    pub async fn is_contract(&self, address: Address) -> Result<Answer<bool>, ChainError> {
        let what = format!("whether {address} is a contract");
        self.agreed(&what, |at| async move { at.is_contract(address).await }).await
    }

    /// The owner of a node: in the NameWrapper for wrapped names, else in the registry; zero when
    /// it is not registered.
    ///
    /// # Errors
    /// When the chain cannot be asked or has no ENS.
    pub async fn owner(&self, node: B256) -> Result<Answer<Address>, ChainError> {
        let owner = |at: BlockReader| async move {
            let (registry_owner, wrapper_owner) = at.owners(node).await?;
            Ok(wrapper_owner.unwrap_or(registry_owner))
        };
        self.agreed(&format!("the owner of {node}"), owner).await
    }

    /// The resolver of a name by the Universal Resolver: for names that the registry has no
    /// resolver for, such as those that moved to ENSv2.
    ///
    /// # Errors
    /// When the chain cannot be asked.
    pub async fn find_universally(
        &self,
        name: &Name,
    ) -> Result<Answer<Option<FoundResolver>>, ChainError> {
        let what = format!("resolver of {name} by the Universal Resolver");
        let find =
            |at: BlockReader| async move { at.find_universally(name).await.map(Universally) };
        Ok(self.agreed(&what, find).await?.map(|Universally(found)| found))
    }
}

/// What the Universal Resolver finds.
#[derive(PartialEq)]
struct Universally(Option<FoundResolver>);

impl fmt::Display for Universally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(resolver) => resolver.fmt(f),
            None => f.write_str("none"),
        }
    }
}

impl BlockReader {
    pub(super) async fn name_facts(&self, name: &Name) -> Result<NameFacts, ChainError> {
        let ((registry_owner, wrapper_owner), (registrant, resolver)) = try_join(
            self.owners(name.node()),
            try_join(self.registrant(name), self.find_resolver(name)),
        )
        .await?;
        Ok(NameFacts { name: name.clone(), registry_owner, wrapper_owner, registrant, resolver })
    }

    /// The registry's owner of a node and, when that is the NameWrapper, the wrapper's.
    async fn owners(&self, node: B256) -> Result<(Address, Option<Address>), ChainError> {
        let contracts = *self.contracts();
        let owner = self.ask(contracts.registry, calls::ownerCall { node }).await?;
        let owner = owner.ok_or(ChainError::NoRegistry(contracts.registry))?;
        if owner != contracts.name_wrapper {
            return Ok((owner, None));
        }
        let id = U256::from_be_bytes(node.0);
        let wrapped = self.ask(contracts.name_wrapper, calls::ownerOfCall { id }).await?;
        Ok((owner, wrapped))
    }

    /// The holder of a second-level name's token.
    async fn registrant(&self, name: &Name) -> Result<Option<Address>, ChainError> {
        match self.token(name).await? {
            // Registrars are anybody's contracts, and what they say is only shown.
            Some((registrar, id)) => self.probe(registrar, calls::ownerOfCall { id }).await,
            None => Ok(None),
        }
    }

    /// When the registration of a second-level name ends, in seconds since 1970, where its
    /// registrar says so.
    pub(super) async fn expires(&self, name: &Name) -> Result<Option<u64>, ChainError> {
        let Some((registrar, id)) = self.token(name).await? else { return Ok(None) };
        let ends = self.probe(registrar, calls::nameExpiresCall { id }).await?;
        Ok(ends.filter(|ends| !ends.is_zero()).and_then(|ends| ends.try_into().ok()))
    }

    /// The registrar of a second-level name, and the name's token there.
    async fn token(&self, name: &Name) -> Result<Option<(Address, U256)>, ChainError> {
        let (Some(parent), Some(label)) = (name.parent(), name.labels().next()) else {
            return Ok(None);
        };
        if parent.parent().is_some() {
            return Ok(None);
        }
        let call = calls::ownerCall { node: parent.node() };
        let registrar = self.ask(self.contracts().registry, call).await?.unwrap_or_default();
        let id = U256::from_be_bytes(keccak256(label).0);
        Ok((!registrar.is_zero()).then_some((registrar, id)))
    }

    /// Whether a contract is at this address, such as a multisig: it has no key that signs
    /// texts. An account that delegates to a contract (EIP-7702) keeps its key.
    pub(super) async fn is_contract(&self, address: Address) -> Result<bool, ChainError> {
        let code = self.code(address).await?;
        Ok(!code.is_empty() && !code.starts_with(&DELEGATION))
    }

    /// The resolver of a name by ENSIP-10: its own, or that of the closest ancestor with one,
    /// which must resolve names below it.
    async fn find_resolver(&self, name: &Name) -> Result<Option<FoundResolver>, ChainError> {
        let registry = self.contracts().registry;
        let levels = levels(name);
        let asked = levels
            .iter()
            .map(|level| self.ask(registry, calls::resolverCall { node: level.node() }));
        let resolvers = try_join_all(asked).await?;
        for (level, resolver) in levels.into_iter().zip(resolvers) {
            let address = resolver.ok_or(ChainError::NoRegistry(registry))?;
            if address.is_zero() {
                continue;
            }
            let extended = self.supports(address, EXTENDED_RESOLVER).await?;
            let found = FoundResolver { address, extended, level };
            return Ok((found.level == *name || extended).then_some(found));
        }
        Ok(None)
    }

    pub(super) async fn find_universally(
        &self,
        name: &Name,
    ) -> Result<Option<FoundResolver>, ChainError> {
        let wire = name.dns();
        let call = calls::findResolverCall { name: wire.clone().into() };
        let Some(found) = self.ask(self.contracts().universal_resolver, call).await? else {
            return Ok(None);
        };
        let (address, offset) = (found.resolver, found.offset);
        let is_level = |level: &Name| U256::from(wire.len() - level.dns().len()) == offset;
        let Some(level) = levels(name).into_iter().find(is_level) else { return Ok(None) };
        if address.is_zero() {
            return Ok(None);
        }
        let extended = self.supports(address, EXTENDED_RESOLVER).await?;
        let found = FoundResolver { address, extended, level };
        Ok((found.level == *name || extended).then_some(found))
    }

    /// ERC-165. A contract that says yes to what nobody has is not believed.
    pub(super) async fn supports(
        &self,
        contract: Address,
        id: [u8; 4],
    ) -> Result<bool, ChainError> {
        Ok(self.claims(contract, id).await? && !self.claims(contract, NO_INTERFACE).await?)
    }

    pub(super) async fn claims(&self, contract: Address, id: [u8; 4]) -> Result<bool, ChainError> {
        let call = calls::supportsInterfaceCall { id: FixedBytes(id) };
        Ok(self.probe(contract, call).await?.unwrap_or(false))
    }
}
