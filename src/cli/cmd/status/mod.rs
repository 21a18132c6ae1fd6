//! `status`: what is wanted, signed and published; by whom, and until when.

mod chain;
mod databases;
mod former;
mod here;
mod log;
mod sites;

use std::io::{self, Write};

use cid::Cid;
use jiff::Timestamp;
use namesys::ipns::VerifiedRecord;
use namesys::keys::IpnsName;
use namesys::net::beside;
use namesys::publish::{
    History, HistoryEntry, PublisherStatus, Status, days_left, status, whole_days,
};
use namesys::published::{BaseFile, Known, PublishedTree, Signed};
use namesys::report::{
    DatabaseStatusReport, ErrorReport, ServedReport, SiteStatusReport, StatusReport,
};

use super::setup::set_up::goes_on;
use crate::cli::context::Context;
use crate::cli::endpoints::{DatabaseArgs, PublisherArgs, SiteArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::rpc_args::{RpcArgs, how_to_give};
use crate::cli::session::Session;
use crate::cli::words::{Tone, state, when};

use here::Here;

pub use chain::Published;
pub use log::{LogArgs, run as run_log};

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
    databases: DatabaseArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Compares the workspace, and asks every publisher, web host and database.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let sites = args.sites.get(context, &session.config)?;
    let has_others = !sites.is_empty() || !session.config.databases.is_empty();
    let name = ipns_name(&session, has_others && !args.publishers.are_given())?;
    let here = Here::look(context, &session)?;
    let mut history = Vec::new();
    let mut publishers = Vec::new();
    let mut known = Known::default();
    if let Some(name) = &name {
        history = History::of(&session.workspace).entries(name)?;
        publishers = args.publishers.get(context, Some(&session.config))?;
        known = BaseFile::read(&session.workspace)?.of(name);
    }
    // What was seen published is known here, also in a checkout without history.
    // What is signed for later (over something, as a series is) is no older copy's newer one.
    let is_for_later = |signed: &Signed| signed.is_ahead && signed.over.is_some();
    let sent = known.signed.iter().filter(|signed| !is_for_later(signed));
    let signed = sent.map(|signed| &signed.tree).chain(&known.base);
    let kept = history.iter().map(|entry| &entry.record).chain(signed.map(PublishedTree::record));
    let kept: Vec<VerifiedRecord> = kept.cloned().collect();
    let http = context.http()?;
    let rpc = args.rpc.open(context, &http)?;
    if rpc.is_none() {
        context.output.note(format_args!("the chain is not asked: {}", how_to_give(context)));
    }
    let asked = async {
        let records = async {
            match &name {
                Some(name) => {
                    let mut status = status(name, &publishers, &kept).await;
                    // One of them that is out by now is ours all the same.
                    let served = |number: &usize| {
                        status.publishers.get(*number)?.served.as_ref().ok()?.as_ref()
                    };
                    let is_ours = |number: &usize| {
                        let made = |one: &Signed| Some(one.tree.record()) == served(number);
                        known.signed.iter().any(made)
                    };
                    let ours: Vec<usize> =
                        status.foreign.iter().copied().filter(|number| is_ours(number)).collect();
                    status.foreign.retain(|number| !ours.contains(number));
                    Some((name, status))
                }
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
    let base_file = BaseFile::read(&session.workspace)?;
    let former = former::ask(&session.config, &publishers, &base_file);
    let former = context.block_on(async { Ok(former.await) })?;
    let now = Timestamp::now();
    let (chains, chain_errors): (Vec<_>, Vec<_>) = chain.into_iter().flatten().unzip();
    let (at_sites, site_errors) = sites::report(here.root.as_ref(), at_sites);
    let (at_databases, database_errors) = databases::ask(&args.databases, context, &session)?;
    let (mut report, errors) = match &records {
        Some((name, status)) => {
            let faults = status.faults(name, args.warn_days, now);
            let errors = faults.into_iter().map(CliError::from).collect();
            (report(name, status, &history, now), errors)
        }
        None => (StatusReport::default(), Vec::new()),
    };
    let out = records.as_ref().and_then(|(_, status)| newest_out(status, &known));
    report.ahead_in_vain = out.iter().flat_map(|out| known.in_vain(out)).collect();
    report.unsigned = here.unsigned;
    report.next_turn = here.next_turn.map(|at| at.to_string());
    let status = records.as_ref().map(|(_, status)| status);
    report.unpublished =
        here.root.and_then(|root| unpublished(&root, status, out.as_ref(), &at_sites));
    let lacks = |one: &DatabaseStatusReport| one.error.is_none() && one.current < one.asked;
    if at_databases.iter().any(lacks) {
        report.unpublished = Some(true);
    }
    report.databases = at_databases;
    // Such a workspace says that what is published is known.
    report.published_since = !session.config.replace
        && report.unpublished != Some(false)
        && out.as_ref().is_some_and(|out| is_elsewhere(out, &kept));
    let goes_on = goes_on(&session.config);
    let former = former::report(&former, &chains, args.warn_days, now, &goes_on);
    former.warnings.iter().for_each(|warning| context.output.warn(warning));
    report.former = former.reports;
    (report.sites, report.chain) = (at_sites, chains.first().cloned());
    report.chains = if chains.len() > 1 { chains } else { Vec::new() };
    let others = site_errors.into_iter().chain(database_errors).chain(former.fault);
    let mut errors: Vec<CliError> =
        errors.into_iter().chain(others).chain(chain_errors.into_iter().flatten()).collect();
    let worst = Exit::worst(errors.iter().map(|error| error.exit));
    if let Some(place) = errors.iter().position(|error| Some(error.exit) == worst) {
        errors[..=place].rotate_right(1);
    }
    if errors.len() > 1 {
        report.faults = errors.iter().map(CliError::report).collect();
    }
    Ok(Outcome::partial(report, errors.into_iter().next()))
}

/// Whether somebody else published it: it is none that is known here.
fn is_elsewhere(out: &VerifiedRecord, kept: &[VerifiedRecord]) -> bool {
    !kept
        .iter()
        .any(|known| known.bytes() == out.bytes() || known.fields().value == out.fields().value)
}

/// Whether `root` is not what is out; `status` where the name has a key at all, `out` its newest
/// record. Not known where somebody does not answer who may have it.
fn unpublished(
    root: &Cid,
    status: Option<&Status>,
    out: Option<&VerifiedRecord>,
    sites: &[SiteStatusReport],
) -> Option<bool> {
    let at_sites = sites.iter().any(|site| site.error.is_none() && !site.current);
    let by_ipns = match (status, out) {
        (None, _) => false,
        (Some(_), Some(out)) => PublishedTree::of(out).is_none_or(|tree| tree.root() != root),
        (Some(status), None) if status.publishers.iter().all(|one| one.served.is_ok()) => true,
        (Some(_), None) => return None,
    };
    Some(by_ipns || at_sites)
}

/// The newest record that is out: of what publishers serve, and of what was seen published.
fn newest_out(status: &Status, known: &Known) -> Option<VerifiedRecord> {
    let served = status.publishers.iter().filter_map(|one| one.served.as_ref().ok()?.as_ref());
    let all = served.chain(known.base.as_ref().map(PublishedTree::record));
    all.reduce(|a, b| if b.supersedes(a) { b } else { a }).cloned()
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
    let foreign = &status.foreign;
    let served = |(number, status): (usize, &PublisherStatus)| {
        let record = status.served.as_ref().ok().and_then(Option::as_ref);
        ServedReport {
            from: status.from.clone(),
            sequence: record.map(|record| record.fields().sequence),
            value: record.map(|record| record.fields().value.clone()),
            validity: record.map(|record| record.fields().until()),
            days_left: record.map(|record| days_left(record, now)),
            age_days: record.and_then(|record| age_days(record, history, now)),
            ours: record.map(|_| !foreign.contains(&number)),
            newest: record.is_some() && !drifting.contains(&status.from.as_str()),
            error: status.served.as_ref().err().map(ToString::to_string),
        }
    };
    StatusReport {
        ipns_name: Some(name.to_string()),
        sequence: status.newest.as_ref().map(|record| record.fields().sequence),
        publications: status.publishers.iter().enumerate().map(served).collect(),
        ..StatusReport::default()
    }
}

/// Whole days since the record was made, which only the workspace that made it knows.
fn age_days(record: &VerifiedRecord, history: &[HistoryEntry], now: Timestamp) -> Option<i64> {
    let entry = history.iter().find(|entry| entry.record.bytes() == record.bytes())?;
    Some(whole_days(now.duration_since(entry.made?)))
}

impl Human for StatusReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(name) = &self.ipns_name {
            writeln!(out, "IPNS name  {name}")?;
        }
        here::human(self, out)?;
        for served in &self.publications {
            match (&served.error, served.sequence) {
                (Some(error), _) => {
                    let error = state(Tone::Bad, &shown(beside(&served.from, error)));
                    writeln!(out, "{}: {error}", served.from)?;
                }
                (None, None) => writeln!(out, "{}: no record", served.from)?,
                (None, Some(sequence)) => {
                    let behind = if served.newest { "" } else { ", not the newest" };
                    let whose = match served.ours {
                        Some(false) => ", not published from here",
                        _ => "",
                    };
                    let validity = served.validity.as_deref().unwrap_or_default();
                    let days = served.days_left.unwrap_or_default();
                    writeln!(out, "{}: sequence {sequence}{behind}{whose}", served.from)?;
                    writeln!(out, "  {}", shown(served.value.as_deref().unwrap_or_default()))?;
                    let age = served.age_days.map(|days| format!(", made {days} days ago"));
                    let age = age.unwrap_or_default();
                    // After two months people count months and years; a script counts days.
                    writeln!(out, "  valid until {}, {days} days{age}", when(validity))?;
                }
            }
        }
        former::human(&self.former, out)?;
        sites::human(&self.sites, out)?;
        databases::human(&self.databases, out)?;
        let chains = if self.chains.is_empty() { self.chain.as_slice() } else { &self.chains };
        chains.iter().try_for_each(|chain| chain::human(chain, out))?;
        // The first stands at the end.
        for ErrorReport { message, hint, .. } in self.faults.iter().skip(1) {
            writeln!(out, "also       {}", shown(&message.replace("\n  ", " ")))?;
            if let Some(hint) = hint {
                writeln!(out, "  next: {}", shown(&hint.replace('\n', " ")))?;
            }
        }
        Ok(())
    }
}
