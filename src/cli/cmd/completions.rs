//! `completions SHELL`

use std::io::{self, Write};

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;
use namesys::report::CompletionsReport;

use crate::cli::Cli;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};

/// `completions SHELL`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose completions
    #[arg(value_enum)]
    shell: Shell,
}

/// Generates the script.
pub fn run(args: Args, _context: &Context) -> Result<Outcome, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "namesys", &mut script);
    let shell = args.shell.to_possible_value().map(|value| value.get_name().to_owned());
    Ok(Outcome::done(CompletionsReport {
        shell: shell.unwrap_or_default(),
        script: String::from_utf8_lossy(&script).into_owned(),
    }))
}

impl Human for CompletionsReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.script.as_bytes())
    }
}
