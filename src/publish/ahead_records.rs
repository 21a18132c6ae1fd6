//! The IPNS records of the turns to come, in a folder that a machine without keys puts in turn
//! ([the files](crate::spec::phases)).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::ahead::{AheadError, TurnRoot};
use super::ledger::{Ledger, sign_series};
use super::series::{SERIES_EXTENSION, Scheduled, Series, series_file};
use crate::ipns::{MAX_RECORD_BYTES, UnverifiedRecord, VerifiedRecord, create};
use crate::keys::{IpnsKey, IpnsName};
use crate::published::{Known, PublishedTree};
use crate::workspace::Workspace;

/// The folder of the records that are signed ahead, in a workspace.
pub const AHEAD_DIR: &str = "phases/ipns";
/// How long a record is valid beyond the turn of the next one: a machine that is late leaves the
/// old phase, not nothing.
const BEYOND: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long the last one is.
const LAST: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A record that was signed ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnRecord {
    /// From when on it is to be published.
    pub at: Timestamp,
    /// The record.
    pub record: VerifiedRecord,
    /// Its file, in the workspace.
    pub file: PathBuf,
}

/// Until when the record of what is published now has to be valid.
pub fn valid_beyond(turns: &[TurnRoot]) -> Option<Timestamp> {
    turns.first().map(|turn| after(turn.at, BEYOND))
}

fn after(time: Timestamp, long: SignedDuration) -> Timestamp {
    time.checked_add(long).unwrap_or(Timestamp::MAX)
}

/// Whether something was signed ahead here: then every publication signs it anew.
pub fn is_ahead(workspace: &Workspace) -> bool {
    workspace.folder().folder(AHEAD_DIR).is_ok()
}

/// What was signed ahead of `name` and stands in the folder; nothing where that cannot be read.
fn in_folder(workspace: &Workspace, name: &IpnsName) -> Vec<Scheduled> {
    let series = Series::open(&workspace.dir().join(AHEAD_DIR), name);
    series.map(Series::into_records).unwrap_or_default()
}

/// The records that the workspace wrote down as signed ahead, in order; those above a sequence.
fn written_down(known: &Known, above: Option<u64>) -> Vec<&VerifiedRecord> {
    let ahead = known.signed.iter().filter(|signed| signed.is_ahead);
    let ahead = ahead.map(|signed| signed.tree.record());
    let mut ahead: Vec<_> = ahead.filter(|one| Some(one.fields().sequence) > above).collect();
    ahead.sort_by_key(|record| record.fields().sequence);
    ahead
}

/// Until when the record of each turn is valid.
fn validities(turns: &[TurnRoot]) -> impl Iterator<Item = Timestamp> {
    turns.iter().enumerate().map(|(number, turn)| match turns.get(number + 1) {
        Some(next) => after(next.at, BEYOND),
        None => after(turn.at, LAST),
    })
}

/// Whether `records` are exactly those of `turns`.
fn are_of(records: &[&VerifiedRecord], turns: &[TurnRoot]) -> bool {
    let says = |record: &&VerifiedRecord| {
        let root = PublishedTree::of(record).map(|tree| *tree.root());
        (root, record.fields().validity())
    };
    let expected = turns.iter().zip(validities(turns));
    records.iter().map(says).eq(expected.map(|(turn, until)| (Some(turn.root), until)))
}

/// Whether exactly `turns` are what is signed ahead here and has not come. Where they are not, what
/// was signed is to win no more: what is published next has a sequence above all of it.
///
/// # Errors
/// I/O.
pub fn are_ahead(
    workspace: &Workspace,
    name: &IpnsName,
    turns: &[TurnRoot],
) -> Result<bool, AheadError> {
    let known = Ledger::open(Some(workspace), *name)?.known;
    let ahead = written_down(&known, known.base.as_ref().map(PublishedTree::sequence));
    let (before, of_turns) = ahead.split_at(ahead.len().saturating_sub(turns.len()));
    let folder = in_folder(workspace, name);
    // What is published now is one of those that have come, or above them.
    let has_come = |record: &&VerifiedRecord| {
        folder.iter().any(|one| one.record == **record && one.due <= workspace.now())
    };
    let is_due_otherwise = |(record, turn): (&&VerifiedRecord, &TurnRoot)| {
        folder.iter().any(|one| one.record == **record && one.due != turn.at)
    };
    Ok(before.iter().all(has_come)
        && are_of(of_turns, turns)
        && !of_turns.iter().zip(turns).any(is_due_otherwise))
}

/// The turns that are signed ahead and have not come; with `missed` also the last that has come
/// and is not what `base` says: a machine was late.
pub fn turns_ahead(
    workspace: &Workspace,
    base: &VerifiedRecord,
    (now, missed): (Timestamp, bool),
) -> Vec<TurnRoot> {
    let turn = |one: &Scheduled| {
        Some(TurnRoot { at: one.due, root: *PublishedTree::of(&one.record)?.root() })
    };
    let root = PublishedTree::of(base).map(|tree| *tree.root());
    let turns: Vec<TurnRoot> = in_folder(workspace, base.name()).iter().filter_map(turn).collect();
    let (come, to_come): (Vec<_>, Vec<_>) = turns.into_iter().partition(|turn| turn.at <= now);
    let late = come.last().copied().filter(|turn| missed && Some(turn.root) != root);
    late.into_iter().chain(to_come).collect()
}

/// Signs the records of `turns`, to be published over `base`, into [`AHEAD_DIR`]; what else is
/// there goes. Those that are written down already are the same again. Hold the lock.
///
/// Their sequences are above all that was ever signed here, and each is valid thirty days beyond
/// the turn of the next.
///
/// # Errors
/// [`AheadError`]: also where `base` is not what this workspace saw published last.
pub fn sign_turns(
    workspace: &Workspace,
    key: &IpnsKey,
    base: &VerifiedRecord,
    turns: &[TurnRoot],
    ttl: Duration,
) -> Result<Vec<TurnRecord>, AheadError> {
    let known = Ledger::open(Some(workspace), key.name())?.known;
    if known.base.as_ref().map(PublishedTree::record) != Some(base) {
        return Err(AheadError::Overtaken);
    }
    let signed = written_down(&known, Some(base.fields().sequence));
    let records: Vec<VerifiedRecord> = match are_of(&signed, turns) {
        true => signed.into_iter().cloned().collect(),
        false => {
            let records = records(&known, key, base, turns, ttl)?;
            // Before anybody can send them: their sequences are never given to others.
            sign_series(workspace, &records)?;
            records
        }
    };
    let turns = turns.iter().zip(records);
    let records: Vec<TurnRecord> = turns
        .map(|(turn, record)| {
            let name = series_file(record.fields().sequence, turn.at);
            TurnRecord { at: turn.at, record, file: Path::new(AHEAD_DIR).join(name) }
        })
        .collect();
    write(workspace, base, &records)?;
    Ok(records)
}

fn records(
    known: &Known,
    key: &IpnsKey,
    base: &VerifiedRecord,
    turns: &[TurnRoot],
    ttl: Duration,
) -> Result<Vec<VerifiedRecord>, AheadError> {
    let reserved = known.reserved().map(PublishedTree::sequence);
    let mut sequence = base.fields().sequence.max(reserved.unwrap_or_default());
    let mut records = Vec::new();
    for (turn, until) in turns.iter().zip(validities(turns)) {
        sequence = sequence.checked_add(1).ok_or(AheadError::Sequence)?;
        let bytes = create(key, &format!("/ipfs/{}", turn.root), sequence, until, ttl)?;
        records.push(UnverifiedRecord::parse(&bytes)?.verify_signature(&key.name())?);
    }
    Ok(records)
}

/// Makes the folder hold these records alone, and before them the one over which they are put: a
/// machine may have nothing but this folder.
fn write(
    workspace: &Workspace,
    base: &VerifiedRecord,
    records: &[TurnRecord],
) -> Result<(), AheadError> {
    let first = series_file(base.fields().sequence, Timestamp::UNIX_EPOCH);
    let mut wanted: BTreeMap<PathBuf, &[u8]> =
        records.iter().map(|one| (one.file.clone(), one.record.bytes())).collect();
    if !records.is_empty() {
        wanted.insert(Path::new(AHEAD_DIR).join(first), base.bytes());
    }
    // What goes goes first: of two that are due at once a machine would take neither.
    if let Ok(folder) = workspace.folder().folder(AHEAD_DIR) {
        for (name, _) in folder.entries().map_err(workspace.failed(AHEAD_DIR))? {
            let path = Path::new(AHEAD_DIR).join(&name);
            let is_record = path.extension().is_some_and(|is| is == SERIES_EXTENSION);
            if is_record && !wanted.contains_key(&path) {
                workspace.folder().remove_file(&path).map_err(workspace.failed(&path))?;
            }
        }
    }
    if wanted.is_empty() {
        // Fails where something else is in it, which is then kept.
        let _ = workspace.folder().remove_folder(AHEAD_DIR);
    }
    for (path, bytes) in wanted {
        let is_there = workspace.folder().read(&path, MAX_RECORD_BYTES as u64);
        if is_there.ok().as_deref() != Some(bytes) {
            workspace.write(path, bytes)?;
        }
    }
    Ok(())
}
