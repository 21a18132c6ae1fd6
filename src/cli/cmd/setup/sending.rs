//! Asks, sends one transaction after the other, and waits for each.

use namesys::chain::setup::SetupError;
use namesys::report::{ErrorKind, TransactionState};
use namesys::wallet::{Wallet, WalletError};

use super::prepared::Prepared;
use super::show::{self, Sent, Shown, done};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::prompt;
use crate::cli::wallet_args::OpenWallet;

/// Sends what was confirmed. Whatever happens, the report says what came of each transaction.
pub fn run(
    yes: bool,
    prepared: &Prepared,
    wallet: &OpenWallet,
    context: &Context,
) -> Result<Outcome, CliError> {
    let mut shown = Shown::default();
    let ended = match allowed(yes, prepared, wallet, context) {
        Ok(true) => send(prepared, wallet, &mut shown.sent, context),
        // Whoever says no has seen them.
        Ok(false) => {
            return Err(CliError::new(Exit::Failed, ErrorKind::NotConfirmed, "nothing was sent")
                .hint(
                    "the same command asks again; --calldata prints them for a wallet elsewhere",
                ));
        }
        Err(error) => Err(error),
    };
    Ok(done(prepared, shown, ended.err()))
}

/// Whether wallet, balance and person let them be sent.
fn allowed(
    yes: bool,
    prepared: &Prepared,
    wallet: &OpenWallet,
    context: &Context,
) -> Result<bool, CliError> {
    let Prepared { standing, plan, costs, sender, .. } = prepared;
    if let OpenWallet::External(wallet) = wallet {
        return Err(WalletError::NoTransactions { wallet: wallet.address() }.into());
    }
    context.block_on(async {
        Ok(sender.check_funds(standing.sender, &plan.transactions, costs).await?)
    })?;
    match yes {
        true => Ok(true),
        false => ask(prepared, context),
    }
}

fn send(
    prepared: &Prepared,
    wallet: &OpenWallet,
    sent: &mut Vec<Sent>,
    context: &Context,
) -> Result<(), CliError> {
    let Prepared { plan, costs, sender, .. } = prepared;
    let all = plan.transactions.len();
    let ended = context.block_on(async {
        for (number, (transaction, cost)) in plan.transactions.iter().zip(costs).enumerate() {
            let (number, what) = (number + 1, &transaction.description);
            // Kept where it is seen after Ctrl-C too.
            sent.push(Sent { hash: None, state: TransactionState::NotSent });
            let Some(now) = sent.last_mut() else { break };
            let hash = match sender.send(wallet.as_wallet(), transaction, *cost).await {
                Ok(hash) => hash,
                Err(error) => {
                    if let SetupError::NotSent { hash, .. } = &error {
                        now.hash = Some(*hash);
                    }
                    return Err(error.into());
                }
            };
            *now = Sent { hash: Some(hash), state: TransactionState::Sent };
            context.output.note(format_args!("{number} of {all}: {what}: sent as {hash}"));
            let ended = sender.confirm(hash, transaction).await;
            now.state = match &ended {
                Ok(()) => TransactionState::Mined,
                Err(SetupError::Reverted { .. } | SetupError::NotReadBack { .. }) => {
                    TransactionState::Failed
                }
                Err(_) => TransactionState::Sent,
            };
            ended?;
            context.output.note(format_args!("{number} of {all}: mined"));
        }
        Ok(())
    });
    ended.map_err(|error| interrupted(error, sent))
}

/// Ctrl-C stops the waiting, not what was sent.
fn interrupted(error: CliError, sent: &[Sent]) -> CliError {
    let waiting = sent.last().filter(|last| last.state == TransactionState::Sent);
    let Some(hash) = waiting.and_then(|last| last.hash) else { return error };
    match error.exit {
        Exit::Interrupted => error.hint(format!(
            "{hash} was sent and may be mined yet; the same command again sends only what is \
             missing then"
        )),
        _ => error,
    }
}

/// Shows what would be sent, and asks.
fn ask(prepared: &Prepared, context: &Context) -> Result<bool, CliError> {
    let Prepared { plan, costs, .. } = prepared;
    let question = match costs.len() {
        1 => "Send this transaction".to_owned(),
        count => format!("Send these {count} transactions"),
    };
    let all = plan.transactions.iter().zip(costs).enumerate();
    // Without somebody who reads them they stand in the report alone.
    for (number, (transaction, cost)) in all.filter(|_| prompt::has_terminal()) {
        context.output.ask_about(format_args!(
            "{}. {}\n   gas {}, at most {} ether",
            number + 1,
            transaction.description,
            cost.gas,
            show::ether(cost.at_most() + transaction.value)
        ));
    }
    prompt::confirm(&question, "--yes to send without asking, or --calldata to send nothing")
}
