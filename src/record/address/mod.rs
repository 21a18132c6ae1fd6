//! Addresses of many chains: their own text forms and the bytes ENSIP-9 and 11 store.

mod base32;
mod base58;
mod bech32;
mod bitcoin;
mod cardano;
mod cashaddr;
mod evm;
mod formats;
mod plain;
mod reason;

use alloy_primitives::hex;

use super::CoinType;
use super::prefixed_hex::prefixed_bytes;
use formats::{Format, format};
use reason::Reason;

const AVALANCHE: &str = "avax";
const HANDSHAKE: &str = "hs";
/// No address of a known form is longer; decoding base58 takes the square of the length.
const MAX_CHARACTERS: usize = 256;

/// A text, or bytes, that are not an address of a coin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is not an address of {coin}: {reason}; expected is {expected}")]
pub struct AddressError {
    /// The coin's name and number.
    pub coin: String,
    /// The address as given.
    pub address: String,
    /// What is wrong with it.
    pub reason: String,
    /// The forms the coin's addresses have.
    pub expected: String,
}

impl Format {
    fn parse(&self, text: &str) -> Result<Vec<u8>, Reason> {
        match self {
            Self::Evm { eip1191 } => evm::parse(text, *eip1191),
            Self::Bitcoin(network) => network.parse(text),
            Self::BitcoinCash => bitcoin::parse_cash(text),
            Self::Base58 { versions, ripple, .. } => base58::parse(text, versions, *ripple),
            Self::Base58Plain { length } => base58::parse_unchecked(text, *length),
            Self::Bech32 { hrp, lengths, bech32m } => bech32::parse(text, hrp, lengths, *bech32m),
            Self::Avalanche => {
                let address = text.strip_prefix("X-").or_else(|| text.strip_prefix("P-"));
                bech32::parse(address.unwrap_or(text), AVALANCHE, &[20], false)
            }
            Self::Handshake => bech32::parse_handshake(text, HANDSHAKE),
            Self::Ss58 { network, .. } => base58::parse_ss58(text, *network),
            Self::Stellar => base32::parse_stellar(text),
            Self::Algorand => base32::parse_algorand(text),
            Self::Cardano => cardano::parse(text),
            Self::Icon => plain::parse_icon(text),
            Self::Near => plain::parse_near(text),
            Self::FixedHex { length } => plain::parse_hex(text, *length),
            Self::Hex => prefixed_bytes(text)
                .ok_or_else(|| "it is not 0x and pairs of hexadecimal digits".into()),
        }
    }

    /// `None` where the bytes are no address of the coin.
    fn display(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Evm { eip1191 } => evm::display(bytes, *eip1191),
            Self::Bitcoin(network) => network.display(bytes),
            Self::BitcoinCash => bitcoin::display_cash(bytes),
            Self::Base58 { versions, ripple, .. } => base58::display(bytes, versions, *ripple),
            Self::Base58Plain { length } => base58::display_unchecked(bytes, *length),
            Self::Bech32 { hrp, lengths, bech32m } => {
                bech32::display(bytes, hrp, lengths, *bech32m)
            }
            Self::Avalanche => bech32::display(bytes, AVALANCHE, &[20], false),
            Self::Handshake => bech32::display_handshake(bytes, HANDSHAKE),
            Self::Ss58 { network, .. } => base58::display_ss58(bytes, *network),
            Self::Stellar => base32::display_stellar(bytes),
            Self::Algorand => base32::display_algorand(bytes),
            Self::Cardano => cardano::display(bytes),
            Self::Icon => plain::display_icon(bytes),
            Self::Near => String::from_utf8(bytes.to_vec()).ok(),
            Self::FixedHex { length } => {
                (bytes.len() == *length).then(|| hex::encode_prefixed(bytes))
            }
            Self::Hex => Some(hex::encode_prefixed(bytes)),
        }
    }

    fn expected(&self) -> String {
        match self {
            Self::Evm { .. } => "0x and 40 hexadecimal digits".into(),
            Self::Bitcoin(network) => network.expected(),
            Self::BitcoinCash => "bitcoincash:q… or bitcoincash:p…".into(),
            Self::Base58 { example, .. } | Self::Ss58 { example, .. } => {
                format!("{example} (base58 with a checksum)")
            }
            Self::Base58Plain { length } => format!("base58 of {length} bytes"),
            Self::Bech32 { hrp, .. } => format!("{hrp}1…"),
            Self::Avalanche => format!("{AVALANCHE}1…, or X-{AVALANCHE}1…"),
            Self::Handshake => format!("{HANDSHAKE}1q…"),
            Self::Stellar => "G and 55 characters".into(),
            Self::Algorand => "58 characters of A to Z and 2 to 7".into(),
            Self::Cardano => "addr1…, or a Byron address (Ae2…, DdzFF…)".into(),
            Self::Icon => "hx or cx and 40 hexadecimal digits".into(),
            Self::Near => "an account id such as alice.near".into(),
            Self::FixedHex { length } => format!("0x and {} hexadecimal digits", 2 * length),
            Self::Hex => "0x and the bytes in hexadecimal".into(),
        }
    }

    /// Whether addresses are written in hexadecimal.
    fn is_hex(&self) -> bool {
        matches!(self, Self::Evm { .. } | Self::FixedHex { .. } | Self::Hex)
    }
}

/// The bytes of the address `text` of `coin`; `0x` alone is the empty value of all but 60.
pub(super) fn parse(coin: CoinType, text: &str) -> Result<Vec<u8>, AddressError> {
    if text == "0x" && coin != CoinType::ETH {
        return Ok(Vec::new());
    }
    let format = format(coin.number());
    let parsed = match format {
        Format::Hex => format.parse(text),
        _ if text.len() > MAX_CHARACTERS => Err("it is too long".into()),
        _ if text.starts_with("0x") && !format.is_hex() => {
            Err("its bytes in hexadecimal are not taken, for they carry no checksum".into())
        }
        _ => format.parse(text),
    };
    parsed.map_err(|reason| error(coin, &format, text, reason))
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
        address: address.to_owned(),
        reason: reason.into_owned(),
        expected: format.expected(),
    }
}

#[cfg(test)]
mod tests;
