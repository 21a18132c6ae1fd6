//! Typed values of records and their text form.

use std::fmt;

use alloy_primitives::{Address, B256, hex};

use super::address::{self, AddressError};
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
    /// `0x` bytes. `0x` alone is the empty value of all that are bytes, which says that there is
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
            RecordKey::Abi(content_type) => {
                Self::Abi { content_type: *content_type, data: bytes(key, text)? }
            }
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
            Self::Abi { data, .. } | Self::Zonehash(data) | Self::Dns(data) => {
                f.write_str(&hex::encode_prefixed(data))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(record: &str, text: &str) -> Result<Value, ValueError> {
        Value::parse(&RecordKey::parse(record).unwrap(), text)
    }

    #[test]
    fn public_keys() {
        let (x, y) = (format!("0x{}", "1f".repeat(32)), format!("0x{}", "2e".repeat(32)));
        let value = Value::pubkey_from_xy(&x, &y).unwrap();
        assert_eq!(value.to_string(), format!("{x}{}", &y[2..]));
        assert_eq!(parse("pubkey", &value.to_string()).unwrap(), value);
        for (x, y, bad) in
            [(&x[..65], y.as_str(), &x[..65]), (&x, &y[2..], &y[2..]), (&x, "0x", "0x")]
        {
            assert_eq!(Value::pubkey_from_xy(x, y), Err(ValueError::Pubkey(bad.into())));
        }
        assert!(matches!(parse("pubkey", &x), Err(ValueError::Pubkey(_))));
    }

    #[test]
    fn names_are_normalised_and_interfaces_are_evm_addresses() {
        assert_eq!(parse("name", "Nick.eth").unwrap(), Value::Name("nick.eth".into()));
        assert!(matches!(parse("name", "no good"), Err(ValueError::Name(_))));
        assert!(matches!(parse("name", ""), Err(ValueError::Name(_))));
        let bad = "0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c5";
        assert!(matches!(parse("interface/0x01ffc9a7", bad), Err(ValueError::Address(_))));
    }

    #[test]
    fn what_nobody_could_read_is_refused() {
        let longest = "x".repeat(MAX_VALUE - 64);
        let value = parse("text/a", &longest).unwrap();
        let file = crate::record::RecordFile::new(&[&[0; 420], &value.abi_encode()[..]].concat());
        assert!(crate::record::RecordFile::payload(&file.to_json()).is_ok());
        assert!(matches!(parse("text/a", &(longest + "x")), Err(ValueError::TooLong { .. })));
        let hex = format!("0x{}", "00".repeat(600 << 10));
        for record in ["abi/1", "dns/16", "dns/zonehash", "address/999999"] {
            let error = parse(record, &hex).unwrap_err().to_string();
            assert!(error.contains("read by nobody") && error.len() < 300, "{error}");
        }
    }

    #[test]
    fn a_secret_is_no_text_for_everyone_and_a_hash_is() {
        let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        for secret in [words, "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE"] {
            let error = parse("text/note", secret).unwrap_err();
            assert!(matches!(error, ValueError::Secret { .. }), "{error}");
            assert!(!error.to_string().contains(&secret[..12]), "{error}");
        }
        for public in [&"ab".repeat(32), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"] {
            assert_eq!(parse("text/note", public).unwrap().to_string(), public);
        }
    }

    #[test]
    fn bytes_of_an_address_are_taken_under_the_number_alone() {
        let (text, hex) = (
            "f17uoq6tp427uzv7fztkbsnn64iwotfrristwpryy",
            "0x01fd1d0f4dfcd7e99afcb99a8326b7dc459d32c628",
        );
        let written = |written: &str, text: &str| {
            let key = RecordKey::from_parts("address", Some(written)).unwrap();
            Value::parse_written(&key, written, text)
        };
        let value = written("fil", text).unwrap();
        assert_eq!(written("461", hex).unwrap(), value);
        assert_eq!(parse("address/461", hex).unwrap(), value);
        assert!(value.address_note(hex).unwrap().contains(text));
        assert_eq!(value.address_note(text), None);
        for (coin, bad, reason) in [
            ("fil", hex, "only under the coin's number (address/461)"),
            ("filecoin", hex, "only under the coin's number"),
            ("461", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "not the encoding of one"),
            ("hbar", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "only under"),
            ("9004", &format!("0x{}", "01".repeat(31)), "62 digits"),
        ] {
            let error = written(coin, bad).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let unknown = written("999999", "0xab").unwrap();
        assert!(unknown.address_note("0xab").unwrap().contains("as they are"));
    }

    #[test]
    fn hex_is_strict_and_quoted() {
        for bad in ["", "00", "0x0", "0xzz", "0x0x00", "0X00", "0x00 "] {
            for record in ["dns/zonehash", "dns/1", "abi/1"] {
                let error = parse(record, bad).unwrap_err();
                assert_eq!(
                    error,
                    ValueError::Hex { record: record.into(), value: bad.into() },
                    "{error}"
                );
            }
        }
    }
}
