use multibase::Base;

use super::*;
use crate::secret::Secret;

fn ipns() -> IpnsKey {
    IpnsKey::from_seed(&Secret::new([7; 32]))
}

fn signer() -> SignerKey {
    SignerKey::from_scalar(&Secret::new([9; 32])).unwrap()
}

fn found(bytes: impl AsRef<[u8]>) -> Option<FoundKey> {
    private_key_in(bytes.as_ref(), &OwnKeys::default())
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn armour_of_every_private_key() {
    for label in ["", "EC ", "RSA ", "OPENSSH ", "ENCRYPTED "] {
        let pem = format!("Bag\n-----BEGIN {label}PRIVATE KEY-----\nMC4CAQ\n");
        assert_eq!(found(&pem), Some(FoundKey::Pem), "{pem}");
        // In JSON, and in the hex of a record.
        assert_eq!(found(pem.replace('\n', "\\n")), Some(FoundKey::Pem), "{pem}");
        assert_eq!(
            found(format!("{{\"data\":\"0x{}\"}}", hex(pem.as_bytes()))),
            Some(FoundKey::Pem)
        );
    }
    assert_eq!(found("-----BEGIN PGP PRIVATE KEY BLOCK-----"), Some(FoundKey::Pem));
    for public in ["PUBLIC KEY", "CERTIFICATE", "PGP PUBLIC KEY BLOCK", "PRIVATE KEYS ARE SECRET"] {
        assert_eq!(found(format!("-----BEGIN {public}-----\n")), None, "{public}");
    }
    assert_eq!(found("never publish a PRIVATE KEY"), None);
}

#[test]
fn libp2p_in_every_form() {
    let ed25519 = ipns().to_libp2p().expose().clone();
    let mut secp256k1 = vec![8, 2, 0x12, 32];
    secp256k1.extend([5; 32]);
    let mut rsa = vec![8, 0, 0x12, 0x80, 0x02, 0x30, 0x82, 0x00, 0xfc, 2, 1, 0];
    rsa.resize(5 + 256, 3);
    for key in [ed25519, secp256k1, rsa] {
        let texts = [
            data_encoding::BASE64.encode(&key),
            data_encoding::BASE64URL_NOPAD.encode(&key),
            hex(&key),
            format!("0x{}", hex(&key).to_uppercase()),
        ];
        let bases = [
            Base::Base16Lower,
            Base::Base32Lower,
            Base::Base58Btc,
            Base::Base64,
            Base::Base64Url,
            Base::Base36Lower,
        ];
        // The slow alphabets are read up to a length.
        let bases = bases.into_iter().filter(|_| key.len() < 100);
        let texts = texts.into_iter().chain(bases.map(|base| multibase::encode(base, &key)));
        assert_eq!(found(&key), Some(FoundKey::Libp2p), "{key:?}");
        for text in texts {
            let json = format!("{{\"Identity\":{{\"PrivKey\":\"{text}\"}}}}");
            for form in [text.clone(), format!("{text}\n"), json, format!("KEY={text}")] {
                assert_eq!(found(&form), Some(FoundKey::Libp2p), "{form}");
            }
        }
    }
}

/// As `base64` and `xxd -p` break lines.
#[test]
fn what_goes_over_lines() {
    let key = ipns().to_libp2p().expose().clone();
    for text in [data_encoding::BASE64.encode(&key), hex(&key)] {
        for (width, end) in [(76, "\n"), (64, "\r\n"), (5, "\n  ")] {
            let lines: Vec<&str> =
                text.as_bytes().chunks(width).map(|l| std::str::from_utf8(l).unwrap()).collect();
            let wrapped = lines.join(end);
            for form in [
                wrapped.clone(),
                format!("# mine\n{wrapped}\n\n# end\n"),
                format!("my key:\n\n  {wrapped}\nthat was it.\n"),
            ] {
                assert_eq!(found(&form), Some(FoundKey::Libp2p), "{form}");
            }
        }
    }
}

#[test]
fn a_json_web_key_and_an_identity_of_age() {
    let public =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    let private = format!(r#"{public}, "d" : "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}}"#);
    assert_eq!(found(&private), Some(FoundKey::Jwk));
    assert_eq!(found(format!("{public}}}")), None);
    assert_eq!(found(r#"{"kty":"x","d":"a day"}"#), None);
    let identity = format!("AGE-SECRET-KEY-1{}", "Q".repeat(58));
    assert_eq!(found(format!("# created\n{identity}\n")), Some(FoundKey::Age));
    assert_eq!(found(identity.to_lowercase()), Some(FoundKey::Age));
    assert_eq!(found("it begins with AGE-SECRET-KEY-1"), None);
    assert_eq!(found(format!("age1{}", "q".repeat(58))), None);
}

#[test]
fn nostr_keys() {
    let nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    assert_eq!(found(format!("key: {nsec}")), Some(FoundKey::Nostr));
    assert_eq!(found(nsec.to_uppercase()), Some(FoundKey::Nostr));
    assert_eq!(found(&nsec[..62]), None);
    assert_eq!(found("npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"), None);
}

#[test]
fn ones_own_in_any_form() {
    let mut own = OwnKeys::default();
    own.add_ipns(&ipns());
    own.add_signer(&signer());
    own.add(Secret::new([0xb5; 32]));
    for key in [[7; 32], [9; 32], [0xb5; 32]] {
        let mut forms = vec![
            hex(&key),
            format!("0x{}", hex(&key)),
            hex(&key).to_uppercase(),
            data_encoding::BASE64.encode(&key),
            data_encoding::BASE64URL_NOPAD.encode(&key),
            bs58::encode(key).into_string(),
        ];
        for base in [
            Base::Base16Lower,
            Base::Base32Lower,
            Base::Base36Lower,
            Base::Base58Btc,
            Base::Base64,
            Base::Base64Url,
        ] {
            forms.push(multibase::encode(base, key));
        }
        for form in &forms {
            let texts =
                [form.clone(), format!("{{\"key\":\"{form}\"}}\n"), format!("KEY={form} # mine")];
            for text in texts {
                assert_eq!(private_key_in(text.as_bytes(), &own), Some(FoundKey::Own), "{text}");
                let record = format!("{{\"data\":\"0x{}\"}}", hex(text.as_bytes()));
                assert_eq!(private_key_in(record.as_bytes(), &own), Some(FoundKey::Own), "{text}");
            }
            // Of somebody else it is a number like any other.
            assert_eq!(found(form), None, "{form}");
        }
        let raw = [&b"\x00\xff"[..], &key, b"rest"].concat();
        assert_eq!(private_key_in(&raw, &own), Some(FoundKey::Own));
    }
    let pem = ipns().to_pem();
    let body: String = pem.expose().lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(private_key_in(body.as_bytes(), &own), Some(FoundKey::Own));
}

#[test]
fn what_only_looks_like_one() {
    let name = ipns().name();
    let mut own = OwnKeys::default();
    own.add_ipns(&ipns());
    for text in [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        format!("0x{}", hex(&name.public_key())),
        data_encoding::BASE64.encode(&name.libp2p_public_key()),
        name.to_string(),
        "bafybeie3yixu5qp3vzzsyp2tda4ryn3dwubpsqigonoiyac2sjn7cv4squ".to_owned(),
        format!("{{\"data\":\"0x{}\"}}", "00ff".repeat(400)),
        String::new(),
    ] {
        assert_eq!(private_key_in(text.as_bytes(), &own), None, "{text}");
    }
    assert_eq!(private_key_in(&name.libp2p_public_key(), &own), None);
    // The public half of an RSA key, in libp2p's form.
    let mut rsa = vec![8, 0, 0x12, 0x80, 0x02, 0x30, 0x82, 0x00, 0xfc, 0x30, 0x0d];
    rsa.resize(5 + 256, 3);
    assert_eq!(private_key_in(&rsa, &own), None);
}
