//! `serve export` and `serve import`: all records of a database as lines of JSON, and back.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use namesys::gateway::{Backed, Backup, Checker, OwnersError, Refusal, Store, restore};
use namesys::report::{BackupReport, ErrorKind, RefusedRecord, RestoreReport};
use namesys::temporary::Temporary;
use tempfile::NamedTempFile;

use super::database::{PlaceArgs, TrustArgs};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome};

/// Lines of a backup that are taken in one transaction, and their bytes.
const BATCH: usize = 200;
const BATCH_BYTES: usize = 8 << 20;

/// `serve export`
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Where to [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// `serve import`
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// What export wrote; - for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

/// Writes all of them.
pub fn export(args: ExportArgs, context: &Context) -> Result<Outcome, CliError> {
    let database = args.place.required()?;
    let file = args.out.as_deref().map(Export::new).transpose()?;
    let mut out = file.as_ref().map(|export| io::BufWriter::new(export.file.as_file()));
    let failed = |error: io::Error| CliError::io("the records cannot be written", &error);
    let mut records = 0;
    context.block_on(async {
        let store = Store::open_as_it_is(&database).await?;
        let mut backup = Backup::new(&store);
        loop {
            let lines = backup.next().await?;
            if lines.is_empty() {
                return out.as_mut().map_or(Ok(()), Write::flush).map_err(failed);
            }
            records += lines.len();
            for line in lines {
                match &mut out {
                    Some(out) => writeln!(out, "{line}").map_err(failed)?,
                    None => drop(context.output.raw(format!("{line}\n").as_bytes())?),
                }
            }
        }
    })?;
    drop(out);
    match file {
        Some(file) => {
            file.keep()?;
            Ok(Outcome::done(BackupReport { records }))
        }
        None => Ok(Outcome::written()),
    }
}

/// A file that is there once it is whole.
struct Export {
    place: PathBuf,
    file: NamedTempFile,
    _temporary: Temporary,
}

impl Export {
    fn new(place: &Path) -> Result<Self, CliError> {
        if place.symlink_metadata().is_ok() {
            return Err(is_there(place));
        }
        let folder = match place.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new().prefix(".namesys-").tempfile_in(folder);
        let file = file.map_err(|error| not_written(place, &error))?;
        let _temporary = Temporary::new(file.path());
        Ok(Self { place: place.to_owned(), file, _temporary })
    }

    fn keep(self) -> Result<(), CliError> {
        let failed = |error: &io::Error| not_written(&self.place, error);
        self.file.as_file().sync_all().map_err(|error| failed(&error))?;
        match self.file.persist_noclobber(&self.place) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(is_there(&self.place))
            }
            Err(error) => Err(failed(&error.error)),
        }
    }
}

fn is_there(place: &Path) -> CliError {
    let message = format!("{} is there already", place.display());
    CliError::new(Exit::Failed, ErrorKind::Exists, message).hint("give another file, or remove it")
}

fn not_written(place: &Path, error: &io::Error) -> CliError {
    CliError::io(format!("{} cannot be written", place.display()), error)
}

/// Takes what verifies and is newer than what is there.
pub fn import(args: ImportArgs, context: &Context) -> Result<Outcome, CliError> {
    let database = args.place.required()?;
    let checker = args.trust.checker(Vec::new(), context)?;
    let lines: Box<dyn BufRead> = match args.file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(io::BufReader::new(opened(&args.file)?)),
    };
    let mut report = RestoreReport::default();
    context.block_on(async {
        let store = Store::open(&database).await?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for (number, line) in lines.lines().enumerate() {
            let line = line.map_err(|error| CliError::io("the backup cannot be read", &error));
            let judged = match line {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => {
                    bytes += line.len();
                    judge(&checker, number + 1, &line, &mut report).await
                }
                Err(error) => Err(error),
            };
            match judged {
                Ok(judged) => batch.push(judged),
                Err(error) => {
                    take(&store, &mut batch, &mut report).await?;
                    return Err(error);
                }
            }
            if batch.len() == BATCH || bytes > BATCH_BYTES {
                take(&store, &mut batch, &mut report).await?;
                bytes = 0;
            }
        }
        take(&store, &mut batch, &mut report).await
    })?;
    let error = (!report.refused.is_empty()).then(|| {
        let message = format!("{} records do not verify and were left out", report.refused.len());
        CliError::new(Exit::Unverified, ErrorKind::Unverified, message)
    });
    Ok(Outcome::partial(report, error))
}

fn opened(file: &Path) -> Result<std::fs::File, CliError> {
    std::fs::File::open(file)
        .map_err(|error| CliError::io(format!("{} cannot be read", file.display()), &error))
}

/// Takes what was judged, in one transaction.
async fn take(
    store: &Store,
    batch: &mut Vec<(Backed, bool)>,
    report: &mut RestoreReport,
) -> Result<(), CliError> {
    let batch = std::mem::take(batch);
    for (is_taken, (_, stands)) in restore(store, &batch).await?.into_iter().zip(&batch) {
        match is_taken {
            true => report.taken += 1,
            false => report.older += usize::from(*stands),
        }
    }
    Ok(())
}

/// A line, and whether its record stands.
async fn judge(
    checker: &Checker,
    number: usize,
    line: &str,
    report: &mut RestoreReport,
) -> Result<(Backed, bool), CliError> {
    let backed = Backed::parse(line.as_bytes()).map_err(|error| {
        CliError::usage(format!("line {number} is none of a backup: {error}"))
            .hint("namesys serve export writes them; what came before that line was taken")
    })?;
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
    let (key, times) = (&backed.record.key, (backed.record.time, now));
    match checker.verify(&backed.name, key, &backed.payload, times).await {
        Ok(()) => Ok((backed, true)),
        // The third answer: nothing is known of it.
        Err(Refusal::Owners(OwnersError::Chain(error))) => Err(error.into()),
        Err(refusal) => {
            report.refused.push(RefusedRecord {
                line: number,
                name: backed.name.to_string(),
                record: backed.record.key.to_string(),
                reason: refusal.to_string(),
            });
            // What it replaced stays replaced.
            Ok((backed, false))
        }
    }
}

impl Human for BackupReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} records", self.records)
    }
}

impl Human for RestoreReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for RefusedRecord { line, name, record, reason } in &self.refused {
            writeln!(out, "refused  line {line}: {name} {record}: {reason}")?;
        }
        let Self { taken, older, .. } = self;
        writeln!(out, "{taken} taken, {older} not newer than what is there")
    }
}
