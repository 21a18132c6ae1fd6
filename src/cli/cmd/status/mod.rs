//! `status`: what each publisher and web host serves, until when. `log`: what was published from here.

mod chain;
mod sites;

use std::io::{self, Write};

use jiff::Timestamp;
use namesys::ipns::VerifiedRecord;
use namesys::keys::IpnsName;
use namesys::net::beside;
use namesys::publish::{
    History, HistoryEntry, PublisherStatus, SiteEntry, Status, days_left, status, whole_days,
};
use namesys::published::BaseFile;
use namesys::report::{ErrorKind, LogEntry, LogReport, ServedReport, StatusReport};

use crate::cli::context::Context;
use crate::cli::endpoints::{PublisherArgs, SiteArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::rpc_args::{RpcArgs, how_to_give};
use crate::cli::session::Session;
use crate::cli::words::{Tone, state, when};

pub use chain::Published;

/// `status`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Exit with 1 when a record is valid for fewer days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    warn_days: u32,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    sites: SiteArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// `log`
#[derive(Debug, clap::Args)]
pub struct LogArgs {}

/// Asks every publisher and every web host.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let sites = args.sites.get(context, &session.config)?;
    let name = ipns_name(&session, !sites.is_empty() && !args.publishers.are_given())?;
    let mut history = Vec::new();
    let mut publishers = Vec::new();
    if let Some(name) = &name {
        history = History::of(&session.workspace).entries(name)?;
        publishers = args.publishers.get(context, Some(&session.config))?;
    }
    let mut kept: Vec<VerifiedRecord> = history.iter().map(|entry| entry.record.clone()).collect();
    if let Some(name) = &name {
        // What was seen published is known here, also in a checkout without history.
        let known = BaseFile::read(&session.workspace)?.of(name);
        let signed = known.signed.into_iter().map(|signed| signed.tree);
        kept.extend(known.base.into_iter().chain(signed).map(|tree| tree.record().clone()));
    }
    let http = context.http()?;
    let rpc = args.rpc.open(context, &http)?;
    if rpc.is_none() {
        context.output.note(format_args!("the chain is not asked: {}", how_to_give(context)));
    }
    let asked = async {
        let records = async {
            match &name {
                Some(name) => Some((name, status(name, &publishers, &kept).await)),
                None => None,
            }
        };
        let chain = async {
            let rpc = rpc.as_ref()?;
            let sites = sites.iter().filter_map(|site| site.url.as_ref()).collect();
            let published = Published { ipns: name.as_ref(), sites };
            Some(chain::ask(rpc, &session.config, &published).await)
        };
        Ok(tokio::join!(records, sites::ask(&sites, &http), chain))
    };
    let (records, at_sites, chain) = context.block_on(asked)?;
    let now = Timestamp::now();
    let (chains, chain_errors): (Vec<_>, Vec<_>) = chain.into_iter().flatten().unzip();
    let (at_sites, site_error) = sites::report(context, &session, at_sites)?;
    let (mut report, error) = match &records {
        Some((name, status)) => {
            let report = report(name, status, &history, now);
            let fault = status.fault(name, args.warn_days, now);
            (report, fault.map(CliError::from))
        }
        None => (StatusReport::default(), None),
    };
    (report.sites, report.chain) = (at_sites, chains.first().cloned());
    report.chains = if chains.len() > 1 { chains } else { Vec::new() };
    let errors = [error, site_error].into_iter().chain(chain_errors).flatten();
    let worst = Exit::worst(errors.clone().map(|error| error.exit));
    let error = errors.into_iter().find(|error| Some(error.exit) == worst);
    Ok(Outcome::partial(report, error))
}

/// The workspace's IPNS name. Where web hosts alone have the records there is none to speak of.
fn ipns_name(session: &Session, has_sites: bool) -> Result<Option<IpnsName>, CliError> {
    let recorded = session.config.keys().ipns_name;
    let is_used = match &recorded {
        Some(name) => !History::of(&session.workspace).entries(name)?.is_empty(),
        None => false,
    };
    if has_sites && session.config.has_only_sites() && !is_used {
        return Ok(None);
    }
    session.ipns_name().map(Some)
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
            validity: record.map(|record| record.fields().until()),
            days_left: record.map(|record| days_left(record, now)),
            age_days: record.and_then(|record| age_days(record, history, now)),
            newest: record.is_some() && !drifting.contains(&status.from.as_str()),
            error: status.served.as_ref().err().map(ToString::to_string),
        }
    };
    StatusReport {
        ipns_name: Some(name.to_string()),
        sequence: status.newest.as_ref().map(|record| record.fields().sequence),
        publications: status.publishers.iter().map(served).collect(),
        ..StatusReport::default()
    }
}

/// Whole days since the record was made, which only the workspace that made it knows.
fn age_days(record: &VerifiedRecord, history: &[HistoryEntry], now: Timestamp) -> Option<i64> {
    let entry = history.iter().find(|entry| entry.record.bytes() == record.bytes())?;
    Some(whole_days(now.duration_since(entry.made?)))
}

/// Lists the records made here, and what web hosts got from here.
pub fn run_log(_args: LogArgs, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let sites = sites::log(&session)?;
    let name = ipns_name(&session, !sites.is_empty())?;
    let history = match &name {
        Some(name) => History::of(&session.workspace).entries(name)?,
        None => Vec::new(),
    };
    let entries = history.into_iter().rev().map(|entry| LogEntry {
        sequence: entry.record.fields().sequence,
        value: entry.record.fields().value.clone(),
        validity: entry.record.fields().until(),
        made: entry.made.map(|made| made.to_string()),
    });
    let log: Vec<LogEntry> = entries.collect();
    let error = (log.is_empty() && sites.is_empty()).then(|| {
        CliError::new(Exit::NotFound, ErrorKind::NotPublished, "nothing was published from here")
            .hint("namesys publish")
    });
    let ipns_name = name.map(|name| name.to_string());
    Ok(Outcome::partial(LogReport { ipns_name, log, sites }, error))
}

impl Human for StatusReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(name) = &self.ipns_name {
            writeln!(out, "IPNS name  {name}")?;
        }
        for served in &self.publications {
            match (&served.error, served.sequence) {
                (Some(error), _) => {
                    let error = state(Tone::Bad, &shown(beside(&served.from, error)));
                    writeln!(out, "{}: {error}", served.from)?;
                }
                (None, None) => writeln!(out, "{}: no record", served.from)?,
                (None, Some(sequence)) => {
                    let behind = if served.newest { "" } else { ", not the newest" };
                    let validity = served.validity.as_deref().unwrap_or_default();
                    let days = served.days_left.unwrap_or_default();
                    writeln!(out, "{}: sequence {sequence}{behind}", served.from)?;
                    writeln!(out, "  {}", shown(served.value.as_deref().unwrap_or_default()))?;
                    let age = served.age_days.map(|days| format!(", made {days} days ago"));
                    let age = age.unwrap_or_default();
                    // After two months people count months and years; a script counts days.
                    writeln!(out, "  valid until {}, {days} days{age}", when(validity))?;
                }
            }
        }
        sites::human(&self.sites, out)?;
        let chains = if self.chains.is_empty() { self.chain.as_slice() } else { &self.chains };
        chains.iter().try_for_each(|chain| chain::human(chain, out))
    }
}

impl Human for LogReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for entry in &self.log {
            let made = entry.made.as_deref().map_or_else(|| "-".to_owned(), when);
            writeln!(out, "{}  {made}  {}", entry.sequence, shown(&entry.value))?;
        }
        for SiteEntry { to, root, made, .. } in &self.sites {
            writeln!(out, "{}  {made}  {}", shown(to), shown(root))?;
        }
        Ok(())
    }
}
