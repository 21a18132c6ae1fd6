//! IPNS names of keys that are not ed25519: their records are verified by the key that the name
//! holds, or that the record carries and whose hash is the name.

use cid::Cid;
use jiff::Timestamp;

use super::GatewayRecords;
use super::form::Content;
use super::served::Served;
use crate::ipns::{OwnKey, PublishError, RecordError, UnverifiedRecord};
use crate::recordhash::base36;

/// What cannot be checked is neither good nor bad.
const UNCHECKED: PublishError =
    PublishError::FilesOnly("it serves no IPNS record whose signature can be checked here");

/// What a gateway has for such a name.
pub(super) async fn other_record(
    gateway: &GatewayRecords,
    name: &Cid,
) -> Result<Option<Served>, PublishError> {
    let record = gateway.fetch(&Content::IpnsOther(*name)).await?;
    record.map(|record| verified(&record, name)).transpose()
}

fn verified(record: &UnverifiedRecord, name: &Cid) -> Result<Served, PublishError> {
    let is_carried = record.carried_name().map(|carried| carried == *name);
    let key = match (OwnKey::of_name(name), record.own_key(), is_carried) {
        (Some(key), ..) | (None, Some(Ok(key)), Some(true)) => key,
        // Of another kind, or none at all.
        (None, _, Some(true) | None) => return Err(UNCHECKED),
        (None, _, Some(false)) => {
            return Err(PublishError::NoRecord(RecordError::OtherKey(base36(name))));
        }
    };
    // Whether it has expired is seen later.
    record.verify_by(&key, Timestamp::MIN).map_err(PublishError::NoRecord)?;
    Ok(Served { fields: record.fields().clone(), length: record.length() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipns::own_key::tests::{RSA, by_secp256k1};

    fn parsed(bytes: &[u8]) -> UnverifiedRecord {
        UnverifiedRecord::parse(bytes).unwrap()
    }

    #[test]
    fn the_key_of_the_name_decides() {
        let rsa = data_encoding::BASE64.decode(RSA.as_bytes()).unwrap();
        let name = parsed(&rsa).carried_name().unwrap();
        assert_eq!(verified(&parsed(&rsa), &name).unwrap().fields.sequence, 7);
        let (k256, signed) = by_secp256k1(&rsa, 3);
        assert_eq!(verified(&parsed(&signed), &k256).unwrap().length, signed.len());
        // Another's record, whatever key it carries.
        let of_rsa = verified(&parsed(&signed), &name).err();
        assert!(matches!(of_rsa, Some(PublishError::NoRecord(RecordError::OtherKey(_)))));
        let of_k256 = verified(&parsed(&rsa), &k256).err();
        assert_eq!(of_k256, Some(PublishError::NoRecord(RecordError::OwnSignature)));
        let mut changed = signed.clone();
        let at = changed.windows(8).position(|window| window == b"Sequence").unwrap() + 8;
        changed[at] ^= 1;
        let changed = verified(&parsed(&changed), &k256).err();
        assert_eq!(changed, Some(PublishError::NoRecord(RecordError::OwnSignature)));
    }

    #[test]
    fn what_cannot_be_checked_is_not_called_bad() {
        // An ECDSA key (kind 3), and a record of an RSA name without its key.
        let rsa = data_encoding::BASE64.decode(RSA.as_bytes()).unwrap();
        let mut ecdsa = rsa.clone();
        let at = ecdsa.windows(4).position(|window| window == b"\x08\x00\x12\xa6").unwrap() + 1;
        ecdsa[at] = 3;
        let name = parsed(&ecdsa).carried_name().unwrap();
        assert_eq!(verified(&parsed(&ecdsa), &name).err(), Some(UNCHECKED));
        let name = parsed(&rsa).carried_name().unwrap();
        let key = crate::keys::IpnsKey::from_seed(&[7; 32].into());
        let validity = "2030-01-01T00:00:00Z".parse().unwrap();
        let without = crate::ipns::create_v2_only(
            &key,
            "/ipfs/bafkqaaa",
            1,
            validity,
            std::time::Duration::ZERO,
        )
        .unwrap();
        assert_eq!(verified(&parsed(&without), &name).err(), Some(UNCHECKED));
    }
}
