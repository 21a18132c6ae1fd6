//! `revision inspect|increment`: w3name revisions (the `version` of ENSIP-19).

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use jiff::Timestamp;
use namesys::ipns::{MAX_REVISION_BYTES, Revision};
use namesys::report::RevisionReport;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::values;

/// A year, as w3name's client.
const DEFAULT_VALIDITY: Duration = Duration::from_secs(365 * 86_400);

/// `revision …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what a revision says
    Inspect {
        /// The revision: CBOR, or its hex with 0x; - for stdin
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
    },
    /// Make the next revision
    Increment {
        /// The revision: CBOR, or its hex with 0x; - for stdin
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// What the name will point to; default: what it points to now
        #[arg(long, value_name = "PATH")]
        value: Option<String>,
        /// Until when; default: a year on
        #[arg(long, value_name = "RFC3339", value_parser = values::time)]
        validity: Option<Timestamp>,
        /// The file the CBOR goes to
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Runs one of them.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.command {
        Command::Inspect { file } => {
            let revision = read(&file, context)?;
            Ok(Outcome::done(report(&revision, None)))
        }
        Command::Increment { file, value, validity, out } => {
            let later = || Timestamp::now().checked_add(DEFAULT_VALIDITY);
            let validity = validity.map_or_else(later, Ok);
            let validity = validity.map_err(|error| CliError::usage(error.to_string()))?;
            let next = read(&file, context)?.increment(value.as_deref(), validity)?;
            if let Some(out) = &out {
                values::write_file(out, &next.encode())?;
            } else if !context.output.is_json() {
                let instead = "add --out FILE, or --json for what it says";
                return context.output.binary(&next.encode(), "the revision", instead);
            }
            Ok(Outcome::done(report(&next, out.as_deref())))
        }
    }
}

fn read(file: &Path, context: &Context) -> Result<Revision, CliError> {
    // Hex takes twice the bytes, 0x and a line end.
    let bytes = context.stdin.read("FILE", file, 2 * MAX_REVISION_BYTES as u64 + 4)?;
    let text = std::str::from_utf8(bytes.expose()).unwrap_or_default().trim();
    let hex = text.strip_prefix("0x").map(|digits| {
        data_encoding::HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .map_err(|error| CliError::usage(format!("the revision's hex is malformed: {error}")))
    });
    let decoded = hex.transpose()?;
    Ok(Revision::decode(decoded.as_deref().unwrap_or(bytes.expose()))?)
}

fn report(revision: &Revision, out: Option<&Path>) -> RevisionReport {
    RevisionReport {
        name: revision.name.to_string(),
        value: revision.value.clone(),
        sequence: revision.sequence,
        validity: revision.validity.clone(),
        ttl_ns: revision.ttl_ns,
        revision: format!("0x{}", data_encoding::HEXLOWER.encode(&revision.encode())),
        file: out.map(|out| out.display().to_string()),
    }
}

impl Human for RevisionReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "name      {}", self.name)?;
        writeln!(out, "value     {}", shown(&self.value))?;
        writeln!(out, "sequence  {}", self.sequence)?;
        writeln!(out, "validity  {}", shown(&self.validity))?;
        match self.ttl_ns {
            Some(ttl_ns) => writeln!(out, "ttl       {} s", ttl_ns / 1_000_000_000)?,
            None => writeln!(out, "ttl       not said")?,
        }
        self.file.iter().try_for_each(|file| writeln!(out, "file      {file}"))
    }
}
