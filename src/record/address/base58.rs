//! Base58 with and without a checksum: Bitcoin's alphabet, XRP's, SS58, Tezos, plain keys.

use blake2::Blake2b512;
use blake2::digest::Digest as _;
use sha2::{Digest as _, Sha256};

use super::codec::CHECKSUM;
use super::reason::Reason;

/// One way a Base58Check payload begins and how it is stored.
pub(super) struct Version {
    /// The bytes the payload begins with.
    pub prefix: &'static [u8],
    /// What the stored bytes begin with in their place.
    pub stored: &'static [u8],
    /// What the stored bytes end with, which the payload has not.
    pub suffix: &'static [u8],
    /// How many bytes follow the prefix.
    pub length: usize,
}

impl Version {
    /// Stored as the payload is, prefix included.
    pub(super) const fn kept(prefix: &'static [u8], length: usize) -> Self {
        Self { prefix, stored: prefix, suffix: &[], length }
    }

    /// Stored without the prefix.
    pub(super) const fn stripped(prefix: &'static [u8], length: usize) -> Self {
        Self { prefix, stored: &[], suffix: &[], length }
    }
}

pub(super) fn alphabet(ripple: bool) -> &'static bs58::Alphabet {
    if ripple { bs58::Alphabet::RIPPLE } else { bs58::Alphabet::BITCOIN }
}

/// The payload of a Base58Check text, its checksum verified.
pub(super) fn payload(text: &str, alphabet: &bs58::Alphabet) -> Result<Vec<u8>, Reason> {
    let decoded = bs58::decode(text).with_alphabet(alphabet).with_check(None).into_vec();
    decoded.map_err(|error| match error {
        bs58::decode::Error::InvalidChecksum { .. } | bs58::decode::Error::NoChecksum => {
            CHECKSUM.into()
        }
        other => characters(other),
    })
}

fn characters(error: bs58::decode::Error) -> Reason {
    match error {
        bs58::decode::Error::InvalidCharacter { character, .. } => {
            format!("base58 has no character {character:?}").into()
        }
        _ => "it is not base58".into(),
    }
}

pub(super) fn parse(text: &str, versions: &[Version], ripple: bool) -> Result<Vec<u8>, Reason> {
    let payload = payload(text, alphabet(ripple))?;
    let version = versions
        .iter()
        .find(|version| payload.starts_with(version.prefix))
        .ok_or("its version byte is that of another network or coin")?;
    let body = &payload[version.prefix.len()..];
    if body.len() != version.length {
        return Err(wrong_length(body.len(), version.length));
    }
    Ok([version.stored, body, version.suffix].concat())
}

pub(super) fn wrong_length(found: usize, expected: usize) -> Reason {
    format!("it decodes to {found} bytes, where {expected} belong").into()
}

pub(super) fn display(bytes: &[u8], versions: &[Version], ripple: bool) -> Option<String> {
    let (version, body) = versions.iter().find_map(|version| {
        let body = bytes.strip_prefix(version.stored)?.strip_suffix(version.suffix)?;
        (body.len() == version.length).then_some((version, body))
    })?;
    let payload = [version.prefix, body].concat();
    Some(bs58::encode(payload).with_alphabet(alphabet(ripple)).with_check().into_string())
}

/// Base58 of exactly `length` bytes without a checksum.
pub(super) fn parse_unchecked(text: &str, length: usize) -> Result<Vec<u8>, Reason> {
    let bytes = bs58::decode(text).into_vec().map_err(characters)?;
    if bytes.len() == length { Ok(bytes) } else { Err(wrong_length(bytes.len(), length)) }
}

pub(super) fn display_unchecked(bytes: &[u8], length: usize) -> Option<String> {
    (bytes.len() == length).then(|| bs58::encode(bytes).into_string())
}

/// As [`parse`], stored with the checksum of the text at its end.
pub(super) fn parse_stored(text: &str, versions: &[Version]) -> Result<Vec<u8>, Reason> {
    let payload = parse(text, versions, false)?;
    let checksum = double_sha256(&payload);
    Ok([&payload, &checksum[..4]].concat())
}

pub(super) fn display_stored(bytes: &[u8], versions: &[Version]) -> Option<String> {
    let (payload, checksum) = bytes.split_last_chunk::<4>()?;
    let is_right = double_sha256(payload)[..4] == *checksum;
    display(payload, versions, false).filter(|_| is_right)
}

fn double_sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

/// SS58 of a 32-byte account: network byte ‖ account ‖ two bytes of blake2b-512.
pub(super) fn parse_ss58(text: &str, network: u8) -> Result<Vec<u8>, Reason> {
    let bytes = parse_unchecked(text, 35)?;
    if ss58_checksum(&bytes[..33]) != bytes[33..] {
        return Err(CHECKSUM.into());
    }
    if bytes[0] != network {
        let found = bytes[0];
        return Err(format!("it is of network {found}, where {network} belongs").into());
    }
    Ok(bytes[1..33].to_vec())
}

pub(super) fn display_ss58(account: &[u8], network: u8) -> Option<String> {
    if account.len() != 32 {
        return None;
    }
    let mut bytes = [&[network], account].concat();
    let checksum = ss58_checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    Some(bs58::encode(bytes).into_string())
}

fn ss58_checksum(bytes: &[u8]) -> [u8; 2] {
    let hash = Blake2b512::new().chain_update(b"SS58PRE").chain_update(bytes).finalize();
    [hash[0], hash[1]]
}
