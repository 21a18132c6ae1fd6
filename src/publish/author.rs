//! Which record all targets should have.

use jiff::SignedDuration;

use super::error::PublishTreeError;
use super::ledger::Ledger;
use super::request::{Author, Needs, PublishRequest, Subject};
use super::told::{THIS_WORKSPACE, said};
use super::{History, PublishNotice};
use crate::ipns::{UnverifiedRecord, VerifiedRecord, create_until};
use crate::published::{Known, PublishedTree, Signed, Standing, Stands, Towards};

/// Clocks of a file system and of its machine may differ so far.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// The record that all targets should have.
pub(super) struct Next {
    pub(super) record: VerifiedRecord,
    pub(super) is_new: bool,
    /// In words.
    pub(super) why: String,
    pub(super) notices: Vec<PublishNotice>,
}

/// The record to publish without asking anyone: what `publish` would make from what the
/// workspace alone knows, and what that is. Not kept.
///
/// # Errors
/// As [`publish`](super::publish).
pub fn dry_record(
    request: &PublishRequest<'_>,
) -> Result<(VerifiedRecord, bool), PublishTreeError> {
    let known = Ledger::open(request.workspace, request.name)?.known;
    // What was signed to be sent in its time is never sent before it.
    let in_time =
        |signed: &&Signed| signed.is_ahead && signed.over.is_none() && signed.turn.is_none();
    let ahead = known.signed.iter().filter(in_time).map(|signed| &signed.tree);
    let newest = ahead.chain(&known.base).max_by_key(|tree| tree.sequence());
    let newest = newest.map(|tree| Stands { record: tree.record().clone(), from: None });
    let standing = Standing { newest: newest.into_iter().collect() };
    let Next { record, is_new, .. } = next_record(request, &known, &standing, Vec::new())?;
    Ok((record, is_new))
}

/// What all targets should have, before any record of it is made.
pub(super) struct Intent {
    /// `/ipfs/…`
    pub(super) value: String,
    pub(super) sequence: u64,
    /// The record that stands, where it says so already; otherwise a new one is to be made.
    pub(super) stands: Option<VerifiedRecord>,
    /// In words.
    pub(super) why: String,
    pub(super) notices: Vec<PublishNotice>,
}

/// The signed record; or the one that stands, when it says what a new one would say; otherwise a
/// new one. `failed` is why each publisher could not be asked.
pub(super) fn next_record(
    request: &PublishRequest<'_>,
    known: &Known,
    standing: &Standing,
    failed: Vec<String>,
) -> Result<Next, PublishTreeError> {
    let (key, validity, ttl) = match &request.author {
        Author::Signed { record, over } => return signed(request, record, over, standing),
        Author::Key { key, validity, ttl, .. } => (*key, validity.clone(), *ttl),
        Author::Later { .. } => unreachable!("what is foreseen is not made"),
    };
    let intent = intend(request, known, standing, failed)?;
    let Intent { value, sequence, stands, why, notices } = intent;
    if let Some(record) = stands {
        return Ok(Next { record, is_new: false, why, notices });
    }
    let bytes = create_until(key, &value, sequence, validity, ttl)?;
    let record = UnverifiedRecord::parse(&bytes)?.verify(&request.name, request.now)?;
    Ok(Next { record, is_new: true, why, notices })
}

/// What all targets should have, of a record that is made with the name's key.
pub(super) fn intend(
    request: &PublishRequest<'_>,
    known: &Known,
    standing: &Standing,
    failed: Vec<String>,
) -> Result<Intent, PublishTreeError> {
    check_clock(request)?;
    let value = match request.subject.root() {
        Some(root) => format!("/ipfs/{root}"),
        None => kept_value(request, known, standing, &failed)?,
    };
    if let Some(stands) = standing.only()
        && is_reusable(request, known, &stands.record, &value)
    {
        let (record, why) = (stands.record.clone(), "what stands says the same".to_owned());
        let (sequence, stands) = (record.fields().sequence, Some(record));
        return Ok(Intent { value, sequence, stands, why, notices: Vec::new() });
    }
    let sequence = next_sequence(request, known, standing, &value)?;
    let nothing_known = standing.newest.is_empty() && known.reserved().is_none();
    let asked = request.author.sequence().is_some();
    let notices = match !failed.is_empty() && nothing_known && !asked {
        true => vec![PublishNotice::SequenceUnknown { name: request.name, failed }],
        false => Vec::new(),
    };
    let why = why_new(request, standing, &value);
    Ok(Intent { value, sequence, stands: None, why, notices })
}

/// What a renewal says again: what is published where this workspace made or saw it, else the base.
fn kept_value(
    request: &PublishRequest<'_>,
    known: &Known,
    standing: &Standing,
    failed: &[String],
) -> Result<String, PublishTreeError> {
    let unknown = |reason: String| PublishTreeError::UnknownPublished { reason };
    let Some(first) = standing.newest.first() else {
        let (name, failed) = (request.name, failed.to_vec());
        return Err(PublishTreeError::NothingPublished { name, failed });
    };
    let said = || standing.newest.iter().map(said).collect::<Vec<_>>().join(" and ");
    let only = standing.only().map(|stands| &stands.record);
    if request.subject.is_foreign() {
        let several = || unknown(format!("two records stand: {}", said()));
        return Ok(only.ok_or_else(several)?.fields().value.clone());
    }
    let is_known = |record: &VerifiedRecord| {
        PublishedTree::of(record)
            .is_some_and(|tree| known.towards(record, tree.root()) == Towards::Itself)
    };
    match (only.filter(|record| is_known(record)), &known.base) {
        (Some(record), _) => Ok(record.fields().value.clone()),
        _ if !request.permission.replace => Err(PublishTreeError::Foreign {
            name: request.name,
            from: first.from.clone().unwrap_or_else(|| THIS_WORKSPACE.to_owned()),
            sequence: first.record.fields().sequence,
            value: first.record.fields().value.clone(),
            doubt: known.doubt.clone(),
        }),
        (None, Some(base)) => Ok(format!("/ipfs/{}", base.root())),
        (None, None) => Ok(first.record.fields().value.clone()),
    }
}

/// Whether a record points to what was never published from a workspace that has published: by
/// somebody else with the same key. A copy without history cannot tell.
pub(super) fn is_foreign(record: &VerifiedRecord, kept: &[VerifiedRecord]) -> bool {
    let value = |record: &VerifiedRecord| record.fields().value.clone();
    !kept.is_empty() && !kept.iter().any(|kept| value(kept) == value(record))
}

/// A clock that goes backwards makes records that have expired already, and takes expired ones
/// for valid.
fn check_clock(request: &PublishRequest<'_>) -> Result<(), PublishTreeError> {
    let now = request.now;
    let kept = match request.workspace {
        Some(workspace) => History::of(workspace).entries(&request.name)?,
        None => Vec::new(),
    };
    let made = kept.iter().filter_map(|entry| entry.made).max();
    match made.filter(|made| made.duration_since(now) > CLOCK_TOLERANCE) {
        Some(made) => Err(PublishTreeError::ClockBehind { now, made }),
        None => Ok(()),
    }
}

/// `record`, where what is published is what it was made over; it is new while nobody serves it.
fn signed(
    request: &PublishRequest<'_>,
    record: &VerifiedRecord,
    over: &[VerifiedRecord],
    standing: &Standing,
) -> Result<Next, PublishTreeError> {
    let served = standing.newest.iter().any(|stands| stands.record == *record);
    for stands in &standing.newest {
        let (fields, ours) = (stands.record.fields(), record.fields());
        if stands.record.supersedes(record) {
            return Err(PublishTreeError::SignedOutdated {
                signed: ours.sequence,
                known: fields.sequence,
                knower: stands.from.clone().unwrap_or_else(|| THIS_WORKSPACE.to_owned()),
            });
        }
        let is_over = over.iter().any(|over| {
            (over.fields().sequence, &over.fields().value) == (fields.sequence, &fields.value)
        });
        if fields.value != ours.value && !is_over && !request.permission.replace {
            let over = over.last().map(|over| over.fields().sequence);
            return Err(PublishTreeError::NotOver { found: said(stands), over });
        }
    }
    let why = "it was signed before".to_owned();
    Ok(Next { record: record.clone(), is_new: !served, why, notices: Vec::new() })
}

fn is_reusable(
    request: &PublishRequest<'_>,
    known: &Known,
    newest: &VerifiedRecord,
    value: &str,
) -> bool {
    let Some(validity) = request.author.validity() else { return false };
    let fields = newest.fields();
    let asked = request.author.sequence().is_none_or(|sequence| sequence == fields.sequence);
    // A renewal that did not reach everybody is completed by the same command.
    let is_renewed = match request.subject {
        Subject::Newest { .. } => fields.validity() == validity.instant(),
        Subject::Tree { .. } | Subject::Root(_) => true,
    };
    let needs = &request.permission.needs;
    let is_above = known.reserved().is_none_or(|tree| tree.sequence() <= fields.sequence);
    let lasts = needs.until.is_none_or(|until| until <= fields.validity());
    let is_fit = lasts && (is_above || !needs.above_ahead);
    fields.value == value && asked && is_renewed && is_fit && !newest.is_expired(request.now)
}

/// The sequence with which a record of `value` supersedes what stands.
fn next_sequence(
    request: &PublishRequest<'_>,
    known: &Known,
    standing: &Standing,
    value: &str,
) -> Result<u64, PublishTreeError> {
    if let (true, Some(validity)) = (request.subject.is_renewal(), request.author.validity())
        && let Some(stands) = standing.only()
        && stands.record.fields().value == value
        && stands.record.fields().validity() >= validity.instant()
    {
        let (asked, newest) = (validity.instant(), stands.record.fields().validity());
        return Err(PublishTreeError::NotLater { asked, newest });
    }
    let here = known.reserved().map(|tree| (tree.sequence(), THIS_WORKSPACE.to_owned()));
    let out = standing.newest.iter().map(|stands| {
        let from = stands.from.clone().unwrap_or_else(|| THIS_WORKSPACE.to_owned());
        (stands.record.fields().sequence, from)
    });
    let highest = here.into_iter().chain(out).reduce(|a, b| if b.0 > a.0 { b } else { a });
    match (request.author.sequence(), highest) {
        (Some(asked), Some((known, knower))) if asked <= known => {
            Err(PublishTreeError::SequenceTooLow { asked, known, knower })
        }
        (Some(asked), _) => Ok(asked),
        (None, None) => Ok(0),
        (None, Some((known, _))) => known
            .checked_add(1)
            .ok_or_else(|| PublishTreeError::SequenceExhausted(request.name.to_string())),
    }
}

/// Why a record is made.
fn why_new(request: &PublishRequest<'_>, standing: &Standing, value: &str) -> String {
    let only = standing.only().map(|stands| &stands.record);
    match only {
        None if standing.newest.is_empty() => "nothing is known to be published".to_owned(),
        None => "several values stand".to_owned(),
        Some(record) if record.fields().value != value => {
            format!("what stands points to {}", record.fields().value)
        }
        Some(record) if record.is_expired(request.now) => "what stands has expired".to_owned(),
        Some(_) if request.subject.is_renewal() => "it is to be valid for longer".to_owned(),
        Some(_) if request.permission.needs != Needs::default() => {
            "of what is signed ahead nothing older may win".to_owned()
        }
        Some(_) => "another sequence was asked for".to_owned(),
    }
}
