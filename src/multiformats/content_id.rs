//! What a text names, where it may be either: content or a key.

use std::str::FromStr;

use cid::Cid;

use super::cid_text::{CidTextError, parse_cid};
use super::ipns_name::{IpnsNameError, parse_key_cid};
use super::{IPFS_NS, IPNS_NS, hex, quoted, without_scheme};

/// What a text names: content, or the key whose records name content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentId {
    /// Content, by its hash.
    Ipfs(Cid),
    /// A key, by its CID of codec libp2p-key.
    Ipns(Cid),
}

/// Why a text names neither content nor a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentIdError {
    /// It is said to be content.
    #[error(transparent)]
    Cid(#[from] CidTextError),
    /// It is said to be a key.
    #[error(transparent)]
    Key(#[from] IpnsNameError),
    /// Nothing in it says what it is.
    #[error("{0:?} is neither a CID nor an IPNS name")]
    Unknown(String),
}

impl FromStr for ContentId {
    type Err = ContentIdError;

    /// Every form of the [module](super); a scheme, a contenthash's first bytes or the codec say
    /// which of the two it is.
    fn from_str(text: &str) -> Result<Self, ContentIdError> {
        if without_scheme(text, "ipns").is_some() {
            return Ok(Self::Ipns(parse_key_cid(text)?));
        }
        if without_scheme(text, "ipfs").is_some() {
            return Ok(Self::Ipfs(parse_cid(text)?));
        }
        match hex(text) {
            Some(bytes) if bytes.starts_with(&IPNS_NS) => {
                return Ok(Self::Ipns(parse_key_cid(text)?));
            }
            Some(bytes) if bytes.starts_with(&IPFS_NS) => return Ok(Self::Ipfs(parse_cid(text)?)),
            _ => {}
        }
        match (parse_cid(text), parse_key_cid(text)) {
            (Ok(cid), _) => Ok(Self::Ipfs(cid)),
            (_, Ok(cid)) => Ok(Self::Ipns(cid)),
            // It is meant as a key, and is none.
            (_, Err(error @ (IpnsNameError::NoKey(_) | IpnsNameError::PublicKey(_)))) => {
                Err(error.into())
            }
            _ => Err(ContentIdError::Unknown(quoted(text))),
        }
    }
}
