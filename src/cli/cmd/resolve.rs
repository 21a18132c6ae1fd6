//! `resolve NAME [RECORD…]`: fetch, verify, show who signed.

use std::io::{self, Write};

use alloy_primitives::Address;
use jiff::Timestamp;
use namesys::net::Guard;
use namesys::record::RecordKey;
use namesys::recordhash::{Recordhash, Target};
use namesys::report::{ErrorKind, ResolveReport, ResolvedReport};
use namesys::resolve::{
    ChainFacts, FetchError, FetchLimits, Gateway, Proof, RecordError, RecordFiles, ResolvedRecord,
    Sources, profile, resolve_listed, resolve_records,
};
use namesys::workspace::Config;

use super::resolve_chain::{self, ChainArgs, Wanted};
use super::resolve_report::write_ipns;
use super::verify::basis;
use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, WitnessArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::{Session, parse_name};

/// `resolve …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The ENS name; an address (0x…) for its primary name; or -, for many from stdin, one a line
    #[arg(value_name = "NAME|ADDRESS|-")]
    name: String,
    /// Record types, as text/avatar, address/60, address/btc, contenthash; default: every record
    /// that the tree lists, or, where it cannot be listed, the usual ones that are set
    record: Vec<String>,
    /// Where the records are, in place of the chain's word: ipns://k51…, ipfs://bafy…,
    /// https://host, or hex as the contract keeps it
    #[arg(long, value_name = "RECORDHASH", requires = "owner")]
    recordhash: Option<Recordhash>,
    /// Who owns the name, in place of the chain's word
    #[arg(long, value_name = "ADDRESS", requires = "recordhash")]
    owner: Option<Address>,
    /// A signer, or a manager, that the owner approved on chain; may be given more than once
    #[arg(long, value_name = "ADDRESS", requires = "owner",
          value_parser = crate::cli::wallet_args::address)]
    approved_signer: Vec<Address>,
    /// The chain whose id stands in the texts [default: the workspace's, else the node's, else 1]
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    #[command(flatten)]
    gateways: GatewayArgs,
    #[command(flatten)]
    publishers: WitnessArgs,
    /// Go on to the next gateway after a 4xx answer too (EIP-3668 ends there)
    #[arg(long)]
    lenient: bool,
    /// Ask gateways in private networks too, where a contract, a record or a redirect names them
    #[arg(long)]
    allow_private_gateways: bool,
    #[command(flatten)]
    chain: ChainArgs,
}

/// Resolves by what the chain says, or by what a person says in its place.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let mut keys: Vec<RecordKey> = Vec::new();
    for text in &args.record {
        let key = RecordKey::parse(text)?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let session = Session::open_if_any(context)?;
    let config = session.as_ref().map(|session| &session.config);
    let chain_id = args.chain_id.or(config.map(|config| config.chain_id));
    let limits = FetchLimits { lenient: args.lenient, ..FetchLimits::default() };
    if let (Some(recordhash), Some(owner)) = (&args.recordhash, args.owner) {
        let chain_id = chain_id.unwrap_or(1);
        return by_hand(&args, context, config, (recordhash, owner), &keys, chain_id, limits);
    }
    let gateways = args.gateways.chosen(context, config)?;
    let guard = guard(args.allow_private_gateways, &gateways, None);
    let publishers = args.publishers.open(context)?;
    let wanted = Wanted { name: args.name, keys, chain_id, gateways, publishers, limits, guard };
    resolve_chain::run(wanted, &args.chain, context)
}

/// Trusts the gateways that were chosen, and an address given by hand.
fn guard(allow: bool, gateways: &[Gateway], given: Option<&Recordhash>) -> Option<Guard> {
    let given = given.and_then(|recordhash| match recordhash.target() {
        Target::Https(url) => Some(url.clone()),
        _ => None,
    });
    let trusted = gateways.iter().filter_map(Gateway::trusted_url).chain(given);
    (!allow).then(|| Guard::trusting(trusted))
}

/// Resolves with chain facts given by hand.
fn by_hand(
    args: &Args,
    context: &Context,
    config: Option<&Config>,
    (recordhash, owner): (&Recordhash, Address),
    keys: &[RecordKey],
    chain_id: u64,
    limits: FetchLimits,
) -> Result<Outcome, CliError> {
    if !resolve_chain::is_one_name(&args.name) {
        let message = "--recordhash and --owner are of one name";
        return Err(CliError::usage(message).hint(
            "give its name; addresses, and many names at \
             a time, need a node: --rpc-url URL",
        ));
    }
    let name = parse_name(context, &args.name)?;
    let gateways = args.gateways.get(context, config)?;
    let facts =
        ChainFacts { name, owner, chain_id, approved_signers: args.approved_signer.clone() };
    let guard = guard(args.allow_private_gateways, &gateways, Some(recordhash));
    let http = context.http_guarded(guard)?;
    let publishers = args.publishers.open(context)?;
    let (files, records) = context.block_on(async {
        let sources = Sources { gateways, publishers: &publishers };
        let now = Timestamp::now();
        let files = RecordFiles::open(http, sources, recordhash, &facts.name, limits, now).await?;
        let records = fetch(&files, &facts, keys, context).await?;
        Ok((files, records))
    })?;
    files.notes().iter().for_each(|note| context.output.note(note));
    let error = failure(&facts, &records);
    let report = report(&facts, recordhash, &files, records);
    Ok(Outcome::partial(report, error))
}

async fn fetch(
    files: &RecordFiles,
    facts: &ChainFacts,
    keys: &[RecordKey],
    context: &Context,
) -> Result<Vec<ResolvedRecord>, CliError> {
    if !keys.is_empty() {
        return Ok(resolve_records(files, facts, keys).await);
    }
    match resolve_listed(files, facts).await {
        Ok(records) => Ok(records),
        Err(error @ FetchError::NotFound { .. }) => Err(error.into()),
        Err(error) => {
            context.output.note(format_args!(
                "the tree cannot be listed, so the usual records are asked for: {error}"
            ));
            let mut records = resolve_records(files, facts, &profile()).await;
            let absent = |record: &ResolvedRecord| {
                matches!(record.record, Err(RecordError::Fetch(FetchError::NotFound { .. })))
            };
            records.retain(|record| !absent(record));
            // Nobody answers: said once, not for each record.
            let failures = records.iter().map(|record| match &record.record {
                Err(RecordError::Fetch(error)) => Some(error.clone()),
                _ => None,
            });
            match failures
                .collect::<Option<Vec<_>>>()
                .and_then(|failures| failures.into_iter().next())
            {
                Some(error) => Err(error.into()),
                None => Ok(records),
            }
        }
    }
}

fn exit_of(error: &RecordError) -> Exit {
    match error {
        RecordError::Unverified(_) => Exit::Unverified,
        RecordError::Fetch(error) => CliError::from(error.clone()).exit,
    }
}

fn failure(facts: &ChainFacts, records: &[ResolvedRecord]) -> Option<CliError> {
    let errors =
        || records.iter().filter_map(|record| Some((record, record.record.as_ref().err()?)));
    if records.is_empty() {
        let message = format!("{} has no records there", facts.name);
        return Some(CliError::new(Exit::NotFound, ErrorKind::NoRecord, message));
    }
    let exit = Exit::worst(errors().map(|(_, error)| exit_of(error)))?;
    let (record, error) = errors().find(|(_, error)| exit_of(error) == exit)?;
    let (kind, hint) = match error {
        RecordError::Unverified(_) => (ErrorKind::Unverified, None),
        RecordError::Fetch(error) => {
            let CliError { kind, hint, .. } = error.clone().into();
            (kind, hint)
        }
    };
    let message = format!("{}: {}: {error}", facts.name, record.key);
    Some(CliError { hint, ..CliError::new(exit, kind, message) })
}

fn report(
    facts: &ChainFacts,
    recordhash: &Recordhash,
    files: &RecordFiles,
    records: Vec<ResolvedRecord>,
) -> ResolveReport {
    let records = records.into_iter().map(|resolved| {
        let verified = resolved.record.as_ref().ok();
        ResolvedReport {
            record: resolved.key.to_string(),
            value: verified.map(|record| record.value().to_string()),
            verified: verified.is_some(),
            signer: verified.map(|record| record.signer().to_string()),
            approval: verified.map(|record| basis(record.basis(), record.signer())),
            proven: matches!(resolved.proof, Some(Proof::Blocks { .. })),
            freshness: resolved.proof.as_ref().map(Proof::freshness),
            gateway: resolved.gateway,
            absent: matches!(resolved.record, Err(RecordError::Fetch(FetchError::NotFound { .. }))),
            error: resolved.record.err().map(|error| error.to_string()),
        }
    });
    ResolveReport {
        name: facts.name.to_string(),
        resolver: None,
        owner: facts.owner.to_string(),
        recordhash: recordhash.to_string(),
        ipns: files.ipns_record().cloned(),
        records: records.collect(),
    }
}

impl Human for ResolveReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}  owner {}", self.name, self.owner)?;
        writeln!(out, "recordhash {}", self.recordhash)?;
        write_ipns(out, self.ipns.as_ref())?;
        let width = self.records.iter().map(|record| record.record.len()).max().unwrap_or(0);
        for record in &self.records {
            match (&record.value, &record.error) {
                (Some(value), _) => {
                    let proven = if record.proven { "" } else { " (freshness not proven)" };
                    let approval = record.approval.as_deref().unwrap_or_default();
                    writeln!(out, "  ok      {:width$}  {}", record.record, shown(value))?;
                    writeln!(out, "          {:width$}  {approval}{proven}", "")?;
                }
                (None, error) => {
                    let error = error.as_deref().unwrap_or_default().replace("\n  ", " ");
                    let what = if record.absent { "none  " } else { "FAILED" };
                    writeln!(out, "  {what}  {:width$}  {}", record.record, shown(&error))?;
                }
            }
        }
        Ok(())
    }
}
