//! The NameSys password, which with the wallet decides the derived keys.

use std::path::{Path, PathBuf};

use clap::Args;
use namesys::secret::SecretString;

use super::context::Context;
use super::error::CliError;
use super::git;
use super::{env, prompt};

const FLAG: &str = "--key-password-file";

/// The flag of the NameSys password.
#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// The NameSys password, from which with the wallet the keys are derived: a file, or - for
    /// stdin [env: NAMESYS_KEY_PASSWORD, where set but empty is the empty password]
    #[arg(long, value_name = "FILE|-", help_heading = "Wallet")]
    key_password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// Whether it is given, so that nobody need be asked.
    ///
    /// # Errors
    /// Exit 2 when the variable is not UTF-8.
    pub fn is_given(&self) -> Result<bool, CliError> {
        Ok(self.key_password_file.is_some() || env::KEY_PASSWORD.get_even_empty()?.is_some())
    }

    /// The password: flag, variable, prompt. The empty one is allowed, and said. Where nothing
    /// shows a mistake (`new`), the prompt asks twice.
    ///
    /// # Errors
    /// Exit 2 without any of the three.
    pub fn get(&self, context: &Context, new: bool) -> Result<SecretString, CliError> {
        let password = match (&self.key_password_file, env::KEY_PASSWORD.get_even_empty()?) {
            (Some(file), _) => {
                if file.as_path() != Path::new("-") {
                    git::warn_unignored(context, file);
                }
                context.stdin.read_line(FLAG, file)?
            }
            (None, Some(password)) => SecretString::new(password),
            (None, None) => {
                let ask = if new { prompt::new_password } else { prompt::password };
                ask(
                    "NameSys password (empty is allowed)",
                    "--key-password-file FILE, or set NAMESYS_KEY_PASSWORD (empty is the empty \
                     password)",
                )?
            }
        };
        if password.expose().is_empty() {
            context.output.note("the NameSys password is empty: the wallet alone gives the keys");
        }
        Ok(password)
    }
}
