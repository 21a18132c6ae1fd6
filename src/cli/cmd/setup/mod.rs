//! `setup [NAME]`: makes a name use its records: what stands on chain, what is missing, and the
//! transactions that bring it about.

mod checks;
mod pointer;
mod prepared;
mod sending;
mod show;

use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::Address;
use jiff::Timestamp;
use namesys::chain::setup::{Sender, SetupRequest, plan, safe_batch};
use namesys::ens::Name;
use namesys::report::ErrorKind;
use namesys::wallet::{Wallet, WalletError};

use crate::cli::context::Context;
use crate::cli::cost_args::CostArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::{IpnsKeyArgs, SignerKeyArgs};
use crate::cli::output::Outcome;
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::session::{DeriveArgs, Session, parse_name};
use crate::cli::values::write_file;
use crate::cli::wallet_args::{OpenWallet, address};
use pointer::PointerArgs;
use prepared::Prepared;
pub use show::source;
use show::{Shown, done};

/// `setup …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name; default: the workspace's
    name: Option<String>,
    #[command(flatten)]
    pointer: PointerArgs,
    /// Set it up for a subname that need not be registered: its labels, leftmost first
    #[arg(long, value_name = "LABELS", num_args = 1.., value_parser = label)]
    sub: Vec<String>,
    /// Approve a signer on chain, so that its records need no SIGN 3; default: the workspace's
    #[arg(long, value_name = "SIGNER", value_parser = address, num_args = 0..=1)]
    approve_signer: Option<Option<Address>>,
    /// The records resolver; default: the name's own where it is one, else the deployed one
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    resolver: Option<Address>,
    /// Print targets and calldata for a wallet elsewhere, and send nothing
    #[arg(long)]
    calldata: bool,
    /// Write the transactions as a file of Safe's Transaction Builder, and send nothing
    #[arg(long, value_name = "FILE")]
    safe: Option<PathBuf>,
    /// Send without asking
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    cost: CostArgs,
    /// How long to wait until a transaction is mined, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    /// The chain that is expected [default: the workspace's]
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    #[command(flatten)]
    ipns_key: IpnsKeyArgs,
    #[command(flatten)]
    signer_key: SignerKeyArgs,
    #[command(flatten)]
    derive: DeriveArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// A dot may mean the name itself, which would then be set up below itself.
fn label(text: &str) -> Result<String, String> {
    match text.contains('.') {
        true => Err("a label has no dot; give labels apart, and NAME before --sub".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Shows, and sends what was confirmed.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let (session, name) = subject(&args, context)?;
    let rpc = args.rpc.open(context, &context.http()?)?;
    let rpc = rpc.ok_or_else(|| no_rpc("what stands on chain", context))?;
    let wallet = wallet(&args, context)?;
    let sends = !args.calldata && args.safe.is_none();
    let (session, claims) = checks::keys(session, &args, wallet.as_ref(), context)?;
    let pointer = args.pointer.get(session.as_ref())?;
    let approve = checks::signer(&args, session.as_ref())?;
    let from = wallet.as_ref().map(|wallet| wallet.as_wallet().address());
    let request = SetupRequest { name, sender: from, resolver: args.resolver, pointer, approve };
    let expected = args.chain_id.or(session.as_ref().map(|session| session.config.chain_id));
    let expected = expected.or(context.network()?.0.chain_id());
    let prepared = context.block_on(async {
        let chain_id = rpc.check_chain_id(expected).await?;
        let view = rpc.at(rpc.latest().await?.value);
        let standing = view.standing(&request).await?;
        let plan = plan(view.contracts(), &request, &standing)?;
        checks::tree(session.as_ref(), &view, &request, &standing, chain_id, context).await?;
        let (patience, max_cost) = (Duration::from_secs(args.wait), args.cost.max_cost);
        let sender = Sender { rpc, chain_id, patience, max_cost };
        for transaction in &plan.transactions {
            sender.simulate(standing.sender, transaction).await?;
        }
        let costs = match (plan.transactions.is_empty(), sends) {
            (true, _) => Vec::new(),
            (false, true) => sender.costs(standing.sender, &plan.transactions).await?,
            // What is only shown may go without.
            (false, false) => {
                let costs = sender.costs(standing.sender, &plan.transactions).await;
                costs.unwrap_or_default()
            }
        };
        Ok(Prepared { request, standing, plan, costs, sender })
    })?;
    prepared.plan.warnings.iter().for_each(|warning| context.output.warn(warning));
    if prepared.plan.transactions.is_empty() {
        return Ok(done(&prepared, Shown::default(), None));
    }
    let is_sent_here = matches!(wallet, Some(OpenWallet::Local(_)));
    if !sends || is_sent_here {
        claims.confirm()?;
    }
    if !sends {
        return elsewhere(&args, &prepared);
    }
    let Some(wallet) = wallet else {
        let error = CliError::new(Exit::Usage, ErrorKind::NoWallet, "a wallet is needed to send them")
            .hint("give the owner's, such as --private-key-file or --account; or print them for a wallet elsewhere: --calldata, --safe FILE");
        return unsent(&claims, &prepared, error);
    };
    if let OpenWallet::External(external) = &wallet {
        let error = WalletError::NoTransactions { wallet: external.address() }.into();
        return unsent(&claims, &prepared, error);
    }
    sending::run(args.yes, &prepared, &wallet, context)
}

/// The workspace, where the name is of one, and the name.
fn subject(args: &Args, context: &Context) -> Result<(Option<Session>, Name), CliError> {
    let session = Session::open_if_any(context)?;
    let name = match (&args.name, &session) {
        (Some(name), _) => parse_name(context, name)?,
        (None, Some(session)) => session.config.name().clone(),
        (None, None) => {
            return Err(CliError::usage("which name?")
                .hint("give NAME, or -C DIR for a workspace (namesys init NAME makes one)"));
        }
    };
    let name = match &args.sub[..] {
        [] => name,
        labels => parse_name(context, &format!("{}.{name}", labels.join(".")))?,
    };
    let session = session.filter(|session| name.is_or_is_under(session.config.name()));
    Ok((session, name))
}

/// The wallet: where it is given, and the one of the user's file where something is to be sent.
fn wallet(args: &Args, context: &Context) -> Result<Option<OpenWallet>, CliError> {
    let sends = !args.calldata && args.safe.is_none();
    let wallet = &args.derive.wallet;
    match wallet.is_given()? || (sends && wallet.is_at_hand(context)?) {
        true => args.derive.wallet.open(context).map(Some),
        false => Ok(None),
    }
}

/// What would be sent, with why it is not; without the transactions where they are what only
/// `namesys.toml` says: whoever reads them may send them with a wallet elsewhere.
fn unsent(
    claims: &checks::Claims,
    prepared: &Prepared,
    error: CliError,
) -> Result<Outcome, CliError> {
    match claims.is_empty() {
        true => Ok(done(prepared, Shown::default(), Some(error))),
        false => Err(error),
    }
}

/// For a multisig, or any wallet that is not here.
fn elsewhere(args: &Args, prepared: &Prepared) -> Result<Outcome, CliError> {
    // What others sign and send is held to the same limit, as far as it is decided here.
    if let Err(error) = prepared.sender.check_cost(&prepared.plan.transactions, &[]) {
        return Ok(done(prepared, Shown::default(), Some(error.into())));
    }
    let Some(file) = &args.safe else { return Ok(done(prepared, Shown::default(), None)) };
    let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
    let description = format!("namesys setup {}", prepared.request.name);
    let transactions = &prepared.plan.transactions;
    let (chain_id, safe) = (prepared.sender.chain_id, prepared.standing.sender);
    let batch = safe_batch(chain_id, safe, now, &description, transactions);
    write_file(file, format!("{batch:#}\n").as_bytes())?;
    let shown = Shown { safe: Some(file.display().to_string()), ..Shown::default() };
    Ok(done(prepared, shown, None))
}
