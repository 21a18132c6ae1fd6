//! The IPNS key (ed25519) and the name it gives: facts §3, <https://specs.ipfs.tech/ipns/ipns-record/>.

use std::fmt;
use std::str::FromStr;

use cid::Cid;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use multihash::Multihash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::secret::{Secret, Secret32, SecretBytes, SecretString};

/// Multicodec `libp2p-key`.
const LIBP2P_KEY: u64 = 0x72;
/// Multihash code `identity`.
const IDENTITY: u64 = 0x00;
/// Protobuf head of an ed25519 public key: type 1, then 32 bytes of data.
const PUBLIC_HEAD: [u8; 4] = [0x08, 0x01, 0x12, 0x20];
/// Protobuf head of an ed25519 private key: type 1, then 64 bytes of data (seed ‖ public).
pub(super) const PRIVATE_HEAD: [u8; 4] = [0x08, 0x01, 0x12, 0x40];
/// Multicodec `ipns-ns`, which opens a contenthash.
const IPNS_NS: [u8; 2] = [0xe5, 0x01];
/// No form of a name is longer (hexadecimal, with `ipns://`, is 88).
const MAX_NAME_TEXT: usize = 128;

/// An IPNS name: the ed25519 public key that signs its records.
///
/// Shown as base36 CIDv1 (`k51…`); compared by key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpnsName([u8; 32]);

/// Why a text or bytes are not an IPNS name this program can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IpnsNameError {
    /// Neither a CID nor a peer id.
    #[error("{0:?} is not an IPNS name; one looks like k51qzi5uqu5d… (or 12D3KooW…)")]
    Text(String),
    /// A CID of something else than a key.
    #[error("{text:?} is a CID of codec 0x{codec:x}, not an IPNS name (codec 0x72, libp2p-key)")]
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
        let cid = Cid::try_from(cid).map_err(|_| wrong())?;
        if cid.codec() != LIBP2P_KEY || cid.to_bytes() != bytes[2..] {
            return Err(wrong());
        }
        Self::from_multihash(cid.hash()).ok_or_else(wrong)?
    }

    /// Whether `signature` over `message` is this key's (RFC 8032, strict).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = VerifyingKey::from_bytes(&self.0);
        let signature = Signature::from_slice(signature);
        matches!((key, signature), (Ok(k), Ok(s)) if k.verify_strict(message, &s).is_ok())
    }

    /// `None` when the multihash does not carry an ed25519 key.
    fn from_multihash(hash: &Multihash<64>) -> Option<Result<Self, IpnsNameError>> {
        if hash.code() != IDENTITY {
            return None;
        }
        let key = hash.digest().strip_prefix(&PUBLIC_HEAD)?.try_into().ok()?;
        Some(Self::from_public_key(key))
    }
}

impl FromStr for IpnsName {
    type Err = IpnsNameError;

    /// Accepts a multibase CID (`k51…`, `b…`, `f…`, `z…`) or a peer id (`12D3KooW…`), bare or
    /// after `/ipns/` or `ipns://`.
    fn from_str(text: &str) -> Result<Self, IpnsNameError> {
        if text.len() > MAX_NAME_TEXT {
            let start: String = text.chars().take(40).chain(['…']).collect();
            return Err(IpnsNameError::Text(start));
        }
        let bare = text.strip_prefix("/ipns/").or_else(|| text.strip_prefix("ipns://"));
        let bare = bare.unwrap_or(text);
        let not_a_name = || IpnsNameError::Text(text.to_owned());
        let hash = if bare.starts_with('1') || bare.starts_with("Qm") {
            let bytes = bs58::decode(bare).into_vec().map_err(|_| not_a_name())?;
            Multihash::from_bytes(&bytes).map_err(|_| not_a_name())?
        } else {
            let (_, bytes) = multibase::decode(bare).map_err(|_| not_a_name())?;
            let cid = Cid::try_from(&bytes[..]).map_err(|_| not_a_name())?;
            if cid.codec() != LIBP2P_KEY || cid.to_bytes() != bytes {
                return Err(IpnsNameError::Codec { text: text.to_owned(), codec: cid.codec() });
            }
            *cid.hash()
        };
        Self::from_multihash(&hash).ok_or_else(|| IpnsNameError::KeyType(text.to_owned()))?
    }
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

/// An ed25519 secret key that signs the records of its [`IpnsName`]. Wiped on drop.
#[derive(Clone)]
pub struct IpnsKey(SigningKey);

impl IpnsKey {
    /// From the 32-byte seed (RFC 8032 secret key). Every seed is a key.
    pub fn from_seed(seed: &Secret32) -> Self {
        Self(SigningKey::from_bytes(seed.expose()))
    }

    /// The name whose records this key signs.
    pub fn name(&self) -> IpnsName {
        IpnsName(self.0.verifying_key().to_bytes())
    }

    /// The ed25519 signature over `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The 32-byte seed.
    pub fn seed(&self) -> Secret32 {
        Secret::new(self.0.to_bytes())
    }

    /// The libp2p protobuf, `08 01 12 40 ‖ seed ‖ pub`, 68 bytes: what Kubo keeps and imports.
    pub fn to_libp2p(&self) -> SecretBytes {
        let mut bytes = Vec::with_capacity(68);
        bytes.extend_from_slice(&PRIVATE_HEAD);
        bytes.extend_from_slice(self.seed().expose());
        bytes.extend_from_slice(&self.name().0);
        Secret::new(bytes)
    }

    /// PKCS#8 PEM, version 1: without the public half, since OpenSSL 3.0 and Node refuse it.
    pub fn to_pem(&self) -> SecretString {
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let pem = pair.to_pkcs8_pem(LineEnding::LF).expect("a 32-byte key has a PKCS#8 form");
        Secret::new(pem.as_str().to_owned())
    }
}

impl fmt::Debug for IpnsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IpnsKey").field("name", &self.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "k51qzi5uqu5dm8vj5be9rx33v7q8eoxlfqj1k7moz7zjk2x6ihnbjwwo9bo5k6";

    fn vectors() -> Vec<serde_json::Value> {
        let file = include_str!("../../tests/vectors/keygen.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        file["cases"].as_array().unwrap().clone()
    }

    fn hex(value: &serde_json::Value) -> Vec<u8> {
        let text = value.as_str().unwrap();
        data_encoding::HEXLOWER.decode(text.trim_start_matches("0x").as_bytes()).unwrap()
    }

    #[test]
    fn seeds_give_the_names_of_the_vectors() {
        for case in vectors() {
            let seed: [u8; 32] = hex(&case["ed25519_seed"]).try_into().unwrap();
            let key = IpnsKey::from_seed(&seed.into());
            let name = key.name();
            assert_eq!(name.public_key()[..], hex(&case["ed25519_public"]));
            assert_eq!(name.to_string(), case["ipns_name"].as_str().unwrap());
            assert_eq!(name.contenthash(), hex(&case["contenthash"]));
            assert_eq!(*key.to_libp2p().expose(), hex(&case["libp2p_private_key"]));
            assert_eq!(IpnsName::from_contenthash(&name.contenthash()), Ok(name));

            let older: [u8; 32] = hex(&case["noble_1_6"]["ed25519_seed"]).try_into().unwrap();
            let older = IpnsKey::from_seed(&older.into()).name().to_string();
            assert_eq!(older, case["noble_1_6"]["ipns_name"].as_str().unwrap());
        }
    }

    #[test]
    fn every_text_form_is_read() {
        let name: IpnsName = NAME.parse().unwrap();
        let cid = name.cid().to_bytes();
        use multibase::Base::{Base16Lower, Base32Lower, Base36Lower, Base36Upper, Base58Btc};
        for base in [Base36Lower, Base32Lower, Base16Lower, Base58Btc, Base36Upper] {
            let text = multibase::encode(base, &cid);
            for text in [text.clone(), format!("/ipns/{text}"), format!("ipns://{text}")] {
                assert_eq!(text.parse(), Ok(name), "{text}");
            }
        }
        let peer = bs58::encode(&cid[2..]).into_string();
        assert!(peer.starts_with("12D3KooW"), "{peer}");
        assert_eq!(peer.parse(), Ok(name));
    }

    #[test]
    fn what_is_no_ed25519_name_is_refused() {
        let parse = |text: &str| text.parse::<IpnsName>().unwrap_err();
        for text in ["", "k", "nick.eth", "k51", "12D3KooW", &"k".repeat(500), "/ipns/", "🦇"] {
            assert!(matches!(parse(text), IpnsNameError::Text(_)), "{text:?}: {:?}", parse(text));
        }
        let file = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
        assert!(matches!(parse(file), IpnsNameError::Codec { codec: 0x55, .. }));
        let rsa = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
        assert!(matches!(parse(rsa), IpnsNameError::KeyType(_)));
        let name: IpnsName = NAME.parse().unwrap();
        let trailing = [&name.cid().to_bytes()[..], &[0]].concat();
        let trailing = multibase::encode(multibase::Base::Base36Lower, trailing);
        assert!(trailing.parse::<IpnsName>().is_err());
    }

    #[test]
    fn keys_anybody_can_sign_for_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let refused = IpnsName::from_public_key(identity);
        assert_eq!(refused, Err(IpnsNameError::PublicKey(identity)));
        assert!(IpnsName::from_public_key([2; 32]).is_err());
    }

    #[test]
    fn contenthashes_of_other_kinds_are_refused() {
        let name: IpnsName = NAME.parse().unwrap();
        let mut other = name.contenthash();
        other[0] = 0xe3;
        assert!(IpnsName::from_contenthash(&other).is_err());
        assert!(IpnsName::from_contenthash(&name.contenthash()[..41]).is_err());
        assert!(IpnsName::from_contenthash(&[name.contenthash(), vec![0]].concat()).is_err());
        assert!(IpnsName::from_contenthash(&[]).is_err());
    }

    #[test]
    fn signatures_verify_under_their_own_name_only() {
        let key = IpnsKey::from_seed(&[7; 32].into());
        let signature = key.sign(b"message");
        assert!(key.name().verify(b"message", &signature));
        assert!(!key.name().verify(b"massage", &signature));
        assert!(!NAME.parse::<IpnsName>().unwrap().verify(b"message", &signature));
        assert!(!key.name().verify(b"message", &signature[..63]));
    }

    #[test]
    fn debug_shows_the_name_only() {
        let key = IpnsKey::from_seed(&[7; 32].into());
        assert_eq!(format!("{key:?}"), format!("IpnsKey {{ name: IpnsName({}), .. }}", key.name()));
    }
}
