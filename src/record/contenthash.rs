//! Contenthashes (ENSIP-7): a multicodec namespace and what it names.

mod onion;

use std::fmt;

use alloy_primitives::hex;
use cid::Cid;
use data_encoding::BASE64URL_NOPAD;
use multibase::Base;

use super::value::prefixed_bytes;

const IPFS: u64 = 0xe3;
const SWARM: u64 = 0xe4;
const IPNS: u64 = 0xe5;
const ONION3: u64 = 0x1bd;
const SKYNET: u64 = 0xb1_9910;
const ARWEAVE: u64 = 0xb2_9910;

const SWARM_MANIFEST: u64 = 0xfa;
const LIBP2P_KEY: u64 = 0x72;
const IDENTITY: u64 = 0x00;
const SHA2_256: u64 = 0x12;
const KECCAK_256: u64 = 0x1b;

const EXPECTED: &str = "expected is ipfs://<CID>, ipns://<key>, bzz://<64 hex digits>, \
     onion3://<56 characters>, sia://<46 characters>, ar://<43 characters>, or 0x and the encoded \
     contenthash";

/// The value of a contenthash record, encoded. Empty says that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Contenthash(Vec<u8>);

/// Why a text or bytes are not a contenthash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContenthashError {
    /// Neither a known URI nor hex.
    #[error("{0:?} is not a contenthash: {EXPECTED}")]
    Unknown(String),
    /// The part after the scheme is wrong.
    #[error("{uri:?} is not a contenthash: {reason}")]
    Uri {
        /// The URI as given.
        uri: String,
        /// What is wrong with it.
        reason: String,
    },
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
    /// Parses a URI of one of the schemes `ipfs`, `ipns`, `bzz`, `onion3`, `sia`, `ar`, or `0x`
    /// and the encoded form (alone, it says that there is none).
    ///
    /// # Errors
    /// Quotes the text and says what is wrong.
    pub fn parse(text: &str) -> Result<Self, ContenthashError> {
        if text.starts_with("0x") {
            let bytes =
                prefixed_bytes(text).ok_or_else(|| ContenthashError::Unknown(text.to_owned()))?;
            return Self::from_bytes(&bytes);
        }
        let unknown = || ContenthashError::Unknown(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(unknown)?;
        let (codec, payload) = match scheme.to_ascii_lowercase().as_str() {
            "ipfs" => (IPFS, ipfs(rest)),
            "ipns" => (IPNS, ipns(rest)),
            "bzz" => (SWARM, swarm(rest)),
            "onion3" => (ONION3, onion::parse(rest)),
            "sia" => (SKYNET, base64(rest, 34, "a skylink has 46 characters of base64url")),
            "ar" => (ARWEAVE, base64(rest, 32, "a transaction id has 43 characters of base64url")),
            _ => return Err(unknown()),
        };
        let payload =
            payload.map_err(|reason| ContenthashError::Uri { uri: text.to_owned(), reason })?;
        let mut buffer = unsigned_varint::encode::u64_buffer();
        let mut bytes = unsigned_varint::encode::u64(codec, &mut buffer).to_vec();
        bytes.extend_from_slice(&payload);
        Ok(Self(bytes))
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

    /// The contenthash of an IPNS name, given its CID (codec libp2p-key).
    ///
    /// # Errors
    /// As [`Contenthash::parse`] for `ipns://`.
    pub fn from_ipns(cid: &Cid) -> Result<Self, ContenthashError> {
        Self::parse(&format!("ipns://{cid}"))
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

    fn uri(&self) -> Option<String> {
        let (codec, payload) = split(&self.0)?;
        Some(match codec {
            IPFS => format!("ipfs://{}", base(Base::Base32Lower, payload)?),
            IPNS => format!("ipns://{}", base(Base::Base36Lower, payload)?),
            SWARM => format!("bzz://{}", hex::encode(self.cid()?.hash().digest())),
            ONION3 => format!("onion3://{}", std::str::from_utf8(payload).ok()?),
            SKYNET => format!("sia://{}", BASE64URL_NOPAD.encode(payload)),
            ARWEAVE => format!("ar://{}", BASE64URL_NOPAD.encode(payload)),
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
        ARWEAVE => length(payload, 32),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) if text.contains("://") || text.starts_with("0x") => {
                Err(format!("they are the text {text:?}, not its encoding"))
            }
            _ if Cid::try_from(bytes).is_ok() => {
                Err("they are a bare CID: e301 (IPFS) or e501 (IPNS) belongs before it".into())
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
        SHA2_256 | KECCAK_256 if digest != 32 => {
            Err(format!("its 256-bit hash has {digest} bytes"))
        }
        _ => Ok(()),
    }
}

fn ipfs(text: &str) -> Result<Vec<u8>, String> {
    let cid = parse_cid(text, "CID")?;
    if cid.codec() == LIBP2P_KEY {
        return Err(format!("this CID is an IPNS name: write ipns://{text}"));
    }
    check_digest(&cid)?;
    Ok(cid_v1(cid).to_bytes())
}

/// A CID with the libp2p-key codec, or a peer id in base58 (`12D3Koo…`, `Qm…`).
fn ipns(text: &str) -> Result<Vec<u8>, String> {
    if text.contains('.') {
        return Err("DNSLink names are not keys and cannot be verified: give the IPNS key".into());
    }
    let is_peer_id =
        text.starts_with("12D3Koo") || text.starts_with("16Uiu2") || text.starts_with("Qm");
    let cid = if is_peer_id {
        let bytes = bs58::decode(text).into_vec().map_err(|error| error.to_string())?;
        let hash = multihash::Multihash::from_bytes(&bytes).map_err(|error| error.to_string())?;
        Cid::new_v1(LIBP2P_KEY, hash)
    } else {
        parse_cid(text, "IPNS key")?
    };
    if cid.codec() != LIBP2P_KEY {
        return Err(format!("this CID is content, not an IPNS key: write ipfs://{text}"));
    }
    check_digest(&cid)?;
    match cid.hash().code() {
        // ed25519 and secp256k1 keys are inlined: two protobuf fields of 4 and 32 or 33 bytes.
        IDENTITY if matches!(cid.hash().digest().len(), 36 | 37) => Ok(cid.to_bytes()),
        IDENTITY => Err("it inlines what is not a public key".into()),
        SHA2_256 => Ok(cid.to_bytes()),
        code => Err(format!("its hash function {code:#x} is not one of peer ids")),
    }
}

fn parse_cid(text: &str, what: &str) -> Result<Cid, String> {
    if text.contains('/') {
        return Err(format!("a contenthash names a root: leave out the path after the {what}"));
    }
    Cid::try_from(text).map_err(|error| format!("{text:?} is not a valid {what}: {error}"))
}

fn swarm(text: &str) -> Result<Vec<u8>, String> {
    let mut digest = [0; 32];
    if text.starts_with("0x") || hex::decode_to_slice(text, &mut digest).is_err() {
        return Err("a Swarm reference has 64 hexadecimal digits".into());
    }
    let hash =
        multihash::Multihash::wrap(KECCAK_256, &digest).map_err(|error| error.to_string())?;
    Ok(Cid::new_v1(SWARM_MANIFEST, hash).to_bytes())
}

fn base64(text: &str, length: usize, form: &str) -> Result<Vec<u8>, String> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
    bytes.ok().filter(|bytes| bytes.len() == length).ok_or_else(|| form.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IPNS_KEY: &str = "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu";

    #[test]
    fn vectors_both_ways() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/contenthash.json")).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let value = case["value"].as_str().unwrap();
            let scheme = match case["codec"].as_str().unwrap() {
                "swarm" => "bzz",
                "skynet" => "sia",
                "arweave" => "ar",
                codec => codec,
            };
            let uri = format!("{scheme}://{value}");
            let hex = case["contenthash"].as_str().unwrap();
            let contenthash = Contenthash::parse(&uri).unwrap();
            assert_eq!(hex::encode_prefixed(contenthash.as_bytes()), hex);
            assert_eq!(Contenthash::parse(hex).unwrap(), contenthash);
            let shown = contenthash.to_string();
            assert_eq!(Contenthash::parse(&shown).unwrap(), contenthash);
            if !value.starts_with("Qm") {
                assert_eq!(shown, uri);
            }
        }
    }

    #[test]
    fn ipns_keys_in_every_form() {
        let contenthash = Contenthash::parse(&format!("ipns://{IPNS_KEY}")).unwrap();
        let cid = contenthash.cid().unwrap();
        assert_eq!(cid.codec(), LIBP2P_KEY);
        assert_eq!(Contenthash::from_ipns(&cid).unwrap(), contenthash);
        let peer_id = bs58::encode(cid.hash().to_bytes()).into_string();
        assert!(peer_id.starts_with("12D3Koo"), "{peer_id}");
        let base32 = cid.to_string_of_base(Base::Base32Lower).unwrap();
        for text in [peer_id, base32] {
            assert_eq!(Contenthash::parse(&format!("ipns://{text}")).unwrap(), contenthash);
        }
        // Given by npm @ensdomains/content-hash 3.1.1.
        for (peer_id, shown) in [
            (
                "QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4",
                "k2k4r8kgnix5x0snul9112xdpqgiwc5xmvi8ja0szfhntep2d7qv8zz3",
            ),
            (
                "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
                "k51qzi5uqu5dhnwe629wdlncpql6frppdpwnz4wtlcw816aysd5wwlk63g4wmh",
            ),
        ] {
            let contenthash = Contenthash::parse(&format!("ipns://{peer_id}")).unwrap();
            assert_eq!(contenthash.to_string(), format!("ipns://{shown}"));
        }
    }

    #[test]
    fn refusals() {
        let onion = "onion3://p53lf57qovyuvwsc6xnrppyply3vtqm7l6pcobkmyqsiofyeznfu5uqd";
        assert_eq!(Contenthash::parse(&format!("{onion}.onion")), Contenthash::parse(onion));
        for (uri, reason) in [
            ("", "expected is"),
            ("https://example.com", "expected is"),
            ("0xe", "expected is"),
            ("QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", "expected is"),
            ("ipfs://", "not a valid CID"),
            ("ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD", "not a valid CID"),
            ("ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4/a", "the path"),
            (&format!("ipfs://{IPNS_KEY}"), "write ipns://"),
            ("ipns://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4", "write ipfs://"),
            ("ipns://docs.ipfs.tech", "DNSLink"),
            (&format!("ipns://{}", &IPNS_KEY[..IPNS_KEY.len() - 1]), "IPNS key"),
            ("bzz://d1de99", "64 hexadecimal"),
            ("onion3://p53lf57qovyuvwsc6xnrppyply3vtqm7l6pcobkmyqsiofyeznfu5uqe", "version 3"),
            ("onion3://q53lf57qovyuvwsc6xnrppyply3vtqm7l6pcobkmyqsiofyeznfu5uqd", "checksum"),
            ("onion3://zqktlwi4fecvo6ri", "56 characters"),
            ("sia://CABAB_1Dt0FJsxqsu_J4TodNCbCGvtFf1Uys_3EgzOlTc", "46 characters"),
            ("ar://ys32Pt8uC7TrVxHdOLByOspfPEq2LO63wREHQIM9SJR", "43 characters"),
            ("0xe301", "not a contenthash"),
            ("0xe3010170121f29f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f", "31"),
            (
                "0xe3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f00",
                "bytes follow",
            ),
            ("0x90b2ca05cacd", "2 bytes follow"),
            ("0xbd0370", "56 characters"),
            ("0xff", "multicodec"),
            (
                "0x0170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f",
                "bare CID",
            ),
            ("0x122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f", "bare CID"),
            ("0x697066733a2f2f516d", "they are the text \"ipfs://Qm\""),
        ] {
            let error = Contenthash::parse(uri).unwrap_err().to_string();
            assert!(error.contains(reason), "{uri}: {error}");
            assert!(error.contains(uri), "{uri}: {error}");
        }
    }

    #[test]
    fn unknown_codecs_and_other_forms_are_kept_as_hex() {
        for hex in [
            "0x",
            // An unassigned namespace; a CIDv0 and an inlined domain name, as old tools wrote them.
            "0xb799100102",
            "0xe301122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f",
            "0xe5010170000f6170702e756e69737761702e6f7267",
        ] {
            let contenthash = Contenthash::parse(hex).unwrap();
            assert_eq!(contenthash.to_string(), hex);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_shown_and_taken_again(codec in prop::sample::select(vec![IPFS, IPNS, SWARM, ONION3, SKYNET, ARWEAVE, 0x1234]), payload in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut buffer = unsigned_varint::encode::u64_buffer();
            let bytes = [unsigned_varint::encode::u64(codec, &mut buffer), &payload].concat();
            if let Ok(contenthash) = Contenthash::from_bytes(&bytes) {
                let again = Contenthash::parse(&contenthash.to_string()).unwrap();
                prop_assert_eq!(again.as_bytes(), &bytes);
            }
        }
    }
}
