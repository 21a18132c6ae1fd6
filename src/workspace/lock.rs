//! One lock for each workspace.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
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

/// What a killed process left: nobody else writes there while the lock is held.
fn clear_temporary(workspace: &Workspace) {
    let Ok(entries) = std::fs::read_dir(workspace.state_dir().join("tmp")) else { return };
    for entry in entries.flatten() {
        // A file that cannot be removed is only litter; the next holder tries again.
        let _ = std::fs::remove_file(entry.path());
    }
}
