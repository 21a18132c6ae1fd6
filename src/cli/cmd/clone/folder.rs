//! The folder of a clone: it is made beside its place, and moved there once it is whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use namesys::report::ErrorKind;
use namesys::temporary::Temporary;
use namesys::workspace::CONFIG_FILE;

use crate::cli::error::{CliError, Exit};

/// A folder under way; it goes unless it is moved to its place.
pub struct Folder {
    dir: PathBuf,
    is_there: bool,
    within: tempfile::TempDir,
    _temporary: Temporary,
    /// Held as long as this process works in it.
    _lock: File,
}

/// What the folder of a clone under way begins with.
const PREFIX: &str = ".clone-";
/// The workspace in it.
const INSIDE: &str = "w";

impl Folder {
    /// For `dir`, which is empty or not there.
    ///
    /// # Errors
    /// Exit 1 where something is in it, or it cannot be made.
    pub fn new(dir: &Path) -> Result<Self, CliError> {
        let failed = |error: io::Error| CliError::io(dir.display(), &error);
        let dir = std::path::absolute(dir).map_err(failed)?;
        let is_there = match std::fs::read_dir(&dir) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    let message = format!("{} is there, and is not empty", dir.display());
                    return Err(CliError::new(Exit::Failed, ErrorKind::Exists, message)
                        .hint("name another folder: namesys clone NAME DIR"));
                }
                true
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed(error)),
        };
        // On its file system.
        let above = match (is_there, dir.parent()) {
            (false, Some(parent)) => parent,
            _ => &dir,
        };
        std::fs::create_dir_all(above).map_err(failed)?;
        sweep(above);
        let within = tempfile::Builder::new().prefix(PREFIX).tempdir_in(above);
        let within = within.map_err(failed)?;
        let _temporary = Temporary::new(within.path());
        // Before there is anything in it: what is empty is left alone.
        let _lock = File::open(within.path()).map_err(failed)?;
        _lock.lock_shared().map_err(failed)?;
        let folder = Self { dir, is_there, within, _temporary, _lock };
        std::fs::create_dir(folder.path()).map_err(failed)?;
        Ok(folder)
    }

    /// Where it is made.
    pub fn path(&self) -> PathBuf {
        self.within.path().join(INSIDE)
    }

    /// Where it belongs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Moves it to its place; without `namesys.toml`, which is last, it is no workspace.
    ///
    /// # Errors
    /// The system's.
    pub fn keep(self) -> Result<(), CliError> {
        let failed = |error: io::Error| CliError::io(self.dir.display(), &error);
        if !self.is_there {
            return std::fs::rename(self.path(), &self.dir).map_err(failed);
        }
        let entries = std::fs::read_dir(self.path()).map_err(failed)?;
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.map_err(failed)?.file_name());
        }
        names.sort_by_key(|name| name == CONFIG_FILE);
        names.iter().try_for_each(|name| {
            std::fs::rename(self.path().join(name), self.dir.join(name)).map_err(failed)
        })
    }
}

/// Removes what clones left beside this one that were killed: nobody works in it any more. What cannot
/// be removed is only litter.
fn sweep(above: &Path) {
    let Ok(entries) = std::fs::read_dir(above) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let path = entry.path();
        let is_ours = path.symlink_metadata().is_ok_and(|found| {
            found.is_dir() && found.uid() == rustix::process::geteuid().as_raw()
        });
        let is_begun = is_ours && path.join(INSIDE).is_dir();
        if is_begun && File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_clone_left_is_removed_and_what_is_under_way_is_not() {
        let above = tempfile::tempdir().unwrap();
        let under_way = Folder::new(&above.path().join("one")).unwrap();
        let (left, empty) = (above.path().join(".clone-left"), above.path().join(".clone-empty"));
        std::fs::create_dir_all(left.join(INSIDE)).unwrap();
        std::fs::create_dir(&empty).unwrap();
        std::os::unix::fs::symlink(above.path(), above.path().join(".clone-link")).unwrap();
        let other = Folder::new(&above.path().join("two")).unwrap();
        assert!(!left.exists() && empty.exists());
        assert!(under_way.path().is_dir() && other.path().is_dir());
    }
}
