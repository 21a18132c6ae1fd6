//! The IPNS records of the turns to come, in a folder that a machine without keys puts in turn
//! ([the files](crate::spec::phases)).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cid::Cid;
use jiff::{SignedDuration, Timestamp};

use super::ahead::{AheadError, TurnRoot};
use super::ledger::{Ledger, sign_turn_series};
use super::series::{SERIES_EXTENSION, Scheduled, Series, SeriesError, due_of, series_file};
use crate::ipns::{MAX_RECORD_BYTES, UnverifiedRecord, VerifiedRecord, create};
use crate::keys::{IpnsKey, IpnsName};
use crate::published::{BaseFile, Known, PublishedTree, Signed};
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
pub fn valid_beyond(first_turn: Option<Timestamp>) -> Option<Timestamp> {
    first_turn.map(|at| after(at, BEYOND))
}

fn after(time: Timestamp, long: SignedDuration) -> Timestamp {
    time.checked_add(long).unwrap_or(Timestamp::MAX)
}

/// Whether something was signed ahead of `name` here: then every publication signs it anew. Either
/// `published.toml` or the folder tells.
///
/// # Errors
/// What cannot be read, or is no record of `name` and stands among those that are.
pub fn is_ahead(workspace: &Workspace, name: &IpnsName) -> Result<bool, AheadError> {
    let known = Ledger::open(Some(workspace), *name)?.known;
    let is_of_name = |(_, record): &(PathBuf, VerifiedRecord)| record.name() == name;
    Ok(in_folder(workspace, name)?.iter().any(is_of_name) || !known.turns().is_empty())
}

/// The records in the folder, each of `name`, or of another that was published from here: one that
/// was rotated away. None where there is no such folder.
fn in_folder(
    workspace: &Workspace,
    name: &IpnsName,
) -> Result<Vec<(PathBuf, VerifiedRecord)>, AheadError> {
    let folder = match workspace.folder().folder(AHEAD_DIR) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(workspace.failed(AHEAD_DIR)(error).into()),
    };
    let file = BaseFile::read(workspace)?;
    let names: Vec<&IpnsName> = std::iter::once(name).chain(file.names()).collect();
    let mut records = Vec::new();
    for (file, _) in folder.entries().map_err(workspace.failed(AHEAD_DIR))? {
        let path = Path::new(AHEAD_DIR).join(&file);
        if path.extension().is_none_or(|is| is != SERIES_EXTENSION) {
            continue;
        }
        let bytes = folder.read(&file, MAX_RECORD_BYTES as u64).map_err(workspace.failed(&path))?;
        let of = |name: &IpnsName| {
            UnverifiedRecord::parse(&bytes).and_then(|one| one.verify_signature(name))
        };
        let record = names.iter().find_map(|name| of(name).ok()).map_or_else(|| of(name), Ok);
        let failed = |error| SeriesError::Record { path: path.clone(), error };
        records.push((path.clone(), record.map_err(failed)?));
    }
    Ok(records)
}

/// Those of the folder that nobody wrote down here, and that would win over what is published next.
fn unknown_in_folder(
    workspace: &Workspace,
    name: &IpnsName,
    known: &Known,
) -> Result<Vec<(PathBuf, VerifiedRecord)>, AheadError> {
    let base = known.base.as_ref().map(PublishedTree::sequence);
    let is_known =
        |record: &VerifiedRecord| known.signed.iter().any(|one| one.tree.record() == record);
    let mut found = in_folder(workspace, name)?;
    found.retain(|(_, record)| {
        record.name() == name && Some(record.fields().sequence) > base && !is_known(record)
    });
    Ok(found)
}

/// Writes down what the folder holds and `published.toml` does not, where an older one came back:
/// its sequences are taken, so that what is published next is above them. Hold the lock.
///
/// # Errors
/// [`AheadError`]: above all, a file that is no record of `name`.
pub fn adopt_folder(workspace: &Workspace, name: &IpnsName) -> Result<(), AheadError> {
    let known = Ledger::open(Some(workspace), *name)?.known;
    let mut found = unknown_in_folder(workspace, name, &known)?;
    found.sort_by_key(|(_, record)| record.fields().sequence);
    let due = |file: &Path| due_of(file).ok().flatten().unwrap_or(Timestamp::UNIX_EPOCH);
    let found: Vec<_> = found.into_iter().map(|(file, record)| (due(&file), record)).collect();
    Ok(sign_turn_series(workspace, &found)?)
}

/// The records that the workspace wrote down as signed ahead, in order; those above a sequence.
fn written_down(known: &Known, above: Option<u64>) -> Vec<&Signed> {
    let ahead = known.signed.iter().filter(|signed| signed.is_ahead);
    let mut ahead: Vec<_> = ahead.filter(|one| Some(one.tree.sequence()) > above).collect();
    ahead.sort_by_key(|one| one.tree.sequence());
    ahead
}

/// Until when the record of each turn is valid.
fn validities(turns: &[TurnRoot], late: Late) -> impl Iterator<Item = Timestamp> {
    turns.iter().enumerate().map(move |(number, turn)| match turns.get(number + 1) {
        Some(next) => after(next.at, BEYOND),
        None if turn.at <= late.now => after(turn.at, LAST).max(late.until),
        None => after(turn.at, LAST),
    })
}

/// A last turn that has come long ago is valid as long as what it is put over.
#[derive(Clone, Copy)]
struct Late {
    now: Timestamp,
    until: Timestamp,
}

impl Late {
    fn of(workspace: &Workspace, base: &VerifiedRecord) -> Self {
        Self { now: workspace.now(), until: base.fields().validity() }
    }

    /// No turn is late.
    const NONE: Self = Self { now: Timestamp::MIN, until: Timestamp::MIN };
}

/// Whether `signed` are exactly those of `turns`.
fn are_of(signed: &[&Signed], turns: &[TurnRoot], late: Late) -> bool {
    let says = |one: &&Signed| {
        let until = one.tree.record().fields().validity();
        Some((one.turn?, *one.tree.root(), until))
    };
    let expected = turns.iter().zip(validities(turns, late));
    let expected = expected.map(|(turn, until)| Some((turn.at, turn.root, until)));
    signed.iter().map(says).eq(expected)
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
    // What is published now is one of those that have come, or above them.
    let has_come = |one: &&Signed| one.turn.is_some_and(|at| at <= workspace.now());
    Ok(before.iter().all(has_come) && are_of(of_turns, turns, Late::NONE))
}

/// The turns that are signed ahead here, those too that have come and were not seen published.
///
/// `published.toml` says; where nothing is left of it there, for a command was cut short between
/// publishing and signing anew, the folder does.
///
/// # Errors
/// A folder that does not hold what was written down: [`AheadError::NotWrittenDown`],
/// [`AheadError::Series`].
pub fn turns_kept(workspace: &Workspace, name: &IpnsName) -> Result<Vec<TurnRoot>, AheadError> {
    let known = Ledger::open(Some(workspace), *name)?.known;
    if let Some((file, _)) = unknown_in_folder(workspace, name, &known)?.into_iter().next() {
        return Err(AheadError::NotWrittenDown(file));
    }
    let mut written = known.turns();
    // What was put over, of a folder that was adopted.
    written.retain(|(at, _)| *at != Timestamp::UNIX_EPOCH);
    if !written.is_empty() {
        let turn = |(at, tree): (Timestamp, &PublishedTree)| TurnRoot { at, root: *tree.root() };
        return Ok(written.into_iter().map(turn).collect());
    }
    if !is_ahead(workspace, name)? {
        return Ok(Vec::new());
    }
    let series = Series::open(&workspace.dir().join(AHEAD_DIR), name)?.into_records();
    let turn = |one: Scheduled| {
        Some(TurnRoot { at: one.due, root: *PublishedTree::of(&one.record)?.root() })
    };
    // The first is what they are put over.
    let is_turn = |one: &Scheduled| one.due != Timestamp::UNIX_EPOCH;
    Ok(series.into_iter().filter(is_turn).filter_map(turn).collect())
}

/// Of the turns that are [kept](turns_kept), those to sign anew over `base`: that have not come; with
/// `missed` also the last that has come and is not what `base` says, for a machine was late.
pub fn turns_ahead(
    kept: &[TurnRoot],
    base: &VerifiedRecord,
    (now, missed): (Timestamp, bool),
) -> Vec<TurnRoot> {
    let root = PublishedTree::of(base).map(|tree| *tree.root());
    let (come, to_come): (Vec<TurnRoot>, Vec<TurnRoot>) =
        kept.iter().partition(|turn| turn.at <= now);
    let late = come.last().filter(|turn| missed && Some(turn.root) != root).copied();
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
    let records: Vec<VerifiedRecord> = match are_of(&signed, turns, Late::of(workspace, base)) {
        true => signed.into_iter().map(|one| one.tree.record().clone()).collect(),
        false => {
            let untils = validities(turns, Late::of(workspace, base));
            let turned = turns.iter().map(|turn| turn.root).zip(untils);
            let records = records(&known, key, base, turned, ttl)?;
            // Before anybody can send them: their sequences are never given to others. Nor is any
            // lost where the folder is not written to its end.
            let due = turns.iter().map(|turn| turn.at).zip(records.iter().cloned());
            sign_turn_series(workspace, &due.collect::<Vec<_>>())?;
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
    turns: impl Iterator<Item = (Cid, Timestamp)>,
    ttl: Duration,
) -> Result<Vec<VerifiedRecord>, AheadError> {
    let reserved = known.reserved().map(PublishedTree::sequence);
    let mut sequence = base.fields().sequence.max(reserved.unwrap_or_default());
    let mut records = Vec::new();
    for (root, until) in turns {
        sequence = sequence.checked_add(1).ok_or(AheadError::Sequence)?;
        let bytes = create(key, &format!("/ipfs/{root}"), sequence, until, ttl)?;
        records.push(UnverifiedRecord::parse(&bytes)?.verify_signature(&key.name())?);
    }
    Ok(records)
}

/// Makes the folder hold these records alone, and before them the one over which they are put: a
/// machine may have nothing but this folder.
///
/// What goes goes last: until then the folder is no series, and a machine without keys takes nothing
/// from it, where one with half of the new ones would be taken for a whole one.
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
    let old = in_folder(workspace, base.name())?;
    for (path, bytes) in &wanted {
        if !old.iter().any(|(file, record)| file == path && record.bytes() == *bytes) {
            workspace.write(path, bytes)?;
        }
    }
    for (path, _) in old.iter().filter(|(path, _)| !wanted.contains_key(path)) {
        workspace.folder().remove_file(path).map_err(workspace.failed(path))?;
    }
    if wanted.is_empty() {
        // Fails where something else is in it, which is then kept.
        let _ = workspace.folder().remove_folder(AHEAD_DIR);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ens::Name;
    use crate::ipfs::{RAW, sha256_cid};
    use crate::keys::Storage;
    use crate::workspace::Config;

    fn record(seed: u8, sequence: u64) -> VerifiedRecord {
        let key = IpnsKey::from_seed(&[seed; 32].into());
        let (root, until) = (sha256_cid(RAW, &[seed]), "2100-01-01T00:00:00Z".parse().unwrap());
        let bytes = create(&key, &format!("/ipfs/{root}"), sequence, until, Duration::ZERO);
        UnverifiedRecord::parse(&bytes.unwrap()).unwrap().verify_signature(&key.name()).unwrap()
    }

    #[test]
    fn what_a_name_that_was_rotated_away_left_is_no_fault() {
        let dir = tempfile::tempdir().unwrap();
        let name = Name::parse("nick.eth").unwrap();
        let config = Config::new(name, Storage::Domain, Storage::Domain, 1);
        let workspace = Workspace::init(dir.path(), &config).unwrap();
        let (now, former, stranger) = (record(1, 0), record(2, 5), record(3, 6));
        let mut file = BaseFile::default();
        for record in [&now, &former] {
            let base = PublishedTree::of(record);
            file.set(record.name(), Known { base, ..Known::default() });
        }
        file.write(&workspace).unwrap();
        let turn = "2030-01-01T00:00:00Z".parse().unwrap();
        let path = |sequence| Path::new(AHEAD_DIR).join(series_file(sequence, turn));
        workspace.write(path(5), former.bytes()).unwrap();
        assert!(!is_ahead(&workspace, now.name()).unwrap());
        assert!(turns_kept(&workspace, now.name()).unwrap().is_empty());
        adopt_folder(&workspace, now.name()).unwrap();
        assert_eq!(BaseFile::read(&workspace).unwrap(), file);
        // A stranger's is, and stays.
        workspace.write(path(6), stranger.bytes()).unwrap();
        let error = is_ahead(&workspace, now.name()).unwrap_err().to_string();
        assert!(error.contains("00000000000000000006-"), "{error}");
        workspace.remove(path(6)).unwrap();
        // The folder becomes that of the new name.
        let key = IpnsKey::from_seed(&[1; 32].into());
        let turns = [TurnRoot { at: turn, root: sha256_cid(RAW, b"b") }];
        let signed = sign_turns(&workspace, &key, &now, &turns, Duration::ZERO).unwrap();
        assert_eq!(signed.len(), 1);
        let left = in_folder(&workspace, now.name()).unwrap();
        assert!(left.len() == 2 && left.iter().all(|(_, record)| record.name() == now.name()));
        // Over another base nothing is signed.
        let other = sign_turns(&workspace, &key, &record(1, 3), &turns, Duration::ZERO);
        assert!(matches!(other, Err(AheadError::Overtaken)));
    }
}
