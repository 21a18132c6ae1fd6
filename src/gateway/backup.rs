//! All records of a database as lines of JSON, and back.
//!
//! A line: `{"name", "record", "data", "timestamp", "superseded", "changes"}`: `superseded` lists
//! signatures (r ‖ s) that were replaced, `changes` says how often records of the name changed.

use alloy_primitives::Bytes;
use serde::{Deserialize, Serialize};

use super::check::{approval_id, id};
use super::kept::{Kept, Known, NewRecord, Restored, StoreError};
use super::store::Store;
use crate::ens::{Name, NameError};
use crate::json;
use crate::record::{RecordKey, RecordKeyError};
use crate::request::{PayloadError, SignatureError, SignedRecord};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    record: String,
    data: Bytes,
    timestamp: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    superseded: Vec<Bytes>,
    changes: u64,
}

/// Why a line is none of a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No JSON, or other fields.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not a record type.
    #[error(transparent)]
    Record(#[from] RecordKeyError),
    /// `data` is no payload.
    #[error("data: {0}")]
    Payload(#[from] PayloadError),
    /// A signature that none accepts.
    #[error("the signature: {0}")]
    Signature(#[from] SignatureError),
    /// A replaced signature of another length.
    #[error("superseded: {0} is not r and s of a signature, 64 bytes")]
    Superseded(Bytes),
}

/// The records of a database, page by page.
pub struct Backup<'a> {
    store: &'a Store,
    last: Option<Kept>,
}

impl<'a> Backup<'a> {
    /// From the first one on.
    pub fn new(store: &'a Store) -> Self {
        Self { store, last: None }
    }

    /// The next lines, without their ends; none at the end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn next(&mut self) -> Result<Vec<String>, StoreError> {
        let page = self.store.page(self.last.as_ref()).await?;
        let lines = page.iter().map(line).collect();
        if let Some(last) = page.into_iter().next_back() {
            self.last = Some(last);
        }
        Ok(lines)
    }
}

fn line(kept: &Kept) -> String {
    let line = Line {
        name: kept.name.to_string(),
        record: kept.key.to_string(),
        data: kept.data.clone().into(),
        timestamp: kept.since,
        superseded: kept.superseded.iter().map(|id| Bytes::copy_from_slice(id)).collect(),
        changes: kept.changes,
    };
    serde_json::to_string(&line).expect("texts and numbers always serialize")
}

/// A record of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backed {
    /// Whose.
    pub name: Name,
    /// The record.
    pub record: NewRecord,
    /// What it was decoded to.
    pub payload: SignedRecord,
    known: Known,
}

impl Backed {
    /// Reads a line.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn parse(line: &[u8]) -> Result<Self, BackupError> {
        let Line { name, record, data, timestamp, superseded, changes } = json::from_slice(line)?;
        let payload = SignedRecord::decode(&data)?;
        let id_of = |bytes: Bytes| {
            <[u8; 64]>::try_from(&bytes[..]).map_err(|_| BackupError::Superseded(bytes.clone()))
        };
        let record = NewRecord {
            key: RecordKey::parse(&record)?,
            data: payload.encode(),
            signature: id(&payload.signature)?,
            approval: approval_id(&payload)?,
            time: timestamp,
        };
        let superseded = superseded.into_iter().map(id_of).collect::<Result<_, _>>()?;
        let name = Name::from_normalized(&name)?;
        name.check_folder()?;
        Ok(Self { name, record, payload, known: Known { superseded, changes } })
    }
}

/// Takes the records of lines, all or none: each where it verified (said beside it) and there is none
/// or an older one. What a line says to be replaced is replaced here too. Whether each was taken.
///
/// # Errors
/// [`StoreError`].
pub async fn restore(store: &Store, lines: &[(Backed, bool)]) -> Result<Vec<bool>, StoreError> {
    let restored = lines.iter().map(|(backed, stands)| {
        let Backed { name, record, known, .. } = backed;
        Restored { name, record, known, stands: *stands }
    });
    store.restore(&restored.collect::<Vec<_>>()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_line_is_told() {
        let good = r#"{"name":"nick.eth","record":"text/a","data":"0x","timestamp":1,"changes":1}"#;
        for (line, told) in [
            (good.to_owned(), "data: "),
            (good.replace("nick", "NICK"), "data: "),
            (good.replace("0x", "x"), "invalid"),
            (good.replace("timestamp", "time"), "unknown field"),
            ("[]".to_owned(), ""),
        ] {
            let error = Backed::parse(line.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
