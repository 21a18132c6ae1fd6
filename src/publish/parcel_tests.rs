use std::time::Duration;

use super::*;
use crate::ipfs::{BlockSink, CarWriter, pack_files};
use crate::ipns::create;
use crate::keys::IpnsKey;

const NOW: &str = "2026-11-20T00:00:00Z";
const FILES: [(&str, &str); 2] = [(".well-known/eth/nick/a.json", "{}"), ("b", "second")];

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn record(value: &str, validity: &str) -> VerifiedRecord {
    let key = IpnsKey::from_seed(&[7; 32].into());
    let validity = validity.parse().unwrap();
    let bytes = create(&key, value, 3, validity, Duration::from_secs(60)).unwrap();
    UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap()
}

/// A CAR that leaves out the blocks `keep` does not want.
fn pack(path: &Path, keep: impl Fn(&[u8]) -> bool) -> Cid {
    struct Some<F>(CarWriter<std::io::BufWriter<std::fs::File>>, F);
    impl<F: Fn(&[u8]) -> bool> BlockSink for Some<F> {
        fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
            if (self.1)(data) { self.0.put(cid, data) } else { Ok(()) }
        }
    }
    let mut car = Some(CarWriter::create(path).unwrap(), keep);
    let root = pack_files(FILES, &mut car).unwrap().root;
    drop(car.0.finish(&root).unwrap());
    root
}

/// A folder as `publish --sign-only` writes it.
fn folder(keep: impl Fn(&[u8]) -> bool) -> (tempfile::TempDir, Cid) {
    let dir = tempfile::tempdir().unwrap();
    let root = pack(&dir.path().join("car"), keep);
    write(dir.path(), &root, &record(&format!("/ipfs/{root}"), "2100-01-01T00:00:00Z"));
    (dir, root)
}

fn scope() -> ParcelScope {
    let names = ["nick.eth", "other.eth"].map(|name| Name::parse(name).unwrap()).to_vec();
    ParcelScope { names, missing: BTreeSet::from([".well-known/eth/nick/a.json".to_owned()]) }
}

fn write(dir: &Path, root: &Cid, record: &VerifiedRecord) {
    let (car, file) = parcel_files(dir, root, record.name());
    if dir.join("car").exists() {
        std::fs::rename(dir.join("car"), car).unwrap();
    }
    std::fs::write(file, record.bytes()).unwrap();
    write_manifest(dir, &scope(), root, record, None).unwrap();
}

/// What it was made over travels with it, proven as the record is.
#[test]
fn what_it_was_made_over_comes_before_it() {
    let (dir, root) = folder(|_| true);
    let key = IpnsKey::from_seed(&[7; 32].into());
    let of = |key: &IpnsKey, sequence| {
        // It may have expired.
        let validity = "2020-01-01T00:00:00Z".parse().unwrap();
        let bytes = create(key, "/ipfs/bafkqaaa", sequence, validity, Duration::ZERO).unwrap();
        UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap()
    };
    let open = |over: &VerifiedRecord| {
        let record = record(&format!("/ipfs/{root}"), "2100-01-01T00:00:00Z");
        write_manifest(dir.path(), &scope(), &root, &record, Some(over)).unwrap();
        Parcel::open(dir.path(), now())
    };
    let before = of(&key, 2);
    assert_eq!(open(&before).unwrap().over, Some(before));
    let other = IpnsKey::from_seed(&[8; 32].into());
    for wrong in [of(&key, 3), of(&key, 4), of(&other, 2)] {
        let error = open(&wrong).unwrap_err();
        assert!(matches!(&error, ParcelError::Manifest { .. }), "{error}");
        assert!(error.to_string().contains("made over"), "{error}");
    }
}

#[test]
fn what_is_written_is_read() {
    let (dir, root) = folder(|_| true);
    let parcel = Parcel::open(dir.path(), now()).unwrap();
    assert_eq!((parcel.root, parcel.record.fields().sequence), (root, 3));
    assert_eq!((parcel.name.as_str(), parcel.scope), ("nick.eth", scope()));
}

#[test]
fn an_expired_record_is_refused() {
    let (dir, _) = folder(|_| true);
    let later = "2100-01-01T00:00:01Z".parse().unwrap();
    let error = Parcel::open(dir.path(), later).unwrap_err();
    assert!(
        matches!(&error, ParcelError::Record { error: RecordError::Expired { .. }, .. }),
        "{error}"
    );
}

#[test]
fn a_record_of_another_tree_is_refused() {
    let (dir, root) = folder(|_| true);
    let other = "/ipfs/bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
    write(dir.path(), &root, &record(other, "2100-01-01T00:00:00Z"));
    let error = Parcel::open(dir.path(), now()).unwrap_err();
    assert!(matches!(&error, ParcelError::OtherRoot { .. }), "{error}");
}

#[test]
fn a_tree_with_a_missing_block_is_refused() {
    let (dir, _) = folder(|data| data != b"second");
    let error = Parcel::open(dir.path(), now()).unwrap_err();
    assert!(matches!(&error, ParcelError::Tree { .. }), "{error}");
}

#[test]
fn manifests_that_are_none() {
    let (dir, _) = folder(|_| true);
    let path = dir.path().join(PARCEL_FILE);
    let good = std::fs::read_to_string(&path).unwrap();
    let long = format!("{good}{}", " ".repeat(1 << 24));
    let bad = [
        String::new(),
        "{}".to_owned(),
        good.replace("nick.eth", "../nick"),
        good.replace("\"root\": \"", "\"root\": \"../"),
        good.replace("\"sequence\": 3", "\"sequence\": 4"),
        good.replace("2100", "2101"),
        good.replace("\"name\"", "\"other\": 1, \"name\""),
        long,
    ];
    for text in bad {
        std::fs::write(&path, &text).unwrap();
        let error = Parcel::open(dir.path(), now()).unwrap_err();
        assert!(
            matches!(&error, ParcelError::Manifest { .. } | ParcelError::Io { .. }),
            "{text}: {error}"
        );
    }
    std::fs::write(&path, good).unwrap();
    Parcel::open(dir.path(), now()).unwrap();
}
