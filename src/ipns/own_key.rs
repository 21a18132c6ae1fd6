//! The public key that a record carries: names of RSA keys are hashes, and say nothing by
//! themselves. Such names are read and never written here.

use cid::Cid;
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{Signature, VerifyingKey};
use multihash::Multihash;
use prost::Message;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use crate::keys::IpnsName;
use crate::multiformats::LIBP2P_KEY;
use crate::recordhash::base36;

/// Keys of libp2p that are no longer are in the name themselves.
const MAX_INLINE: usize = 42;
const IDENTITY: u64 = 0x00;
const SHA2_256: u64 = 0x12;
/// `1.2.840.113549.1.1.1` and NULL: an RSA key (RFC 3279).
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// The protobuf message `PublicKey` of libp2p.
#[derive(Clone, PartialEq, Message)]
struct PublicKey {
    #[prost(int32, optional, tag = "1")]
    kind: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    data: Option<Vec<u8>>,
}

/// A public key of a kind whose signatures are checked here.
#[derive(Clone, Debug)]
pub struct OwnKey {
    bytes: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Ed25519(IpnsName),
    Secp256k1(Box<VerifyingKey>),
    /// `RSAPublicKey` of PKCS #1.
    Rsa(Vec<u8>),
}

impl OwnKey {
    /// Reads the protobuf form.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let key = PublicKey::decode(bytes).map_err(|error| error.to_string())?;
        let data = key.data.unwrap_or_default();
        let kind = match key.kind {
            Some(0) => {
                let inner = rsa_of_spki(&data).ok_or("it is no RSA key in the form of PKIX")?;
                Kind::Rsa(inner.to_vec())
            }
            Some(1) => {
                let key = data[..].try_into().map_err(|_| "an ed25519 key has 32 bytes")?;
                Kind::Ed25519(IpnsName::from_public_key(key).map_err(|error| error.to_string())?)
            }
            Some(2) => {
                let key = VerifyingKey::from_sec1_bytes(&data);
                Kind::Secp256k1(Box::new(key.map_err(|_| "it is no point of secp256k1")?))
            }
            kind => return Err(format!("it is of kind {}", kind.unwrap_or_default())),
        };
        Ok(Self { bytes: bytes.to_vec(), kind })
    }

    /// The key that a name holds itself, if it does.
    pub fn of_name(name: &Cid) -> Option<Self> {
        let is_inline = name.codec() == LIBP2P_KEY && name.hash().code() == IDENTITY;
        is_inline.then(|| Self::parse(name.hash().digest()).ok()).flatten()
    }

    /// The name whose key it is: codec libp2p-key, the key in it or its SHA-256.
    pub fn cid(&self) -> Cid {
        name_of(&self.bytes)
    }

    /// The name as it is written, in base36.
    pub fn name(&self) -> String {
        base36(&self.cid())
    }

    /// The name, where it is of the kind that is written here.
    pub fn ed25519(&self) -> Option<IpnsName> {
        match self.kind {
            Kind::Ed25519(name) => Some(name),
            _ => None,
        }
    }

    /// Whether `signature` over `message` is its, as libp2p signs: ECDSA in DER over SHA-256, RSA
    /// as PKCS #1 v1.5 over SHA-256 with 2,048 bits and more.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            Kind::Ed25519(name) => name.verify(message, signature),
            Kind::Secp256k1(key) => {
                let Ok(signature) = Signature::from_der(signature) else { return false };
                let signature = signature.normalize_s().unwrap_or(signature);
                key.verify_prehash(&Sha256::digest(message), &signature).is_ok()
            }
            Kind::Rsa(key) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
                .verify(message, signature)
                .is_ok(),
        }
    }
}

/// The name of a key in its protobuf form, of whatever kind.
pub(super) fn name_of(key: &[u8]) -> Cid {
    let hash = match key.len() <= MAX_INLINE {
        true => Multihash::wrap(IDENTITY, key),
        false => Multihash::wrap(SHA2_256, &Sha256::digest(key)),
    };
    Cid::new_v1(LIBP2P_KEY, hash.expect("42 bytes fit into a multihash of 64"))
}

/// The key within a `SubjectPublicKeyInfo` (RFC 5280): an algorithm, then bits that hold it.
fn rsa_of_spki(spki: &[u8]) -> Option<&[u8]> {
    let (info, rest) = der(SEQUENCE, spki)?;
    let (algorithm, bits) = der(SEQUENCE, info)?;
    let (bits, after) = der(BIT_STRING, bits)?;
    let whole = rest.is_empty() && after.is_empty() && algorithm == RSA_ENCRYPTION;
    // No bits are left over at its end.
    whole.then(|| bits.strip_prefix(&[0])).flatten()
}

/// The content of the first element, which has this tag, and what follows it.
fn der(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [found, length, rest @ ..] = bytes else { return None };
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(*rest.first()?) << 8 | usize::from(*rest.get(1)?), &rest[2..]),
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
#[path = "own_key_tests.rs"]
pub(crate) mod tests;
