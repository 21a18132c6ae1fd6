//! Folders and files that `namesys.toml` names to be written into: those of the workspace, and
//! others only where the user said so. Whoever wrote the workspace may be a stranger.

use std::path::{Component, Path, PathBuf};

use namesys::report::ErrorKind;
use namesys::workspace::{Place, Target};

use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::{CliError, Exit};
use crate::cli::prompt;

/// Of the workspace, what others work in.
const RESERVED: [&str; 3] = [".git", ".namesys", ".well-known"];

/// Refuses a target of a table that would be written outside the workspace `dir`, unless the user
/// allows it, once and for all on a terminal.
///
/// # Errors
/// Exit 2, with the line to add.
pub(super) fn check(context: &Context, dir: &Path, target: &impl Target) -> Result<(), CliError> {
    let Place::Path(path) = target.place() else { return Ok(()) };
    let allowed = context.settings.folders();
    let real = real(path);
    if let Some(real) = &real
        && (is_of(real, dir) || allowed.iter().any(|folder| is_below(real, folder)))
    {
        return Ok(());
    }
    // Of a file the folder is allowed, and of what is not there yet what it is called.
    let real = real.unwrap_or_else(|| path.to_owned());
    let folder = match target.kind() {
        "file" => real.parent().unwrap_or(&real),
        _ => &real,
    };
    let kind = target.kind();
    let said = format!("namesys.toml has {kind} {} written, outside the workspace", real.display());
    let question = format!("{said}. Allow it to write into {}, now and later", folder.display());
    if prompt::has_terminal()
        && let Some(file) = context.settings.user_file().cloned()
        && prompt::confirm(&question, "--site, --upload or --publisher")?
    {
        context.settings.allow_folder(folder)?;
        context.output.note(format_args!("kept in {}", file.display()));
        return Ok(());
    }
    let file = match context.settings.user_file() {
        Some(file) => file.display().to_string(),
        None => "namesys/config.toml in the folder of your settings".to_owned(),
    };
    let message = format!("{said}, which you have not allowed");
    Err(CliError::new(Exit::Usage, ErrorKind::OutsideFolder, message).hint(format!(
        "if it may be written: {}={}, or in {file}: folders = [{:?}]; or name it by flag (--site, \
         --upload, --publisher)",
        env::FOLDERS.0,
        folder.display(),
        folder.display().to_string()
    )))
}

/// Whether it is within the workspace, and not where git or namesys keep what is theirs.
fn is_of(real: &Path, dir: &Path) -> bool {
    let Some(rest) = dir.canonicalize().ok().and_then(|dir| real.strip_prefix(dir).ok()) else {
        return false;
    };
    let is_reserved = |part: Component<'_>| {
        let part = part.as_os_str().to_string_lossy();
        RESERVED.iter().any(|reserved| part.eq_ignore_ascii_case(reserved))
    };
    !rest.components().any(is_reserved)
}

fn is_below(path: &Path, folder: &Path) -> bool {
    real(folder).is_some_and(|folder| path.starts_with(folder))
}

/// Where a path leads, though its end need not be there yet; none where that cannot be told: it
/// goes back up from what is not there, or over a link to nothing.
fn real(path: &Path) -> Option<PathBuf> {
    let (there, found) =
        path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)))?;
    let rest = path.strip_prefix(there).ok()?;
    let plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    let is_link = rest.components().next().is_some_and(|first| {
        there.join(first).symlink_metadata().is_ok_and(|found| found.is_symlink())
    });
    (plain && !is_link).then(|| if rest.as_os_str().is_empty() { found } else { found.join(rest) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_path_leads() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let (inside, outside) = (base.join("w"), base.join("o"));
        std::fs::create_dir_all(inside.join("pages")).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        std::os::unix::fs::symlink(outside.join("none"), inside.join("dangling")).unwrap();
        for (path, is_inside) in [
            ("pages", true),
            ("pages/new/deeper", true),
            ("new", true),
            ("pages/../new", true),
            ("../w/new", true),
            ("..", false),
            ("../o", false),
            ("../o/new", false),
            ("new/../../o", false),
            ("link", false),
            ("link/new", false),
            ("dangling", false),
            ("dangling/new", false),
            (".git/hooks", false),
            ("pages/.GIT", false),
            (".namesys", false),
            (".well-known/eth", false),
        ] {
            let found = real(&inside.join(path));
            let found = found.is_some_and(|found| is_of(&found, &inside));
            assert_eq!(found, is_inside, "{path}");
        }
        let real = real(&inside.join("../o/new")).unwrap();
        assert!(is_below(&real, &outside) && is_below(&real, &inside.join("link")));
        assert!(!is_below(&real, &inside) && !is_below(&base.join("other"), &outside));
    }
}
