//! Where secret keys are not written: below a `.well-known`, whose files are published, and into
//! the next commit.

use std::io;
use std::path::{Component, Path, PathBuf};

use namesys::ens::WELL_KNOWN;
use namesys::keys::file;
use namesys::report::ErrorKind;

use super::error::{CliError, Exit};

/// Refuses a place below a `.well-known`, of any workspace, also where a link leads there.
///
/// # Errors
/// Exit 2.
pub fn refuse_published(path: &Path) -> Result<(), CliError> {
    let failed = |error| CliError::io(format!("{} cannot be found", path.display()), &error);
    let absolute = std::path::absolute(path).map_err(failed)?;
    if !is_published(&absolute) && !is_published(&real(&absolute)) {
        return Ok(());
    }
    let message = format!(
        "{} is below a {WELL_KNOWN} folder, whose files are published: no secret key is written \
         there",
        path.display()
    );
    Err(CliError::new(Exit::Usage, ErrorKind::PrivateKey, message)
        .hint("choose a folder outside of it, best outside of the repository"))
}

fn is_published(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str().eq_ignore_ascii_case(WELL_KNOWN))
}

/// Where `path` is once links are followed, as far as it is there; part by part, as the system
/// does.
fn real(path: &Path) -> PathBuf {
    let mut real = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = real.pop(),
            part => real.push(part),
        }
        match real.canonicalize() {
            Ok(found) => real = found,
            // A link to what is not there yet may be made there.
            Err(_) => {
                if let Ok(target) = real.read_link() {
                    real.pop();
                    real.push(target);
                }
            }
        }
    }
    real
}

/// Keeps `files` of `dir` out of commits, where nobody has said anything of the kind: all of a
/// folder that holds nothing else, these files in another.
///
/// # Errors
/// When it cannot be written.
pub fn ignore_in_git(dir: &Path, files: &[&str]) -> Result<(), CliError> {
    let path = dir.join(".gitignore");
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let failed =
        |error: io::Error| CliError::io(format!("{} cannot be read", dir.display()), &error);
    let mut is_ours = true;
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        is_ours &= files.iter().any(|file| name == *file) || is_unfinished(&name);
    }
    let text = match is_ours {
        true => "*\n".to_owned(),
        false => files.iter().map(|file| format!("/{file}\n")).collect(),
    };
    Ok(file::create_new(&path, text.as_bytes())?)
}

/// What a run that was cut short may have left.
fn is_unfinished(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with(".tmp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_way_leads_below_well_known() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        std::fs::create_dir_all(at("w/.well-known/eth")).unwrap();
        std::fs::create_dir_all(at("keys")).unwrap();
        symlink(at("w/.well-known"), at("link")).unwrap();
        symlink("../w/.well-known/new", at("keys/dangling")).unwrap();
        for bad in [
            "w/.well-known",
            "w/.well-known/new/deeper",
            "other/.Well-Known/keys",
            "link",
            "link/eth/../new",
            "keys/dangling",
            "keys/dangling/below",
            "keys/../link/x",
        ] {
            let error = refuse_published(&at(bad)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::PrivateKey, "{bad}");
        }
        for good in ["keys", "keys/new", "w", "link/../..", "w/well-known", "w/.well-known.bak"] {
            assert!(refuse_published(&at(good)).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_git_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let said = || std::fs::read_to_string(dir.path().join(".gitignore")).unwrap();
        std::fs::write(dir.path().join("a"), "").unwrap();
        ignore_in_git(dir.path(), &["a", "b"]).unwrap();
        assert_eq!(said(), "*\n");
        std::fs::write(dir.path().join(".gitignore"), "mine").unwrap();
        ignore_in_git(dir.path(), &["a", "b"]).unwrap();
        assert_eq!(said(), "mine");
        std::fs::remove_file(dir.path().join(".gitignore")).unwrap();
        std::fs::write(dir.path().join("records.toml"), "").unwrap();
        ignore_in_git(dir.path(), &["a", "b"]).unwrap();
        assert_eq!(said(), "/a\n/b\n");
    }
}
