//! Why bytes are not an IPNS record, or not a good one.

use jiff::Timestamp;

use crate::keys::IpnsName;

/// No IPNS record is longer, in bytes.
pub const MAX_RECORD_BYTES: usize = 10 * 1024;

/// Why a record is not one, or not this name's, or no longer good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Over [`MAX_RECORD_BYTES`].
    #[error("the IPNS record has {0} bytes; at most {MAX_RECORD_BYTES} are allowed")]
    TooLarge(usize),
    /// Not the protobuf message.
    #[error("this is not an IPNS record: {0}")]
    Protobuf(String),
    /// Only the fields of version 1.
    #[error(
        "the IPNS record has a V1 signature only; nobody accepts these any more: publish again \
         with a program that signs V2"
    )]
    V1Only,
    /// Field `data` missing or empty.
    #[error("the IPNS record lacks its signed data (field 9)")]
    NoData,
    /// Field `signatureV2` missing or empty.
    #[error("the IPNS record lacks its V2 signature (field 8)")]
    NoSignature,
    /// `data` is not the DAG-CBOR map of a record.
    #[error("the signed data of the IPNS record is malformed: {0}")]
    Data(String),
    /// The validity is not an RFC 3339 time.
    #[error("the validity {0:?} is not a time such as 2030-01-30T20:10:08.291000000Z (RFC 3339)")]
    Validity(String),
    /// The record carries another key than the name's.
    #[error("the IPNS record carries a public key that is not {0}'s")]
    PublicKey(IpnsName),
    /// The key it carries is none that could have signed it.
    #[error("the IPNS record carries a public key that cannot be used: {0}")]
    OwnKey(String),
    /// The record carries another key than that of a name of another kind.
    #[error("the IPNS record carries no public key of {0}, without which it cannot be checked")]
    OtherKey(String),
    /// Signature V2 is not that of the key at hand over the data.
    #[error("the IPNS record is not signed by its key: changed since, or another's")]
    OwnSignature,
    /// Signature V2 is not the name's over the data.
    #[error("the IPNS record is not signed by {0}: another name's record, or changed since")]
    Signature(IpnsName),
    /// An unsigned V1 field says something else than the signed data.
    #[error("the IPNS record contradicts itself: its V1 field {0} differs from the signed data")]
    V1Contradiction(&'static str),
    /// Its validity lies in the past.
    #[error("the IPNS record expired at {validity} (it is {now}); publish a new one")]
    Expired {
        /// Until when it was valid, as in the record.
        validity: String,
        /// The time it was compared with.
        now: Timestamp,
    },
    /// To be written: a value that is no path.
    #[error("{0:?} is not a value for an IPNS record; one looks like /ipfs/bafy… or /ipns/k51…")]
    Value(String),
    /// To be written: a number other implementations cannot hold.
    #[error("the {field} of an IPNS record must be below 2^63, not {value}")]
    TooBig {
        /// `sequence` or `TTL in nanoseconds`.
        field: &'static str,
        /// What was given.
        value: u128,
    },
}
