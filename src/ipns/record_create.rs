//! Writing IPNS records: V1 and V2 together, as every deployed writer does, or V2 alone.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use cid::Cid;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use prost::Message;

use super::record::{IpnsEntry, V2_PREFIX, parse_validity, signed_v1};
use super::record_data::RecordData;
use super::record_error::{MAX_RECORD_BYTES, RecordError};
use crate::keys::IpnsKey;
use crate::multiformats::parse_long_identity;

/// Until when a record is to be good, and how that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity(String);

impl Validity {
    /// The instant, or the last one there is.
    pub fn instant(&self) -> Timestamp {
        parse_validity(&self.0).unwrap_or(Timestamp::MAX)
    }

    /// For a person: the instant, or the text where that lies beyond all instants.
    pub fn until(&self) -> String {
        match self.instant() {
            instant if instant == Timestamp::MAX => self.0.clone(),
            instant => instant.to_string(),
        }
    }
}

impl From<Timestamp> for Validity {
    /// In UTC with nanoseconds, as every deployed writer does.
    fn from(time: Timestamp) -> Self {
        Self(DateTimePrinter::new().precision(Some(9)).timestamp_to_string(&time))
    }
}

/// As it stands in a record.
impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Validity {
    type Err = RecordError;

    /// RFC 3339. What lies beyond the last instant that can be computed with stays as it is.
    fn from_str(text: &str) -> Result<Self, RecordError> {
        Ok(match parse_validity(text)? {
            time if time == Timestamp::MAX => Self(text.to_owned()),
            time => time.into(),
        })
    }
}

/// When what is made `now` ends that is to be valid for so `long`: rounded down to the hour where it
/// is longer than two. Of two records of one sequence that were made in the same hour neither then
/// replaces the other ([IPNS](crate::spec::ipns)): whoever is first stays.
///
/// # Errors
/// Beyond the year 9999.
pub fn valid_until(now: Timestamp, long: Duration) -> Result<Timestamp, jiff::Error> {
    let (end, hour) = (now.checked_add(long)?, 3600);
    match long.as_secs() > 2 * hour {
        true => Timestamp::from_second(end.as_second() - end.as_second().rem_euclid(hour as i64)),
        false => Ok(end),
    }
}

/// Signs a record with V1 and V2 signatures, for old readers and new.
///
/// `value` is a path, `/ipfs/<cid>` or `/ipns/<name>`; `ttl` is how long readers may cache.
///
/// # Errors
/// [`RecordError::Value`], [`RecordError::TooBig`], [`RecordError::Validity`] outside the years
/// 0 to 9999, [`RecordError::TooLarge`].
pub fn create(
    key: &IpnsKey,
    value: &str,
    sequence: u64,
    validity: Timestamp,
    ttl: Duration,
) -> Result<Vec<u8>, RecordError> {
    create_until(key, value, sequence, validity.into(), ttl)
}

/// As [`create`], with a validity that may be none to compute with.
///
/// # Errors
/// As [`create`].
pub fn create_until(
    key: &IpnsKey,
    value: &str,
    sequence: u64,
    validity: Validity,
    ttl: Duration,
) -> Result<Vec<u8>, RecordError> {
    let data = record_data(value, sequence, validity, ttl)?;
    let mut entry = signed_v2(key, &data);
    entry.value = Some(data.value);
    entry.validity_type = Some(0);
    entry.validity = Some(data.validity);
    entry.sequence = Some(data.sequence);
    entry.ttl = data.ttl_ns;
    entry.signature_v1 = Some(key.sign(&signed_v1(&entry)).to_vec());
    bounded(&entry)
}

/// Signs a record with the V2 signature alone, the form w3name's own client writes.
///
/// # Errors
/// As [`create`].
pub fn create_v2_only(
    key: &IpnsKey,
    value: &str,
    sequence: u64,
    validity: Timestamp,
    ttl: Duration,
) -> Result<Vec<u8>, RecordError> {
    bounded(&signed_v2(key, &record_data(value, sequence, validity.into(), ttl)?))
}

fn record_data(
    value: &str,
    sequence: u64,
    Validity(validity): Validity,
    ttl: Duration,
) -> Result<RecordData, RecordError> {
    if !is_path(value) {
        return Err(RecordError::Value(value.chars().take(100).collect()));
    }
    let below = |field, value: u128| match i64::try_from(value) {
        Ok(number) => Ok(number.unsigned_abs()),
        Err(_) => Err(RecordError::TooBig { field, value }),
    };
    let sequence = below("sequence", sequence.into())?;
    let ttl_ns = below("TTL in nanoseconds", ttl.as_nanos())?;
    parse_validity(&validity)?;
    Ok(RecordData {
        value: value.into(),
        validity: validity.into(),
        sequence,
        ttl_ns: Some(ttl_ns),
    })
}

/// Whether other implementations accept the value as a content path.
fn is_path(value: &str) -> bool {
    let mut segments = value.split('/');
    match (segments.next(), segments.next(), segments.next()) {
        (Some(""), Some("ipfs"), Some(cid)) => {
            Cid::try_from(cid).is_ok() || parse_long_identity(cid).is_some()
        }
        (Some(""), Some("ipns"), Some(name)) => !name.is_empty(),
        _ => false,
    }
}

fn signed_v2(key: &IpnsKey, data: &RecordData) -> IpnsEntry {
    let cbor = data.encode();
    let signature = key.sign(&[V2_PREFIX, &cbor].concat());
    IpnsEntry { signature_v2: Some(signature.to_vec()), data: Some(cbor), ..Default::default() }
}

fn bounded(entry: &IpnsEntry) -> Result<Vec<u8>, RecordError> {
    let bytes = entry.encode_to_vec();
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(RecordError::TooLarge(bytes.len()));
    }
    Ok(bytes)
}
