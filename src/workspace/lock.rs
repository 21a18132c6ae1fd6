//! One lock for each workspace.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{STATE_DIR, Workspace, WorkspaceError};

const LOCK: &str = ".namesys/lock";
/// How a CAR file under way is called.
const CAR_PREFIX: &str = ".car-";

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
        let (state, lock) = (Path::new(STATE_DIR), Path::new(LOCK));
        workspace.folder().make_folder(state).map_err(workspace.failed(state))?;
        let file = workspace.folder().lock_file(lock).map_err(workspace.failed(lock))?;
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
                Err(TryLockError::Error(error)) => return Err(workspace.failed(lock)(error)),
            }
        }
        // What a killed process left: nobody else writes there while the lock is held.
        workspace.temporary()?.clear_temporary(CAR_PREFIX);
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linked_state_is_refused_and_nothing_in_it_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, other) = (folder.path().join("ws"), folder.path().join("other"));
        std::fs::create_dir_all(dir.join(".namesys")).unwrap();
        std::fs::create_dir_all(other.join("tmp")).unwrap();
        std::fs::write(dir.join("namesys.toml"), "name = \"nick.eth\"\n").unwrap();
        std::fs::write(other.join("write-id_ed25519"), "key").unwrap();
        std::fs::write(other.join("tmp/write-kept"), "x").unwrap();
        let refused = || {
            let error = Workspace::at(&dir).unwrap().lock().unwrap_err().to_string();
            assert!(error.contains("symbolic link"), "{error}");
        };
        std::os::unix::fs::symlink(&other, dir.join(".namesys/tmp")).unwrap();
        refused();
        std::fs::remove_dir_all(dir.join(".namesys")).unwrap();
        std::os::unix::fs::symlink(&other, dir.join(".namesys")).unwrap();
        refused();
        std::fs::remove_file(dir.join(".namesys")).unwrap();
        std::fs::create_dir(dir.join(".namesys")).unwrap();
        std::os::unix::fs::symlink(other.join("new"), dir.join(".namesys/lock")).unwrap();
        refused();
        assert!(other.join("write-id_ed25519").is_file() && other.join("tmp/write-kept").is_file());
        assert!(!other.join("lock").exists() && !other.join("new").exists());
        // Its own is emptied, of what is ours.
        std::fs::remove_file(dir.join(".namesys/lock")).unwrap();
        std::fs::create_dir(dir.join(".namesys/tmp")).unwrap();
        for name in ["write-left", ".car-left", "theirs"] {
            std::fs::write(dir.join(".namesys/tmp").join(name), "x").unwrap();
        }
        drop(Workspace::at(&dir).unwrap().lock().unwrap());
        let left: Vec<_> = std::fs::read_dir(dir.join(".namesys/tmp")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
