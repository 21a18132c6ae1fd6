//! `write --explain REVERT`

use alloy_primitives::hex;
use namesys::chain::Revert;
use namesys::report::WriteReport;
use namesys::write::Deferral;

use super::show::report;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;

/// More of what was given is not repeated, in characters.
const SHOWN: usize = 20;

/// Decodes a revert; an ordinary one is put into words.
pub fn run(text: &str) -> Result<Outcome, CliError> {
    let digits = text.trim().strip_prefix("0x").filter(|digits| !digits.starts_with("0x"));
    let data = digits.and_then(|digits| hex::decode(digits).ok()).ok_or_else(|| {
        let given: String = text.chars().take(SHOWN).collect();
        CliError::usage(format!("{given:?} is not a revert"))
            .hint("give its data as 0x and an even number of hexadecimal digits")
    })?;
    let found = Deferral::decode(&data).map_err(|error| {
        CliError::usage(format!("the revert is malformed: {error}"))
            .hint("give all of the data, as the node's error has it")
    })?;
    Ok(Outcome::done(match found {
        Some(found) => report(&found),
        None => {
            let revert = Revert(Deferral::unwrapped(&data)).to_string();
            WriteReport { revert: Some(revert), ..WriteReport::default() }
        }
    }))
}
