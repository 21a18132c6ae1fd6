//! The clients against the devnet: upload, publish by w3name and delegated routing, read back,
//! fetch record files with proof.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cid::Cid;
use namesys::devnet::{Devnet, DevnetConfig};
use namesys::ens::Name;
use namesys::ipfs::upload::{Kubo, Upload, UploadError};
use namesys::ipfs::{CarWriter, pack_files};
use namesys::ipns::{
    DelegatedRouting, PublishError, Published, Publisher, ReadBack, RecordSource, UnverifiedRecord,
    VerifiedRecord, W3name, create, publish_and_read_back,
};
use namesys::keys::IpnsKey;
use namesys::net::{Http, HttpConfig, parse_api_address};
use namesys::recordhash::Recordhash;
use namesys::resolve::{FetchError, FetchLimits, Proof, RecordFiles};

const AVATAR: &str = ".well-known/eth/nick/text/avatar.json";

fn http() -> Http {
    Http::new(HttpConfig::default()).unwrap()
}

fn key() -> IpnsKey {
    IpnsKey::from_seed(&[7; 32].into())
}

fn record(root: &Cid, sequence: u64, validity: &str) -> VerifiedRecord {
    let validity = validity.parse().unwrap();
    let value = format!("/ipfs/{root}");
    let bytes = create(&key(), &value, sequence, validity, Duration::from_secs(60)).unwrap();
    UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key().name()).unwrap()
}

/// A CAR of `files` at `path`; its root.
fn pack(files: &[(String, String)], path: &Path) -> Cid {
    let mut car = CarWriter::create(path).unwrap();
    let files = files.iter().map(|(path, content)| (path.as_str(), content.as_str()));
    let root = pack_files(files, &mut car).unwrap().root;
    drop(car.finish(&root).unwrap());
    root
}

fn records(avatar: &str) -> Vec<(String, String)> {
    vec![
        (AVATAR.to_owned(), avatar.to_owned()),
        (".well-known/eth/nick/address/60.json".to_owned(), "{}".to_owned()),
        (".well-known/eth/nick/ñandú/text/url.json".to_owned(), "{\"data\":\"0x\"}".to_owned()),
    ]
}

async fn open(devnet: &Devnet, recordhash: &Recordhash) -> Result<RecordFiles, FetchError> {
    let gateways = vec![devnet.urls().gateway.parse().unwrap()];
    let (limits, now) = (FetchLimits::default(), "2026-11-20T00:00:00Z".parse().unwrap());
    RecordFiles::open(http(), gateways, recordhash, &nick(), limits, now).await
}

fn nick() -> Name {
    Name::parse("nick.eth").unwrap()
}

#[tokio::test]
async fn uploaded_published_read_back_and_fetched_with_proof() {
    let devnet = Devnet::start(DevnetConfig::ephemeral()).await.unwrap();
    let urls = devnet.urls();
    let folder = tempfile::tempdir().unwrap();
    let car = folder.path().join("tree.car");
    let root = pack(&records("{\"data\":\"0x01\"}"), &car);

    let kubo = Kubo::new(http(), parse_api_address(&urls.kubo).unwrap(), None);
    let sent = Arc::new(AtomicU64::new(0));
    let seen = sent.clone();
    let progress = Arc::new(move |now, _| seen.store(now, Ordering::Relaxed));
    kubo.upload(&car, &root, Some(progress)).await.unwrap();
    assert_eq!(sent.load(Ordering::Relaxed), std::fs::metadata(&car).unwrap().len());

    let w3name = W3name::new(http(), urls.w3name.parse().unwrap());
    assert_eq!(w3name.get(&key().name()).await, Ok(None));
    let first = record(&root, 0, "2030-01-01T00:00:00Z");
    let error = open(&devnet, &key().name().into()).await.err().unwrap();
    assert!(matches!(error, FetchError::NotPublished { .. }), "{error}");
    let done = publish_and_read_back(&w3name, &first, ReadBack::default()).await;
    assert_eq!(done, Ok(Published::Same));

    let files = open(&devnet, &key().name().into()).await.unwrap();
    assert_eq!(files.ipns_record().unwrap().sequence, 0);
    let fetched = files.fetch(&nick(), AVATAR).await.unwrap();
    assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x01\"}");
    assert_eq!(fetched.proof, Proof::Blocks { root, sequence: Some(0) });
    let path = ".well-known/eth/nick/ñandú/text/url.json";
    assert_eq!(&files.fetch(&nick(), path).await.unwrap().bytes[..], b"{\"data\":\"0x\"}");
    let error = files.fetch(&nick(), ".well-known/eth/nick/name.json").await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { proven: true, .. }), "{error}");
    let tree = files.fetch_tree(&nick(), ".well-known/eth/nick").await.unwrap().files;
    let paths: Vec<&str> = tree.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["address/60.json", "text/avatar.json", "ñandú/text/url.json"]);
    devnet.stop().await;
}

#[tokio::test]
async fn outdated_records_are_explained_by_both_publishers() {
    let devnet = Devnet::start(DevnetConfig::ephemeral()).await.unwrap();
    let urls = devnet.urls();
    let root: Cid = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4".parse().unwrap();
    let publishers: [&dyn Publisher; 2] = [
        &W3name::new(http(), urls.w3name.parse().unwrap()),
        &DelegatedRouting::new(http(), urls.routing.parse().unwrap()),
    ];
    for (number, publisher) in publishers.into_iter().enumerate() {
        let base = 10 * (number as u64 + 1);
        let newer = record(&root, base + 1, "2030-01-01T00:00:00Z");
        let done = publish_and_read_back(publisher, &newer, ReadBack::default()).await;
        assert_eq!(done, Ok(Published::Same), "{}", publisher.describe());
        publisher.put(&newer).await.expect("the same record again is no failure");
        let older = record(&root, base, "2031-01-01T00:00:00Z");
        let error = publisher.put(&older).await.unwrap_err();
        let PublishError::Outdated { has, sent, .. } = &error else { panic!("{error}") };
        assert_eq!((*has, *sent), (base + 1, base));
        assert_eq!(publisher.get(&key().name()).await.unwrap(), Some(newer));
    }
    devnet.stop().await;
}

#[tokio::test]
async fn a_directory_of_many_names_with_and_without_a_wrong_root() {
    let devnet = Devnet::start(DevnetConfig::ephemeral()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let car = folder.path().join("many.car");
    // 3,000 subnames of such length make the directory a HAMT.
    let label = "x".repeat(60);
    let path = |n: u32| format!(".well-known/eth/nick/{label}{n}/name.json");
    let files: Vec<(String, String)> =
        (0..3000).map(|n| (path(n), format!("{{\"n\":{n}}}"))).collect();
    let root = pack(&files, &car);
    let kubo = Kubo::new(http(), devnet.urls().kubo.parse().unwrap(), None);
    let other: Cid = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4".parse().unwrap();
    let error = kubo.upload(&car, &other, None).await.unwrap_err();
    assert!(
        matches!(&error, UploadError::OtherRoot { got, .. } if *got == root.to_string()),
        "{error}"
    );
    kubo.upload(&car, &root, None).await.unwrap();

    let files = open(&devnet, &format!("ipfs://{root}").parse().unwrap()).await.unwrap();
    let fetched = files.fetch(&nick(), &path(2999)).await.unwrap();
    assert_eq!(&fetched.bytes[..], b"{\"n\":2999}");
    assert_eq!(fetched.proof, Proof::Blocks { root, sequence: None });
    let error = files.fetch(&nick(), &path(3000)).await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { proven: true, .. }), "{error}");
    let tree = files.fetch_tree(&nick(), ".well-known/eth/nick").await.unwrap().files;
    assert_eq!(tree.len(), 3000);
    devnet.stop().await;
}

#[tokio::test]
async fn a_damaged_car_is_refused_once() {
    let devnet = Devnet::start(DevnetConfig::ephemeral()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let car = folder.path().join("tree.car");
    let root = pack(&records("{}"), &car);
    let mut bytes = std::fs::read(&car).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&car, bytes).unwrap();
    let kubo = Kubo::new(http(), devnet.urls().kubo.parse().unwrap(), None);
    let began = std::time::Instant::now();
    let error = kubo.upload(&car, &root, None).await.unwrap_err();
    assert!(matches!(error, UploadError::Rejected { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_millis(400), "a command error is not repeated");
    devnet.stop().await;
}
