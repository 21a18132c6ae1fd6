//! Against the vector of the deployed client's body, and what its published source reads of it.

use std::time::Duration;

use alloy_primitives::hex;
use serde_json::Value as Json;

use super::*;
use crate::ipns::{UnverifiedRecord, create};
use crate::keys::IpnsKey;
use crate::record::{RecordKey, Value};
use crate::request::SignedRecord;

fn vector() -> Json {
    let text = include_str!("../../../tests/vectors/write/deployed-backend.json");
    serde_json::from_str(text).unwrap()
}

fn text<'a>(json: &'a Json, field: &str) -> &'a str {
    json[field].as_str().unwrap()
}

/// The record of the vector, and where it goes.
fn scene() -> (DatabaseRecord, BackendPlace) {
    let request = &vector()["write_request"];
    let payload = hex::decode(text(&request["recordsValues"], "avatar")).unwrap();
    let key = RecordKey::parse("text/avatar").unwrap();
    let value = Value::parse(&key, text(&request["recordsRaw"], "avatar")).unwrap();
    let payload = SignedRecord::decode(&payload).unwrap();
    let name = Name::parse(text(request, "ens")).unwrap();
    let place = BackendPlace {
        hash_type: HashType::Gateway,
        chain_id: 1,
        controller: text(request, "controller").parse().unwrap(),
        ipns: text(request, "ipns").parse().unwrap(),
    };
    (DatabaseRecord { name, key, value, payload }, place)
}

#[test]
fn the_body_is_the_vectors_byte_for_byte() {
    let (record, place) = scene();
    let file = include_str!("../../../tests/vectors/write/deployed-backend.json");
    let at = file.find("\"write_request\":").unwrap() + "\"write_request\":".len();
    let end = file.find(",\n \"file_path\"").unwrap();
    // As it is there, without the space between.
    let wanted: String = file[at..end].split('\n').map(str::trim).collect();
    let wanted = wanted.replace("\": ", "\":");
    assert_eq!(place.write(&[&record]), wanted);
}

#[test]
fn bodies_are_of_one_signer_and_as_long_as_it_reads() {
    let (record, place) = scene();
    let mut other = record.clone();
    other.key = RecordKey::parse("text/url").unwrap();
    let (bodies, too_long) = place.writes(&[&record, &other]);
    assert_eq!((bodies.len(), too_long.len()), (1, 0));
    let body: Json = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!(body["recordsTypes"], serde_json::json!(["avatar", "url"]));
    other.payload.approval = hex::decode("00").unwrap().into();
    assert_eq!(place.writes(&[&record, &other]).0.len(), 2);
    let long = |bytes: usize, key: &str| {
        let mut long = record.clone();
        long.key = RecordKey::parse(key).unwrap();
        long.payload.result = vec![7; bytes].into();
        long
    };
    let (half, whole) = (long(30_000, "text/url"), long(60_000, "text/email"));
    let other_half = long(30_000, "text/description");
    let (bodies, too_long) = place.writes(&[&record, &half, &whole, &other_half]);
    assert_eq!((bodies.len(), too_long.len()), (2, 1));
    assert!(bodies.iter().all(|body| body.len() <= MAX_BODY));
}

/// It tells sequence, value and validity of what is published, and no key.
#[test]
fn a_revision_has_no_key_in_it() {
    let (record, mut place) = scene();
    let key = IpnsKey::from_seed(&[3; 32].into());
    place.ipns = key.name();
    place.hash_type = HashType::Recordhash;
    let (validity, ttl) = ("2100-01-01T00:00:00Z".parse().unwrap(), Duration::from_secs(300));
    let bytes = create(&key, "/ipfs/bafkqaaa", 7, validity, ttl).unwrap();
    let published = UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap();
    let written = BTreeMap::from([("avatar".to_owned(), 1_700_000_000)]);
    let body = place.revision(&record, &published, &written);
    let read: Json = serde_json::from_str(&body).unwrap();
    let fields: Vec<&String> = read.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 12, "{fields:?}");
    let version: Json = serde_json::from_str(text(&read, "version")).unwrap();
    let wanted = serde_json::json!({
        "_value": "/ipfs/bafkqaaa", "_sequence": "7", "_validity": "2100-01-01T00:00:00.000Z"
    });
    assert_eq!(version, wanted);
    assert!(!text(&read, "version").contains('\\'), "its reader drops the first one");
    assert_eq!(text(&read, "gas"), "{}");
    assert_eq!(text(&read, "ipfs"), "bafkqaaa");
    let map = read["revision"].as_object().unwrap();
    let bytes: Vec<u8> = (0..map.len())
        .map(|place| u8::try_from(map[&place.to_string()].as_u64().unwrap()).unwrap())
        .collect();
    let revision = Revision::decode(&bytes).unwrap();
    assert_eq!((revision.sequence, revision.name), (7, key.name()));
    let seed = key.seed();
    for secret in [hex::encode(seed.expose()), format!("{:?}", seed.expose())] {
        assert!(!body.contains(&secret));
    }
}
