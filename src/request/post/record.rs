//! One record of a body.

use crate::record::{RecordKey, Value};
use crate::request::SignedRecord;

/// One record on the way to a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedRecord {
    /// Which record.
    pub key: RecordKey,
    /// Its value, which is the one in the payload.
    pub value: Value,
    /// Seconds since 1970; signed by nobody.
    pub timestamp: u64,
    /// Signer, signatures and value: the `data`.
    pub payload: SignedRecord,
}
