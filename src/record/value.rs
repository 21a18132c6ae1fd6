//! Typed values of records and their text form.

use std::fmt;

use alloy_primitives::{Address, B256, hex};

use super::address::{self, AddressError};
use super::coin::decimal;
use super::prefixed_hex::{prefixed, prefixed_bytes};
use super::{CoinType, Contenthash, ContenthashError, MAX_VALUE, RecordKey};
use crate::ens::{Name, NameError};
use crate::secret::{self, SecretForm};

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of `text/…`: any UTF-8, empty included.
    Text(String),
    /// Of `address/…`: the bytes ENSIP-9 or 11 gives the coin. Empty, of any coin but 60, says
    /// that there is no address.
    Address {
        /// Whose bytes.
        coin: CoinType,
        /// 20 bytes for EVM chains, a script for Bitcoin and its like, and so on.
        bytes: Vec<u8>,
    },
    /// Of `contenthash`.
    Contenthash(Contenthash),
    /// Of `pubkey`. Any two words: points off the curve are neither refused by the resolver nor
    /// here.
    Pubkey {
        /// The point's x, big-endian.
        x: B256,
        /// The point's y, big-endian.
        y: B256,
    },
    /// Of `name`: normalised when parsed from text, as it is when decoded.
    Name(String),
    /// Of `interface/…`: the contract that implements it.
    Interface(Address),
    /// Of `abi/…`.
    Abi {
        /// The record's content types: that one, or a mask of several that has it.
        types: u64,
        /// ENSIP-4 content type, a power of two.
        content_type: u64,
        /// The ABI in that encoding.
        data: Vec<u8>,
    },
    /// Of `dns/zonehash`.
    Zonehash(Vec<u8>),
    /// Of `dns/<resource number>`: the RRset in DNS wire form.
    Dns(Vec<u8>),
}

/// Why a text or ABI is not the value of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The text of an address is wrong.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The text or bytes of a contenthash are wrong.
    #[error(transparent)]
    Contenthash(#[from] ContenthashError),
    /// The value of `name` is no ENS name.
    #[error("the value of a name record is an ENS name: {0}")]
    Name(#[from] NameError),
    /// A secret where everyone will read it. It is not quoted.
    #[error(
        "the value of {record} is {what}: a record is for everyone to read, and copies of it cannot \
         be taken back"
    )]
    Secret {
        /// The record type.
        record: String,
        /// What it is by its form.
        what: SecretForm,
    },
    /// Not `0x` and pairs of hexadecimal digits.
    #[error("the value {value:?} of {record} is not 0x and an even number of hexadecimal digits")]
    Hex {
        /// The record type.
        record: String,
        /// The value as given.
        value: String,
    },
    /// Of a mask of content types, one that does not say which of them it is.
    #[error(
        "the value {value:?} of {record} does not say which of its content types it is: write the \
         type, a colon and 0x and hexadecimal digits, such as {}:0x5b5d", lowest(*types)
    )]
    AbiType {
        /// The record type.
        record: String,
        /// The content types of the record.
        types: u64,
        /// The value as given.
        value: String,
    },
    /// Not a public key.
    #[error(
        "{0:?} is not a public key: write 0x and 128 hexadecimal digits (x, then y), or x and y \
         apart, each 0x and 64"
    )]
    Pubkey(String),
    /// Longer than what a record file can hold, so that nobody could read it.
    #[error(
        "the value of {record} has {bytes} bytes (ABI-encoded); a signed record of more than \
         {MAX_VALUE} is read by nobody: publish it elsewhere, on IPFS for instance, and set its \
         address"
    )]
    TooLong {
        /// The record type.
        record: String,
        /// Its length, ABI-encoded.
        bytes: usize,
    },
    /// The bytes are not the ABI of the record's type.
    #[error("the value of {record} is not ABI-encoded as ({types}): {reason}")]
    Abi {
        /// The record type.
        record: String,
        /// Its ABI types.
        types: &'static str,
        /// What is wrong, and where it is known, why.
        reason: String,
    },
}

impl Value {
    /// Parses the text form of the value of `key`: text as it is, addresses in the coin's own
    /// form (or `0x` bytes that are the encoding of one), contenthash as URI, pubkey `0x` x ‖ y, the rest
    /// `0x` bytes, before which an ABI under a mask of content types has its own and a colon. `0x` alone is the empty value of all that are bytes, which says that there is
    /// none.
    ///
    /// # Errors
    /// Quotes the text, says what is wrong with it and which form is expected; a value that no
    /// signed record can hold.
    pub fn parse(key: &RecordKey, text: &str) -> Result<Self, ValueError> {
        let value = Self::of_text(key, text)?;
        value.check_length(key)?;
        Ok(value)
    }

    /// Whether a signed record of this value is read again.
    ///
    /// # Errors
    /// [`ValueError::TooLong`].
    pub fn check_length(&self, key: &RecordKey) -> Result<(), ValueError> {
        // Most values are far shorter than what has to be encoded to be counted.
        if self.size() < MAX_VALUE / 2 {
            return Ok(());
        }
        match self.abi_encode().len() {
            0..=MAX_VALUE => Ok(()),
            bytes => Err(ValueError::TooLong { record: key.to_string(), bytes }),
        }
    }

    /// How many bytes it holds itself.
    fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Name(text) => text.len(),
            Self::Address { bytes, .. } => bytes.len(),
            Self::Contenthash(contenthash) => contenthash.as_bytes().len(),
            Self::Pubkey { .. } => 64,
            Self::Interface(_) => 20,
            Self::Abi { data, .. } | Self::Zonehash(data) | Self::Dns(data) => data.len(),
        }
    }

    fn of_text(key: &RecordKey, text: &str) -> Result<Self, ValueError> {
        Ok(match key {
            // What is too long is refused for that, unread.
            RecordKey::Text(_) if text.len() > MAX_VALUE => Self::Text(text.to_owned()),
            RecordKey::Text(_) => match secret::is_or_holds(text) {
                Some(what) if !what.may_be_public() => {
                    return Err(ValueError::Secret { record: key.to_string(), what });
                }
                _ => Self::Text(text.to_owned()),
            },
            RecordKey::Address(coin) => {
                Self::Address { coin: *coin, bytes: address::parse(*coin, text)? }
            }
            RecordKey::Contenthash => Self::Contenthash(Contenthash::parse(text)?),
            RecordKey::Pubkey => pubkey(text)?,
            RecordKey::Name => Self::Name(Name::parse(text)?.as_str().to_owned()),
            RecordKey::Interface(_) => {
                let bytes = address::parse(CoinType::ETH, text)?;
                Self::Interface(Address::from_slice(&bytes))
            }
            RecordKey::Abi(types) => abi(key, *types, text)?,
            RecordKey::Zonehash => Self::Zonehash(bytes(key, text)?),
            RecordKey::Dns(_) => Self::Dns(bytes(key, text)?),
        })
    }

    /// As [`parse`](Self::parse), where the record type was `written` so: raw bytes of an address
    /// are taken only under the coin's number, since a person who names a coin means its own form,
    /// which has a checksum.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_written(key: &RecordKey, written: &str, text: &str) -> Result<Self, ValueError> {
        match key {
            RecordKey::Address(coin) if !is_numbered(written) => {
                let bytes = address::parse_own(*coin, text)?;
                let value = Self::Address { coin: *coin, bytes };
                value.check_length(key)?;
                Ok(value)
            }
            _ => Self::parse(key, text),
        }
    }

    /// What a person should know who gave the address `text`: of bytes nothing showed a mistake.
    pub fn address_note(&self, text: &str) -> Option<String> {
        let Self::Address { coin, bytes } = self else { return None };
        if bytes.is_empty() {
            return None;
        }
        if address::is_unowned(*coin, bytes) {
            let note = "its witness version is not in use yet: whoever sees coins sent to it can take them";
            return Some(note.to_owned());
        }
        if address::is_unknown(*coin) {
            return Some(format!(
                "no text form is known of coin type {coin}: its bytes were taken as they are, and \
                 nothing would show a mistake in them"
            ));
        }
        address::is_raw(*coin, text)
            .then(|| format!("bytes carry no checksum; these are the address {self}: compare it"))
    }

    /// A public key from its coordinates, each `0x` and 64 hexadecimal digits.
    ///
    /// # Errors
    /// Quotes the coordinate that is not.
    pub fn pubkey_from_xy(x: &str, y: &str) -> Result<Self, ValueError> {
        let word = |text: &str| {
            let mut word = B256::ZERO;
            prefixed(text)
                .filter(|digits| hex::decode_to_slice(digits, word.as_mut_slice()).is_ok())
                .ok_or_else(|| ValueError::Pubkey(text.to_owned()))?;
            Ok::<_, ValueError>(word)
        };
        Ok(Self::Pubkey { x: word(x)?, y: word(y)? })
    }
}

/// Whether the coin of a record type, written as `address/0` or as its last part, is a number.
fn is_numbered(written: &str) -> bool {
    let coin = written.rsplit('/').next().unwrap_or_default();
    !coin.is_empty() && coin.bytes().all(|byte| byte.is_ascii_digit())
}

fn pubkey(text: &str) -> Result<Value, ValueError> {
    let mut xy = [0; 64];
    prefixed(text)
        .filter(|digits| hex::decode_to_slice(digits, &mut xy).is_ok())
        .ok_or_else(|| ValueError::Pubkey(text.to_owned()))?;
    Ok(Value::Pubkey { x: B256::from_slice(&xy[..32]), y: B256::from_slice(&xy[32..]) })
}

/// The ABI in `0x` bytes; under a mask of content types with the one it is before them, `1:0x…`.
fn abi(key: &RecordKey, types: u64, text: &str) -> Result<Value, ValueError> {
    if types.is_power_of_two() {
        return Ok(Value::Abi { types, content_type: types, data: bytes(key, text)? });
    }
    let typed = text.split_once(':').and_then(|(number, data)| {
        let content_type = decimal(number).filter(|number| is_one_of(types, *number))?;
        Some(Value::Abi { types, content_type, data: prefixed_bytes(data)? })
    });
    let (record, value) = (key.to_string(), text.to_owned());
    typed.ok_or(ValueError::AbiType { record, types, value })
}

/// Whether `content_type` is a single one, and one of `types`.
pub(super) fn is_one_of(types: u64, content_type: u64) -> bool {
    content_type.is_power_of_two() && types & content_type != 0
}

/// The lowest of the content types.
fn lowest(types: u64) -> u64 {
    1_u64.checked_shl(types.trailing_zeros()).unwrap_or(1)
}

fn bytes(key: &RecordKey, text: &str) -> Result<Vec<u8>, ValueError> {
    prefixed_bytes(text)
        .ok_or_else(|| ValueError::Hex { record: key.to_string(), value: text.to_owned() })
}

/// The text form, which [`Value::parse`] takes back.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Name(text) => f.write_str(text),
            Self::Address { coin, bytes } => match address::display(*coin, bytes) {
                Some(text) => f.write_str(&text),
                None => f.write_str(&hex::encode_prefixed(bytes)),
            },
            Self::Contenthash(contenthash) => contenthash.fmt(f),
            Self::Pubkey { x, y } => write!(f, "{x:#x}{y:x}"),
            Self::Interface(address) => f.write_str(&address.to_checksum(None)),
            Self::Abi { types, content_type, data } if types != content_type => {
                write!(f, "{content_type}:{}", hex::encode_prefixed(data))
            }
            Self::Abi { data, .. } | Self::Zonehash(data) | Self::Dns(data) => {
                f.write_str(&hex::encode_prefixed(data))
            }
        }
    }
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
