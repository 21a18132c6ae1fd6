//! The one rule by which records are accepted, whichever service they come through.

use std::io;

use axum::body::Bytes;
use jiff::Timestamp;
use tokio::sync::broadcast;

use super::store::Store;
use crate::ipns::{RecordError, UnverifiedRecord, VerifiedRecord};
use crate::keys::IpnsName;

/// Updates a slow watcher may lag behind before it misses some.
const UPDATES_KEPT: usize = 256;

/// Why a record was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutError {
    /// Not a record of that name, or expired.
    #[error(transparent)]
    Invalid(#[from] RecordError),
    /// The stored one is better.
    #[error(
        "the record (sequence {offered}) does not replace the stored one (sequence {stored}): \
         a higher sequence does, or a later validity under the same"
    )]
    Outdated {
        /// Sequence of the record that came.
        offered: u64,
        /// Sequence of the record that stays.
        stored: u64,
    },
    /// The disk.
    #[error("the devnet cannot store the record: {0}")]
    Io(#[from] io::Error),
}

/// What became of a record that was accepted.
#[derive(Debug)]
pub(crate) enum Put {
    /// It is served from now on.
    Stored(VerifiedRecord),
    /// Byte for byte what is served already.
    Same(VerifiedRecord),
}

/// Every record of the network.
#[derive(Debug)]
pub(crate) struct Names {
    updates: broadcast::Sender<VerifiedRecord>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { updates: broadcast::Sender::new(UPDATES_KEPT) }
    }

    /// Every record stored from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<VerifiedRecord> {
        self.updates.subscribe()
    }

    /// The record of `name`, expired or not.
    pub(crate) fn get(&self, store: &Store, name: &IpnsName) -> io::Result<Option<VerifiedRecord>> {
        let Some(bytes) = store.records.get(name)? else { return Ok(None) };
        let damaged = |error: RecordError| {
            let message = format!("the stored record of {name} is damaged: {error}");
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let record = UnverifiedRecord::parse(&bytes).map_err(damaged)?;
        record.verify_signature(name).map_err(damaged).map(Some)
    }

    /// As [`put`](Self::put), in place of whatever is stored: a valid record still.
    pub(crate) fn force(
        &self,
        store: &Store,
        name: &IpnsName,
        bytes: &Bytes,
    ) -> Result<Put, PutError> {
        let record = UnverifiedRecord::parse(bytes)?.verify(name, Timestamp::now())?;
        let stored = store.records.replace(name, bytes, |present| {
            Ok::<_, PutError>(present.is_none_or(|present| present != bytes))
        })?;
        if !stored {
            return Ok(Put::Same(record));
        }
        let _ = self.updates.send(record.clone());
        Ok(Put::Stored(record))
    }

    /// Verifies `bytes` as a record of `name` that has not expired, and stores it if it
    /// supersedes the present one ([`VerifiedRecord::supersedes`]).
    pub(crate) fn put(
        &self,
        store: &Store,
        name: &IpnsName,
        bytes: &Bytes,
    ) -> Result<Put, PutError> {
        let record = UnverifiedRecord::parse(bytes)?.verify(name, Timestamp::now())?;
        let stored = store.records.replace(name, bytes, |present| {
            let Some(present) = present else { return Ok(true) };
            if present == bytes {
                return Ok(false);
            }
            // A stored record that cannot be read is worth less than any that can.
            let present =
                UnverifiedRecord::parse(present).and_then(|present| present.verify_signature(name));
            match present {
                Ok(present) if !record.supersedes(&present) => {
                    let (offered, stored) = (record.fields().sequence, present.fields().sequence);
                    Err(PutError::Outdated { offered, stored })
                }
                _ => Ok(true),
            }
        })?;
        if !stored {
            return Ok(Put::Same(record));
        }
        // Without watchers there is nobody to tell.
        let _ = self.updates.send(record.clone());
        Ok(Put::Stored(record))
    }
}
