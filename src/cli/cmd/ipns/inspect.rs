//! `ipns inspect FILE|- [--name N]`

use std::path::{Path, PathBuf};

use namesys::ipns::{MAX_RECORD_BYTES, UnverifiedRecord};
use namesys::keys::IpnsName;

use super::judged;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;

/// `ipns inspect`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The record, raw protobuf; - for stdin
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Whose record it should be; default: the workspace's IPNS name
    #[arg(long, value_name = "IPNS NAME")]
    name: Option<IpnsName>,
}

/// Shows the record. Exit 3 when it is not good.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let record = read(&args.file, context)?;
    let name = context.ipns_name(args.name)?;
    let (report, error) = judged(record, name.as_ref());
    Ok(Outcome::partial(report, error))
}

/// Reads a record from a file or stdin.
pub fn read(file: &Path, context: &Context) -> Result<UnverifiedRecord, CliError> {
    let bytes = context.stdin.read("FILE", file, MAX_RECORD_BYTES as u64)?;
    UnverifiedRecord::parse(bytes.expose()).map_err(|error| {
        let error = CliError::from(error);
        let from = if file == Path::new("-") { "stdin".into() } else { file.display().to_string() };
        CliError { message: format!("{from}: {}", error.message), ..error }
    })
}
