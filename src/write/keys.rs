//! The keys and texts of a profile for one name. Where its text is silent, the reading is ours
//! ([write](crate::spec::write)).

use std::num::NonZeroU32;

use alloy_primitives::{Address, B256, hex, keccak256};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Profile;
use crate::ens::Name;
use crate::keys::{KeyPair, SignerKey, SignerKeyError};
use crate::record::{RecordKey, Value};
use crate::request::{Caip10, Extradata, Origin, Protocol, Request, Signature, SignedRecord};
use crate::secret::{Secret, Secret32, SecretString};

/// Iterations of ERC-7700.
const ERC7700_ITERATIONS: u32 = 500_000;

/// Everything that decides the keys and texts of a profile, but password and signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteKeys {
    /// Whose texts.
    pub profile: Profile,
    /// The name that is written to.
    pub name: Name,
    /// Whether the keys are for all names of the wallet: the username is its CAIP-10, or
    /// `eth:<wallet>` in ENSIP-Y. ERC-7700 knows nothing else.
    pub for_wallet: bool,
    /// The wallet, on its chain.
    pub wallet: Caip10,
    /// The resolver that is written to.
    pub contract: Address,
}

/// The stretched password: PBKDF2-HMAC-SHA-256, 32 bytes.
#[derive(Clone, Debug)]
pub struct Spice(Secret32);

/// Why a profile gives no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteKeysError {
    /// The username's hash ends in five zeros, and the profile takes its iterations from there.
    #[error(
        "the username {0} has no keys in this profile: the count of iterations that follows from \
         it is 0"
    )]
    NoIterations(String),
    /// SIGN 1 and SIGN 2 give the keys of ENSIP-Y.
    #[error("the keys of ensip-y follow from SIGN 1 and SIGN 2: namesys keygen derives them")]
    TwoRequests,
    /// Never for a signature.
    #[error(transparent)]
    Signer(#[from] SignerKeyError),
}

impl WriteKeys {
    /// The username.
    pub fn origin(&self) -> Origin<'_> {
        match (self.profile, self.for_wallet) {
            (Profile::Erc7700, _) => Origin::Account(self.wallet),
            (Profile::EnsipY, true) => Origin::Wallet(self.wallet.address),
            (_, true) => Origin::Account(self.wallet),
            (_, false) => Origin::Name(&self.name),
        }
    }

    /// What the keys are for.
    ///
    /// # Errors
    /// [`WriteKeysError::TwoRequests`]: ENSIP-Y has none.
    pub fn protocol(&self) -> Result<Protocol, WriteKeysError> {
        let contract = Caip10::new(self.wallet.chain_id, self.contract);
        match self.profile {
            Profile::EnsipY => Err(WriteKeysError::TwoRequests),
            Profile::Eip5559 | Profile::Ensip19 => Ok(Protocol::Ens(contract)),
            Profile::Erc7700 => Ok(Protocol::Eth(contract)),
        }
    }

    /// The salt of the password and how often it is hashed: `keccak256(username)`; its last five
    /// hexadecimal digits, or ERC-7700's own number.
    fn stretching(&self) -> Result<(B256, NonZeroU32), WriteKeysError> {
        let username = self.origin().to_string();
        let salt = keccak256(&username);
        let iterations = iterations(self.profile, &salt);
        Ok((salt, iterations.ok_or(WriteKeysError::NoIterations(username))?))
    }

    /// Stretches the password, which takes up to a second.
    ///
    /// # Errors
    /// [`WriteKeysError::NoIterations`].
    pub fn stretch(&self, password: &SecretString) -> Result<Spice, WriteKeysError> {
        let (salt, iterations) = self.stretching()?;
        let mut out = Zeroizing::new([0; 32]);
        ring::pbkdf2::derive(
            ring::pbkdf2::PBKDF2_HMAC_SHA256,
            iterations,
            salt.as_slice(),
            password.expose().as_bytes(),
            out.as_mut(),
        );
        Ok(Spice(Secret::new(*out)))
    }

    /// The text whose signature is the seed of the keys.
    ///
    /// # Errors
    /// [`WriteKeysError::TwoRequests`].
    pub fn request(&self, spice: &Spice) -> Result<Request<'_>, WriteKeysError> {
        Ok(Request::GenerateKeypairs {
            origin: self.origin(),
            protocol: self.protocol()?,
            extradata: Extradata::of_spice(&spice.0, self.wallet.address),
            wallet: self.wallet,
        })
    }

    /// The keys of the signature of [`request`](Self::request). ERC-7700 uses the signer alone.
    ///
    /// # Errors
    /// [`WriteKeysError::TwoRequests`].
    pub fn derive(
        &self,
        signature: &Signature,
        password: &SecretString,
        spice: &Spice,
    ) -> Result<KeyPair, WriteKeysError> {
        self.protocol()?;
        let username = self.origin().to_string();
        let info = match self.profile {
            Profile::Erc7700 => username,
            _ => format!("{}:{username}", self.wallet),
        };
        let middle = Zeroizing::new(match self.profile {
            Profile::Erc7700 => hex::encode(spice.0.expose()),
            _ => hex::encode(Sha256::digest(password.expose().as_bytes())),
        });
        let salt = SecretString::new(format!("{info}:{}:{signature:x}", *middle));
        Ok(KeyPair::derive(signature, &salt, &info)?)
    }

    /// The text by which the owner approves `signer`.
    pub fn approval(&self, signer: Address, owner: Address) -> Request<'_> {
        let chain_id = self.wallet.chain_id;
        match self.profile.has_deployed_texts() {
            true => Request::ApproveSigner { name: &self.name, chain_id, signer, owner },
            false => {
                let (origin, owner) = (self.origin(), Caip10::new(chain_id, owner));
                Request::ApproveDataSigner { origin, signer, owner }
            }
        }
    }

    /// Calls `then` with the text of one record, which `signer` signs.
    pub fn with_record_request<T>(
        &self,
        signer: Address,
        record: &RecordKey,
        value: &Value,
        then: impl FnOnce(&Request<'_>) -> T,
    ) -> T {
        if self.profile.has_deployed_texts() {
            let (result, chain_id) = (value.abi_encode(), self.wallet.chain_id);
            return then(&Request::record(&self.name, record, &result, chain_id, signer));
        }
        let text = match value {
            Value::Pubkey { x, y } => format!("{x},{y}"),
            _ => value.to_string(),
        };
        then(&Request::UpdateData { origin: self.origin(), record, value: &text })
    }

    /// Signs one record; `approval` where the signer needs one.
    pub fn sign_record(
        &self,
        signer: &SignerKey,
        record: &RecordKey,
        value: &Value,
        approval: Option<&Signature>,
    ) -> SignedRecord {
        let sign = |request: &Request<'_>| signer.sign(request);
        let signature = self.with_record_request(signer.address(), record, value, sign);
        SignedRecord::new(signer.address(), &signature, approval, value.abi_encode())
    }
}

fn iterations(profile: Profile, salt: &B256) -> Option<NonZeroU32> {
    NonZeroU32::new(match profile {
        Profile::Erc7700 => ERC7700_ITERATIONS,
        _ => u32::from_be_bytes([0, salt[29] & 0x0f, salt[30], salt[31]]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_digits_of_the_salt_count_and_none_is_refused() {
        let mut salt = B256::repeat_byte(0xff);
        assert_eq!(iterations(Profile::Ensip19, &salt), NonZeroU32::new(0xf_ffff));
        salt[29..].copy_from_slice(&[0xf0, 0, 0]);
        assert_eq!(iterations(Profile::Eip5559, &salt), None);
        assert_eq!(iterations(Profile::Erc7700, &salt), NonZeroU32::new(500_000));
    }
}
