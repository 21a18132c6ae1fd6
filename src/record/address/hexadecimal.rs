//! Addresses in hexadecimal with a checksum: Starknet's and Wanchain's in the case of their letters,
//! Sia's at the end.

use alloy_primitives::{hex, keccak256};
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const STARKNET: Codec = Codec {
    parse: parse_starknet,
    display: display_starknet,
    expected: "0x and 64 hexadecimal digits",
    is_hex: true,
};
pub(super) const WANCHAIN: Codec = Codec {
    parse: |text| in_one_case_or(text, 20, display_wanchain),
    display: display_wanchain,
    expected: "0x and 40 hexadecimal digits, in Wanchain's own case",
    is_hex: true,
};
pub(super) const SIA: Codec = Codec {
    parse: parse_sia,
    display: display_sia,
    expected: "76 hexadecimal digits",
    is_hex: false,
};

const CASE: &str = "its checksum, the case of its letters, is wrong: check every digit";

/// Of one case it is taken as it is; of both it must be the checksum.
fn in_one_case_or(
    text: &str,
    length: usize,
    display: fn(&[u8]) -> Option<String>,
) -> Result<Vec<u8>, Reason> {
    let bytes = super::plain::parse_hex(text, length)?;
    let digits = &text[2..];
    let has = |is: fn(&u8) -> bool| digits.as_bytes().iter().any(is);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if mixed && display(&bytes).as_deref() != Some(text) {
        return Err(CASE.into());
    }
    Ok(bytes)
}

fn parse_starknet(text: &str) -> Result<Vec<u8>, Reason> {
    let digits = text.strip_prefix("0x").ok_or("it does not begin with 0x")?;
    if digits.len() < 64 && digits.len() > 50 {
        // Leading zeros may be left out, but so may a digit by mistake.
        let zeros = "0".repeat(64 - digits.len());
        return Err(format!(
            "it has {} digits after 0x; if its zeros at the beginning were left out, write \
             0x{zeros}{digits}",
            digits.len()
        )
        .into());
    }
    if super::plain::parse_hex(text, 32)?[0] >= 8 {
        return Err("it is not below 2^251".into());
    }
    in_one_case_or(text, 32, display_starknet)
}

/// Keccak-256 of the number without leading zeros decides the case of each digit.
fn display_starknet(bytes: &[u8]) -> Option<String> {
    if bytes.len() != 32 || bytes[0] >= 8 {
        return None;
    }
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(31);
    let hash = keccak256(&bytes[first..]);
    Some(cased(bytes, |at| nibble(&hash[..], at) >= 8))
}

/// As EIP-55, with the other case.
fn display_wanchain(bytes: &[u8]) -> Option<String> {
    if bytes.len() != 20 {
        return None;
    }
    let hash = keccak256(hex::encode(bytes));
    Some(cased(bytes, |at| nibble(&hash[..], at) <= 7))
}

fn nibble(bytes: &[u8], at: usize) -> u8 {
    if at.is_multiple_of(2) { bytes[at / 2] >> 4 } else { bytes[at / 2] & 0xf }
}

fn cased(bytes: &[u8], is_upper: impl Fn(usize) -> bool) -> String {
    let digits = hex::encode(bytes);
    let digits = digits.chars().enumerate().map(|(at, digit)| match is_upper(at) {
        true => digit.to_ascii_uppercase(),
        false => digit,
    });
    format!("0x{}", digits.collect::<String>())
}

/// 32 bytes, and six of their BLAKE2b-256.
fn parse_sia(text: &str) -> Result<Vec<u8>, Reason> {
    if text.len() != 76 || text.starts_with("0x") {
        return Err("it has not 76 hexadecimal digits".into());
    }
    let bytes = hex::decode(text).map_err(|_| "it has characters that are not hexadecimal")?;
    let (address, checksum) = bytes.split_at(32);
    match Blake2b::<U32>::digest(address)[..6] == *checksum {
        true => Ok(address.to_vec()),
        false => Err(CHECKSUM.into()),
    }
}

fn display_sia(address: &[u8]) -> Option<String> {
    let checksum = &Blake2b::<U32>::digest(address)[..6];
    (address.len() == 32).then(|| hex::encode([address, checksum].concat()))
}
