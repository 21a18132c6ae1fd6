//! The recordhash: where the resolver contract looks for a name's records, in every form
//! ([the resolver](crate::spec::resolver)).

use std::fmt;
use std::str::FromStr;

use cid::Cid;
use url::Url;

use crate::multiformats::{
    ContentId, ContentIdError, IPFS_NS, IPNS_NS, IpnsName, LIBP2P_KEY, parse_cid, parse_key_cid,
};

/// No recordhash is longer, in bytes; a longer `https://` address would not fit a URL bar either.
const MAX_BYTES: usize = 2048;
/// What opens an address of a web server.
const HTTPS: &str = "https://";

/// What the contract keeps for a name, or for an owner (ownerhash), and what it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recordhash {
    stored: Vec<u8>,
    target: Target,
}

/// What a recordhash points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An IPNS name of an ed25519 key, whose records can be verified.
    Ipns(IpnsName),
    /// An IPNS name of another kind of key: its records are verified by the key it holds, or that
    /// they carry.
    IpnsOther(Cid),
    /// An IPFS directory.
    Ipfs(Cid),
    /// An IPLD map (`e2…`), asked of a gateway's `dag/get`.
    Ipld(Cid),
    /// A web server; paths are appended to the address.
    Https(Url),
}

/// Why bytes or a text are not a recordhash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordhashError {
    /// Nothing is set.
    #[error("the recordhash is empty")]
    Empty,
    /// None of the contract's forms.
    #[error(
        "{0:?} is not a recordhash; one is ipns://k51…, ipfs://bafy…, https://host, a contenthash \
         in hex (0xe501…, 0xe301…, 0xe2…) or the 32 bytes of an IPNS key in hex"
    )]
    Form(String),
    /// The right beginning, but what follows is wrong.
    #[error("{text:?} is not a recordhash: {reason}")]
    Content {
        /// What was given; hexadecimal for bytes.
        text: String,
        /// What is wrong.
        reason: String,
    },
}

impl Recordhash {
    /// Reads the bytes a contract returns: a full contenthash (`e5`, `e3`, `e2`), the 32-byte
    /// short form of an IPNS key, a CID as text (`k…`, `b…`), or `https://…`.
    ///
    /// # Errors
    /// As [`RecordhashError`] says, with the bytes in hexadecimal.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordhashError> {
        // The order is the contract's: https before the length, the length before k and b.
        let target = match bytes {
            [] => return Err(RecordhashError::Empty),
            _ if bytes.len() > MAX_BYTES => Err("it is too long".to_owned()),
            _ if bytes.starts_with(HTTPS.as_bytes()) => ascii(bytes).and_then(https),
            _ if bytes.len() == 32 => short_form(bytes),
            [0xe5 | 0xe3 | 0xe2, ..] => contenthash(bytes),
            [b'k', ..] => ascii(bytes).and_then(ipns_text),
            [b'b', ..] => ascii(bytes).and_then(ipfs_text),
            _ => return Err(RecordhashError::Form(shown(bytes))),
        };
        match target {
            Ok(target) => Ok(Self { stored: bytes.to_vec(), target }),
            Err(reason) => Err(RecordhashError::Content { text: shown(bytes), reason }),
        }
    }

    /// What it points to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The bytes as they were read, or, from a text, as the contract would keep them.
    pub fn stored(&self) -> &[u8] {
        &self.stored
    }

    /// The bytes to set in a contract: the 32-byte short form where there is one, a URL in
    /// normal form without a slash at its end.
    pub fn contract_bytes(&self) -> Vec<u8> {
        match &self.target {
            // A key that would be read as an address has no short form.
            Target::Ipns(name) if name.public_key().starts_with(HTTPS.as_bytes()) => {
                name.contenthash()
            }
            Target::Ipns(name) => name.public_key().to_vec(),
            Target::IpnsOther(cid) => [&IPNS_NS[..], &cid.to_bytes()].concat(),
            Target::Ipfs(cid) => [&IPFS_NS[..], &cid.to_bytes()].concat(),
            // Whatever second byte was read.
            Target::Ipld(_) => Self::of(self.target.clone()).stored,
            Target::Https(url) => url.as_str().trim_end_matches('/').as_bytes().to_vec(),
        }
    }

    fn of(target: Target) -> Self {
        let stored = match &target {
            Target::Ipns(name) => name.contenthash(),
            Target::IpnsOther(cid) => [&IPNS_NS[..], &cid.to_bytes()].concat(),
            Target::Ipfs(cid) => [&IPFS_NS[..], &cid.to_bytes()].concat(),
            Target::Ipld(cid) => [&[0xe2, 0x01][..], &cid.to_bytes()].concat(),
            Target::Https(url) => url.as_str().as_bytes().to_vec(),
        };
        Self { stored, target }
    }
}

impl From<IpnsName> for Recordhash {
    fn from(name: IpnsName) -> Self {
        Self::of(Target::Ipns(name))
    }
}

impl FromStr for Recordhash {
    type Err = RecordhashError;

    /// Every form of [`Recordhash::parse`] as text or in hex (`0x…`), and every form of a CID or
    /// an IPNS name that [`multiformats`](crate::multiformats) reads.
    fn from_str(text: &str) -> Result<Self, RecordhashError> {
        let text = text.trim();
        let start = || text.chars().take(200).collect();
        let target = if text.len() > MAX_BYTES {
            Err("it is too long".to_owned())
        } else if text.starts_with(HTTPS) {
            return Self::parse(text.as_bytes());
        } else if let Some(bytes) = hex(text) {
            return Self::parse(&bytes);
        } else if text.is_empty() {
            return Err(RecordhashError::Empty);
        } else if let Some(cid) = text.strip_prefix("ipld://") {
            Cid::try_from(cid)
                .map(Target::Ipld)
                .map_err(|error| format!("it holds no CID ({error})"))
        } else {
            match text.parse::<ContentId>() {
                Ok(ContentId::Ipns(cid)) if !text.starts_with('k') => ipns_cid(cid),
                Ok(ContentId::Ipfs(cid)) if !text.starts_with('b') => ipfs_cid(cid),
                Err(error) if !text.starts_with(['k', 'b']) => match error {
                    ContentIdError::Unknown(_) => return Err(RecordhashError::Form(start())),
                    error => Err(error.to_string()),
                },
                // The contract keeps `k…` and `b…` as the text they are.
                _ => return Self::parse(text.as_bytes()),
            }
        };
        target.map(Self::of).map_err(|reason| RecordhashError::Content { text: start(), reason })
    }
}

/// Hexadecimal with `0x`, or without where nothing else starts so (`e5…`, `e3…`, `e2…`).
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| {
        let is_contenthash = ["e5", "e3", "e2"].iter().any(|prefix| text.starts_with(prefix));
        is_contenthash.then_some(text)
    })?;
    data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(u8::is_ascii_graphic) => text.chars().take(200).collect(),
        _ => format!("0x{}", data_encoding::HEXLOWER.encode(&bytes[..bytes.len().min(100)])),
    }
}

fn ascii(bytes: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii());
    text.ok_or_else(|| "it is not ASCII".to_owned())
}

/// The contract puts `e5010172002408011220` before it.
fn short_form(bytes: &[u8]) -> Result<Target, String> {
    let key = bytes.try_into().map_err(|_| "it has not 32 bytes".to_owned())?;
    IpnsName::from_public_key(key).map(Target::Ipns).map_err(|error| error.to_string())
}

fn contenthash(bytes: &[u8]) -> Result<Target, String> {
    let skip = if bytes.len() > 1 && bytes[0] == 0xe2 && bytes[1] == 0xe5 { 3 } else { 2 };
    let rest = bytes.get(skip..).unwrap_or_default();
    let cid = Cid::try_from(rest).map_err(|error| format!("it holds no CID ({error})"))?;
    if cid.to_bytes() != rest {
        return Err("bytes follow its CID".to_owned());
    }
    match bytes {
        [0xe2, ..] => Ok(Target::Ipld(cid)),
        [0xe5, 0x01, ..] => ipns_cid(cid),
        [0xe3, 0x01, ..] => ipfs_cid(cid),
        _ => Err(format!("its second byte is 0x{:02x}, not 01", bytes[1])),
    }
}

/// An ed25519 key in full length that is none is a mistake, no other kind of key.
fn ipns_cid(cid: Cid) -> Result<Target, String> {
    match IpnsName::from_cid(&cid) {
        Some(name) => name.map(Target::Ipns).map_err(|error| error.to_string()),
        None => {
            let key = parse_key_cid(&base36(&cid)).map_err(|error| error.to_string())?;
            Ok(Target::IpnsOther(key))
        }
    }
}

fn ipfs_cid(cid: Cid) -> Result<Target, String> {
    if cid.codec() == LIBP2P_KEY {
        return Err("its CID is an IPNS name, which is written ipns://k51…".to_owned());
    }
    Ok(Target::Ipfs(Cid::new_v1(cid.codec(), *cid.hash())))
}

fn ipns_text(text: &str) -> Result<Target, String> {
    parse_key_cid(text).map_err(|error| error.to_string()).and_then(ipns_cid)
}

fn ipfs_text(text: &str) -> Result<Target, String> {
    parse_cid(text).map_err(|error| error.to_string()).and_then(ipfs_cid)
}

/// An address to which paths are appended: neither query nor fragment nor password.
fn https(text: &str) -> Result<Target, String> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it holds spaces or control characters".to_owned());
    }
    let url: Url = text.parse().map_err(|error| format!("it is not a URL ({error})"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("paths are appended to it: it cannot have ? or #".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it is public: it cannot hold a user name or password".to_owned());
    }
    // In normal form a character may take three.
    if url.as_str().len() > MAX_BYTES {
        return Err("it is too long".to_owned());
    }
    Ok(Target::Https(url))
}

/// What the bytes that a contract keeps point to, as a [`Recordhash`] is shown; hexadecimal where
/// they are none, and `None` where nothing is kept.
pub fn shown_bytes(bytes: &[u8]) -> Option<String> {
    match Recordhash::parse(bytes) {
        Ok(recordhash) => Some(recordhash.to_string()),
        Err(RecordhashError::Empty) => None,
        Err(_) => Some(format!("0x{}", data_encoding::HEXLOWER.encode(bytes))),
    }
}

impl fmt::Display for Recordhash {
    /// `ipns://k51…`, `ipfs://bafy…`, `ipld://bafy…`, `https://…` as it is kept: the contract
    /// appends paths to it with every slash that is at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Ipns(name) => write!(f, "ipns://{name}"),
            Target::IpnsOther(cid) => write!(f, "ipns://{}", base36(cid)),
            Target::Ipfs(cid) => write!(f, "ipfs://{cid}"),
            Target::Ipld(cid) => write!(f, "ipld://{cid}"),
            Target::Https(_) => f.write_str(&String::from_utf8_lossy(&self.stored)),
        }
    }
}

/// A CID as IPNS names are written.
pub(crate) fn base36(cid: &Cid) -> String {
    multibase::encode(multibase::Base::Base36Lower, cid.to_bytes())
}

#[cfg(test)]
mod tests;
