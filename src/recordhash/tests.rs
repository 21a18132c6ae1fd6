use super::*;

const KEY: &str = "99b162d05a2edcec4af30845dfcfba1524370d8ada191cbc563f07a89b852abe";
const NAME: &str = "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu";
const HASH: &str = "0170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f";
const CID: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";

fn read(text: &str) -> Recordhash {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn an_ipns_name_in_every_form() {
    let hex_of_text = format!("0x{}", data_encoding::HEXLOWER.encode(NAME.as_bytes()));
    for text in [
        format!("0xe5010172002408011220{KEY}"),
        format!("e5010172002408011220{KEY}"),
        format!("0x{}", KEY.to_uppercase()),
        format!("ipns://{NAME}"),
        format!("/ipns/{NAME}/"),
        NAME.to_owned(),
        hex_of_text,
    ] {
        let recordhash = read(&text);
        assert_eq!(recordhash.target(), &Target::Ipns(NAME.parse().unwrap()), "{text}");
        assert_eq!(recordhash.to_string(), format!("ipns://{NAME}"));
        assert_eq!(data_encoding::HEXLOWER.encode(&recordhash.contract_bytes()), KEY);
        assert_eq!(Recordhash::parse(recordhash.stored()).unwrap(), recordhash);
        let short = Recordhash::parse(&recordhash.contract_bytes()).unwrap();
        assert_eq!(short.target(), recordhash.target());
    }
    assert_eq!(read(NAME).stored(), NAME.as_bytes(), "the text form stays text");
    assert_eq!(read(&format!("0x{KEY}")).stored().len(), 32, "the short form stays short");
}

#[test]
fn ipfs_ipld_and_web_servers() {
    for text in [
        format!("0xe301{HASH}"),
        format!("ipfs://{CID}"),
        CID.to_owned(),
        "ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4".to_owned(),
    ] {
        let recordhash = read(&text);
        assert_eq!(recordhash.target(), &Target::Ipfs(CID.parse().unwrap()), "{text}");
        assert_eq!(recordhash.to_string(), format!("ipfs://{CID}"));
        let expected = format!("e301{HASH}");
        assert_eq!(data_encoding::HEXLOWER.encode(&recordhash.contract_bytes()), expected);
    }
    for prefix in ["e201", "e2e501"] {
        let recordhash = read(&format!("0x{prefix}{HASH}"));
        assert_eq!(recordhash.target(), &Target::Ipld(CID.parse().unwrap()));
        // What is shown is read as the same bytes.
        let again = read(&recordhash.to_string());
        assert_eq!(again.contract_bytes(), recordhash.contract_bytes(), "{recordhash}");
        assert_eq!(recordhash.to_string(), format!("ipld://{CID}"));
    }
    // Of a hash function that nobody here has.
    let unknown = Recordhash::parse(b"\xe2\x01\x01\x0c\x0a\x0att://nicht").unwrap();
    assert_eq!(read(&unknown.to_string()), unknown);
    for text in ["https://namesys.example", "https://namesys.example/"] {
        let recordhash = read(text);
        assert_eq!(recordhash.contract_bytes(), b"https://namesys.example");
        assert_eq!(recordhash.to_string(), text);
    }
    // A key that begins like an address is set in its long form.
    let long = b"\xe5\x01\x01r\x00$\x08\x01\x12 https://n%c8%90''''--.00V1\x07\xa8\x9b\x85*\xbe";
    let key = Recordhash::parse(long).unwrap();
    assert!(matches!(key.target(), Target::Ipns(_)));
    assert_eq!(key.contract_bytes(), long);
    // Short enough as it is, too long in the normal form that is set on chain.
    let long = format!("https://a/{}", ">".repeat(MAX_BYTES / 2));
    assert!(long.len() < MAX_BYTES);
    assert!(Recordhash::parse(long.as_bytes()).unwrap_err().to_string().contains("too long"));
    // 32 bytes of text are an address, no key: the contract looks at the text first.
    let address = "https://namesys.example/records1";
    assert_eq!(address.len(), 32);
    let recordhash = Recordhash::parse(address.as_bytes()).unwrap();
    assert!(matches!(recordhash.target(), Target::Https(_)));
}

#[test]
fn other_keys_are_told_apart() {
    // The hash of an RSA key.
    let recordhash =
        read("0xe50101721220c3c4733ec8affd06cf9e9ff50ffc6bcd2ec85a6170004bb709669c31de94391a");
    assert!(matches!(recordhash.target(), Target::IpnsOther(_)));
    assert_eq!(recordhash.contract_bytes(), recordhash.stored());
    assert!(recordhash.to_string().starts_with("ipns://k2k4r8"), "{recordhash}");
}

#[test]
fn what_is_no_recordhash() {
    assert_eq!("".parse::<Recordhash>(), Err(RecordhashError::Empty));
    assert_eq!("0x".parse::<Recordhash>(), Err(RecordhashError::Empty));
    let zeros = format!("0x{}", "00".repeat(31));
    let forms = ["http://namesys.example", "nick.eth", "0x1234", "Qm", &zeros];
    for text in forms {
        assert!(matches!(text.parse::<Recordhash>(), Err(RecordhashError::Form(_))), "{text}");
    }
    let long = format!("https://{}", "a".repeat(3000));
    let truncated = format!("0xe5010172002408011220{}", &KEY[2..]);
    let trailing = format!("0xe301{HASH}00");
    let second = format!("0xe302{HASH}");
    let name_as_ipfs = format!("ipfs://{NAME}");
    // 32 bytes that are no point of the curve.
    let no_key = format!("0x{}", "02".to_owned() + &"00".repeat(31));
    for text in [
        "https://",
        "https://a.example/?x",
        "https://a.example/#x",
        "https://me:pw@a.example",
        "ipns://nick.eth",
        "ipfs://nothing",
        "k51",
        "bafy",
        "0xe5",
        "0xe301",
        &long,
        &truncated,
        &trailing,
        &second,
        &name_as_ipfs,
        &no_key,
    ] {
        let result = text.parse::<Recordhash>();
        assert!(matches!(result, Err(RecordhashError::Content { .. })), "{text}: {result:?}");
    }
}

proptest::proptest! {
    #[test]
    fn anything_is_read_or_refused(tail in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
        for head in [&[][..], &[0xe5, 0x01], &[0xe3, 0x01, 0x01], &[0xe2], b"k", b"b", b"https://"] {
            let bytes = [head, &tail[..]].concat();
            if let Ok(recordhash) = Recordhash::parse(&bytes) {
                assert_eq!(recordhash.stored(), bytes);
                let again: Recordhash = recordhash.to_string().parse().unwrap_or(recordhash.clone());
                assert_eq!(again.target(), recordhash.target());
                assert_eq!(again.contract_bytes(), recordhash.contract_bytes());
            }
            let _ = String::from_utf8_lossy(&bytes).parse::<Recordhash>();
        }
    }
}

#[test]
fn slashes_that_a_contract_keeps_are_shown() {
    for text in ["https://a.example/", "https://a.example//", "https://a.example/x/", "https://A/"]
    {
        let kept = Recordhash::parse(text.as_bytes()).unwrap();
        assert_eq!(kept.to_string(), text);
        assert_eq!(kept, read(text));
    }
    assert!(matches!(
        Recordhash::parse(b"https://a/\x1b[2J"),
        Err(RecordhashError::Content { .. })
    ));
}

#[test]
fn what_a_contract_keeps_is_shown_as_what_it_points_to() {
    let name: IpnsName = NAME.parse().unwrap();
    let ipns = Some(format!("ipns://{NAME}"));
    assert_eq!(shown_bytes(&name.public_key()), ipns);
    assert_eq!(shown_bytes(&name.contenthash()), ipns);
    assert_eq!(shown_bytes(b"https://a.example"), Some("https://a.example".to_owned()));
    for number in 0..20 {
        // Of 32 bytes, as a key is.
        let url = format!("https://records{number:02}.nick.example/a");
        assert_eq!((shown_bytes(url.as_bytes()), url.len()), (Some(url), 32));
    }
    assert_eq!(shown_bytes(&[1, 2]), Some("0x0102".to_owned()));
    assert_eq!(shown_bytes(b""), None);
}
