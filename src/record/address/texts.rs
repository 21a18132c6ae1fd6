//! Each format's reading and writing.

use alloy_primitives::hex;

use super::base58::Version;
use super::formats::Format;
use super::reason::Reason;
use super::{base32, base58, bech32, bitcoin, cardano, eosio, evm, monero, plain};
use crate::record::prefixed_hex::prefixed_bytes;

const AVALANCHE: &str = "avax";
const HANDSHAKE: &str = "hs";
const IOTA: &str = "iota";
/// Zcash's Sapling: a diversifier of 11 bytes and a key of 32.
const SHIELDED: &[usize] = &[43];
/// Stored with the text `0x` before the key: so ENS clients have it.
const AETERNITY: &[Version] = &[Version { prefix: &[], stored: b"0x", suffix: &[], length: 32 }];

impl Format {
    /// The bytes that are stored.
    pub(super) fn parse(&self, text: &str) -> Result<Vec<u8>, Reason> {
        match self {
            Self::Evm { eip1191 } => evm::parse(text, *eip1191),
            Self::Bitcoin(network) => network.parse(text),
            Self::Segwit { hrp } => bech32::parse_segwit(text, hrp),
            Self::Zcash { network, hrp } => match bech32::has_hrp(text, hrp) {
                true => bech32::parse(text, hrp, SHIELDED, false),
                false => network.parse(text),
            },
            Self::BitcoinCash => bitcoin::parse_cash(text),
            Self::Base58 { versions, ripple, .. } => base58::parse(text, versions, *ripple),
            Self::Base58Stored { versions, .. } => base58::parse_stored(text, versions),
            Self::Aeternity => {
                let body = text.strip_prefix("ak_").ok_or("it does not begin with ak_")?;
                base58::parse(body, AETERNITY, false)
            }
            Self::Eosio { prefix } => eosio::parse(text, prefix),
            Self::Monero { tags, stored, .. } => monero::parse(text, tags, *stored),
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
            Self::Iota => match bech32::parse(text, IOTA, &[33], false)?.split_first() {
                Some((0, key)) => Ok(key.to_vec()),
                _ => Err("it is of a kind that cannot be stored".into()),
            },
            Self::Cardano => cardano::parse(text),
            Self::Icon => plain::parse_icon(text),
            Self::Near => plain::parse_near(text),
            Self::FixedHex { length } => plain::parse_hex(text, *length),
            Self::Own(codec) => (codec.parse)(text),
            Self::Hex => prefixed_bytes(text)
                .ok_or_else(|| "it is not 0x and pairs of hexadecimal digits".into()),
        }
    }

    /// `None` where the bytes are no address of the coin.
    pub(super) fn display(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Evm { eip1191 } => evm::display(bytes, *eip1191),
            Self::Bitcoin(network) => network.display(bytes),
            Self::Segwit { hrp } => bech32::display_segwit(bytes, hrp),
            Self::Zcash { network, hrp } => {
                network.display(bytes).or_else(|| bech32::display(bytes, hrp, SHIELDED, false))
            }
            Self::BitcoinCash => bitcoin::display_cash(bytes),
            Self::Base58 { versions, ripple, .. } => base58::display(bytes, versions, *ripple),
            Self::Base58Stored { versions, .. } => base58::display_stored(bytes, versions),
            Self::Aeternity => {
                base58::display(bytes, AETERNITY, false).map(|text| format!("ak_{text}"))
            }
            Self::Eosio { prefix } => eosio::display(bytes, prefix),
            Self::Monero { tags, stored, .. } => monero::display(bytes, tags, *stored),
            Self::Base58Plain { length } => base58::display_unchecked(bytes, *length),
            Self::Bech32 { hrp, lengths, bech32m } => {
                bech32::display(bytes, hrp, lengths, *bech32m)
            }
            Self::Avalanche => bech32::display(bytes, AVALANCHE, &[20], false),
            Self::Handshake => bech32::display_handshake(bytes, HANDSHAKE),
            Self::Ss58 { network, .. } => base58::display_ss58(bytes, *network),
            Self::Stellar => base32::display_stellar(bytes),
            Self::Algorand => base32::display_algorand(bytes),
            Self::Iota => bech32::display(&[&[0], bytes].concat(), IOTA, &[33], false),
            Self::Cardano => cardano::display(bytes),
            Self::Icon => plain::display_icon(bytes),
            Self::Near => String::from_utf8(bytes.to_vec()).ok(),
            Self::FixedHex { length } => {
                (bytes.len() == *length).then(|| hex::encode_prefixed(bytes))
            }
            Self::Own(codec) => (codec.display)(bytes),
            Self::Hex => Some(hex::encode_prefixed(bytes)),
        }
    }

    /// What addresses look like.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Evm { .. } => "0x and 40 hexadecimal digits".into(),
            Self::Bitcoin(network) => network.expected(),
            Self::Segwit { hrp } => format!("{hrp}1…"),
            Self::Zcash { network, hrp } => format!("{}, or {hrp}1…", network.expected()),
            Self::BitcoinCash => "bitcoincash:q… or bitcoincash:p…".into(),
            Self::Base58 { example, .. }
            | Self::Base58Stored { example, .. }
            | Self::Monero { example, .. }
            | Self::Ss58 { example, .. } => {
                format!("{example} (base58 with a checksum)")
            }
            Self::Aeternity => "ak_… (base58 with a checksum)".into(),
            Self::Eosio { prefix } => format!("{prefix}… (a public key)"),
            Self::Base58Plain { length } => format!("base58 of {length} bytes"),
            Self::Bech32 { hrp, .. } => format!("{hrp}1…"),
            Self::Avalanche => format!("{AVALANCHE}1…, or X-{AVALANCHE}1…"),
            Self::Handshake => format!("{HANDSHAKE}1q…"),
            Self::Stellar => "G and 55 characters".into(),
            Self::Algorand => "58 characters of A to Z and 2 to 7".into(),
            Self::Iota => format!("{IOTA}1…"),
            Self::Cardano => "addr1…, or a Byron address (Ae2…, DdzFF…)".into(),
            Self::Icon => "hx or cx and 40 hexadecimal digits".into(),
            Self::Near => "an account id such as alice.near".into(),
            Self::FixedHex { length } => format!("0x and {} hexadecimal digits", 2 * length),
            Self::Own(codec) => codec.expected.into(),
            Self::Hex => "0x and the bytes in hexadecimal".into(),
        }
    }

    /// Whether addresses are written in hexadecimal.
    pub(super) fn is_hex(&self) -> bool {
        match self {
            Self::Own(codec) => codec.is_hex,
            _ => matches!(self, Self::Evm { .. } | Self::FixedHex { .. } | Self::Hex),
        }
    }
}
