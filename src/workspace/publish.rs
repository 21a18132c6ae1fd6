//! `publish`: upload the tree, make an IPNS record for its root where one is needed, give it to
//! every publisher, and read it back.

use std::path::Path;
use std::time::Duration;

use cid::Cid;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::{StateError, Workspace};
use crate::ipfs::upload::Upload;
use crate::ipns::{
    PublishError, Published, Publisher, ReadBack, RecordError, UnverifiedRecord, VerifiedRecord,
    create, publish_and_read_back,
};
use crate::keys::IpnsKey;
use crate::net::Progress;

/// What to publish and where. The caller holds the workspace's lock.
pub struct PublishRequest<'a> {
    /// Where records made here are kept.
    pub workspace: &'a Workspace,
    /// Whose record it is.
    pub key: &'a IpnsKey,
    /// The packed tree.
    pub car: &'a Path,
    /// Its root.
    pub root: Cid,
    /// Every one gets the tree.
    pub uploads: &'a [Box<dyn Upload>],
    /// Every one gets the record.
    pub publishers: &'a [Box<dyn Publisher>],
    /// Of a new record.
    pub validity: Timestamp,
    /// Of a new record: how long a reader may keep it.
    pub ttl: Duration,
    /// Of a new record, in place of the next one.
    pub sequence: Option<u64>,
    /// The clock.
    pub now: Timestamp,
    /// How long to look for the record after a service took it.
    pub read_back: ReadBack,
    /// Told about the bytes of the uploads.
    pub progress: Option<Progress>,
}

/// How one target did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetOutcome {
    /// Kind and address.
    pub to: String,
    /// Whether it has what was sent.
    pub ok: bool,
    /// Whether it was seen to serve it (publishers).
    pub read_back: bool,
    /// Why not.
    pub error: Option<String>,
}

/// What `publish` did.
#[derive(Clone, Debug)]
pub struct PublishOutcome {
    /// The record that all targets should have.
    pub record: VerifiedRecord,
    /// Whether it was made now; otherwise the root had not changed.
    pub new_record: bool,
    /// For each upload.
    pub uploads: Vec<TargetOutcome>,
    /// For each publisher; empty when no upload succeeded, for nobody could read the tree.
    pub publications: Vec<TargetOutcome>,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishTreeError {
    /// `--sequence` is not above what is out.
    #[error(
        "sequence {asked} is not above {known}, which {knower} has: readers keep the higher one"
    )]
    SequenceTooLow {
        /// What was asked for.
        asked: u64,
        /// The highest that is known.
        known: u64,
        /// Who has it.
        knower: String,
    },
    /// The sequence cannot grow.
    #[error("the sequence of {0} has reached its highest value")]
    SequenceExhausted(String),
    /// The record cannot be made.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The history cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A record that is known, and from where.
struct Known {
    record: VerifiedRecord,
    from: String,
}

/// Uploads the tree and publishes its root.
///
/// The sequence is the highest that the services and the workspace know, and one more. When the
/// newest known record holds the same root and has not expired, no new one is made: every target
/// is asked, and those that lack it get it.
///
/// # Errors
/// Those that stop everything; what happened at each target stands in the outcome.
pub async fn publish(request: &PublishRequest<'_>) -> Result<PublishOutcome, PublishTreeError> {
    let name = request.key.name();
    let served = join_all(request.publishers.iter().map(|publisher| publisher.get(&name))).await;
    let newest = newest(request, &served)?;
    let (record, new_record) = next_record(request, newest)?;
    let uploads = join_all(request.uploads.iter().map(|upload| send(request, &**upload))).await;
    let any_upload = uploads.is_empty() || uploads.iter().any(|outcome| outcome.ok);
    let mut publications = Vec::new();
    if any_upload {
        let each = request.publishers.iter().zip(&served);
        publications =
            join_all(each.map(|(publisher, served)| give(request, &**publisher, served, &record)))
                .await;
    }
    Ok(PublishOutcome { record, new_record, uploads, publications })
}

/// The record to publish without asking anyone: what `publish` would make from what the
/// workspace alone knows. Not kept.
///
/// # Errors
/// As [`publish`].
pub fn dry_record(
    request: &PublishRequest<'_>,
) -> Result<(VerifiedRecord, bool), PublishTreeError> {
    let newest = newest(request, &[])?;
    if let Some(current) = reusable(request, &newest) {
        return Ok((current, false));
    }
    Ok((make_record(request, newest.as_ref())?, true))
}

fn newest(
    request: &PublishRequest<'_>,
    served: &[Result<Option<VerifiedRecord>, PublishError>],
) -> Result<Option<Known>, PublishTreeError> {
    let kept = request.workspace.publications(&request.key.name())?.into_iter();
    let mut all: Vec<Known> =
        kept.map(|record| Known { record, from: "this workspace".to_owned() }).collect();
    for (publisher, served) in request.publishers.iter().zip(served) {
        if let Ok(Some(record)) = served {
            all.push(Known { record: record.clone(), from: publisher.describe() });
        }
    }
    let newer = |a: Known, b: Known| if b.record.supersedes(&a.record) { b } else { a };
    Ok(all.into_iter().reduce(newer))
}

/// The newest record, when it says what a new one would say.
fn reusable(request: &PublishRequest<'_>, newest: &Option<Known>) -> Option<VerifiedRecord> {
    let Known { record, .. } = newest.as_ref()?;
    let same = record.fields().value == format!("/ipfs/{}", request.root);
    let asked = request.sequence.is_none_or(|sequence| sequence == record.fields().sequence);
    (same && asked && !record.is_expired(request.now)).then(|| record.clone())
}

fn next_record(
    request: &PublishRequest<'_>,
    newest: Option<Known>,
) -> Result<(VerifiedRecord, bool), PublishTreeError> {
    let (record, new) = match reusable(request, &newest) {
        Some(record) => (record, false),
        None => (make_record(request, newest.as_ref())?, true),
    };
    // Before it is sent: whatever happens then, the sequence is never given to another record.
    request.workspace.keep_publication(&record)?;
    Ok((record, new))
}

fn make_record(
    request: &PublishRequest<'_>,
    newest: Option<&Known>,
) -> Result<VerifiedRecord, PublishTreeError> {
    let known = newest.map(|known| (known.record.fields().sequence, known.from.clone()));
    let sequence = match (request.sequence, known) {
        (Some(asked), Some((known, knower))) if asked <= known => {
            return Err(PublishTreeError::SequenceTooLow { asked, known, knower });
        }
        (Some(asked), _) => asked,
        (None, None) => 0,
        (None, Some((known, _))) => known
            .checked_add(1)
            .ok_or_else(|| PublishTreeError::SequenceExhausted(request.key.name().to_string()))?,
    };
    let value = format!("/ipfs/{}", request.root);
    let bytes = create(request.key, &value, sequence, request.validity, request.ttl)?;
    Ok(UnverifiedRecord::parse(&bytes)?.verify(&request.key.name(), request.now)?)
}

async fn send(request: &PublishRequest<'_>, upload: &dyn Upload) -> TargetOutcome {
    let sent = upload.upload(request.car, &request.root, request.progress.clone()).await;
    let error = sent.err().map(|error| error.to_string());
    TargetOutcome { to: upload.describe(), ok: error.is_none(), read_back: false, error }
}

async fn give(
    request: &PublishRequest<'_>,
    publisher: &dyn Publisher,
    served: &Result<Option<VerifiedRecord>, PublishError>,
    record: &VerifiedRecord,
) -> TargetOutcome {
    let to = publisher.describe();
    if let Ok(Some(has)) = served
        && has.bytes() == record.bytes()
    {
        return TargetOutcome { to, ok: true, read_back: true, error: None };
    }
    let error = match publish_and_read_back(publisher, record, request.read_back).await {
        Ok(Published::Same) => None,
        Ok(Published::Superseded(other)) => Some(format!(
            "another publication took its place at the same time: sequence {} of {}; publish again",
            other.fields().sequence,
            other.fields().value
        )),
        Err(error) => Some(error.to_string()),
    };
    TargetOutcome { to, ok: error.is_none(), read_back: error.is_none(), error }
}
