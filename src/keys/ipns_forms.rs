//! The forms an IPNS secret key comes in: what other tools write, what secret stores make of it, and
//! what `NAMESYS_IPNS_KEY` takes.

mod armour;
mod der;
mod json;
mod named;

pub(super) use named::is_utf16;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::ipns::{IpnsKey, PRIVATE_HEAD};
use crate::secret::Secret;

/// Longer input is no key of ours; Kubo's whole configuration has some 5 KiB.
const MAX_KEY_BYTES: usize = 64 * 1024;

/// Why bytes are not an IPNS secret key. The bytes are never quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IpnsKeyError {
    /// None of the known forms.
    #[error(
        "this is no IPNS key in a known form: hex of the 32-byte seed, the libp2p protobuf \
         (binary, hex or base64), seed and public key (64 bytes), PKCS#8 (PEM or DER), JWK, or \
         Kubo's config"
    )]
    Form,
    /// Nothing there.
    #[error("the IPNS key is empty")]
    Empty,
    /// A private key of another kind.
    #[error("this is {0} key; an IPNS key of NameSys is ed25519")]
    KeyType(&'static str),
    /// Something else that is known for what it is, and what to do about it.
    #[error("this is {what}; {instead}")]
    Other {
        /// What it is.
        what: &'static str,
        /// What belongs there, or how to come to it.
        instead: &'static str,
    },
    /// A PEM block or DER that does not decode as a key.
    #[error("the PKCS#8 of the key is damaged: some of it is missing, or was changed")]
    Damaged,
    /// A protobuf of an ed25519 key, cut or with trailing bytes.
    #[error("the libp2p private key has {0} bytes; an ed25519 one has 68")]
    Length(usize),
    /// The public half inside is another key's.
    #[error("the public key stored inside does not belong to the secret key: the file is damaged")]
    PublicHalf,
}

impl IpnsKey {
    /// Reads a secret key in any of its forms: hex of the 32-byte seed (`0x` allowed); the libp2p
    /// protobuf; seed and public key; PKCS#8 of version 1 or 2, as PEM or DER; a JWK; Kubo's
    /// configuration. What is binary may come in hex, base64 or multibase. In texts, white space
    /// does not count, and neither do lines that start with `#`; of PEM not even its line ends.
    ///
    /// # Errors
    /// As [`IpnsKeyError`] says; a public half inside must belong to the secret one.
    pub fn parse(bytes: &[u8]) -> Result<Self, IpnsKeyError> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(IpnsKeyError::Form);
        }
        match binary(bytes) {
            Err(IpnsKeyError::Form) => {}
            found => return found,
        }
        if named::is_utf16(bytes) {
            return Err(named::UTF16);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| IpnsKeyError::Form)?;
        from_text(text.trim_start_matches('\u{feff}'))
    }
}

/// What needs no text: protobuf, DER, seed and public key.
fn binary(bytes: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    match bytes {
        [0x08, 0..=3, 0x12, ..] => from_libp2p(bytes),
        // Multicodec ed25519-priv, as did:key documents have it.
        [0x80, 0x26, seed @ ..] if seed.len() == 32 => from_seed(seed),
        [0x80, 0x26, pair @ ..] if pair.len() == 64 => from_pair(pair),
        [0x30, ..] if bytes.len() > 40 && der::is_whole(bytes) => der::parse(bytes),
        _ if bytes.len() == 64 => match from_pair(bytes) {
            // It may as well be 64 digits.
            Err(_) => Err(IpnsKeyError::Form),
            found => found,
        },
        _ => Err(IpnsKeyError::Form),
    }
}

fn from_text(text: &str) -> Result<IpnsKey, IpnsKeyError> {
    if let Some(found) = armour::parse(text) {
        return found;
    }
    let text = without_comments(text);
    if text.is_empty() {
        return Err(IpnsKeyError::Empty);
    }
    if text.starts_with('{') {
        return json::parse(&text);
    }
    if let Some(named) = named::text(&text) {
        return Err(named);
    }
    if let Some(decoded) = decode_hex(&text) {
        return match decoded.len() {
            32 => from_seed(&decoded),
            64 => from_pair(&decoded),
            _ => binary(&decoded),
        };
    }
    let decoded = decode_base64(&text).or_else(|| decode_multibase(&text));
    let decoded = decoded.ok_or(IpnsKeyError::Form)?;
    match decoded.len() {
        64 => from_pair(&decoded),
        // Also what public keys and hashes are.
        32 => Err(named::BASE64_OF_32),
        _ => match std::str::from_utf8(&decoded) {
            // Base64 of a file, as secret stores want it.
            Ok(inner) if inner.contains("-----BEGIN") || inner.contains("# ipns ") => {
                armour::parse(inner).unwrap_or(Err(IpnsKeyError::Form))
            }
            _ => binary(&decoded),
        },
    }
}

/// Without lines that are comments, and without white space. Where all is one line, what follows
/// our own comment.
pub(super) fn without_comments(text: &str) -> Zeroizing<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    for word in lines.flat_map(str::split_whitespace) {
        kept.push_str(word);
    }
    let mut words = text.split_whitespace();
    if kept.is_empty()
        && let (Some("#"), Some("ipns" | "signer"), Some(_), Some(key), None) =
            (words.next(), words.next(), words.next(), words.next(), words.next())
    {
        kept.push_str(key);
    }
    kept
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().map(Zeroizing::new)
}

/// With padding or without, in either alphabet.
fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_end_matches('=').as_bytes();
    let decoded = BASE64_NOPAD.decode(text).or_else(|_| BASE64URL_NOPAD.decode(text));
    // Multibase is base64 too, of bytes that are no key.
    decoded.ok().map(Zeroizing::new).filter(|bytes| is_key_like(bytes))
}

fn is_key_like(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 0..=3, 0x12, ..] | [0x30, ..] | [b'-' | b'#' | 0x80, ..])
        || matches!(bytes.len(), 32 | 64)
}

fn decode_multibase(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, decoded) = multibase::decode(text).ok()?;
    Some(Zeroizing::new(decoded))
}

fn from_seed(seed: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    let mut copy = Zeroizing::new([0; 32]);
    copy.copy_from_slice(seed.get(..32).filter(|_| seed.len() == 32).ok_or(IpnsKeyError::Form)?);
    Ok(IpnsKey::from_seed(&Secret::new(*copy)))
}

/// A seed, and the public half that proves it.
fn from_pair(pair: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    let key = from_seed(&pair[..32])?;
    if key.name().public_key() == pair[32..] { Ok(key) } else { Err(IpnsKeyError::PublicHalf) }
}

/// `08 <type> 12 <length> ‖ data`; for ed25519 (type 1) data is seed ‖ public. Older go-libp2p
/// wrote the public half twice.
fn from_libp2p(bytes: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    match bytes {
        [0x08, 0x01, 0x12, 0x20, ..] if bytes.len() == 36 => return Err(named::PUBLIC),
        [0x08, 0x00, ..] => return Err(IpnsKeyError::KeyType(named::RSA)),
        [0x08, 0x02, ..] => return Err(IpnsKeyError::KeyType(named::SECP256K1)),
        [0x08, 0x03, ..] => return Err(IpnsKeyError::KeyType(named::EC)),
        _ => {}
    }
    match bytes.strip_prefix(&PRIVATE_HEAD) {
        Some(data) if data.len() == 64 => from_pair(data),
        Some(_) => Err(IpnsKeyError::Length(bytes.len())),
        None => match bytes.strip_prefix(&[0x08, 0x01, 0x12, 0x60]) {
            Some(data) if data.len() == 96 && data[32..64] == data[64..] => from_pair(&data[..64]),
            Some(data) if data.len() == 96 => Err(IpnsKeyError::PublicHalf),
            _ => Err(IpnsKeyError::Form),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;
    use ed25519_dalek::pkcs8::KeypairBytes;
    use ed25519_dalek::pkcs8::EncodePrivateKey;
    use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;

    fn key() -> IpnsKey {
        IpnsKey::from_seed(&[7; 32].into())
    }

    fn parse(bytes: impl AsRef<[u8]>) -> Result<String, IpnsKeyError> {
        IpnsKey::parse(bytes.as_ref()).map(|key| key.name().to_string())
    }

    #[test]
    fn every_form_gives_the_key_back() {
        let name = Ok(key().name().to_string());
        let seed = "07".repeat(32);
        let libp2p = key().to_libp2p().expose().clone();
        assert_eq!(parse(&seed), name);
        assert_eq!(parse(format!("0x{seed}\n")), name);
        assert_eq!(parse(format!("# k51…\n{seed}\n")), name);
        assert_eq!(parse(&libp2p), name);
        assert_eq!(parse(HEXLOWER_PERMISSIVE.encode(&libp2p)), name);
        assert_eq!(parse(BASE64.encode(&libp2p)), name);
        assert_eq!(parse(format!("  {}\r\n", BASE64_NOPAD.encode(&libp2p))), name);
        assert_eq!(parse(key().to_pem().expose()), name);
        assert_eq!(parse(format!("# public\r\n{}", key().to_pem().expose())), name);
        let twice = [&[0x08, 0x01, 0x12, 0x60], &libp2p[4..], &libp2p[36..]].concat();
        assert_eq!(parse(twice), name);
    }

    /// What tools and secret stores make of a key.
    #[test]
    fn every_form_that_is_carried_gives_the_key_back() {
        let name = Ok(key().name().to_string());
        let (seed, public) = ([7; 32], key().name().public_key());
        let libp2p = key().to_libp2p().expose().clone();
        let pair = [seed, public].concat();
        let pem = key().to_pem().expose().clone();
        let der = [&hex("302e020100300506032b657004220420")[..], &seed].concat();
        let spki = BASE64.encode(&[&hex("302a300506032b6570032100")[..], &public].concat());
        let public_pem = format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n");
        let base64url = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let wrapped = |text: &str| {
            let lines = text.as_bytes().chunks(20).map(String::from_utf8_lossy);
            lines.collect::<Vec<_>>().join("\n")
        };
        let hex_seed = "07".repeat(32);
        let text = format!("{pem}\nED25519 Private-Key:\npriv:\n    07:07\npub:\n    ea:4a\n");
        for form in [
            wrapped(&BASE64.encode(&libp2p)),
            wrapped(&hex_seed),
            format!("{}\r\n", wrapped(&hex_seed).replace('\n', "\r\n")),
            base64url(&libp2p),
            format!("\u{feff}{hex_seed}"),
            format!("# ipns {} {hex_seed}", key().name()),
            pem.replace('\n', " "),
            pem.replace('\n', ""),
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\\r\\n"),
            format!("# ipns {} {}", key().name(), pem.replace('\n', " ")),
            BASE64.encode(pem.as_bytes()),
            wrapped(&BASE64.encode(format!("# ipns k51\n{pem}").as_bytes())),
            format!("{pem}what follows\n"),
            text,
            format!("{pem}{public_pem}"),
            format!("{public_pem}{pem}"),
            BASE64.encode(&pair),
            HEXLOWER_PERMISSIVE.encode(&pair),
            BASE64.encode(&der),
            HEXLOWER_PERMISSIVE.encode(&der),
            multibase::encode(multibase::Base::Base58Btc, &libp2p),
            multibase::encode(multibase::Base::Base64, &libp2p),
            multibase::encode(multibase::Base::Base64Url, &libp2p),
            multibase::encode(multibase::Base::Base36Lower, &libp2p),
            multibase::encode(multibase::Base::Base16Lower, &libp2p),
            multibase::encode(multibase::Base::Base58Btc, [&[0x80, 0x26], &seed[..]].concat()),
            format!(
                r#"{{"kty":"OKP","crv":"Ed25519","d":"{}","x":"{}"}}"#,
                base64url(&seed),
                base64url(&public)
            ),
            format!(r#"{{"crv":"Ed25519","kty":"OKP","d":"{}"}}"#, base64url(&seed)),
            format!(
                r#"{{"API":{{}},"Identity":{{"PeerID":"12D3","PrivKey":"{}"}}}}"#,
                BASE64.encode(&libp2p)
            ),
        ] {
            assert_eq!(parse(&form), name, "{form}");
        }
        for form in [pair, der] {
            assert_eq!(parse(&form), name, "{form:02x?}");
        }
    }

    #[test]
    fn what_is_known_for_something_else_is_named() {
        let public = key().name().public_key();
        let pem = |label: &str, body: &[u8]| {
            let body = BASE64.encode(body);
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes()
        };
        let rsa = [&hex("30820124020100300d06092a864886f70d0101010500048201")[..], &[0; 200]].concat();
        let ec = [&hex("308184020100301006072a8648ce3d020106052b8104000a046d")[..], &[0; 100]].concat();
        let x25519 = [&hex("302e020100300506032b656e04220420")[..], &[7; 32]].concat();
        let utf16: Vec<u8> = "07".repeat(32).encode_utf16().flat_map(u16::to_le_bytes).collect();
        let web = format!("08011240{},{}", "07".repeat(32), "08".repeat(32));
        for (bytes, told) in [
            (pem("PRIVATE KEY", &rsa), "an RSA key"),
            (pem("RSA PRIVATE KEY", &[0; 64]), "an RSA key"),
            (pem("EC PRIVATE KEY", &[0; 64]), "an EC key"),
            (pem("PRIVATE KEY", &ec), "a secp256k1 key"),
            (pem("PRIVATE KEY", &x25519), "an X25519 key"),
            (pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0"), "OpenSSH"),
            (pem("ENCRYPTED PRIVATE KEY", &[0; 64]), "encrypted"),
            (pem("PUBLIC KEY", &public), "a public key"),
            (pem("CERTIFICATE", &public), "a certificate"),
            (pem("PRIVATE KEY", &[0x30, 3]), "damaged"),
            (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@host".to_vec(), "a public key"),
            (utf16.clone(), "UTF-16"),
            ([&[0xff, 0xfe], &utf16[..]].concat(), "UTF-16"),
            (web.into_bytes(), "IPNS ENCODED KEY"),
            (key().name().to_string().into_bytes(), "an IPNS name"),
            (BASE64.encode(&public).into_bytes(), "32 bytes in base64"),
            (BASE64.encode(&[&[8, 1, 0x12, 0x20], &public[..]].concat()).into_bytes(), "public key"),
            (br#"{"kty":"RSA","n":"AQAB","d":"AQAB"}"#.to_vec(), "an RSA key"),
            (br#"{"kty":"EC","crv":"P-256","d":"AQAB"}"#.to_vec(), "an EC key"),
            (br#"{"kty":"OKP","crv":"Ed25519","x":"AQAB"}"#.to_vec(), "a public key"),
            (br#"{"crypto":{},"version":3}"#.to_vec(), "a keystore"),
            (
                b"AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX".to_vec(),
                "an age identity",
            ),
        ] {
            let error = IpnsKey::parse(&bytes).unwrap_err().to_string();
            assert!(error.contains(told), "{told}: {error}");
            assert!(!error.contains("0707"), "{error}");
        }
        let other_half = [[7; 32], [9; 32]].concat();
        for form in [HEXLOWER_PERMISSIVE.encode(&other_half), BASE64.encode(&other_half)] {
            assert_eq!(parse(&form), Err(IpnsKeyError::PublicHalf));
        }
        let spki = BASE64.encode(&[&hex("302a300506032b6570032100")[..], &[9; 32]].concat());
        let both = format!(
            "{}-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n",
            key().to_pem().expose()
        );
        assert_eq!(parse(&both), Err(IpnsKeyError::PublicHalf));
    }

    #[test]
    fn pem_is_version_1_and_version_2_is_read() {
        // What `openssl pkey` writes for this seed: the public half is left out.
        let der = [&hex("302e020100300506032b657004220420")[..], &[7; 32]].concat();
        let body = BASE64.encode(&der);
        let expected = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        assert_eq!(*key().to_pem().expose(), expected);

        let public_key = Some(ed25519_dalek::pkcs8::PublicKeyBytes(key().name().public_key()));
        let pair = KeypairBytes { secret_key: [7; 32], public_key };
        let v2 = pair.to_pkcs8_pem(LineEnding::CRLF).unwrap();
        assert_eq!(parse(v2.as_bytes()), Ok(key().name().to_string()));

        let public_key = Some(ed25519_dalek::pkcs8::PublicKeyBytes([9; 32]));
        let pair = KeypairBytes { secret_key: [7; 32], public_key };
        let other = pair.to_pkcs8_pem(LineEnding::LF).unwrap();
        assert_eq!(parse(other.as_bytes()), Err(IpnsKeyError::PublicHalf));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        let mut other_half = key().to_libp2p().expose().clone();
        other_half[67] ^= 1;
        let encrypted =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMC4=\n-----END ENCRYPTED PRIVATE KEY-----";
        let cases: [(&[u8], IpnsKeyError); 12] = [
            (b"", IpnsKeyError::Empty),
            (b" \n# only a comment\n", IpnsKeyError::Empty),
            (b"hunter2 hunter2", IpnsKeyError::Form),
            (b"0707", IpnsKeyError::Form),
            (&[7; 32], IpnsKeyError::Form),
            (&[0xff; 68], IpnsKeyError::Form),
            (&other_half, IpnsKeyError::PublicHalf),
            (&other_half[..67], IpnsKeyError::Length(67)),
            (&[0x08, 0x00, 0x12, 0x01, 0x00], IpnsKeyError::KeyType(named::RSA)),
            (b"CAISIAcH", IpnsKeyError::KeyType(named::SECP256K1)),
            (encrypted.as_bytes(), named::ENCRYPTED),
            (&[b'a'; 70_000], IpnsKeyError::Form),
        ];
        for (bytes, error) in cases {
            assert_eq!(parse(bytes), Err(error), "{}", String::from_utf8_lossy(bytes));
        }
        assert!(!IpnsKeyError::Form.to_string().contains("hunter2"));
    }

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
    }
}
