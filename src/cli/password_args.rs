//! The NameSys password, which with the wallet decides the derived keys.

use std::path::{Path, PathBuf};

use clap::Args;
use namesys::secret::SecretString;

use super::context::Context;
use super::error::CliError;
use super::git;
use super::{env, prompt};

const FLAG: &str = "--key-password-file";
const QUESTION: &str = "NameSys password (empty is allowed)";
const INSTEAD: &str =
    "--key-password-file FILE, or set NAMESYS_KEY_PASSWORD (empty is the empty password)";
/// Of a password that is chosen.
pub const PERMANENT: &str = "It cannot be changed or recovered: another password makes other keys, \
                             and nobody else knows it.";

/// The flag of the NameSys password.
#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// The NameSys password, from which with the wallet the keys are derived: a file, or - for
    /// stdin [env: NAMESYS_KEY_PASSWORD, where set but empty is the empty password]
    #[arg(long, value_name = "FILE|-", help_heading = "Wallet")]
    key_password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// Whether the flag gives it.
    pub fn is_given_by_flag(&self) -> bool {
        self.key_password_file.is_some()
    }

    /// Whether it is given, so that nobody need be asked.
    ///
    /// # Errors
    /// Exit 2 when the variable is not UTF-8.
    pub fn is_given(&self) -> Result<bool, CliError> {
        Ok(self.key_password_file.is_some() || env::KEY_PASSWORD.get_even_empty()?.is_some())
    }

    /// The password: flag, variable, prompt. The empty one is allowed, and said. Where nothing
    /// shows a mistake (`new`), the prompt asks twice. The next time it is known.
    ///
    /// # Errors
    /// Exit 2 without any of the three.
    pub fn get(&self, context: &Context, new: bool) -> Result<SecretString, CliError> {
        if let Some(password) = context.given.password() {
            return Ok(password);
        }
        let password = self.read(context, new)?;
        context.given.keep_password(&password);
        if password.expose().is_empty() {
            context.output.note("the NameSys password is empty: the wallet alone gives the keys");
        }
        Ok(password)
    }

    fn read(&self, context: &Context, new: bool) -> Result<SecretString, CliError> {
        match (&self.key_password_file, env::KEY_PASSWORD.get_even_empty()?) {
            (Some(file), _) => {
                if file.as_path() != Path::new("-") {
                    git::warn_unignored(context, file);
                }
                context.stdin.read_line(FLAG, file)
            }
            (None, Some(password)) => Ok(SecretString::new(password)),
            (None, None) => {
                if prompt::has_terminal() {
                    explain(context, new);
                }
                let ask = if new { prompt::new_password } else { prompt::password };
                ask(QUESTION, INSTEAD)
            }
        }
    }
}

/// What whoever types it has to know.
fn explain(context: &Context, new: bool) {
    context.output.ask_about(
        "The same wallet and the same NameSys password give the same keys, here and in every other \
         client.",
    );
    if new {
        context.output.ask_about(PERMANENT);
    }
}

/// Asks once more, after the keys were not the workspace's.
///
/// # Errors
/// Those of the prompt.
pub fn again(context: &Context) -> Result<SecretString, CliError> {
    let password = prompt::password(QUESTION, INSTEAD)?;
    context.given.keep_password(&password);
    Ok(password)
}
