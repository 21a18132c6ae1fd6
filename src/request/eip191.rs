//! EIP-191 `personal_sign` (version byte 0x45) and the signatures the resolver accepts.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::{Address, B256, Keccak256, U256, uint};

/// Half the group order of secp256k1, rounded down: the largest `s` that is low.
const HALF_ORDER: U256 =
    uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// `keccak256("\x19Ethereum Signed Message:\n" ‖ decimal byte length ‖ text)`.
pub fn digest(text: &str) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(b"\x19Ethereum Signed Message:\n");
    hasher.update(text.len().to_string().as_bytes());
    hasher.update(text.as_bytes());
    hasher.finalize()
}

/// A secp256k1 signature as the resolver's `ecrecover` takes it: `s` low, `v` 27 or 28.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Signature([u8; 65]);

/// Why bytes are not a signature the resolver accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not 64 (EIP-2098), 65 (r ‖ s ‖ v) or 96 (r ‖ s ‖ v in a word) bytes.
    #[error("a signature has 64, 65 or 96 bytes, this has {0}")]
    Length(usize),
    /// `v` is neither 27 nor 28.
    #[error("the signature's last part, v, is {0}; the resolver takes 27 or 28")]
    V(U256),
    /// `s` is in the upper half of the group order: a malleable form.
    #[error("the signature's s is high; the resolver takes the low form only")]
    HighS,
    /// No public key belongs to it.
    #[error("no key can have made this signature")]
    Unrecoverable,
    /// Not hexadecimal.
    #[error("a signature is written as 0x and 130 hexadecimal digits")]
    Hex,
}

impl Signature {
    /// From r ‖ s ‖ v, 65 bytes, v 27 or 28.
    ///
    /// # Errors
    /// High `s`, or another `v`.
    pub fn from_rsv(bytes: [u8; 65]) -> Result<Self, SignatureError> {
        if !matches!(bytes[64], 27 | 28) {
            return Err(SignatureError::V(U256::from(bytes[64])));
        }
        if U256::from_be_slice(&bytes[32..64]) > HALF_ORDER {
            return Err(SignatureError::HighS);
        }
        Ok(Self(bytes))
    }

    /// From any length the resolver takes: 64 (EIP-2098), 65, or 96 bytes, of whose `v` the last
    /// byte counts.
    ///
    /// # Errors
    /// As the resolver refuses it: length, `v`, high `s`.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, SignatureError> {
        let mut rsv = [0; 65];
        match bytes.len() {
            64 => {
                rsv[..64].copy_from_slice(bytes);
                rsv[64] = 27 + (bytes[32] >> 7);
                rsv[32] &= 0x7f;
            }
            65 => rsv.copy_from_slice(bytes),
            96 => {
                rsv[..64].copy_from_slice(&bytes[..64]);
                rsv[64] = bytes[95];
            }
            length => return Err(SignatureError::Length(length)),
        }
        Self::from_rsv(rsv)
    }

    /// From the hexadecimal text a wallet gives, where some write `v` as 0 or 1.
    ///
    /// # Errors
    /// As [`from_slice`](Self::from_slice), and [`SignatureError::Hex`].
    pub fn from_wallet(text: &str) -> Result<Self, SignatureError> {
        let decoded = alloy_primitives::hex::decode(text.trim());
        let mut bytes = zeroize::Zeroizing::new(decoded.map_err(|_| SignatureError::Hex)?);
        if bytes.len() == 65 && bytes[64] < 2 {
            bytes[64] += 27;
        }
        Self::from_slice(&bytes)
    }

    /// r ‖ s ‖ v, v 27 or 28.
    pub fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// The address whose key signed `digest`.
    ///
    /// # Errors
    /// [`SignatureError::Unrecoverable`] when `r` is not on the curve.
    pub fn recover_digest(&self, digest: &B256) -> Result<Address, SignatureError> {
        let parity = self.0[64] == 28;
        alloy_primitives::Signature::from_bytes_and_parity(&self.0[..64], parity)
            .recover_address_from_prehash(digest)
            .map_err(|_| SignatureError::Unrecoverable)
    }
}

/// The address that signed `text` under EIP-191.
///
/// # Errors
/// As [`Signature::recover_digest`].
pub fn recover(text: &str, signature: &Signature) -> Result<Address, SignatureError> {
    signature.recover_digest(&digest(text))
}

/// `0x` and 130 lower-case digits. Only for signatures that are public (SIGN 3 and 4).
impl fmt::LowerHex for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&alloy_primitives::hex::encode_prefixed(self.0))
    }
}

/// Redacted: a SIGN 1 or SIGN 2 signature is a key seed.
impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(redacted)")
    }
}

impl zeroize::Zeroize for Signature {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let bytes = alloy_primitives::hex::decode(text.trim()).map_err(|_| SignatureError::Hex)?;
        Self::from_slice(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SignerKey;
    use crate::secret::Secret;

    fn signed() -> (Address, [u8; 65]) {
        let key = SignerKey::from_scalar(&Secret::new([5; 32])).unwrap();
        (key.address(), *key.sign_text("hello").as_bytes())
    }

    #[test]
    fn all_lengths_of_the_resolver() {
        let (address, rsv) = signed();
        let mut compact = rsv[..64].to_vec();
        compact[32] |= (rsv[64] - 27) << 7;
        let mut word = rsv[..64].to_vec();
        word.extend(U256::from(rsv[64]).to_be_bytes::<32>());
        for form in [&rsv[..], &compact, &word] {
            let signature = Signature::from_slice(form).unwrap();
            assert_eq!(recover("hello", &signature), Ok(address));
            assert_ne!(recover("hello!", &signature), Ok(address));
        }
        assert_eq!(Signature::from_slice(&rsv[..63]), Err(SignatureError::Length(63)));
        word[64] = 1;
        let signature = Signature::from_slice(&word).unwrap();
        assert_eq!(recover("hello", &signature), Ok(address), "its last byte alone counts");
        word[95] = 1;
        assert!(matches!(Signature::from_slice(&word), Err(SignatureError::V(_))));
    }

    #[test]
    fn high_s_and_other_v_are_refused() {
        let (address, rsv) = signed();
        let order = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
        let mut high = rsv;
        let s = order - U256::from_be_slice(&rsv[32..64]);
        high[32..64].copy_from_slice(&s.to_be_bytes::<32>());
        high[64] = 55 - rsv[64];
        assert_eq!(Signature::from_rsv(high), Err(SignatureError::HighS));
        let mut raw = rsv;
        raw[64] -= 27;
        assert!(matches!(Signature::from_rsv(raw), Err(SignatureError::V(_))));
        let text = alloy_primitives::hex::encode_prefixed(raw);
        let signature = Signature::from_wallet(&text).unwrap();
        assert_eq!(recover("hello", &signature), Ok(address));
        assert_eq!("0x12zz".parse::<Signature>(), Err(SignatureError::Hex));
        assert_eq!(format!("{signature:?}"), "Signature(redacted)");
    }
}
