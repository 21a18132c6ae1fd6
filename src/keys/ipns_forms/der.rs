//! PKCS#8 and SubjectPublicKeyInfo in DER.

use ed25519_dalek::pkcs8::{DecodePrivateKey, KeypairBytes};

use super::{IpnsKeyError, named};
use crate::keys::IpnsKey;
use crate::secret::Secret;

/// What stands before an ed25519 public key (RFC 8410).
const PUBLIC_HEAD: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Object identifiers, encoded, of what else is met.
const OTHERS: [(&[u8], &str); 7] = [
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], named::SECP256K1),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], named::EC),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], named::RSA),
    (&[0x2b, 0x65, 0x6e], "an X25519"),
    (&[0x2b, 0x65, 0x6f], "an X448"),
    (&[0x2b, 0x65, 0x71], "an Ed448"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "a DSA"),
];
/// The algorithm stands within so many bytes.
const HEAD: usize = 40;

/// Whether the bytes are one sequence, and nothing follows it.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    match bytes {
        [0x30, length @ 0..=0x7f, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x81, length, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x82, high, low, rest @ ..] => {
            rest.len() == usize::from(u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}

pub(super) fn parse(der: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    if public_key(der).is_some() {
        return Err(named::PUBLIC);
    }
    let head = &der[..der.len().min(HEAD)];
    let holds = |oid: &[u8]| head.windows(oid.len()).any(|window| window == oid);
    if let Some((_, kind)) = OTHERS.iter().find(|(oid, _)| holds(oid)) {
        return Err(IpnsKeyError::KeyType(kind));
    }
    let pair = KeypairBytes::from_pkcs8_der(der).map_err(|_| IpnsKeyError::Damaged)?;
    let key = IpnsKey::from_seed(&Secret::new(pair.secret_key));
    match &pair.public_key {
        Some(public) if public.to_bytes() != key.name().public_key() => {
            Err(IpnsKeyError::PublicHalf)
        }
        _ => Ok(key),
    }
}

/// The ed25519 public key in DER, where it is one.
pub(super) fn public_key(der: &[u8]) -> Option<[u8; 32]> {
    der.strip_prefix(&PUBLIC_HEAD)?.try_into().ok()
}
