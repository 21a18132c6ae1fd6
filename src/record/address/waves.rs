//! Waves and V Systems: base58 of a version, a network letter, a 20-byte hash, and four bytes of
//! Keccak-256 over BLAKE2b-256. Stored is all of it.

use alloy_primitives::keccak256;
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const WAVES: Codec = Codec {
    parse: |text| parse(text, &WAVES_HEAD),
    display: |bytes| display(bytes, &WAVES_HEAD),
    expected: "3P… (base58 with a checksum)",
    is_hex: false,
};
pub(super) const VSYS: Codec = Codec {
    parse: |text| parse(text.strip_prefix("address:").unwrap_or(text), &VSYS_HEAD),
    display: |bytes| display(bytes, &VSYS_HEAD),
    expected: "AR… (base58 with a checksum)",
    is_hex: false,
};

/// Version and the letter of the main network.
const WAVES_HEAD: [u8; 2] = [1, b'W'];
const VSYS_HEAD: [u8; 2] = [5, b'M'];

fn parse(text: &str, head: &[u8; 2]) -> Result<Vec<u8>, Reason> {
    let bytes = super::base58::parse_unchecked(text, 26)?;
    check(&bytes, head).map(|()| bytes)
}

fn display(bytes: &[u8], head: &[u8; 2]) -> Option<String> {
    check(bytes, head).ok().map(|()| bs58::encode(bytes).into_string())
}

fn check(bytes: &[u8], head: &[u8; 2]) -> Result<(), Reason> {
    let (body, checksum) = bytes.split_last_chunk::<4>().ok_or("it is too short")?;
    if keccak256(Blake2b::<U32>::digest(body))[..4] != *checksum {
        return Err(CHECKSUM.into());
    }
    match body.strip_prefix(head) {
        Some(hash) if hash.len() == 20 => Ok(()),
        _ => Err("it is of another network".into()),
    }
}
