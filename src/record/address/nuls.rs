//! NULS: a prefix of the chain, a letter that tells its length, and base58 of chain id
//! (little-endian), kind, a 20-byte hash, and all of these XORed.

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec =
    Codec { parse, display, expected: "NULSd6… (base58 with a checksum)", is_hex: false };

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    // The letter is the first in lower case, but for the test network's prefix.
    let prefix = if text.starts_with('t') { 1 } else { 0 };
    let letter = text.char_indices().skip(prefix).find(|(_, letter)| letter.is_ascii_lowercase());
    let (at, _) = letter.ok_or("it does not begin with NULSd")?;
    let bytes = super::base58::parse_unchecked(&text[at + 1..], 24)?;
    let (body, checksum) = bytes.split_at(23);
    if xor(body) != checksum[0] {
        return Err(CHECKSUM.into());
    }
    // Also refuses the prefix of another chain.
    match display(body).as_deref() == Some(text) {
        true => Ok(body.to_vec()),
        false => Err("its prefix is not that of its chain".into()),
    }
}

fn display(body: &[u8]) -> Option<String> {
    let (chain, rest) = body.split_first_chunk::<2>()?;
    if rest.len() != 21 {
        return None;
    }
    let prefix = match u16::from_le_bytes(*chain) {
        1 => "NULS".to_owned(),
        2 => "tNULS".to_owned(),
        _ => bs58::encode(chain).into_string().to_ascii_uppercase(),
    };
    let letter = char::from(b"abcde".get(prefix.len().checked_sub(1)?).copied()?);
    let payload = [body, &[xor(body)]].concat();
    Some(format!("{prefix}{letter}{}", bs58::encode(payload).into_string()))
}

fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}
