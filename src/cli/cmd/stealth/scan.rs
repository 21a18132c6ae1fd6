//! `stealth scan`: which announcements are of payments to these keys.

use std::io::{self, Write};

use alloy_primitives::U256;
use namesys::chain::Rpc;
use namesys::chain::setup::ether;
use namesys::report::{SkippedReport, StealthPaymentReport, StealthScanReport};
use namesys::stealth::{
    ANNOUNCER, Asset, Found, MetaAddress, Range, ScanState, Skipped, StealthFiles, Viewer, balance,
    read_announcements, token_balance,
};

use super::key_args::KeyArgs;
use super::set::require_contract;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::progress::Unit;
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::session::Session;

/// `stealth scan`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The first block to read [default: where the last scan stopped, else 0]
    #[arg(long, value_name = "N")]
    from_block: Option<u64>,
    /// Whose payments, with --viewing-key-file [default: what records.toml wants]
    #[arg(long, value_name = "META")]
    meta: Option<MetaAddress>,
    /// Ask what is at each address now; the node then learns that they belong together
    #[arg(long)]
    balances: bool,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Reads the announcements, range by range; what was read is kept after each.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let rpc = args.rpc.open(context, &context.http()?)?;
    let rpc = rpc.ok_or_else(|| no_rpc("announcements", context))?;
    let (viewing, meta) = args.keys.viewing(args.meta.as_ref(), &args.rpc, context)?;
    let viewer = Viewer::new(&viewing, meta.spending);
    let (chain_id, head) = context.block_on(async {
        let chain_id = rpc.check_chain_id(Some(session.config.chain_id)).await?;
        require_contract(&rpc, "the announcer (ERC-5564)", ANNOUNCER, chain_id).await?;
        Ok((chain_id, rpc.latest().await?.value.number))
    })?;
    let files = StealthFiles(&session.workspace);
    let mut state = match files.scan(chain_id, &meta)? {
        Some(mut state) => {
            if args.from_block.is_some_and(|from| from > state.next) {
                context.output.warn(format_args!(
                    "blocks from {} on were not read, and are left out",
                    state.next
                ));
            }
            state.resume(args.from_block);
            state
        }
        None => ScanState::new(chain_id, meta, args.from_block.unwrap_or(0)),
    };
    let from = state.next;
    let (looked, skipped) = read(&session, &rpc, &viewer, &mut state, head, context)?;
    let payments = context.block_on(async {
        let mut payments = Vec::new();
        for found in &state.found {
            payments.push(report(found, args.balances, &rpc).await?);
        }
        Ok(payments)
    })?;
    let Skipped { malformed, other_scheme, removed } = skipped;
    Ok(Outcome::done(StealthScanReport {
        chain_id,
        meta_address: meta.to_string(),
        from_block: from,
        to_block: head,
        announcements: looked,
        skipped: SkippedReport { malformed, other_scheme, removed },
        payments,
    }))
}

fn read(
    session: &Session,
    rpc: &Rpc,
    viewer: &Viewer,
    state: &mut ScanState,
    head: u64,
    context: &Context,
) -> Result<(u64, Skipped), CliError> {
    let bar = context.output.progress("reading announcements", Unit::Things("blocks"));
    let (first, mut looked) = (state.next, 0);
    let (mut skipped, mut range) = (Skipped::default(), Range::default());
    while state.next <= head {
        bar.at(state.next.saturating_sub(first), head.saturating_sub(first) + 1);
        let (logs, through) = context
            .block_on(async { Ok(read_announcements(rpc, &mut range, state.next, head).await?) })?;
        looked += state.take(viewer, &logs, through, &mut skipped);
        let _lock = session.workspace.lock()?;
        StealthFiles(&session.workspace).keep_scan(state)?;
    }
    bar.finish();
    Ok((looked, skipped))
}

async fn report(found: &Found, asks: bool, rpc: &Rpc) -> Result<StealthPaymentReport, CliError> {
    let asset = found.asset.map(Asset::of_contract);
    let token = match asset {
        Some(Asset::Token(token)) => Some(token),
        _ => None,
    };
    let (mut has, mut has_token) = (None, None);
    if asks {
        let view = rpc.at(rpc.latest().await?.value);
        has = Some(balance(&view, found.address).await?);
        if let Some(token) = token {
            // Any payer names any contract.
            has_token = token_balance(&view, token, found.address).await.ok();
        }
    }
    let text = |amount: U256| amount.to_string();
    Ok(StealthPaymentReport {
        address: found.address.to_string(),
        ephemeral_public_key: found.ephemeral_public_key.to_string(),
        view_tag: format!("0x{:02x}", found.view_tag),
        block: found.block,
        transaction: found.transaction.to_string(),
        asset: asset.map(|asset| match asset {
            Asset::Ether => "ether".to_owned(),
            Asset::Token(token) => token.to_string(),
        }),
        amount: found.amount.map(text),
        balance: has.map(text),
        token_balance: has_token.map(text),
    })
}

impl Human for StealthScanReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for payment in &self.payments {
            let said = match (payment.asset.as_deref(), &payment.amount) {
                (Some("ether"), Some(amount)) => {
                    let wei = amount.parse::<U256>().unwrap_or_default();
                    format!("said to be {} ether", ether(wei))
                }
                (Some(token), Some(amount)) => format!("said to be {amount} units of {token}"),
                _ => "of what is not said".to_owned(),
            };
            writeln!(out, "{}  block {}, {said}", payment.address, payment.block)?;
            if let Some(wei) = &payment.balance {
                let wei = wei.parse::<U256>().unwrap_or_default();
                writeln!(out, "    has {} ether", ether(wei))?;
            }
            if let (Some(token), Some(units)) = (&payment.asset, &payment.token_balance) {
                writeln!(out, "    has {units} units of {token}")?;
            }
        }
        let SkippedReport { malformed, other_scheme, removed } = &self.skipped;
        writeln!(
            out,
            "{} payment(s); blocks {} to {}, {} announcement(s) read, passed over: {malformed} \
             malformed, {other_scheme} of other schemes, {removed} removed",
            self.payments.len(),
            self.from_block,
            self.to_block,
            self.announcements,
        )
    }
}
