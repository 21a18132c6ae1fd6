//! Record types: `text/avatar`, `address/60`, `contenthash`, …

use std::fmt;
use std::str::FromStr;

use alloy_primitives::hex;

use super::coin::decimal;
use super::{CoinType, CoinTypeError, TextKey, TextKeyError, meant_text_key, usual_text_keys};

/// What kind of record it is, with its key: everything but the value.
///
/// Its display is the *record type*, which SIGN 4 signs and which is the path of the record's
/// file below the name, without `.json`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKey {
    /// `text/<key>` (ENSIP-5).
    Text(TextKey),
    /// `address/<coin type>` (ENSIP-1, 9 and 11).
    Address(CoinType),
    /// `contenthash` (ENSIP-7).
    Contenthash,
    /// `pubkey`: a secp256k1 public key (EIP-619).
    Pubkey,
    /// `name`: the resolver's `name(bytes32)`; not a reverse record.
    Name,
    /// `interface/0x<8 hex>` (ENSIP-8).
    Interface([u8; 4]),
    /// `abi/<content types>` (ENSIP-4): a power of two, or a mask of several, as a client asks them
    /// at once: ensjs asks `abi/15`. Never 0.
    Abi(u64),
    /// `dns/zonehash` (ENSIP-6).
    Zonehash,
    /// `dns/<resource number>` (ENSIP-6): the RRset of one DNS resource type.
    Dns(u16),
}

/// Why a text is not a record type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordKeyError {
    /// The kind is not one of ours.
    #[error(
        "the record type {0:?} is not known: it is one of text, address, contenthash, pubkey, \
         name, interface, abi, dns{meant}", meant = meant(.0)
    )]
    Kind(String),
    /// The kind takes a key and none was given.
    #[error("a record of type {kind} takes a key: write {kind} and {example}")]
    MissingKey {
        /// The kind.
        kind: &'static str,
        /// What to write after it.
        example: &'static str,
    },
    /// The kind takes no key.
    #[error("a record of type {kind} takes no key: leave out {key:?}")]
    SuperfluousKey {
        /// The kind.
        kind: &'static str,
        /// The key given.
        key: String,
    },
    /// The key of a text record is not safe.
    #[error(transparent)]
    TextKey(#[from] TextKeyError),
    /// The coin of an address record is not known.
    #[error(transparent)]
    CoinType(#[from] CoinTypeError),
    /// The interface is not four bytes of hex.
    #[error("the interface {0:?} is not 0x and 8 hexadecimal digits, such as 0x01ffc9a7")]
    Interface(String),
    /// The ABI content type is no number of content types.
    #[error(
        "the ABI content type {0:?} is not a number from 1 on: 1 is JSON, 2 compressed JSON, 4 CBOR, \
         8 a URI, and 15 any of these, as ensjs asks (ENSIP-4)"
    )]
    Abi(String),
    /// The DNS key is neither `zonehash` nor a resource number.
    #[error(
        "the DNS record {0:?} is neither zonehash nor a resource number from 0 to 65535 (1 is A, \
         16 TXT, 28 AAAA)"
    )]
    Dns(String),
    /// Accepted as input, but not the canonical record type.
    #[error("the record type {given:?} is not canonical: it is written {canonical}")]
    NotCanonical {
        /// As given.
        given: String,
        /// As it is signed and stored.
        canonical: String,
    },
}

/// What kinds there are.
pub const KINDS: [&str; 8] =
    ["text", "address", "contenthash", "pubkey", "name", "interface", "abi", "dns"];

/// What people write in place of a kind.
const MEANT: [(&str, &str); 8] = [
    ("addr", "address"),
    ("txt", "text"),
    ("content", "contenthash"),
    ("hash", "contenthash"),
    ("ipfs", "contenthash"),
    ("ipns", "contenthash"),
    ("publickey", "pubkey"),
    ("zonehash", "dns/zonehash"),
];

/// What was most likely meant where no kind was given.
fn meant(given: &str) -> String {
    let kind = given.split('/').next().unwrap_or(given).to_ascii_lowercase();
    if let Some(meant) = meant_kind(&kind) {
        return format!("; did you mean {meant}?");
    }
    let usual = usual_text_keys().iter().find(|usual| **usual == kind);
    let key = usual.copied().or_else(|| meant_text_key(&kind));
    match (key, kind.parse::<CoinType>()) {
        (Some(key), _) => format!("; did you mean text/{key}?"),
        (None, Ok(_)) => format!("; did you mean address/{kind}?"),
        _ => String::new(),
    }
}

fn meant_kind(kind: &str) -> Option<&'static str> {
    if let Some((_, meant)) = MEANT.iter().find(|(written, _)| *written == kind) {
        return Some(meant);
    }
    let far = |known: &str| strsim::osa_distance(kind, known);
    let nearest = KINDS.into_iter().min_by_key(|known| far(known))?;
    (kind.len() >= 3 && far(nearest) <= nearest.len() / 3).then_some(nearest)
}

impl RecordKey {
    /// Parses a record type. A coin may be given by name (`address/btc`), and hex in any case.
    ///
    /// # Errors
    /// Says which part is wrong and what belongs there.
    pub fn parse(text: &str) -> Result<Self, RecordKeyError> {
        match text.split_once('/') {
            Some((kind, key)) => Self::from_kind(kind, Some(key)),
            None => Self::from_kind(text, None),
        }
    }

    /// Parses a record type that must be canonical, as it stands in paths and signed texts.
    ///
    /// # Errors
    /// As [`RecordKey::parse`], and [`RecordKeyError::NotCanonical`].
    pub fn parse_canonical(text: &str) -> Result<Self, RecordKeyError> {
        let key = Self::parse(text)?;
        let canonical = key.to_string();
        if canonical == text {
            Ok(key)
        } else {
            Err(RecordKeyError::NotCanonical { given: text.to_owned(), canonical })
        }
    }

    /// From a kind and its key as two words; the first may also be a whole record type.
    ///
    /// # Errors
    /// As [`RecordKey::parse`]; a missing or superfluous key is named.
    pub fn from_parts(kind: &str, key: Option<&str>) -> Result<Self, RecordKeyError> {
        match key {
            None => Self::parse(kind),
            Some(_) => Self::from_kind(kind, key),
        }
    }

    fn from_kind(kind: &str, key: Option<&str>) -> Result<Self, RecordKeyError> {
        let take = |kind, example| key.ok_or(RecordKeyError::MissingKey { kind, example });
        let plain = |kind, record: Self| match key {
            None => Ok(record),
            Some(key) => Err(RecordKeyError::SuperfluousKey { kind, key: key.to_owned() }),
        };
        match kind {
            "text" => {
                Ok(Self::Text(TextKey::parse(take("text", "a key such as avatar or com.github")?)?))
            }
            "address" => Ok(Self::Address(CoinType::parse(take(
                "address",
                "a coin such as eth, btc or 60",
            )?)?)),
            "contenthash" => plain("contenthash", Self::Contenthash),
            "pubkey" => plain("pubkey", Self::Pubkey),
            "name" => plain("name", Self::Name),
            "interface" => interface(take("interface", "an interface id such as 0x01ffc9a7")?),
            "abi" => abi(take("abi", "a content type such as 1 (JSON)")?),
            "dns" => dns(take("dns", "zonehash, or a resource number such as 16 (TXT)")?),
            _ => Err(RecordKeyError::Kind(kind.to_owned())),
        }
    }

    /// The record's file below the name's directory: the record type and `.json`.
    pub fn file_name(&self) -> String {
        format!("{self}.json")
    }
}

fn interface(text: &str) -> Result<RecordKey, RecordKeyError> {
    let mut id = [0; 4];
    text.strip_prefix("0x")
        .filter(|digits| hex::decode_to_slice(digits, &mut id).is_ok())
        .ok_or_else(|| RecordKeyError::Interface(text.to_owned()))?;
    Ok(RecordKey::Interface(id))
}

fn abi(text: &str) -> Result<RecordKey, RecordKeyError> {
    decimal(text)
        .filter(|types: &u64| *types != 0)
        .map(RecordKey::Abi)
        .ok_or_else(|| RecordKeyError::Abi(text.to_owned()))
}

fn dns(text: &str) -> Result<RecordKey, RecordKeyError> {
    if text == "zonehash" {
        return Ok(RecordKey::Zonehash);
    }
    decimal(text).map(RecordKey::Dns).ok_or_else(|| RecordKeyError::Dns(text.to_owned()))
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(key) => write!(f, "text/{key}"),
            Self::Address(coin) => write!(f, "address/{coin}"),
            Self::Contenthash => f.write_str("contenthash"),
            Self::Pubkey => f.write_str("pubkey"),
            Self::Name => f.write_str("name"),
            Self::Interface(id) => write!(f, "interface/{}", hex::encode_prefixed(id)),
            Self::Abi(types) => write!(f, "abi/{types}"),
            Self::Zonehash => f.write_str("dns/zonehash"),
            Self::Dns(resource) => write!(f, "dns/{resource}"),
        }
    }
}

impl FromStr for RecordKey {
    type Err = RecordKeyError;

    fn from_str(text: &str) -> Result<Self, RecordKeyError> {
        Self::parse(text)
    }
}

impl serde::Serialize for RecordKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// As it is written.
impl<'de> serde::Deserialize<'de> for RecordKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: String = serde::Deserialize::deserialize(deserializer)?;
        Self::parse_canonical(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_and_display() {
        for (text, canonical) in [
            ("text/avatar", "text/avatar"),
            ("address/60", "address/60"),
            ("address/BTC", "address/0"),
            ("address/op", "address/2147483658"),
            ("contenthash", "contenthash"),
            ("pubkey", "pubkey"),
            ("name", "name"),
            ("interface/0x01FFC9A7", "interface/0x01ffc9a7"),
            ("abi/1", "abi/1"),
            ("abi/15", "abi/15"),
            ("abi/9223372036854775808", "abi/9223372036854775808"),
            ("dns/zonehash", "dns/zonehash"),
            ("dns/65535", "dns/65535"),
        ] {
            let key = RecordKey::parse(text).unwrap();
            assert_eq!(key.to_string(), canonical);
            assert_eq!(key.file_name(), format!("{canonical}.json"));
            assert_eq!(RecordKey::parse_canonical(canonical).unwrap(), key);
            assert_eq!(RecordKey::parse_canonical(text).is_ok(), text == canonical);
            assert_eq!(serde_json::to_value(&key).unwrap(), canonical);
        }
    }

    #[test]
    fn from_parts() {
        let from = RecordKey::from_parts;
        assert_eq!(from("text", Some("avatar")), RecordKey::parse("text/avatar"));
        assert_eq!(from("text/avatar", None), RecordKey::parse("text/avatar"));
        assert_eq!(from("address", Some("eth")), Ok(RecordKey::Address(CoinType::ETH)));
        assert_eq!(from("dns", Some("zonehash")), Ok(RecordKey::Zonehash));
        assert_eq!(from("pubkey", None), Ok(RecordKey::Pubkey));
        let error = from("address", None).unwrap_err().to_string();
        assert!(error.contains("write address and a coin such as eth"), "{error}");
        let error = from("contenthash", Some("x")).unwrap_err().to_string();
        assert_eq!(error, "a record of type contenthash takes no key: leave out \"x\"");
    }

    #[test]
    fn what_was_meant_is_said() {
        for (given, meant) in [
            ("txt", "did you mean text?"),
            ("txt/avatar", "did you mean text?"),
            ("addr", "did you mean address?"),
            ("adress", "did you mean address?"),
            ("Text", "did you mean text?"),
            ("contentash", "did you mean contenthash?"),
            ("avatar", "did you mean text/avatar?"),
            ("github", "did you mean text/com.github?"),
            ("btc", "did you mean address/btc?"),
        ] {
            let error = RecordKey::parse(given).unwrap_err().to_string();
            assert!(error.ends_with(meant), "{given}: {error}");
        }
        let error = RecordKey::parse("frobnicate").unwrap_err().to_string();
        assert!(error.ends_with("abi, dns"), "{error}");
    }

    #[test]
    fn refusals() {
        use RecordKeyError as E;
        let error = |text: &str| RecordKey::parse(text).unwrap_err();
        assert_eq!(error("texts/a"), E::Kind("texts".into()));
        assert_eq!(error(""), E::Kind("".into()));
        assert!(matches!(error("text"), E::MissingKey { kind: "text", .. }));
        assert_eq!(error("text/"), E::TextKey(TextKeyError::Empty));
        assert!(matches!(error("text/a/b"), E::TextKey(TextKeyError::Character { .. })));
        assert!(matches!(error("address/nope"), E::CoinType(_)));
        assert!(matches!(error("pubkey/x"), E::SuperfluousKey { .. }));
        for bad in ["01ffc9a7", "0x01ffc9", "0x01ffc9a7ff", "0x0x01ffc9", "0x01ffc9ag", ""] {
            assert_eq!(error(&format!("interface/{bad}")), E::Interface(bad.into()));
        }
        for bad in ["0", "01", "18446744073709551616", "-1", "x", ""] {
            assert_eq!(error(&format!("abi/{bad}")), E::Abi(bad.into()));
        }
        for bad in ["65536", "016", "ZONEHASH", "", "-1"] {
            assert_eq!(error(&format!("dns/{bad}")), E::Dns(bad.into()));
        }
        assert!(matches!(
            RecordKey::parse_canonical("address/eth"),
            Err(E::NotCanonical { canonical, .. }) if canonical == "address/60"
        ));
    }
}
