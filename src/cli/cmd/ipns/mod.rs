//! `ipns sign|inspect|get|put`: single records.

mod due;
mod inspect;
mod network;
mod sign;

use std::io::{self, Write};

use clap::Subcommand;
use jiff::Timestamp;
use namesys::ipns::{RecordFields, UnverifiedRecord};
use namesys::keys::IpnsName;
use namesys::report::{IpnsFields, IpnsRecordReport};

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome, shown};

/// `ipns …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign a record, or a series of them
    Sign(sign::Args),
    /// Show what a record says, and whether it is good
    Inspect(inspect::Args),
    /// Get a name's record from the services that keep it
    Get(network::GetArgs),
    /// Give a record to the services that keep it, and read it back
    Put(network::PutArgs),
}

/// Runs one of them.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.command {
        Command::Sign(args) => sign::run(args, context),
        Command::Inspect(args) => inspect::run(args, context),
        Command::Get(args) => context.block_on(network::get(args, context)),
        Command::Put(args) => match &args.due {
            Some(dir) => due::run(&args, dir, context),
            None => context.block_on(network::put(args, context)),
        },
    }
}

fn fields(name: Option<&IpnsName>, fields: &RecordFields) -> IpnsFields {
    IpnsFields {
        name: name.map(ToString::to_string),
        value: fields.value.clone(),
        sequence: fields.sequence,
        validity: fields.validity.clone(),
        ttl_ns: fields.ttl_ns,
    }
}

/// The report of `record` under `name`, and why it is not good.
fn judged(
    record: UnverifiedRecord,
    name: Option<&IpnsName>,
) -> (IpnsRecordReport, Option<CliError>) {
    let signature_v1 = name.and_then(|name| record.check_signature_v1(name));
    let signature_v2 = name.map(|name| record.check_signature_v2(name));
    let fields = fields(name, record.fields());
    let verdict = name.map(|name| record.verify(name, Timestamp::now()));
    let valid = verdict.as_ref().map(Result::is_ok);
    let report = IpnsRecordReport { fields, signature_v1, signature_v2, valid };
    (report, verdict.and_then(Result::err).map(CliError::from))
}

impl Human for IpnsRecordReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write_fields(&self.fields, out)?;
        let word = |state: Option<bool>, none: &'static str| match state {
            Some(true) => "good",
            Some(false) => "wrong",
            None => none,
        };
        let none = if self.valid.is_some() { "none" } else { "not checked" };
        writeln!(out, "signature V1  {}", word(self.signature_v1, none))?;
        writeln!(out, "signature V2  {}", word(self.signature_v2, "not checked"))?;
        let valid = match self.valid {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown: the record does not carry its key; give --name",
        };
        writeln!(out, "valid         {valid}")
    }
}

fn write_fields(fields: &IpnsFields, out: &mut dyn Write) -> io::Result<()> {
    if let Some(name) = &fields.name {
        writeln!(out, "name          {name}")?;
    }
    writeln!(out, "value         {}", shown(&fields.value))?;
    writeln!(out, "sequence      {}", fields.sequence)?;
    writeln!(out, "validity      {}", shown(&fields.validity))?;
    writeln!(out, "ttl           {} s", fields.ttl_ns / 1_000_000_000)
}
