//! `stealth sweep`: moves what is at one address.

use std::io::{self, Write};

use alloy_primitives::{Address, U256};
use namesys::chain::setup::{Cost, Sender, SetupTransaction, ether, total};
use namesys::report::{ErrorKind, StealthSweepReport};
use namesys::stealth::{balance, token_balance, transfer, transfer_ether};
use namesys::wallet::LocalWallet;

use super::one_time::OneTimeArgs;
use super::set::transactions;
use crate::cli::context::Context;
use crate::cli::cost_args::CostArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::output::{Human, Outcome};
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::sending::{Sending, sender, unsent};
use crate::cli::wallet_args::address;

/// What a transfer to an account without code takes.
const TRANSFER_GAS: u64 = 21_000;

/// `stealth sweep`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    of: OneTimeArgs,
    /// Where to: whoever knows whose that is then knows whose this was
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    to: Address,
    /// Move this ERC-20 token in place of the ether
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    token: Option<Address>,
    /// The chain that is meant [default: the workspace's, else the network's]
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    /// Send without asking
    #[arg(long, short)]
    yes: bool,
    /// How long to wait until a transaction is mined, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    #[command(flatten)]
    cost: CostArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Moves all of it; the key of the address pays the gas.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let from = args.of.address;
    if args.to == from {
        return Err(CliError::usage(format!("{from} would be moved to itself"))
            .hint("give another address: --to ADDRESS"));
    }
    if args.to.is_zero() {
        return Err(CliError::usage("--to is the zero address, whose key nobody has")
            .hint("give an address of yours"));
    }
    let rpc = args.rpc.open(context, &context.http()?)?;
    let rpc = rpc.ok_or_else(|| no_rpc("what is at the address", context))?;
    let of_workspace = context.config()?.map(|config| config.chain_id);
    let expected = args.chain_id.or(of_workspace).or(context.network()?.0.chain_id());
    let key = args.of.get(&args.rpc, context)?;
    let wallet = OpenWallet::Local(LocalWallet::new(key, "private key"));
    let chain_id = context.block_on(async { Ok(rpc.check_chain_id(expected).await?) })?;
    let mut sender = sender(rpc, chain_id, &args.cost, args.wait);
    let (transaction, cost) = context.block_on(async {
        match args.token {
            None => of_ether(args, &sender).await,
            Some(token) => of_token(args, token, &sender).await,
        }
    })?;
    sender.max_cost = sender.max_cost.saturating_add(transaction.value);
    context.output.warn(format_args!(
        "this links {from} with {}: who sees the chain sees that they belong together; move what \
         was paid to different addresses neither together nor to where you are known",
        args.to
    ));
    let (all, costs) = ([transaction], [cost]);
    let mut report = StealthSweepReport {
        address: from.to_string(),
        to: args.to.to_string(),
        token: args.token.map(|token| token.to_string()),
        transactions: unsent(&all, &costs),
    };
    let sending =
        Sending { context, wallet: &wallet, sender: &sender, yes: args.yes, prints: false };
    let sent = sending
        .allowed(&all, &costs)
        .and_then(|()| sending.send(&all, &costs, &mut report.transactions));
    Ok(Outcome::partial(report, sent.err()))
}

/// All but what the gas may come to.
async fn of_ether(args: &Args, sender: &Sender) -> Result<(SetupTransaction, Cost), CliError> {
    let from = args.of.address;
    let view = sender.rpc.at(sender.rpc.latest().await?.value);
    let has = balance(&view, from).await?;
    let none = |needs: U256| {
        let message = format!(
            "{from} has {} ether, and the gas to move it may come to {}",
            ether(has),
            ether(needs)
        );
        CliError::new(Exit::Failed, ErrorKind::NoFunds, message).hint("nothing was sent")
    };
    if has.is_zero() {
        return Err(none(U256::ZERO));
    }
    let trial = [transfer_ether(args.to, U256::ZERO)];
    let costs = sender.costs(from, &trial).await?;
    let mut cost = *costs.first().ok_or_else(|| none(U256::ZERO))?;
    if !view.is_contract(args.to).await?.value {
        cost.gas = TRANSFER_GAS;
    }
    let gas = cost.at_most();
    let rest = has.checked_sub(gas).filter(|rest| !rest.is_zero()).ok_or_else(|| none(gas))?;
    Ok((transfer_ether(args.to, rest), cost))
}

/// All of the token, where there is ether for the gas.
async fn of_token(
    args: &Args,
    token: Address,
    sender: &Sender,
) -> Result<(SetupTransaction, Cost), CliError> {
    let from = args.of.address;
    super::set::require_contract(&sender.rpc, "the token", token, sender.chain_id).await?;
    let view = sender.rpc.at(sender.rpc.latest().await?.value);
    let has = token_balance(&view, token, from).await?;
    if has.is_zero() {
        let message = format!("{from} has nothing of the token {token}");
        return Err(CliError::new(Exit::Failed, ErrorKind::NoFunds, message)
            .hint("is it the token you mean, on this chain?"));
    }
    let all = [transfer(token, args.to, has)];
    sender.simulate(from, &all[0]).await?;
    let costs = sender.costs(from, &all).await?;
    let (needs, ether_has) = (total(&all, &costs), balance(&view, from).await?);
    if ether_has < needs {
        let message = format!(
            "{from} has {has} units of the token {token} and {} ether; the gas to move them may \
             come to {}",
            ether(ether_has),
            ether(needs)
        );
        let missing = ether(needs.saturating_sub(ether_has));
        return Err(CliError::new(Exit::Failed, ErrorKind::NoFunds, message).hint(format!(
            "send at least {missing} ether to {from}: who sees the chain then sees that its sender \
             and this address belong together, so send it from an account that is not known to be \
             yours, or leave the token there"
        )));
    }
    let [transaction] = all;
    let cost = costs.into_iter().next().ok_or_else(|| CliError::usage("no cost"))?;
    Ok((transaction, cost))
}

impl Human for StealthSweepReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let what = self.token.as_ref().map_or("ether".to_owned(), |token| format!("token {token}"));
        writeln!(out, "{what} of {} to {}", self.address, self.to)?;
        transactions(&self.transactions, out)
    }
}
