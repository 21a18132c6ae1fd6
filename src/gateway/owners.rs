//! Who owns a name, and whom they approved on chain.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};

use crate::chain::{ChainError, ChainView, Rpc};
use crate::ens::Name;

/// How long a block counts as the newest. What is said at a block is remembered with it.
const NEWEST: Duration = Duration::from_secs(2);

/// Whom the gateway believes about owners.
pub enum Owners {
    /// Whoever runs it says that all names are of this owner, who approved nobody on chain.
    Told(Address),
    /// The chain.
    Chain(Box<ChainOwners>),
}

/// The owner of a name, and the node whose owner that is: of a name that is not registered, the
/// closest one above it that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The owner.
    pub owner: Address,
    /// The node.
    pub node: B256,
}

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub enum OwnersError {
    /// The chain could not be asked.
    #[error("who owns the name could not be asked: {0}")]
    Chain(#[from] ChainError),
    /// Neither the name nor one above it is registered.
    #[error("nobody owns {0}")]
    Nobody(Name),
}

/// Owners as the chain has them.
pub struct ChainOwners {
    rpc: Rpc,
    newest: Mutex<Option<(Instant, ChainView)>>,
}

impl ChainOwners {
    /// Of the chain that `rpc` asks.
    pub fn new(rpc: Rpc) -> Self {
        Self { rpc, newest: Mutex::new(None) }
    }

    /// The chain as it is now.
    async fn now(&self) -> Result<ChainView, ChainError> {
        let known = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((asked, view)) = known
            && asked.elapsed() < NEWEST
        {
            return Ok(view);
        }
        let view = self.rpc.at(self.rpc.latest().await?.value);
        let newest = Some((Instant::now(), view.clone()));
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        Ok(view)
    }

    async fn of(&self, name: &Name) -> Result<Owned, OwnersError> {
        let view = self.now().await?;
        let mut level = Some(name.clone());
        while let Some(asked) = level {
            // One question a level, which is remembered for others below it.
            if view.owner(asked.node()).await?.value != Address::ZERO {
                let owner = view.name_facts(&asked).await?.value.owner();
                return Ok(Owned { owner, node: asked.node() });
            }
            level = asked.parent();
        }
        Err(OwnersError::Nobody(name.clone()))
    }

    async fn approved(&self, owned: Owned, signer: Address) -> Result<bool, OwnersError> {
        let (view, resolver) = (self.now().await?, self.rpc.contracts().records_resolver);
        // Without the resolver there are no approvals on chain.
        if !view.has_code(resolver).await?.value {
            return Ok(false);
        }
        Ok(view.is_approved_signer(resolver, owned.owner, owned.node, signer).await?.value)
    }
}

impl Owners {
    /// Who owns `name`.
    ///
    /// # Errors
    /// [`OwnersError`].
    pub async fn of(&self, name: &Name) -> Result<Owned, OwnersError> {
        match self {
            Self::Told(owner) => Ok(Owned { owner: *owner, node: name.node() }),
            Self::Chain(chain) => chain.of(name).await,
        }
    }

    /// Whether that owner approved `signer` on chain.
    ///
    /// # Errors
    /// [`OwnersError::Chain`].
    pub async fn approved(&self, owned: Owned, signer: Address) -> Result<bool, OwnersError> {
        match self {
            Self::Told(_) => Ok(false),
            Self::Chain(chain) => chain.approved(owned, signer).await,
        }
    }
}
