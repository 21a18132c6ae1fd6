//! `list`, `diff`

use std::collections::HashMap;
use std::io::{self, Write};

use namesys::ens::Name;
use namesys::record::{CoinType, KINDS, RecordKey, record_path};
use namesys::report::{PhaseReport, RecordStateReport, RecordsReport};
use namesys::workspace::{
    ApprovalMode, Change, Config, Expected, Holds, Phases, RecordState, Records, phase_path, plan,
    plan_ahead, settled_root, turn_of,
};

use crate::cli::cmd::set::{shown_value, time_of};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::Session;
use crate::cli::words::{Tone, pad, state, width};

/// What is shown, and how.
#[derive(Debug, clap::Args)]
pub struct FilterArgs {
    /// Only this name, and those under it
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Only this record type (text/avatar), or kind (text)
    #[arg(value_name = "RECORD", value_parser = crate::cli::suggest::record_types(),
          hide_possible_values = true)]
    record: Option<String>,
    /// Write one JSON object a line
    #[arg(long)]
    jsonl: bool,
}

/// `list`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    filter: FilterArgs,
}

/// `diff`
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Exit with 10 where something differs
    #[arg(long)]
    exit_code: bool,
}

/// Every wanted record and its state.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let (all, mut shown) = changes(&args.filter, context)?;
    shown.retain(|record| record.state != RecordState::Removed);
    match (all, shown.is_empty()) {
        (0, _) => {
            context.output.note("there are no records yet; set one: namesys set text avatar URL");
        }
        (_, true) => context.output.note("no record is asked for that is wanted"),
        _ => {}
    }
    shown.iter_mut().for_each(|record| record.old = None);
    outcome(&args.filter, RecordsReport { records: shown }, context)
}

/// What `sign` would change.
pub fn run_diff(args: DiffArgs, context: &Context) -> Result<Outcome, CliError> {
    let mut shown = match is_settled(&args.filter, context)? {
        true => Vec::new(),
        false => changes(&args.filter, context)?.1,
    };
    shown.retain(|record| !matches!(record.state, RecordState::Signed | RecordState::Ended));
    let differs = !shown.is_empty();
    if !differs {
        context.output.note(match args.filter.is_given() {
            false => "nothing to sign: .well-known is as records.toml says",
            true => "nothing to sign of what is asked for",
        });
    }
    let outcome = outcome(&args.filter, RecordsReport { records: shown }, context)?;
    Ok(outcome.differing(differs && args.exit_code))
}

fn outcome(
    filter: &FilterArgs,
    report: RecordsReport,
    context: &Context,
) -> Result<Outcome, CliError> {
    if !filter.jsonl || context.output.is_json() {
        return Ok(Outcome::done(report));
    }
    let line = |record: &RecordStateReport| serde_json::to_string(record).map(|line| line + "\n");
    let lines: Result<String, _> = report.records.iter().map(line).collect();
    let lines = lines.map_err(|error| CliError::usage(error.to_string()))?;
    context.output.raw(lines.as_bytes())
}

/// How many there are in all, and those that are asked for: each name before those under it, each
/// phase of a record in its time.
fn changes(
    filter: &FilterArgs,
    context: &Context,
) -> Result<(usize, Vec<RecordStateReport>), CliError> {
    let session = Session::open(context)?;
    let (name, kind) = filter.parse(&session, context)?;
    let records = session.workspace.wanted(&session.config)?;
    let expected = expected(&session.config);
    let mut changes = plan(&session.workspace, &session.config, &records, &expected)?;
    changes.extend(resting(&records, &changes));
    let ahead = plan_ahead(&session.workspace, &session.config, &records, &expected)?;
    let coming = ahead.coming.into_iter().map(|one| (one.change.path, one.change.state));
    let coming: HashMap<String, RecordState> = coming.collect();
    let all = changes.len();
    changes.retain(|change| {
        name.as_ref().is_none_or(|name| change.name.is_or_is_under(name))
            && kind.as_ref().is_none_or(|kind| kind.has(&change.key))
    });
    let names = session.config.names();
    let place = |name: &Name| names.iter().position(|root| name.is_or_is_under(root));
    changes.sort_by(|a, b| {
        let labels = || a.name.as_str().rsplit('.').cmp(b.name.as_str().rsplit('.'));
        place(&a.name).cmp(&place(&b.name)).then_with(labels).then_with(|| a.key.cmp(&b.key))
    });
    let gone = ahead.gone.into_iter().filter(|change| {
        name.as_ref().is_none_or(|name| change.name.is_or_is_under(name))
            && kind.as_ref().is_none_or(|kind| kind.has(&change.key))
    });
    let gone: Vec<RecordStateReport> = gone.map(phase_that_goes).collect();
    let rows = changes.into_iter().flat_map(|change| rows(change, &records, &coming));
    Ok((all, rows.chain(gone).collect()))
}

/// The records without a value now, of which no file is there.
fn resting(records: &Records, changes: &[Change]) -> Vec<Change> {
    let at = |name: &Name, key: &RecordKey| {
        changes.binary_search_by(|change| (&change.name, &change.key).cmp(&(name, key)))
    };
    let resting = records
        .all()
        .filter(|(name, key, phases)| phases.at(records.now()).is_none() && at(name, key).is_err());
    let resting = resting.map(|(name, key, _)| Change {
        name: name.clone(),
        key: key.clone(),
        value: None,
        path: record_path(name, key),
        flat: None,
        state: RecordState::Ended,
        signed: None,
    });
    resting.collect()
}

/// A phase that was signed in advance and is no longer wanted.
fn phase_that_goes(change: Change) -> RecordStateReport {
    RecordStateReport {
        name: change.name.to_string(),
        record: change.key.to_string(),
        value: None,
        old: change.signed.as_ref().map(ToString::to_string),
        state: change.state,
        starts: turn_of(&change.path).map(|starts| starts.to_string()),
        ends: None,
        holds: None,
    }
}

/// A line for each phase of a record, or one for the record.
fn rows(
    change: Change,
    records: &Records,
    coming: &HashMap<String, RecordState>,
) -> Vec<RecordStateReport> {
    let phases = records.phases(&change.name, &change.key).map(Phases::timed).unwrap_or_default();
    let mut rows = Vec::new();
    let of_now = RecordStateReport {
        name: change.name.to_string(),
        record: change.key.to_string(),
        value: change.value.as_ref().map(ToString::to_string),
        old: change.signed.as_ref().map(ToString::to_string),
        state: change.state,
        starts: None,
        ends: None,
        holds: None,
    };
    // Also the file of a phase that has ended.
    if phases.is_empty() || change.state == RecordState::Removed {
        rows.push(of_now.clone());
    }
    for phase in phases {
        let PhaseReport { value, starts, ends, holds } = PhaseReport::of(phase, records.now());
        let (state, old) = match holds {
            Holds::Now => (of_now.state, of_now.old.clone()),
            Holds::Ended => (RecordState::Ended, None),
            Holds::Coming => {
                let path = record_path(&change.name, &change.key);
                let path = phase.starts.map(|starts| phase_path(starts, &path));
                let state = path.and_then(|path| coming.get(&path).copied());
                (state.unwrap_or(RecordState::Unsigned), None)
            }
        };
        let (value, holds) = (Some(value), Some(holds));
        rows.push(RecordStateReport { value, old, state, starts, ends, holds, ..of_now.clone() });
    }
    rows
}

/// A record type, or all of one kind.
enum Kind {
    All(&'static str),
    One(RecordKey),
}

impl Kind {
    fn has(&self, key: &RecordKey) -> bool {
        match self {
            Self::One(one) => one == key,
            Self::All(kind) => {
                let text = key.to_string();
                text.split_once('/').map_or(text.as_str(), |(kind, _)| kind) == *kind
            }
        }
    }

    fn parse(text: &str) -> Result<Self, CliError> {
        match KINDS.iter().find(|kind| **kind == text) {
            Some(kind) => Ok(Self::All(kind)),
            None => Ok(Self::One(RecordKey::parse(text)?)),
        }
    }
}

impl FilterArgs {
    fn is_given(&self) -> bool {
        self.name.is_some() || self.record.is_some()
    }

    /// One word alone may be a record.
    fn parse(
        &self,
        session: &Session,
        context: &Context,
    ) -> Result<(Option<Name>, Option<Kind>), CliError> {
        let is_record = |word: &str| word.contains('/') || KINDS.contains(&word);
        match (&self.name, &self.record) {
            (Some(word), None) if is_record(word) => Ok((None, Some(Kind::parse(word)?))),
            (name, record) => {
                let name = name.as_deref().map(|name| session.name_given(context, name));
                let record = record.as_deref().map(Kind::parse);
                Ok((name.transpose()?, record.transpose()?))
            }
        }
    }
}

/// Whether it is known that all is signed as it is wanted.
fn is_settled(filter: &FilterArgs, context: &Context) -> Result<bool, CliError> {
    let session = Session::open(context)?;
    filter.parse(&session, context)?;
    let Session { workspace, config } = &session;
    Ok(settled_root(workspace, config, &expected(config))?.is_some())
}

/// What `namesys.toml` says of the workspace's record files.
pub fn expected(config: &Config) -> Expected {
    let keys = config.keys();
    let mode = config.approval_mode().unwrap_or_default();
    let signer = if mode == ApprovalMode::Owner { config.owner() } else { keys.signer };
    let owner = config.owner().unwrap_or_default();
    Expected { signer, owner, wallet: keys.wallet, mode, flat: false }
}

/// Where a phase is in time, in words of one width.
pub fn holds_word(holds: Holds) -> &'static str {
    match holds {
        Holds::Ended => "ended ",
        Holds::Now => "now   ",
        Holds::Coming => "coming",
    }
}

/// The record type, shown safely, and which coin a number is.
pub fn labelled(record: &str) -> String {
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
                RecordState::Ended => (Tone::Open, "ended   "),
            };
            let text = |value: &Option<String>| value.as_deref().map(shown_value);
            let times = time_of(record.starts.as_deref(), record.ends.as_deref());
            let value = match (text(&record.old), text(&record.value)) {
                (Some(old), Some(new)) if old != new => format!("{old} -> {new}"),
                (old, new) => new.or(old).unwrap_or_default(),
            };
            let (name, key) = (pad(&record.name, names), pad(&labelled(&record.record), keys));
            let line = format!("{}  {name}  {key}  {value}{times}", state(tone, word));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
