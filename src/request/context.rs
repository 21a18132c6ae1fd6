//! What a record is verified against.

use alloy_primitives::Address;

use crate::ens::Name;

/// What the chain says about the name, or what a person says in its place.
#[derive(Clone, Copy, Debug)]
pub struct VerifyContext<'a> {
    /// The full name that is resolved.
    pub name: &'a Name,
    /// Its owner: of the registry, or of the NameWrapper for a wrapped name.
    pub owner: Address,
    /// The chain id that stands in the texts.
    pub chain_id: u64,
    /// Signers the owner approved on chain (`isApprovedSigner`): of records, or managers that
    /// may sign SIGN 3 in the owner's place.
    pub approved_signers: &'a [Address],
}
