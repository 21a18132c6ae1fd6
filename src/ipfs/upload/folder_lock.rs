//! One publication into a folder at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::UploadError;
use super::folder::{Folder, TEMPORARY};
use super::folder_manifest::OURS;
use crate::folder::OpenDir;

/// How long another publication into the same folder is waited for.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// The folder while it is published to, and where our own files are in it.
pub(super) struct Locked {
    pub(super) dir: OpenDir,
    pub(super) temporary: OpenDir,
    _lock: File,
}

impl Folder {
    /// One publication into a folder at a time; what an ended one left over is removed.
    pub(super) fn lock(&self) -> Result<Locked, UploadError> {
        match fs::create_dir(self.dir()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(self.failed(self.dir()))?,
        }
        let dir = OpenDir::open(self.dir()).map_err(self.failed(self.dir()))?;
        let ours = dir.make_folder(OURS).map_err(self.failed(OURS))?;
        let lock = ours.as_file().map_err(self.failed(OURS))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if began.elapsed() < MAX_WAIT => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(self.refused(OURS, "is locked: another namesys publishes there"));
                }
                Err(TryLockError::Error(error)) => return Err(self.failed(OURS)(error)),
            }
        }
        let failed = |error| self.failed(Path::new(OURS).join(TEMPORARY))(error);
        let temporary = ours.make_folder(TEMPORARY).map_err(failed)?;
        temporary.clear_temporary("");
        Ok(Locked { dir, temporary, _lock: lock })
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // What cannot be removed is litter, which the next publication removes.
        let _ = self.dir.remove_folder(Path::new(OURS).join(TEMPORARY));
    }
}
