//! `publish`: upload the tree, make an IPNS record for its root where one is needed, give it to
//! every publisher, and read it back.

use std::fmt;
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
use crate::keys::{IpnsKey, IpnsName};
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
    /// Told what a person should know before the record goes out.
    pub notice: &'a (dyn Fn(&PublishNotice) + Send + Sync),
}

/// What a person should know before the record goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishNotice {
    /// The first sequence is used although services that may know a higher one did not answer.
    SequenceUnknown {
        /// Whose record it is.
        name: IpnsName,
        /// Why each could not be asked.
        failed: Vec<String>,
    },
    /// A service has a record that was not made here, and the new one replaces it.
    NotOurs {
        /// The service.
        from: String,
        /// Its sequence.
        sequence: u64,
        /// What it names.
        value: String,
    },
}

impl fmt::Display for PublishNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SequenceUnknown { name, failed } => write!(
                f,
                "this workspace has no earlier record of {name}, and not everybody could be \
                 asked for one: sequence 0 is used, which a service with a higher one refuses \
                 ({})",
                failed.join("; ")
            ),
            Self::NotOurs { from, sequence, value } => write!(
                f,
                "{from} has sequence {sequence} of {value}, which was not published from this \
                 workspace but from a copy of it, or with the same key elsewhere; it is replaced"
            ),
        }
    }
}

/// How one target did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetOutcome {
    /// Kind and address.
    pub to: String,
    /// Whether it has what it should.
    pub ok: bool,
    /// Whether it got that now; a target that is seen to have it is not sent it again.
    pub sent: bool,
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

/// What each publisher serves.
type Served = Vec<Result<Option<VerifiedRecord>, PublishError>>;

/// A record that is known, and from where.
struct Known {
    record: VerifiedRecord,
    from: String,
}

/// The record that all targets should have.
struct Next {
    record: VerifiedRecord,
    is_new: bool,
    notices: Vec<PublishNotice>,
}

/// Uploads the tree and publishes its root.
///
/// The sequence is the highest that the services and the workspace know, and one more. When the
/// newest known record holds the same root and has not expired, no new one is made: every target
/// is asked, and those that lack it get it. Without a single upload that succeeds the name is
/// left as it is.
///
/// # Errors
/// Those that stop everything; what happened at each target stands in the outcome.
pub async fn publish(request: &PublishRequest<'_>) -> Result<PublishOutcome, PublishTreeError> {
    let mut served: Served =
        join_all(request.publishers.iter().map(|to| ask(request, &**to))).await;
    // Before the upload, so that a sequence that cannot be is said at once.
    let mut next = next_record(request, &served)?;
    let uploads = join_all(request.uploads.iter().map(|upload| send(request, &**upload))).await;
    let mut publications = Vec::new();
    if uploads.is_empty() || uploads.iter().any(|outcome| outcome.ok) {
        if next.is_new {
            // The upload took its time: others may have published meanwhile.
            served =
                join_all(request.publishers.iter().zip(served).map(
                    async |(to, before)| match before {
                        Ok(_) => ask(request, &**to).await,
                        failed => failed,
                    },
                ))
                .await;
            next = next_record(request, &served)?;
        }
        next.notices.iter().for_each(request.notice);
        // Before it is sent: whatever happens then, the sequence is never given to another.
        request.workspace.keep_publication(&next.record)?;
        let each = request.publishers.iter().zip(&served);
        let give = each.map(|(to, served)| give(request, &**to, served, &next.record));
        publications = join_all(give).await;
    }
    Ok(PublishOutcome { record: next.record, new_record: next.is_new, uploads, publications })
}

async fn ask(
    request: &PublishRequest<'_>,
    publisher: &dyn Publisher,
) -> Result<Option<VerifiedRecord>, PublishError> {
    publisher.get(&request.key.name()).await
}

/// The record to publish without asking anyone: what `publish` would make from what the
/// workspace alone knows. Not kept.
///
/// # Errors
/// As [`publish`].
pub fn dry_record(
    request: &PublishRequest<'_>,
) -> Result<(VerifiedRecord, bool), PublishTreeError> {
    let Next { record, is_new, .. } = next_record(request, &[])?;
    Ok((record, is_new))
}

/// The newest record, when it says what a new one would say; otherwise a new one.
fn next_record(
    request: &PublishRequest<'_>,
    served: &[Result<Option<VerifiedRecord>, PublishError>],
) -> Result<Next, PublishTreeError> {
    let kept = request.workspace.publications(&request.key.name())?;
    let newest = newest(request, &kept, served);
    match newest {
        Some(Known { record, .. }) if is_reusable(request, &record) => {
            Ok(Next { record, is_new: false, notices: Vec::new() })
        }
        newest => {
            let record = make_record(request, newest.as_ref())?;
            let notices = notices(request, &kept, served);
            Ok(Next { record, is_new: true, notices })
        }
    }
}

fn newest(
    request: &PublishRequest<'_>,
    kept: &[VerifiedRecord],
    served: &[Result<Option<VerifiedRecord>, PublishError>],
) -> Option<Known> {
    let kept = kept.iter().map(|record| (record, "this workspace".to_owned()));
    let served = request.publishers.iter().zip(served).filter_map(|(publisher, served)| {
        Some((served.as_ref().ok()?.as_ref()?, publisher.describe()))
    });
    let all = kept.chain(served).map(|(record, from)| Known { record: record.clone(), from });
    all.reduce(|a, b| if b.record.supersedes(&a.record) { b } else { a })
}

fn is_reusable(request: &PublishRequest<'_>, newest: &VerifiedRecord) -> bool {
    let fields = newest.fields();
    let same = fields.value == format!("/ipfs/{}", request.root);
    let asked = request.sequence.is_none_or(|sequence| sequence == fields.sequence);
    same && asked && !newest.is_expired(request.now)
}

/// What is worth knowing when a new record takes its place beside `kept` and `served`.
fn notices(
    request: &PublishRequest<'_>,
    kept: &[VerifiedRecord],
    served: &[Result<Option<VerifiedRecord>, PublishError>],
) -> Vec<PublishNotice> {
    let failed: Vec<String> =
        served.iter().filter_map(|served| Some(served.as_ref().err()?.to_string())).collect();
    let anything_known = !kept.is_empty() || served.iter().any(|s| matches!(s, Ok(Some(_))));
    if !failed.is_empty() && !anything_known && request.sequence.is_none() {
        return vec![PublishNotice::SequenceUnknown { name: request.key.name(), failed }];
    }
    if kept.is_empty() {
        // A new copy, or one whose history was deleted, cannot tell its own from others'.
        return Vec::new();
    }
    let root = format!("/ipfs/{}", request.root);
    let not_ours = request.publishers.iter().zip(served).filter_map(|(publisher, served)| {
        let record = served.as_ref().ok()?.as_ref()?;
        let ours = kept.iter().any(|kept| kept.bytes() == record.bytes());
        let fields = record.fields();
        (!ours && fields.value != root).then(|| PublishNotice::NotOurs {
            from: publisher.describe(),
            sequence: fields.sequence,
            value: fields.value.clone(),
        })
    });
    not_ours.collect()
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
    let to = upload.describe();
    if upload.has(&request.root).await {
        return TargetOutcome { to, ok: true, sent: false, read_back: false, error: None };
    }
    let sent = upload.upload(request.car, &request.root, request.progress.clone()).await;
    let error = sent.err().map(|error| error.to_string());
    TargetOutcome { to, ok: error.is_none(), sent: error.is_none(), read_back: false, error }
}

async fn give(
    request: &PublishRequest<'_>,
    publisher: &dyn Publisher,
    served: &Result<Option<VerifiedRecord>, PublishError>,
    record: &VerifiedRecord,
) -> TargetOutcome {
    let to = publisher.describe();
    match served {
        Ok(Some(has)) if has.bytes() == record.bytes() => {
            return TargetOutcome { to, ok: true, sent: false, read_back: true, error: None };
        }
        // Patience with it is at an end already.
        Err(PublishError::Net(error)) if error.is_no_connection() => {
            let error = Some(error.to_string());
            return TargetOutcome { to, ok: false, sent: false, read_back: false, error };
        }
        _ => {}
    }
    let in_between = |sequence: u64| {
        format!(
            "another publication came in between: it has sequence {sequence} now; publish again, \
             which takes the sequence after that"
        )
    };
    let error = match publish_and_read_back(publisher, record, request.read_back).await {
        Ok(Published::Same) => None,
        Ok(Published::Superseded(other)) => Some(in_between(other.fields().sequence)),
        Err(PublishError::Outdated { has, .. }) => Some(in_between(has)),
        Err(error) => Some(error.to_string()),
    };
    let ok = error.is_none();
    TargetOutcome { to, ok, sent: ok, read_back: ok, error }
}
