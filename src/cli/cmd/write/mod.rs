//! `write`: has a record written wherever its resolver says.

mod explain;
mod show;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;

/// `write …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say what a resolver's revert means, offline: 0x and hexadecimal digits
    #[arg(long, value_name = "REVERT")]
    explain: String,
}

/// Runs it.
pub fn run(args: Args, _context: &Context) -> Result<Outcome, CliError> {
    explain::run(&args.explain)
}
