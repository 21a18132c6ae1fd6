//! IPNS: records, w3name revisions, publishers.

mod record;
mod record_create;
mod record_data;
mod revision;

pub use record::{MAX_RECORD_BYTES, RecordError, RecordFields, UnverifiedRecord, VerifiedRecord};
pub use record_create::{create, create_v2_only};
pub use revision::{MAX_REVISION_BYTES, Revision, RevisionError};
