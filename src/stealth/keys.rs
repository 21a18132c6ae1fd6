//! The payee's keys.

use std::fmt;

use secp256k1::Scalar;
use zeroize::Zeroize;

use super::address::shared_hash;
use super::point::secret_of;
use super::{MetaAddress, PublicKey, public_key_of};
use crate::keys::{Identity, SignerKey, SignerKeyError, records_signer};
use crate::request::Signature;
use crate::secret::{Secret, SecretBytes, SecretString};

/// The key that spends, and the one that finds.
#[derive(Clone)]
pub struct StealthKeys {
    /// With the viewing key it gives the key of each address.
    pub spending: SignerKey,
    /// Whoever has it sees which payments are the payee's, and spends none of them.
    pub viewing: SignerKey,
}

/// Why there is no key of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OneTimeKeyError {
    /// The ephemeral public key leads to another address.
    #[error("the keys and the ephemeral public key lead to another address")]
    OtherAddress,
    /// No scalar of the curve: that happens to nobody.
    #[error("the ephemeral public key gives no key")]
    NoKey,
}

impl StealthKeys {
    /// The keys that follow from the signature of [`Request::GenerateStealthKeys`] and the
    /// password: as the records signer, each with its own word behind the username.
    ///
    /// # Errors
    /// Never for a signature: the scalars lie in 1..n by construction.
    ///
    /// [`Request::GenerateStealthKeys`]: crate::request::Request::GenerateStealthKeys
    pub fn derive(
        signature: &Signature,
        password: &SecretString,
        identity: &Identity,
    ) -> Result<Self, SignerKeyError> {
        let key = |word: &str| {
            let username = format!("{}:{word}", identity.username);
            records_signer(signature, password, &Identity { wallet: identity.wallet, username })
        };
        Ok(Self { spending: key("spending")?, viewing: key("viewing")? })
    }

    /// What is published.
    pub fn meta_address(&self) -> MetaAddress {
        MetaAddress {
            spending: public_key_of(&self.spending),
            viewing: public_key_of(&self.viewing),
        }
    }

    /// The key of the address that `ephemeral` leads to: spending key + hash of the shared secret.
    ///
    /// # Errors
    /// [`OneTimeKeyError`], also where it is not `address`.
    pub fn one_time(
        &self,
        ephemeral: &PublicKey,
        address: alloy_primitives::Address,
    ) -> Result<SignerKey, OneTimeKeyError> {
        let mut viewing = secret_of(&self.viewing);
        let hash = Secret::new(shared_hash(ephemeral, &viewing));
        viewing.non_secure_erase();
        let tweak = Scalar::from_be_bytes(*hash.expose()).map_err(|_| OneTimeKeyError::NoKey)?;
        let mut spending = secret_of(&self.spending);
        let sum = spending.add_tweak(&tweak);
        spending.non_secure_erase();
        let mut sum = sum.map_err(|_| OneTimeKeyError::NoKey)?;
        let mut scalar = sum.secret_bytes();
        sum.non_secure_erase();
        let key = SignerKey::from_scalar(&Secret::new(scalar));
        scalar.zeroize();
        let key = key.map_err(|_| OneTimeKeyError::NoKey)?;
        match key.address() == address {
            true => Ok(key),
            false => Err(OneTimeKeyError::OtherAddress),
        }
    }

    /// The text of a key file: its public half in a comment, and a line of 64 digits.
    pub fn file_text(key: &SignerKey, word: &str) -> SecretBytes {
        let mut digits = alloy_primitives::hex::encode(key.scalar().expose());
        let text = format!("# stealth {word} {}\n{digits}\n", public_key_of(key));
        digits.zeroize();
        Secret::new(text.into_bytes())
    }
}

impl fmt::Debug for StealthKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StealthKeys({})", self.meta_address())
    }
}
