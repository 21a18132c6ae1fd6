//! `resolve NAME [RECORD…]`: fetch, verify, show who signed.

mod chain;
mod report;

use alloy_primitives::Address;
use namesys::net::Guard;
use namesys::record::{RecordKey, RecordKeyError};
use namesys::recordhash::{Recordhash, Target};
use namesys::report::ErrorKind;
use namesys::resolve::{FetchLimits, Gateway, GivenFacts, Sources, resolve_given};
use namesys::workspace::Config;

use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, WitnessArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::session::{Session, parse_name};
pub use chain::record_error;
use chain::{ChainArgs, Wanted};

/// `resolve …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The ENS name; an address (0x…) for its primary name; or -, for many from stdin, one a line
    /// [default: the workspace's names]
    #[arg(value_name = "NAME|ADDRESS|-")]
    name: Option<String>,
    /// Record types, as text/avatar, address/60, address/btc, contenthash; default: every record
    /// that the tree lists, or, where it cannot be listed, the usual ones that are set
    #[arg(value_parser = crate::cli::suggest::record_types(), hide_possible_values = true)]
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
    let session = Session::open_if_any(context)?;
    let config = session.as_ref().map(|session| &session.config);
    let (names, words) = names(&args, config)?;
    let keys = record_keys(&words)?;
    let chain_id = args.chain_id.or(config.map(|config| config.chain_id));
    let chain_id = chain_id.or(context.network()?.0.chain_id());
    let limits = FetchLimits { lenient: args.lenient, flat: true, ..FetchLimits::default() };
    if let (Some(recordhash), Some(owner)) = (&args.recordhash, args.owner) {
        let chain_id = chain_id.unwrap_or(1);
        let names = &names[..];
        return by_hand(
            &args,
            context,
            (config, names),
            (recordhash, owner),
            &keys,
            chain_id,
            limits,
        );
    }
    let gateways = args.gateways.chosen(context, config)?;
    let guard = guard(args.allow_private_gateways, &gateways, None);
    let publishers = args.publishers.open(context)?;
    let wanted = Wanted { names, keys, chain_id, gateways, publishers, limits, guard };
    chain::run(wanted, &args.chain, context)
}

/// The names, and the records. Without a name, or with a record in its place, the names are the
/// workspace's.
fn names(args: &Args, config: Option<&Config>) -> Result<(Vec<String>, Vec<String>), CliError> {
    let is_record = |word: &&String| {
        word.contains('/') || !word.contains('.') && RecordKey::parse(word).is_ok()
    };
    let first = args.name.as_ref();
    let record = first.filter(is_record).into_iter().chain(&args.record).cloned().collect();
    match (first.filter(|word| !is_record(word)), config) {
        (Some(name), _) => Ok((vec![name.clone()], args.record.clone())),
        (None, Some(config)) => {
            Ok((config.names().iter().map(ToString::to_string).collect(), record))
        }
        (None, None) => Err(CliError::usage("which name? There is no workspace here").hint(
            "give NAME, before the records; or -C DIR for a workspace (namesys init NAME makes one)",
        )),
    }
}

/// The records asked for, each once.
fn record_keys(words: &[String]) -> Result<Vec<RecordKey>, CliError> {
    let mut keys: Vec<RecordKey> = Vec::new();
    for (at, text) in words.iter().enumerate() {
        let key = RecordKey::parse(text).map_err(|error| {
            let next = words.get(at + 1).map(|next| format!("{text}/{next}"));
            let both = next.filter(|both| RecordKey::parse(both).is_ok());
            match (&error, both) {
                (RecordKeyError::MissingKey { .. }, Some(both)) => {
                    let message = format!("a record is one word here: did you mean {both}?");
                    CliError::new(Exit::Usage, ErrorKind::BadRecordType, message)
                }
                (RecordKeyError::MissingKey { kind, .. }, None) => {
                    let message = format!("which {kind} record? Write it in one word");
                    let such = if *kind == "text" { "text/avatar" } else { "address/btc" };
                    CliError::new(Exit::Usage, ErrorKind::BadRecordType, message)
                        .hint(format!("such as {such}"))
                }
                _ => error.into(),
            }
        })?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
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
    (config, names): (Option<&Config>, &[String]),
    (recordhash, owner): (&Recordhash, Address),
    keys: &[RecordKey],
    chain_id: u64,
    limits: FetchLimits,
) -> Result<Outcome, CliError> {
    let [name] = names.iter().filter(|name| chain::is_one_name(name)).collect::<Vec<_>>()[..]
    else {
        let message = "--recordhash and --owner are of one name";
        return Err(CliError::usage(message).hint(
            "give its name; addresses, and many names at \
             a time, need a node: --rpc-url URL",
        ));
    };
    let name = parse_name(context, name)?;
    let gateways = args.gateways.get(context, config)?;
    let guard = guard(args.allow_private_gateways, &gateways, Some(recordhash));
    let http = context.http_guarded(guard)?;
    let publishers = args.publishers.open(context)?;
    let approved_signers = args.approved_signer.clone();
    let recordhash = recordhash.clone();
    let facts = GivenFacts { name, owner, recordhash, chain_id, approved_signers };
    let resolution = context.block_on(async {
        let sources = Sources { gateways, publishers: &publishers };
        Ok(resolve_given(http, sources, limits, facts, keys).await?)
    })?;
    chain::outcome_by_hand(resolution, context)
}
