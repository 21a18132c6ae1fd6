//! What was published: every IPNS record made here, kept under `.namesys/history/`. It can be
//! rebuilt from the services; it makes sure that a sequence is never used twice.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::ipns::{RecordError, UnverifiedRecord, VerifiedRecord};
use crate::keys::IpnsName;
use crate::workspace::{Workspace, WorkspaceError, write_atomic};

/// An IPNS record that was made here.
pub type Publication = VerifiedRecord;

/// A record of the history.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    /// The record.
    pub record: Publication,
    /// When its file was written.
    pub made: Option<Timestamp>,
}

/// Why the history cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A kept record does not verify.
    #[error("{}: {error}; remove the file, it can be fetched again", .path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        error: RecordError,
    },
}

impl Workspace {
    fn history_dir(&self, name: &IpnsName) -> PathBuf {
        self.state_dir().join("history").join(name.to_string())
    }

    /// Keeps a record before it is sent anywhere. Hold the lock.
    ///
    /// # Errors
    /// I/O.
    pub fn keep_publication(&self, record: &Publication) -> Result<(), StateError> {
        let file = format!("{:020}.ipns", record.fields().sequence);
        let path = self.history_dir(record.name()).join(file);
        write_atomic(&self.temporary_dir()?, &path, record.bytes(), true)
            .map_err(WorkspaceError::io(&path))?;
        Ok(())
    }

    /// The records made here for `name`, by sequence.
    ///
    /// # Errors
    /// I/O, or a file that does not hold a record of `name`.
    pub fn publications(&self, name: &IpnsName) -> Result<Vec<Publication>, StateError> {
        Ok(self.history(name)?.into_iter().map(|entry| entry.record).collect())
    }

    /// As [`publications`](Self::publications), with the times they were made.
    ///
    /// # Errors
    /// As [`publications`](Self::publications).
    pub fn history(&self, name: &IpnsName) -> Result<Vec<HistoryEntry>, StateError> {
        let dir = self.history_dir(name);
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(WorkspaceError::io(&dir)(error).into()),
        };
        let mut history = Vec::new();
        for entry in entries {
            let path = entry.map_err(WorkspaceError::io(&dir))?.path();
            let bytes = std::fs::read(&path).map_err(WorkspaceError::io(&path))?;
            let written = path.metadata().and_then(|metadata| metadata.modified()).ok();
            let made = written.and_then(|time| Timestamp::try_from(time).ok());
            let record = UnverifiedRecord::parse(&bytes)
                .and_then(|record| record.verify_signature(name))
                .map_err(|error| StateError::Record { path, error })?;
            history.push(HistoryEntry { record, made });
        }
        history.sort_by_key(|entry| entry.record.fields().sequence);
        Ok(history)
    }
}
