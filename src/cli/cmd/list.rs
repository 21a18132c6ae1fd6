//! `list`, `diff`

use std::io::{self, Write};

use namesys::record::CoinType;
use namesys::report::{RecordStateReport, RecordsReport};
use namesys::workspace::{ApprovalMode, Change, Config, Expected, RecordState, plan};

use crate::cli::cmd::set::shown_value;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::Session;
use crate::cli::words::{Tone, pad, state, width};

/// `list`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Every wanted record and its state.
pub fn run(_args: Args, context: &Context) -> Result<Outcome, CliError> {
    let changes = changes(context)?;
    if changes.is_empty() {
        context.output.note("there are no records yet; set one: namesys set text avatar URL");
    }
    let wanted = changes.into_iter().filter(|change| change.state != RecordState::Removed);
    Ok(Outcome::done(report(wanted)))
}

/// What `sign` would change.
pub fn run_diff(_args: Args, context: &Context) -> Result<Outcome, CliError> {
    let changes = changes(context)?.into_iter();
    let changed: Vec<_> = changes.filter(|change| change.state != RecordState::Signed).collect();
    if changed.is_empty() {
        context.output.note("nothing to sign: .well-known is as records.toml says");
    }
    Ok(Outcome::done(report(changed.into_iter())))
}

fn changes(context: &Context) -> Result<Vec<Change>, CliError> {
    let session = Session::open(context)?;
    let records = session.workspace.records(&session.config)?;
    let expected = expected(&session.config);
    Ok(plan(&session.workspace, &session.config, &records, &expected)?)
}

/// What `namesys.toml` says of the workspace's record files.
pub fn expected(config: &Config) -> Expected {
    let keys = config.keys();
    let mode = config.approval_mode().unwrap_or_default();
    let signer = if mode == ApprovalMode::Owner { config.owner() } else { keys.signer };
    let owner = config.owner().unwrap_or_default();
    Expected { signer, owner, wallet: keys.wallet, mode, flat: false }
}

fn report(changes: impl Iterator<Item = Change>) -> RecordsReport {
    let records = changes.map(|change| RecordStateReport {
        name: change.name.to_string(),
        record: change.key.to_string(),
        value: change.value.map(|value| value.to_string()),
        state: change.state,
    });
    RecordsReport { records: records.collect() }
}

/// The record type, shown safely, and which coin a number is.
fn labelled(record: &str) -> String {
    let coin = record.strip_prefix("address/").and_then(|coin| coin.parse::<CoinType>().ok());
    match coin.and_then(CoinType::name) {
        Some(name) => format!("{record} ({name})"),
        None => shown(record),
    }
}

impl Human for RecordsReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = |of: fn(&RecordStateReport) -> usize| self.records.iter().map(of).max();
        let names = columns(|record| width(&record.name)).unwrap_or(0);
        let keys = columns(|record| width(&labelled(&record.record))).unwrap_or(0);
        for record in &self.records {
            let (tone, word) = match record.state {
                RecordState::Unsigned => (Tone::Open, "unsigned"),
                RecordState::Signed => (Tone::Good, "signed  "),
                RecordState::Stale => (Tone::Open, "stale   "),
                RecordState::Removed => (Tone::Bad, "removed "),
            };
            let value = record.value.as_deref().map(shown_value).unwrap_or_default();
            let (name, key) = (pad(&record.name, names), pad(&labelled(&record.record), keys));
            let line = format!("{}  {name}  {key}  {value}", state(tone, word));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
