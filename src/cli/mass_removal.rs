//! `--allow-mass-removal`: removing more than half of more than ten files asks first.

use std::sync::{Mutex, PoisonError};

use namesys::report::ErrorKind;
use namesys::workspace::{MassRemoval, Removal};

use super::error::{CliError, Exit};
use super::prompt;

/// The flag.
pub const FLAG: &str = "--allow-mass-removal";

/// Whether much may go at once.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct MassRemovalArgs {
    /// Remove also more than half of more than ten files (or records), or all there are, without
    /// asking
    #[arg(long)]
    pub allow_mass_removal: bool,
}

impl MassRemovalArgs {
    /// What may be removed; `ask` is [`ask`].
    pub fn removal<'a>(self, ask: &'a (dyn Fn(&MassRemoval) -> bool + Send + Sync)) -> Removal<'a> {
        match self.allow_mass_removal {
            true => Removal::Any,
            false => Removal::Ask(ask),
        }
    }

    /// Refuses, or asks about, what is removed of `what`.
    ///
    /// # Errors
    /// Exit 1 without a yes.
    pub fn check(self, removed: u64, of: u64, what: &str) -> Result<(), CliError> {
        match MassRemoval::of(removed, of) {
            Some(removal) if !self.allow_mass_removal && !confirm(&removal)? => {
                Err(refused(format!("{removal} {what} would be removed")))
            }
            _ => Ok(()),
        }
    }
}

/// Asks, where somebody is there; otherwise no. What was allowed once in this command stays so.
pub fn ask(removal: &MassRemoval) -> bool {
    confirm(removal).unwrap_or(false)
}

fn confirm(removal: &MassRemoval) -> Result<bool, CliError> {
    static ALLOWED: Mutex<Option<MassRemoval>> = Mutex::new(None);
    let allowed = || ALLOWED.lock().unwrap_or_else(PoisonError::into_inner);
    if *allowed() == Some(*removal) {
        return Ok(true);
    }
    let question = format!("{removal} would be removed. Go on");
    let is_allowed = prompt::has_terminal() && prompt::confirm(&question, FLAG)?;
    if is_allowed {
        *allowed() = Some(*removal);
    }
    Ok(is_allowed)
}

/// Exit 1 for what may not be removed.
pub fn refused(message: String) -> CliError {
    CliError::new(Exit::Failed, ErrorKind::MassRemoval, message)
        .hint(format!("nothing was removed; if it is meant: {FLAG}"))
}
