use super::super::vector_tests::example;
use super::*;
use crate::ens::Name;
use crate::invoice::{Amount, Payee};

fn invoice() -> Invoice {
    let name = |text| Name::parse(text).unwrap();
    Invoice::new(name("bücher.eth"), Payee::Name(name("ñandú.eth")), "1.5".parse().unwrap())
        .unwrap()
}

/// The envelope around any content and any key bytes.
fn wrap(key: &PublicKey, aes_key: &[u8], sent: &[u8]) -> String {
    format!("{}?{}", BASE64.encode(&key.encrypt(aes_key, || 7)), BASE64.encode(sent))
}

#[test]
fn every_form_that_others_write_is_read_and_every_fault_is_named() {
    let (key, case) = example();
    let public = key.public();
    // Latin-1, ours.
    let ours = invoice();
    assert!(ours.to_latin1().len() < ours.to_string().len());
    assert_eq!(open(&seal(&ours, &public).unwrap().to_string(), &key), Ok(ours.clone()));
    // Key bytes of every kind: 32 bytes of ASCII, and 64.
    for byte in [0_u8, 0x41, 0x7f, 0x80, 0xbf, 0xc3, 0xff] {
        let aes_key = [byte; KEY];
        let sent = encrypt(&aes_key, [9; BLOCK], &ours.to_latin1());
        let text = wrap(&public, &utf8(&aes_key), &sent);
        assert_eq!(open(&text, &key), Ok(ours.clone()), "{byte}");
    }
    // Keys that are none: too short, too long, beyond Latin-1, no UTF-8.
    let sent = encrypt(&[1; KEY], [0; BLOCK], b"{}");
    let beyond = "Ā".repeat(KEY);
    for aes_key in [&[1_u8; 31][..], &[1; 33], beyond.as_bytes(), &[0xff; 32], b""] {
        let text = wrap(&public, aes_key, &sent);
        assert_eq!(open(&text, &key), Err(OpenError::AesKey), "{aes_key:?}");
    }
    contents(&key);
    let whole = case["text_stealth_example"].as_str().unwrap();
    malformed(&key, whole);
    // Another key byte under the padding, and a number above the modulus.
    let other = BASE64.encode(&[0xff; rsa::BYTES]);
    let text = format!("{other}?{}", whole.split_once('?').unwrap().1);
    assert_eq!(open(&text, &key), Err(OpenError::OtherKey));
}

/// What a right key opens and what says nothing.
fn contents(key: &PrivateKey) {
    let sealed = |text: &[u8]| {
        let sent = encrypt(&[3; KEY], [1; BLOCK], text);
        open(&wrap(&key.public(), &[3; KEY], &sent), key)
    };
    for (text, words) in [
        ("x", "no invoice"),
        (r#"{"payer":"nick.eth","amount":"1"}"#, "payee"),
        (r#"{"payer":"nick.eth","payee":"a.eth","amount":"1","memo":"x"}"#, "memo"),
        (r#"{"payer":"nick.eth","payee":"a.eth","payee":"b.eth","amount":"1"}"#, "duplicate"),
        (r#"["nick.eth","a.eth","1"]"#, "no invoice"),
        (r#"{"payer":"nick.xyz","payee":"a.eth","amount":"1"}"#, ".eth"),
        (r#"{"payer":"nick.eth","payee":"a.eth","amount":1}"#, "string"),
        (r#"{"payer":"nick.eth","payee":"a.eth","amount":"1e3"}"#, "digits"),
        (r#"{"payer":"nick.eth","payee":"0x12","amount":"1"}"#, "0x12"),
        (
            r#"{"payer":"nick.eth","payee":"0x839b3B540A9572448FD1B2335e0EB09Ac1A02885","amount":"1"}"#,
            "0x839b",
        ),
        (
            r#"{"payer":"nick.eth","payee":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.eth","amount":"1"}"#,
            "36 characters",
        ),
        ("{\"payer\":\"ni\u{1b}[2Jck.eth\",\"payee\":\"a.eth\",\"amount\":\"1\"}", "no invoice"),
    ] {
        match sealed(text.as_bytes()) {
            Err(OpenError::Invoice(error)) => {
                let error = error.to_string();
                assert!(error.contains(words), "{text}: {error}");
                assert!(!error.contains('\u{1b}'), "{error}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(sealed(&[b'a'; text::MAX_TEXT]), Err(OpenError::Invoice(_))));
}

fn malformed(key: &PrivateKey, whole: &str) {
    use EnvelopeError::{Base64, Length, Parts, TooLong};
    let (wrapped, sent) = whole.split_once('?').unwrap();
    let cases = [
        (String::new(), Parts),
        (wrapped.to_owned(), Parts),
        (format!("{wrapped}!?{sent}"), Base64("encrypted key")),
        (format!("{wrapped}?{sent}?"), Base64("encrypted invoice")),
        (
            format!("{wrapped}?{sent}{}", "efjsiNtqURAx7A3YHsY9Tg==".repeat(3)),
            Base64("encrypted invoice"),
        ),
        (format!("?{sent}"), Length { part: "encrypted key", bytes: 0 }),
        (format!("AAAA{wrapped}?{sent}"), Length { part: "encrypted key", bytes: 259 }),
        (format!("{wrapped}?"), Length { part: "encrypted invoice", bytes: 0 }),
        (
            format!("{wrapped}?{}", BASE64.encode(&[0; BLOCK])),
            Length { part: "encrypted invoice", bytes: BLOCK },
        ),
        (
            format!("{wrapped}?{}", BASE64.encode(&[0; 33])),
            Length { part: "encrypted invoice", bytes: 33 },
        ),
        (format!("{wrapped}?{}", "A".repeat(4000)), TooLong(4345)),
    ];
    for (text, error) in cases {
        assert_eq!(open(&text, key), Err(OpenError::Envelope(error)), "{text}");
    }
}

#[test]
fn what_the_scheme_has_no_room_for() {
    let name = |text: &str| Name::parse(text).unwrap();
    let amount: Amount = "1".parse().unwrap();
    let to = |payer: &str, payee: &str| {
        Invoice::new(name(payer), Payee::Name(name(payee)), amount.clone())
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let longest = format!("{}.eth", "a".repeat(32));
    assert_eq!(to(&longest, &longest), Ok(()));
    let longer = format!("a{longest}");
    for (payer, payee, words) in [
        (longer.as_str(), "a.eth", "its payer, a"),
        ("a.eth", longer.as_str(), "36 characters"),
        ("a.eth", "a.com", "its payee, a.com: it does not end in .eth"),
        ("łódź.eth", "a.eth", "Latin-1"),
        ("a.eth", "日本.eth", "Latin-1"),
    ] {
        let error = to(payer, payee).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}
