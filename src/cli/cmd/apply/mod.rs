//! `apply`
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;

/// `apply`
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args, _context: &Context) -> Result<Outcome, CliError> {
    Err(CliError::usage("not yet"))
}
