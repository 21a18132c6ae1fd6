//! Addresses in the base32 of RFC 4648 with a checksum: Stellar's strkey, Algorand's, NEM's.

use alloy_primitives::keccak256;
use crc::{CRC_16_XMODEM, Crc};
use data_encoding::{BASE32, BASE32_NOPAD};
use sha2::{Digest, Sha512_256};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

const XMODEM: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);
/// Strkey version of an ed25519 account key: it makes the first letter G.
const STELLAR_ACCOUNT: u8 = 6 << 3;

/// version ‖ key ‖ CRC16-XModem of both, little-endian.
pub(super) fn parse_stellar(text: &str) -> Result<Vec<u8>, Reason> {
    let bytes = BASE32.decode(text.as_bytes()).map_err(|_| "it is not base32 in upper case")?;
    let (body, checksum) = bytes.split_last_chunk::<2>().ok_or("it is too short")?;
    if XMODEM.checksum(body).to_le_bytes() != *checksum {
        return Err(CHECKSUM.into());
    }
    match body {
        [STELLAR_ACCOUNT, key @ ..] if key.len() == 32 => Ok(key.to_vec()),
        _ => Err("it is not an account: muxed accounts, contracts and seeds are not taken".into()),
    }
}

pub(super) fn display_stellar(key: &[u8]) -> Option<String> {
    let mut bytes = [&[STELLAR_ACCOUNT], key].concat();
    let checksum = XMODEM.checksum(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    (key.len() == 32).then(|| BASE32.encode(&bytes))
}

/// key ‖ last 4 bytes of SHA-512/256 of it.
pub(super) fn parse_algorand(text: &str) -> Result<Vec<u8>, Reason> {
    let decoded = BASE32_NOPAD.decode(text.as_bytes());
    let bytes = decoded.map_err(|_| "it is not base32 in upper case without padding")?;
    let (key, checksum) = bytes.split_first_chunk::<32>().ok_or("it is too short")?;
    if Sha512_256::digest(key)[28..] != *checksum {
        return Err(CHECKSUM.into());
    }
    Ok(key.to_vec())
}

pub(super) fn display_algorand(key: &[u8]) -> Option<String> {
    let checksum = &Sha512_256::digest(key)[28..];
    (key.len() == 32).then(|| BASE32_NOPAD.encode(&[key, checksum].concat()))
}

/// The main network of NEM.
const NEM_NETWORK: u8 = 0x68;

/// network ‖ 20-byte hash ‖ first 4 bytes of Keccak-256 of both: stored with the checksum, and
/// written with hyphens or without.
pub(super) const NEM: Codec = Codec {
    parse: parse_nem,
    display: display_nem,
    expected: "N and 39 characters",
    is_hex: false,
};

fn parse_nem(text: &str) -> Result<Vec<u8>, Reason> {
    let compact = text.replace('-', "");
    let bytes = BASE32.decode(compact.as_bytes()).map_err(|_| "it is not base32 in upper case")?;
    let (body, checksum) = bytes.split_last_chunk::<4>().ok_or("it is too short")?;
    if keccak256(body)[..4] != *checksum {
        return Err(CHECKSUM.into());
    }
    let grouped = compact.as_bytes().chunks(6).map(String::from_utf8_lossy);
    if text != compact && text != grouped.collect::<Vec<_>>().join("-") {
        return Err("its groups have six characters each".into());
    }
    match body {
        [NEM_NETWORK, hash @ ..] if hash.len() == 20 => Ok(bytes),
        _ => Err("it is of another network".into()),
    }
}

fn display_nem(bytes: &[u8]) -> Option<String> {
    let text = BASE32.encode(bytes);
    parse_nem(&text).is_ok().then_some(text)
}
