use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ipns::{create, create_until, create_v2_only};
use crate::keys::IpnsKey;

const VALUE: &str = "/ipfs/bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";

fn hex(value: &serde_json::Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn key(byte: u8) -> IpnsKey {
    IpnsKey::from_seed(&[byte; 32].into())
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn record(sequence: u64, validity: &str) -> Vec<u8> {
    create(&key(7), VALUE, sequence, time(validity), Duration::from_secs(300)).unwrap()
}

fn verify(bytes: &[u8]) -> Result<VerifiedRecord, RecordError> {
    UnverifiedRecord::parse(bytes)?.verify(&key(7).name(), time("2029-01-01T00:00:00Z"))
}

/// The record with its protobuf changed by `edit`.
fn edited(edit: impl FnOnce(&mut IpnsEntry)) -> Vec<u8> {
    let mut entry = IpnsEntry::decode(&record(3, "2030-01-01T00:00:00Z")[..]).unwrap();
    edit(&mut entry);
    entry.encode_to_vec()
}

/// A V2-only record whose data is `cbor`, properly signed.
fn signed(cbor: Vec<u8>) -> Vec<u8> {
    let signature = key(7).sign(&[V2_PREFIX, &cbor].concat()).to_vec();
    let entry = IpnsEntry { signature_v2: Some(signature), data: Some(cbor), ..Default::default() };
    entry.encode_to_vec()
}

/// The DAG-CBOR of a good record as hex, to be cut up.
fn data_hex() -> String {
    let entry = IpnsEntry::decode(&record(3, "2030-01-01T00:00:00Z")[..]).unwrap();
    data_encoding::HEXLOWER.encode(&entry.data.unwrap())
}

fn data_error(hex: &str) -> String {
    let cbor = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    match UnverifiedRecord::parse(&signed(cbor)) {
        Err(RecordError::Data(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_equal_the_vectors_and_verify() {
    let file = include_str!("../../tests/vectors/ipns.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let seed: [u8; 32] = hex(&case["ed25519_seed"]).try_into().unwrap();
        let key = IpnsKey::from_seed(&seed.into());
        let value = case["value"].as_str().unwrap();
        let sequence = case["sequence"].as_u64().unwrap();
        let validity = time(case["validity"].as_str().unwrap());
        let ttl_ns = case["ttl_ns"].as_u64().unwrap();
        let ttl = Duration::from_nanos(ttl_ns);

        let both = create(&key, value, sequence, validity, ttl).unwrap();
        assert_eq!(both, hex(&case["record_v1_v2"]));
        let v2 = create_v2_only(&key, value, sequence, validity, ttl).unwrap();
        assert_eq!(v2, hex(&case["record_v2"]));

        for (bytes, v1) in [(both, Some(true)), (v2, None)] {
            let record = UnverifiedRecord::parse(&bytes).unwrap();
            assert_eq!(record.check_signature_v1(&key.name()), v1);
            assert!(record.check_signature_v2(&key.name()));
            let record = record.verify(&key.name(), time("2026-11-20T00:00:00Z")).unwrap();
            assert_eq!(record.bytes(), bytes);
            assert_eq!(record.name().to_string(), case["ipns_name"].as_str().unwrap());
            let fields = record.fields();
            assert_eq!((&*fields.value, fields.sequence, fields.ttl_ns), (value, sequence, ttl_ns));
            assert_eq!(fields.validity, case["validity_in_record"].as_str().unwrap());
            assert_eq!(fields.validity(), validity);
        }
    }
}

#[test]
fn a_changed_record_is_refused_with_its_reason() {
    let refused = RecordError::Signature(key(7).name());
    assert_eq!(verify(&edited(|e| e.data.as_mut().unwrap()[40] ^= 1)), Err(refused.clone()));
    assert_eq!(verify(&edited(|e| e.signature_v2.as_mut().unwrap()[9] ^= 1)), Err(refused));
    for (field, bytes) in [
        ("value", edited(|e| e.value.as_mut().unwrap()[20] ^= 1)),
        ("value", edited(|e| e.value = None)),
        ("validity", edited(|e| e.validity.as_mut().unwrap()[3] ^= 1)),
        ("validityType", edited(|e| e.validity_type = Some(1))),
        ("sequence", edited(|e| e.sequence = Some(4))),
        ("sequence", edited(|e| e.sequence = None)),
        ("ttl", edited(|e| e.ttl = Some(1))),
    ] {
        assert_eq!(verify(&bytes), Err(RecordError::V1Contradiction(field)));
    }
    let lone =
        edited(|e| *e = IpnsEntry { value: None, signature_v1: None, ttl: Some(1), ..e.clone() });
    assert_eq!(verify(&lone), Err(RecordError::V1Contradiction("ttl")));
}

#[test]
fn a_flipped_signature_v1_alone_does_not_matter() {
    let bytes = edited(|e| e.signature_v1.as_mut().unwrap()[0] ^= 1);
    let record = UnverifiedRecord::parse(&bytes).unwrap();
    assert_eq!(record.check_signature_v1(&key(7).name()), Some(false));
    assert!(verify(&bytes).is_ok());
}

#[test]
fn other_names_keys_and_times_are_refused() {
    let record = record(3, "2030-01-01T00:00:00Z");
    let other = key(8).name();
    let foreign = UnverifiedRecord::parse(&record).unwrap().verify_signature(&other);
    assert_eq!(foreign, Err(RecordError::Signature(other)));

    let carries = |name: IpnsName| edited(|e| e.pub_key = Some(name.libp2p_public_key().into()));
    assert!(verify(&carries(key(7).name())).is_ok());
    assert_eq!(verify(&carries(other)), Err(RecordError::PublicKey(key(7).name())));

    let at = |now| UnverifiedRecord::parse(&record).unwrap().verify(&key(7).name(), time(now));
    assert!(at("2030-01-01T00:00:00Z").is_ok());
    assert!(matches!(at("2030-01-01T00:00:01Z"), Err(RecordError::Expired { .. })));
    let expired = UnverifiedRecord::parse(&record).unwrap().verify_signature(&key(7).name());
    assert!(expired.unwrap().is_expired(time("2031-01-01T00:00:00Z")));
}

#[test]
fn incomplete_and_oversized_records_are_refused() {
    let parse = |bytes: &[u8]| UnverifiedRecord::parse(bytes).unwrap_err();
    assert_eq!(parse(b""), RecordError::NoData);
    assert!(matches!(parse(b"not a record"), RecordError::Protobuf(_)));
    let v1_only = edited(|e| (e.data, e.signature_v2) = (None, None));
    assert_eq!(parse(&v1_only), RecordError::V1Only);
    assert_eq!(parse(&edited(|e| e.data = Some(vec![]))), RecordError::NoData);
    assert_eq!(parse(&edited(|e| e.signature_v2 = None)), RecordError::NoSignature);
    let large = edited(|e| e.pub_key = Some(vec![0; MAX_RECORD_BYTES]));
    assert_eq!(parse(&large), RecordError::TooLarge(large.len()));
}

#[test]
fn data_is_read_strictly() {
    let good = data_hex();
    let body = &good[2..];
    let extra = |key_and_value: &str| format!("a6{body}{key_and_value}");
    assert!(verify(&signed(bytes_of(&good))).is_ok());
    // Unknown keys are accepted: text, nested, a link, a float, null.
    for value in ["6568656c6c6f", "8201a1616102", "fb3ff0000000000000", "f6", "20"] {
        assert!(verify(&signed(bytes_of(&extra(&format!("6158{value}"))))).is_ok(), "{value}");
    }
    assert_eq!(data_error("80"), "it is not a map");
    assert_eq!(data_error("a0"), "ValidityType is missing");
    assert_eq!(data_error(&format!("{good}00")), "1 bytes follow the map");
    assert_eq!(data_error(&good[..good.len() - 2]), "it ends too early");
    assert_eq!(data_error(&extra("6354544c01")), "key \"TTL\" is there twice");
    assert_eq!(data_error(&format!("bf{body}ff")), "an item has no definite length");
    assert_eq!(data_error(&extra("61581801")), "a number is not in its shortest form");
    assert_eq!(data_error(&extra("6158c101")), "tag 1 is not allowed");
    assert_eq!(data_error(&extra("6158d82a4100")), "a link is not a CID");
    assert_eq!(data_error(&extra("6158f7")), "item 0xf7 is not allowed");
    assert_eq!(data_error(&extra("615861ff")), "a text is not UTF-8");
    assert_eq!(
        data_error(&extra(&format!("6158{}", "81".repeat(200)))),
        "it is nested over 32 deep"
    );
    assert_eq!(data_error(&extra("61589bffffffffffffffff")), "it ends too early");
    assert_eq!(data_error(&extra("61585bffffffffffffffff")), "it ends too early");
    let kind_1 = format!("{}01", &good[..good.len() - 2]);
    assert_eq!(data_error(&kind_1), "ValidityType 1 is not known, only 0");
    let negative = good.replace("53657175656e636503", "53657175656e636520");
    assert_eq!(data_error(&negative), "Sequence is not a whole number");
    let huge = good.replace("53657175656e636503", "53657175656e63651bffffffffffffffff");
    assert_eq!(data_error(&huge), "Sequence 18446744073709551615 is not below 2^63");
}

fn bytes_of(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
}

/// What is made in one hour ends at one time, on clocks that differ; what is short is exact.
#[test]
fn validity_is_rounded_down_to_the_hour() {
    let at = |now: &str, hours: u64| {
        let long = Duration::from_secs(hours * 3600);
        super::super::valid_until(now.parse().unwrap(), long).unwrap().to_string()
    };
    for now in ["2026-11-30T12:00:00Z", "2026-11-30T12:30:00.5Z", "2026-11-30T12:59:59.999Z"] {
        assert_eq!(at(now, 365 * 24), "2027-11-30T12:00:00Z");
    }
    assert_eq!(at("2026-11-30T12:30:00Z", 2), "2026-11-30T14:30:00Z");
    assert_eq!(at("1969-12-31T12:30:00Z", 3), "1969-12-31T15:00:00Z");
}

#[test]
fn validity_is_rfc_3339_alone() {
    for good in ["2030-01-30T20:10:08Z", "2030-01-30T20:10:08.5Z", "2030-01-30T20:10:08+02:00"] {
        assert!(parse_validity(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "2030-01-30",
        "2030-01-30 20:10:08Z",
        "20300130T201008Z",
        "2030-13-30T20:10:08Z",
        "2030-01-30T20:10:08Z[UTC]",
        "2030-01-30T20:10:08",
        "2030-01-30t20:10:08z",
    ] {
        assert_eq!(parse_validity(bad), Err(RecordError::Validity(bad.into())), "{bad}");
    }
}

#[test]
fn values_and_numbers_no_one_can_read_are_not_written() {
    let make = |value: &str, sequence, ttl| {
        create(&key(7), value, sequence, time("2030-01-01T00:00:00Z"), ttl)
    };
    let minute = Duration::from_secs(60);
    for bad in ["", "bafkqaaa", "/ipfs/", "/ipfs/nonsense", "/ipns/", "ipfs://bafkqaaa", "/x/y"] {
        assert_eq!(make(bad, 0, minute), Err(RecordError::Value(bad.into())));
    }
    assert!(make("/ipns/nick.eth", 0, minute).is_ok());
    assert!(make("/ipfs/bafkqaaa/sub/folder", i64::MAX as u64, minute).is_ok());
    assert!(matches!(make(VALUE, 1 << 63, minute), Err(RecordError::TooBig { .. })));
    assert!(matches!(make(VALUE, 0, Duration::MAX), Err(RecordError::TooBig { .. })));
    let long = format!("/ipfs/bafkqaaa/{}", "x".repeat(6000));
    assert!(matches!(make(&long, 0, minute), Err(RecordError::TooLarge(_))));
}

#[test]
fn a_record_replaces_another_by_sequence_then_validity_then_length() {
    let verified = |bytes: Vec<u8>| verify(&bytes).unwrap();
    let old = verified(record(3, "2030-01-01T00:00:00Z"));
    let later = verified(record(3, "2030-01-01T00:00:01Z"));
    let higher = verified(record(4, "2029-06-01T00:00:00Z"));
    let longer = verified(edited(|e| e.pub_key = Some(key(7).name().libp2p_public_key().into())));
    for newer in [&later, &higher, &longer] {
        assert!(newer.supersedes(&old) && !old.supersedes(newer));
    }
    assert!(higher.supersedes(&later) && later.supersedes(&longer));
    assert!(!old.supersedes(&old));
}

#[test]
fn an_old_record_may_hold_the_bytes_of_a_cid() {
    let cid: cid::Cid = VALUE[6..].parse().unwrap();
    assert_eq!(record_data::value_text(&cid.to_bytes()).unwrap(), VALUE);
    assert!(record_data::value_text(&[0xff, 0xfe]).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = UnverifiedRecord::parse(&bytes);
        let _ = RecordData::decode(&bytes);
        prop_assert!(UnverifiedRecord::parse(&signed(bytes)).is_err());
    }

    #[test]
    fn one_changed_byte_never_changes_what_is_verified(at in 0usize..400, flip in 1u8..) {
        let mut bytes = record(3, "2030-01-01T00:00:00Z");
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Ok(changed) = verify(&bytes) {
            let unchanged = verify(&record(3, "2030-01-01T00:00:00Z")).unwrap();
            prop_assert_eq!(changed.fields(), unchanged.fields());
        }
    }
}

/// Valid until the last second of the year 9999, as boxo and js-ipns write and read it.
#[test]
fn what_is_valid_for_ever_is_a_record_like_others() {
    let record = "QkDcCJnWJD+WcpR6RvpN+zt/+loQaqIGpaqW0vsRWSw2HyyJHK+mIh+UnyLKWj0z8UsTfnmoBqHwl8Mea+raHFQCSlmlY1RUTBsAAABF2WS4AGVWYWx1ZU4vaXBmcy9iYWZrcWFhYWhTZXF1ZW5jZQBoVmFsaWRpdHlUOTk5OS0xMi0zMVQyMzo1OTo1OVpsVmFsaWRpdHlUeXBlAA==";
    let name = "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4".parse().unwrap();
    let bytes = data_encoding::BASE64.decode(record.as_bytes()).unwrap();
    let now = "2026-11-20T00:00:00Z".parse().unwrap();
    let record = UnverifiedRecord::parse(&bytes).unwrap().verify(&name, now).unwrap();
    assert_eq!(record.fields().validity, "9999-12-31T23:59:59Z");
    assert!(!record.is_expired(Timestamp::MAX));

    let key = IpnsKey::from_seed(&[7; 32].into());
    let signed = |validity: &str, sequence| {
        let (validity, ttl) = (validity.parse().unwrap(), Duration::from_secs(60));
        let bytes = create_until(&key, "/ipfs/bafkqaaa", sequence, validity, ttl).unwrap();
        UnverifiedRecord::parse(&bytes).unwrap().verify(&key.name(), now).unwrap()
    };
    let last = signed("9999-12-31T23:59:59Z", 3);
    assert_eq!(last.fields().validity, "9999-12-31T23:59:59Z", "as it was given");
    assert!(last.supersedes(&signed("9999-12-31T23:59:58Z", 3)));
    assert!(last.supersedes(&signed("9999-12-30T00:00:00Z", 3)));
    assert!(signed("2030-01-01T00:00:00Z", 4).supersedes(&last));
    let soon = signed("2030-01-01T00:00:00Z", 3);
    assert_eq!(soon.fields().validity, "2030-01-01T00:00:00.000000000Z");
}

#[test]
fn times_as_boxo_reads_them() {
    let nine = parse_validity("2030-01-30T20:10:08.123456789Z").unwrap();
    assert_eq!(parse_validity("2030-01-30T20:10:08.1234567899999Z"), Ok(nine));
    assert_eq!(parse_validity("2030-01-30T22:10:08.1234567890+02:00"), Ok(nine));
    for wrong in [
        "9999-13-31T23:59:59Z",
        "9999-12-32T23:59:59Z",
        "9999-12-31T23:59:59",
        "10000-01-01T00:00:00Z",
        "2030-01-30T20:10:08.Z",
        "2030-01-30",
        "",
    ] {
        assert!(parse_validity(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_value_may_be_content_that_is_its_own_cid() {
    let cid = [&[1, 0x55, 0, 100][..], &[b'A'; 100]].concat();
    let value = format!("/ipfs/{}", multibase::encode(multibase::Base::Base32Lower, cid));
    let key = crate::keys::IpnsKey::from_seed(&[7; 32].into());
    let validity = "2100-01-01T00:00:00Z".parse().unwrap();
    let bytes = crate::ipns::create(&key, &value, 0, validity, std::time::Duration::ZERO).unwrap();
    assert_eq!(UnverifiedRecord::parse(&bytes).unwrap().fields().value, value);
}
