//! `status`: what each publisher serves, until when. `log`: what was published from here.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use namesys::ipns::VerifiedRecord;
use namesys::keys::IpnsName;
use namesys::report::{LogEntry, LogReport, ServedReport, StatusReport};
use namesys::workspace::{HistoryEntry, PublisherStatus, Status, status, time_left};

use crate::cli::context::Context;
use crate::cli::endpoints::PublisherArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::Session;

use super::status_chain;

/// `status`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Exit with 1 when a record is valid for fewer days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    warn_days: u32,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// `log`
#[derive(Debug, clap::Args)]
pub struct LogArgs {}

/// Asks every publisher.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let name = session.ipns_name()?;
    let history = session.workspace.history(&name)?;
    let kept: Vec<VerifiedRecord> = history.iter().map(|entry| entry.record.clone()).collect();
    let publishers = args.publishers.get(context, Some(&session.config))?;
    let rpc = args.rpc.open(context, &context.http()?)?;
    let asked = async {
        let chain = async {
            match &rpc {
                Some(rpc) => Some(status_chain::ask(rpc, &session.config, &name).await),
                None => None,
            }
        };
        Ok(tokio::join!(status(&name, &publishers, &kept), chain))
    };
    let (status, chain) = context.block_on(asked)?;
    let now = Timestamp::now();
    let (chain, chain_error) = chain.unzip();
    let report = StatusReport { chain, ..report(&name, &status, &history, now) };
    let error = judge(&status, &report, args.warn_days, now).or(chain_error.flatten());
    Ok(Outcome::partial(report, error))
}

fn report(
    name: &IpnsName,
    status: &Status,
    history: &[HistoryEntry],
    now: Timestamp,
) -> StatusReport {
    let drifting: Vec<&str> = status.drifting().map(|status| status.from.as_str()).collect();
    let served = |status: &PublisherStatus| {
        let record = status.served.as_ref().ok().and_then(Option::as_ref);
        ServedReport {
            from: status.from.clone(),
            sequence: record.map(|record| record.fields().sequence),
            value: record.map(|record| record.fields().value.clone()),
            validity: record.map(|record| record.fields().validity().to_string()),
            days_left: record.map(|record| days_left(record, now)),
            age_days: record.and_then(|record| age_days(record, history, now)),
            newest: record.is_some() && !drifting.contains(&status.from.as_str()),
            error: status.served.as_ref().err().map(ToString::to_string),
        }
    };
    StatusReport {
        ipns_name: name.to_string(),
        sequence: status.newest.as_ref().map(|record| record.fields().sequence),
        publications: status.publishers.iter().map(served).collect(),
        chain: None,
    }
}

/// Whole days since the record was made, which only the workspace that made it knows.
fn age_days(record: &VerifiedRecord, history: &[HistoryEntry], now: Timestamp) -> Option<i64> {
    let entry = history.iter().find(|entry| entry.record.bytes() == record.bytes())?;
    Some(whole_days(now.duration_since(entry.made?)))
}

/// Whole days; negative once it has expired.
fn days_left(record: &VerifiedRecord, now: Timestamp) -> i64 {
    whole_days(time_left(record, now))
}

/// Rounded down, so that a moment after the end is day -1 and not day 0.
fn whole_days(duration: SignedDuration) -> i64 {
    let days = duration.as_nanos().div_euclid(SignedDuration::from_hours(24).as_nanos());
    i64::try_from(days).unwrap_or(i64::MAX)
}

/// The worst that is to be said: a record that does not verify, about to expire, not known, nothing published, not the same.
fn judge(
    status: &Status,
    report: &StatusReport,
    warn_days: u32,
    now: Timestamp,
) -> Option<CliError> {
    let failed = |kind, message: String, hint: &str| {
        Some(CliError::new(Exit::Failed, kind, message).hint(hint))
    };
    let served =
        || status.publishers.iter().filter_map(|s| Some((s, s.served.as_ref().ok()?.as_ref()?)));
    let failures = status.publishers.iter().filter_map(|status| status.served.as_ref().err());
    let mut failures = failures.map(|error| CliError::from(error.clone()));
    if let Some(unverified) = failures.find(|error| error.exit == Exit::Unverified) {
        return Some(unverified.hint(
            "namesys publish replaces it at a service; a file that is not ours is left as it is",
        ));
    }
    let ends = served().map(|(status, record)| (status, days_left(record, now)));
    if let Some((first, days)) = ends.min_by_key(|(_, days)| *days) {
        if days < 0 {
            let message = format!("what {} serves has expired", first.from);
            return failed("expired", message, "renew it: namesys renew");
        }
        if days < i64::from(warn_days) {
            let message = format!("what {} serves expires in {days} days", first.from);
            return failed("expires-soon", message, "renew it: namesys renew");
        }
    }
    if let Some(unknown) = report.publications.iter().find(|served| served.error.is_some()) {
        let reason = unknown.error.as_deref().unwrap_or_default();
        return failed("unreachable", format!("{}: {reason}", unknown.from), "ask again later");
    }
    if served().next().is_none() {
        let message = format!("{} is not published anywhere", report.ipns_name);
        return Some(
            CliError::new(Exit::NotFound, "not-published", message).hint("namesys publish"),
        );
    }
    let behind = status.drifting().map(|status| status.from.clone()).collect::<Vec<_>>();
    if behind.is_empty() {
        return None;
    }
    let message = format!("not the newest record: {}", behind.join(", "));
    failed(
        "drift",
        message,
        "namesys publish gives it to those that lack it, and namesys renew a newer one to all",
    )
}

/// Lists the records made here.
pub fn run_log(_args: LogArgs, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let name = session.ipns_name()?;
    let entries = session.workspace.history(&name)?.into_iter().rev().map(|entry| LogEntry {
        sequence: entry.record.fields().sequence,
        value: entry.record.fields().value.clone(),
        validity: entry.record.fields().validity().to_string(),
        made: entry.made.map(|made| made.to_string()),
    });
    let entries: Vec<LogEntry> = entries.collect();
    let error = entries.is_empty().then(|| {
        CliError::new(Exit::NotFound, "not-published", "nothing was published from here")
            .hint("namesys publish")
    });
    Ok(Outcome::partial(LogReport { ipns_name: name.to_string(), log: entries }, error))
}

impl Human for StatusReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "IPNS name  {}", self.ipns_name)?;
        for served in &self.publications {
            match (&served.error, served.sequence) {
                (Some(error), _) => writeln!(out, "{}: {}", served.from, shown(error))?,
                (None, None) => writeln!(out, "{}: no record", served.from)?,
                (None, Some(sequence)) => {
                    let behind = if served.newest { "" } else { ", not the newest" };
                    let validity = served.validity.as_deref().unwrap_or_default();
                    let days = served.days_left.unwrap_or_default();
                    writeln!(out, "{}: sequence {sequence}{behind}", served.from)?;
                    writeln!(out, "  {}", shown(served.value.as_deref().unwrap_or_default()))?;
                    let age = served.age_days.map(|days| format!(", made {days} days ago"));
                    let age = age.unwrap_or_default();
                    writeln!(out, "  valid until {validity} ({days} days){age}")?;
                }
            }
        }
        self.chain.iter().try_for_each(|chain| status_chain::human(chain, out))
    }
}

impl Human for LogReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for entry in &self.log {
            let made = entry.made.as_deref().unwrap_or("-");
            writeln!(out, "{}  {made}  {}", entry.sequence, shown(&entry.value))?;
        }
        Ok(())
    }
}
