//! What a resolution comes to; and `resolve` with a chain: names, addresses, and many of them.

use alloy_primitives::Address;
use futures_util::{StreamExt, stream};
use namesys::ens::Name;
use namesys::ipns::Publisher;
use namesys::net::Guard;
use namesys::record::{CoinType, RecordKey, Value};
use namesys::report::{
    ErrorKind, FoundReport, ManyReport, NameOutcomeReport, ResolveReport, ReverseReport,
};
use namesys::resolve::{
    FetchError, FetchLimits, Gateway, NameResolution, NameResolver, OnchainConfig, OnchainRecord,
    OnchainRecordError, Step, Trace,
};

use super::report::report;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::progress::Unit;
use crate::cli::rpc_args::{RpcArgs, how_to_give};
use crate::cli::session::parse_name;

/// Most bytes of names on stdin.
const MAX_STDIN: u64 = 64 << 20;
/// The name that stands for stdin.
const STDIN: &str = "-";

/// How the chain is asked.
#[derive(Debug, clap::Args)]
pub struct ChainArgs {
    /// Show each step, who said it, and how long it took
    #[arg(long, conflicts_with = "recordhash")]
    trace: bool,
    /// Names resolved at a time, of many
    #[arg(long, value_name = "N", default_value_t = 8,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// What is to be resolved, and how.
pub struct Wanted {
    /// A name, an address, or `-`; or several names.
    pub names: Vec<String>,
    /// The records; all without any.
    pub keys: Vec<RecordKey>,
    /// The chain that is expected.
    pub chain_id: Option<u64>,
    /// Gateways that somebody chose.
    pub gateways: Vec<Gateway>,
    /// Publishers that are asked for IPNS records too.
    pub publishers: Vec<Box<dyn Publisher>>,
    /// Bounds.
    pub limits: FetchLimits,
    /// What is asked of addresses that others chose.
    pub guard: Option<Guard>,
}

/// A name or an address.
enum Subject {
    Name(Name),
    Address(Address),
}

/// What one of them ended with.
struct Ended {
    found: FoundReport,
    error: Option<CliError>,
}

/// Resolves by what the chain says.
pub fn run(wanted: Wanted, args: &ChainArgs, context: &Context) -> Result<Outcome, CliError> {
    let single = match &wanted.names[..] {
        [text] if text != STDIN => Some(subject(context, text)?),
        _ => None,
    };
    let Some(rpc) = args.rpc.open(context, &context.http()?)? else {
        return Err(no_rpc(&wanted.names, context));
    };
    let many = match &wanted.names[..] {
        [_] if single.is_some() => Vec::new(),
        [_] => lines(context)?,
        names => names.to_vec(),
    };
    let http = context.gateway_http(wanted.guard)?;
    let Wanted { keys, gateways, publishers, limits, chain_id, .. } = wanted;
    let (keys, with_trace) = (&keys[..], args.trace);
    context.block_on(async {
        let chain_id = rpc.check_chain_id(chain_id).await?;
        let config = OnchainConfig { chain_id, gateways, limits };
        let resolver = NameResolver::new(rpc, http, config).with_publishers(publishers);
        let ask = |subject| one(&resolver, subject, keys, with_trace);
        match single {
            Some(subject) => Ok(outcome_of_one(ask(subject).await, context)),
            None => {
                let bar = context.output.progress("resolving", Unit::Things("names"));
                bar.at(0, many.len() as u64);
                let asked = stream::iter(many.iter().map(|text| {
                    let (ask, bar) = (&ask, &bar);
                    async move {
                        let ended = match quiet_subject(text) {
                            Ok(subject) => ask(subject).await,
                            Err(error) => Ended::nothing(text, error),
                        };
                        bar.one_more();
                        ended
                    }
                }));
                let ended = asked.buffered(usize::from(args.concurrency)).collect().await;
                bar.finish();
                Ok(outcome_of_many(ended))
            }
        }
    })
}

fn no_rpc(names: &[String], context: &Context) -> CliError {
    let name = match names {
        [name] if name != STDIN && !name.starts_with("0x") => name,
        _ => "NAME",
    };
    CliError::new(
        Exit::Usage,
        ErrorKind::NoRpc,
        "no Ethereum node is given to ask for owner, resolver and recordhash",
    )
    .hint(format!(
        "{}; or say by hand what the chain would: namesys resolve {name} --recordhash ipns://k51… \
         --owner 0x…",
        how_to_give(context)
    ))
}

/// Reads a name, with a note where it is mapped, or an address.
fn subject(context: &Context, text: &str) -> Result<Subject, CliError> {
    match is_address(text) {
        true => quiet_subject(text),
        false => parse_name(context, text).map(Subject::Name),
    }
}

fn quiet_subject(text: &str) -> Result<Subject, CliError> {
    if !is_address(text) {
        return Ok(Subject::Name(Name::parse(text)?));
    }
    let key = RecordKey::Address(CoinType::ETH);
    match Value::parse(&key, text) {
        Ok(Value::Address { bytes, .. }) if bytes.len() == 20 => {
            Ok(Subject::Address(Address::from_slice(&bytes)))
        }
        Ok(_) => Err(CliError::usage(format!("{text:?} is not an address"))),
        Err(error) => Err(CliError::usage(error.to_string())),
    }
}

/// Whether it is a name, neither an address nor many names.
pub fn is_one_name(text: &str) -> bool {
    text != STDIN && !is_address(text)
}

/// Names hold a dot; no top-level domain is an address.
fn is_address(text: &str) -> bool {
    text.len() == 42 && text.starts_with("0x") && !text.contains('.')
}

fn lines(context: &Context) -> Result<Vec<String>, CliError> {
    let bytes = context.stdin.read("NAME", std::path::Path::new(STDIN), MAX_STDIN)?;
    let text = std::str::from_utf8(bytes.expose())
        .map_err(|_| CliError::usage("the names on stdin are not UTF-8"))?;
    let lines = text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

async fn one(
    resolver: &NameResolver,
    subject: Subject,
    keys: &[RecordKey],
    with_trace: bool,
) -> Ended {
    let trace = Trace::default();
    let shown = |trace: &Trace| with_trace.then(|| trace.steps());
    match subject {
        Subject::Name(name) => match resolver.resolve(&name, keys, &trace).await {
            Ok(resolution) => Ended::of(resolution, shown(&trace)),
            Err(error) => Ended::nothing(name.as_str(), error.into()),
        },
        Subject::Address(address) => {
            let (mut found, mut error) = (None, None);
            match resolver.reverse(address, &trace).await {
                Ok(reverse) => {
                    found = Some(report(reverse.forward, shown(&trace)));
                }
                Err(reason) => error = Some(reason.into()),
            }
            let trace = if found.is_none() { shown(&trace) } else { None };
            let report = reverse_report(address, found, trace);
            Ended { found: FoundReport::Address(Box::new(report)), error }
        }
    }
}

fn reverse_report(
    address: Address,
    forward: Option<ResolveReport>,
    trace: Option<Vec<Step>>,
) -> ReverseReport {
    ReverseReport {
        address: address.to_string(),
        name: forward.as_ref().map(|forward| forward.name.clone()),
        verified: forward.is_some(),
        forward,
        trace,
    }
}

impl Ended {
    fn of(resolution: NameResolution, trace: Option<Vec<Step>>) -> Self {
        let error = failure(&resolution);
        Self { found: FoundReport::Name(Box::new(report(resolution, trace))), error }
    }

    fn nothing(name: &str, error: CliError) -> Self {
        Self { found: FoundReport::Nothing { name: name.to_owned() }, error: Some(error) }
    }
}

/// What a resolution by facts that were given by hand comes to.
pub fn outcome_by_hand(resolution: NameResolution, context: &Context) -> Result<Outcome, CliError> {
    if let Some(error) = &resolution.unlisted {
        context.output.note(format_args!(
            "the tree cannot be listed, so the usual records are asked for: {error}"
        ));
    }
    // Nobody answers: said once, not for each record.
    match resolution.unfetched {
        Some(error) => Err(error.into()),
        None => Ok(outcome_of_one(Ended::of(resolution, None), context)),
    }
}

fn outcome_of_one(ended: Ended, context: &Context) -> Outcome {
    match ended.found {
        FoundReport::Name(report) => {
            report.notes.iter().for_each(|note| context.output.note(note));
            let is_unlisted = report.chain.as_ref().is_some_and(|chain| !chain.listed);
            if is_unlisted && report.recordhash.is_some() && report.records.is_empty() {
                context.output.note("the tree cannot be listed; only the usual records were asked");
            }
            Outcome::partial(*report, ended.error)
        }
        FoundReport::Address(report) => Outcome::partial(*report, ended.error),
        FoundReport::Nothing { .. } => {
            Outcome::partial(NameOutcomeReport { found: ended.found, error: None }, ended.error)
        }
    }
}

fn outcome_of_many(ended: Vec<Ended>) -> Outcome {
    let failed = ended.iter().filter(|one| one.error.is_some()).count();
    let exits = ended.iter().filter_map(|one| Some(one.error.as_ref()?.exit));
    // A line that is no name is a failure among many, not a wrong command line.
    let exits = exits.map(|exit| if exit == Exit::Usage { Exit::Failed } else { exit });
    let worst = Exit::worst(exits);
    let total = ended.len();
    let names = ended.into_iter().map(|one| NameOutcomeReport {
        error: one.error.as_ref().map(CliError::report),
        found: one.found,
    });
    let report = ManyReport { ok: total - failed, failed, names: names.collect() };
    let error = worst.map(|exit| {
        let kind = match exit {
            Exit::Unverified => ErrorKind::Unverified,
            Exit::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Failed,
        };
        CliError::new(exit, kind, format!("{failed} of {total} names did not resolve"))
    });
    Outcome::partial(report, error)
}

/// Why one record has no value, as it ends a command.
pub fn record_error(error: &OnchainRecordError) -> CliError {
    use OnchainRecordError as E;
    let of = |exit, kind| CliError::new(exit, kind, error.to_string());
    match error {
        E::NotSet | E::Resolver(_) => of(Exit::NotFound, ErrorKind::NoRecord),
        E::Fetch(FetchError::Refused(refused)) => {
            let CliError { exit, hint, .. } = CliError::from(refused.clone());
            CliError { hint, ..of(exit, ErrorKind::NotFetched) }
        }
        E::Fetch(error) => error.clone().into(),
        E::Chain(error) => error.clone().into(),
        E::Value(_) => of(Exit::Failed, ErrorKind::BadValue),
        E::Malformed(_) => of(Exit::Failed, ErrorKind::Contract),
        E::NoContract(_) => of(Exit::Failed, ErrorKind::NoContract),
        E::Unverified(_) => of(Exit::Unverified, ErrorKind::Unverified)
            .hint("if the name is yours: namesys verify shows what is wrong with the signed tree"),
        E::Differ { contract, .. } if contract.contains("NOT_REGISTERED") => {
            of(Exit::Unverified, ErrorKind::VerdictsDiffer).hint(
                "is the name that it redirects to registered? The resolver on mainnet, by its \
                 published source, finds none registered, so that no client follows a redirect there",
            )
        }
        E::Differ { .. } => of(Exit::Unverified, ErrorKind::VerdictsDiffer)
            .hint("clients show what the contract says; ask another node too: --rpc-quorum 2"),
        E::Stale { .. } => of(Exit::Failed, ErrorKind::Stale)
            .hint("ask a node that is no pool, or several that must agree: --rpc-url URL"),
        E::TooManyRedirects(_) => of(Exit::Unverified, ErrorKind::Redirects),
    }
}

/// What the command fails with: the worst of the records.
fn failure(resolution: &NameResolution) -> Option<CliError> {
    let name = &resolution.name;
    if let Some(error) = &resolution.unfetched {
        return Some(error.clone().into());
    }
    if resolution.records.is_empty() {
        let message = format!("{name} has no records there");
        return Some(CliError::new(Exit::NotFound, ErrorKind::NoRecord, message));
    }
    let errors = || {
        let error = |record: &OnchainRecord| record.value.as_ref().err().map(record_error);
        resolution.records.iter().filter_map(move |record| Some((record, error(record)?)))
    };
    let worst = Exit::worst(errors().map(|(_, error)| error.exit))?;
    let (record, error) = errors().find(|(_, error)| error.exit == worst)?;
    let message = format!("{name}: {}: {}", record.key, error.message);
    Some(CliError { message, ..error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_that_only_the_contract_refuses_is_explained() {
        let differ = |contract: &str| {
            let (local, contract) = ("accepted".to_owned(), contract.to_owned());
            record_error(&OnchainRecordError::Differ { local, contract })
        };
        let error = differ("refused: InvalidRequest(\"NOT_REGISTERED\")");
        assert_eq!(error.exit, Exit::Unverified);
        assert!(error.hint.unwrap().contains("redirects"));
        assert!(differ("refused: InvalidRequest(\"BAD_RESOLVER\")").hint.unwrap().contains("node"));
    }
}
