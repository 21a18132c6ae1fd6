//! Which record all targets should have.

use jiff::{SignedDuration, Timestamp};

use super::error::PublishTreeError;
use super::request::{Author, PublishRequest, Subject};
use super::{History, HistoryEntry, PublishNotice};
use crate::ipns::{PublishError, UnverifiedRecord, VerifiedRecord, create_until};

/// Clocks of a file system and of its machine may differ so far.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// A record that is known, and from where.
struct Known {
    record: VerifiedRecord,
    from: String,
}

/// The record that all targets should have.
pub(super) struct Next {
    pub(super) record: VerifiedRecord,
    pub(super) is_new: bool,
    pub(super) notices: Vec<PublishNotice>,
}

/// The record to publish without asking anyone: what `publish` would make from what the
/// workspace alone knows. Not kept.
///
/// # Errors
/// As [`publish`](super::publish).
pub fn dry_record(
    request: &PublishRequest<'_>,
) -> Result<(VerifiedRecord, bool), PublishTreeError> {
    let Next { record, is_new, .. } = next_record(request, &[])?;
    Ok((record, is_new))
}

/// The signed record; or the newest, when it says what a new one would say; otherwise a new one.
pub(super) fn next_record(
    request: &PublishRequest<'_>,
    served: &[Result<Option<VerifiedRecord>, PublishError>],
) -> Result<Next, PublishTreeError> {
    let kept = match request.workspace {
        Some(workspace) => History::of(workspace).entries(&request.name)?,
        None => Vec::new(),
    };
    if let Author::Key { .. } = request.author {
        check_clock(request.now, &kept)?;
    }
    let kept: Vec<VerifiedRecord> = kept.into_iter().map(|entry| entry.record).collect();
    let newest = newest(request, &kept, served);
    if let Author::Signed(record) = request.author {
        return signed(record, newest, served);
    }
    let value = match (request.subject.root(), &newest) {
        (Some(root), _) => format!("/ipfs/{root}"),
        (None, Some(newest)) => kept_value(request, newest, &kept, served)?,
        (None, None) => {
            let (name, failed) = (request.name, failures(served));
            return Err(PublishTreeError::NothingPublished { name, failed });
        }
    };
    match newest {
        Some(Known { record, .. }) if is_reusable(request, &record, &value) => {
            Ok(Next { record, is_new: false, notices: Vec::new() })
        }
        newest => {
            let record = make_record(request, newest.as_ref(), &value)?;
            let notices = notices(request, &kept, served, &value);
            Ok(Next { record, is_new: true, notices })
        }
    }
}

/// What the newest record points to. Where it is not our own, an answer that is missing may be
/// newer still, and an old root would be signed again.
fn kept_value(
    request: &PublishRequest<'_>,
    Known { record: newest, from }: &Known,
    kept: &[VerifiedRecord],
    served: &[Result<Option<VerifiedRecord>, PublishError>],
) -> Result<String, PublishTreeError> {
    let foreign = matches!(request.subject, Subject::Newest { foreign: true });
    if is_foreign(newest, kept) && !foreign {
        let (name, from, fields) = (request.name, from.clone(), newest.fields().clone());
        let (sequence, value) = (fields.sequence, fields.value);
        return Err(PublishTreeError::Foreign { name, from, sequence, value });
    }
    let failed = failures(served);
    let is_ours = kept.iter().any(|record| record.bytes() == newest.bytes());
    if !is_ours && !failed.is_empty() {
        let (name, known) = (request.name, newest.fields().sequence);
        return Err(PublishTreeError::NewestUnknown { name, known, failed });
    }
    Ok(newest.fields().value.clone())
}

/// Whether a record points to what was never published from a workspace that has published: by
/// somebody else with the same key. A copy without history cannot tell.
pub(super) fn is_foreign(record: &VerifiedRecord, kept: &[VerifiedRecord]) -> bool {
    let value = |record: &VerifiedRecord| record.fields().value.clone();
    !kept.is_empty() && !kept.iter().any(|kept| value(kept) == value(record))
}

/// A clock that goes backwards makes records that have expired already, and takes expired ones
/// for valid.
fn check_clock(now: Timestamp, kept: &[HistoryEntry]) -> Result<(), PublishTreeError> {
    let made = kept.iter().filter_map(|entry| entry.made).max();
    match made.filter(|made| made.duration_since(now) > CLOCK_TOLERANCE) {
        Some(made) => Err(PublishTreeError::ClockBehind { now, made }),
        None => Ok(()),
    }
}

/// `record`, unless a newer one is known; it counts as new while nobody serves it.
fn signed(
    record: &VerifiedRecord,
    newest: Option<Known>,
    served: &[Result<Option<VerifiedRecord>, PublishError>],
) -> Result<Next, PublishTreeError> {
    if let Some(Known { record: newest, from }) = newest
        && newest.supersedes(record)
    {
        return Err(PublishTreeError::SignedOutdated {
            signed: record.fields().sequence,
            known: newest.fields().sequence,
            knower: from,
        });
    }
    let mut records = served.iter().filter_map(|served| served.as_ref().ok()?.as_ref());
    let is_new = !records.any(|served| served.bytes() == record.bytes());
    Ok(Next { record: record.clone(), is_new, notices: Vec::new() })
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

fn is_reusable(request: &PublishRequest<'_>, newest: &VerifiedRecord, value: &str) -> bool {
    let Author::Key { sequence, validity, .. } = &request.author else { return false };
    let fields = newest.fields();
    let asked = sequence.is_none_or(|sequence| sequence == fields.sequence);
    // A renewal that did not reach everybody is completed by the same command.
    let is_renewed = match request.subject {
        Subject::Newest { .. } => fields.validity() == validity.instant(),
        Subject::Tree { .. } | Subject::Root(_) => true,
    };
    fields.value == value && asked && is_renewed && !newest.is_expired(request.now)
}

fn failures(served: &[Result<Option<VerifiedRecord>, PublishError>]) -> Vec<String> {
    served.iter().filter_map(|served| Some(served.as_ref().err()?.to_string())).collect()
}

/// What is worth knowing when a new record takes its place beside `kept` and `served`.
fn notices(
    request: &PublishRequest<'_>,
    kept: &[VerifiedRecord],
    served: &[Result<Option<VerifiedRecord>, PublishError>],
    value: &str,
) -> Vec<PublishNotice> {
    let failed = failures(served);
    let Author::Key { sequence: asked, .. } = &request.author else { return Vec::new() };
    let anything_known = !kept.is_empty() || served.iter().any(|s| matches!(s, Ok(Some(_))));
    if !failed.is_empty() && !anything_known && asked.is_none() {
        return vec![PublishNotice::SequenceUnknown { name: request.name, failed }];
    }
    if kept.is_empty() {
        // A new copy, or one whose history was deleted, cannot tell its own from others'.
        return Vec::new();
    }
    let not_ours = request.publishers.iter().zip(served).filter_map(|(publisher, served)| {
        let record = served.as_ref().ok()?.as_ref()?;
        let ours = kept.iter().any(|kept| kept.bytes() == record.bytes());
        let fields = record.fields();
        (!ours && fields.value != value).then(|| PublishNotice::NotOurs {
            from: publisher.describe(),
            sequence: fields.sequence,
            value: fields.value.clone(),
        })
    });
    not_ours.collect()
}

/// A record of `value` that supersedes the newest.
fn make_record(
    request: &PublishRequest<'_>,
    newest: Option<&Known>,
    value: &str,
) -> Result<VerifiedRecord, PublishTreeError> {
    let (key, validity, ttl, sequence) = match &request.author {
        Author::Signed(record) => return Ok((*record).clone()),
        Author::Key { key, validity, ttl, sequence } => (*key, validity.clone(), *ttl, *sequence),
    };
    if let (Subject::Newest { .. }, Some(newest)) = (&request.subject, newest)
        && newest.record.fields().validity() >= validity.instant()
    {
        let (asked, newest) = (validity.instant(), newest.record.fields().validity());
        return Err(PublishTreeError::NotLater { asked, newest });
    }
    let known = newest.map(|known| (known.record.fields().sequence, known.from.clone()));
    let sequence = match (sequence, known) {
        (Some(asked), Some((known, knower))) if asked <= known => {
            return Err(PublishTreeError::SequenceTooLow { asked, known, knower });
        }
        (Some(asked), _) => asked,
        (None, None) => 0,
        (None, Some((known, _))) => known
            .checked_add(1)
            .ok_or_else(|| PublishTreeError::SequenceExhausted(request.name.to_string()))?,
    };
    let bytes = create_until(key, value, sequence, validity, ttl)?;
    Ok(UnverifiedRecord::parse(&bytes)?.verify(&request.name, request.now)?)
}
