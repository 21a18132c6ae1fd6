//! `export`: the wanted records as a table, which `import` reads back.

use std::io::{self, Write};

use namesys::ens::Name;
use namesys::record::{RecordKey, Value};
use namesys::report::{ErrorKind, ExportReport, RecordReport};
use namesys::workspace::{TableFormat, write_table};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome};
use crate::cli::session::Session;

/// The forms.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// name,record,value
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
    let all: Vec<_> = records.iter().filter(|(name, ..)| of(name)).collect();
    // What import would read as another value, or not at all.
    let has_text = |(_, key, value): &(&Name, &RecordKey, &Value)| {
        Value::parse(key, &value.to_string()).is_ok_and(|read| read == **value)
    };
    let (wanted, without): (Vec<_>, Vec<_>) = all.into_iter().partition(has_text);
    let wanted = wanted.into_iter();
    let error = without.first().map(|(name, key, _)| {
        let message = format!(
            "{} records have no text form and are left out, {name} {key} among them",
            without.len()
        );
        let hint = "records.toml has them, as { raw = \"0x…\" }";
        CliError::new(Exit::Failed, ErrorKind::Unsupported, message).hint(hint)
    });
    if context.output.is_json() {
        let report = wanted.map(|(name, key, value)| RecordReport {
            name: name.to_string(),
            record: key.to_string(),
            value: value.to_string(),
            notes: Vec::new(),
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
