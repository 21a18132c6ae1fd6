//! One lock for each workspace.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Workspace, WorkspaceError};

/// How long another process is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_millis(50);

/// Held while the workspace is changed; released on drop, and by the system when the process
/// ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn acquire(workspace: &Workspace) -> Result<Self, WorkspaceError> {
        let path = workspace.state_dir().join("lock");
        let open = || -> io::Result<File> {
            std::fs::create_dir_all(workspace.state_dir())?;
            OpenOptions::new().create(true).truncate(false).write(true).open(&path)
        };
        let file = open().map_err(WorkspaceError::io(&path))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    std::thread::sleep(INTERVAL);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(WorkspaceError::Locked {
                        dir: workspace.dir().to_owned(),
                        seconds: PATIENCE.as_secs(),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(WorkspaceError::io(&path)(error)),
            }
        }
        clear_temporary(workspace);
        Ok(Self { _file: file })
    }
}

/// What a killed process left: nobody else writes there while the lock is held. A link is not
/// followed: whoever wrote the workspace may have chosen where it leads.
fn clear_temporary(workspace: &Workspace) {
    let (state, folder) = (workspace.state_dir(), workspace.state_dir().join("tmp"));
    let is_folder =
        |path: &Path| path.symlink_metadata().is_ok_and(|found| found.file_type().is_dir());
    if !is_folder(&state) || !is_folder(&folder) {
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        // A file that cannot be removed is only litter; the next holder tries again.
        let _ = std::fs::remove_file(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_for_the_folder_of_temporary_files_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, other) = (folder.path().join("ws"), folder.path().join("other"));
        std::fs::create_dir_all(dir.join(".namesys")).unwrap();
        std::fs::create_dir(&other).unwrap();
        std::fs::write(dir.join("namesys.toml"), "name = \"nick.eth\"\n").unwrap();
        std::fs::write(other.join("id_ed25519"), "key").unwrap();
        std::os::unix::fs::symlink(&other, dir.join(".namesys/tmp")).unwrap();
        drop(Workspace::at(&dir).unwrap().lock().unwrap());
        assert!(other.join("id_ed25519").is_file());
        // The same where all of the state is a link.
        std::fs::rename(dir.join(".namesys"), folder.path().join("state")).unwrap();
        std::fs::remove_file(folder.path().join("state/tmp")).unwrap();
        std::fs::create_dir(folder.path().join("state/tmp")).unwrap();
        std::fs::write(folder.path().join("state/tmp/kept"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path().join("state"), dir.join(".namesys")).unwrap();
        drop(Workspace::at(&dir).unwrap().lock().unwrap());
        assert!(folder.path().join("state/tmp/kept").is_file());
        // Its own is emptied.
        std::fs::remove_file(dir.join(".namesys")).unwrap();
        std::fs::create_dir_all(dir.join(".namesys/tmp")).unwrap();
        std::fs::write(dir.join(".namesys/tmp/left"), "x").unwrap();
        drop(Workspace::at(&dir).unwrap().lock().unwrap());
        assert!(!dir.join(".namesys/tmp/left").exists());
    }
}
