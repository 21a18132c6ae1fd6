//! IPNS: records, w3name revisions, publishers.

mod kubo;
pub(crate) mod own_key;
mod probe;
mod publish;
mod record;
mod record_create;
mod record_data;
mod record_error;
mod record_file;
mod revision;
mod routing;
mod w3name;

pub use kubo::KuboPublisher;
pub use own_key::OwnKey;
pub use probe::{PublisherProbe, probe_publisher};
pub use publish::{
    PublishError, Published, Publisher, ReadBack, RecordSource, publish_and_read_back,
};
pub use record::{RecordFields, UnverifiedRecord, VerifiedRecord};
pub use record_create::{Validity, create, create_until, create_v2_only, valid_until};
pub use record_error::{MAX_RECORD_BYTES, RecordError};
pub use record_file::RecordFile;
pub use revision::{MAX_REVISION_BYTES, Revision, RevisionError};
pub use routing::{DelegatedRouting, RECORD_MEDIA_TYPE};
pub use w3name::W3name;
