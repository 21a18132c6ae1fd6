//! Tests of `targets`.

use super::*;
use crate::ens::Name;
use crate::keys::Storage;
use crate::workspace::Config;

fn read(tables: &str) -> Result<Config, String> {
    let text = format!("name = \"nick.eth\"\n{tables}");
    Config::parse(&text).map_err(|error| error.to_string())
}

#[test]
fn every_kind_has_its_entries() {
    let all = read(
        "[[uploads]]\nkind = \"s3\"\nurl = \"https://s3.filebase.com\"\nbucket = \"mine\"\n\
         region = \"us-east-1\"\nkey_env = \"K\"\nsecret_env = \"S\"\n\
         [[uploads]]\nkind = \"folder\"\ndir = \"../pages\"\n\
         [[uploads]]\nkind = \"pinata\"\ntoken_file = \"/run/secrets/pinata\"\n\
         [[uploads]]\nkind = \"pinning-service\"\nurl = \"https://p.example\"\n\
         token_env = \"P\"\nname = \"nick\"\norigins = [\"/ip4/1.2.3.4/tcp/4001/p2p/12D3\"]\n",
    )
    .unwrap()
    .uploads;
    let url = |text: &str| text.parse::<Url>().unwrap();
    let some = |text: &str| Some(text.to_owned());
    let s3 = UploadTarget::S3 {
        url: url("https://s3.filebase.com"),
        bucket: some("mine"),
        region: some("us-east-1"),
        token_env: None,
        token_file: None,
        key_env: some("K"),
        secret_env: some("S"),
    };
    let pinata = UploadTarget::Pinata {
        url: url(Pinata::UPLOADS),
        token_env: None,
        token_file: Some("/run/secrets/pinata".into()),
        name: None,
    };
    let pinning = UploadTarget::PinningService {
        url: url("https://p.example"),
        token_env: some("P"),
        token_file: None,
        name: some("nick"),
        origins: vec!["/ip4/1.2.3.4/tcp/4001/p2p/12D3".to_owned()],
    };
    assert_eq!(all, [s3, UploadTarget::Folder { dir: "../pages".into() }, pinata, pinning]);
    assert_eq!(all[1].clone().under(Path::new("/w")), "folder=/w/../pages".parse().unwrap());
}

#[test]
fn sites_say_where_they_are_served() {
    let all = read(
        "[[sites]]\nkind = \"folder\"\ndir = \"www\"\nurl = \"https://a.example\"\n\
         [[sites]]\nkind = \"s3\"\nendpoint = \"https://s3.example\"\nbucket = \"mine\"\n\
         prefix = \"ens/\"\n",
    )
    .unwrap()
    .sites;
    let served = Some("https://a.example".to_owned());
    assert_eq!(all[0], SiteTarget::Folder { dir: "www".into(), url: served });
    assert!(
        matches!(&all[1], SiteTarget::S3 { prefix: Some(prefix), url: None, .. } if prefix == "ens/")
    );
}

#[test]
fn flags_name_kind_and_place() {
    let place = |text: &str| match text.parse() {
        Ok(PublisherTarget::Routing { url } | PublisherTarget::Kubo { url, .. }) => url.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(place("routing=https://example.org/x"), "https://example.org/x");
    assert_eq!(place("kubo=/ip6/::1/tcp/5001"), "http://[::1]:5001/");
    let kubo: UploadTarget = "kubo=/dns4/a.example/tcp/443/https".parse().unwrap();
    assert!(matches!(kubo, UploadTarget::Kubo { url, .. } if url.as_str() == "https://a.example/"));
    assert!("pinning-service=http://a/psa".parse::<UploadTarget>().is_ok());
    for bad in ["", "routing", "s3=http://a", "w3name=", "w3name=ftp://a", "w3name=a"] {
        assert!(bad.parse::<PublisherTarget>().is_err(), "{bad}");
    }
    for bad in ["kubo=", "kubo=5001", "kubo=/ip4/127.0.0.1", "cluster=/ip4/127.0.0.1/tcp/9094"] {
        assert!(bad.parse::<UploadTarget>().is_err(), "{bad}");
    }
}

/// The words of the flags are those of the file.
#[test]
fn a_kind_is_called_the_same_everywhere() {
    for place in [
        "kubo=http://a",
        "cluster=http://a",
        "pinning-service=http://a",
        "pinata=http://a",
        "s3=http://a/bucket",
        "folder=a",
    ] {
        let target: UploadTarget = place.parse().unwrap();
        assert!(place.starts_with(&format!("{}=", target.kind())), "{place}");
    }
    for place in ["w3name=http://a", "routing=http://a", "kubo=http://a", "file=a"] {
        let target: PublisherTarget = place.parse().unwrap();
        assert!(place.starts_with(&format!("{}=", target.kind())), "{place}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (text, words) in [
        ("[[uploads]]\nurl = \"x\"", "needs kind"),
        ("[[uploads]]\nkind = \"kubo\"", "needs url"),
        ("[[uploads]]\nkind = \"folder\"\nurl = \"x\"", "\"url\" is not an entry of kind folder"),
        ("[[uploads]]\nkind = \"folder\"", "needs dir"),
        (
            "[[uploads]]\nkind = \"kubo\"\nurl = \"http://a\"\ntoken = \"eyJhunter2\"",
            "namesys.toml:5:1: uploads: \"token\" is not an entry of kind kubo; did you mean \
             token_env?",
        ),
        ("[[uploads]]\nkind = \"kubo\"\nurl = 1", "uploads.url: a text is expected"),
        ("[[uploads]]\nkind = \"kubo\"\nurl = \"hunter2\"", "uploads.url: it is not the address"),
        ("[[uploads]]\nkind = \"cluster\"\nurl = \"hunter2\"", "uploads.url: it is not an http"),
        (
            "[[uploads]]\nkind = \"pinning-service\"\nurl = \"http://a\"\norigins = \"hunter2\"",
            "uploads.origins: a list is expected",
        ),
        ("[[uploads]]\nkind = \"kubo\"\nurl = \"http://a\"\nbucket = \"b\"", "\"bucket\" is not"),
        (
            "[[publishers]]\nkind = \"w3name\"\nurl = \"http://a\"\ntoken_env = \"T\"",
            "\"token_env\"",
        ),
        ("[[sites]]\nkind = \"ftp\"", "\"ftp\" is not a kind known here; known: folder, s3"),
        ("[[sites]]\nkind = \"s3\"\nurl = \"https://a\"", "needs endpoint"),
        ("uploads = \"kubo\"", "write each as a table [[uploads]]"),
        (
            "[gateways]\nipsf = []",
            "namesys.toml:3:1: gateways: \"ipsf\" is not an entry there; did \
          you mean ipfs?",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(words) && !error.contains("hunter2"), "{text}: {error}");
    }
    let name = Name::parse("nick.eth").unwrap();
    assert!(Config::new(name, Storage::Domain, Storage::Domain, 1).uploads.is_empty());
}
