//! `man DIR`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use namesys::report::ManReport;

use crate::cli::Cli;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};

/// `man DIR`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder, made where it is missing
    // Not `dir`, which is the global flag's: they would be one value.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes one page per command.
pub fn run(args: Args, _context: &Context) -> Result<Outcome, CliError> {
    let failed =
        |error| CliError::io(format!("{} cannot be written", args.folder.display()), &error);
    std::fs::create_dir_all(&args.folder).map_err(failed)?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut written = Vec::new();
    write_pages(&args.folder, command, &mut written).map_err(failed)?;
    Ok(Outcome::done(ManReport { written }))
}

fn write_pages(dir: &Path, command: clap::Command, written: &mut Vec<String>) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        write_pages(dir, sub.clone(), written)?;
    }
    let path = clap_mangen::Man::new(command).generate_to(dir)?;
    written.push(path.display().to_string());
    Ok(())
}

impl Human for ManReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.written.iter().try_for_each(|path| writeln!(out, "{path}"))
    }
}
