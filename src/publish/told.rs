//! What the log tells of a publication: who said what, what stands and what is known of it, which
//! record is sent and why, and what came of it at each target, with durations.

use std::time::Instant;

use crate::ipns::VerifiedRecord;
use crate::net::beside;
use crate::published::{Answer, Judged, Known, Roots, Standing, Stands};

/// Who knows a record that nobody else has.
pub(super) const THIS_WORKSPACE: &str = "this workspace";

/// What is known here before anybody is asked.
pub(super) fn known(known: &Known) {
    match &known.base {
        Some(base) => tracing::info!("the base is sequence {} of {}", base.sequence(), base.root()),
        None => tracing::info!("there is no base: nothing was seen published from here"),
    }
    for signed in &known.signed {
        let ahead = if signed.is_ahead { ", to be sent later" } else { "" };
        tracing::info!(
            "signed here and not seen published: sequence {} of {}{ahead}",
            signed.tree.sequence(),
            signed.tree.root()
        );
    }
    known.doubt.iter().for_each(|doubt| tracing::info!("not counted: {doubt}"));
}

/// What each said.
pub(super) fn answers(all: &[Answer<'_>], since: Instant) {
    for Answer { from, said } in all {
        match said {
            Ok(Some(record)) => tracing::info!("{from} has {}", of(record)),
            Ok(None) => tracing::info!("{from} has no record"),
            Err(error) => {
                tracing::info!("{from} is passed over: {}", beside(from, &error.to_string()));
            }
        }
    }
    tracing::info!("asked {} servers for the record in {} ms", all.len(), ms(since));
}

/// What stands of it.
pub(super) fn standing(standing: &Standing) {
    match &standing.newest[..] {
        [] => tracing::info!("nothing is known to be published"),
        newest => newest.iter().for_each(|stands| tracing::info!("what stands: {}", said(stands))),
    }
}

/// The record that all should have.
pub(super) fn record(record: &VerifiedRecord, is_new: bool, why: &str) {
    match is_new {
        true => tracing::info!("a new record, {}: {why}", of(record)),
        false => tracing::info!("no new record, {}: {why}", of(record)),
    }
}

/// How the tree that stands differs from what would be published.
pub(super) fn compared(roots: &Roots, judged: &Result<Judged, String>, since: Instant) {
    let Roots { base, there, here } = roots;
    let base = base.map_or_else(|| "none".to_owned(), |base| base.to_string());
    let came = match judged {
        Ok(judged) => format!("{} lost, {} removed", judged.lost, judged.removed.len()),
        Err(reason) => reason.clone(),
    };
    let ms = ms(since);
    tracing::info!("compared {there}, which stands, with {here}, base {base}: {came}, in {ms} ms");
}

/// What came of one target.
pub(super) fn target(what: &str, to: &str, sent: bool, error: Option<&str>, since: Instant) {
    let came = match (sent, error) {
        (_, Some(error)) => beside(to, error).to_owned(),
        (false, None) => format!("has the {what}, which is not sent again"),
        _ => format!("took the {what}"),
    };
    tracing::info!("{to}: {came}, in {} ms", ms(since));
}

/// What one serves of the record once it is out.
pub(super) fn sight(from: &str, ok: Option<bool>, error: Option<&str>) {
    match ok {
        Some(true) => tracing::info!("{from} serves the record"),
        _ => {
            let error = error.unwrap_or_default();
            tracing::info!("{from} does not show it: {}", beside(from, error));
        }
    }
}

/// A record that stands, in words.
pub(super) fn said(stands: &Stands) -> String {
    let fields = stands.record.fields();
    let from = stands.from.as_deref().unwrap_or(THIS_WORKSPACE);
    format!("sequence {} of {} ({from})", fields.sequence, fields.value)
}

fn of(record: &VerifiedRecord) -> String {
    let fields = record.fields();
    format!("sequence {} of {}, valid until {}", fields.sequence, fields.value, fields.validity)
}

fn ms(since: Instant) -> u128 {
    since.elapsed().as_millis()
}

/// That what is published is fetched for the next comparison.
pub(super) fn not_kept(error: &std::io::Error) {
    tracing::info!("the published tree is not kept: {error}");
}

/// That a service gets the whole tree.
pub(super) fn part_not_taken(to: &str, error: &str) {
    tracing::info!("{to} gets the whole tree, for with what is new alone it says: {error}");
}
