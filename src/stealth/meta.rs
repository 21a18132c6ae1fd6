//! The meta-address: what a payee publishes, once.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::hex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{PublicKey, PublicKeyError};

/// How the text begins (ERC-5564; `eth` is the chain's short name).
const PREFIX: &str = "st:eth:";
/// The draft's flag: payers may derive addresses by themselves.
const DRAFT_FLAG: u8 = 1;

/// A spending and a viewing public key. Its display is `st:eth:0x` and 66 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetaAddress {
    /// Which spends.
    pub spending: PublicKey,
    /// Which finds.
    pub viewing: PublicKey,
}

/// Why a text is no meta-address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetaAddressError {
    /// Another form.
    #[error(
        "{0:?} is no stealth meta-address: st:eth:0x and the 66 bytes of two public keys, in \
         hexadecimal"
    )]
    Form(String),
    /// The short name of another chain.
    #[error("{text:?} is a meta-address of the chain {chain:?}, and eth is the one that is paid")]
    OtherChain {
        /// As it was given.
        text: String,
        /// The short name.
        chain: String,
    },
    /// One of its keys is none.
    #[error("the {which} key of {text:?} is none: {error}")]
    Key {
        /// As it was given.
        text: String,
        /// Which of them.
        which: &'static str,
        /// What is wrong with it.
        error: PublicKeyError,
    },
}

impl MetaAddress {
    /// Whether a text is meant to be one, and no name.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("st:") || text.starts_with("0x") && !text.contains('.')
    }

    /// The 66 bytes, spending key first, as the registry keeps them (ERC-6538).
    pub fn bytes(&self) -> [u8; 66] {
        let mut bytes = [0; 66];
        bytes[..33].copy_from_slice(&self.spending.bytes());
        bytes[33..].copy_from_slice(&self.viewing.bytes());
        bytes
    }

    /// The draft ENSIP's record: a byte of flags, whose lowest bit lets payers derive addresses by
    /// themselves, and the 66 bytes.
    pub fn draft(&self) -> [u8; 67] {
        let mut bytes = [DRAFT_FLAG; 67];
        bytes[1..].copy_from_slice(&self.bytes());
        bytes
    }
}

impl fmt::Display for MetaAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", hex::encode_prefixed(self.bytes()))
    }
}

impl FromStr for MetaAddress {
    type Err = MetaAddressError;

    /// `st:eth:0x…`, or the bytes alone, as the registry keeps them. One key of 33 bytes is both
    /// (ERC-5564).
    fn from_str(text: &str) -> Result<Self, MetaAddressError> {
        let form = || MetaAddressError::Form(shortened(text));
        let rest = match text.strip_prefix("st:") {
            Some(rest) => {
                let (chain, rest) = rest.split_once(':').ok_or_else(form)?;
                if chain != "eth" {
                    let (text, chain) = (shortened(text), shortened(chain));
                    return Err(MetaAddressError::OtherChain { text, chain });
                }
                rest
            }
            None => text,
        };
        let digits = rest.strip_prefix("0x").ok_or_else(form)?;
        if !matches!(digits.len(), 66 | 132) {
            return Err(form());
        }
        let bytes = hex::decode(digits).map_err(|_| form())?;
        let key = |which: &'static str, bytes: &[u8]| {
            PublicKey::from_slice(bytes).map_err(|error| MetaAddressError::Key {
                text: shortened(text),
                which,
                error,
            })
        };
        let (spending, viewing) = match bytes.len() {
            33 => (&bytes[..], &bytes[..]),
            _ => bytes.split_at(33),
        };
        Ok(Self { spending: key("spending", spending)?, viewing: key("viewing", viewing)? })
    }
}

impl Serialize for MetaAddress {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MetaAddress {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Of a text that others wrote as much as an error shows. What may be a private key is not repeated.
fn shortened(text: &str) -> String {
    const MOST: usize = 160;
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return "0x… of 64 digits".to_owned();
    }
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
