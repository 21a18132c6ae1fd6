//! `publish`: the tree to IPFS, its root under the IPNS name, read back from every publisher.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use namesys::ens::WELL_KNOWN;
use namesys::ipfs::Packed;
use namesys::ipns::ReadBack;
use namesys::keys::IpnsKey;
use namesys::report::{PublicationReport, PublishReport, UploadReport};
use namesys::workspace::{
    PublishNotice, PublishOutcome, PublishRequest, RecordedKeys, TargetOutcome, dry_record, publish,
};

use super::pack::{Source, pack_car};
use super::verify::{Facts, report as verify_report};
use crate::cli::context::Context;
use crate::cli::endpoints::{PublisherArgs, UploadArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::IpnsKeyArgs;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::{DeriveArgs, KeysFor, Session};
use crate::cli::values::{duration, time, write_file};

/// A year, w3name's own default.
const VALIDITY: SignedDuration = SignedDuration::from_hours(365 * 24);

/// `publish …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the CAR file and the IPNS record into a folder, and send nothing
    #[arg(long, value_name = "DIR")]
    dry_run: Option<PathBuf>,
    /// Until when a new record is valid [default: a year on]
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    validity: Option<Timestamp>,
    /// How long a reader may keep a new record
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5m")]
    ttl: Duration,
    /// The sequence of a new record [default: the highest known, and one more]
    #[arg(long, value_name = "N")]
    sequence: Option<u64>,
    /// How many publishers must serve the record [default: all]
    #[arg(long, value_name = "N")]
    require: Option<usize>,
    /// Publish also a tree with files that do not verify
    #[arg(long)]
    allow_invalid: bool,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    ipns_key: IpnsKeyArgs,
    #[command(flatten)]
    derive: DeriveArgs,
}

/// Packs, uploads, publishes, reads back.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    if !session.workspace.dir().join(WELL_KNOWN).is_dir() {
        let message = format!("there is no {WELL_KNOWN} folder: nothing is signed yet");
        return Err(CliError::new(Exit::NotFound, "nothing-signed", message)
            .hint("namesys set …, then namesys sign"));
    }
    check_tree(&args, context, &session)?;
    let uploads = args.uploads.get(context, Some(&session.config))?;
    let publishers = args.publishers.get(context, Some(&session.config))?;
    if args.require.is_some_and(|require| require > publishers.len()) {
        let message = format!("--require is above the number of publishers, {}", publishers.len());
        return Err(CliError::usage(message).hint("add publishers, or require fewer"));
    }
    if args.validity.is_some_and(|validity| validity <= Timestamp::now()) {
        return Err(CliError::usage("--validity has passed already: nobody would take the record"));
    }
    let key = ipns_key(&args, context, &mut session)?;
    let _lock = session.workspace.lock()?;
    let temporary = session.workspace.temporary_dir()?.join("publish.car");
    let tree = Source::WellKnown(session.workspace.dir());
    let packed = pack_car(context, &tree, &temporary)?;
    let now = Timestamp::now();
    let bar = context.output.progress(0, "uploading");
    let progress_bar = bar.clone();
    let output = context.output;
    let notice = move |notice: &PublishNotice| output.warn(notice);
    let request = PublishRequest {
        workspace: &session.workspace,
        key: &key,
        car: &temporary,
        root: packed.root,
        uploads: &uploads,
        publishers: &publishers,
        validity: args.validity.unwrap_or_else(|| now.saturating_add(VALIDITY).unwrap_or(now)),
        ttl: args.ttl,
        sequence: args.sequence,
        now,
        read_back: ReadBack::default(),
        progress: Some(Arc::new(move |sent, total| {
            progress_bar.set_length(total);
            progress_bar.set_position(sent);
        })),
        notice: &notice,
    };
    let outcome = match &args.dry_run {
        Some(dir) => dry_run(&request, &packed, dir),
        None => context.block_on(async { Ok(publish(&request).await?) }).map(|o| (o, Vec::new())),
    };
    bar.finish_and_clear();
    // What it held is with the services now, or is packed again.
    let _ = std::fs::remove_file(&temporary);
    let (outcome, written) = outcome?;
    if args.dry_run.is_some() {
        context.output.note("nobody was asked: the sequence follows what this workspace knows");
        return Ok(Outcome::done(report(&packed, &outcome, written)));
    }
    if !outcome.new_record {
        context.output.note("the root has not changed: the same record, for those that lack it");
        if args.validity.is_some_and(|asked| asked != outcome.record.fields().validity()) {
            context.output.warn("--validity has no effect while the root is the same");
        }
    }
    let report = report(&packed, &outcome, Vec::new());
    let error = failure(&outcome, args.require.unwrap_or(publishers.len()));
    Ok(Outcome::partial(report, error))
}

/// Nothing that the resolver would refuse is published unasked.
fn check_tree(args: &Args, context: &Context, session: &Session) -> Result<(), CliError> {
    let facts = Facts::of(&session.config)?;
    if args.allow_invalid || !facts.have_owner() {
        return Ok(());
    }
    let report = verify_report(facts.check(context, session.workspace.dir())?);
    let Some(bad) = report.records.iter().find(|record| !record.ok) else { return Ok(()) };
    let reason = bad.reason.as_deref().unwrap_or_default();
    let message = format!(
        "{} of the record files would not resolve, {} among them: {reason}",
        report.invalid, bad.path
    );
    Err(CliError::new(Exit::Unverified, "invalid", message)
        .hint("namesys verify shows each; namesys sign mends ours; --allow-invalid publishes them"))
}

fn ipns_key(args: &Args, context: &Context, session: &mut Session) -> Result<IpnsKey, CliError> {
    if let Some(key) = args.ipns_key.get(context)? {
        let keys = RecordedKeys { ipns_name: Some(key.name()), ..RecordedKeys::default() };
        session.record_keys(&keys)?;
        return Ok(key);
    }
    let recorded = session.config.recorded_keys()?;
    let deriver = args.derive.open(context, KeysFor::from(&session.config), &recorded)?;
    let key = context.block_on(deriver.ipns_key())?;
    session.record_keys(&deriver.recorded(Some(&key), None))?;
    Ok(key)
}

/// Writes what would be sent into `dir`.
fn dry_run(
    request: &PublishRequest<'_>,
    packed: &Packed,
    dir: &Path,
) -> Result<(PublishOutcome, Vec<String>), CliError> {
    let (record, new_record) = dry_record(request)?;
    std::fs::create_dir_all(dir)
        .map_err(|error| CliError::io(format!("{} cannot be made", dir.display()), &error))?;
    let car = dir.join(format!("{}.car", packed.root));
    std::fs::copy(request.car, &car)
        .map_err(|error| CliError::io(format!("{} cannot be written", car.display()), &error))?;
    let file = dir.join(format!("{}.ipns-record", record.name()));
    write_file(&file, record.bytes())?;
    let written = [car, file].map(|path| path.display().to_string()).into();
    let (uploads, publications) = (Vec::new(), Vec::new());
    Ok((PublishOutcome { record, new_record, uploads, publications }, written))
}

fn report(packed: &Packed, outcome: &PublishOutcome, written: Vec<String>) -> PublishReport {
    let fields = outcome.record.fields();
    let uploads = outcome.uploads.iter().map(|target| {
        let TargetOutcome { to, ok, sent, error, .. } = target.clone();
        UploadReport { to, ok, sent, error }
    });
    let publications = outcome.publications.iter().map(|target| {
        let TargetOutcome { to, ok, sent, read_back, error } = target.clone();
        PublicationReport { to, ok, sent, read_back, error }
    });
    PublishReport {
        root: packed.root.to_string(),
        ipns_name: outcome.record.name().to_string(),
        sequence: fields.sequence,
        validity: fields.validity().to_string(),
        new_record: outcome.new_record,
        uploads: uploads.collect(),
        publications: publications.collect(),
        written,
    }
}

fn failure(outcome: &PublishOutcome, require: usize) -> Option<CliError> {
    let failed = |targets: &[TargetOutcome]| targets.iter().filter(|target| !target.ok).count();
    let uploads_failed = failed(&outcome.uploads);
    let served = outcome.publications.iter().filter(|target| target.read_back).count();
    let message = if uploads_failed > 0 && uploads_failed == outcome.uploads.len() {
        "no upload succeeded, so the IPNS name was left as it is".to_owned()
    } else if uploads_failed > 0 {
        format!("{uploads_failed} of {} uploads failed", outcome.uploads.len())
    } else if served < require {
        format!("{served} of the {require} publishers that are required serve the record")
    } else {
        return None;
    };
    Some(
        CliError::new(Exit::Failed, "incomplete", message)
            .hint("run the same again: what succeeded is not done twice"),
    )
}

impl Human for PublishReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "root       {}", self.root)?;
        writeln!(out, "IPNS name  {}", self.ipns_name)?;
        let left = self.publications.is_empty() && !self.uploads.is_empty();
        let new = match (self.new_record, left) {
            (_, true) => " (not published)",
            (true, false) => "",
            (false, false) => " (unchanged)",
        };
        writeln!(out, "sequence   {}{new}, valid until {}", self.sequence, self.validity)?;
        for UploadReport { to, ok, sent, error } in &self.uploads {
            line(out, "upload", to, good(*ok, *sent), error.as_deref())?;
        }
        for PublicationReport { to, ok, sent, read_back, error } in &self.publications {
            line(out, "publish", to, good(*ok && *read_back, *sent), error.as_deref())?;
        }
        self.written.iter().try_for_each(|file| writeln!(out, "wrote      {file}"))
    }
}

/// In a word, when it is good.
fn good(ok: bool, sent: bool) -> Option<&'static str> {
    ok.then_some(if sent { "ok" } else { "has it" })
}

fn line(
    out: &mut dyn Write,
    what: &str,
    to: &str,
    good: Option<&str>,
    error: Option<&str>,
) -> io::Result<()> {
    match (good, error) {
        (Some(good), _) => writeln!(out, "{what:9}  {good:6}  {}", shown(to)),
        (None, Some(error)) => writeln!(out, "{what:9}  FAILED  {}: {}", shown(to), shown(error)),
        (None, None) => writeln!(out, "{what:9}  FAILED  {}", shown(to)),
    }
}
