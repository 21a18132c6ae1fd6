//! The name of an IPNS key: [keys](crate::spec::keys), <https://specs.ipfs.tech/ipns/ipns-record/>.

use std::fmt;
use std::str::FromStr;

use cid::Cid;
use ed25519_dalek::{Signature, VerifyingKey};
use multihash::Multihash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::cid_text::{bare_cid, exact};
use super::{IPNS_NS, LIBP2P_KEY, MAX_TEXT, hex, quoted, without_scheme};

/// Multihash codes: the key itself, and its SHA-256.
const IDENTITY: u64 = 0x00;
const SHA2_256: u64 = 0x12;
/// Protobuf head of an ed25519 public key: type 1, then 32 bytes of data.
const PUBLIC_HEAD: [u8; 4] = [0x08, 0x01, 0x12, 0x20];

/// An IPNS name: the ed25519 public key that signs its records.
///
/// Shown as base36 CIDv1 (`k51…`); compared by key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpnsName([u8; 32]);

/// Why a text or bytes are not an IPNS name this program can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IpnsNameError {
    /// In none of the forms.
    #[error("{0:?} is not an IPNS name; one looks like k51qzi5uqu5d… (or 12D3KooW…)")]
    Text(String),
    /// The name of a host (DNSLink).
    #[error(
        "{0:?} is not an IPNS name but a DNSLink name, which is no key and cannot be verified: \
         give the key's name, k51…"
    )]
    DnsLink(String),
    /// A CID of something else than a key.
    #[error(
        "{text:?} is a CID of codec 0x{codec:x}, not an IPNS name (codec 0x72, libp2p-key); for \
         content write ipfs://"
    )]
    Codec {
        /// What was given.
        text: String,
        /// Its multicodec.
        codec: u64,
    },
    /// A key of another kind, or only the hash of one (RSA).
    #[error(
        "{0:?} names a key that is not ed25519 (RSA and others are not supported); \
         an ed25519 name starts with k51 or 12D3KooW"
    )]
    KeyType(String),
    /// A hash that no kind of key has.
    #[error("{0:?} has the codec of an IPNS name, but neither a public key nor the SHA-256 of one")]
    NoKey(String),
    /// 32 bytes that are no point of the curve, or one of small order that anybody can sign for.
    #[error("0x{} is not an ed25519 public key", data_encoding::HEXLOWER.encode(.0))]
    PublicKey([u8; 32]),
    /// Not `e501` and the CID of an ed25519 key.
    #[error(
        "0x{} is not an IPNS contenthash; one of ed25519 is e5010172002408011220 and the \
         32-byte key",
        data_encoding::HEXLOWER.encode(.0)
    )]
    Contenthash(Vec<u8>),
}

impl IpnsName {
    /// From the 32-byte compressed ed25519 public key.
    ///
    /// # Errors
    /// [`IpnsNameError::PublicKey`] when it is no point of the curve or of small order.
    pub fn from_public_key(public: [u8; 32]) -> Result<Self, IpnsNameError> {
        match VerifyingKey::from_bytes(&public) {
            Ok(key) if !key.is_weak() => Ok(Self(public)),
            _ => Err(IpnsNameError::PublicKey(public)),
        }
    }

    /// The name of a key whose secret half is known, which is a good one.
    pub(crate) fn of_key(public: &VerifyingKey) -> Self {
        Self(public.to_bytes())
    }

    /// The 32-byte ed25519 public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.0
    }

    /// The protobuf form of the public key, `08 01 12 20 ‖ pub`, as libp2p writes it.
    pub fn libp2p_public_key(&self) -> [u8; 36] {
        let mut bytes = [0; 36];
        bytes[..4].copy_from_slice(&PUBLIC_HEAD);
        bytes[4..].copy_from_slice(&self.0);
        bytes
    }

    /// CIDv1 of codec libp2p-key (0x72): the identity multihash of the protobuf public key.
    pub fn cid(&self) -> Cid {
        let hash = Multihash::wrap(IDENTITY, &self.libp2p_public_key())
            .expect("36 bytes fit into a multihash of 64");
        Cid::new_v1(LIBP2P_KEY, hash)
    }

    /// The name whose CID `cid` is; `None` when it carries no ed25519 key.
    ///
    /// # Errors
    /// [`IpnsNameError::PublicKey`] as [`IpnsName::from_public_key`].
    pub fn from_cid(cid: &Cid) -> Option<Result<Self, IpnsNameError>> {
        if cid.codec() != LIBP2P_KEY || cid.hash().code() != IDENTITY {
            return None;
        }
        let key = cid.hash().digest().strip_prefix(&PUBLIC_HEAD)?.try_into().ok()?;
        Some(Self::from_public_key(key))
    }

    /// The ENSIP-7 contenthash, `e5010172002408011220 ‖ pub`.
    pub fn contenthash(&self) -> Vec<u8> {
        [&IPNS_NS[..], &self.cid().to_bytes()].concat()
    }

    /// Reads a contenthash of an ed25519 name.
    ///
    /// # Errors
    /// [`IpnsNameError::Contenthash`] for anything else.
    pub fn from_contenthash(bytes: &[u8]) -> Result<Self, IpnsNameError> {
        let wrong = || IpnsNameError::Contenthash(bytes[..bytes.len().min(64)].to_vec());
        let cid = bytes.strip_prefix(&IPNS_NS).ok_or_else(wrong)?;
        let cid = exact(cid).map_err(|_| wrong())?;
        Self::from_cid(&cid).ok_or_else(wrong)?
    }

    /// Whether `signature` over `message` is this key's (RFC 8032, strict).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = VerifyingKey::from_bytes(&self.0);
        let signature = Signature::from_slice(signature);
        matches!((key, signature), (Ok(k), Ok(s)) if k.verify_strict(message, &s).is_ok())
    }
}

impl FromStr for IpnsName {
    type Err = IpnsNameError;

    /// Every form of the [module](super).
    fn from_str(text: &str) -> Result<Self, IpnsNameError> {
        let cid = parse_key_cid(text)?;
        Self::from_cid(&cid).ok_or_else(|| IpnsNameError::KeyType(quoted(text)))?
    }
}

/// The CID of the key that `text` names, of whatever kind of key, in every form of the
/// [module](super): codec libp2p-key, with the public key in it or its SHA-256.
///
/// # Errors
/// [`IpnsNameError`] quotes the text. Whether an ed25519 key is one is not checked, except where
/// nothing but its 32 bytes is given.
pub fn parse_key_cid(text: &str) -> Result<Cid, IpnsNameError> {
    let not_a_name = || IpnsNameError::Text(quoted(text));
    if text.len() > MAX_TEXT {
        return Err(not_a_name());
    }
    let uri = without_scheme(text, "ipns");
    let bare = uri.unwrap_or(text);
    if uri.is_some() && bare.contains('.') {
        return Err(IpnsNameError::DnsLink(quoted(text)));
    }
    let bytes = hex(bare).unwrap_or_default();
    if let Ok(public) = <[u8; 32]>::try_from(&bytes[..]) {
        return IpnsName::from_public_key(public).map(|name| name.cid());
    }
    let cid = match bytes.strip_prefix(&IPNS_NS) {
        Some(cid) => exact(cid).ok(),
        None => peer_id(bare).or_else(|| bare_cid(bare).ok()),
    };
    let cid = cid.ok_or_else(not_a_name)?;
    if cid.codec() != LIBP2P_KEY {
        return Err(IpnsNameError::Codec { text: text.to_owned(), codec: cid.codec() });
    }
    // ed25519 and secp256k1 keys are inlined: two protobuf fields of 4 and 32 or 33 bytes.
    match (cid.hash().code(), cid.hash().digest().len()) {
        (IDENTITY, 36 | 37) | (SHA2_256, 32) => Ok(cid),
        _ => Err(IpnsNameError::NoKey(text.to_owned())),
    }
}

/// libp2p's older form: the multihash alone, in base58.
fn peer_id(text: &str) -> Option<Cid> {
    if !text.starts_with('1') && !text.starts_with("Qm") {
        return None;
    }
    let bytes = bs58::decode(text).into_vec().ok()?;
    Some(Cid::new_v1(LIBP2P_KEY, Multihash::from_bytes(&bytes).ok()?))
}

impl fmt::Display for IpnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&multibase::encode(multibase::Base::Base36Lower, self.cid().to_bytes()))
    }
}

impl fmt::Debug for IpnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IpnsName({self})")
    }
}

impl Serialize for IpnsName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IpnsName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
