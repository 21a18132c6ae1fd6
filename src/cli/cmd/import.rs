//! `import FILE|-`, `import --from-chain [NAME…]`

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use namesys::ens::Name;
use namesys::record::{RecordKey, Value, remarks};
use namesys::report::{ErrorKind, ImportReport, RecordChangeReport, UnreadReport};
use namesys::secret::redaction::redacted_digits;
use namesys::workspace::{ImportError, Imported, LineError, Phases, Records};

use super::from_chain::{self, FromChainArgs};
use super::set::{secret_note, shown_value};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::mass_removal::{MassRemovalArgs, refused as refuse_removal};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::progress::Unit;
use crate::cli::session::Session;

/// Wrong lines shown to a person; JSON has them all.
const SHOWN: usize = 20;

/// Remarks shown.
const NOTED: usize = 5;

/// `import …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV with a header (name, record, value in any order; or name and a column for each record,
    /// such as text/avatar), JSON Lines, a JSON array, or NameStone's export; - for stdin
    #[arg(value_name = "FILE|-", required_unless_present = "from_chain")]
    file: Option<PathBuf>,
    /// Make the workspace's records exactly those of FILE: what it lacks is no longer wanted
    #[arg(long, conflicts_with = "from_chain")]
    sync: bool,
    /// Only this name and those under it; another one in FILE is refused
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    mass_removal: MassRemovalArgs,
    #[command(flatten)]
    from_chain: FromChainArgs,
}

/// Sets every record of the file, or none.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let only = args.name.as_deref().map(|name| session.name_given(context, name)).transpose()?;
    let Some(file) = &args.file else {
        let found = from_chain::read(&args.from_chain, only.as_ref(), &session, context)?;
        return take_from_chain(found, &args, &session, context);
    };
    let reader = open(file, context)?;
    let _lock = session.workspace.lock()?;
    let mut records = session.workspace.records(&session.config)?;
    let before = records.clone();
    let bar = context.output.progress("reading", Unit::Things("records"));
    let (shown, within, exactly) = (bar.clone(), only.clone(), args.sync);
    // Until it is read whole nothing is written: Ctrl-C ends it at once.
    let (imported, records) = context.blocking(move || {
        let imported = records.import(reader, within.as_ref(), exactly, |done| shown.count(done));
        (imported, records)
    })?;
    bar.finish();
    let imported = match imported {
        Ok(imported) => imported,
        Err(ImportError::Lines(errors)) => return Ok(refused(errors)),
        Err(error) => return Err(error.into()),
    };
    if imported.rows == 0 && imported.removed > 0 && !args.mass_removal.allow_mass_removal {
        let message = "it has no records: --sync would make nothing wanted";
        return Err(refuse_removal(message.to_owned()));
    }
    warn_of_phases(context, &before, &records);
    let ignored = imported.ignored.clone();
    if !ignored.is_empty() {
        context.output.note(format_args!("no records, and ignored: the columns {ignored:?}"));
    }
    let report = ImportReport { ignored, ..report(&imported) };
    save(&args, &session, (&before, &records), report, context)
}

/// Writes what is wanted now, or with `--dry-run` shows it.
fn save(
    args: &Args,
    session: &Session,
    (before, after): (&Records, &Records),
    report: ImportReport,
    context: &Context,
) -> Result<Outcome, CliError> {
    if args.dry_run {
        let changes = changes(before, after);
        return Ok(Outcome::done(ImportReport { changes, ..report }));
    }
    let wanted = before.all().count() as u64;
    args.mass_removal.check(report.removed, wanted, "wanted records")?;
    if report.imported + report.removed > 0 {
        session.workspace.save_records(after)?;
    }
    note_remarks(context, before, after);
    Ok(Outcome::done(report))
}

/// Says which phases are replaced by one value: nobody who wrote a table without times need have
/// meant that.
fn warn_of_phases(context: &Context, before: &Records, after: &Records) {
    let lost = before.all().filter(|(name, key, phases)| {
        let now = after.phases(name, key);
        phases.single().is_none() && now.is_some_and(|now| now.single().is_some())
    });
    let lost: Vec<_> = lost.collect();
    for (name, key, phases) in lost.iter().take(NOTED) {
        context.output.warn(format_args!("{name} {key}: its phases are replaced: {phases}"));
    }
    if lost.len() > NOTED {
        let more = lost.len() - NOTED;
        context.output.warn(format_args!("… and the phases of {more} more records"));
    }
}

fn take_from_chain(
    found: from_chain::Found,
    args: &Args,
    session: &Session,
    context: &Context,
) -> Result<Outcome, CliError> {
    let _lock = session.workspace.lock()?;
    let mut records = session.workspace.records(&session.config)?;
    let before = records.clone();
    let (mut imported, mut unread) = (Imported::default(), found.unread);
    for (name, key, value) in found.records {
        let had = records.phases(&name, &key).filter(|phases| phases.single().is_none());
        if had.is_some_and(|phases| phases.at(records.now()) == Some(&value)) {
            // What holds now is what is on chain: what is to come stays.
            imported.equal += 1;
            continue;
        }
        if let Some(phases) = had {
            context.output.warn(format_args!("{name} {key}: its phases are replaced: {phases}"));
        }
        match records.put_phases(&name, &key, Phases::always(value)) {
            Ok(put) => imported.count(put),
            // What cannot be wanted does not keep the others from being taken over.
            Err(error) => unread.push(UnreadReport {
                name: name.to_string(),
                record: Some(key.to_string()),
                error: CliError::from(error).report().message,
            }),
        }
    }
    let error = found.error.or_else(|| unread.first().map(not_taken));
    let report = ImportReport { unread, ..report(&imported) };
    let outcome = save(args, session, (&before, &records), report, context)?;
    Ok(outcome.with_error(error))
}

fn not_taken(unread: &UnreadReport) -> CliError {
    let UnreadReport { name, record, error } = unread;
    let record = record.as_ref().map(|record| format!(" {record}")).unwrap_or_default();
    let message = format!("{name}{record}: {error}");
    CliError::new(Exit::Failed, ErrorKind::NotFetched, message)
}

fn report(imported: &Imported) -> ImportReport {
    let Imported { new, changed, equal, removed, .. } = *imported;
    let (imported, skipped) = (new + changed, equal);
    ImportReport { imported, skipped, new, changed, equal, removed, ..ImportReport::default() }
}

/// The table, from a file or stdin.
pub fn open(file: &Path, context: &Context) -> Result<Box<dyn BufRead + Send>, CliError> {
    if file == Path::new("-") {
        drop(context.stdin.claim("import -")?);
        // A lock of stdin cannot go to another thread; nobody else reads it.
        return Ok(Box::new(BufReader::with_capacity(1 << 16, io::stdin())));
    }
    let failed = |error| CliError::io(format!("{} cannot be read", file.display()), &error);
    Ok(Box::new(BufReader::with_capacity(1 << 16, File::open(file).map_err(failed)?)))
}

/// Every wrong line; nothing was changed.
fn refused(errors: Vec<LineError>) -> Outcome {
    let error = CliError::from(ImportError::Lines(errors.clone()));
    // They quote what was given, which may be a secret in the wrong place.
    let hidden = |line: LineError| LineError { message: redacted_digits(&line.message), ..line };
    let errors = errors.into_iter().map(hidden).collect();
    Outcome::partial(ImportReport { errors, ..ImportReport::default() }, Some(error))
}

/// What is wanted otherwise than before.
fn changes(before: &Records, after: &Records) -> Vec<RecordChangeReport> {
    let change = |name: &Name, key: &RecordKey| RecordChangeReport {
        name: name.to_string(),
        record: key.to_string(),
        old: before.phases(name, key).map(ToString::to_string),
        new: after.phases(name, key).map(ToString::to_string),
    };
    let now = after.all().map(|(name, key, _)| change(name, key));
    let gone = before.all().filter(|(name, key, _)| after.phases(name, key).is_none());
    let gone = gone.map(|(name, key, _)| change(name, key));
    now.chain(gone).filter(|change| change.old != change.new).collect()
}

/// What `set` says of a record, but for what depends on how an address was written.
fn notes_of(name: &Name, key: &RecordKey, value: &Value) -> Vec<String> {
    let mut notes = remarks(name, key, value);
    notes.extend(secret_note(value));
    notes
}

/// What `set` would have said of the records that are new or changed.
pub fn note_remarks(context: &Context, before: &Records, after: &Records) {
    // What holds for every record of a type is known to whoever writes thousands.
    let told = |key: &RecordKey| matches!(key, RecordKey::Text(_) | RecordKey::Contenthash);
    let changed = after
        .all()
        .filter(|(name, key, phases)| told(key) && before.phases(name, key) != Some(phases));
    let mut notes: BTreeMap<String, (&Name, u64)> = BTreeMap::new();
    for (name, key, phases) in changed {
        let remarks: BTreeSet<String> =
            phases.values().flat_map(|value| notes_of(name, key, value)).collect();
        for remark in remarks {
            notes.entry(format!("{key}: {remark}")).or_insert((name, 0)).1 += 1;
        }
    }
    for (note, (name, count)) in notes.iter().take(NOTED) {
        match count {
            1 => context.output.note(format_args!("{name} {note}")),
            _ => context.output.note(format_args!("{name} and {} more {note}", count - 1)),
        }
    }
    if notes.len() > NOTED {
        context.output.note(format_args!("… and {} more remarks", notes.len() - NOTED));
    }
}

impl Human for ImportReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for error in self.errors.iter().take(SHOWN) {
            writeln!(out, "{}", shown(&error.to_string()))?;
        }
        if self.errors.len() > SHOWN {
            writeln!(out, "… and {} more (--json shows all)", self.errors.len() - SHOWN)?;
        }
        for change in &self.changes {
            let RecordChangeReport { name, record, old, new } = change;
            let text = |value: &Option<String>| value.as_deref().map(shown_value);
            let record = shown(record);
            match (text(old), text(new)) {
                (Some(old), Some(new)) => writeln!(out, "change  {name} {record}: {old} -> {new}")?,
                (None, Some(new)) => writeln!(out, "add     {name} {record}: {new}")?,
                (old, None) => {
                    writeln!(out, "remove  {name} {record}: {}", old.unwrap_or_default())?;
                }
            }
        }
        for UnreadReport { name, record, error } in &self.unread {
            let record = record.as_ref().map(|record| format!(" {}", shown(record)));
            writeln!(out, "unread  {name}{}: {}", record.unwrap_or_default(), shown(error))?;
        }
        if self.errors.is_empty() {
            let Self { imported, new, changed, equal, removed, .. } = self;
            let of = match (new, changed) {
                (0, 0) => String::new(),
                _ => format!(" ({new} new, {changed} changed)"),
            };
            let removed = match removed {
                0 => String::new(),
                count => format!(", {count} removed"),
            };
            writeln!(out, "{imported} imported{of}, {equal} unchanged{removed}")?;
        }
        Ok(())
    }
}
