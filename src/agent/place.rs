//! Where the socket is: a folder that nobody else can look into.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::AgentError;

/// The longest path of a socket that systems take, bytes.
const MAX_SOCKET: usize = 100;

/// Below the user's runtime folder.
const FOLDER: &str = "namesys";

/// The folder of the socket and of its lock, `namesys` in the user's runtime folder.
#[derive(Clone, Debug)]
pub struct Place(PathBuf);

impl Place {
    /// Below `runtime`, the folder that `XDG_RUNTIME_DIR` names: its user's alone. Made where it
    /// is not there.
    ///
    /// # Errors
    /// [`AgentError::Place`] for a folder that others can use.
    pub fn new(runtime: &Path) -> Result<Self, AgentError> {
        let refused = |path: &Path, why| AgentError::Place { path: path.to_owned(), why };
        if !runtime.is_absolute() {
            return Err(refused(runtime, "it is not absolute"));
        }
        check(runtime)?;
        let folder = runtime.join(FOLDER);
        let made = std::fs::DirBuilder::new().mode(0o700).create(&folder);
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(AgentError::Io { path: folder, source: error });
            }
            _ => check(&folder)?,
        }
        let place = Self(folder);
        match place.socket().as_os_str().len() <= MAX_SOCKET {
            true => Ok(place),
            false => Err(refused(runtime, "its path is too long for a socket")),
        }
    }

    /// As [`new`](Self::new), for those who only ask: nothing is made, and who asks is no less safe in
    /// a folder that others can use, for each side looks who the other one is.
    pub fn of_client(runtime: &Path) -> Self {
        Self(runtime.join(FOLDER))
    }

    /// The socket.
    pub fn socket(&self) -> PathBuf {
        self.0.join("agent.sock")
    }

    /// Held by the process that serves.
    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("agent.lock")
    }

    pub(super) fn failed(&self, source: io::Error) -> AgentError {
        AgentError::Io { path: self.socket(), source }
    }
}

/// A real folder of this user, closed to all others.
fn check(path: &Path) -> Result<(), AgentError> {
    let refused = |why| AgentError::Place { path: path.to_owned(), why };
    let found = path.symlink_metadata();
    let found = found.map_err(|source| AgentError::Io { path: path.to_owned(), source })?;
    if !found.is_dir() {
        return Err(refused("it is no folder"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused("it is another user's"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(refused("others can use it: chmod 700"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_a_folder_of_ones_own() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        set_permissions(at, Permissions::from_mode(0o755)).unwrap();
        let refused = Place::new(at).unwrap_err().to_string();
        assert!(refused.contains("chmod 700"), "{refused}");
        assert!(std::fs::read_dir(at).unwrap().next().is_none(), "nothing is made there");
        set_permissions(at, Permissions::from_mode(0o700)).unwrap();
        let place = Place::new(at).unwrap();
        assert_eq!(place.socket(), at.join("namesys/agent.sock"));
        assert_eq!(at.join("namesys").metadata().unwrap().mode() & 0o777, 0o700);
        Place::new(at).unwrap();
        set_permissions(at.join("namesys"), Permissions::from_mode(0o711)).unwrap();
        assert!(Place::new(at).is_err());
        let link = at.join("link");
        std::os::unix::fs::symlink("namesys", &link).unwrap();
        for bad in [Path::new("relative"), &link, &at.join("missing"), &at.join("l".repeat(200))] {
            assert!(Place::new(bad).is_err(), "{}", bad.display());
        }
    }
}
