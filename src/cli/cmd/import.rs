//! `import FILE|-`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use namesys::ens::Name;
use namesys::record::{RecordKey, remarks};
use namesys::report::ImportReport;
use namesys::secret::redaction::redacted_digits;
use namesys::workspace::{Format, ImportError, LineError, Records};

use crate::cli::context::Context;
use crate::cli::error::CliError;
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
    /// CSV (name,record,value) or JSON Lines of the same; - for stdin
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
}

/// Sets every record of the file, or none.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let mut reader: Box<dyn BufRead + Send> = if args.file == Path::new("-") {
        drop(context.stdin.claim("import -")?);
        // A lock of stdin cannot go to another thread; nobody else reads it.
        Box::new(BufReader::with_capacity(1 << 16, io::stdin()))
    } else {
        let name = args.file.display();
        let open = File::open(&args.file);
        let file = open.map_err(|error| CliError::io(format!("{name} cannot be read"), &error))?;
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let format = Format::detect(&mut reader).map_err(ImportError::Io)?;
    let _lock = session.workspace.lock()?;
    let mut records = session.workspace.records(&session.config)?;
    let before = records.clone();
    let bar = context.output.progress("reading", Unit::Things("records"));
    let shown = bar.clone();
    // Until it is read whole nothing is written: Ctrl-C ends it at once.
    let (imported, records) = context.blocking(move || {
        let imported = records.import(reader, format, |done| shown.count(done));
        (imported, records)
    })?;
    bar.finish();
    match imported {
        Ok(done) => {
            if done.imported > 0 {
                session.workspace.save_records(&records)?;
            }
            note_remarks(context, &before, &records);
            let (imported, skipped) = (done.imported, done.skipped);
            Ok(Outcome::done(ImportReport { imported, skipped, errors: Vec::new() }))
        }
        Err(ImportError::Lines(errors)) => {
            let error = CliError::from(ImportError::Lines(errors.clone()));
            // They quote what was given, which may be a secret in the wrong place.
            let hidden =
                |line: LineError| LineError { message: redacted_digits(&line.message), ..line };
            let errors = errors.into_iter().map(hidden).collect();
            let report = ImportReport { imported: 0, skipped: 0, errors };
            Ok(Outcome::partial(report, Some(error)))
        }
        Err(error) => Err(error.into()),
    }
}

/// What `set` would have said of the records that are new or changed.
fn note_remarks(context: &Context, before: &Records, after: &Records) {
    // What holds for every record of a type is known to whoever writes thousands.
    let told = |key: &RecordKey| matches!(key, RecordKey::Text(_) | RecordKey::Contenthash);
    let changed =
        after.iter().filter(|(name, key, value)| told(key) && before.get(name, key) != Some(value));
    let mut notes: BTreeMap<String, (&Name, u64)> = BTreeMap::new();
    for (name, key, value) in changed {
        for remark in remarks(name, key, value) {
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
        if self.errors.is_empty() {
            writeln!(out, "{} imported, {} unchanged", self.imported, self.skipped)?;
        }
        Ok(())
    }
}
