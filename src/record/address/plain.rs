//! Addresses without a checksum: ICON, NEAR, Arweave, Lisk's of old, and hexadecimal keys of a fixed
//! length.

use alloy_primitives::hex;
use data_encoding::BASE64URL_NOPAD;

use super::codec::Codec;
use super::reason::Reason;
use crate::record::prefixed_hex::prefixed_bytes;

/// `0x` and exactly `length` bytes.
pub(super) fn parse_hex(text: &str, length: usize) -> Result<Vec<u8>, Reason> {
    let bytes = prefixed_bytes(text).ok_or("it is not 0x and pairs of hexadecimal digits")?;
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(super::base58::wrong_length(bytes.len(), length))
    }
}

/// `hx` (account, stored as 0) or `cx` (contract, 1) and 20 bytes.
pub(super) fn parse_icon(text: &str) -> Result<Vec<u8>, Reason> {
    let (kind, digits) = match text.split_at_checked(2) {
        Some(("hx", digits)) => (0, digits),
        Some(("cx", digits)) => (1, digits),
        _ => return Err("it begins neither with hx nor with cx".into()),
    };
    let mut bytes = [kind; 21];
    if digits.starts_with("0x") || hex::decode_to_slice(digits, &mut bytes[1..]).is_err() {
        return Err("40 hexadecimal digits belong after its first two letters".into());
    }
    Ok(bytes.to_vec())
}

pub(super) fn display_icon(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0, account @ ..] if account.len() == 20 => Some(format!("hx{}", hex::encode(account))),
        [1, contract @ ..] if contract.len() == 20 => Some(format!("cx{}", hex::encode(contract))),
        _ => None,
    }
}

/// An account id of 2 to 64 characters: parts of a to z and 0 to 9, single separators between.
pub(super) fn parse_near(text: &str) -> Result<Vec<u8>, Reason> {
    if !(2..=64).contains(&text.len()) {
        return Err("an account id has 2 to 64 characters".into());
    }
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if !text.split(['.', '-', '_']).all(part) {
        return Err("an account id has a to z, 0 to 9, and single . - _ between them".into());
    }
    Ok(text.as_bytes().to_vec())
}

/// base64url of a SHA-256.
pub(super) const ARWEAVE: Codec = Codec {
    parse: |text| match BASE64URL_NOPAD.decode(text.as_bytes()) {
        Ok(bytes) if bytes.len() == 32 => Ok(bytes),
        _ => Err("it is not base64url of 32 bytes".into()),
    },
    display: |bytes| (bytes.len() == 32).then(|| BASE64URL_NOPAD.encode(bytes)),
    expected: "43 characters of base64url",
    is_hex: false,
};

/// A number of 64 bits and L, stored without leading zeros.
pub(super) const LISK: Codec = Codec {
    parse: |text| {
        let number = text.strip_suffix('L').ok_or("it does not end with L")?;
        let parsed = number.parse().ok().filter(|parsed: &u64| parsed.to_string() == number);
        let parsed = parsed.ok_or("a number of 64 bits without leading zeros belongs before L")?;
        let zeros = parsed.leading_zeros() as usize / 8;
        Ok(parsed.to_be_bytes()[zeros.min(7)..].to_vec())
    },
    display: |bytes| {
        let shown = (1..=8).contains(&bytes.len());
        let number = bytes.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        shown.then(|| format!("{number}L"))
    },
    expected: "a number and L",
    is_hex: false,
};
