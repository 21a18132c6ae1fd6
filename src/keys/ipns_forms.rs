//! The forms an IPNS secret key comes in: what other tools write, what secret stores make of it, and
//! what `NAMESYS_IPNS_KEY` takes.

mod armour;
mod der;
mod json;
mod named;

pub(super) use named::is_utf16;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::ipns::{IpnsKey, PRIVATE_HEAD};
use crate::secret::Secret;

/// Longer input is no key of ours; Kubo's whole configuration has some 5 KiB.
const MAX_KEY_BYTES: usize = 64 * 1024;

/// Why bytes are not an IPNS secret key. The bytes are never quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IpnsKeyError {
    /// None of the known forms.
    #[error(
        "this is no IPNS key in a known form: hex of the 32-byte seed, the libp2p protobuf \
         (binary, hex or base64), seed and public key (64 bytes), PKCS#8 (PEM or DER), JWK, or \
         Kubo's config"
    )]
    Form,
    /// Nothing there.
    #[error("the IPNS key is empty")]
    Empty,
    /// A private key of another kind.
    #[error("this is {0} key; an IPNS key of NameSys is ed25519")]
    KeyType(&'static str),
    /// Something else that is known for what it is, and what to do about it.
    #[error("this is {what}; {instead}")]
    Other {
        /// What it is.
        what: &'static str,
        /// What belongs there, or how to come to it.
        instead: &'static str,
    },
    /// A PEM block or DER that does not decode as a key.
    #[error("the PKCS#8 of the key is damaged: some of it is missing, or was changed")]
    Damaged,
    /// A protobuf of an ed25519 key, cut or with trailing bytes.
    #[error("the libp2p private key has {0} bytes; an ed25519 one has 68")]
    Length(usize),
    /// The public half inside is another key's.
    #[error("the public key stored inside does not belong to the secret key: the file is damaged")]
    PublicHalf,
}

impl IpnsKey {
    /// Reads a secret key in any of its forms: hex of the 32-byte seed (`0x` allowed); the libp2p
    /// protobuf; seed and public key; PKCS#8 of version 1 or 2, as PEM or DER; a JWK; Kubo's
    /// configuration. What is binary may come in hex, base64 or multibase. In texts, white space
    /// does not count, and neither do lines that start with `#`; of PEM not even its line ends.
    ///
    /// # Errors
    /// As [`IpnsKeyError`] says; a public half inside must belong to the secret one.
    pub fn parse(bytes: &[u8]) -> Result<Self, IpnsKeyError> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(IpnsKeyError::Form);
        }
        match binary(bytes) {
            Err(IpnsKeyError::Form) => {}
            found => return found,
        }
        if named::is_utf16(bytes) {
            return Err(named::UTF16);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| IpnsKeyError::Form)?;
        from_text(text.trim_start_matches('\u{feff}'))
    }
}

/// What needs no text: protobuf, DER, seed and public key.
fn binary(bytes: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    match bytes {
        [0x08, 0..=3, 0x12, ..] => from_libp2p(bytes),
        // Multicodec ed25519-priv, as did:key documents have it.
        [0x80, 0x26, seed @ ..] if seed.len() == 32 => from_seed(seed),
        [0x80, 0x26, pair @ ..] if pair.len() == 64 => from_pair(pair),
        [0x30, ..] if bytes.len() > 40 && der::is_whole(bytes) => der::parse(bytes),
        _ if bytes.len() == 64 => match from_pair(bytes) {
            // It may as well be 64 digits.
            Err(_) => Err(IpnsKeyError::Form),
            found => found,
        },
        _ => Err(IpnsKeyError::Form),
    }
}

fn from_text(text: &str) -> Result<IpnsKey, IpnsKeyError> {
    if let Some(found) = armour::parse(text) {
        return found;
    }
    let text = without_comments(text);
    if text.is_empty() {
        return Err(IpnsKeyError::Empty);
    }
    if text.starts_with('{') {
        return json::parse(&text);
    }
    if let Some(named) = named::text(&text) {
        return Err(named);
    }
    if let Some(decoded) = decode_hex(&text) {
        return match decoded.len() {
            32 => from_seed(&decoded),
            64 => from_pair(&decoded),
            _ => binary(&decoded),
        };
    }
    let decoded = decode_base64(&text).or_else(|| decode_multibase(&text));
    let decoded = decoded.ok_or(IpnsKeyError::Form)?;
    match decoded.len() {
        64 => from_pair(&decoded),
        // Also what public keys and hashes are.
        32 => Err(named::BASE64_OF_32),
        _ => match std::str::from_utf8(&decoded) {
            // Base64 of a file, as secret stores want it.
            Ok(inner) if inner.contains("-----BEGIN") || inner.contains("# ipns ") => {
                armour::parse(inner).unwrap_or(Err(IpnsKeyError::Form))
            }
            _ => binary(&decoded),
        },
    }
}

/// Without lines that are comments, and without white space. Where all is one line, what follows
/// our own comment.
pub(super) fn without_comments(text: &str) -> Zeroizing<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    for word in lines.flat_map(str::split_whitespace) {
        kept.push_str(word);
    }
    let mut words = text.split_whitespace();
    if kept.is_empty()
        && let (Some("#"), Some("ipns" | "signer"), Some(_), Some(key), None) =
            (words.next(), words.next(), words.next(), words.next(), words.next())
    {
        kept.push_str(key);
    }
    kept
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().map(Zeroizing::new)
}

/// With padding or without, in either alphabet.
fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_end_matches('=').as_bytes();
    let decoded = BASE64_NOPAD.decode(text).or_else(|_| BASE64URL_NOPAD.decode(text));
    // Multibase is base64 too, of bytes that are no key.
    decoded.ok().map(Zeroizing::new).filter(|bytes| is_key_like(bytes))
}

fn is_key_like(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 0..=3, 0x12, ..] | [0x30, ..] | [b'-' | b'#' | 0x80, ..])
        || matches!(bytes.len(), 32 | 64)
}

fn decode_multibase(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, decoded) = multibase::decode(text).ok()?;
    Some(Zeroizing::new(decoded))
}

fn from_seed(seed: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    let mut copy = Zeroizing::new([0; 32]);
    copy.copy_from_slice(seed.get(..32).filter(|_| seed.len() == 32).ok_or(IpnsKeyError::Form)?);
    Ok(IpnsKey::from_seed(&Secret::new(*copy)))
}

/// A seed, and the public half that proves it.
fn from_pair(pair: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    let key = from_seed(&pair[..32])?;
    if key.name().public_key() == pair[32..] { Ok(key) } else { Err(IpnsKeyError::PublicHalf) }
}

/// `08 <type> 12 <length> ‖ data`; for ed25519 (type 1) data is seed ‖ public. Older go-libp2p
/// wrote the public half twice.
fn from_libp2p(bytes: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    match bytes {
        [0x08, 0x01, 0x12, 0x20, ..] if bytes.len() == 36 => return Err(named::PUBLIC),
        [0x08, 0x00, ..] => return Err(IpnsKeyError::KeyType(named::RSA)),
        [0x08, 0x02, ..] => return Err(IpnsKeyError::KeyType(named::SECP256K1)),
        [0x08, 0x03, ..] => return Err(IpnsKeyError::KeyType(named::EC)),
        _ => {}
    }
    match bytes.strip_prefix(&PRIVATE_HEAD) {
        Some(data) if data.len() == 64 => from_pair(data),
        Some(_) => Err(IpnsKeyError::Length(bytes.len())),
        None => match bytes.strip_prefix(&[0x08, 0x01, 0x12, 0x60]) {
            Some(data) if data.len() == 96 && data[32..64] == data[64..] => from_pair(&data[..64]),
            Some(data) if data.len() == 96 => Err(IpnsKeyError::PublicHalf),
            _ => Err(IpnsKeyError::Form),
        },
    }
}

#[cfg(test)]
mod tests;
