//! IPNS: records, w3name revisions, publishers.

mod publish;
mod record;
mod record_create;
mod record_data;
mod revision;
mod routing;
mod w3name;

pub use publish::{PublishError, Published, Publisher, ReadBack, publish_and_read_back};
pub use record::{MAX_RECORD_BYTES, RecordError, RecordFields, UnverifiedRecord, VerifiedRecord};
pub use record_create::{create, create_v2_only};
pub use revision::{MAX_REVISION_BYTES, Revision, RevisionError};
pub use routing::{DelegatedRouting, RECORD_MEDIA_TYPE};
pub use w3name::W3name;
