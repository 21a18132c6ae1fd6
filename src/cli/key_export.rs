//! Key files that a command writes into a folder: all of them, or none.

use std::path::Path;

use namesys::keys::file;
use namesys::keys::sealed::{self, SealTo};
use namesys::report::ErrorKind;
use namesys::secret::SecretBytes;

use super::error::{CliError, Exit};
use super::export_place;
use super::key_forms::sealed;

/// Writes each text to a new file of its name, encrypted `to` whom; none of them where another
/// file stands in the way of one. A file that holds the same already, as after a run that was cut
/// short, stays.
///
/// # Errors
/// Exit 1 where another file is there; below a `.well-known`; when it cannot be written.
pub fn write<const N: usize>(
    dir: &Path,
    keys: [(&'static str, SecretBytes); N],
    to: Option<&SealTo>,
) -> Result<Vec<String>, CliError> {
    export_place::refuse_published(dir)?;
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder
        .create(dir)
        .map_err(|error| CliError::io(format!("{} cannot be made", dir.display()), &error))?;
    let mut missing = Vec::new();
    for (name, text) in &keys {
        let path = dir.join(name);
        if !is_there(&path, to, text)? {
            missing.push((path, text));
        }
    }
    export_place::ignore_in_git(dir, &keys.each_ref().map(|(name, _)| *name))?;
    for (at, (path, text)) in missing.iter().enumerate() {
        let written = match to {
            Some(to) => file::create_new(path, sealed(text, Some(to))?.expose()),
            None => file::create_new(path, text.expose()),
        };
        if let Err(error) = written {
            // What is encrypted cannot be told for the same by the next run.
            for (path, _) in missing[..at].iter().filter(|_| to.is_some()) {
                let _ = std::fs::remove_file(path);
            }
            return Err(error.into());
        }
    }
    Ok(keys.iter().map(|(name, _)| dir.join(name).display().to_string()).collect())
}

/// Whether the file is there and the same; another one is refused, and so are a link, a file that
/// others can read, and one that is encrypted to what is not given here.
fn is_there(path: &Path, to: Option<&SealTo>, text: &SecretBytes) -> Result<bool, CliError> {
    let holds_it = || {
        let Ok((bytes, None)) = file::read(path) else { return false };
        match (sealed::is_sealed(bytes.expose()), to) {
            (false, None) => bytes.expose() == text.expose(),
            (true, Some(SealTo::Passphrase(passphrase))) => {
                sealed::open_with_passphrase(bytes.expose(), passphrase)
                    .is_ok_and(|opened| opened.expose() == text.expose())
            }
            _ => false,
        }
    };
    match path.symlink_metadata() {
        Err(_) => Ok(false),
        Ok(found) if found.is_file() && holds_it() => Ok(true),
        Ok(_) => {
            let message = format!("{} exists already; keys are never overwritten", path.display());
            Err(CliError::new(Exit::Failed, ErrorKind::Exists, message).hint(match to {
                Some(_) => {
                    "give another folder to --export; one that a run left that was cut short \
                         can be removed"
                }
                None => "give another folder to --export",
            }))
        }
    }
}
