//! The folder of a clone: it is made beside its place, and moved there once it is whole.

use std::io;
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
}

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
        let within = tempfile::Builder::new().prefix(".clone-").tempdir_in(above);
        let within = within.map_err(failed)?;
        let _temporary = Temporary::new(within.path());
        let folder = Self { dir, is_there, within, _temporary };
        std::fs::create_dir(folder.path()).map_err(failed)?;
        Ok(folder)
    }

    /// Where it is made.
    pub fn path(&self) -> PathBuf {
        self.within.path().join("w")
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
