//! One publication into a folder at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::time::{Duration, Instant};

use super::UploadError;
use super::folder::{Folder, TEMPORARY};
use super::folder_manifest::OURS;

/// How long another publication into the same folder is waited for.
const MAX_WAIT: Duration = Duration::from_secs(10);

impl Folder {
    /// One publication into a folder at a time; what an ended one left over is removed.
    pub(super) fn lock(&self) -> Result<File, UploadError> {
        for dir in [self.dir(), &self.dir().join(OURS)] {
            match fs::create_dir(dir) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(self.failed(dir))?,
            }
        }
        let ours = self.dir().join(OURS);
        let lock = File::open(&ours).map_err(self.failed(&ours))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if began.elapsed() < MAX_WAIT => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(self.refused(&ours, "is locked: another namesys publishes there"));
                }
                Err(TryLockError::Error(error)) => return Err(self.failed(&ours)(error)),
            }
        }
        match fs::remove_dir_all(ours.join(TEMPORARY)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(lock),
            removed => removed.map(|()| lock).map_err(self.failed(&ours)),
        }
    }
}
