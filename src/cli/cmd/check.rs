//! `check`: every fault of `namesys.toml` and `records.toml` at once.

use std::io::{self, Write};

use namesys::report::{ErrorKind, FilesReport};
use namesys::workspace::{CONFIG_FILE, FileFault, RECORDS_FILE, config_faults, records_faults};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};

/// `check`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Reads both files.
pub fn run(_args: Args, context: &Context) -> Result<Outcome, CliError> {
    let workspace = context.workspace()?;
    let (config, mut faults) = config_faults(&workspace.config_text()?);
    let records = workspace.records_text()?.unwrap_or_default();
    match config {
        Some(config) => faults.extend(records_faults(&records, config.names())),
        None => {
            context.output.note("whose records they are is not known: records.toml was not read");
        }
    }
    let error = faults.first().map(|first| {
        let kind = match first.file == CONFIG_FILE {
            true => ErrorKind::BadConfig,
            false => ErrorKind::BadRecord,
        };
        let message = match faults.len() {
            1 => "there is 1 fault".to_owned(),
            count => format!("there are {count} faults"),
        };
        CliError::new(Exit::Usage, kind, message).hint("mend what is named; then namesys check")
    });
    Ok(Outcome::partial(FilesReport { faults }, error))
}

/// Faults as a person reads them, one a line.
pub fn line(fault: &FileFault) -> String {
    let FileFault { file, line, column, message } = fault;
    shown(&format!("{file}:{line}:{column}: {message}"))
}

impl Human for FilesReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.faults.is_empty() {
            return writeln!(out, "{CONFIG_FILE} and {RECORDS_FILE} are sound");
        }
        self.faults.iter().try_for_each(|fault| writeln!(out, "{}", line(fault)))
    }
}
