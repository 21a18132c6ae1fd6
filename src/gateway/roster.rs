//! Records that change by time: what a workspace signed for later, answered by the clock
//! ([database](crate::spec::database), [phases](crate::spec::phases)).

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use alloy_primitives::B256;
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::check::{Checker, Refusal};
use super::kept::{Change, NewRecord};
use super::owners::OwnersError;
use crate::ens::Name;
use crate::record::{MAX_RECORD_FILE, RecordFile, RecordKey, Value, record_path};
use crate::request::SignedRecord;
use crate::serve::Timed;
use crate::workspace::{Phase, Phases, RECORDS_FILE, Workspace, WorkspaceError, phase_path};

/// Between two looks at the workspace: its files may be others, and a name may have another owner.
const LOOK: Duration = Duration::from_secs(5);
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The records of a workspace that change by time.
pub struct Roster {
    timed: Timed,
    read: RwLock<Arc<Rows>>,
}

/// What holds from when on, in order, of each record by node and record type.
type Rows = HashMap<(B256, String), Vec<Row>>;

struct Row {
    from: Timestamp,
    said: Said,
}

/// What holds of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// This payload.
    Payload(Vec<u8>),
    /// The record has no value, or none that is signed and stands for the owner.
    Nothing,
    /// Who owns the name could not be asked, or a file not be read.
    Unknown(String),
}

impl Roster {
    /// Of the workspace in a folder.
    ///
    /// # Errors
    /// [`WorkspaceError::NotFound`] where there is none; what is wrong in its files: a roster that
    /// cannot be read says nothing of what holds.
    pub fn of(dir: &Path) -> Result<Self, WorkspaceError> {
        let workspace = Workspace::at(dir)?;
        if workspace.records_text()?.is_none() {
            return Err(workspace.failed(RECORDS_FILE)(io::ErrorKind::NotFound.into()));
        }
        let records = workspace.records(&workspace.config()?)?;
        Ok(Self { timed: Timed::with(workspace, records), read: RwLock::default() })
    }

    /// What holds of a record at `now`; none of a record that is not on it.
    pub(super) fn at(&self, node: B256, key: &RecordKey, now: Timestamp) -> Option<Said> {
        let rows = self.read.read().unwrap_or_else(PoisonError::into_inner).clone();
        if rows.is_empty() {
            return None;
        }
        let rows = rows.get(&(node, key.to_string()))?;
        let row = rows.iter().rev().find(|row| row.from <= now);
        Some(row.map_or(Said::Nothing, |row| row.said.clone()))
    }

    /// Whether a change says what holds at `now` of each record that is on the roster: what says
    /// something else would be kept and never answered.
    pub(super) fn check(&self, change: &Change, now: Timestamp) -> Result<(), Refusal> {
        for NewRecord { key, data, .. } in &change.records {
            let Some(said) = self.at(change.name.node(), key, now) else { continue };
            let is_it = match said {
                Said::Payload(payload) => {
                    SignedRecord::decode(&payload).ok() == SignedRecord::decode(data).ok()
                }
                Said::Nothing => false,
                Said::Unknown(why) => {
                    return Err(Refusal::RosterUnknown { key: key.clone(), why });
                }
            };
            if !is_it {
                return Err(Refusal::Rostered(key.clone()));
            }
        }
        Ok(())
    }

    /// Reads the workspace, and asks who owns its names. Where that takes too long, it is not known
    /// what holds.
    pub(super) async fn read(&self, checker: &Checker, now: Timestamp) {
        let records = self.timed.records();
        let all = || records.all().filter(|(.., phases)| phases.single().is_none());
        let read = async {
            let mut rows = Rows::new();
            for (name, key, phases) in all() {
                let of = Of { workspace: self.timed.workspace(), checker, name, key, now };
                rows.insert((name.node(), key.to_string()), of.rows(phases).await);
            }
            rows
        };
        let rows = timeout(PATIENCE, read).await.unwrap_or_else(|_| {
            tracing::warn!("who owns the names of the roster is not known: nobody answers in time");
            let unknown = || Said::Unknown("the nodes do not answer in time".to_owned());
            let one = |(name, key, _): (&Name, &RecordKey, &Phases)| {
                let row = Row { from: Timestamp::MIN, said: unknown() };
                ((name.node(), key.to_string()), vec![row])
            };
            all().map(one).collect()
        });
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rows);
    }

    /// Reads it again and again.
    pub(super) async fn follow(&self, checker: &Checker) {
        loop {
            sleep(LOOK).await;
            self.read(checker, Timestamp::now()).await;
        }
    }
}

/// One record.
struct Of<'a> {
    workspace: &'a Workspace,
    checker: &'a Checker,
    name: &'a Name,
    key: &'a RecordKey,
    now: Timestamp,
}

impl Of<'_> {
    async fn rows(&self, phases: &Phases) -> Vec<Row> {
        let mut rows = Vec::new();
        let times: Vec<_> = std::iter::once(Timestamp::MIN).chain(phases.turns()).collect();
        // What is over holds no more, and its file may be gone.
        let over = times.iter().filter(|time| **time <= self.now).count() - 1;
        for &from in &times[over..] {
            let said = match phases.phase_at(from) {
                Some(phase) => self.said(phase).await,
                None => Said::Nothing,
            };
            rows.push(Row { from, said });
        }
        rows
    }

    /// What the workspace has signed for a phase: where it was signed in advance, or in the tree.
    async fn said(&self, phase: &Phase) -> Said {
        let tree = record_path(self.name, self.key);
        let ahead = phase.starts.map(|starts| phase_path(starts, &tree));
        for path in ahead.iter().chain([&tree]) {
            let (bytes, payload) = match self.signed(path, &phase.value) {
                Ok(Some(signed)) => signed,
                Ok(None) => continue,
                Err(error) => return Said::Unknown(format!("{path}: {error}")),
            };
            let now = u64::try_from(self.now.as_second()).unwrap_or_default();
            return match self.checker.verify(self.name, self.key, &payload, (now, now)).await {
                Ok(()) => Said::Payload(bytes),
                Err(Refusal::Owners(error @ OwnersError::Chain(_))) => {
                    Said::Unknown(error.to_string())
                }
                Err(error) => {
                    tracing::warn!("{path} is not served: {error}");
                    Said::Nothing
                }
            };
        }
        tracing::warn!("{} {} {phase}: it is not signed", self.name, self.key);
        Said::Nothing
    }

    /// The payload at `path`, where it has this value.
    fn signed(&self, path: &str, value: &Value) -> io::Result<Option<(Vec<u8>, SignedRecord)>> {
        let file = match self.workspace.folder().read(path, MAX_RECORD_FILE) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let read = || {
            let bytes = RecordFile::payload(&file).ok()?;
            let payload = SignedRecord::decode(&bytes).ok()?;
            (payload.result[..] == value.abi_encode()[..]).then_some((bytes, payload))
        };
        Ok(read())
    }
}
