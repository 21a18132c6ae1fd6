//! Addresses of many chains: their own text forms and the bytes ENSIP-9 and 11 store.

mod ardor;
mod base32;
mod base58;
mod bech32;
mod bitcoin;
mod blake256;
mod cardano;
mod cashaddr;
mod codec;
mod decred;
mod eosio;
mod evm;
mod filecoin;
mod flow;
mod formats;
mod hedera;
mod hexadecimal;
mod monero;
mod nano;
mod nebulas;
mod nimiq;
mod nuls;
mod plain;
mod reason;
mod ripemd160;
mod stacks;
mod texts;
mod velas;
mod waves;

use alloy_primitives::hex;

use super::CoinType;
use super::prefixed_hex::prefixed_bytes;
use formats::{Format, format};
use reason::Reason;

/// No address of a known form is longer; decoding base58 takes the square of the length.
const MAX_CHARACTERS: usize = 256;

/// A text, or bytes, that are not an address of a coin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is not an address of {coin}: {reason}; expected is {expected}")]
pub struct AddressError {
    /// The coin's name and number.
    pub coin: String,
    /// The address as given, at most 512 characters of it.
    pub address: String,
    /// What is wrong with it.
    pub reason: String,
    /// The forms the coin's addresses have.
    pub expected: String,
}

/// The bytes of the address `text` of `coin`, in the coin's own form, or as `0x` bytes that are the
/// encoding of one; `0x` alone is the empty value of all but 60.
pub(super) fn parse(coin: CoinType, text: &str) -> Result<Vec<u8>, AddressError> {
    if is_raw(coin, text) {
        let format = format(coin.number());
        let malformed = || "it is not 0x and pairs of hexadecimal digits".into();
        let bytes = prefixed_bytes(text)
            .ok_or_else(malformed)
            .map_err(|reason| error(coin, &format, text, reason))?;
        return check_bytes(coin, &bytes).map(|()| bytes);
    }
    parse_own(coin, text)
}

/// As [`parse`], in the coin's own form alone: bytes carry no checksum.
pub(super) fn parse_own(coin: CoinType, text: &str) -> Result<Vec<u8>, AddressError> {
    if text == "0x" && coin != CoinType::ETH {
        return Ok(Vec::new());
    }
    let format = format(coin.number());
    let parsed = match format {
        Format::Hex => format.parse(text),
        _ if text.len() > MAX_CHARACTERS => Err("it is too long".into()),
        _ if is_raw(coin, text) => Err(format!(
            "bytes in hexadecimal carry no checksum, and are taken only under the coin's number \
             (address/{coin})"
        )
        .into()),
        _ => format.parse(text),
    };
    parsed.map_err(|reason| error(coin, &format, text, reason))
}

/// Whether the text is bytes in hexadecimal, of a coin whose addresses are written otherwise.
pub(super) fn is_raw(coin: CoinType, text: &str) -> bool {
    text.starts_with("0x") && text != "0x" && !format(coin.number()).is_hex()
}

/// Whether coins sent to the script could be taken by anyone today.
pub(super) fn is_unowned(coin: CoinType, bytes: &[u8]) -> bool {
    let is_segwit = matches!(format(coin.number()), Format::Bitcoin(_) | Format::Segwit { .. });
    is_segwit && bech32::is_unowned(bytes)
}

/// Whether nothing is known here of how the coin's addresses are written.
pub(super) fn is_unknown(coin: CoinType) -> bool {
    matches!(format(coin.number()), Format::Hex)
}

/// The text of the address `bytes` of `coin`; `None` where they are none.
pub(super) fn display(coin: CoinType, bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() && coin != CoinType::ETH {
        return Some("0x".into());
    }
    let format = format(coin.number());
    // What does not come back as the same bytes is not shown as an address.
    format.display(bytes).filter(|text| format.parse(text).is_ok_and(|parsed| parsed == bytes))
}

/// Whether `bytes` are an address of `coin`, or empty.
pub(super) fn check_bytes(coin: CoinType, bytes: &[u8]) -> Result<(), AddressError> {
    if display(coin, bytes).is_some() {
        return Ok(());
    }
    let format = format(coin.number());
    let reason = "these bytes are not the encoding of one".into();
    Err(error(coin, &format, &hex::encode_prefixed(bytes), reason))
}

fn error(coin: CoinType, format: &Format, address: &str, reason: Reason) -> AddressError {
    let label = match coin.name() {
        Some(name) => format!("{name} (coin type {coin})"),
        None => format!("coin type {coin}"),
    };
    AddressError {
        coin: label,
        address: shortened(address),
        reason: reason.into_owned(),
        expected: format.expected(),
    }
}

/// As much of it as is looked at.
fn shortened(address: &str) -> String {
    match address.char_indices().nth(2 * MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &address[..end]),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests;
