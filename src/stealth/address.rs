//! A fresh address of a payee, as a payer makes it.

use alloy_primitives::{Address, keccak256};
use secp256k1::{SECP256K1, SecretKey, ecdh};
use zeroize::Zeroize;

use super::{MetaAddress, PublicKey};
use crate::secret::{Secret, Secret32};

/// An address that only its payee can tell, and what the payee needs to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StealthAddress {
    /// Where to pay to.
    pub address: Address,
    /// What is announced.
    pub ephemeral: PublicKey,
    /// The first byte of the shared secret's hash: announced too, so that of 256 announcements
    /// of others the payee has to look at one.
    pub view_tag: u8,
}

impl StealthAddress {
    /// One with a new ephemeral key, and that key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn fresh(payee: &MetaAddress) -> Result<(Self, Secret32), getrandom::Error> {
        loop {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes)?;
            let ephemeral = Secret::new(bytes);
            bytes.zeroize();
            if let Some(address) = Self::with(payee, &ephemeral) {
                return Ok((address, ephemeral));
            }
        }
    }

    /// The one of an ephemeral secret key; `None` for what is no key, which a random one never is.
    pub fn with(payee: &MetaAddress, ephemeral: &Secret32) -> Option<Self> {
        let mut secret = SecretKey::from_byte_array(*ephemeral.expose()).ok()?;
        let public = PublicKey(secret.public_key(SECP256K1));
        let hash = Secret::new(shared_hash(&payee.viewing, &secret));
        secret.non_secure_erase();
        let address = payee.spending.plus(hash.expose())?.address();
        Some(Self { address, ephemeral: public, view_tag: hash.expose()[0] })
    }
}

/// keccak256 of the compressed shared point.
pub(super) fn shared_hash(point: &PublicKey, secret: &SecretKey) -> [u8; 32] {
    let mut shared = ecdh::shared_secret_point(&point.0, secret);
    let mut compressed = [0; 33];
    compressed[0] = 2 | (shared[63] & 1);
    compressed[1..].copy_from_slice(&shared[..32]);
    let hash = keccak256(compressed).0;
    shared.zeroize();
    compressed.zeroize();
    hash
}
