//! `log`: what was published from here, what was seen published, and with `--remote` what is.

use std::io::{self, Write};

use namesys::ipns::VerifiedRecord;
use namesys::keys::IpnsName;
use namesys::publish::{History, HistoryEntry, PublisherStatus, SiteEntry, status};
use namesys::published::BaseFile;
use namesys::report::{ErrorKind, LogEntry, LogReport};

use super::{ipns_name, sites};
use crate::cli::context::Context;
use crate::cli::endpoints::PublisherArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::Session;
use crate::cli::words::when;

/// `log`
#[derive(Debug, clap::Args)]
pub struct LogArgs {
    /// Ask the publishers too, and add what others published
    #[arg(long)]
    remote: bool,
    #[command(flatten)]
    publishers: PublisherArgs,
}

/// Who has a record, in the order of the publishers.
type Served = (VerifiedRecord, Vec<String>);

/// Lists the records made here, those seen published, and what web hosts got from here.
pub fn run(args: LogArgs, context: &Context) -> Result<Outcome, CliError> {
    if args.publishers.are_given() && !args.remote {
        return Err(
            CliError::usage("--publisher is asked only with --remote").hint("namesys log --remote")
        );
    }
    let session = Session::open(context)?;
    let sites = sites::log(&session)?;
    let name = ipns_name(&session, !sites.is_empty())?;
    let (mut log, mut failed) = (Vec::new(), None);
    if let Some(name) = &name {
        let (served, error) = match args.remote {
            true => ask(&args, context, &session, name)?,
            false => (Vec::new(), None),
        };
        (log, failed) = (entries(&session, name, served)?, error);
    }
    let error = (log.is_empty() && sites.is_empty()).then(|| {
        CliError::new(Exit::NotFound, ErrorKind::NotPublished, "nothing was published from here")
            .hint("namesys publish")
    });
    let ipns_name = name.map(|name| name.to_string());
    Ok(Outcome::partial(LogReport { ipns_name, log, sites }, failed.or(error)))
}

/// What publishers have, and what is to be said of those that do not answer.
fn ask(
    args: &LogArgs,
    context: &Context,
    session: &Session,
    name: &IpnsName,
) -> Result<(Vec<Served>, Option<CliError>), CliError> {
    let publishers = args.publishers.get(context, Some(&session.config))?;
    let asked = context.block_on(async { Ok(status(name, &publishers, &[]).await) })?;
    let mut served: Vec<Served> = Vec::new();
    let mut failures = asked.publishers.iter().filter_map(PublisherStatus::failure);
    let failed = failures.next().map(CliError::from);
    failures.for_each(|fault| context.output.warn(fault));
    for PublisherStatus { from, served: record } in &asked.publishers {
        let Ok(Some(record)) = record else { continue };
        match served.iter_mut().find(|(other, _)| other == record) {
            Some((_, others)) => others.push(from.clone()),
            None => served.push((record.clone(), vec![from.clone()])),
        }
    }
    Ok((served, failed))
}

/// Newest first; of one sequence what supersedes comes first.
fn entries(
    session: &Session,
    name: &IpnsName,
    served: Vec<Served>,
) -> Result<Vec<LogEntry>, CliError> {
    let mut all = History::of(&session.workspace).entries(name)?;
    let base = BaseFile::read(&session.workspace)?.of(name).base;
    let base = base.map(|base| base.record().clone());
    let seen: Vec<&VerifiedRecord> =
        base.iter().chain(served.iter().map(|(record, _)| record)).collect();
    for record in seen.iter().copied() {
        if !all.iter().any(|entry| entry.record == *record) {
            all.push(HistoryEntry { record: record.clone(), made: None });
        }
    }
    all.sort_by(|a, b| match (a.record.supersedes(&b.record), b.record.supersedes(&a.record)) {
        (true, _) => std::cmp::Ordering::Less,
        (_, true) => std::cmp::Ordering::Greater,
        _ => std::cmp::Ordering::Equal,
    });
    // What was made here and not seen published may wait to be sent.
    let current = seen.into_iter().reduce(|a, b| if b.supersedes(a) { b } else { a });
    let entry = |HistoryEntry { record, made }: HistoryEntry| LogEntry {
        sequence: record.fields().sequence,
        value: record.fields().value.clone(),
        validity: record.fields().until(),
        made: made.map(|made| made.to_string()),
        current: current == Some(&record),
        base: base.as_ref() == Some(&record),
        from: served.iter().find(|(other, _)| *other == record).map(|(_, from)| from.clone()),
    };
    Ok(all.into_iter().map(entry).collect())
}

impl Human for LogReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for entry in &self.log {
            let made = entry.made.as_deref().map_or_else(|| "-".to_owned(), when);
            let marks = [(entry.current, "current"), (entry.base, "base")];
            let marks = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark.to_owned());
            let from = entry.from.iter().flatten().map(|from| format!("at {from}"));
            let marks: Vec<String> = marks.chain(from).collect();
            let marks = match marks.is_empty() {
                true => String::new(),
                false => format!("  ({})", shown(&marks.join(", "))),
            };
            writeln!(out, "{}  {made}  {}{marks}", entry.sequence, shown(&entry.value))?;
        }
        for SiteEntry { to, root, made, .. } in &self.sites {
            writeln!(out, "{}  {}  {}", shown(to), when(made), shown(root))?;
        }
        Ok(())
    }
}
