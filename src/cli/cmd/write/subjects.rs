//! What is to be written: one record, a table's, or the workspace's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use namesys::ens::Name;
use namesys::record::{RecordKey, Value};
use namesys::report::ErrorKind;
use namesys::secret::redaction::redacted_digits;
use namesys::workspace::read_rows;

use super::Args;
use crate::cli::cmd::import::open;
use crate::cli::cmd::set::parse_words;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::session::{Session, parse_name};

/// A name, and what it is to say.
pub struct Subject {
    pub name: Name,
    pub records: Vec<(RecordKey, Value)>,
}

type Wanted = BTreeMap<Name, Vec<(RecordKey, Value)>>;

/// The records of the flags, by their names.
pub fn read(args: &Args, context: &Context) -> Result<Vec<Subject>, CliError> {
    let only = args.name.as_deref().map(|name| parse_name(context, name)).transpose()?;
    let wanted = match (&args.import, args.from_workspace, &only) {
        (Some(_), ..) => of_table(args, context)?,
        (None, true, _) => of_workspace(context)?,
        (None, false, Some(name)) => {
            let [kind, rest @ ..] = &args.record[..] else {
                return Err(CliError::usage("which record? Give TYPE, KEY and VALUE"));
            };
            Wanted::from([(name.clone(), vec![parse_words(context, kind, rest, None)?])])
        }
        (None, false, None) => return Err(CliError::usage("which name?").hint("give NAME")),
    };
    let is_meant = |name: &Name| only.as_ref().is_none_or(|only| only == name);
    let meant = wanted.into_iter().filter(|(name, _)| is_meant(name));
    let subjects: Vec<Subject> = meant.map(|(name, records)| Subject { name, records }).collect();
    if subjects.is_empty() {
        return Err(CliError::new(
            Exit::NotFound,
            ErrorKind::NoRecord,
            "there is no record to write",
        ));
    }
    Ok(subjects)
}

fn of_table(args: &Args, context: &Context) -> Result<Wanted, CliError> {
    let Some(file) = &args.import else { return Ok(Wanted::new()) };
    let reader = open(file, context)?;
    let (mut wanted, mut wrong) = (Wanted::new(), Vec::new());
    let now = Timestamp::now();
    let ignored = read_rows(reader, |row| match row {
        Ok(row) => {
            if let Some(value) = row.wanted.at(now) {
                wanted.entry(row.name).or_default().push((row.key, value.clone()));
            }
        }
        Err(line) => wrong.push(redacted_digits(&line.to_string())),
    });
    let ignored = ignored.map_err(|error| CliError::io("the records cannot be read", &error))?;
    if !ignored.is_empty() {
        context.output.note(format_args!("no records, and ignored: the columns {ignored:?}"));
    }
    match wrong.first() {
        None => Ok(wanted),
        Some(first) => {
            let message = format!("{} of its lines are wrong: {first}", wrong.len());
            Err(CliError::new(Exit::Usage, ErrorKind::BadLines, message))
        }
    }
}

fn of_workspace(context: &Context) -> Result<Wanted, CliError> {
    let session = Session::open(context)?;
    let records = session.workspace.records(&session.config)?;
    let mut wanted = Wanted::new();
    for (name, key, phases) in records.all() {
        if let Some(value) = phases.at(records.now()) {
            wanted.entry(name.clone()).or_default().push((key.clone(), value.clone()));
        }
    }
    Ok(wanted)
}
