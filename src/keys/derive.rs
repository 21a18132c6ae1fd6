//! From a wallet signature to a key ([keys](crate::spec::keys); seed 002, "Key Generation").
//!
//! ```text
//! info = <caip10>:<username>
//! salt = sha256(<info>:<password>:<last 64 characters of the signature's hex text>)
//! okm  = HKDF-SHA256(ikm = sha256(signature bytes), salt, info), 42 bytes
//! ```

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use k256::elliptic_curve::bigint::{Encoding, NonZero, U384};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::{SignerKey, SignerKeyError};
use crate::request::{Caip10, Signature};
use crate::secret::{Secret, Secret32, SecretString};

/// Bytes of HKDF output: 256 bits and 80 more, so that the reduction is not biased.
const OKM_BYTES: usize = 42;

/// The order of the ed25519 base point, l.
const ED25519_ORDER: U384 = U384::from_be_hex(
    "000000000000000000000000000000001000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
);
/// The order of secp256k1, n.
const SECP256K1_ORDER: U384 = U384::from_be_hex(
    "00000000000000000000000000000000fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
);

/// Which build of noble-ed25519 the IPNS key is compatible with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Derivation {
    /// `(okm mod (l − 1)) + 1`: noble-ed25519 1.7 and the deployed web client.
    #[default]
    Noble17,
    /// `okm mod l`: the older build.
    Noble16,
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Noble17 => "noble-1.7",
            Self::Noble16 => "noble-1.6",
        })
    }
}

/// The text names no derivation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a derivation: noble-1.7 (the default) or noble-1.6")]
pub struct UnknownDerivation(String);

impl FromStr for Derivation {
    type Err = UnknownDerivation;

    fn from_str(text: &str) -> Result<Self, UnknownDerivation> {
        match text {
            "noble-1.7" => Ok(Self::Noble17),
            "noble-1.6" => Ok(Self::Noble16),
            _ => Err(UnknownDerivation(text.to_owned())),
        }
    }
}

/// What a key is derived for, beside the signature and the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The wallet that signed.
    pub wallet: Caip10,
    /// The origin of the storage: the name, or `eth:<wallet>`.
    pub username: String,
}

/// The seed of both derivations: HKDF's output.
struct Okm(Zeroizing<[u8; OKM_BYTES]>);

impl Okm {
    fn new(signature_hex: &SecretString, password: &SecretString, identity: &Identity) -> Self {
        let text = signature_hex.expose();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let tail = &digits[digits.len() - 64..];
        let info = format!("{}:{}", identity.wallet, identity.username);
        let salted = SecretString::new(format!("{info}:{}:{tail}", password.expose()));
        Self::expand(digits, &salted, &info)
    }

    fn expand(signature_digits: &str, salted: &SecretString, info: &str) -> Self {
        let bytes = Zeroizing::new(
            alloy_primitives::hex::decode(signature_digits)
                .expect("canonical_hex writes the 130 digits of a signature"),
        );
        let salt = Sha256::digest(salted.expose().as_bytes());
        let mut ikm = Sha256::digest(bytes.as_slice());
        let hkdf = Hkdf::<Sha256>::new(Some(&salt), &ikm);
        ikm.zeroize();
        let mut okm = Zeroizing::new([0; OKM_BYTES]);
        hkdf.expand(info.as_bytes(), okm.as_mut()).expect("42 bytes are below HKDF's bound");
        Self(okm)
    }

    fn little_endian(&self) -> Zeroizing<U384> {
        let mut padded = Zeroizing::new([0; 48]);
        padded[..OKM_BYTES].copy_from_slice(self.0.as_slice());
        Zeroizing::new(U384::from_le_slice(padded.as_slice()))
    }

    fn big_endian(&self) -> Zeroizing<U384> {
        let mut padded = Zeroizing::new([0; 48]);
        padded[48 - OKM_BYTES..].copy_from_slice(self.0.as_slice());
        Zeroizing::new(U384::from_be_slice(padded.as_slice()))
    }
}

/// The hex text of a signature as this crate makes it: lower case, v 27 or 28.
fn canonical_hex(signature: &Signature) -> SecretString {
    Secret::new(alloy_primitives::hex::encode(signature.as_bytes()))
}

/// The ed25519 seed (RFC 8032 secret) that follows from the signature of SIGN 1, big-endian.
pub fn ipns_seed(
    signature: &Signature,
    password: &SecretString,
    identity: &Identity,
    derivation: Derivation,
) -> Secret32 {
    ipns_seed_of_hex(&canonical_hex(signature), password, identity, derivation)
}

fn ipns_seed_of_hex(
    signature_hex: &SecretString,
    password: &SecretString,
    identity: &Identity,
    derivation: Derivation,
) -> Secret32 {
    let okm = Okm::new(signature_hex, password, identity).little_endian();
    match derivation {
        Derivation::Noble17 => reduce(&okm, ED25519_ORDER.wrapping_sub(&U384::ONE), U384::ONE),
        Derivation::Noble16 => reduce(&okm, ED25519_ORDER, U384::ZERO),
    }
}

/// The records signer that follows from the signature of SIGN 2.
///
/// # Errors
/// Never for a signature: the scalar lies in 1..n by construction.
pub fn records_signer(
    signature: &Signature,
    password: &SecretString,
    identity: &Identity,
) -> Result<SignerKey, SignerKeyError> {
    records_signer_of_hex(&canonical_hex(signature), password, identity)
}

/// The scalar of the nostr key that follows from the signature of its request, in 1..n, big-endian.
pub(super) fn nostr_scalar(
    signature: &Signature,
    password: &SecretString,
    identity: &Identity,
) -> Secret32 {
    nostr_scalar_of_hex(&canonical_hex(signature), password, identity)
}

pub(super) fn nostr_scalar_of_hex(
    signature_hex: &SecretString,
    password: &SecretString,
    identity: &Identity,
) -> Secret32 {
    let okm = Okm::new(signature_hex, password, identity).big_endian();
    reduce(&okm, SECP256K1_ORDER.wrapping_sub(&U384::ONE), U384::ONE)
}

/// The seed of the RSA key ([invoice](crate::spec::invoice)) that follows from the signature of its
/// request: the SHA-256 of the 42 bytes.
pub(super) fn invoice_seed(
    signature: &Signature,
    password: &SecretString,
    identity: &Identity,
) -> Secret32 {
    let okm = Okm::new(&canonical_hex(signature), password, identity);
    Secret::new(Sha256::digest(okm.0.as_slice()).into())
}

fn records_signer_of_hex(
    signature_hex: &SecretString,
    password: &SecretString,
    identity: &Identity,
) -> Result<SignerKey, SignerKeyError> {
    let okm = Okm::new(signature_hex, password, identity).big_endian();
    SignerKey::from_scalar(&reduce(&okm, SECP256K1_ORDER.wrapping_sub(&U384::ONE), U384::ONE))
}

/// The two keys of one signature where a [write profile](crate::spec::write) says how the text is
/// written that is hashed to the salt.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The ed25519 seed, big-endian.
    pub ipns_seed: Secret32,
    /// The records signer.
    pub signer: SignerKey,
}

impl KeyPair {
    /// Both keys of `signature`: its SHA-256 is expanded with the SHA-256 of `salt_text` and
    /// `info`, and reduced as [`Derivation::Noble17`] says.
    ///
    /// # Errors
    /// As [`records_signer`].
    pub fn derive(
        signature: &Signature,
        salt_text: &SecretString,
        info: &str,
    ) -> Result<Self, SignerKeyError> {
        let digits = canonical_hex(signature);
        let okm = Okm::expand(digits.expose(), salt_text, info);
        let ipns_seed =
            reduce(&okm.little_endian(), ED25519_ORDER.wrapping_sub(&U384::ONE), U384::ONE);
        let scalar = reduce(&okm.big_endian(), SECP256K1_ORDER.wrapping_sub(&U384::ONE), U384::ONE);
        Ok(Self { ipns_seed, signer: SignerKey::from_scalar(&scalar)? })
    }
}

/// `(okm mod modulus) + offset`, the lower 32 bytes big-endian.
fn reduce(okm: &U384, modulus: U384, offset: U384) -> Secret32 {
    let modulus: NonZero<U384> =
        Option::from(NonZero::new(modulus)).expect("the group orders are not zero");
    let reduced = Zeroizing::new(okm.rem(&modulus).wrapping_add(&offset));
    let bytes = Zeroizing::new(reduced.to_be_bytes());
    let mut low = [0; 32];
    low.copy_from_slice(&bytes[16..]);
    let secret = Secret::new(low);
    low.zeroize();
    secret
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn keygen_vectors() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/vectors/keygen.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let field = |name: &str| case[name].as_str().unwrap().to_owned();
            let signature = SecretString::new(field("signature"));
            let password = SecretString::new(case["password"].as_str().unwrap_or("").to_owned());
            let identity =
                Identity { wallet: field("caip10").parse().unwrap(), username: field("username") };
            let okm = Okm::new(&signature, &password, &identity);
            assert_eq!(alloy_primitives::hex::encode(okm.0.as_slice()), field("hash_key"));
            let seed = |derivation| {
                let seed = ipns_seed_of_hex(&signature, &password, &identity, derivation);
                alloy_primitives::hex::encode(seed.expose())
            };
            assert_eq!(seed(Derivation::Noble17), field("ed25519_seed"));
            assert_eq!(
                seed(Derivation::Noble16),
                case["noble_1_6"]["ed25519_seed"].as_str().unwrap()
            );
            let signer = records_signer_of_hex(&signature, &password, &identity).unwrap();
            assert_eq!(
                alloy_primitives::hex::encode(signer.scalar().expose()),
                field("secp256k1_private")
            );
            assert_eq!(signer.address().to_string(), field("signer_address"));
        }
    }

    #[test]
    fn password_name_and_chain_change_the_keys() {
        let identity = |chain_id, username: &str| Identity {
            wallet: Caip10::new(chain_id, alloy_primitives::Address::repeat_byte(7)),
            username: username.into(),
        };
        let key = SignerKey::from_scalar(&Secret::new([9; 32])).unwrap();
        let signature = key.sign_text("x");
        let seed = |password: &str, identity: &Identity| {
            let password = SecretString::new(password.into());
            *ipns_seed(&signature, &password, identity, Derivation::Noble17).expose()
        };
        let base = seed("", &identity(1, "a.eth"));
        assert_eq!(base, seed("", &identity(1, "a.eth")));
        assert_ne!(base, seed("x", &identity(1, "a.eth")));
        assert_ne!(base, seed("", &identity(2, "a.eth")));
        assert_ne!(base, seed("", &identity(1, "b.eth")));
    }
}
