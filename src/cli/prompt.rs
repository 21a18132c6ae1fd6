//! Questions to a person, on stderr. Without a terminal they are errors that say what to give
//! instead.

use std::io::{self, IsTerminal};

use namesys::report::ErrorKind;
use namesys::secret::SecretString;

use super::error::{CliError, Exit};
use super::output::shown;

/// Asks for a secret that is not shown while typed; `instead` names the flag, file or variable
/// that answers without a terminal.
///
/// # Errors
/// Exit 2 without a terminal, 130 when interrupted.
pub fn password(question: &str, instead: &str) -> Result<SecretString, CliError> {
    terminal(question, instead)?;
    let prompt = dialoguer::Password::new().with_prompt(shown(question));
    let answer = prompt.allow_empty_password(true).report(false).interact();
    answer.map(SecretString::new).map_err(failed)
}

/// As [`password`], typed twice: where a mistake would not be noticed.
///
/// # Errors
/// As [`password`].
pub fn new_password(question: &str, instead: &str) -> Result<SecretString, CliError> {
    loop {
        // Both are wiped, which dialoguer's own confirmation does not do.
        let (first, second) = (password(question, instead)?, password("Once more", instead)?);
        if first.expose() == second.expose() {
            return Ok(first);
        }
        // Whoever closed stderr sees no question either.
        let _ = dialoguer::console::Term::stderr().write_line("They differ; try again");
    }
}

/// Asks for a yes.
///
/// # Errors
/// As [`password`].
pub fn confirm(question: &str, instead: &str) -> Result<bool, CliError> {
    terminal(question, instead)?;
    let prompt = dialoguer::Confirm::new().with_prompt(shown(question)).default(false);
    prompt.interact().map_err(failed)
}

/// Asks for one of `items`; its place.
///
/// # Errors
/// As [`password`].
pub fn choose(question: &str, items: &[String], instead: &str) -> Result<usize, CliError> {
    terminal(question, instead)?;
    let items: Vec<String> = items.iter().map(|item| shown(item)).collect();
    let prompt = dialoguer::Select::new().with_prompt(shown(question)).items(&items).default(0);
    prompt.interact().map_err(failed)
}

/// Whether somebody is there to be asked.
pub fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Shows the cursor, which a question hides, before the process ends in the middle of one.
pub fn restore() {
    if io::stderr().is_terminal() {
        // There is nothing left to do about a terminal that is gone.
        let _ = dialoguer::console::Term::stderr().show_cursor();
    }
}

/// That there is somebody to ask.
///
/// # Errors
/// Exit 2 without a terminal.
pub fn terminal(question: &str, instead: &str) -> Result<(), CliError> {
    if has_terminal() {
        return Ok(());
    }
    let message = format!("{question}: there is no terminal to ask on");
    Err(CliError::new(Exit::Usage, ErrorKind::NoTerminal, message).hint(format!("give {instead}")))
}

fn failed(error: dialoguer::Error) -> CliError {
    let dialoguer::Error::IO(error) = error;
    if error.kind() == io::ErrorKind::Interrupted {
        restore();
        return CliError::interrupted();
    }
    CliError::io("the terminal cannot be read", &error)
}
