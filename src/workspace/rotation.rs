//! A copy of a workspace in which everything is signed anew, beside it until all of it is done.

use std::fs::File;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{Config, STATE_DIR, SignOutcome, Workspace, WorkspaceError};
use crate::ens::WELL_KNOWN;
use crate::folder::Kind;
use crate::ipfs::ROOT_FOLDER;
use crate::record::{MAX_RECORD_FILE, flat_path};
use crate::temporary::Temporary;

/// Where it is, in the workspace. One that a process left is of no use to the next.
const PLACE: &str = ".namesys/rotation";

/// A copy of what a workspace publishes, with a configuration of its own.
pub struct Rotation<'a> {
    of: &'a Workspace,
    copy: Workspace,
    place: PathBuf,
    _temporary: Temporary,
}

impl<'a> Rotation<'a> {
    /// Copies what is signed in `of`, whose lock is held.
    ///
    /// # Errors
    /// I/O.
    pub fn begin(of: &'a Workspace, config: &Config) -> Result<Self, WorkspaceError> {
        let failed = |error| WorkspaceError::Io { path: of.dir().join(PLACE), error };
        of.folder().make_folder(STATE_DIR).map_err(failed)?;
        let place = std::path::absolute(of.dir().join(PLACE)).map_err(failed)?;
        remove(&place).map_err(failed)?;
        // What is made there is nobody else's before it is in its place.
        let _temporary = Temporary::new(&place);
        std::fs::DirBuilder::new().mode(0o700).create(&place).map_err(failed)?;
        let copy = Workspace::init(&place, config)?;
        let rotation = Self { of, copy, place, _temporary };
        for folder in [WELL_KNOWN, ROOT_FOLDER] {
            rotation.copy(folder)?;
        }
        Ok(rotation)
    }

    /// The copy.
    pub fn workspace(&self) -> &Workspace {
        &self.copy
    }

    fn copy(&self, folder: &str) -> Result<(), WorkspaceError> {
        let from = self.of.folder();
        if from.kind(folder).map_err(self.of.failed(folder))?.is_none() {
            return Ok(());
        }
        let mut folders = vec![PathBuf::from(folder)];
        while let Some(path) = folders.pop() {
            let failed = |error| WorkspaceError::Io { path: self.of.dir().join(&path), error };
            std::fs::create_dir(self.place.join(&path)).map_err(failed)?;
            for (name, kind) in from.folder(&path).and_then(|it| it.entries()).map_err(failed)? {
                let path = path.join(name);
                match kind {
                    Kind::Folder => folders.push(path),
                    kind => self.copy_file(&path, &kind).map_err(self.of.failed(&path))?,
                }
            }
        }
        Ok(())
    }

    fn copy_file(&self, path: &Path, kind: &Kind) -> io::Result<()> {
        let (from, to) = (self.of.folder(), self.place.join(path));
        match kind {
            Kind::File => {
                let mut file = File::create_new(to)?;
                io::copy(&mut from.file(path)?, &mut file).map(drop)
            }
            #[cfg(unix)]
            Kind::Link => std::os::unix::fs::symlink(from.read_link(path)?, to),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "this is no file")),
        }
    }

    /// Takes over what was signed in the copy, then `config`: with it, and not before, the keys are
    /// others. Each file is whole at any moment; the same again completes it. The lock is held.
    ///
    /// # Errors
    /// I/O.
    pub fn commit(self, signed: &SignOutcome, config: &Config) -> Result<(), WorkspaceError> {
        let (of, from) = (self.of, self.copy.folder());
        let temporary = of.temporary()?;
        let mut staged = Vec::new();
        for file in &signed.signed {
            let flat = flat_path(&file.name, &file.key);
            for path in [Some(file.path.clone()), flat].into_iter().flatten() {
                let bytes = match from.read(&path, MAX_RECORD_FILE) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    bytes => bytes.map_err(self.copy.failed(&path))?,
                };
                let file = temporary.stage(&bytes).map_err(of.failed(&path))?;
                staged.push((path, file));
            }
        }
        of.folder().sync().map_err(of.failed("."))?;
        for (path, file) in staged {
            of.folder().place(&path, file).map_err(of.failed(&path))?;
        }
        signed.removed.iter().try_for_each(|file| of.remove(&file.path))?;
        of.folder().sync().map_err(of.failed("."))?;
        of.save_config(config)
    }
}

impl Drop for Rotation<'_> {
    fn drop(&mut self) {
        // What cannot be removed is only litter: the next one tries again.
        let _ = remove(&self.place);
    }
}

fn remove(place: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::keys::Storage;

    #[test]
    fn the_copy_is_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let name = "nick.eth".parse().unwrap();
        let config = Config::new(name, Storage::Domain, Storage::Domain, 1);
        let workspace = Workspace::init(dir.path(), &config).unwrap();
        let rotation = Rotation::begin(&workspace, &config).unwrap();
        let mode = std::fs::metadata(rotation.workspace().dir()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
