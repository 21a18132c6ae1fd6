//! One lock for each workspace.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::waiting::Waiting;
use super::{STATE_DIR, Workspace, WorkspaceError};

const LOCK: &str = ".namesys/lock";
/// How a CAR file under way is called.
const CAR_PREFIX: &str = ".car-";

/// How long another process is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_millis(50);

/// After how long somebody is told that another process is waited for.
const SOON: Duration = Duration::from_millis(400);

/// The most that is read of what the holder is called, in bytes.
const MAX_HOLDER: u64 = 100;

/// Held while the workspace is changed; released on drop, and by the system when the process
/// ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn acquire(
        workspace: &Workspace,
        waiting: &Waiting,
    ) -> Result<Self, WorkspaceError> {
        let (state, lock) = (Path::new(STATE_DIR), Path::new(LOCK));
        workspace.folder().make_folder(state).map_err(workspace.failed(state))?;
        let file = workspace.folder().lock_file(lock).map_err(workspace.failed(lock))?;
        let start = Instant::now();
        let mut is_told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    if !is_told && start.elapsed() > SOON {
                        is_told = true;
                        waiting.tell(&holder(workspace));
                    }
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
        tracing::info!("took the lock in {} ms", start.elapsed().as_millis());
        sign_in(&file, waiting.what());
        // What a killed process left: nobody else writes there while the lock is held.
        workspace.temporary()?.clear_temporary(CAR_PREFIX);
        Ok(Self { _file: file })
    }
}

/// Writes who has the lock into its file: a courtesy to those who wait, so it may fail.
fn sign_in(mut file: &File, what: &str) {
    let text = format!("{} {what}\n", std::process::id());
    let _ = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
}

/// Who has the lock, as the file says.
fn holder(workspace: &Workspace) -> String {
    let text = workspace.folder().read_text(LOCK, MAX_HOLDER).unwrap_or_default();
    let said = text.trim().split_once(' ');
    let is_number = |pid: &str| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    let of = match said {
        Some((pid, what)) if is_number(pid) => format!("namesys {what} (process {pid})"),
        _ => "another namesys process".to_owned(),
    };
    format!("{of}, which is working in {}", workspace.dir().display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_is_told_for_whom() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("namesys.toml"), "name = \"nick.eth\"\n").unwrap();
        let first = Workspace::at(folder.path()).unwrap().waiting("sign", |_| {});
        let (sender, receiver) = std::sync::mpsc::channel();
        let tell = move |holder: &str| sender.send(holder.to_owned()).unwrap();
        let second = Workspace::at(folder.path()).unwrap().waiting("import", tell);
        let held = first.lock().unwrap();
        let waits = std::thread::spawn(move || second.lock().map(drop));
        let said = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(said.starts_with("namesys sign (process "), "{said}");
        assert!(said.contains(&folder.path().display().to_string()), "{said}");
        drop(held);
        waits.join().unwrap().unwrap();
        assert!(receiver.try_recv().is_err(), "once");
    }

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
