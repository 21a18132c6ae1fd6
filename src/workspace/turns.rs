//! Phases that are still to come: each is signed in advance, into a folder beside the tree, and
//! takes its place in the tree when its time has come ([the files](crate::spec::phases)).

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;
use rayon::prelude::*;

use super::compare::{is_current, removed_if_ours};
use super::phases::{FILE_TIME, Phase, Phases, file_time};
use super::tree::walk_in;
use super::{Change, Config, Expected, Holds, RecordState, Records, TreeError, Workspace};
use crate::ens::Name;
use crate::folder::OpenDir;
use crate::record::{MAX_RECORD_FILE, PathMeaning, RecordKey, Value, meaning, record_path};
use crate::request::ApprovalCache;

/// The folder of what is signed for later, in a workspace. It is never packed.
pub const PHASES_DIR: &str = "phases";

impl Workspace {
    /// The same at another time: which phases of the records hold.
    #[must_use]
    pub fn at_time(self, now: Timestamp) -> Self {
        Self { clock: Some(now), ..self }
    }

    /// The time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.unwrap_or_else(Timestamp::now)
    }
}

/// A phase that is still to come, and how it stands to its file.
#[derive(Clone, Debug)]
pub struct Coming {
    /// From when on it holds.
    pub starts: Timestamp,
    /// Until when.
    pub ends: Option<Timestamp>,
    /// The record; its path is that of the file in [`PHASES_DIR`].
    pub change: Change,
}

/// Where the file of a phase that starts at `starts` is, of the record with the file at `path`.
pub fn phase_path(starts: Timestamp, path: &str) -> String {
    format!("{PHASES_DIR}/{}/{path}", file_time(starts))
}

/// When the phase starts whose file this is; none of another file.
pub fn turn_of(path: &str) -> Option<Timestamp> {
    let (turn, _) = path.strip_prefix(PHASES_DIR)?.strip_prefix('/')?.split_once('/')?;
    time_in(turn)
}

/// The time that a folder's name is.
fn time_in(name: &str) -> Option<Timestamp> {
    let time = jiff::civil::DateTime::strptime(FILE_TIME, name).ok()?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    (file_time(time) == name).then_some(time)
}

/// Every phase that is still to come, by name, record and time; and the files of ours that nobody
/// waits for.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// The phases.
    pub coming: Vec<Coming>,
    /// Files of phases that are no longer wanted, as what is removed.
    pub gone: Vec<Change>,
    /// Whose phases have begun or ended, and where their files are.
    pub idle: Vec<(Name, String)>,
}

/// Compares every phase that is still to come with its file.
///
/// # Errors
/// When the folder cannot be read.
pub fn plan_ahead(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
) -> Result<Ahead, TreeError> {
    let now = records.now();
    let phases = records.all().flat_map(|(name, key, phases)| {
        let coming = phases.timed().iter().filter(|phase| phase.holds(now) == Holds::Coming);
        coming.map(move |phase| (name, key, phase))
    });
    let phases: Vec<_> = phases.collect();
    let approvals = ApprovalCache::new();
    let one = |(name, key, phase): (&Name, &RecordKey, &Phase)| {
        let starts = phase.starts?;
        let path = phase_path(starts, &record_path(name, key));
        let found = workspace.folder().read(&path, MAX_RECORD_FILE);
        let state = match &found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => RecordState::Unsigned,
            Ok(bytes)
                if is_current(bytes, name, key, &phase.value, config, expected, &approvals) =>
            {
                RecordState::Signed
            }
            _ => RecordState::Stale,
        };
        let (name, key, value) = (name.clone(), key.clone(), Some(phase.value.clone()));
        let change = Change { name, key, value, path, flat: None, state, signed: None };
        Some(Coming { starts, ends: phase.ends, change })
    };
    let coming: Vec<Coming> = phases.into_par_iter().filter_map(one).collect();
    let wanted: BTreeSet<&str> = coming.iter().map(|one| one.change.path.as_str()).collect();
    let mut files = phase_files(workspace)?;
    files.retain(|path| !wanted.contains(path.as_str()));
    let (mut gone, mut idle) = (Vec::new(), Vec::new());
    for change in files.into_iter().filter_map(|path| ours(workspace, config, expected, path)) {
        let starts = turn_of(&change.path);
        let phases = records.phases(&change.name, &change.key).map(Phases::timed);
        match phases.is_some_and(|all| all.iter().any(|phase| phase.starts == starts)) {
            true => idle.push((change.name, change.path)),
            false => gone.push(change),
        }
    }
    Ok(Ahead { coming, gone, idle })
}

/// The file of a phase that this workspace signed; what is somebody else's is left alone.
fn ours(
    workspace: &Workspace,
    config: &Config,
    expected: &Expected,
    path: String,
) -> Option<Change> {
    let inside = path.splitn(3, '/').nth(2)?;
    let candidates = match meaning(inside) {
        PathMeaning::Records(candidates) => candidates,
        PathMeaning::Legacy(name, key) => vec![(name, key)],
        _ => return None,
    };
    let bytes = workspace.folder().read(&path, MAX_RECORD_FILE).ok()?;
    let mut known = candidates.into_iter().filter(|(name, _)| config.root_of(name).is_some());
    known.find_map(|of| removed_if_ours(of, path.clone(), &bytes, config, expected))
}

/// The files of phases.
fn phase_files(workspace: &Workspace) -> Result<Vec<String>, TreeError> {
    let failed = |folder: &str| {
        let path = workspace.dir().join(folder);
        move |error| TreeError::Io { path, error }
    };
    let opened = match workspace.folder().folder(PHASES_DIR) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(PHASES_DIR)(error)),
    };
    let mut files = Vec::new();
    for (name, _) in opened.entries().map_err(failed(PHASES_DIR))? {
        let Some(turn) = name.to_str().filter(|name| time_in(name).is_some()) else { continue };
        let at = format!("{PHASES_DIR}/{turn}");
        let tree: OpenDir = opened.folder(turn).map_err(failed(&at))?;
        files.extend(walk_in(&tree)?.into_iter().map(|entry| format!("{at}/{}", entry.path)));
    }
    files.sort_unstable();
    Ok(files)
}

/// The file that was signed in advance for what a record is to say now, where it is as it should.
pub(super) fn signed_in_advance(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
    change: &Change,
) -> Option<Vec<u8>> {
    let Change { name, key, value, .. } = change;
    let phase = records.phases(name, key)?.phase_at(records.now())?;
    let path = phase_path(phase.starts?, &record_path(name, key));
    let bytes = workspace.folder().read(&path, MAX_RECORD_FILE).ok()?;
    let approvals = ApprovalCache::new();
    let is_it = is_current(&bytes, name, key, value.as_ref()?, config, expected, &approvals);
    is_it.then_some(bytes)
}

/// A moment at which some records begin or cease to hold, and what they say from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// What changes; none: the record is not wanted from then on.
    pub changes: Vec<(Name, RecordKey, Option<Value>)>,
}

/// The turns after the time at which `records` are looked at, in order.
pub fn turns(records: &Records) -> Vec<Turn> {
    let mut turns: BTreeMap<Timestamp, Vec<_>> = BTreeMap::new();
    for (name, key, phases) in records.all() {
        let mut before = phases.at(records.now());
        for at in phases.turns().filter(|at| *at > records.now()) {
            let value = phases.at(at);
            if value != before {
                let change = (name.clone(), key.clone(), value.cloned());
                turns.entry(at).or_default().push(change);
            }
            before = value;
        }
    }
    turns.into_iter().map(|(at, changes)| Turn { at, changes }).collect()
}

/// Where the bytes of a record's file are at `time`: none where it has none. What holds already has
/// its place in the tree; what is to come is among the phases.
pub fn file_at(records: &Records, name: &Name, key: &RecordKey, time: Timestamp) -> Option<String> {
    let (path, phases) = (record_path(name, key), records.phases(name, key)?);
    let Some(phase) = phases.phase_at(time) else {
        return phases.single().map(|_| path);
    };
    match phase.starts.filter(|starts| *starts > records.now()) {
        Some(starts) => Some(phase_path(starts, &path)),
        None => Some(path),
    }
}

/// As [`file_at`], for a reader whose tree may be of an earlier time: where the phase that holds was
/// signed in advance, if it has not taken its place yet.
pub fn phase_file_now(records: &Records, path: &str, now: Timestamp) -> PhaseFile {
    let legacy = || match meaning(path) {
        PathMeaning::Legacy(name, key) => Some((name, key)),
        _ => None,
    };
    let Some((name, key)) = &records.owner_of(path).cloned().or_else(legacy) else {
        return PhaseFile::Tree;
    };
    let Some(phases) = records.phases(name, key).filter(|phases| phases.single().is_none()) else {
        return PhaseFile::Tree;
    };
    match phases.phase_at(now) {
        None => PhaseFile::Nothing,
        Some(Phase { starts: Some(starts), .. }) => {
            PhaseFile::First(phase_path(*starts, &record_path(name, key)))
        }
        Some(_) => PhaseFile::Tree,
    }
}

/// Where a record's file is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhaseFile {
    /// In the tree.
    Tree,
    /// There, and if it is not there, in the tree.
    First(String),
    /// The record has no value now.
    Nothing,
}

#[cfg(test)]
#[path = "turns_tests.rs"]
mod tests;
