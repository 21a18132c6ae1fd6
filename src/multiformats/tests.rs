use cid::Cid;
use multibase::Base::{
    Base2, Base16Lower, Base32Lower, Base36Lower, Base36Upper, Base58Btc, Base64, Base64Url,
};
use multihash::Multihash;

use super::*;

const NAME: &str = "k51qzi5uqu5dm8vj5be9rx33v7q8eoxlfqj1k7moz7zjk2x6ihnbjwwo9bo5k6";
const FILE: &str = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
const BASES: [multibase::Base; 8] =
    [Base36Lower, Base32Lower, Base16Lower, Base58Btc, Base36Upper, Base64, Base64Url, Base2];

#[test]
fn every_text_form_is_read() {
    let name: IpnsName = NAME.parse().unwrap();
    let cid = name.cid().to_bytes();
    for base in BASES {
        let text = multibase::encode(base, &cid);
        for text in [text.clone(), format!("/ipns/{text}"), format!("IPNS://{text}/")] {
            assert_eq!(text.parse(), Ok(name), "{text}");
            assert_eq!(text.parse(), Ok(ContentId::Ipns(name.cid())), "{text}");
        }
    }
    let peer = bs58::encode(&cid[2..]).into_string();
    assert!(peer.starts_with("12D3KooW"), "{peer}");
    let key = data_encoding::HEXLOWER.encode(&name.public_key());
    let contenthash = data_encoding::HEXLOWER.encode(&name.contenthash());
    for bare in [peer, contenthash.clone(), format!("0x{contenthash}"), key.to_uppercase()] {
        for text in [bare.clone(), format!("ipns://{bare}"), format!("/ipns/{bare}")] {
            assert_eq!(text.parse(), Ok(name), "{text}");
            assert_eq!(text.parse(), Ok(ContentId::Ipns(name.cid())), "{text}");
        }
    }
    assert_eq!(format!("0x{key}").parse(), Ok(name));
}

#[test]
fn content_in_every_text_form() {
    let cid: Cid = FILE.parse().unwrap();
    for base in BASES {
        let text = multibase::encode(base, cid.to_bytes());
        for text in [text.clone(), format!("/ipfs/{text}"), format!("ipfs://{text}/")] {
            assert_eq!(parse_cid(&text), Ok(cid), "{text}");
            assert_eq!(text.parse(), Ok(ContentId::Ipfs(cid)), "{text}");
        }
    }
    let contenthash = data_encoding::HEXLOWER.encode(&[&IPFS_NS[..], &cid.to_bytes()].concat());
    for text in [contenthash.clone(), format!("0x{contenthash}"), format!("ipfs://{contenthash}")] {
        assert_eq!(parse_cid(&text), Ok(cid), "{text}");
        assert_eq!(text.parse(), Ok(ContentId::Ipfs(cid)), "{text}");
    }
    // The older form is the same block; where only a name can stand it is a peer id.
    let older = "QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4";
    let newer = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
    assert_eq!(older.parse::<ContentId>(), newer.parse());
    assert_eq!(parse_key_cid(older).unwrap().codec(), LIBP2P_KEY);
}

#[test]
fn what_is_no_content_is_refused() {
    for text in ["", "bafy", "nick.eth", "ipfs://", "Qm", "0xe301", &"b".repeat(500), "🦇"] {
        assert!(matches!(parse_cid(text), Err(CidTextError::Text { .. })), "{text}");
        assert!(text.parse::<ContentId>().is_err(), "{text}");
    }
    assert!(matches!(parse_cid(NAME), Err(CidTextError::Key { .. })));
    assert!(matches!(parse_cid(&format!("{FILE}/a")), Err(CidTextError::Path(_))));
    let trailing = [&FILE.parse::<Cid>().unwrap().to_bytes()[..], &[0]].concat();
    let trailing = multibase::encode(multibase::Base::Base32Lower, trailing);
    assert!(matches!(parse_cid(&trailing), Err(CidTextError::Text { .. })));
    let name_of_content = format!("ipns://{FILE}").parse::<ContentId>();
    assert!(matches!(name_of_content, Err(ContentIdError::Key(IpnsNameError::Codec { .. }))));
    let host = "ipns://docs.ipfs.tech".parse::<IpnsName>();
    assert!(matches!(host, Err(IpnsNameError::DnsLink(_))));
    let no_key = Cid::new_v1(LIBP2P_KEY, Multihash::wrap(0x00, b"docs.ipfs.tech").unwrap());
    assert!(matches!(no_key.to_string().parse::<IpnsName>(), Err(IpnsNameError::NoKey(_))));
}

#[test]
fn what_is_no_ed25519_name_is_refused() {
    let parse = |text: &str| text.parse::<IpnsName>().unwrap_err();
    for text in ["", "k", "nick.eth", "k51", "12D3KooW", &"k".repeat(500), "/ipns/", "🦇"] {
        assert!(matches!(parse(text), IpnsNameError::Text(_)), "{text:?}: {:?}", parse(text));
    }
    assert!(matches!(parse(FILE), IpnsNameError::Codec { codec: 0x55, .. }));
    let rsa = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
    assert!(matches!(parse(rsa), IpnsNameError::KeyType(_)));
    let name: IpnsName = NAME.parse().unwrap();
    let trailing = [&name.cid().to_bytes()[..], &[0]].concat();
    let trailing = multibase::encode(multibase::Base::Base36Lower, trailing);
    assert!(trailing.parse::<IpnsName>().is_err());
}

#[test]
fn keys_anybody_can_sign_for_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let refused = IpnsName::from_public_key(identity);
    assert_eq!(refused, Err(IpnsNameError::PublicKey(identity)));
    assert!(IpnsName::from_public_key([2; 32]).is_err());
}

#[test]
fn contenthashes_of_other_kinds_are_refused() {
    let name: IpnsName = NAME.parse().unwrap();
    let mut other = name.contenthash();
    other[0] = 0xe3;
    assert!(IpnsName::from_contenthash(&other).is_err());
    assert!(IpnsName::from_contenthash(&name.contenthash()[..41]).is_err());
    assert!(IpnsName::from_contenthash(&[name.contenthash(), vec![0]].concat()).is_err());
    assert!(IpnsName::from_contenthash(&[]).is_err());
}
