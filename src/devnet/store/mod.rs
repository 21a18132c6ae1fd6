//! What the devnet keeps: blocks in one CAR file, the pinned roots, IPNS records in one small file
//! each.
//!
//! ```text
//! <dir>/lock                       locked while a devnet runs
//! <dir>/blocks.car                 every block, appended; any CAR tool can read it
//! <dir>/pins                       the roots that were pinned, one CID a line
//! <dir>/records/<k51…>.ipns-record the best record of each name, replaced atomically
//! ```
//! A process killed at any point leaves a folder the next one opens: a section of `blocks.car`
//! cut short is dropped, a record is either the old or the new one.

mod blocks;
mod ipns_records;
mod pins;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use blocks::BlockStore;
pub(crate) use ipns_records::RecordStore;
pub(crate) use pins::PinStore;

/// Why the devnet's folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder.
    #[error(
        "another devnet runs in {}: stop it, or choose another folder with --dir",
        .0.display()
    )]
    Locked(PathBuf),
    /// The folder or a file in it cannot be read or written.
    #[error("cannot use {}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `blocks.car` holds something that is not a block.
    #[error(
        "{} is damaged at byte {offset} ({what}): delete it and upload again, \
         or choose another folder with --dir",
        .path.display()
    )]
    Damaged {
        /// The CAR file.
        path: PathBuf,
        /// Where the unreadable section begins.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
}

impl StoreError {
    /// For `map_err`: `source` happened at `path`.
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}

/// An open folder. Dropping it lets another process open the folder.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) blocks: Arc<BlockStore>,
    pub(crate) pins: PinStore,
    pub(crate) records: RecordStore,
    _lock: File,
}

impl Store {
    /// Opens `dir`, creating it when absent. `durable` waits for the disk before a write counts
    /// as done.
    pub(crate) fn open(dir: &Path, durable: bool) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(StoreError::at(dir))?;
        let lock_path = dir.join("lock");
        let lock = File::create(&lock_path).map_err(StoreError::at(&lock_path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::Locked(dir.to_path_buf()),
            TryLockError::Error(source) => StoreError::Io { path: lock_path, source },
        })?;
        let blocks = Arc::new(BlockStore::open(&dir.join("blocks.car"), durable)?);
        Ok(Self {
            pins: PinStore::open(&dir.join("pins"), &blocks, durable)?,
            blocks,
            records: RecordStore::open(&dir.join("records"), durable)?,
            _lock: lock,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Store::open(dir.path(), false).unwrap();
        let second = Store::open(dir.path(), false).unwrap_err();
        assert!(matches!(second, StoreError::Locked(_)), "{second}");
        assert!(second.to_string().contains("--dir"), "{second}");
        drop(first);
        Store::open(dir.path(), false).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        std::fs::write(&path, "").unwrap();
        let error = Store::open(&path, false).unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
    }
}
