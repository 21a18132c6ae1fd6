//! Contenthashes (ENSIP-7): a multicodec namespace and what it names.

mod dnslink;
mod gateway;
mod onion;

use std::fmt;

use alloy_primitives::hex;
use cid::Cid;
use data_encoding::BASE64URL_NOPAD;
use multibase::Base;

use super::prefixed_hex::prefixed_bytes;
use crate::multiformats::{
    ContentId, ContentIdError, IPNS_NS, LIBP2P_KEY, long_identity, parse_key_cid,
    parse_long_identity,
};

const IPFS: u64 = 0xe3;
const SWARM: u64 = 0xe4;
const IPNS: u64 = 0xe5;
const ONION3: u64 = 0x1bd;
const SKYNET: u64 = 0xb1_9910;
const ARWEAVE: u64 = 0xb2_9910;
const ADNL: u64 = 0xb6_9910;

const SWARM_MANIFEST: u64 = 0xfa;
const DAG_PB: u64 = 0x70;
const IDENTITY: u64 = 0x00;
const SHA2_256: u64 = 0x12;
const KECCAK_256: u64 = 0x1b;

const EXPECTED: &str = "expected is ipfs://<CID>, ipns://<key>, bzz://<64 hex digits>, \
     onion3://<56 characters>, sia://<46 characters>, ar://<43 characters>, adnl://<64 hex digits>, \
     or 0x and the encoded contenthash";

/// The value of a contenthash record, encoded. Empty says that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Contenthash(Vec<u8>);

/// Why a text or bytes are not a contenthash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContenthashError {
    /// Neither content nor a key, where it is said to be one.
    #[error(transparent)]
    Id(#[from] ContentIdError),
    /// Neither a known URI nor hex.
    #[error("{0:?} is not a contenthash: {EXPECTED}")]
    Unknown(String),
    /// The address of a gateway, which is not what it serves.
    #[error("{text:?} is the address of a gateway: write what it serves, {uri}{}", if *below {
        "; a contenthash names a whole site, no file below it"
    } else {
        ""
    })]
    Gateway {
        /// As given.
        text: String,
        /// What to write.
        uri: String,
        /// Whether it goes on with a path.
        below: bool,
    },
    /// A CID, or its path, alone.
    #[error("{text:?} has no scheme: write {uri}")]
    NoScheme {
        /// As given.
        text: String,
        /// What to write.
        uri: String,
    },
    /// The part after the scheme is wrong.
    #[error("{uri:?} is not a contenthash: {reason}")]
    Uri {
        /// The URI as given.
        uri: String,
        /// What is wrong with it.
        reason: String,
    },
    /// 32 bytes alone: not repeated, for they may be a private key.
    #[error(
        "64 hexadecimal digits alone are no contenthash, and may be a private key: an IPNS name is written ipns://k51…"
    )]
    MayBeKey,
    /// The encoded bytes are wrong.
    #[error("the bytes {bytes} are not a contenthash: {reason}")]
    Bytes {
        /// The bytes in hex.
        bytes: String,
        /// What is wrong with them.
        reason: String,
    },
}

impl Contenthash {
    /// Parses an IPNS name in every form of [`multiformats`](crate::multiformats), `ipfs://` and a
    /// CID in every form, a URI of one of the schemes `bzz`, `onion3`, `sia`, `ar` (or `arweave`),
    /// `adnl`, a domain as `ipns://<domain>` (DNSLink), or `0x` and the encoded form (alone, it
    /// says that there is none).
    ///
    /// # Errors
    /// Quotes the text and says what is wrong; with the URI where it is a CID or its path
    /// alone.
    pub fn parse(text: &str) -> Result<Self, ContenthashError> {
        let named = ["ipns://", "/ipns/"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let digits = named.unwrap_or(text);
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        let is_bare = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_bare && !text.starts_with("0x") {
            return Err(ContenthashError::MayBeKey);
        }
        if text.starts_with("0x") {
            let bytes =
                prefixed_bytes(text).ok_or_else(|| ContenthashError::Unknown(text.to_owned()))?;
            let read = Self::from_bytes(&bytes).and_then(Self::of_its_namespace);
            return if is_bare { read.map_err(|_| ContenthashError::MayBeKey) } else { read };
        }
        let unknown = || ContenthashError::Unknown(text.to_owned());
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let (codec, payload) = match scheme.to_ascii_lowercase().as_str() {
            "" | "ipns" if let Some(domain) = named.and_then(dnslink::domain) => {
                (IPNS, Ok(dnslink::cid(domain).to_bytes()))
            }
            "" | "ipfs" if let Some(cid) = parse_long_identity(text) => (IPFS, Ok(cid)),
            "" | "ipfs" | "ipns" => match text.parse::<ContentId>() {
                Ok(ContentId::Ipns(cid)) => (IPNS, Ok(cid.to_bytes())),
                Ok(ContentId::Ipfs(cid)) => (IPFS, check_digest(&cid).map(|()| cid.to_bytes())),
                Err(ContentIdError::Unknown(_)) => return Err(unknown()),
                Err(error) => return Err(error.into()),
            },
            "bzz" => (SWARM, swarm(rest)),
            "onion3" => (ONION3, onion::parse(rest)),
            "sia" => (SKYNET, base64(rest, 34, "a skylink has 46 characters of base64url")),
            "ar" | "arweave" => {
                (ARWEAVE, base64(rest, 32, "a transaction id has 43 characters of base64url"))
            }
            "adnl" => (ADNL, adnl(rest)),
            "http" | "https" => return Err(gateway::served(text, rest).unwrap_or_else(unknown)),
            _ => return Err(unknown()),
        };
        let payload =
            payload.map_err(|reason| ContenthashError::Uri { uri: text.to_owned(), reason })?;
        let mut buffer = unsigned_varint::encode::u64_buffer();
        let mut bytes = unsigned_varint::encode::u64(codec, &mut buffer).to_vec();
        bytes.extend_from_slice(&payload);
        let read = Self(bytes);
        match scheme.is_empty() && codec == IPFS {
            true => {
                Err(ContenthashError::NoScheme { text: text.to_owned(), uri: read.to_string() })
            }
            false => Ok(read),
        }
    }

    /// Takes encoded bytes: of a known codec they must be well-formed, of any other they are kept
    /// and displayed as hex.
    ///
    /// # Errors
    /// Says what is malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ContenthashError> {
        check(bytes)
            .map_err(|reason| ContenthashError::Bytes {
                bytes: hex::encode_prefixed(bytes),
                reason,
            })
            .map(|()| Self(bytes.to_vec()))
    }

    /// As it is, unless it is the CID of a key where content belongs, or of content where a key
    /// does. What others have set so is read; nobody resolves it.
    fn of_its_namespace(self) -> Result<Self, ContenthashError> {
        let namespace = split(&self.0).map(|(codec, _)| codec);
        let reason = match (namespace, self.cid()) {
            (Some(IPFS), Some(cid)) if cid.codec() == LIBP2P_KEY => {
                "its CID is an IPNS name, which e501 belongs before: write ipns://k51…"
            }
            // A DNSLink name is no key, and was written with either codec.
            (Some(IPNS), Some(cid)) if cid.codec() != LIBP2P_KEY && cid.hash().code() != 0 => {
                "its CID is content and no IPNS name: e301 belongs before it, write ipfs://bafy…"
            }
            _ => return Ok(self),
        };
        Err(ContenthashError::Bytes {
            bytes: hex::encode_prefixed(&self.0),
            reason: reason.to_owned(),
        })
    }

    /// The contenthash of an IPNS name, given its CID (codec libp2p-key).
    ///
    /// # Errors
    /// As [`Contenthash::parse`] for `ipns://`.
    pub fn from_ipns(cid: &Cid) -> Result<Self, ContenthashError> {
        let cid = parse_key_cid(&cid.to_string()).map_err(ContentIdError::from)?;
        Ok(Self([&IPNS_NS[..], &cid.to_bytes()].concat()))
    }

    /// The encoded form: codec as varint, then what it names.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The CID of an IPFS, IPNS or Swarm contenthash.
    pub fn cid(&self) -> Option<Cid> {
        let (codec, payload) = split(&self.0)?;
        matches!(codec, IPFS | IPNS | SWARM).then(|| Cid::try_from(payload).ok()).flatten()
    }

    /// The domain of an IPNS contenthash that names one (DNSLink) in place of a key.
    pub fn dnslink(&self) -> Option<String> {
        let (codec, payload) = split(&self.0)?;
        let cid = Cid::try_from(payload).ok().filter(|_| codec == IPNS)?;
        dnslink::of_cid(&cid)
    }

    fn uri(&self) -> Option<String> {
        let (codec, payload) = split(&self.0)?;
        Some(match codec {
            IPFS if long_identity(payload).is_some() => {
                format!("ipfs://{}", multibase::encode(Base::Base32Lower, payload))
            }
            IPFS => format!("ipfs://{}", base(Base::Base32Lower, payload)?),
            IPNS if let Some(domain) = self.dnslink() => format!("ipns://{domain}"),
            IPNS => format!("ipns://{}", base(Base::Base36Lower, payload)?),
            SWARM => format!("bzz://{}", hex::encode(self.cid()?.hash().digest())),
            ONION3 => format!("onion3://{}", std::str::from_utf8(payload).ok()?),
            SKYNET => format!("sia://{}", BASE64URL_NOPAD.encode(payload)),
            ARWEAVE => format!("ar://{}", BASE64URL_NOPAD.encode(payload)),
            ADNL => format!("adnl://{}", hex::encode(payload)),
            _ => return None,
        })
    }
}

/// The URI where it parses back to the same bytes, else the bytes in hex.
impl fmt::Display for Contenthash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same = |uri: &String| Self::parse(uri).is_ok_and(|parsed| parsed == *self);
        match self.uri().filter(same) {
            Some(uri) => f.write_str(&uri),
            None => f.write_str(&hex::encode_prefixed(&self.0)),
        }
    }
}

fn split(bytes: &[u8]) -> Option<(u64, &[u8])> {
    unsigned_varint::decode::u64(bytes).ok()
}

fn base(base: Base, payload: &[u8]) -> Option<String> {
    let cid = Cid::try_from(payload).ok()?;
    cid_v1(cid).to_string_of_base(base).ok()
}

fn cid_v1(cid: Cid) -> Cid {
    Cid::new_v1(cid.codec(), *cid.hash())
}

fn check(bytes: &[u8]) -> Result<(), String> {
    if bytes.is_empty() {
        return Ok(());
    }
    let (codec, payload) = split(bytes).ok_or("they do not begin with a multicodec")?;
    match codec {
        IPFS if long_identity(payload).is_some() => Ok(()),
        IPFS | IPNS | SWARM => {
            let mut rest = payload;
            let cid = Cid::read_bytes(&mut rest).map_err(|error| error.to_string())?;
            if !rest.is_empty() {
                return Err("bytes follow the CID".into());
            }
            check_digest(&cid)
        }
        ONION3 => std::str::from_utf8(payload)
            .map_err(|error| error.to_string())
            .and_then(onion::parse)
            .and_then(|parsed| {
                (parsed == payload).then_some(()).ok_or("it is not in lower case".into())
            }),
        SKYNET => length(payload, 34),
        ARWEAVE | ADNL => length(payload, 32),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) if text.contains("://") || text.starts_with("0x") => {
                Err(format!("they are the text {text:?}, not its encoding"))
            }
            _ if Cid::try_from(bytes).is_ok() => {
                Err("they are a bare CID: e301 (IPFS) or e501 (IPNS) belongs before it".into())
            }
            _ if bytes.len() == 32 => {
                Err("they are a bare key: e5010172002408011220 belongs before that of an IPNS name"
                    .into())
            }
            _ => Ok(()),
        },
    }
}

fn length(payload: &[u8], expected: usize) -> Result<(), String> {
    if payload.len() == expected {
        return Ok(());
    }
    Err(format!("{} bytes follow the multicodec, where {expected} belong", payload.len()))
}

fn check_digest(cid: &Cid) -> Result<(), String> {
    let digest = cid.hash().digest().len();
    match cid.hash().code() {
        // The second half of a Swarm reference is the key of encrypted content.
        KECCAK_256 if cid.codec() == SWARM_MANIFEST && digest == 64 => Ok(()),
        SHA2_256 | KECCAK_256 if digest != 32 => {
            Err(format!("its 256-bit hash has {digest} bytes"))
        }
        _ => Ok(()),
    }
}

fn swarm(text: &str) -> Result<Vec<u8>, String> {
    let expected =
        "a Swarm reference has 64 hexadecimal digits, or 128 where its content is encrypted";
    let digest = (!text.starts_with("0x")).then(|| hex::decode(text).ok()).flatten();
    let digest = digest.filter(|digest| matches!(digest.len(), 32 | 64)).ok_or(expected)?;
    let hash =
        multihash::Multihash::wrap(KECCAK_256, &digest).map_err(|error| error.to_string())?;
    Ok(Cid::new_v1(SWARM_MANIFEST, hash).to_bytes())
}

fn adnl(text: &str) -> Result<Vec<u8>, String> {
    let bytes = (!text.starts_with("0x")).then(|| hex::decode(text).ok()).flatten();
    let bytes = bytes.filter(|bytes| bytes.len() == 32);
    bytes.ok_or_else(|| "an ADNL address of TON has 64 hexadecimal digits".to_owned())
}

fn base64(text: &str, length: usize, form: &str) -> Result<Vec<u8>, String> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
    bytes.ok().filter(|bytes| bytes.len() == length).ok_or_else(|| form.to_owned())
}

#[cfg(test)]
mod tests;
