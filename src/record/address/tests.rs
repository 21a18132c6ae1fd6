//! Vectors of every format, and what must not pass.

use proptest::prelude::*;

use super::*;

struct Case {
    coin: CoinType,
    text: String,
    bytes: Vec<u8>,
    display: String,
}

fn cases() -> Vec<Case> {
    let files = [
        include_str!("../../../tests/vectors/addresses.json"),
        include_str!("../../../tests/vectors/addresses_more.json"),
        include_str!("../../../tests/vectors/coin-texts.json"),
    ];
    let mut cases = Vec::new();
    for file in files {
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let text = case["text"].as_str().unwrap().to_owned();
            cases.push(Case {
                coin: CoinType::from_number(case["coin_type"].as_u64().unwrap()),
                bytes: hex::decode(case["bytes"].as_str().unwrap()).unwrap(),
                display: case["display"].as_str().unwrap_or(&text).to_owned(),
                text,
            });
        }
    }
    assert!(cases.len() > 350, "{}", cases.len());
    cases
}

/// Formats that carry no checksum: any change that keeps the form is another address.
fn has_checksum(coin: CoinType) -> bool {
    !UNCHECKED.contains(&coin.number())
        && !matches!(
            format(coin.number()),
            Format::Base58Plain { .. } | Format::Icon | Format::Near | Format::FixedHex { .. }
        )
}

/// Lisk of old, Arweave, Hedera.
const UNCHECKED: [u64; 3] = [134, 472, 3030];

/// Every coin of the address encoder, and every address of its public tests.
#[test]
fn every_coin_of_the_address_encoder_has_its_own_form() {
    let file = include_str!("../../../tests/vectors/coin-texts.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let coins: std::collections::BTreeSet<u64> =
        cases.iter().map(|case| case["coin_type"].as_u64().unwrap()).collect();
    assert_eq!((cases.len(), coins.len()), (224, 120));
    for (number, name) in crate::record::coin_names::COINS {
        assert!(!is_unknown(CoinType::from_number(*number)), "{name}");
    }
}

#[test]
fn vectors_both_ways() {
    for case in cases() {
        assert!(!matches!(format(case.coin.number()), Format::Hex), "{}", case.coin);
        let parsed = parse(case.coin, &case.text);
        assert_eq!(parsed.as_ref(), Ok(&case.bytes), "{} {}", case.coin, case.text);
        let shown = display(case.coin, &case.bytes);
        // Avalanche's chain and Bitcoin Cash's old form are not kept.
        let is_rewritten = case.text.contains("-avax1")
            || case.coin.number() == 145 && !case.text.starts_with("bitcoincash:");
        assert!(
            shown.as_ref().is_some_and(|shown| {
                shown.eq_ignore_ascii_case(&case.display)
                    || is_rewritten && parse(case.coin, shown).as_ref() == Ok(&case.bytes)
            }),
            "{} {shown:?}",
            case.text
        );
        assert!(check_bytes(case.coin, &case.bytes).is_ok());
    }
}

/// Two check digits (Nimiq) and a byte of XOR (NULS) let one mistake in 97 or 256 pass.
const WEAK: [u64; 2] = [242, 8964];

#[test]
fn one_changed_character_fails_wherever_there_is_a_checksum() {
    let strong = |case: &&Case| has_checksum(case.coin) && !WEAK.contains(&case.coin.number());
    for case in cases().iter().filter(strong) {
        // An EIP-55 checksum covers the case of letters, not digits of an all-digit stretch.
        let evm = matches!(format(case.coin.number()), Format::Evm { .. });
        for at in 0..case.text.len() {
            for replacement in ['2', '3', 'q', 'p', 'Z', 'a', 'F'] {
                let mut text = case.text.clone().into_bytes();
                text[at] = replacement as u8;
                let text = String::from_utf8(text).unwrap();
                let same = text.eq_ignore_ascii_case(&case.text);
                if same && (!evm || text == case.text) {
                    continue;
                }
                let parsed = parse(case.coin, &text);
                assert!(parsed.is_err(), "{} passes for {}", text, case.text);
            }
        }
    }
}

#[test]
fn truncated_extended_and_spaced_texts_fail() {
    for case in cases() {
        // A shorter account name or number is another account.
        let is_near = matches!(format(case.coin.number()), Format::Near);
        if is_near || UNCHECKED.contains(&case.coin.number()) {
            continue;
        }
        let text = &case.text;
        for bad in [
            text[..text.len() - 1].to_owned(),
            text[1..].to_owned(),
            format!("{text}a"),
            format!("{text} "),
            format!(" {text}"),
            format!("{text}é"),
            String::new(),
        ] {
            // A base58 text of 32 bytes may have 43 characters as well as 44.
            if let Ok(bytes) = parse(case.coin, &bad) {
                assert!(matches!(format(case.coin.number()), Format::Base58Plain { .. }), "{bad}");
                assert_ne!(bytes, case.bytes);
            }
        }
    }
}

macro_rules! BASE58 {
    () => {
        Format::Base58 { .. }
            | Format::Base58Stored { .. }
            | Format::Bitcoin(_)
            | Format::BitcoinCash
            | Format::Zcash { .. }
    };
}

#[test]
fn an_address_of_another_coin_fails_unless_the_chains_share_it() {
    let shares = |a: &Format, b: &Format| {
        matches!((a, b), (Format::Evm { .. }, Format::Evm { .. }))
            // As written without an account's kind, or with the same.
            || matches!((a, b), (Format::Monero { .. }, Format::Monero { .. }))
            || matches!((a, b), (Format::Base58Plain { .. }, Format::Base58Plain { .. }))
            || matches!((a, b), (Format::FixedHex { .. }, Format::FixedHex { .. }))
            || matches!((a, b), (Format::Own(a), Format::Own(b)) if a.expected == b.expected)
            || matches!((a, b), (Format::Own(_), Format::FixedHex { .. }))
            || matches!((a, b), (Format::FixedHex { .. }, Format::Own(codec)) if codec.is_hex)
            || matches!((a, b), (Format::Eosio { prefix: a }, Format::Eosio { prefix: b }) if a == b)
            || matches!(
                (a, b),
                (
                    Format::Bitcoin(_) | Format::BitcoinCash | Format::Zcash { .. },
                    Format::Bitcoin(_) | Format::BitcoinCash | Format::Zcash { .. }
                )
            )
            // Base58Check of version 0x17 or 0x00.
            || matches!(a, BASE58!()) && matches!(b, BASE58!())
            || matches!(b, Format::Near)
    };
    let cases = cases();
    for case in &cases {
        for other in &cases {
            let (from, to) = (format(case.coin.number()), format(other.coin.number()));
            let shares = shares(&from, &to) || UNCHECKED.contains(&other.coin.number());
            if case.coin != other.coin && !shares {
                assert!(
                    parse_own(other.coin, &case.text).is_err(),
                    "{} as {}",
                    case.text,
                    other.coin
                );
            }
        }
    }
}

fn refused(coin: &str, text: &str, reason: &str) {
    let error = parse_own(CoinType::parse(coin).unwrap(), text).unwrap_err();
    assert!(error.reason.contains(reason), "{error}");
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn reasons() {
    refused("eth", "0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c5", "checksum");
    refused("eth", "9d316bEB8acc0bC46162aFE863bbC8432DECf8c4", "0x");
    refused("eth", "0x9d316beb8acc0bc46162afe863bbc8432decf8", "38 digits");
    refused("eth", "0x", "0 digits");
    refused("eth", "vitalik.eth", "0x");
    refused("btc", "0x0014751e76e8199196d454941c45d1b3a323f1433bd6", "hexadecimal");
    refused("btc", "1FfmbHfnpaZjKFvyi1okTjJJusN455paPJ", "checksum");
    refused("btc", "LaMT348PWRnrqeeWArpwQPbuanpXDZGEUz", "another network");
    refused("btc", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "base58");
    refused("btc", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "checksum");
    // BIP-350: version 1 with a Bech32 checksum, and programs that no version has.
    refused("btc", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "checksum");
    refused("btc", "bc1qr508d6qejxtdg4y5r3zarvaryv98gj9p", "witness program");
    refused("btc", "bc1pw5dgrnzv", "witness program");
    refused("ltc", "3CDJNfdWX8m2NwuGUV3nhXHXEeLygMXoAj", "written M");
    refused("bch", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b", "character 'b'");
    refused("bch", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q", "checksum");
    refused("bch", "bchtest:qpm2qsznhks23z7629mms6s4cwef74vcwvqcw003ap", "bchtest");
    refused("xrp", "rf1BiGeXwwQoi8Z2ueFYTEXSwuJYfV2Jpm", "checksum");
    refused("xrp", "1FfmbHfnpaZjKFvyi1okTjJJusN455paPH", "checksum");
    refused("atom", "osmo1depk54cuajgkzea6zpgkq36tnjwdzv4ak663u6", "\"osmo\"");
    refused("xlm", "GAI3GJ2Q3B35AOZJ36C4ANE3HSS4NK7WI6DNO4ZSHRAX6NG7BMX6VJES", "checksum");
    refused("trx", "1FfmbHfnpaZjKFvyi1okTjJJusN455paPH", "another network");
    refused("ksm", "1FRMM8PEiWXYax7rpS6X4XZX1aAAxSWx1CrKTyrVYhV24fg", "network 0");
    refused("sol", "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLt", "32 belong");
    refused("ada", "stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw", "no payments");
    refused(
        "ada",
        "addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz",
        "test network",
    );
    refused("ada", "Ae2tdPwUPEZFRbyhz3cpfC2CumGzNkFBN2L42rcUc2yjQpEkxDbkPodpMAj", "checksum");
    refused("ada", "1FfmbHfnpaZjKFvyi1okTjJJusN455paPH", "nor is it a Byron address");
    refused("ltc", &"L".repeat(300), "too long");
    refused("999999", "deadbeef", "0x");
    refused("999999", "0xabc", "pairs");
    refused("999999", "0x0xab", "pairs");
}

#[test]
fn accepted_forms() {
    let parse = |coin: &str, text: &str| parse(CoinType::parse(coin).unwrap(), text).unwrap();
    let eth = "0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4";
    assert_eq!(parse("eth", eth), parse("eth", &eth.to_lowercase()));
    assert_eq!(parse("op", eth), parse("eth", &format!("0x{}", eth[2..].to_uppercase())));
    let segwit = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    assert_eq!(parse("btc", segwit), parse("btc", &segwit.to_uppercase()));
    let cash = "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a";
    assert_eq!(parse("bch", cash), parse("bch", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"));
    assert_eq!(parse("bch", cash), parse("bch", &cash["bitcoincash:".len()..]));
    assert_eq!(parse("bch", cash), parse("bch", &cash.to_uppercase()));
    assert_eq!(parse("btc", "0x"), Vec::<u8>::new());
    assert_eq!(parse("999999", "0xDEADbeef"), [0xde, 0xad, 0xbe, 0xef]);
}

#[test]
fn bytes_that_are_no_address() {
    for (coin, bytes) in [
        ("btc", "0x1234"),
        ("btc", "0x76a914a0e6ca5444e4d8b7c80f70237f332320387f1888ac"),
        ("btc", "0x6110751e76e8199196d454941c45d1b3a323"),
        ("op", "0x1234"),
        ("sol", "0x1234"),
        ("nostr", "0x6e707562"),
        ("xrp", "0x014b4e9c06f24296074f7bc48f92a97916c6dc5ea9"),
        ("ada", "0xe1337b62cfff6403a06a3acbc34f8c46003c69fe79a3628cefa9c47251"),
    ] {
        let coin = CoinType::parse(coin).unwrap();
        let error = check_bytes(coin, &hex::decode(bytes).unwrap()).unwrap_err();
        assert!(error.to_string().contains(bytes), "{error}");
    }
    assert!(check_bytes(CoinType::ETH, &[]).is_err());
    assert!(check_bytes(CoinType::from_number(0), &[]).is_ok());
    assert!(check_bytes(CoinType::from_number(999_999), &[1, 2]).is_ok());
}

#[test]
fn the_expected_forms_fit_the_vectors() {
    for case in cases() {
        if let Format::Bitcoin(network) = format(case.coin.number()) {
            let first = case.text.chars().next().unwrap();
            let expected = network.expected();
            let ranges = expected.split(", ").flat_map(|part| part.split(" or "));
            let fits = ranges.into_iter().any(|part| match part.split_once("… to ") {
                Some((low, high)) => {
                    low.chars().next() <= Some(first) && Some(first) <= high.chars().next()
                }
                None => part.starts_with(first),
            });
            assert!(fits, "{} {expected}", case.text);
        }
    }
}

proptest! {
    #[test]
    fn what_is_displayed_parses_back(coin in 0u64..10_000, bytes in prop::collection::vec(any::<u8>(), 0..70)) {
        for coin in [coin, coin | 0x8000_0000].map(CoinType::from_number) {
            if let Some(text) = display(coin, &bytes) {
                prop_assert_eq!(parse(coin, &text).unwrap(), bytes.clone());
            }
        }
    }

    #[test]
    fn no_text_panics(coin in prop::sample::select(cases().iter().map(|c| c.coin).collect::<Vec<_>>()), text in ".{0,80}") {
        let _ = parse(coin, &text);
    }
}
