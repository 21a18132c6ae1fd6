//! Whose workspace is taken where it was found by walking up, as git's `safe.directory`: nobody
//! works in a folder above by accident that somebody else has put a `namesys.toml` into.

use std::path::{Path, PathBuf};

use crate::toml::FromText;

/// Who may own the `namesys.toml` that is found, beside the user who runs this.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// Who became root to run this (`SUDO_UID`); asked only of root.
    pub sudo_uid: Option<u32>,
    /// Workspaces that are taken whoever owns them.
    pub safe: Vec<SafeDirectory>,
}

/// An entry of `safe_directories`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SafeDirectory {
    /// `*`.
    Any,
    /// A workspace's folder, as an absolute path.
    At(PathBuf),
}

impl FromText for SafeDirectory {
    fn from_text(text: &str) -> Result<Self, String> {
        let path = Path::new(text);
        match (text, path.is_absolute()) {
            ("*", _) => Ok(Self::Any),
            (_, true) => Ok(Self::At(path.to_owned())),
            _ => Err("it is no absolute path, and not \"*\" for every folder".to_owned()),
        }
    }
}

impl Owners {
    /// Whether a workspace in `dir` is taken whose `namesys.toml` `owner` owns.
    pub(super) fn accept(&self, dir: &Path, owner: u32) -> bool {
        self.is_user(owner, rustix::process::geteuid().as_raw()) || self.is_safe(dir)
    }

    /// Root's own files are root's alone: another user does not take them.
    fn is_user(&self, owner: u32, user: u32) -> bool {
        owner == user || user == 0 && self.sudo_uid == Some(owner)
    }

    fn is_safe(&self, dir: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.safe.iter().any(|safe| match safe {
            SafeDirectory::Any => true,
            SafeDirectory::At(path) => real(path) == real(dir),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_and_who_became_root() {
        let sudo = Owners { sudo_uid: Some(1000), ..Owners::default() };
        let nobody = Owners::default();
        assert!(nobody.is_user(1000, 1000) && nobody.is_user(0, 0));
        assert!(!nobody.is_user(0, 1000) && !nobody.is_user(1000, 0) && !nobody.is_user(1, 2));
        assert!(sudo.is_user(1000, 0) && sudo.is_user(0, 0) && !sudo.is_user(1001, 0));
        // Who sets the variable and is not root gets nothing by it.
        assert!(!sudo.is_user(1000, 1001));
    }

    #[test]
    fn safe_directories() {
        let dir = tempfile::tempdir().unwrap();
        let (a, link) = (dir.path().join("a"), dir.path().join("link"));
        std::fs::create_dir(&a).unwrap();
        std::os::unix::fs::symlink(&a, &link).unwrap();
        let safe = |text: &str| {
            let safe = vec![SafeDirectory::from_text(text).unwrap()];
            Owners { safe, ..Owners::default() }
        };
        for text in [a.to_str().unwrap(), link.to_str().unwrap(), "*"] {
            assert!(safe(text).is_safe(&a), "{text}");
        }
        for text in [dir.path().to_str().unwrap(), "/", "/nowhere"] {
            assert!(!safe(text).is_safe(&a), "{text}");
        }
        for bad in ["", "a", "./a", "**", "~/a"] {
            assert!(SafeDirectory::from_text(bad).is_err(), "{bad}");
        }
    }
}
