//! The report of `publish`, `renew` and `rollback`, and its rendering.

use std::io::{self, Write};

use namesys::net::beside;
use namesys::publish::{PublishOutcome, Sight, TargetOutcome};
use namesys::report::{AheadReport, BackendReport, GatewayReport, PublishReport, UploadReport};

use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::words::{Tone, state, when};

/// What is signed to come after a publication, or why nothing is.
pub type Ahead = Result<Vec<AheadReport>, CliError>;

/// What came of a publication, and what is signed to come after it.
pub fn published(outcome: PublishOutcome, ahead: Ahead) -> Outcome {
    let (report, error) = with_ahead(outcome, ahead);
    Outcome::partial(report, error)
}

/// The report of a publication with what is to come after it, and what is missing.
pub fn with_ahead(outcome: PublishOutcome, ahead: Ahead) -> (PublishReport, Option<CliError>) {
    let (ahead, error) = match ahead {
        Ok(ahead) => (ahead, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let report = PublishReport { ahead, ..report(&outcome, Vec::new()) };
    (report, outcome.shortfall.map(CliError::from).or(error))
}

/// The report of a publication.
pub fn report(outcome: &PublishOutcome, written: Vec<String>) -> PublishReport {
    let fields = outcome.record.fields();
    let uploads = outcome.uploads.iter().map(|target| {
        let TargetOutcome { to, ok, sent, error, .. } = target.clone();
        UploadReport { to, ok, sent, error }
    });
    let gateways = outcome.seen.gateways.iter().map(|sight| {
        let Sight { from, ok, sequence, error, .. } = sight.clone();
        GatewayReport { from, ok, sequence, error }
    });
    PublishReport {
        root: fields.value.strip_prefix("/ipfs/").unwrap_or(&fields.value).to_owned(),
        ipns_name: outcome.record.name().to_string(),
        sequence: fields.sequence,
        validity: fields.until(),
        new_record: outcome.new_record,
        base: outcome.base.map(|root| root.to_string()),
        lost: outcome.lost.clone(),
        removed: outcome.removed.clone(),
        uploads: uploads.collect(),
        publications: outcome.publications.clone(),
        backends: Vec::new(),
        gateways: gateways.collect(),
        ahead: Vec::new(),
        written,
    }
}

impl Human for PublishReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "root       {}", self.root)?;
        writeln!(out, "IPNS name  {}", self.ipns_name)?;
        // With `written` it is in files, for now.
        let left = self.publications.is_empty() && self.written.is_empty();
        let new = match (self.new_record, left) {
            (_, true) => " (not published)",
            (true, false) => "",
            (false, false) => " (unchanged)",
        };
        writeln!(out, "sequence   {}{new}, valid until {}", self.sequence, when(&self.validity))?;
        for loss in &self.lost {
            writeln!(out, "lost       {}", shown(&loss.to_string()))?;
        }
        for path in &self.removed {
            writeln!(out, "removed    {}", shown(path))?;
        }
        for UploadReport { to, ok, sent, error } in &self.uploads {
            line(out, "upload", to, good(*ok, *sent), error.as_deref())?;
        }
        for TargetOutcome { to, ok, sent, read_back, error } in &self.publications {
            line(out, "publish", to, good(*ok && *read_back, *sent), error.as_deref())?;
        }
        for BackendReport { to, ok, posted, replaced, remaining, error, .. } in &self.backends {
            let to = format!("{to} (experimental)");
            line(out, "backend", &to, good(*ok, *posted > 0), error.as_deref())?;
            for value in replaced {
                writeln!(out, "replaced   {} at {}", shown(value), shown(&to))?;
            }
            for record in remaining {
                writeln!(out, "remains    {} at {}", shown(record), shown(&to))?;
            }
        }
        // Those that have it, as they should, are in the JSON alone.
        for GatewayReport { from, ok, error, .. } in &self.gateways {
            let word = match ok {
                Some(true) => continue,
                Some(false) => "behind",
                None => "?     ",
            };
            let reason = error.as_deref().unwrap_or_default();
            let word = state(Tone::Open, word);
            writeln!(out, "gateway    {word}  {}: {}", shown(from), shown(beside(from, reason)))?;
        }
        for AheadReport { at, root, sequence, .. } in &self.ahead {
            writeln!(out, "ahead      sequence {sequence}, from {at}: {root}")?;
        }
        self.written.iter().try_for_each(|file| writeln!(out, "wrote      {file}"))
    }
}

/// In a word, when it is good.
fn good(ok: bool, sent: bool) -> Option<&'static str> {
    ok.then_some(if sent { "ok" } else { "has it" })
}

fn line(
    out: &mut dyn Write,
    what: &str,
    to: &str,
    good: Option<&str>,
    error: Option<&str>,
) -> io::Result<()> {
    match (good, error) {
        (Some(good), _) => {
            let good = state(Tone::Good, &format!("{good:6}"));
            writeln!(out, "{what:9}  {good}  {}", shown(to))
        }
        (None, Some(error)) => {
            let failed = state(Tone::Bad, "FAILED");
            writeln!(out, "{what:9}  {failed}  {}: {}", shown(to), shown(beside(to, error)))
        }
        (None, None) => writeln!(out, "{what:9}  {}  {}", state(Tone::Bad, "FAILED"), shown(to)),
    }
}
