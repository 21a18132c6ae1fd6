//! secp256k1 keys that sign EIP-191 texts: the records signer, and wallets held in memory.

use alloy_primitives::{Address, B256, hex, keccak256};
use k256::ecdsa::SigningKey;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use secp256k1::{Message, SECP256K1, SecretKey};
use zeroize::Zeroize;

use crate::ens::Name;
use crate::record::{RecordKey, Value};
use crate::request::{Request, Signature, SignedRecord, SignedRedirect, eip191_digest};
use crate::secret::{Secret, Secret32, SecretString};

/// A secp256k1 secret key with its address. Signs deterministically (RFC 6979), `s` low.
#[derive(Clone)]
pub struct SignerKey {
    key: SigningKey,
    address: Address,
}

/// Why bytes are not a secp256k1 secret key. The bytes are not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerKeyError {
    /// Not 64 hexadecimal digits, with or without `0x`.
    #[error("a secp256k1 key is written as 64 hexadecimal digits")]
    Hex,
    /// Something else that is known for what it is.
    #[error("this is {0}; a secp256k1 key, written as 64 hexadecimal digits, belongs there")]
    Other(&'static str),
    /// Nothing there.
    #[error("the key is empty: a secp256k1 key is written as 64 hexadecimal digits")]
    Empty,
    /// Zero, or not below the group order.
    #[error("the number is not a secp256k1 key: it is zero or not below the group order")]
    OutOfRange,
}

impl SignerKey {
    /// From the 32-byte big-endian secret scalar.
    ///
    /// # Errors
    /// [`SignerKeyError::OutOfRange`] unless 0 < scalar < n.
    pub fn from_scalar(scalar: &Secret32) -> Result<Self, SignerKeyError> {
        let key =
            SigningKey::from_slice(scalar.expose()).map_err(|_| SignerKeyError::OutOfRange)?;
        let point = key.verifying_key().as_affine().to_encoded_point(false);
        let hash = keccak256(&point.as_bytes()[1..]);
        Ok(Self { key, address: Address::from_slice(&hash[12..]) })
    }

    /// From 64 hexadecimal digits, `0x` and surrounding white space allowed.
    ///
    /// # Errors
    /// As [`SignerKeyError`] says.
    pub fn from_hex(text: &SecretString) -> Result<Self, SignerKeyError> {
        let mut scalar = [0; 32];
        let decoded = hex::decode_to_slice(text.expose().trim(), &mut scalar);
        let key = decoded
            .map_err(|_| SignerKeyError::Hex)
            .and_then(|()| Self::from_scalar(&Secret::new(scalar)));
        scalar.zeroize();
        key
    }

    /// The key's Ethereum address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The secret scalar, 32 bytes big-endian.
    pub fn scalar(&self) -> Secret32 {
        let mut bytes = self.key.to_bytes();
        let scalar = Secret::new(bytes.into());
        bytes.zeroize();
        scalar
    }

    /// Signs the text of `request` under EIP-191.
    pub fn sign(&self, request: &Request<'_>) -> Signature {
        self.sign_text(&request.to_string())
    }

    /// Signs `text` under EIP-191.
    pub fn sign_text(&self, text: &str) -> Signature {
        self.sign_digest(&eip191_digest(text))
    }

    /// Signs `value` as the record `key` of `name` (SIGN 4).
    ///
    /// `chain_id` stands in the text; `approval` is the SIGN 3 signature, where the signer needs
    /// one.
    pub fn sign_record(
        &self,
        name: &Name,
        key: &RecordKey,
        value: &Value,
        chain_id: u64,
        approval: Option<&Signature>,
    ) -> SignedRecord {
        let result = value.abi_encode();
        let request = Request::record(name, key, &result, chain_id, self.address);
        SignedRecord::new(self.address, &self.sign(&request), approval, result)
    }

    /// Signs that `name` hands its records to `target`, another name. `chain_id` and `approval`
    /// as for [`sign_record`](Self::sign_record).
    pub fn sign_redirect(
        &self,
        name: &Name,
        target: &Name,
        chain_id: u64,
        approval: Option<&Signature>,
    ) -> SignedRedirect {
        let request = Request::redirect(name, target, &target.dns(), chain_id, self.address);
        SignedRedirect::new(self.address, &self.sign(&request), approval, target)
    }

    /// Signs a 32-byte digest as it is.
    pub fn sign_digest(&self, digest: &B256) -> Signature {
        let mut scalar: [u8; 32] = self.key.to_bytes().into();
        let mut secret =
            SecretKey::from_byte_array(scalar).expect("the scalar was checked when it was read");
        scalar.zeroize();
        let message = Message::from_digest(digest.0);
        let signature = SECP256K1.sign_ecdsa_recoverable(message, &secret);
        secret.non_secure_erase();
        let (recovery, compact) = signature.serialize_compact();
        let mut rsv = [0; 65];
        rsv[..64].copy_from_slice(&compact);
        rsv[64] = 27 + i32::from(recovery) as u8;
        Signature::from_rsv(rsv).expect("s is made low, and r overflows for no known digest")
    }
}

impl std::fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignerKey").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_implementations_sign_the_same() {
        for byte in 1..=40 {
            let key = SignerKey::from_scalar(&Secret::new([byte; 32])).unwrap();
            let digest = keccak256([byte]);
            let (signature, recovery) =
                key.key.sign_prehash_recoverable(digest.as_slice()).unwrap();
            let signed = key.sign_digest(&digest);
            assert_eq!(signed.as_bytes()[..64], signature.to_bytes()[..]);
            assert_eq!(signed.as_bytes()[64], 27 + recovery.to_byte());
            assert_eq!(signed.recover_digest(&digest), Ok(key.address()));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        for bad in [[0; 32], [255; 32]] {
            let refused = SignerKey::from_scalar(&Secret::new(bad));
            assert_eq!(refused.err(), Some(SignerKeyError::OutOfRange));
        }
        let refused = |text: &str| SignerKey::from_hex(&SecretString::new(text.to_owned())).err();
        assert_eq!(refused(order), Some(SignerKeyError::OutOfRange));
        assert_eq!(refused("0x12"), Some(SignerKeyError::Hex));
    }
}
