//! Files with secret keys: read with a word about who else can, and opened where they are encrypted.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use namesys::keys::file;
use namesys::keys::sealed::{self, Identities, Needs, SealedError};
use namesys::report::ErrorKind;
use namesys::secret::{SecretBytes, SecretString};

use super::context::Context;
use super::error::{CliError, Exit};
use super::git;
use super::input::MAX_SECRET;
use super::{env, prompt};

/// The flag of the passphrase.
const PASSPHRASE: &str = "--passphrase-file";
/// The flag of the identity.
const IDENTITY: &str = "--identity";

/// A key file (with a warning when others can read it) or stdin, opened where it is encrypted.
/// `flag` names it in errors.
///
/// # Errors
/// When it cannot be read; exit 2 for what does not open.
pub fn read(context: &Context, flag: &str, file: &Path) -> Result<SecretBytes, CliError> {
    if file == Path::new("-") {
        let bytes = context.stdin.read(flag, file, MAX_SECRET)?;
        return open(context, bytes, "stdin");
    }
    let (bytes, note) = file::read(file)?;
    if !sealed::is_sealed(bytes.expose()) {
        note.iter().for_each(|note| context.output.warn(note));
        git::warn_unignored(context, file);
    }
    open(context, bytes, &file.display().to_string())
}

/// What `bytes` hold, opened where they are encrypted; `place` is where they stood.
///
/// # Errors
/// As [`read`].
pub fn open(context: &Context, bytes: SecretBytes, place: &str) -> Result<SecretBytes, CliError> {
    if !sealed::is_sealed(bytes.expose()) {
        return Ok(bytes);
    }
    let named = |error| of_sealed(place, error);
    match sealed::needs(bytes.expose()).map_err(named)? {
        Needs::Passphrase => {
            if let Some(passphrase) = given_passphrase(context)? {
                return sealed::open_with_passphrase(bytes.expose(), &passphrase).map_err(named);
            }
            let typed = context.openers.typed.borrow().clone();
            if let Some(passphrase) = typed
                && let Ok(opened) = sealed::open_with_passphrase(bytes.expose(), &passphrase)
            {
                return Ok(opened);
            }
            let passphrase = prompt::password(&format!("Passphrase of {place}"), &instead())?;
            let opened =
                sealed::open_with_passphrase(bytes.expose(), &passphrase).map_err(named)?;
            *context.openers.typed.borrow_mut() = Some(passphrase);
            Ok(opened)
        }
        Needs::Identity => {
            let Some(identities) = given_identities(context)? else {
                let message =
                    format!("{place} is encrypted to recipients, and no identity is given");
                return Err(CliError::new(Exit::Usage, ErrorKind::BadKey, message).hint(format!(
                    "give {IDENTITY} FILE, as age-keygen writes it, or set {} to its path",
                    env::IDENTITY.0
                )));
            };
            sealed::open_with_identities(bytes.expose(), identities).map_err(named)
        }
    }
}

/// The passphrase: flag, variable.
///
/// # Errors
/// When the file cannot be read.
pub fn given_passphrase(context: &Context) -> Result<Option<SecretString>, CliError> {
    once(&context.openers.given, || match &context.openers.passphrase_file {
        Some(file) => {
            if file != Path::new("-") {
                git::warn_unignored(context, file);
            }
            context.stdin.read_line(PASSPHRASE, file).map(Some)
        }
        None => env::PASSPHRASE.secret(),
    })
    .cloned()
}

/// What a cell holds, or `get` gives it.
fn once<T>(cell: &OnceCell<T>, get: impl FnOnce() -> Result<T, CliError>) -> Result<&T, CliError> {
    match cell.get() {
        Some(value) => Ok(value),
        None => get().map(|value| cell.get_or_init(|| value)),
    }
}

/// What answers in place of a person.
pub fn instead() -> String {
    format!("{PASSPHRASE} FILE, or set {}", env::PASSPHRASE.0)
}

fn given_identities(context: &Context) -> Result<Option<&Identities>, CliError> {
    let identities = once(&context.openers.identities, || {
        let (file, is_of_variable) = match (&context.openers.identity, env::IDENTITY.get()?) {
            (Some(file), _) => (file.clone(), false),
            // The identity itself, as other variables hold theirs.
            (None, Some(text))
                if text.trim_start().starts_with(['#', 'A']) && is_identity(&text) =>
            {
                let parsed = Identities::parse(&SecretString::new(text));
                return parsed.map(Some).map_err(|error| of_sealed(env::IDENTITY.0, error));
            }
            (None, Some(file)) => (PathBuf::from(file), true),
            (None, None) => return Ok(None),
        };
        let text = match (file == Path::new("-"), is_of_variable) {
            (true, _) => context.stdin.read_line(IDENTITY, &file)?,
            (false, false) => text_of(context, &file)?,
            // It may be a secret that was put there by mistake: it is not quoted.
            (false, true) => text_of(context, &file).map_err(|_| not_a_file_of_identities())?,
        };
        let parsed = Identities::parse(&text);
        parsed.map(Some).map_err(|error| of_sealed(&file.display().to_string(), error))
    })?;
    Ok(identities.as_ref())
}

fn not_a_file_of_identities() -> CliError {
    let name = env::IDENTITY.0;
    let message = format!("what {name} holds is no age identity and no file that can be read");
    CliError::new(Exit::Usage, ErrorKind::BadKey, message).hint(format!(
        "set {name} to the path of a file as age-keygen writes it, or give {IDENTITY} FILE"
    ))
}

fn is_identity(text: &str) -> bool {
    text.contains("AGE-SECRET-KEY-1")
}

/// A file of secrets, with a warning when others can read it.
fn text_of(context: &Context, file: &Path) -> Result<SecretString, CliError> {
    let (bytes, note) = file::read(file)?;
    note.iter().for_each(|note| context.output.warn(note));
    git::warn_unignored(context, file);
    let text = std::str::from_utf8(bytes.expose()).map(str::to_owned);
    text.map(SecretString::new)
        .map_err(|_| CliError::usage(format!("{} is no text", file.display())))
}

/// What is said of an encrypted file that does not open.
pub fn of_sealed(place: &str, error: SealedError) -> CliError {
    let (exit, kind) = match &error {
        SealedError::WrongPassphrase | SealedError::NoMatch => {
            (Exit::Failed, ErrorKind::WrongPassword)
        }
        _ => (Exit::Usage, ErrorKind::BadKey),
    };
    let hint = match &error {
        SealedError::WrongPassphrase => {
            format!("give the one that it was encrypted with: {}", instead())
        }
        SealedError::NoMatch => format!("give the {IDENTITY} of one of its recipients"),
        SealedError::Identity { .. } | SealedError::NoIdentity => {
            "age-keygen makes such a file; those of ssh and of plugins are not read".to_owned()
        }
        SealedError::TooMuchWork(_) => {
            "open it with age -d, and encrypt it again with less work".to_owned()
        }
        SealedError::EmptyPassphrase => format!("give {}", instead()),
        SealedError::Damaged(_) | SealedError::TooLarge => {
            "try age -d on it; a copy that is whole may be where it came from".to_owned()
        }
    };
    CliError { hint: Some(hint), ..CliError::new(exit, kind, format!("{place}: {error}")) }
}
