//! The forms an IPNS secret key comes in: what other tools write and `NAMESYS_IPNS_KEY` takes.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use ed25519_dalek::pkcs8::{DecodePrivateKey, KeypairBytes};
use zeroize::Zeroizing;

use super::ipns::{IpnsKey, PRIVATE_HEAD};
use crate::secret::Secret;

/// Longer input is no key of ours (a PKCS#8 PEM with comments stays under 1 KiB).
const MAX_KEY_BYTES: usize = 16 * 1024;

/// Why bytes are not an IPNS secret key. The bytes are never quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IpnsKeyError {
    /// None of the known forms.
    #[error(
        "this is no IPNS key in a known form: hex of the 32-byte seed, the libp2p protobuf \
         (binary, hex or base64), or PKCS#8 PEM (-----BEGIN PRIVATE KEY-----)"
    )]
    Form,
    /// Nothing there.
    #[error("the IPNS key is empty")]
    Empty,
    /// A private key of another kind.
    #[error("this is a {0} key; an IPNS key of NameSys is ed25519")]
    KeyType(&'static str),
    /// A PEM block that does not decode as an ed25519 PKCS#8 key.
    #[error(
        "the PEM block is not an unencrypted ed25519 key in PKCS#8 (-----BEGIN PRIVATE KEY-----); \
         convert it with `openssl pkcs8 -topk8 -nocrypt`"
    )]
    Pem,
    /// A protobuf of an ed25519 key, cut or with trailing bytes.
    #[error("the libp2p private key has {0} bytes; an ed25519 one has 68")]
    Length(usize),
    /// The public half inside is another key's.
    #[error("the public key stored inside does not belong to the secret key: the file is damaged")]
    PublicHalf,
}

impl IpnsKey {
    /// Reads a secret key in any of its forms: hex of the 32-byte seed (`0x` allowed), the
    /// libp2p protobuf in binary, hex or base64, PKCS#8 PEM of version 1 or 2. In the text forms
    /// white space around and lines starting with `#` are ignored.
    ///
    /// # Errors
    /// As [`IpnsKeyError`] says; a public half inside must belong to the secret one.
    pub fn parse(bytes: &[u8]) -> Result<Self, IpnsKeyError> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(IpnsKeyError::Form);
        }
        if bytes.starts_with(&[0x08]) {
            return from_libp2p(bytes);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| IpnsKeyError::Form)?;
        let text = without_comments(text);
        if text.is_empty() {
            return Err(IpnsKeyError::Empty);
        }
        if text.contains("-----BEGIN") {
            return from_pem(&text);
        }
        if let Some(decoded) = decode_hex(&text) {
            if let Ok(seed) = <[u8; 32]>::try_from(decoded.as_slice()) {
                return Ok(Self::from_seed(&Secret::new(seed)));
            }
            return from_libp2p(&decoded);
        }
        let base64 = if text.ends_with('=') { BASE64 } else { BASE64_NOPAD };
        let decoded = base64.decode(text.as_bytes()).map_err(|_| IpnsKeyError::Form)?;
        from_libp2p(&Zeroizing::new(decoded))
    }
}

fn without_comments(text: &str) -> Zeroizing<String> {
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        kept.push_str(line.trim());
        kept.push('\n');
    }
    while kept.ends_with(char::is_whitespace) {
        kept.pop();
    }
    let leading = kept.len() - kept.trim_start().len();
    kept.drain(..leading);
    kept
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().map(Zeroizing::new)
}

fn from_pem(text: &str) -> Result<IpnsKey, IpnsKeyError> {
    let pair = KeypairBytes::from_pkcs8_pem(text).map_err(|_| IpnsKeyError::Pem)?;
    let key = IpnsKey::from_seed(&Secret::new(pair.secret_key));
    match &pair.public_key {
        Some(public) if public.to_bytes() != key.name().public_key() => {
            Err(IpnsKeyError::PublicHalf)
        }
        _ => Ok(key),
    }
}

/// `08 <type> 12 <length> ‖ data`; for ed25519 (type 1) data is seed ‖ public. Older go-libp2p
/// wrote the public half twice.
fn from_libp2p(bytes: &[u8]) -> Result<IpnsKey, IpnsKeyError> {
    match bytes {
        [0x08, 0x00, ..] => return Err(IpnsKeyError::KeyType("RSA")),
        [0x08, 0x02, ..] => return Err(IpnsKeyError::KeyType("secp256k1")),
        [0x08, 0x03, ..] => return Err(IpnsKeyError::KeyType("ECDSA")),
        _ => {}
    }
    let data = match bytes.strip_prefix(&PRIVATE_HEAD) {
        Some(data) if data.len() == 64 => data,
        Some(_) => return Err(IpnsKeyError::Length(bytes.len())),
        None => match bytes.strip_prefix(&[0x08, 0x01, 0x12, 0x60]) {
            Some(data) if data.len() == 96 && data[32..64] == data[64..] => &data[..64],
            Some(data) if data.len() == 96 => return Err(IpnsKeyError::PublicHalf),
            _ => return Err(IpnsKeyError::Form),
        },
    };
    let mut seed = Zeroizing::new([0; 32]);
    seed.copy_from_slice(&data[..32]);
    let key = IpnsKey::from_seed(&Secret::new(*seed));
    if key.name().public_key() == data[32..] { Ok(key) } else { Err(IpnsKeyError::PublicHalf) }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            (&[0x08, 0x00, 0x12, 0x01, 0x00], IpnsKeyError::KeyType("RSA")),
            (b"CAISIAcH", IpnsKeyError::KeyType("secp256k1")),
            (encrypted.as_bytes(), IpnsKeyError::Pem),
            (&[b'a'; 20_000], IpnsKeyError::Form),
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
