//! Records signed by OpenSSL, V2 alone: with RSA and secp256k1, and with ed25519 without a TTL.

use data_encoding::{BASE64, HEXLOWER};

use super::*;
use crate::ipns::{RecordError, UnverifiedRecord};

pub(crate) const RSA: &str = "OqsCCAASpgIwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCuOujynDEasjfh9aQtY0mXU5nC/IQLqjRr5uC49WtVGPg9syjfpgwZNXSh54xCSp8a6XHOzMZpxmHKcWWI4Na/KOU3u6vl8d2qem7VUlsF5AiDW8LTD/xl2MHZk+een5zTRH7EkcGoYLPZCopSmRqixQusMoUzpIrezkDTCofyOznub4bqAIx6f6mCdhsP7/t++CjF3oTTodFuLOmPMmv2kk0HwBub3+7xBx6NESZx6zeG9HAq4aQ48XuaWns9CAgZw5S/OL5PJO7X/AJ6TjFhDk2xTGaghRSy/+sL+J5jRj7b+u/8/y7AE+YcZoRlc/hKn/cj0R5JbnCxyKVpJzC/AgMBAAFCgAKGk9AcYzDZLDyASZU+hM/88Braf9NPSKGhZoOQJby7Qdrakv1AAvy6Ze8Fkeqd8wqRdyX4k+Yy4pcyICSBWR+iYdBEi0aYbEDVbFp1YfF66W9Te02fV03+AmDwCMgPMCDsPTTSijMbwErEnmuRsznCIDm9+5L+pzVLvw5k3vAPCsIMScZGn6BT7N0piNCR870CvX+VDVx6tg/GXFRNMHr4Zt9V35WOyz1EiUi3/uURClmq8tzyDCmcuTfciOra2iJ7C1/PH/HOXom5qm6irta0p9ZAeKEYOM4YWW3hr38OKKD5xVjZLfOfiacX0xr7BMgiSqWvvjWVnAKnarQxlZwWSmSlY1RUTBsAAABF2WS4AGVWYWx1ZU4vaXBmcy9iYWZrcWFhYWhTZXF1ZW5jZQdoVmFsaWRpdHlYHjIxMDAtMDEtMDFUMDA6MDA6MDAuMDAwMDAwMDAwWmxWYWxpZGl0eVR5cGUA";
const RSA_HASH: &str = "f12bc1e8b0420c8da6bd26e96e545e2c40150c79e4e94108ebe849cb59f8ea4b";
const SECP256K1: &str = "OiUIAhIhAqFDJAkva1GtQa9OfmcJugaa7zwF7FljAo4gHXDoHnVmQkcwRQIhAOzBOUa+cbwmajw38XTNedj67nxcBzsMVJ4oxLu1MDaYAiAOh3TqM652BDavBfEs/LtCurQ1QLleUag3VJ+Z10yFNkpkpWNUVEwbAAAARdlkuABlVmFsdWVOL2lwZnMvYmFma3FhYWFoU2VxdWVuY2UHaFZhbGlkaXR5WB4yMTAwLTAxLTAxVDAwOjAwOjAwLjAwMDAwMDAwMFpsVmFsaWRpdHlUeXBlAA==";
const SECP256K1_KEY: &str =
    "0802122102a14324092f6b51ad41af4e7e6709ba069aef3c05ec5963028e201d70e81e7566";
const WITHOUT_TTL: &str = "OiQIARIgTV3pXRQnSofnoXBOwwOZOhp5nP8mQkyEQo83m3QLqNBCQHdbL7ExOBsrOtbUoEGxxIEi93jHu3g8WzjVDlcKZjQiay1fWJ7l9rDOWARonaxdprwXvdCjUDEzIw5c8htM8wxKV6RlVmFsdWVOL2lwZnMvYmFma3FhYWFoU2VxdWVuY2UHaFZhbGlkaXR5WB4yMTAwLTAxLTAxVDAwOjAwOjAwLjAwMDAwMDAwMFpsVmFsaWRpdHlUeXBlAA==";

/// `record` signed by a secp256k1 key, which it carries, in place of its own; and that key's name.
pub(crate) fn by_secp256k1(record: &[u8], secret: u8) -> (Cid, Vec<u8>) {
    use k256::ecdsa::SigningKey;
    use k256::ecdsa::signature::hazmat::PrehashSigner;

    use crate::ipns::record::{IpnsEntry, V2_PREFIX};

    let key = SigningKey::from_slice(&[secret; 32]).unwrap();
    let public = key.verifying_key().to_encoded_point(true).as_bytes().to_vec();
    let public = PublicKey { kind: Some(2), data: Some(public) }.encode_to_vec();
    let data = IpnsEntry::decode(record).unwrap().data.unwrap();
    let digest = Sha256::digest([V2_PREFIX, &data].concat());
    let signature: Signature = key.sign_prehash(&digest).unwrap();
    let (name, signature) = (name_of(&public), signature.to_der().as_bytes().to_vec());
    let entry = IpnsEntry {
        data: Some(data),
        pub_key: Some(public),
        signature_v2: Some(signature),
        ..IpnsEntry::default()
    };
    (name, entry.encode_to_vec())
}

fn record(base64: &str) -> UnverifiedRecord {
    UnverifiedRecord::parse(&BASE64.decode(base64.as_bytes()).unwrap()).unwrap()
}

#[test]
fn records_are_verified_by_the_key_they_carry() {
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    for (base64, hash, start) in [
        (RSA, RSA_HASH, "k2k4r8"),
        (SECP256K1, SECP256K1_KEY, "kzwfwjn5ji4"),
        (WITHOUT_TTL, "", "k51qzi5uqu5"),
    ] {
        let signed = record(base64);
        let key = signed.own_key().unwrap().unwrap();
        assert!(key.name().starts_with(start), "{}", key.name());
        assert!(HEXLOWER.encode(key.cid().hash().digest()).ends_with(hash));
        assert_eq!(signed.signatures_of(&key), (true, None));
        signed.verify_by(&key, now).unwrap();
        let late = "2101-01-01T00:00:00Z".parse().unwrap();
        assert!(matches!(signed.verify_by(&key, late), Err(RecordError::Expired { .. })));
        // Of what is signed each byte counts.
        let mut bytes = BASE64.decode(base64.as_bytes()).unwrap();
        let at = bytes.windows(8).position(|window| window == b"Sequence").unwrap() + 8;
        bytes[at] ^= 1;
        let changed = UnverifiedRecord::parse(&bytes).unwrap();
        assert_eq!(changed.verify_by(&key, now), Err(RecordError::OwnSignature));
    }
}

#[test]
fn a_name_holds_its_key_or_the_hash_of_it() {
    let [rsa, other, own] = [RSA, SECP256K1, WITHOUT_TTL].map(|base64| record(base64).own_key());
    let [rsa, other, own] = [rsa, other, own].map(|key| key.unwrap().unwrap());
    assert!(OwnKey::of_name(&rsa.cid()).is_none());
    for key in [other, own] {
        assert_eq!(OwnKey::of_name(&key.cid()).unwrap().cid(), key.cid());
    }
    assert_eq!(rsa.ed25519(), None);
}

#[test]
fn a_record_without_a_ttl_is_read() {
    let signed = record(WITHOUT_TTL);
    assert_eq!((signed.fields().has_ttl, signed.fields().ttl_ns), (false, 0));
    let name = signed.own_key().unwrap().unwrap().ed25519().unwrap();
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    let verified = signed.verify(&name, now).unwrap();
    assert_eq!(verified.fields().sequence, 7);
    let revision = crate::ipns::Revision::from_record(name, verified.fields());
    assert_eq!(revision.ttl_ns, None);
}

#[test]
fn what_is_no_key_is_refused() {
    let good = record(RSA).own_key().unwrap().unwrap().bytes;
    let cut = &good[..good.len() - 1];
    for bad in [&b""[..], b"\x08\x00", b"\x08\x01\x12\x01x", b"\x08\x02\x12\x01x", b"\x08\x03", cut]
    {
        assert!(OwnKey::parse(bad).is_err(), "{bad:?}");
    }
    for end in 0..good.len() {
        let _ = OwnKey::parse(&good[..end]);
        let _ = rsa_of_spki(&good[end..]);
    }
}
