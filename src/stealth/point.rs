//! A point of secp256k1.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::{Address, hex, keccak256};
use secp256k1::{SECP256K1, Scalar, SecretKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::keys::SignerKey;

/// Bytes of the compressed form.
const COMPRESSED: usize = 33;
/// Bytes of the form with both coordinates, and how it begins.
const UNCOMPRESSED: (usize, u8) = (65, 4);

/// A public key. Its display is `0x` and the 33 bytes of the compressed form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub(super) secp256k1::PublicKey);

/// Why bytes are no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Neither 33 bytes nor 65 that begin with 04.
    #[error("a public key has 33 bytes, or 65 that begin with 04")]
    Length,
    /// On no point of the curve.
    #[error("the bytes are no point of secp256k1")]
    NotOnCurve,
    /// No hexadecimal digits.
    #[error("a public key is written as 0x and 66 hexadecimal digits")]
    Hex,
}

impl PublicKey {
    /// From the compressed form, or the one with both coordinates.
    ///
    /// # Errors
    /// As [`PublicKeyError`] says; a hybrid form is none.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let is_known = bytes.len() == COMPRESSED
            || bytes.len() == UNCOMPRESSED.0 && bytes.first() == Some(&UNCOMPRESSED.1);
        if !is_known {
            return Err(PublicKeyError::Length);
        }
        let point = secp256k1::PublicKey::from_slice(bytes);
        point.map(Self).map_err(|_| PublicKeyError::NotOnCurve)
    }

    /// The compressed form.
    pub fn bytes(&self) -> [u8; COMPRESSED] {
        self.0.serialize()
    }

    /// The account of the key.
    pub fn address(&self) -> Address {
        let hash = keccak256(&self.0.serialize_uncompressed()[1..]);
        Address::from_slice(&hash[12..])
    }

    /// The point, and `hash` times the base point.
    pub(super) fn plus(&self, hash: &[u8; 32]) -> Option<Self> {
        let scalar = Scalar::from_be_bytes(*hash).ok()?;
        self.0.add_exp_tweak(SECP256K1, &scalar).ok().map(Self)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_prefixed(self.bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        let digits = text.strip_prefix("0x").ok_or(PublicKeyError::Hex)?;
        Self::from_slice(&hex::decode(digits).map_err(|_| PublicKeyError::Hex)?)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The public half of a key.
pub fn public_key_of(key: &SignerKey) -> PublicKey {
    let mut secret = secret_of(key);
    let public = secret.public_key(SECP256K1);
    secret.non_secure_erase();
    PublicKey(public)
}

/// The same key for libsecp256k1; erase it.
pub(super) fn secret_of(key: &SignerKey) -> SecretKey {
    let scalar = key.scalar();
    SecretKey::from_byte_array(*scalar.expose()).expect("the scalar was checked when it was read")
}
