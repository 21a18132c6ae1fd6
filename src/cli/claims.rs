//! What `namesys.toml` says of keys and owners is a claim: whoever wrote the workspace wrote it.
//! Before something is signed for it, approved or set on chain, it is derived, given, or confirmed.

use std::fmt::Display;

use namesys::report::ErrorKind;

use super::error::{CliError, Exit};
use super::prompt;

/// Has the user confirm what only `namesys.toml` says. `instead` is what proves it, or gives it.
///
/// # Errors
/// Exit 2 without a terminal, or without a yes.
pub fn confirm(what: &str, claim: &dyn Display, instead: &str) -> Result<(), CliError> {
    let said = format!("namesys.toml says that {what} is {claim}, and nothing at hand proves it");
    if prompt::has_terminal() && prompt::confirm(&format!("{said}. Go on with it"), instead)? {
        return Ok(());
    }
    Err(CliError::new(Exit::Usage, ErrorKind::Unproven, said).hint(instead))
}
