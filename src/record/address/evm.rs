//! EVM addresses: `0x` and 40 digits, checksummed by EIP-55 or EIP-1191.

use alloy_primitives::{Address, hex};

use super::reason::Reason;

/// One case is taken as it is; mixed case must be the checksum.
pub(super) fn parse(text: &str, eip1191: Option<u64>) -> Result<Vec<u8>, Reason> {
    let digits = text.strip_prefix("0x").ok_or("it does not begin with 0x")?;
    if digits.len() != 40 {
        return Err(format!("it has {} digits after 0x", digits.chars().count()).into());
    }
    let mut bytes = [0; 20];
    if digits.starts_with("0x") || hex::decode_to_slice(digits, &mut bytes).is_err() {
        return Err("it has characters that are not hexadecimal".into());
    }
    let lower = digits.bytes().any(|b| b.is_ascii_lowercase());
    let upper = digits.bytes().any(|b| b.is_ascii_uppercase());
    if lower && upper && Address::from(bytes).to_checksum(eip1191) != text {
        return Err("its checksum, the case of its letters, is wrong: check every digit".into());
    }
    Ok(bytes.to_vec())
}

/// Checksummed.
pub(super) fn display(bytes: &[u8], eip1191: Option<u64>) -> Option<String> {
    <[u8; 20]>::try_from(bytes).ok().map(|bytes| Address::from(bytes).to_checksum(eip1191))
}
