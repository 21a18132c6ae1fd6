//! IPNS records: one file a name.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::StoreError;
use crate::ipns::MAX_RECORD_BYTES;
use crate::keys::IpnsName;

/// What files being written are called until they are whole.
const TEMPORARY: &str = ".new-";

/// The best record of each name, as raw protobuf.
#[derive(Debug)]
pub(crate) struct RecordStore {
    dir: PathBuf,
    durable: bool,
    writing: Mutex<()>,
}

impl RecordStore {
    /// Opens or creates the folder; what a killed process left half-written is removed.
    pub(super) fn open(dir: &Path, durable: bool) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(StoreError::at(dir))?;
        for entry in fs::read_dir(dir).map_err(StoreError::at(dir))? {
            let entry = entry.map_err(StoreError::at(dir))?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                fs::remove_file(entry.path()).map_err(StoreError::at(&entry.path()))?;
            }
        }
        Ok(Self { dir: dir.to_path_buf(), durable, writing: Mutex::new(()) })
    }

    /// The record of `name`, as it was stored.
    pub(crate) fn get(&self, name: &IpnsName) -> io::Result<Option<Vec<u8>>> {
        let file = match fs::File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(MAX_RECORD_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Stores `record` for `name` if `decide`, given the present one, says so. Nobody else writes
    /// in between. Returns whether it was stored.
    pub(crate) fn replace<E: From<io::Error>>(
        &self,
        name: &IpnsName,
        record: &[u8],
        decide: impl FnOnce(Option<&[u8]>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if !decide(self.get(name)?.as_deref())? {
            return Ok(false);
        }
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&self.dir)?;
        file.write_all(record)?;
        if self.durable {
            file.as_file().sync_all()?;
        }
        file.persist(self.path(name)).map_err(|error| error.error)?;
        Ok(true)
    }

    /// The file of `name`: base36 digits only, so it stays in the folder.
    fn path(&self, name: &IpnsName) -> PathBuf {
        self.dir.join(format!("{name}.ipns-record"))
    }
}
