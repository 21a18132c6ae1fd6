//! The RSA key of a payer: 2048 bits, e = 3, PKCS#1 v1.5 of type 2.
//!
//! RUSTSEC-2023-0071 ("Marvin") is about a private operation whose time others can measure over a
//! network. Here nobody can ask for one: what is decrypted is a signed record, by the command of a
//! person, and no answer goes out. The crate it names is not used, and the power is taken by
//! `crypto-bigint` in time that does not depend on the secret exponent.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use k256::elliptic_curve::bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use k256::elliptic_curve::bigint::{Encoding, U1024, U2048};
use zeroize::{Zeroize, Zeroizing};

use super::arc4::Arc4;
use super::prime;
use crate::secret::{Secret32, SecretBytes, SecretString};

/// Bytes of the modulus, and of what is encrypted.
pub const BYTES: usize = 256;
/// Characters of the key as a record has it.
const TEXT: usize = 344;
/// The longest record that is read: what follows `|` is ignored.
const MAX_TEXT: usize = 4096;

/// The public half: the modulus. The record `text/rsa` holds it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(U2048);

/// Why a text is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not base64 of 256 bytes.
    #[error("it is not 344 characters of base64, which an RSA key of 2048 bits is written in")]
    Form,
    /// 256 bytes that no two primes of 1024 bits multiply to.
    #[error("the number is no modulus of an RSA key of 2048 bits")]
    Modulus,
}

impl PublicKey {
    /// `content` (at most 245 bytes), padded with `random` bytes, to the third power. Leading
    /// zeros are dropped.
    pub(super) fn encrypt(&self, content: &[u8], mut random: impl FnMut() -> u8) -> Vec<u8> {
        let mut block = Zeroizing::new([0_u8; BYTES]);
        let start = BYTES - content.len();
        block[1] = 2;
        for byte in &mut block[2..start - 1] {
            while *byte == 0 {
                *byte = random();
            }
        }
        block[start..].copy_from_slice(content);
        let number = Zeroizing::new(U2048::from_be_slice(block.as_slice()));
        let base = DynResidue::new(&number, DynResidueParams::new(&self.0));
        let sent = base.square().mul(&base).retrieve().to_be_bytes();
        let first = sent.iter().position(|byte| *byte != 0).unwrap_or(BYTES);
        sent[first..].to_vec()
    }
}

impl fmt::Display for PublicKey {
    /// Padded base64 of 256 bytes, as the record has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0.to_be_bytes()))
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
        let key = text.split('|').next().unwrap_or_default();
        if text.len() > MAX_TEXT || key.len() != TEXT {
            return Err(PublicKeyError::Form);
        }
        let bytes = BASE64.decode(key.as_bytes()).map_err(|_| PublicKeyError::Form)?;
        if bytes.len() != BYTES {
            return Err(PublicKeyError::Form);
        }
        let modulus = U2048::from_be_slice(&bytes);
        // Two primes of 1024 bits each give 2047 bits at least.
        match modulus.bit_vartime(0) && modulus.bits_vartime() >= 2047 {
            true => Ok(Self(modulus)),
            false => Err(PublicKeyError::Modulus),
        }
    }
}

/// The secret half, wiped when it is dropped.
pub struct PrivateKey {
    public: PublicKey,
    seed: Secret32,
    exponent: Zeroizing<U2048>,
    #[cfg(test)]
    pub(super) primes: [U1024; 2],
}

impl PrivateKey {
    /// The key that follows from a seed (the SHA-256 of the HKDF output). It takes a tenth of a
    /// second: primes are searched.
    pub fn from_seed(seed: Secret32) -> Self {
        let mut stream = Arc4::new(&SecretString::new(HEXLOWER.encode(seed.expose())));
        let (p, q) = (prime::next(&mut stream), prime::next(&mut stream));
        let modulus = product(&p, &q);
        let minus_1 = |prime: &U1024| Zeroizing::new(prime.wrapping_sub(&U1024::ONE));
        let phi = Zeroizing::new(product(&minus_1(&p), &minus_1(&q)));
        // Both primes are 2 modulo 3, so φ = 3·t + 1, and 3·(2·t + 1) = 2·φ + 1.
        let third = Zeroizing::new(third(&phi));
        let exponent = Zeroizing::new(third.shl_vartime(1).wrapping_add(&U2048::ONE));
        Self {
            public: PublicKey(modulus),
            seed,
            exponent,
            #[cfg(test)]
            primes: if *p > *q { [*p, *q] } else { [*q, *p] },
        }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The seed it was made from, which a key file holds.
    pub fn seed(&self) -> &Secret32 {
        &self.seed
    }

    /// What was encrypted; `None` where the padding says that it was encrypted to another key.
    pub(super) fn decrypt(&self, sent: &[u8]) -> Option<SecretBytes> {
        let mut padded = [0_u8; BYTES];
        padded.get_mut(BYTES.checked_sub(sent.len())?..)?.copy_from_slice(sent);
        let number = U2048::from_be_slice(&padded);
        if number >= self.public.0 {
            return None;
        }
        let base = DynResidue::new(&number, DynResidueParams::new(&self.public.0));
        let mut power = base.pow(&self.exponent).retrieve();
        let block = Zeroizing::new(power.to_be_bytes());
        power.zeroize();
        let padding = block.strip_prefix(&[0, 2])?;
        let end = padding.iter().position(|byte| *byte == 0)?;
        Some(SecretBytes::new(padding[end + 1..].to_vec()))
    }

    #[cfg(test)]
    pub(super) fn exponent(&self) -> String {
        HEXLOWER.encode(&self.exponent.to_be_bytes())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public)
    }
}

fn product(a: &U1024, b: &U1024) -> U2048 {
    let (low, high) = a.mul_wide(b);
    let mut words = [0; 32];
    words[..16].copy_from_slice(low.as_words());
    words[16..].copy_from_slice(high.as_words());
    let product = U2048::from_words(words);
    words.zeroize();
    product
}

/// A third of a number, rounded down.
fn third(number: &U2048) -> U2048 {
    let (mut words, mut rest) = ([0; 32], 0_u128);
    for (word, of) in words.iter_mut().zip(number.as_words()).rev() {
        let part = (rest << 64) | u128::from(*of);
        // The rest is below 3, so the quotient fits into 64 bits.
        *word = u64::try_from(part / 3).unwrap_or_default();
        rest = part % 3;
    }
    let third = U2048::from_words(words);
    words.zeroize();
    third
}
