//! Secrets that git would take along: a file in a work tree that does not ignore it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::context::Context;

/// What git may know of the environment.
const INHERITED: [&str; 3] = ["PATH", "HOME", "XDG_CONFIG_HOME"];

/// Warns where the secret at `path` lies in a work tree of git that does not ignore it. Where there
/// is no git, or it cannot say, nothing is said.
pub fn warn_unignored(context: &Context, path: &Path) {
    if is_unignored(path) == Some(true) {
        context.output.warn(format_args!(
            "{} is a secret in a git work tree that does not ignore it: git add would take it \
             along; add it to .gitignore, or keep it elsewhere",
            path.display()
        ));
    }
}

fn is_unignored(path: &Path) -> Option<bool> {
    let path = std::path::absolute(path).ok()?;
    let folder = path.parent()?;
    // Most are in none: no process is started then.
    let top = folder.ancestors().find(|folder| folder.join(".git").exists())?;
    let inherited = std::env::vars_os().filter(|(name, _)| INHERITED.iter().any(|of| name == of));
    let status = Command::new("git")
        .env_clear()
        .envs(inherited)
        // A repository is somebody's: it may not choose what is run, nor fetch what it lacks,
        // which would run what it calls its remote's program.
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_NO_LAZY_FETCH", "1")
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(["-c", "safe.bareRepository=explicit", "-C"])
        .arg(top)
        .args(["check-ignore", "--quiet", "--"])
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    match status.code() {
        Some(0) => Some(false),
        Some(1) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_would_take_along() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("words"), "x").unwrap();
        assert_eq!(is_unignored(&dir.path().join("words")), None, "no work tree");
        let made = Command::new("git").args(["init", "-q"]).current_dir(dir.path()).status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        assert_eq!(is_unignored(&dir.path().join("words")), Some(true));
        assert_eq!(is_unignored(&dir.path().join("new/ipns.key")), Some(true));
        std::fs::write(dir.path().join(".gitignore"), "words\n*.key\n").unwrap();
        assert_eq!(is_unignored(&dir.path().join("words")), Some(false));
        assert_eq!(is_unignored(&dir.path().join("new/ipns.key")), Some(false));
    }

    /// A stranger's partial clone, whose `.gitignore` git would have to fetch: by a program that
    /// the repository names.
    #[test]
    fn a_repository_runs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let script = "git init -q && echo words > .gitignore && git add .gitignore \
            && git update-index --skip-worktree .gitignore && rm .gitignore \
            && find .git/objects -type f -delete \
            && git config core.repositoryformatversion 1 \
            && git config extensions.partialClone origin \
            && git config remote.origin.promisor true \
            && git config remote.origin.url . \
            && git config remote.origin.uploadpack 'touch RAN; git-upload-pack'";
        let made = Command::new("sh").args(["-c", script]).current_dir(dir.path()).status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        is_unignored(&dir.path().join("words"));
        assert!(!dir.path().join("RAN").exists());
        let mut git = Command::new("git");
        git.args(["check-ignore", "-q", "words"]).current_dir(dir.path());
        git.stderr(Stdio::null()).status().unwrap();
        assert!(dir.path().join("RAN").exists(), "git by itself runs it");
    }
}
