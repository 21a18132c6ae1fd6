//! Records that change by time: what a workspace signed for later, answered by the clock
//! ([database](crate::spec::database), [phases](crate::spec::phases)).

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use alloy_primitives::B256;
use jiff::Timestamp;
use tokio::time::sleep;

use super::check::{Checker, Refusal};
use super::owners::OwnersError;
use crate::ens::Name;
use crate::record::{MAX_RECORD_FILE, RecordFile, RecordKey, Value, record_path};
use crate::request::{RecordsPost, SignedRecord};
use crate::serve::Timed;
use crate::workspace::{Phase, Phases, Workspace, WorkspaceError, phase_path};

/// Between two looks at the workspace: its files may be others, and a name may have another owner.
const LOOK: Duration = Duration::from_secs(5);

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
    /// Who owns the name could not be asked.
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

    /// Whether a body says what holds at `now` of each record that is on the roster: what says
    /// something else would be kept and never answered.
    pub(super) fn check(&self, post: &RecordsPost, now: Timestamp) -> Result<(), Refusal> {
        for record in post.records() {
            let Some(said) = self.at(post.name().node(), &record.key, now) else { continue };
            let holds = match said {
                Said::Payload(payload) => SignedRecord::decode(&payload).ok(),
                Said::Nothing | Said::Unknown(_) => None,
            };
            if holds.as_ref() != Some(&record.payload) {
                return Err(Refusal::Rostered(record.key.clone()));
            }
        }
        Ok(())
    }

    /// Reads the workspace, and asks who owns its names. How many records are on it.
    pub(super) async fn read(&self, checker: &Checker, now: Timestamp) -> usize {
        let records = self.timed.records();
        let mut rows = Rows::new();
        for (name, key, phases) in records.all().filter(|(.., phases)| phases.single().is_none()) {
            let of = Of { workspace: self.timed.workspace(), checker, name, key, now };
            rows.insert((name.node(), key.to_string()), of.rows(phases).await);
        }
        let count = rows.len();
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rows);
        count
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
        for from in std::iter::once(Timestamp::MIN).chain(phases.turns()) {
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
            let Some((bytes, payload)) = self.signed(path, &phase.value) else { continue };
            let now = u64::try_from(self.now.as_second()).unwrap_or_default();
            return match self.checker.verify(self.name, self.key, &payload, (now, now)).await {
                Ok(()) => Said::Payload(bytes),
                Err(Refusal::Owners(OwnersError::Chain(error))) => Said::Unknown(error.to_string()),
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
    fn signed(&self, path: &str, value: &Value) -> Option<(Vec<u8>, SignedRecord)> {
        let file = self.workspace.folder().read(path, MAX_RECORD_FILE).ok()?;
        let bytes = RecordFile::payload(&file).ok()?;
        let payload = SignedRecord::decode(&bytes).ok()?;
        (payload.result[..] == value.abi_encode()[..]).then_some((bytes, payload))
    }
}
