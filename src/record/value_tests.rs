use super::*;

fn parse(record: &str, text: &str) -> Result<Value, ValueError> {
    Value::parse(&RecordKey::parse(record).unwrap(), text)
}

#[test]
fn an_abi_under_a_mask_says_its_type() {
    let value = parse("abi/15", "8:0x5b5d").unwrap();
    let data = vec![0x5b, 0x5d];
    assert_eq!(value, Value::Abi { types: 15, content_type: 8, data });
    assert_eq!(value.to_string(), "8:0x5b5d");
    for bad in
        ["0x5b5d", "16:0x5b5d", "3:0x5b5d", "0:0x5b5d", ":0x5b5d", "1:5b5d", "1:0x5", "+1:0x"]
    {
        let error = parse("abi/15", bad).unwrap_err();
        assert!(matches!(error, ValueError::AbiType { .. }), "{bad}: {error}");
    }
    let error = parse("abi/12", "0x5b5d").unwrap_err().to_string();
    assert!(error.ends_with("such as 4:0x5b5d"), "{error}");
    assert!(matches!(parse("abi/1", "1:0x5b5d"), Err(ValueError::Hex { .. })));
}

#[test]
fn public_keys() {
    let (x, y) = (format!("0x{}", "1f".repeat(32)), format!("0x{}", "2e".repeat(32)));
    let value = Value::pubkey_from_xy(&x, &y).unwrap();
    assert_eq!(value.to_string(), format!("{x}{}", &y[2..]));
    assert_eq!(parse("pubkey", &value.to_string()).unwrap(), value);
    for (x, y, bad) in [(&x[..65], y.as_str(), &x[..65]), (&x, &y[2..], &y[2..]), (&x, "0x", "0x")]
    {
        assert_eq!(Value::pubkey_from_xy(x, y), Err(ValueError::Pubkey(bad.into())));
    }
    assert!(matches!(parse("pubkey", &x), Err(ValueError::Pubkey(_))));
}

#[test]
fn names_are_normalised_and_interfaces_are_evm_addresses() {
    assert_eq!(parse("name", "Nick.eth").unwrap(), Value::Name("nick.eth".into()));
    assert!(matches!(parse("name", "no good"), Err(ValueError::Name(_))));
    assert!(matches!(parse("name", ""), Err(ValueError::Name(_))));
    let bad = "0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c5";
    assert!(matches!(parse("interface/0x01ffc9a7", bad), Err(ValueError::Address(_))));
}

#[test]
fn what_nobody_could_read_is_refused() {
    let longest = "x".repeat(MAX_VALUE - 64);
    let value = parse("text/a", &longest).unwrap();
    let file = crate::record::RecordFile::new(&[&[0; 420], &value.abi_encode()[..]].concat());
    assert!(crate::record::RecordFile::payload(&file.to_json()).is_ok());
    assert!(matches!(parse("text/a", &(longest + "x")), Err(ValueError::TooLong { .. })));
    let hex = format!("0x{}", "00".repeat(600 << 10));
    for record in ["abi/1", "dns/16", "dns/zonehash", "address/999999"] {
        let error = parse(record, &hex).unwrap_err().to_string();
        assert!(error.contains("read by nobody") && error.len() < 300, "{error}");
    }
}

#[test]
fn a_secret_is_no_text_for_everyone_and_a_hash_is() {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    for secret in [words, "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE"] {
        let error = parse("text/note", secret).unwrap_err();
        assert!(matches!(error, ValueError::Secret { .. }), "{error}");
        assert!(!error.to_string().contains(&secret[..12]), "{error}");
    }
    for public in [&"ab".repeat(32), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"] {
        assert_eq!(parse("text/note", public).unwrap().to_string(), public);
    }
}

#[test]
fn bytes_of_an_address_are_taken_under_the_number_alone() {
    let (text, hex) = (
        "f17uoq6tp427uzv7fztkbsnn64iwotfrristwpryy",
        "0x01fd1d0f4dfcd7e99afcb99a8326b7dc459d32c628",
    );
    let written = |written: &str, text: &str| {
        let key = RecordKey::from_parts("address", Some(written)).unwrap();
        Value::parse_written(&key, written, text)
    };
    let value = written("fil", text).unwrap();
    assert_eq!(written("461", hex).unwrap(), value);
    assert_eq!(parse("address/461", hex).unwrap(), value);
    assert!(value.address_note(hex).unwrap().contains(text));
    assert_eq!(value.address_note(text), None);
    for (coin, bad, reason) in [
        ("fil", hex, "only under the coin's number (address/461)"),
        ("filecoin", hex, "only under the coin's number"),
        ("461", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "not the encoding of one"),
        ("hbar", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "only under"),
        ("9004", &format!("0x{}", "01".repeat(31)), "62 digits"),
    ] {
        let error = written(coin, bad).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let unknown = written("999999", "0xab").unwrap();
    assert!(unknown.address_note("0xab").unwrap().contains("as they are"));
}

#[test]
fn hex_is_strict_and_quoted() {
    for bad in ["", "00", "0x0", "0xzz", "0x0x00", "0X00", "0x00 "] {
        for record in ["dns/zonehash", "dns/1", "abi/1"] {
            let error = parse(record, bad).unwrap_err();
            assert_eq!(
                error,
                ValueError::Hex { record: record.into(), value: bad.into() },
                "{error}"
            );
        }
    }
}
