//! Names that point to names.

use super::*;
use crate::keys::IpnsName;

fn named(seed: u8, value: &str, sequence: u64) -> (IpnsName, Vec<u8>) {
    let key = IpnsKey::from_seed(&[seed; 32].into());
    let (validity, ttl) = ("2030-01-01T00:00:00Z".parse().unwrap(), Duration::from_secs(60));
    (key.name(), create(&key, value, sequence, validity, ttl).unwrap())
}

/// A gateway that has these records beside its blocks.
async fn with_records(site: Site, records: Vec<(IpnsName, Vec<u8>)>) -> TestServer {
    TestServer::start(move |_, seen| {
        let record = records
            .iter()
            .find(|(name, _)| seen.line.contains(&format!("/ipns/{name}?format=ipns-record")));
        match record {
            Some((_, record)) => Answer::new(200, record.clone())
                .header(format!("Content-Type: {RECORD_MEDIA_TYPE}")),
            None => site.answer(seen),
        }
    })
    .await
}

#[tokio::test]
async fn each_name_on_the_way_is_verified_and_shown() {
    let site = nick(5);
    let (b, to_content) = named(9, &format!("/ipfs/{}", site.root), 40);
    let (a, to_b) = named(8, &format!("/ipns/{b}"), 7);
    let server = with_records(site.clone(), vec![(a, to_b.clone()), (b, to_content)]).await;
    let files = open(&[&server], &a.into()).await.unwrap();
    let fetched = files.fetch(&name(), AVATAR).await.unwrap();
    assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x05\"}");
    assert_eq!(fetched.proof.freshness(), Freshness::Ipns);
    let record = files.ipns_record().unwrap();
    assert_eq!((record.sequence, &record.value), (7, &format!("/ipns/{b}")));
    let hops: Vec<_> = record.via.iter().map(|hop| (hop.name, hop.sequence)).collect();
    assert_eq!(hops, [(b, 40)]);

    // The second record is another's: nothing is taken on its word.
    let (_, forged) = named(10, &format!("/ipfs/{}", site.root), 41);
    let server = with_records(site, vec![(a, to_b), (b, forged)]).await;
    let error = open(&[&server], &a.into()).await.err().unwrap();
    assert!(
        matches!(&error, FetchError::BadIpnsRecord { name, .. } if *name == b.to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn circles_strangers_and_domains_end_it() {
    let (a, to_itself) = named(8, &format!("/ipns/{}", named(8, "/ipfs/bafkqaaa", 0).0), 1);
    let rsa = "k2k4r8jl0yz8qjgqbmc2cdu5hkqek5rj6flgnlkyywynci20j0iuyfuj";
    for (record, words) in [
        (to_itself, "in a circle"),
        (named(8, "/ipns/docs.example.org", 1).1, "the DNSLink name docs.example.org"),
        (named(8, &format!("/ipns/{rsa}"), 1).1, "another name"),
        (named(8, "/ipfs/bafkqaaa", 1).1, ""),
    ] {
        let server = with_records(nick(5), vec![(a, record)]).await;
        match open(&[&server], &a.into()).await {
            Ok(_) => assert!(words.is_empty()),
            Err(error) => {
                assert!(matches!(error, FetchError::Unsupported { .. }), "{error}");
                assert!(!words.is_empty() && error.to_string().contains(words), "{error}");
            }
        }
    }
}

/// The recordhash of a name that is no ed25519 key.
fn of_other(name: &Cid) -> Recordhash {
    Recordhash::parse(&[&[0xe5, 0x01][..], &name.to_bytes()].concat()).unwrap()
}

#[tokio::test]
async fn names_of_other_keys_are_verified_by_the_key_that_is_theirs() {
    use crate::ipns::own_key::tests::by_secp256k1;

    let site = nick(5);
    let made = |sequence| {
        let value = format!("/ipfs/{}", site.root);
        by_secp256k1(&named(9, &value, sequence).1, 3)
    };
    let served = async |record: Vec<u8>, is_record: bool| {
        let site = site.clone();
        TestServer::start(move |_, seen| match seen.line.contains("/ipns/kz") {
            true if seen.line.contains("format=ipns-record") && is_record => {
                typed(RECORD_MEDIA_TYPE, record.clone())
            }
            true => Answer::new(400, "no such format"),
            false => site.answer(seen),
        })
        .await
    };
    let (k256, record) = made(41);
    let (old, files) = (served(made(40).1, true).await, served(Vec::new(), false).await);
    let new = served(record.clone(), true).await;
    let all = [&old, &new, &files];
    let files = open(&all, &of_other(&k256)).await.unwrap();
    let fetched = files.fetch(&name(), AVATAR).await.unwrap();
    assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x05\"}");
    assert_eq!(fetched.proof.freshness(), Freshness::Ipns);
    assert_eq!(files.ipns_record().unwrap().sequence, 41);

    // Signed by another key, or changed: not taken, and said.
    let (_, others) = by_secp256k1(&named(9, &format!("/ipfs/{}", site.root), 42).1, 4);
    let lies = served(others, true).await;
    let error = open(&[&lies], &of_other(&k256)).await.err().unwrap();
    assert!(matches!(&error, FetchError::BadIpnsRecord { .. }), "{error}");
    let files = open(&[&lies, &new], &of_other(&k256)).await.unwrap();
    assert_eq!((files.ipns_record().unwrap().sequence, files.refuted().len()), (41, 1));
}
