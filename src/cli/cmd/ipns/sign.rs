//! `ipns sign`: one record, or a series to be published one after the other.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use namesys::ipns::{self, UnverifiedRecord, Validity};
use namesys::keys::IpnsKey;
use namesys::publish::{MAX_SERIES, SERIES_EXTENSION, series_file, sign_series};
use namesys::report::{ErrorKind, IpnsFields, IpnsSeriesReport, IpnsSignReport};

use super::{fields, write_fields};
use crate::cli::cmd::publish::author_args::check_sequence;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::IpnsKeyArgs;
use crate::cli::output::{Human, Outcome};
use crate::cli::session::Session;
use crate::cli::values;
use crate::cli::words::when;

/// Without `--validity`: a year.
const DEFAULT_VALIDITY: Duration = Duration::from_secs(365 * 86_400);
/// Most records of a series.
const MAX_COUNT: u64 = MAX_SERIES as u64;
/// Most of one that is written down in published.toml, which may have 16 MiB.
const MAX_NOTED: u64 = 5000;

/// `ipns sign`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the name points to: /ipfs/<CID>
    #[arg(long, value_name = "PATH")]
    value: String,
    /// Higher than that of the record it replaces
    #[arg(long, value_name = "N")]
    sequence: u64,
    /// Until when the record is good, or for how long (90d); default: a year on
    #[arg(long, value_name = "RFC3339|DURATION", value_parser = values::validity)]
    validity: Option<Validity>,
    /// How long it may be cached
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = values::duration)]
    ttl: Duration,
    /// The file the record goes to, a folder with --count; default: stdout
    #[arg(long, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
    /// How many records, of rising sequence and validity
    #[arg(long, value_name = "N", requires_all = ["every", "out"],
        value_parser = clap::value_parser!(u64).range(1..=MAX_COUNT))]
    count: Option<u64>,
    /// How far apart the records of a series will be published
    #[arg(long, value_name = "DURATION", requires = "count", value_parser = values::duration)]
    every: Option<Duration>,
    #[command(flatten)]
    key: IpnsKeyArgs,
}

struct Signed {
    fields: IpnsFields,
    bytes: Vec<u8>,
}

/// Signs.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    check_sequence(Some(args.sequence))?;
    let key = args.key.require(context)?;
    match (args.count, args.every, &args.out) {
        (Some(count), Some(every), Some(out)) => {
            let signed = series(&args, &key, count, every, out, context)?;
            context.output.note(
                "namesys ipns put --due DIR publishes each in its time; whoever publishes something \
                 else before they are used up has to replace them: it stops there",
            );
            Ok(signed)
        }
        _ => one(&args, &key, context),
    }
}

fn one(args: &Args, key: &IpnsKey, context: &Context) -> Result<Outcome, CliError> {
    let validity = match &args.validity {
        Some(validity) => validity.clone(),
        None => later(Timestamp::now(), DEFAULT_VALIDITY)?.into(),
    };
    let signed = sign(args, key, args.sequence, validity)?;
    if let Some(out) = &args.out {
        values::write_file(out, &signed.bytes)?;
        let file = Some(out.display().to_string());
        return Ok(Outcome::done(IpnsSignReport { fields: signed.fields, file, record: None }));
    }
    if context.output.is_json() {
        let record = Some(data_encoding::BASE64.encode(&signed.bytes));
        return Ok(Outcome::done(IpnsSignReport { fields: signed.fields, file: None, record }));
    }
    context.output.binary(&signed.bytes, "the record", "add --out FILE, or --json for base64")
}

/// Every record is signed before the first is written.
fn series(
    args: &Args,
    key: &IpnsKey,
    count: u64,
    every: Duration,
    out: &Path,
    context: &Context,
) -> Result<Outcome, CliError> {
    let now = Timestamp::now();
    let mut validity = match &args.validity {
        Some(validity) => validity.instant(),
        None => later(now, DEFAULT_VALIDITY)?,
    };
    if validity <= later(now, every)? {
        let message = "the first record would expire before the second is due";
        return Err(CliError::usage(message)
            .hint("give a --validity further away than --every, or a shorter --every"));
    }
    let mut signed = Vec::new();
    for step in 0..count {
        let sequence = args.sequence.checked_add(step);
        let sequence = sequence.ok_or_else(|| CliError::usage("the sequence gets too high"))?;
        signed.push(sign(args, key, sequence, validity.into())?);
        validity = later(validity, every)?;
    }
    make_folder(out)?;
    write_down(key, &signed, context)?;
    let (mut records, mut due) = (Vec::new(), now);
    for Signed { fields, bytes } in signed {
        let file = out.join(series_file(fields.sequence, due));
        due = later(due, every)?;
        values::write_file(&file, &bytes)?;
        let file = Some(file.display().to_string());
        records.push(IpnsSignReport { fields, file, record: None });
    }
    let fields = records[0].fields.clone();
    Ok(Outcome::done(IpnsSeriesReport { fields, records }))
}

/// Before anybody can send them: their sequences are never given to others by the workspace whose
/// key it is.
fn write_down(key: &IpnsKey, signed: &[Signed], context: &Context) -> Result<(), CliError> {
    let session = Session::open_if_any(context)?;
    let Some(session) =
        session.filter(|session| session.config.keys().ipns_name == Some(key.name()))
    else {
        return Ok(());
    };
    if signed.len() as u64 > MAX_NOTED {
        let message =
            format!("a workspace keeps account of at most {MAX_NOTED} records of a series");
        return Err(CliError::usage(message).hint("a lower --count, or a folder outside"));
    }
    let records = signed
        .iter()
        .map(|signed| Ok(UnverifiedRecord::parse(&signed.bytes)?.verify_signature(&key.name())?));
    let records = records.collect::<Result<Vec<_>, CliError>>()?;
    let _lock = session.workspace.lock()?;
    Ok(sign_series(&session.workspace, &records)?)
}

/// A folder without records: those of another series would be put among these.
fn make_folder(out: &Path) -> Result<(), CliError> {
    let failed = |error| CliError::io(format!("{} cannot be made", out.display()), &error);
    std::fs::create_dir_all(out).map_err(failed)?;
    let mut records = Vec::new();
    for entry in std::fs::read_dir(out).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == SERIES_EXTENSION) {
            records.push(path);
        }
    }
    let Some(first) = records.iter().min() else { return Ok(()) };
    let message = format!("{} holds records already, {}", out.display(), first.display());
    Err(CliError::new(Exit::Failed, ErrorKind::Exists, message)
        .hint("give another folder, or remove them first: none is replaced"))
}

fn sign(args: &Args, key: &IpnsKey, sequence: u64, validity: Validity) -> Result<Signed, CliError> {
    let bytes = ipns::create_until(key, &args.value, sequence, validity, args.ttl)?;
    let record = UnverifiedRecord::parse(&bytes)?;
    Ok(Signed { fields: fields(Some(&key.name()), record.fields()), bytes })
}

fn later(from: Timestamp, by: Duration) -> Result<Timestamp, CliError> {
    from.checked_add(by).map_err(|_| CliError::usage("the validity lies beyond the year 9999"))
}

impl Human for IpnsSignReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write_fields(&self.fields, out)?;
        self.file.iter().try_for_each(|file| writeln!(out, "file          {file}"))
    }
}

impl Human for IpnsSeriesReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for record in &self.records {
            let IpnsFields { sequence, validity, .. } = &record.fields;
            let file = record.file.as_deref().unwrap_or_default();
            writeln!(out, "{file}  sequence {sequence}, valid until {}", when(validity))?;
        }
        Ok(())
    }
}
