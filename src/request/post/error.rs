//! Why a body is none.

use alloy_primitives::B256;

use crate::ens::{Name, NameError};
use crate::record::{RecordKey, RecordKeyError, ValueError};
use crate::request::{PayloadError, SignatureError};

/// Why a body is none, or does not belong together.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// No JSON, an unknown or missing field, or one of another type.
    #[error("the body is not what is posted: {0}")]
    Json(#[from] serde_json::Error),
    /// Fields of neither form, or of both.
    #[error(
        "the body has neither ens and records (ENSIP-19) nor node, preimage and payload \
         (ERC-7700), or some of both"
    )]
    Form,
    /// Not a normalised name.
    #[error("the name of the body: {0}")]
    Name(#[from] NameError),
    /// A name that is longer than any.
    #[error("the name of the body has {bytes} bytes")]
    LongName {
        /// Its length.
        bytes: usize,
    },
    /// `node` is of another name.
    #[error("node is {node}, and that of {name} is {expected}")]
    Node {
        /// The name in `preimage`.
        name: Name,
        /// As given.
        node: String,
        /// Its namehash.
        expected: B256,
    },
    /// No record at all.
    #[error("the body has no record")]
    Empty,
    /// The same record more than once.
    #[error("the body has {0} twice")]
    Twice(RecordKey),
    /// A record that the body has no field for.
    #[error(
        "{0} cannot be posted to a database: the body has a place for text, address and \
         contenthash alone"
    )]
    NoPlace(RecordKey),
    /// Not a record type.
    #[error(transparent)]
    Key(#[from] RecordKeyError),
    /// A field that is not bytes.
    #[error("{field} of {of} is {given:?}, not 0x and an even number of hexadecimal digits")]
    Hex {
        /// The record, or `the body`.
        of: String,
        /// The field.
        field: &'static str,
        /// Its beginning.
        given: String,
    },
    /// The payload is none.
    #[error("data of {record}: {source}")]
    Payload {
        /// The record.
        record: RecordKey,
        /// Why.
        source: Box<PayloadError>,
    },
    /// A signature that no resolver takes.
    #[error("{field} of {record}: {source}")]
    Signature {
        /// The record.
        record: RecordKey,
        /// `signature` or `approval`.
        field: &'static str,
        /// Why.
        source: Box<SignatureError>,
    },
    /// Not a value of that record.
    #[error("{field} of {record}: {source}")]
    Value {
        /// The record.
        record: RecordKey,
        /// `value` or `data`.
        field: &'static str,
        /// Why.
        source: Box<ValueError>,
    },
    /// A field differs from what stands in `data`.
    #[error("{field} of {record} is not the one in its data")]
    Differs {
        /// The record.
        record: RecordKey,
        /// The field.
        field: &'static str,
    },
}
