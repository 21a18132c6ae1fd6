//! What a record says that somebody served, of whatever kind of key.

use crate::ipns::{RecordFields, VerifiedRecord};

/// What a record says whose signature is its name's. It may have expired.
pub(super) struct Served {
    pub(super) fields: RecordFields,
    /// In bytes.
    pub(super) length: usize,
}

impl Served {
    pub(super) fn of(record: &VerifiedRecord) -> Self {
        Self { fields: record.fields().clone(), length: record.bytes().len() }
    }

    pub(super) fn supersedes(&self, other: &Self) -> bool {
        self.fields.rank(self.length) > other.fields.rank(other.length)
    }
}
