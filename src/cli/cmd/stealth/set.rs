//! `stealth set`: the meta-address as a record, as the draft's bytes, or in the registry.

use std::io::{self, Write};

use alloy_primitives::hex;
use namesys::chain::Rpc;
use namesys::record::{RecordKey, Value};
use namesys::report::{ErrorKind, StealthSetReport, TransactionReport};
use namesys::stealth::{MetaAddress, REGISTRY, register, registered};
use namesys::workspace::Phases;

use super::key_args::{RECORD, derived};
use crate::cli::context::Context;
use crate::cli::cost_args::SendingArgs;
use crate::cli::deriver::DeriveArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::output::{Human, Outcome};
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::sending::{Sending, safe_file, sender, unsent};
use crate::cli::session::Session;
use crate::cli::want_once::{unless_forced, want_once};

/// `stealth set`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The workspace's name, or a name under it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["draft", "registry"])]
    name: Option<String>,
    /// This meta-address, in place of the one whose keys the wallet gives
    #[arg(long, value_name = "META")]
    meta: Option<MetaAddress>,
    /// Show the 67 bytes of the draft ENSIP (a byte of flags and the two keys), and set nothing: it
    /// keeps them in a data record on chain, which the deployed resolver has no function for
    #[arg(long, conflicts_with = "registry")]
    draft: bool,
    /// Register it for the wallet's account by a transaction (ERC-6538), and set no record
    #[arg(long)]
    registry: bool,
    /// Also where another meta-address is wanted
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    sending: SendingArgs,
    #[command(flatten)]
    derive: DeriveArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Runs `stealth set`.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let (meta, wallet) = match args.meta {
        Some(meta) => (meta, None),
        None => {
            let (keys, wallet) = derived(&args.derive, &args.rpc, context)?;
            (keys.meta_address(), Some(wallet))
        }
    };
    let report = StealthSetReport { meta_address: meta.to_string(), ..StealthSetReport::default() };
    if args.draft {
        context.output.note(
            "the draft keeps these bytes in a data record on chain: the deployed resolver has no \
             function for one, so that nothing is signed",
        );
        let draft = Some(hex::encode_prefixed(meta.draft()));
        return Ok(Outcome::done(StealthSetReport { draft, ..report }));
    }
    if args.registry {
        let wallet = match wallet {
            Some(wallet) => wallet,
            None => args.derive.wallet.open(context)?,
        };
        return registry(args, &meta, &wallet, report, context);
    }
    record(args, meta, report, context)
}

/// Into `records.toml`.
fn record(
    args: &Args,
    meta: MetaAddress,
    report: StealthSetReport,
    context: &Context,
) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let name = session.name(context, args.name.as_deref())?;
    let key = RecordKey::parse(RECORD)?;
    let value = Value::parse(&key, &meta.to_string())?;
    want_once(&session, &name, &key, value, |had| {
        let told = |had: &Phases| {
            format!("{name} {RECORD} is {had} in records.toml, and this one is {meta}")
        };
        let hint = "another wallet or password gives other keys: give the right one; or --force, \
                    where the new one is meant";
        unless_forced(args.force, had, told, hint)
    })?;
    let (name, record) = (Some(name.to_string()), Some(RECORD.to_owned()));
    Ok(Outcome::done(StealthSetReport { name, record, ..report }))
}

/// By a transaction.
fn registry(
    args: &Args,
    meta: &MetaAddress,
    wallet: &OpenWallet,
    mut report: StealthSetReport,
    context: &Context,
) -> Result<Outcome, CliError> {
    let config = context.config()?.map(|config| config.chain_id);
    let expected = config.or(context.network()?.0.chain_id());
    let rpc = args.rpc.open(context, &context.http()?)?;
    let transactions = [register(meta)];
    let from = wallet.as_wallet().address();
    let Some(rpc) = rpc else {
        if args.sending.sends() {
            return Err(no_rpc("the registry", context));
        }
        report.transactions = unsent(&transactions, &[]);
        let whose = (expected.unwrap_or(1), from);
        report.safe = safe_file(&args.sending, whose, "namesys stealth set", &transactions)?;
        return Ok(Outcome::done(report));
    };
    let chain_id = context.block_on(async {
        let chain_id = rpc.check_chain_id(expected).await?;
        require_contract(&rpc, "the registry (ERC-6538)", REGISTRY, chain_id).await?;
        Ok(chain_id)
    })?;
    let had = context
        .block_on(async { Ok(registered(&rpc.at(rpc.latest().await?.value), from).await?) })?;
    if !had.is_empty() && had != meta.bytes() && !args.force {
        let had = hex::encode_prefixed(&had);
        let message = format!("the registry has {had} for {from}, and this one is {meta}");
        return Err(CliError::new(Exit::Failed, ErrorKind::OtherKeys, message).hint(
            "another password gives other keys: give the right one; or --force, where the new one \
             is meant",
        ));
    }
    let sender = sender(rpc, chain_id, &args.sending.cost, args.sending.wait);
    if !args.sending.sends() {
        report.transactions = unsent(&transactions, &[]);
        let whose = (chain_id, from);
        report.safe = safe_file(&args.sending, whose, "namesys stealth set", &transactions)?;
        return Ok(Outcome::done(report));
    }
    let costs = context.block_on(async {
        sender.simulate(from, &transactions[0]).await?;
        Ok(sender.costs(from, &transactions).await?)
    })?;
    report.transactions = unsent(&transactions, &costs);
    let sending = Sending { context, wallet, sender: &sender, yes: args.sending.yes, prints: true };
    let sent = sending
        .allowed(&transactions, &costs)
        .and_then(|()| sending.send(&transactions, &costs, &mut report.transactions))
        .and_then(|()| read_back(&sender.rpc, from, meta, context));
    Ok(Outcome::partial(report, sent.err()))
}

/// What the registry says afterwards.
fn read_back(
    rpc: &Rpc,
    from: alloy_primitives::Address,
    meta: &MetaAddress,
    context: &Context,
) -> Result<(), CliError> {
    let found = context.block_on(async {
        rpc.forget();
        Ok(registered(&rpc.at(rpc.latest().await?.value), from).await?)
    })?;
    match found == meta.bytes() {
        true => Ok(()),
        false => {
            let message = format!("it was mined, and the registry has another one for {from}");
            Err(CliError::new(Exit::Unverified, ErrorKind::NotReadBack, message))
        }
    }
}

/// Refuses a chain without a contract, before anything is sent.
pub async fn require_contract(
    rpc: &Rpc,
    what: &str,
    address: alloy_primitives::Address,
    chain_id: u64,
) -> Result<(), CliError> {
    let view = rpc.at(rpc.latest().await?.value);
    if view.is_contract(address).await?.value {
        return Ok(());
    }
    let message =
        format!("there is no contract at {address} on chain {chain_id}: {what} is missing");
    Err(CliError::new(Exit::Failed, ErrorKind::NoContract, message)
        .hint("nothing was sent; is --rpc-url of the chain you mean?"))
}

impl Human for StealthSetReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match (&self.name, &self.record) {
            (Some(name), Some(record)) => writeln!(out, "{name} {record} = {}", self.meta_address)?,
            _ => writeln!(out, "meta-address  {}", self.meta_address)?,
        }
        self.draft.iter().try_for_each(|draft| writeln!(out, "draft         {draft}"))?;
        transactions(&self.transactions, out)?;
        self.safe.iter().try_for_each(|file| writeln!(out, "wrote         {file}"))
    }
}

/// Transactions, as people read them.
pub fn transactions(all: &[TransactionReport], out: &mut dyn Write) -> io::Result<()> {
    for one in all {
        match &one.hash {
            Some(hash) => writeln!(out, "{}: {hash}", one.description)?,
            None => {
                writeln!(out, "{}", one.description)?;
                writeln!(out, "  to     {}", one.to)?;
                writeln!(out, "  value  {}", one.value)?;
                writeln!(out, "  data   {}", one.data)?;
            }
        }
    }
    Ok(())
}
