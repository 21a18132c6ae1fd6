//! Temporary files and folders that go when the process ends, also when a signal ends it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What there is of this process.
static THERE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A path that [`remove_all`] removes, as long as this lasts.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// Of a file or folder that this process made.
    pub fn new(path: &Path) -> Self {
        there().insert(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        there().remove(&self.0);
    }
}

/// Removes every temporary file and folder of this process: it ends now.
pub fn remove_all() {
    for path in std::mem::take(&mut *there()) {
        // What is gone already, or cannot be removed, is left.
        let _ = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
    }
}

fn there() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    THERE.lock().unwrap_or_else(PoisonError::into_inner)
}
