//! IPNS records: read, bounded, verified. [The record](crate::spec::ipns),
//! <https://specs.ipfs.tech/ipns/ipns-record/>.

use jiff::Timestamp;
use prost::Message;

use super::own_key::{OwnKey, name_of};
use super::record_data::{self, RecordData};
use super::record_error::{MAX_RECORD_BYTES, RecordError};
use crate::keys::IpnsName;

/// What is signed under signature V2: this text, then the DAG-CBOR data.
pub(super) const V2_PREFIX: &[u8] = b"ipns-signature:";

/// The protobuf message `IpnsEntry`; fields 1 to 6 are for old readers (V1).
#[derive(Clone, PartialEq, Message)]
pub(super) struct IpnsEntry {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub value: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub signature_v1: Option<Vec<u8>>,
    #[prost(int32, optional, tag = "3")]
    pub validity_type: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub validity: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "5")]
    pub sequence: Option<u64>,
    #[prost(uint64, optional, tag = "6")]
    pub ttl: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "7")]
    pub pub_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "8")]
    pub signature_v2: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "9")]
    pub data: Option<Vec<u8>>,
}

/// What a record says. Where it came from decides whether that is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFields {
    /// What the name points to: `/ipfs/<cid>`.
    pub value: String,
    /// Rises with each publication.
    pub sequence: u64,
    /// Until when the record is good: RFC 3339, as written in the record.
    pub validity: String,
    /// How long the record may be cached, in nanoseconds; 0 also where it does not say.
    pub ttl_ns: u64,
    /// Whether it says so.
    pub has_ttl: bool,
    expires: Timestamp,
}

impl RecordFields {
    /// The validity as an instant.
    pub fn validity(&self) -> Timestamp {
        self.expires
    }

    /// The validity for a person: the instant, or the text where that lies beyond all instants.
    pub fn until(&self) -> String {
        match self.expires == Timestamp::MAX {
            true => self.validity.clone(),
            false => self.expires.to_string(),
        }
    }

    /// Whether the validity lies before `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now > self.expires
    }

    /// w3name's rule: the sequence, the validity, the length. Beyond the last instant the text
    /// tells: it is of one length, and in UTC.
    pub(crate) fn rank(&self, bytes: usize) -> impl Ord + use<> {
        let beyond = (self.expires == Timestamp::MAX).then(|| self.validity.clone());
        (self.sequence, self.expires, beyond, bytes)
    }

    fn from_data(data: &RecordData) -> Result<Self, RecordError> {
        let validity = String::from_utf8_lossy(&data.validity).into_owned();
        let expires = parse_validity(&validity)?;
        Ok(Self {
            value: record_data::value_text(&data.value)?,
            sequence: data.sequence,
            validity,
            ttl_ns: data.ttl_ns.unwrap_or_default(),
            has_ttl: data.ttl_ns.is_some(),
            expires,
        })
    }
}

/// A record as it came: well formed, its signature not yet checked.
#[derive(Clone, Debug)]
pub struct UnverifiedRecord {
    bytes: Vec<u8>,
    entry: IpnsEntry,
    data: RecordData,
    fields: RecordFields,
}

/// A record whose V2 signature is its name's and whose V1 fields do not contradict it.
///
/// It may have expired: [`UnverifiedRecord::verify`] refuses that,
/// [`UnverifiedRecord::verify_signature`] does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRecord {
    bytes: Vec<u8>,
    name: IpnsName,
    fields: RecordFields,
}

impl UnverifiedRecord {
    /// Reads the protobuf and the DAG-CBOR in it: size, form, and the five fields.
    ///
    /// # Errors
    /// [`RecordError`] from `TooLarge` to `Validity`. Unknown fields are accepted in both forms.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(RecordError::TooLarge(bytes.len()));
        }
        let entry =
            IpnsEntry::decode(bytes).map_err(|error| RecordError::Protobuf(error.to_string()))?;
        let is_empty = |field: &Option<Vec<u8>>| field.as_deref().unwrap_or_default().is_empty();
        match (is_empty(&entry.data), is_empty(&entry.signature_v2)) {
            (true, true) if !is_empty(&entry.signature_v1) => return Err(RecordError::V1Only),
            (true, _) => return Err(RecordError::NoData),
            (false, true) => return Err(RecordError::NoSignature),
            (false, false) => {}
        }
        let data = RecordData::decode(entry.data.as_deref().unwrap_or_default())?;
        let fields = RecordFields::from_data(&data)?;
        Ok(Self { bytes: bytes.to_vec(), entry, data, fields })
    }

    /// What the record says, for display: nothing has been verified.
    pub fn fields(&self) -> &RecordFields {
        &self.fields
    }

    /// Checks everything a reader must, the expiry included.
    ///
    /// # Errors
    /// As [`verify_signature`](Self::verify_signature), and [`RecordError::Expired`].
    pub fn verify(self, name: &IpnsName, now: Timestamp) -> Result<VerifiedRecord, RecordError> {
        let record = self.verify_signature(name)?;
        if record.is_expired(now) {
            return Err(RecordError::Expired { validity: record.fields.validity, now });
        }
        Ok(record)
    }

    /// Checks that signature V2 is `name`'s, that a public key inside is `name`'s, and that V1
    /// fields agree with the signed data. A wrong signature V1 does not matter; nor does expiry.
    ///
    /// # Errors
    /// [`RecordError::PublicKey`], [`RecordError::Signature`], [`RecordError::V1Contradiction`].
    pub fn verify_signature(self, name: &IpnsName) -> Result<VerifiedRecord, RecordError> {
        let key = self.entry.pub_key.as_deref().unwrap_or_default();
        if !key.is_empty() && key != name.libp2p_public_key() {
            return Err(RecordError::PublicKey(*name));
        }
        if !self.check_signature_v2(name) {
            return Err(RecordError::Signature(*name));
        }
        self.check_v1_fields()?;
        Ok(VerifiedRecord { bytes: self.bytes, name: *name, fields: self.fields })
    }

    /// The public key that the record carries, where it does. Whose name that is it says itself:
    /// [`OwnKey::cid`].
    ///
    /// # Errors
    /// [`RecordError::OwnKey`] for what is no key, or of another kind.
    pub fn own_key(&self) -> Option<Result<OwnKey, RecordError>> {
        let key = self.entry.pub_key.as_deref().filter(|key| !key.is_empty())?;
        Some(OwnKey::parse(key).map_err(RecordError::OwnKey))
    }

    /// The name whose key it carries, of whatever kind that is.
    pub fn carried_name(&self) -> Option<cid::Cid> {
        self.entry.pub_key.as_deref().filter(|key| !key.is_empty()).map(name_of)
    }

    /// Its length, in bytes.
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Checks everything a reader must, of a name that is `key`'s.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), with [`RecordError::OwnSignature`] in place of the others that
    /// are about signatures.
    pub fn verify_by(&self, key: &OwnKey, now: Timestamp) -> Result<(), RecordError> {
        let (v2, _) = self.signatures_of(key);
        if !v2 {
            return Err(RecordError::OwnSignature);
        }
        self.check_v1_fields()?;
        match self.fields.is_expired(now) {
            true => Err(RecordError::Expired { validity: self.fields.validity.clone(), now }),
            false => Ok(()),
        }
    }

    /// Whether signature V2 is `key`'s, and signature V1, where there is one.
    pub fn signatures_of(&self, key: &OwnKey) -> (bool, Option<bool>) {
        let bytes = |field: &Option<Vec<u8>>| field.clone().unwrap_or_default();
        let signed = [V2_PREFIX, &bytes(&self.entry.data)].concat();
        let v2 = key.verify(&signed, &bytes(&self.entry.signature_v2));
        let v1 = Some(bytes(&self.entry.signature_v1)).filter(|signature| !signature.is_empty());
        (v2, v1.map(|signature| key.verify(&signed_v1(&self.entry), &signature)))
    }

    /// Whether signature V2, which decides, is `name`'s over the data.
    pub fn check_signature_v2(&self, name: &IpnsName) -> bool {
        let data = self.entry.data.as_deref().unwrap_or_default();
        let signature = self.entry.signature_v2.as_deref().unwrap_or_default();
        name.verify(&[V2_PREFIX, data].concat(), signature)
    }

    /// Whether signature V1 is `name`'s over the V1 fields; `None` when there is none.
    pub fn check_signature_v1(&self, name: &IpnsName) -> Option<bool> {
        let signature = self.entry.signature_v1.as_deref().filter(|bytes| !bytes.is_empty())?;
        Some(name.verify(&signed_v1(&self.entry), signature))
    }

    /// As boxo does: with a value or a signature of V1 every V1 field must agree, an absent one
    /// counting as zero. Without both, we still refuse a field that is there and disagrees.
    fn check_v1_fields(&self) -> Result<(), RecordError> {
        let (entry, data) = (&self.entry, &self.data);
        let filled = |field: &Option<Vec<u8>>| field.as_ref().is_some_and(|b| !b.is_empty());
        let all = filled(&entry.value) || filled(&entry.signature_v1);
        let bytes_agree = |field: &Option<Vec<u8>>, signed: &[u8]| match field {
            Some(bytes) => bytes == signed,
            None => !all || signed.is_empty(),
        };
        let number_agrees = |field: Option<u64>, signed: u64| match field {
            Some(number) => number == signed,
            None => !all || signed == 0,
        };
        let agreements = [
            ("value", bytes_agree(&entry.value, &data.value)),
            ("validity", bytes_agree(&entry.validity, &data.validity)),
            ("validityType", entry.validity_type.unwrap_or_default() == 0),
            ("sequence", number_agrees(entry.sequence, data.sequence)),
            ("ttl", number_agrees(entry.ttl, data.ttl_ns.unwrap_or_default())),
        ];
        match agreements.iter().find(|(_, agrees)| !agrees) {
            Some((field, _)) => Err(RecordError::V1Contradiction(field)),
            None => Ok(()),
        }
    }
}

impl VerifiedRecord {
    /// What the name's owner signed.
    pub fn fields(&self) -> &RecordFields {
        &self.fields
    }

    /// The record as it came, to be passed on.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whose record it is.
    pub fn name(&self) -> &IpnsName {
        &self.name
    }

    /// Whether the validity lies before `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.fields.is_expired(now)
    }

    /// w3name's rule, whether this record replaces `other`: its sequence is higher; or equal
    /// with a later validity; or both are equal and it is longer. Both must be one name's.
    pub fn supersedes(&self, other: &VerifiedRecord) -> bool {
        let rank = |record: &VerifiedRecord| record.fields.rank(record.bytes.len());
        self.name == other.name && rank(self) > rank(other)
    }
}

/// What signature V1 covers: value ‖ validity ‖ `EOL`, the name of validity type 0.
pub(super) fn signed_v1(entry: &IpnsEntry) -> Vec<u8> {
    let value = entry.value.as_deref().unwrap_or_default();
    let validity = entry.validity.as_deref().unwrap_or_default();
    [value, validity, b"EOL"].concat()
}

/// RFC 3339 alone: jiff reads more forms of time than other implementations do. As boxo does, of
/// a fraction nine digits count. The last two days of the year 9999, which some write for "always",
/// are the last instant there is here.
pub(super) fn parse_validity(text: &str) -> Result<Timestamp, RecordError> {
    let wrong = || RecordError::Validity(text.chars().take(64).collect());
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let plain = bytes.iter().all(|b| b.is_ascii_digit() || b"-:TZ.+".contains(b));
    let shaped = separators.iter().all(|&(at, byte)| bytes.get(at) == Some(&byte));
    if !plain || !shaped || bytes.len() > 64 {
        return Err(wrong());
    }
    let (whole, rest) = text.split_at_checked(19).ok_or_else(wrong)?;
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let text = match digits > 9 {
        true => format!("{whole}.{}{}", &fraction[..9], &fraction[digits..]),
        false => text.to_owned(),
    };
    let last_days = || {
        let year_before = text.strip_prefix("9999-12-3").map(|rest| format!("9998-12-3{rest}"))?;
        year_before.parse::<Timestamp>().ok().map(|_| Timestamp::MAX)
    };
    text.parse().ok().or_else(last_days).ok_or_else(wrong)
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
