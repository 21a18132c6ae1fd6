//! Vectors, forms and refusals of contenthashes.

use proptest::prelude::*;

use super::*;
use crate::multiformats::LIBP2P_KEY;

const IPNS_KEY: &str = "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu";

#[test]
fn vectors_both_ways() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/vectors/contenthash.json")).unwrap();
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
        ("nick.eth", "expected is"),
        (
            "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
            "write ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
        ),
        (
            "QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4",
            "write ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
        ),
        (
            "/ipfs/bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
            "write ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
        ),
        ("ipfs://", "not a valid CID"),
        ("ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD", "not a valid CID"),
        ("ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4/a", "the path"),
        (&format!("ipfs://{IPNS_KEY}"), "write ipns://"),
        ("ipns://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4", "write ipfs://"),
        ("ipns://docs.ipfs.tech/a", "DNSLink"),
        ("ipns://Docs..tech", "DNSLink"),
        (
            "https://ipfs.io/ipfs/bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
            "write what it serves, ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
        ),
        (
            "https://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4.ipfs.dweb.link/a.html",
            "no file below it",
        ),
        (&format!("http://{IPNS_KEY}.ipns.localhost:8080/"), "ipns://k51"),
        ("https://ipfs.io/ipfs/nothing", "expected is"),
        ("adnl://d1de99", "64 hexadecimal"),
        (&format!("ipns://{}", &IPNS_KEY[..IPNS_KEY.len() - 1]), "not an IPNS name"),
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
        ("0x0170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f", "bare CID"),
        ("0x122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f", "bare CID"),
        ("0x697066733a2f2f516d", "they are the text \"ipfs://Qm\""),
    ] {
        let error = Contenthash::parse(uri).unwrap_err().to_string();
        assert!(error.contains(reason), "{uri}: {error}");
        assert!(error.contains(uri), "{uri}: {error}");
    }
    let key = "57b581c85e486de738b3464a77f84b5228aad1aad140d86eaf69ca241b954131";
    for pasted in [key.to_owned(), format!("0x{key}"), format!("ipns://{key}")] {
        let error = Contenthash::parse(&pasted).unwrap_err().to_string();
        assert!(error.contains("private key") && !error.contains(key), "{error}");
    }
}

#[test]
fn unknown_codecs_and_other_forms_are_kept_as_hex() {
    for hex in [
        "0x",
        // An unassigned namespace; a CIDv0 and an inlined domain name, as old tools wrote them.
        "0xb799100102",
        "0xe301122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f",
    ] {
        let contenthash = Contenthash::parse(hex).unwrap();
        assert_eq!(contenthash.to_string(), hex);
    }
}

#[test]
fn arweave_adnl_swarm_references_that_are_encrypted_and_domains() {
    let ar = "ys32Pt8uC7TrVxHdOLByOspfPEq2LO63wREHQIM9SJQ";
    let parse = |text: &str| Contenthash::parse(text).unwrap();
    assert_eq!(parse(&format!("arweave://{ar}")), parse(&format!("ar://{ar}")));
    assert_eq!(parse(&format!("arweave://{ar}")).to_string(), format!("ar://{ar}"));

    let adnl = format!("adnl://{}", "5a".repeat(32));
    let encoded = format!("0x90b2da05{}", "5a".repeat(32));
    assert_eq!(parse(&adnl), parse(&encoded), "the codec b69910 as varint");
    assert_eq!(parse(&encoded).to_string(), adnl);

    let bzz = format!("bzz://{}", "ab".repeat(64));
    let encoded = format!("0xe40101fa011b40{}", "ab".repeat(64));
    assert_eq!(parse(&bzz), parse(&encoded));
    assert_eq!(parse(&encoded).to_string(), bzz);
    assert!(Contenthash::parse(&format!("0xe40101fa011b21{}", "ab".repeat(33))).is_err());

    let domain = "ipns://app.uniswap.org";
    let encoded = "0xe5010170000f6170702e756e69737761702e6f7267";
    for text in [domain, encoded, "/ipns/app.uniswap.org", "ipns://app.uniswap.org/"] {
        assert_eq!(parse(text).to_string(), domain);
        assert_eq!(parse(text).dnslink().as_deref(), Some("app.uniswap.org"));
    }
    assert_eq!(hex::encode_prefixed(parse(domain).as_bytes()), encoded);
    assert_eq!(parse(&format!("ipns://{IPNS_KEY}")).dnslink(), None);
}

proptest! {
    #[test]
    fn what_is_taken_is_shown_and_taken_again(codec in prop::sample::select(vec![IPFS, IPNS, SWARM, ONION3, SKYNET, ARWEAVE, ADNL, 0x1234]), payload in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut buffer = unsigned_varint::encode::u64_buffer();
        let bytes = [unsigned_varint::encode::u64(codec, &mut buffer), &payload].concat();
        if let Ok(contenthash) = Contenthash::from_bytes(&bytes) {
            let again = Contenthash::parse(&contenthash.to_string()).unwrap();
            prop_assert_eq!(again.as_bytes(), &bytes);
        }
    }
}

#[test]
fn a_cid_of_the_other_namespace_is_not_set_and_is_read() {
    let key = "01720024080112209ca1e7e8e2cd0dfd0f8b2f3fffd44fd30c5e20d8c9e1be4b7e9cdbd5a8dd1a01";
    let content = "017012205d8b5a4a0d4d5ba7b2d1f8f4ad0bb1a0d4ad0c0a7d1e8e5c1c0f9b6d0b1a2c3d";
    for (wrong, right, word) in [
        (format!("0xe301{key}"), format!("0xe501{key}"), "ipns://"),
        (format!("0xe501{content}"), format!("0xe301{content}"), "ipfs://"),
    ] {
        let error = Contenthash::parse(&wrong).unwrap_err().to_string();
        assert!(error.contains(&wrong) && error.contains(word), "{error}");
        Contenthash::parse(&right).unwrap();
        let bytes = hex::decode(&wrong).unwrap();
        assert_eq!(Contenthash::from_bytes(&bytes).unwrap().to_string(), wrong);
    }
}

#[test]
fn content_that_is_its_own_cid_is_taken_up_to_128_bytes() {
    for length in [40_u8, 64, 65, 127, 128, 129] {
        let varint = if length > 127 { vec![length & 0x7f | 0x80, 1] } else { vec![length] };
        let cid = [&[1, 0x55, 0][..], &varint, &vec![b'A'; length.into()]].concat();
        let text = format!("ipfs://{}", multibase::encode(Base::Base32Lower, &cid));
        let bytes = [&[0xe3, 0x01][..], &cid].concat();
        if length > 128 {
            assert!(Contenthash::parse(&text).is_err() && Contenthash::from_bytes(&bytes).is_err());
            continue;
        }
        let hash = Contenthash::parse(&text).unwrap();
        assert_eq!((hash.as_bytes(), hash.to_string()), (&bytes[..], text));
        assert_eq!(Contenthash::from_bytes(&bytes).as_ref(), Ok(&hash));
    }
}
