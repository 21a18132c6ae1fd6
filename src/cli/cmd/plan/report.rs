//! The report of `plan`, and its rendering.

use std::io::{self, Write};

use jiff::{Span, Timestamp};
use namesys::chain::setup::ether;
use namesys::ens::Name;
use namesys::record::{RecordKey, Value};
use namesys::report::{
    FileChangeReport, NotPostedReport, PlanReport, PlannedPublicationReport,
    PlannedTransactionReport, PlannedUploadReport, PublishedReport, RecordChangeReport, TurnReport,
};
use namesys::workspace::{Config, Records, Turn, turns};

use super::database_report;
use super::lines::{has, more, record, word};
use super::survey::Survey;
use crate::cli::cmd::publish::database::not_posted_report;
use crate::cli::output::{Human, shown};
use crate::cli::words::{Tone, state, when};

/// Records shown to a person; JSON has them all.
const SHOWN: usize = 40;

/// What there is to do.
pub fn report(survey: &Survey, config: &Config) -> PlanReport {
    let Survey { plan, wanted, on_chain, .. } = survey;
    let on_chain = on_chain.as_ref();
    let foresight = plan.foresight.as_ref();
    let judged = foresight.map(|foresight| &foresight.judged);
    let changes = plan.changes(wanted).into_iter().map(|change| RecordChangeReport {
        name: change.name.to_string(),
        record: change.key.to_string(),
        old: change.old,
        new: change.new,
    });
    let files = plan.files().into_iter();
    let files =
        files.map(|file| FileChangeReport { path: file.path, old: file.old, new: file.new });
    let signs = plan.draft.pending().filter(|step| step.new.is_some()).count();
    let uploads = plan.uploads.iter().map(|target| {
        let sent = plan.draft.sent(target.has_base);
        let sent = sent.filter(|_| target.lacks && target.takes_blocks);
        PlannedUploadReport {
            to: target.to.clone(),
            has: !target.lacks,
            blocks: sent.map_or(0, |sent| sent.blocks),
            bytes: sent.map_or(0, |sent| sent.bytes),
        }
    });
    let published = foresight.iter().flat_map(|foresight| &foresight.standing.newest);
    let published = published.map(|stands| {
        let fields = stands.record.fields();
        let (from, value) = (stands.from.clone(), fields.value.clone());
        PublishedReport { from, sequence: fields.sequence, value, validity: fields.until() }
    });
    let publications = foresight.iter().flat_map(|foresight| &foresight.publishers);
    let publications = publications
        .map(|target| PlannedPublicationReport { to: target.to.clone(), has: !target.lacks });
    let stands = foresight.and_then(|foresight| foresight.stands.as_ref());
    let publishes = plan.draft.tree().is_some();
    let validity = stands.map_or_else(|| plan.validity.until(), |record| record.fields().until());
    PlanReport {
        names: config.names().iter().map(ToString::to_string).collect(),
        ipns_name: config.keys().ipns_name.map(|name| name.to_string()),
        changes: changes.collect(),
        files: files.collect(),
        unsigned: signs as u64,
        unwanted: (plan.draft.pending().count() - signs) as u64,
        unapproved: plan.draft.unapproved.iter().map(ToString::to_string).collect(),
        lost: judged.map(|judged| judged.losses.clone()).unwrap_or_default(),
        removed: judged.map(|judged| judged.removed.clone()).unwrap_or_default(),
        root: plan.draft.root().map(|root| root.to_string()),
        published: published.collect(),
        sequence: foresight.map(|foresight| foresight.sequence),
        new_record: publishes && stands.is_none(),
        validity: publishes.then_some(validity),
        uploads: uploads.collect(),
        publications: publications.collect(),
        backends: survey.backends.clone(),
        databases: plan.databases.iter().map(database_report::report).collect(),
        left_out: survey.left_out.iter().cloned().map(not_posted_report).collect(),
        transactions: on_chain.map(|found| found.transactions.clone()).unwrap_or_default(),
        max_cost: on_chain.map(|found| found.max_cost.clone()),
        turns: turn_reports(wanted),
        to_do: !plan.draft.is_signed()
            || plan.publishes()
            || plan.posts()
            || on_chain.is_some_and(|found| !found.transactions.is_empty()),
        written: None,
    }
}

/// When what is wanted changes by itself.
fn turn_reports(wanted: &Records) -> Vec<TurnReport> {
    let change = |at: Timestamp, name: &Name, key: &RecordKey, new: Option<Value>| {
        let before = at.checked_sub(Span::new().seconds(1)).unwrap_or(at);
        let old = wanted.phases(name, key).and_then(|phases| phases.at(before));
        RecordChangeReport {
            name: name.to_string(),
            record: key.to_string(),
            old: old.map(ToString::to_string),
            new: new.map(|value| value.to_string()),
        }
    };
    let report = |turn: Turn| {
        let changes = turn.changes.into_iter();
        let changes = changes.map(|(name, key, new)| change(turn.at, &name, &key, new));
        TurnReport { at: turn.at.to_string(), changes: changes.collect() }
    };
    turns(wanted).into_iter().map(report).collect()
}

impl Human for PlanReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        show(self, out, SHOWN)
    }
}

/// The plan with all that goes, which is agreed to.
///
/// # Errors
/// Those of `out`.
pub fn show_all_that_goes(plan: &PlanReport, out: &mut dyn Write) -> io::Result<()> {
    show(plan, out, usize::MAX)
}

/// The plan with what is first, and what goes up to so many.
fn show(plan: &PlanReport, out: &mut dyn Write, going: usize) -> io::Result<()> {
    let is_shown = |number: usize, goes: bool| number < SHOWN || goes && number < going;
    let mut left = 0;
    for (number, change) in plan.changes.iter().enumerate() {
        match is_shown(number, change.new.is_none()) {
            true => record(out, change)?,
            false => left += 1,
        }
    }
    more(out, left)?;
    left = 0;
    for (number, FileChangeReport { path, old, new }) in plan.files.iter().enumerate() {
        let (word, tone) = word(old.as_ref(), new.as_ref());
        match is_shown(number, new.is_none()) {
            true => writeln!(out, "{}  {}", state(tone, word), shown(path))?,
            false => left += 1,
        }
    }
    more(out, left)?;
    for loss in plan.lost.iter().take(going) {
        writeln!(out, "{}  {}", state(Tone::Bad, "lost    "), shown(&loss.to_string()))?;
    }
    more(out, plan.lost.len().saturating_sub(going))?;
    steps(plan, out)?;
    for target in &plan.publications {
        has(out, "publish", &target.to, target.has, "the record")?;
    }
    for backend in &plan.backends {
        writeln!(out, "backend   {} (experimental): told once the record is out", shown(backend))?;
    }
    let left_out = &plan.left_out;
    for NotPostedReport { path, reason } in left_out.iter().take(SHOWN) {
        writeln!(out, "left out  {}: {}", shown(path), shown(reason))?;
    }
    more(out, left_out.len().saturating_sub(SHOWN))?;
    database_report::human(&plan.databases, out, (SHOWN, going))?;
    chain(plan, out)?;
    for TurnReport { at, changes } in plan.turns.iter().take(SHOWN) {
        writeln!(out, "later     from {}", when(at))?;
        changes.iter().take(SHOWN).try_for_each(|change| record(out, change))?;
        more(out, changes.len().saturating_sub(SHOWN))?;
    }
    let is_known = plan.databases.iter().all(|database| database.error.is_none());
    if !plan.to_do && is_known {
        writeln!(out, "nothing to do")?;
    }
    plan.written.iter().try_for_each(|file| writeln!(out, "wrote     {}", shown(file)))
}

/// What is signed, published and uploaded.
fn steps(plan: &PlanReport, out: &mut dyn Write) -> io::Result<()> {
    if plan.unsigned + plan.unwanted > 0 {
        let names = match &plan.unapproved[..] {
            [] => String::new(),
            [name] => format!("; to approve the signer for: {name}"),
            [name, ..] => {
                format!(
                    "; to approve the signer for: {} names, {name} first",
                    plan.unapproved.len()
                )
            }
        };
        let goes = match plan.unwanted {
            0 => String::new(),
            gone => format!("; {} removed", records(gone)),
        };
        writeln!(out, "sign      {}{goes}{names}", records(plan.unsigned))?;
    }
    for PublishedReport { sequence, value, validity, .. } in &plan.published {
        let value = shown(value.strip_prefix("/ipfs/").unwrap_or(value));
        writeln!(out, "published sequence {sequence} of {value}, valid until {}", when(validity))?;
    }
    if let Some(validity) = &plan.validity {
        let root = plan.root.as_deref().unwrap_or("known once all is signed");
        writeln!(out, "root      {root}")?;
        let sequence = match plan.sequence {
            Some(sequence) => sequence.to_string(),
            None => "not known yet".to_owned(),
        };
        let unchanged = if plan.new_record { "" } else { " (unchanged)" };
        writeln!(out, "sequence  {sequence}{unchanged}, valid until {}", when(validity))?;
    }
    for PlannedUploadReport { to, has: is_there, blocks, bytes } in &plan.uploads {
        has(out, "upload", to, *is_there, &format!("{blocks} blocks, {bytes} bytes"))?;
    }
    Ok(())
}

fn chain(plan: &PlanReport, out: &mut dyn Write) -> io::Result<()> {
    for PlannedTransactionReport { description, .. } in &plan.transactions {
        writeln!(out, "send      {}", shown(description))?;
    }
    let most = plan.max_cost.as_ref().and_then(|wei| wei.parse().ok()).map(ether);
    match most.filter(|_| !plan.transactions.is_empty()) {
        Some(most) => writeln!(out, "          in all at most {most} ether"),
        None => Ok(()),
    }
}

fn records(count: u64) -> String {
    if count == 1 { "1 record".to_owned() } else { format!("{count} records") }
}
