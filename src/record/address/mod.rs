//! Addresses of many chains: their own text forms and the bytes ENSIP-9 and 11 store.

mod evm;

use alloy_primitives::hex;

use super::CoinType;
use super::value::prefixed_bytes;

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

/// What is wrong with an address, as a clause.
type Reason = std::borrow::Cow<'static, str>;

/// How addresses of a coin are written and stored.
enum Format {
    /// 20 bytes; EIP-55, or EIP-1191 with a chain id.
    Evm { eip1191: Option<u64> },
    /// Any bytes, as hex: coins without a codec here.
    Hex,
}

fn format(coin: CoinType) -> Format {
    match coin.number() {
        _ if coin.chain_id().is_some() => Format::Evm { eip1191: None },
        _ => Format::Hex,
    }
}

impl Format {
    fn parse(&self, text: &str) -> Result<Vec<u8>, Reason> {
        match self {
            Self::Evm { eip1191 } => evm::parse(text, *eip1191),
            Self::Hex => prefixed_bytes(text).ok_or("it is not pairs of hexadecimal digits".into()),
        }
    }

    /// `None` where the bytes are no address of the coin.
    fn display(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Evm { eip1191 } => evm::display(bytes, *eip1191),
            Self::Hex => Some(hex::encode_prefixed(bytes)),
        }
    }

    fn expected(&self) -> String {
        match self {
            Self::Evm { .. } => "0x and 40 hexadecimal digits".into(),
            Self::Hex => "0x and the bytes in hexadecimal".into(),
        }
    }
}

/// The bytes of the address `text` of `coin`; `0x` alone is the empty value of all but 60.
pub(super) fn parse(coin: CoinType, text: &str) -> Result<Vec<u8>, AddressError> {
    if text == "0x" && coin != CoinType::ETH {
        return Ok(Vec::new());
    }
    let format = format(coin);
    format.parse(text).map_err(|reason| error(coin, &format, text, reason))
}

/// The text of the address `bytes` of `coin`; `None` where they are none.
pub(super) fn display(coin: CoinType, bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some("0x".into());
    }
    let format = format(coin);
    // What does not come back as the same bytes is not shown as an address.
    format.display(bytes).filter(|text| format.parse(text).is_ok_and(|parsed| parsed == bytes))
}

/// Whether `bytes` are an address of `coin`, or empty.
pub(super) fn check_bytes(coin: CoinType, bytes: &[u8]) -> Result<(), AddressError> {
    if display(coin, bytes).is_some() {
        return Ok(());
    }
    let format = format(coin);
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
