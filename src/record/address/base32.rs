//! Stellar's strkey and Algorand's addresses: base32 of a 32-byte key with a checksum.

use crc::{CRC_16_XMODEM, Crc};
use data_encoding::{BASE32, BASE32_NOPAD};
use sha2::{Digest, Sha512_256};

use super::reason::Reason;

const XMODEM: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);
/// Strkey version of an ed25519 account key: it makes the first letter G.
const STELLAR_ACCOUNT: u8 = 6 << 3;

/// version ‖ key ‖ CRC16-XModem of both, little-endian.
pub(super) fn parse_stellar(text: &str) -> Result<Vec<u8>, Reason> {
    let bytes = BASE32.decode(text.as_bytes()).map_err(|_| "it is not base32 in upper case")?;
    let (body, checksum) = bytes.split_last_chunk::<2>().ok_or("it is too short")?;
    if XMODEM.checksum(body).to_le_bytes() != *checksum {
        return Err("its checksum is wrong: check every character".into());
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
        return Err("its checksum is wrong: check every character".into());
    }
    Ok(key.to_vec())
}

pub(super) fn display_algorand(key: &[u8]) -> Option<String> {
    let checksum = &Sha512_256::digest(key)[28..];
    (key.len() == 32).then(|| BASE32_NOPAD.encode(&[key, checksum].concat()))
}
