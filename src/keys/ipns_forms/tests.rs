//! Every form, and what is none.

use super::*;
use data_encoding::BASE64;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::KeypairBytes;
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
