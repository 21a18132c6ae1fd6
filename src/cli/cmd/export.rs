//! `export`: the wanted records as a table, which `import` reads back.

use std::io::{self, Write};

use namesys::ens::Name;
use namesys::record::{RecordKey, Value};
use namesys::report::{ErrorKind, ExportReport};
use namesys::workspace::{Phases, TableFormat, write_table};

use super::set::report;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome};
use crate::cli::session::Session;

/// The forms.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// name,record,value; with starts,ends where a record has phases
    Csv,
    /// One JSON object a line
    Jsonl,
    /// One row a name, one column a record
    Wide,
}

/// `export …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How records are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "csv")]
    format: Format,
    /// Only this name and those under it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Writes to stdout; with `--json` the one document.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let only = args.name.as_deref().map(|name| session.name_given(context, name)).transpose()?;
    let records = session.workspace.records(&session.config)?;
    let of = |name: &Name| only.as_ref().is_none_or(|only| name.is_or_is_under(only));
    let all: Vec<_> = records.all().filter(|(name, ..)| of(name)).collect();
    // What import would read as another value, or not at all.
    let is_wide = !context.output.is_json() && matches!(args.format, Format::Wide);
    let has_text = |(_, key, phases): &(&Name, &RecordKey, &Phases)| {
        phases
            .values()
            .all(|value| Value::parse(key, &value.to_string()).is_ok_and(|read| read == *value))
    };
    let (timed, all): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(_, _, phases)| is_wide && phases.single().is_none());
    let (wanted, without): (Vec<_>, Vec<_>) = all.into_iter().partition(has_text);
    let wanted = wanted.into_iter();
    let phases = timed.first().map(|(name, key, _)| {
        let message = format!(
            "a wide table has no place for phases: {} left out, {name} {key}{}",
            if timed.len() == 1 {
                "1 record is".to_owned()
            } else {
                format!("{} records are", timed.len())
            },
            if timed.len() == 1 { "" } else { " among them" }
        );
        let hint = "--format csv has columns for starts and ends, --format jsonl an array";
        CliError::new(Exit::Failed, ErrorKind::Unsupported, message).hint(hint)
    });
    let error = without.first().map(|(name, key, _)| {
        let message = format!(
            "{} records have no text form and are left out, {name} {key} among them",
            without.len()
        );
        let hint = "records.toml has them, as { raw = \"0x…\" }";
        CliError::new(Exit::Failed, ErrorKind::Unsupported, message).hint(hint)
    });
    let error = phases.or(error);
    if context.output.is_json() {
        let report = wanted.flat_map(|(name, key, phases)| {
            let phases = phases.to_vec().into_iter();
            phases.map(|phase| report(name, key, &phase, Vec::new())).collect::<Vec<_>>()
        });
        return Ok(Outcome::partial(ExportReport { records: report.collect() }, error));
    }
    let format = match args.format {
        Format::Csv => TableFormat::Csv,
        Format::Jsonl => TableFormat::JsonLines,
        Format::Wide => TableFormat::Wide,
    };
    let written = context.output.raw(write_table(format, wanted).as_bytes())?;
    Ok(written.with_error(error))
}

impl Human for ExportReport {
    fn human(&self, _out: &mut dyn Write) -> io::Result<()> {
        // Without `--json` the table is written.
        Ok(())
    }
}
