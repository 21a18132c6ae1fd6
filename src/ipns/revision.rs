//! w3name revisions: what the ENSIP-19 `version` carries ([seed 004](crate::spec::ipns)), from
//! which the next record follows.
//!
//! A plain CBOR map of name, value, sequence, validity and, when known, ttl.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use minicbor::{Decoder, Encoder};

use super::record::{RecordFields, parse_validity};
use crate::keys::{IpnsName, IpnsNameError};

/// A revision holds what a record holds, and cannot be longer.
pub const MAX_REVISION_BYTES: usize = super::MAX_RECORD_BYTES;

/// A state of an IPNS name, unsigned: what was published, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Whose.
    pub name: IpnsName,
    /// What the name points to: `/ipfs/<cid>`.
    pub value: String,
    /// 0 at first, then one more each time.
    pub sequence: u64,
    /// Until when: RFC 3339, w3name writes milliseconds.
    pub validity: String,
    /// How long a reader may cache, in nanoseconds; older revisions do not say.
    pub ttl_ns: Option<u64>,
}

/// Why bytes are not a revision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevisionError {
    /// Longer than [`MAX_REVISION_BYTES`].
    #[error("the revision has {0} bytes; at most {MAX_REVISION_BYTES} are allowed")]
    TooLarge(usize),
    /// Not the CBOR map.
    #[error("this is not a w3name revision: {0}")]
    Cbor(String),
    /// The name inside is none.
    #[error("the revision's name: {0}")]
    Name(#[from] IpnsNameError),
    /// The validity inside is no time.
    #[error("the revision's validity {0:?} is not a time such as 2025-01-30T20:10:08.291Z")]
    Validity(String),
    /// No sequence comes after.
    #[error("the revision's sequence {0} is the last one there is")]
    LastSequence(u64),
}

impl Revision {
    /// The first revision of a name, sequence 0.
    pub fn first(name: IpnsName, value: &str, validity: Timestamp) -> Self {
        let validity = validity_text(validity);
        Self { name, value: value.to_owned(), sequence: 0, validity, ttl_ns: None }
    }

    /// What a record of `name` says, as a revision.
    pub fn from_record(name: IpnsName, fields: &RecordFields) -> Self {
        Self {
            name,
            value: fields.value.clone(),
            sequence: fields.sequence,
            validity: validity_text(fields.validity()),
            ttl_ns: fields.has_ttl.then_some(fields.ttl_ns),
        }
    }

    /// The next revision, as w3name's `increment`: sequence + 1 and a new validity (w3name's is a
    /// year from now); the value stays unless one is given, the ttl stays.
    ///
    /// # Errors
    /// [`RevisionError::LastSequence`] at 2^63 − 1.
    pub fn increment(
        &self,
        value: Option<&str>,
        validity: Timestamp,
    ) -> Result<Self, RevisionError> {
        let sequence = self.sequence.checked_add(1).filter(|next| i64::try_from(*next).is_ok());
        Ok(Self {
            name: self.name,
            value: value.unwrap_or(&self.value).to_owned(),
            sequence: sequence.ok_or(RevisionError::LastSequence(self.sequence))?,
            validity: validity_text(validity),
            ttl_ns: self.ttl_ns,
        })
    }

    /// The CBOR, keys in the order ttl, name, value, sequence, validity.
    pub fn encode(&self) -> Vec<u8> {
        let mut cbor = Encoder::new(Vec::new());
        let name = self.name.to_string();
        cbor.map(4 + u64::from(self.ttl_ns.is_some()))
            .and_then(|c| match self.ttl_ns {
                Some(ttl) => c.str("ttl")?.u64(ttl),
                None => Ok(c),
            })
            .and_then(|c| c.str("name")?.str(&name)?.str("value")?.str(&self.value))
            .and_then(|c| c.str("sequence")?.u64(self.sequence))
            .and_then(|c| c.str("validity")?.str(&self.validity))
            .expect("writing to memory does not fail");
        cbor.into_writer()
    }

    /// Reads a revision; keys may come in any order.
    ///
    /// # Errors
    /// As [`RevisionError`] says. Unknown or repeated keys and trailing bytes are refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, RevisionError> {
        if bytes.len() > MAX_REVISION_BYTES {
            return Err(RevisionError::TooLarge(bytes.len()));
        }
        let cbor = |error: minicbor::decode::Error| RevisionError::Cbor(error.to_string());
        let (mut name, mut value, mut sequence, mut validity, mut ttl) =
            (None, None, None, None, None);
        let mut decoder = Decoder::new(bytes);
        let entries = decoder.map().map_err(cbor)?;
        let entries = entries.ok_or_else(|| wrong("the map has no definite length"))?;
        for _ in 0..entries {
            let key = decoder.str().map_err(cbor)?;
            let twice = match key {
                "name" => name.replace(decoder.str().map_err(cbor)?).is_some(),
                "value" => value.replace(decoder.str().map_err(cbor)?).is_some(),
                "sequence" => sequence.replace(number(&mut decoder)?).is_some(),
                "validity" => validity.replace(decoder.str().map_err(cbor)?).is_some(),
                "ttl" => ttl.replace(number(&mut decoder)?).is_some(),
                _ => return Err(wrong(&format!("it has the unknown key {key:?}"))),
            };
            if twice {
                return Err(wrong(&format!("key {key:?} is there twice")));
            }
        }
        if decoder.position() != bytes.len() {
            return Err(wrong("bytes follow the map"));
        }
        let missing = |key: &'static str| move || wrong(&format!("{key} is missing"));
        let validity = validity.ok_or_else(missing("validity"))?;
        parse_validity(validity)
            .map_err(|_| RevisionError::Validity(validity.chars().take(64).collect()))?;
        Ok(Self {
            name: name.ok_or_else(missing("name"))?.parse()?,
            value: value.ok_or_else(missing("value"))?.to_owned(),
            sequence: sequence.ok_or_else(missing("sequence"))?,
            validity: validity.to_owned(),
            ttl_ns: ttl,
        })
    }
}

fn wrong(reason: &str) -> RevisionError {
    RevisionError::Cbor(reason.to_owned())
}

/// A number of a record: below 2^63.
fn number(decoder: &mut Decoder<'_>) -> Result<u64, RevisionError> {
    let number = decoder.u64().map_err(|error| RevisionError::Cbor(error.to_string()))?;
    match i64::try_from(number) {
        Ok(_) => Ok(number),
        Err(_) => Err(wrong(&format!("the number {number} is not below 2^63"))),
    }
}

/// As JavaScript's `Date.toISOString` writes it.
fn validity_text(validity: Timestamp) -> String {
    DateTimePrinter::new().precision(Some(3)).timestamp_to_string(&validity)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    fn cases() -> Vec<serde_json::Value> {
        let file = include_str!("../../tests/vectors/ipns.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        file["cases"].as_array().unwrap().clone()
    }

    fn seed_example() -> Vec<u8> {
        let seed = include_str!("../../tests/vectors/seed-004-ensip-19.md");
        let (_, rest) = seed.split_once("let version = \"0x").unwrap();
        bytes(rest.split_once('"').unwrap().0)
    }

    #[test]
    fn revisions_equal_the_vectors_in_both_forms() {
        for case in cases() {
            let text = |key: &str| case[key].as_str().unwrap().to_owned();
            let mut revision = Revision {
                name: text("ipns_name").parse().unwrap(),
                value: text("value"),
                sequence: case["sequence"].as_u64().unwrap(),
                validity: text("validity"),
                ttl_ns: case["ttl_ns"].as_u64(),
            };
            let record = super::super::UnverifiedRecord::parse(&bytes(&text("record_v2")));
            let from_record = Revision::from_record(revision.name, record.unwrap().fields());
            assert_eq!(from_record, revision);
            assert_eq!(revision.encode(), bytes(&text("revision_cbor")));
            assert_eq!(Revision::decode(&revision.encode()), Ok(revision.clone()));
            revision.ttl_ns = None;
            assert_eq!(revision.encode(), bytes(&text("revision_cbor_without_ttl")));
            assert_eq!(Revision::decode(&revision.encode()), Ok(revision));
        }
    }

    #[test]
    fn the_example_of_the_seed_decodes_and_increments() {
        let revision = Revision::decode(&seed_example()).unwrap();
        let name = "k51qzi5uqu5dg89h13y0778tnpdinrapv6kiyuj4aifvvokyu9b2llcu7zcjsq";
        assert_eq!(revision.name.to_string(), name);
        let value = "/ipfs/bafybeib24abrrlurxmgedaekfz2v2eatpzo2l5cbvdoay4hnpenuzojt6b";
        assert_eq!((revision.value.as_str(), revision.sequence), (value, 1));
        assert_eq!(revision.validity, "2025-01-30T20:10:08.291Z");
        assert_eq!(revision.ttl_ns, None);
        assert_eq!(revision.encode(), seed_example());

        let validity = "2027-11-20T00:00:00Z".parse().unwrap();
        let next = revision.increment(None, validity).unwrap();
        assert_eq!((next.sequence, &next.value), (2, &revision.value));
        assert_eq!(next.validity, "2027-11-20T00:00:00.000Z");
        let next = next.increment(Some("/ipfs/bafkqaaa"), validity).unwrap();
        assert_eq!((next.sequence, next.value.as_str()), (3, "/ipfs/bafkqaaa"));

        let last = Revision { sequence: i64::MAX as u64, ..revision.clone() };
        let error = RevisionError::LastSequence(last.sequence);
        assert_eq!(last.increment(None, validity), Err(error));
        let first = Revision::first(revision.name, "/ipfs/bafkqaaa", validity);
        assert_eq!(first.sequence, 0);
    }

    #[test]
    fn what_is_no_revision_is_refused_with_its_reason() {
        let good = data_encoding::HEXLOWER.encode(&seed_example());
        let error = |hex: &str| Revision::decode(&bytes(hex)).unwrap_err();
        let reason = |hex: &str| match error(hex) {
            RevisionError::Cbor(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert!(!reason("").is_empty());
        assert!(!reason("80").is_empty());
        assert!(!reason(&good[..good.len() - 2]).is_empty());
        assert_eq!(reason("bfff"), "the map has no definite length");
        assert_eq!(reason("a0"), "validity is missing");
        assert_eq!(reason(&format!("{good}00")), "bytes follow the map");
        assert_eq!(reason(&format!("a5{}616101", &good[2..])), "it has the unknown key \"a\"");
        let twice = format!("a5{}6873657175656e636501", &good[2..]);
        assert_eq!(reason(&twice), "key \"sequence\" is there twice");
        let huge = good.replace("73657175656e636501", "73657175656e63651bffffffffffffffff");
        assert_eq!(reason(&huge), "the number 18446744073709551615 is not below 2^63");
        let no_name = good.replace("6b3531", "6b3532");
        assert!(matches!(error(&no_name), RevisionError::Name(_)));
        let no_time = good.replace("323032352d", "3230323578");
        assert!(matches!(error(&no_time), RevisionError::Validity(_)));
        let large = RevisionError::TooLarge(20_000);
        assert_eq!(Revision::decode(&vec![0; 20_000]), Err(large));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Revision::decode(&tail);
            let _ = Revision::decode(&[&seed_example()[..60], &tail].concat());
        }
    }
}
