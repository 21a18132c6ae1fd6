//! Who is to be approved on chain as a signer, or no longer, and who is now.

use std::fmt;

use alloy_primitives::Address;

use super::{SetupError, SetupRequest};
use crate::chain::{BlockReader, ChainError, ChainView, NameFacts};
use crate::ens::Name;

/// What is to become of a signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignerChange {
    /// Whom.
    pub signer: Address,
    /// Whether it is to be approved; otherwise no longer.
    pub approved: bool,
}

/// What is kept of a signer for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerStanding {
    /// The name, which the registry has.
    pub name: Name,
    /// Whom.
    pub signer: Address,
    /// Whether it is approved.
    pub is_approved: bool,
    /// Whether it is to be.
    pub wanted: bool,
}

impl SignerStanding {
    pub(super) fn stands(&self) -> bool {
        self.is_approved == self.wanted
    }
}

impl fmt::Display for SignerStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, signer, wanted, .. } = self;
        match wanted {
            true => write!(
                f,
                "approve {signer} on chain as a signer and manager of the records of {name}"
            ),
            false => write!(
                f,
                "revoke {signer} on chain as a signer and manager of the records of {name}"
            ),
        }
    }
}

impl ChainView {
    /// The other names of a request with this owner and resolver, as the registry has them.
    pub(super) async fn others(
        &self,
        request: &SetupRequest,
        base: &NameFacts,
        resolver: Address,
    ) -> Result<Vec<Name>, SetupError> {
        let mut found = Vec::new();
        for name in request.with.iter().filter(|_| !request.signers.is_empty()) {
            let other = match self.base(name).await {
                Ok(other) => other,
                Err(SetupError::NotRegistered(_)) => continue,
                Err(error) => return Err(error),
            };
            let is_new = other.name != base.name && !found.contains(&other.name);
            if is_new && other.owner() == base.owner() {
                let now = other.resolver.as_ref().map(|found| found.address).unwrap_or_default();
                match self.resolver_of(request.resolver, now).await {
                    Ok(its) if its == resolver => found.push(other.name),
                    Ok(_) | Err(SetupError::NoRecordsResolver(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(found)
    }
}

impl BlockReader {
    /// What is kept of the signers of a request, for `names` of `owner`.
    pub(super) async fn signers(
        &self,
        request: &SetupRequest,
        resolver: Address,
        owner: Address,
        names: impl Iterator<Item = &Name>,
    ) -> Result<Vec<SignerStanding>, ChainError> {
        let mut found = Vec::new();
        for name in names {
            for SignerChange { signer, approved } in &request.signers {
                let (name, signer, wanted) = (name.clone(), *signer, *approved);
                let approved = self.is_approved_signer(resolver, owner, name.node(), signer);
                let is_approved = approved.await?;
                found.push(SignerStanding { name, signer, is_approved, wanted });
            }
        }
        Ok(found)
    }
}
