//! Temporary files and folders that go when the process ends, also when a signal ends it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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

/// How often a folder is tried into which another thread still writes, and the pause between.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(5);

/// Removes every temporary file and folder of this process: it ends now.
pub fn remove_all() {
    std::mem::take(&mut *there()).iter().for_each(|path| remove(path));
}

/// What is gone already, or cannot be removed, is left.
fn remove(path: &Path) {
    for _ in 0..TRIES {
        let _ = match path.is_dir() {
            true => fs::remove_dir_all(path),
            false => fs::remove_file(path),
        };
        if path.symlink_metadata().is_err() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

fn there() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    THERE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_while_somebody_writes_into_it() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("work");
        let inside = folder.join("a/b");
        fs::create_dir_all(&inside).unwrap();
        let writer = std::thread::spawn(move || {
            (0..).find(|number| fs::write(inside.join(format!("{number}")), b"x").is_err())
        });
        std::thread::sleep(Duration::from_millis(20));
        remove(&folder);
        assert!(writer.join().unwrap().is_some());
        assert!(!folder.exists());
    }
}
