//! `man DIR`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use namesys::report::ManReport;

use crate::cli::command;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};

/// What holds for every command, at the end of each page (roff).
const SECTIONS: &str = include_str!("man_sections.roff");

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
    let mut command = command().disable_help_subcommand(true);
    command.build();
    let mut written = Vec::new();
    write_pages(&args.folder, command, &mut written).map_err(failed)?;
    Ok(Outcome::done(ManReport { written }))
}

fn write_pages(dir: &Path, command: clap::Command, written: &mut Vec<String>) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        write_pages(dir, sub.clone(), written)?;
    }
    let page = clap_mangen::Man::new(command);
    let path = dir.join(page.get_filename());
    let mut text = Vec::new();
    page.render(&mut text)?;
    text.extend_from_slice(SECTIONS.as_bytes());
    std::fs::write(&path, text)?;
    written.push(path.display().to_string());
    Ok(())
}

impl Human for ManReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.written.iter().try_for_each(|path| writeln!(out, "{path}"))
    }
}
