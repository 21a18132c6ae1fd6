//! `get [TYPE KEY]`: a record as it is wanted, signed and live.

use std::collections::BTreeMap;
use std::io::{self, Write};

use namesys::ens::Name;
use namesys::net::Guard;
use namesys::record::RecordKey;
use namesys::recordhash::Recordhash;
use namesys::report::{ErrorKind, GetRecordReport, GetReport, PhaseReport};
use namesys::resolve::{
    FetchLimits, Gateway, GivenFacts, NameResolution, NameResolver, OnchainConfig, Sources, Trace,
    resolve_given,
};
use namesys::workspace::{Facts, Phases, RecordState, Records, Verdict, check_record, plan};

use super::list::{expected, holds_word, labelled};
use super::resolve::record_error;
use super::set::{shown_value, time_of};
use crate::cli::context::Context;
use crate::cli::endpoints::GatewayArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::rpc_args::{RpcArgs, how_to_give};
use crate::cli::session::Session;
use crate::cli::suggest;

/// Names that are resolved at most, without one being named.
const MAX_LIVE: usize = 20;

/// `get …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// text, address, contenthash, … or the whole record type, as text/avatar; default: every record
    #[arg(value_name = "TYPE", value_parser = suggest::record_types(), hide_possible_values = true)]
    kind: Option<String>,
    /// The key, where the type has one
    #[arg(value_parser = suggest::record_keys(), hide_possible_values = true)]
    key: Option<String>,
    /// One of the workspace's names, or one under it [default: the workspace's names with TYPE, every
    /// record without]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print the wanted value alone, and ask nobody
    #[arg(long, requires = "kind")]
    value: bool,
    /// Do not ask what is live
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    gateways: GatewayArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// The records that are asked for, and how what is wanted stands to what is signed; none where
/// neither is there.
type Asked = BTreeMap<(Name, RecordKey), Option<RecordState>>;
/// What is live: of each record, or why not.
type Live = BTreeMap<(Name, RecordKey), Result<String, CliError>>;

/// Shows the three side by side.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let key = match (&args.kind, &args.key) {
        (None, _) => None,
        (Some(kind), None) if kind.contains('/') => Some(RecordKey::parse(kind)?),
        (Some(kind), key) => Some(RecordKey::from_parts(kind, key.as_deref())?),
    };
    let records = session.workspace.records(&session.config)?;
    if let (true, Some(key), false) = (args.value, &key, context.output.is_json()) {
        return value(&args, &session, &records, key, context);
    }
    let only = args.name.as_deref().map(|name| session.name_given(context, name)).transpose()?;
    let asked = asked(&session, &records, only.as_ref(), key.as_ref())?;
    let (live, not_asked) = match (args.offline, args.value) {
        (true, _) => (Live::new(), Some("--offline".to_owned())),
        (_, true) => (Live::new(), Some("--value".to_owned())),
        _ => live(&args, &session, &asked, context)?,
    };
    if let Some(reason) = &not_asked {
        context.output.note(format_args!("what is live is not asked: {reason}"));
    }
    let facts = Facts::of(&session.config);
    let (mut reports, mut unverified, mut unasked) = (Vec::new(), None, None);
    for ((name, key), state) in asked {
        let (signed, signed_error) = signed(&session, &facts, &name, &key)?;
        if let (Some(reason), true) = (&signed_error, facts.have_owner()) {
            unverified.get_or_insert_with(|| format!("{name} {key}: its file: {reason}"));
        }
        let wanted = records.get(&name, &key).map(ToString::to_string);
        let phases = phases(&records, &name, &key);
        let found = live.get(&(name.clone(), key.clone())).cloned();
        let (live, live_error) = match found {
            None => (None, None),
            Some(Ok(value)) => (Some(value), None),
            Some(Err(error)) => {
                if error.exit == Exit::Unverified {
                    unverified.get_or_insert_with(|| format!("{name} {key}: {}", error.message));
                } else if error.exit == Exit::Failed {
                    unasked.get_or_insert_with(|| error.clone());
                }
                (None, Some(error.message))
            }
        };
        let (name, record, value) = (name.to_string(), key.to_string(), wanted.clone());
        reports.push(GetRecordReport {
            name,
            record,
            value,
            state,
            wanted,
            phases,
            signed,
            signed_error,
            live,
            live_error,
        });
    }
    let report = GetReport { records: reports, not_asked };
    let is_nothing = |one: &GetRecordReport| {
        let errors = [&one.signed_error, &one.live_error];
        let found = [&one.wanted, &one.signed, &one.live];
        one.phases.is_empty() && found.iter().chain(&errors).all(|found| found.is_none())
    };
    let error = report.records.iter().all(is_nothing).then(|| {
        CliError::new(
            Exit::NotFound,
            ErrorKind::NoRecord,
            "no such record is wanted, signed or live",
        )
        .hint("namesys list shows what is wanted")
    });
    let unverified = unverified.map(|reason| {
        CliError::new(Exit::Unverified, ErrorKind::Unverified, reason)
            .hint("namesys verify shows what is wrong with the signed tree")
    });
    // Mixed outcomes: what is refuted, what could not be asked, what is not there.
    let unasked = unasked.map(|error| {
        let message = format!("what is live could not be asked: {}", error.message);
        CliError { message, ..error }
    });
    Ok(Outcome::partial(report, unverified.or(unasked).or(error)))
}

/// What the file says, or why it does not count.
fn signed(
    session: &Session,
    facts: &Facts,
    name: &Name,
    key: &RecordKey,
) -> Result<(Option<String>, Option<String>), CliError> {
    let checked = check_record(&session.workspace, facts, name, key)?;
    let Some(verdict) = checked.map(|checked| checked.verdict) else { return Ok((None, None)) };
    if !facts.have_owner() {
        return Ok((None, Some("it is not known who owns the name".to_owned())));
    }
    Ok(match (verdict.record(), &verdict) {
        (Some((value, ..)), _) => (Some(value.to_string()), None),
        (None, Verdict::Invalid(reason)) => (None, Some(reason.clone())),
        (None, _) => (None, Some("it is no record file".to_owned())),
    })
}

/// For scripts: the wanted value and a line's end.
fn value(
    args: &Args,
    session: &Session,
    records: &Records,
    key: &RecordKey,
    context: &Context,
) -> Result<Outcome, CliError> {
    let name = session.name(context, args.name.as_deref())?;
    let Some(value) = records.get(&name, key) else {
        let message = match records.phases(&name, key) {
            None => format!("{name} has no {key} in records.toml"),
            Some(phases) => format!("no phase of {name}'s {key} holds now: {phases}"),
        };
        return Err(CliError::new(Exit::NotFound, ErrorKind::NoRecord, message)
            .hint("namesys list shows what is there"));
    };
    context.output.raw(format!("{value}\n").as_bytes())
}

/// The phases of a record, where it has some.
fn phases(records: &Records, name: &Name, key: &RecordKey) -> Vec<PhaseReport> {
    let phases = records.phases(name, key).map(Phases::timed).unwrap_or_default();
    phases.iter().map(|phase| PhaseReport::of(phase, records.now())).collect()
}

/// The records that are asked for: those wanted, and those signed and wanted no more; one that is
/// named in any case.
fn asked(
    session: &Session,
    records: &Records,
    only: Option<&Name>,
    key: Option<&RecordKey>,
) -> Result<Asked, CliError> {
    let changes = plan(&session.workspace, &session.config, records, &expected(&session.config))?;
    let states = changes.into_iter().map(|change| ((change.name, change.key), change.state));
    let mut states: BTreeMap<_, _> = states.collect();
    if let Some(key) = key {
        let names = only.map_or_else(|| session.config.names().to_vec(), |only| vec![only.clone()]);
        let of_name = |name| {
            let record = (name, key.clone());
            let state = states.remove(&record);
            (record, state)
        };
        return Ok(names.into_iter().map(of_name).collect());
    }
    let states = states.into_iter().map(|(record, state)| (record, Some(state)));
    // Of those without a value now nothing need be signed.
    let resting = records.all().filter(|(name, key, _)| records.get(name, key).is_none());
    let resting = resting.map(|(name, key, _)| ((name.clone(), key.clone()), None));
    let mut asked: Asked = resting.chain(states).collect();
    asked.retain(|(name, _), _| only.is_none_or(|only| name == only));
    Ok(asked)
}

/// What clients find: by the chain where a node is given, by gateways where some are chosen.
fn live(
    args: &Args,
    session: &Session,
    asked: &Asked,
    context: &Context,
) -> Result<(Live, Option<String>), CliError> {
    let mut of_names: BTreeMap<&Name, Vec<RecordKey>> = BTreeMap::new();
    for (name, key) in asked.keys() {
        of_names.entry(name).or_default().push(key.clone());
    }
    if of_names.is_empty() || of_names.len() > MAX_LIVE {
        let many =
            (of_names.len() > MAX_LIVE).then(|| format!("more than {MAX_LIVE} names; give --name"));
        return Ok((Live::new(), many));
    }
    let config = &session.config;
    let gateways = args.gateways.chosen(context, Some(config))?;
    let guard = Guard::trusting(gateways.iter().filter_map(Gateway::trusted_url));
    let http = context.gateway_http(Some(guard))?;
    let rpc = args.rpc.open(context, &context.http()?)?;
    let (facts, limits) = (Facts::of(config), FetchLimits::default());
    let mut live = Live::new();
    if let Some(rpc) = rpc {
        context.block_on(async {
            let chain_id = match rpc.check_chain_id(Some(config.chain_id)).await {
                Ok(chain_id) => chain_id,
                // What is here is shown all the same.
                Err(error) => {
                    let error = CliError::from(error);
                    of_names.iter().for_each(|(name, keys)| fail(&mut live, name, keys, &error));
                    return Ok(());
                }
            };
            let config = OnchainConfig { chain_id, gateways, limits };
            let resolver = NameResolver::new(rpc, http, config);
            for (name, keys) in of_names {
                match resolver.resolve(name, &keys, &Trace::default()).await {
                    Ok(resolution) => add(&mut live, resolution, &keys),
                    Err(error) => fail(&mut live, name, &keys, &CliError::from(error)),
                }
            }
            Ok(())
        })?;
        return Ok((live, None));
    }
    let (Some(ipns), Some(owner), false) =
        (config.keys().ipns_name, facts.owner, gateways.is_empty())
    else {
        return Ok((live, Some(format!("{}, or gateways", how_to_give(context)))));
    };
    context.block_on(async {
        for (name, keys) in of_names {
            let given = GivenFacts {
                name: name.clone(),
                owner,
                recordhash: Recordhash::from(ipns),
                chain_id: config.chain_id,
                approved_signers: facts.approved.clone(),
            };
            let sources = Sources { gateways: gateways.clone(), publishers: &[] };
            match resolve_given(http.clone(), sources, limits, given, &keys).await {
                Ok(resolution) => add(&mut live, resolution, &keys),
                Err(error) => fail(&mut live, name, &keys, &CliError::from(error)),
            }
        }
        Ok(())
    })?;
    Ok((live, None))
}

/// What was found; what is verified not to be there is nothing.
fn add(live: &mut Live, resolution: NameResolution, keys: &[RecordKey]) {
    let name = resolution.name;
    if let Some(error) = resolution.unfetched {
        return fail(live, &name, keys, &error.into());
    }
    for record in resolution.records {
        let found = match record.value {
            Ok(value) => Ok(value.to_string()),
            Err(error) => match record_error(&error) {
                error if error.exit == Exit::NotFound => continue,
                error => Err(error),
            },
        };
        live.insert((name.clone(), record.key), found);
    }
}

/// None of them is known.
fn fail(live: &mut Live, name: &Name, keys: &[RecordKey], error: &CliError) {
    for key in keys {
        live.insert((name.clone(), key.clone()), Err(error.clone()));
    }
}

impl Human for GetReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for record in &self.records {
            writeln!(out, "{} {}", record.name, labelled(&record.record))?;
            let text = |value: &Option<String>, error: &Option<String>| match (value, error) {
                (Some(value), _) => shown_value(value),
                (None, Some(error)) => format!("? {}", shown(error)),
                (None, None) => "-".to_owned(),
            };
            writeln!(out, "  wanted  {}", text(&record.wanted, &None))?;
            for PhaseReport { value, starts, ends, holds } in &record.phases {
                let (time, word) =
                    (time_of(starts.as_deref(), ends.as_deref()), holds_word(*holds));
                writeln!(out, "    {word}  {}{time}", shown_value(value))?;
            }
            writeln!(out, "  signed  {}", text(&record.signed, &record.signed_error))?;
            if self.not_asked.is_none() {
                writeln!(out, "  live    {}", text(&record.live, &record.live_error))?;
            }
        }
        Ok(())
    }
}
