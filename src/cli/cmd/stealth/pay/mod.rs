//! `stealth pay`: announced and paid, and nothing twice.

mod amount;
mod course;
mod kept;
mod settle;

use std::io::{self, Write};

use alloy_primitives::Address;
use namesys::report::StealthPayReport;
use namesys::stealth::{ANNOUNCER, Asset, MULTICALL3};

use super::payee::PayeeArgs;
use super::set::{require_contract, transactions};
use crate::cli::context::Context;
use crate::cli::cost_args::SendingArgs;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::rpc_args::no_rpc;
use crate::cli::session::Session;
use crate::cli::wallet_args::{WalletArgs, address};
use amount::Amount;
use course::Course;

/// `stealth pay`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    payee: PayeeArgs,
    /// How much: ether, or so many of --token. --max-cost is of the gas; the amount is not counted
    #[arg(value_name = "AMOUNT")]
    amount: String,
    /// Pay this ERC-20 token, by the address of its contract
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    token: Option<Address>,
    /// Send again what a wallet in a browser, or one elsewhere, may have sent already
    #[arg(long)]
    resend: bool,
    #[command(flatten)]
    sending: SendingArgs,
    #[command(flatten)]
    wallet: WalletArgs,
}

/// Pays, or goes on with a payment of the same amount to the same payee that is not done.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let payee = args.payee.get(context)?;
    let wallet = match args.sending.sends() || args.wallet.is_at_hand(context)? {
        true => Some(args.wallet.open(context)?),
        false => None,
    };
    let rpc = args.payee.lookup.rpc.open(context, &context.http()?)?;
    let rpc = rpc.ok_or_else(|| no_rpc("the chain that is paid on", context))?;
    let expected = args.payee.chain_id(context)?;
    let (chain_id, amount) = context.block_on(async {
        let chain_id = rpc.check_chain_id(expected).await?;
        require_contract(&rpc, "the announcer (ERC-5564)", ANNOUNCER, chain_id).await?;
        match args.token {
            None => require_contract(&rpc, "Multicall3", MULTICALL3, chain_id).await?,
            Some(token) => require_contract(&rpc, "the token", token, chain_id).await?,
        }
        let asset = args.token.map_or(Asset::Ether, Asset::Token);
        Ok((chain_id, Amount::read(&args.amount, asset, &rpc).await?))
    })?;
    // Nobody else begins the same payment meanwhile.
    let _lock = session.workspace.lock()?;
    let course = Course {
        sending: &args.sending,
        resend: args.resend,
        context,
        payee: &payee,
        wallet: wallet.as_ref(),
        rpc,
        chain_id,
        amount,
    };
    let (report, error) = course.run(&session)?;
    Ok(Outcome::partial(report, error))
}

impl Human for StealthPayReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.name.iter().try_for_each(|name| writeln!(out, "name                  {name}"))?;
        writeln!(out, "payee                 {}", self.meta_address)?;
        writeln!(out, "amount                {}", self.shown)?;
        writeln!(out, "address               {}", self.address)?;
        writeln!(out, "ephemeral public key  {}", self.ephemeral_public_key)?;
        writeln!(out, "view tag              {}", self.view_tag)?;
        transactions(&self.transactions, out)?;
        self.safe.iter().try_for_each(|file| writeln!(out, "wrote                 {file}"))?;
        match self.paid {
            true => writeln!(out, "announced and paid"),
            false => Ok(()),
        }
    }
}
