//! `ipns get NAME`, `ipns put FILE [--name N]`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use namesys::ipns::{
    PublishError, Published, Publisher, ReadBack, UnverifiedRecord, VerifiedRecord,
    publish_and_read_back,
};
use namesys::keys::IpnsName;
use namesys::net::beside;
use namesys::publish::TargetOutcome;
use namesys::report::{ErrorKind, IpnsPutReport};

use super::{fields, inspect, judged, write_fields};
use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, PublisherArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::values;

/// `ipns get`
#[derive(Debug, clap::Args)]
pub struct GetArgs {
    /// The name, in any form (k51…, 12D3KooW…)
    #[arg(value_name = "IPNS NAME")]
    name: IpnsName,
    /// A file the record itself goes to, raw protobuf
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    publishers: PublisherArgs,
}

/// `ipns put`
#[derive(Debug, clap::Args)]
pub struct PutArgs {
    /// The record, raw protobuf; - for stdin
    #[arg(value_name = "FILE|-", required_unless_present = "due", conflicts_with = "due")]
    file: Option<PathBuf>,
    /// Whose record it is; default: the workspace's IPNS name
    #[arg(long, value_name = "IPNS NAME")]
    pub name: Option<IpnsName>,
    /// Of the series in this folder (ipns sign --count), the record whose time has come: only over
    /// what the series was made over in this workspace, or over the same value
    #[arg(long, value_name = "DIR", conflicts_with = "same_value")]
    pub due: Option<PathBuf>,
    /// Go on until nothing of the series is left
    #[arg(long, requires = "due")]
    pub watch: bool,
    /// Put nothing when a service has a record of another value: for records signed ahead, which
    /// would bring back what was published when they were signed
    #[arg(long)]
    same_value: bool,
    #[command(flatten)]
    pub publishers: PublisherArgs,
    #[command(flatten)]
    pub gateways: GatewayArgs,
}

/// Asks every service and shows the record that supersedes the others.
pub async fn get(args: GetArgs, context: &Context) -> Result<Outcome, CliError> {
    let mut best: Option<VerifiedRecord> = None;
    let mut errors = Vec::new();
    let config = context.config()?;
    for publisher in args.publishers.for_single_records(context, config)? {
        match publisher.get(&args.name).await {
            Ok(Some(record)) if best.as_ref().is_none_or(|best| record.supersedes(best)) => {
                best = Some(record);
            }
            Ok(_) => {}
            Err(error) => errors.push(CliError::from(error)),
        }
    }
    let Some(record) = best else {
        let message = format!("no service has a record of {}", args.name);
        let none = CliError::new(Exit::NotFound, ErrorKind::NotFound, message);
        let worst = Exit::worst(errors.iter().map(|error| error.exit));
        return Err(errors.into_iter().find(|error| Some(error.exit) == worst).unwrap_or(none));
    };
    for error in errors {
        context.output.warn(error.message);
    }
    if let Some(out) = &args.out {
        values::write_file(out, record.bytes())?;
    }
    let (report, error) = judged(UnverifiedRecord::parse(record.bytes())?, Some(&args.name));
    Ok(Outcome::partial(report, error))
}

/// Gives the record to every service. What is not good is not sent.
pub async fn put(args: PutArgs, context: &Context) -> Result<Outcome, CliError> {
    let file = args.file.as_deref().unwrap_or(Path::new("-"));
    let record = inspect::read(file, context)?;
    let name = context.ipns_name(args.name)?.ok_or_else(|| {
        CliError::usage("a record does not carry its name").hint("give --name k51…")
    })?;
    let record = record.verify(&name, Timestamp::now())?;
    let mut publications = Vec::new();
    let mut errors = Vec::new();
    let config = context.config()?;
    let publishers = args.publishers.for_single_records(context, config)?;
    let fields = fields(Some(&name), record.fields());
    if args.same_value
        && let Some(error) = other_value(&publishers, &record).await
    {
        return Ok(Outcome::partial(IpnsPutReport { fields, publications }, Some(error)));
    }
    for publisher in publishers {
        let result = publish_and_read_back(&*publisher, &record, ReadBack::default()).await;
        let taken = matches!(result, Ok(_) | Err(PublishError::NotReadBack { .. }));
        let (ok, read_back, error) = match result {
            Ok(Published::Same) => (true, true, None),
            Ok(Published::Superseded(by)) => {
                let message = format!("a record of sequence {} is there", by.fields().sequence);
                (false, false, Some(CliError::new(Exit::Failed, ErrorKind::Outdated, message)))
            }
            Err(error) => (false, false, Some(CliError::from(error))),
        };
        let shown = error.as_ref().map(|error| error.message.clone());
        let to = publisher.describe();
        publications.push(TargetOutcome { to, ok, sent: taken, read_back, error: shown });
        errors.extend(error);
    }
    let worst = Exit::worst(errors.iter().map(|error| error.exit));
    let error = errors.into_iter().find(|error| Some(error.exit) == worst);
    Ok(Outcome::partial(IpnsPutReport { fields, publications }, error))
}

/// Why `record` is not to be put: something else was published since it was signed, or it cannot
/// be known whether.
async fn other_value(
    publishers: &[Box<dyn Publisher>],
    record: &VerifiedRecord,
) -> Option<CliError> {
    for publisher in publishers {
        let served = match publisher.get(record.name()).await {
            Ok(Some(served)) => served,
            Ok(None) => continue,
            Err(error) => return Some(error.into()),
        };
        let (has, ours) = (served.fields(), record.fields());
        if has.value != ours.value {
            let message = format!(
                "{} has sequence {} of {}, and this record is of {}: nothing was put",
                publisher.describe(),
                has.sequence,
                has.value,
                ours.value
            );
            return Some(CliError::new(Exit::Failed, ErrorKind::OtherValue, message).hint(
                "something else was published since it was signed: sign a new series, of that \
                 value; or leave out --same-value",
            ));
        }
    }
    None
}

impl Human for IpnsPutReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write_fields(&self.fields, out)?;
        for publication in &self.publications {
            let TargetOutcome { to, error, .. } = publication;
            match error {
                None => writeln!(out, "{}: there, read back", shown(to))?,
                Some(error) => writeln!(out, "{}: {}", shown(to), shown(beside(to, error)))?,
            }
        }
        Ok(())
    }
}
