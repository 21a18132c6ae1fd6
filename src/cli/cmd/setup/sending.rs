//! Asks, sends one transaction after the other, and waits for each.

use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::{B256, U256};
use namesys::chain::setup::{SetupError, ether};
use namesys::report::{ErrorKind, TransactionState};

use super::prepared::Prepared;
use super::show::{Ended, Sent, Shown, done};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::prompt;

/// Sends what was confirmed. Whatever happens, the report says what came of each transaction.
pub fn run(
    yes: bool,
    prepared: &Prepared,
    wallet: &OpenWallet,
    context: &Context,
) -> Result<Ended, CliError> {
    let mut shown = Shown::default();
    let ended = match allowed(yes, prepared, context) {
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

/// Whether balance and person let them be sent.
fn allowed(yes: bool, prepared: &Prepared, context: &Context) -> Result<bool, CliError> {
    let Prepared { standing, plan, costs, sender, .. } = prepared;
    let sum = sender.check_cost(&plan.transactions, costs)?;
    let (sum, limit) = (ether(sum), ether(sender.max_cost));
    let sum =
        format!("in all at most {sum} ether, gas and what is sent along (--max-cost {limit})");
    context.block_on(async {
        sender.check_pending(standing.sender).await?;
        Ok(sender.check_funds(standing.sender, &plan.transactions, costs).await?)
    })?;
    match yes {
        true => {
            context.output.note(sum);
            Ok(true)
        }
        false => ask(prepared, &sum, context),
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
    // Kept where it is seen after Ctrl-C too.
    let so_far = Mutex::new(Vec::new());
    let now = |hash: B256, state| {
        if let Some(last) = lock(&so_far).last_mut() {
            *last = Sent { hash: Some(hash), state, ..*last };
        }
    };
    let paid = |cost: U256| {
        if let Some(last) = lock(&so_far).last_mut() {
            last.cost = Some(cost);
        }
    };
    wallet.announce(all);
    let ended = context.block_on(async {
        for (number, (transaction, cost)) in plan.transactions.iter().zip(costs).enumerate() {
            let (number, what) = (number + 1, &transaction.description);
            lock(&so_far).push(Sent::default());
            let signed = |hash| now(hash, TransactionState::NotSent);
            wallet.explain(what);
            let hash = sender.send(wallet.as_wallet(), transaction, *cost, &signed).await?;
            now(hash, TransactionState::Sent);
            context.output.note(format_args!("{number} of {all}: {what}: sent as {hash}"));
            let ended = sender.confirm(hash, transaction, &paid).await;
            match &ended {
                Ok(()) => now(hash, TransactionState::Mined),
                Err(SetupError::Reverted { .. } | SetupError::NotReadBack { .. }) => {
                    now(hash, TransactionState::Failed);
                }
                Err(_) => {}
            }
            ended?;
            context.output.note(format_args!("{number} of {all}: mined"));
        }
        Ok(())
    });
    *sent = std::mem::take(&mut lock(&so_far));
    ended.map_err(|error| interrupted(error, sent))
}

fn lock(so_far: &Mutex<Vec<Sent>>) -> MutexGuard<'_, Vec<Sent>> {
    // A thread that panicked left whole entries behind.
    so_far.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ctrl-C stops the waiting, not what was handed to the nodes.
fn interrupted(error: CliError, sent: &[Sent]) -> CliError {
    let Some(Sent { hash: Some(hash), state, .. }) = sent.last() else { return error };
    let hint = match (error.exit, state) {
        (Exit::Interrupted, TransactionState::Sent) => format!(
            "{hash} was sent and may be mined yet; the same command again sends only what is \
             missing then"
        ),
        (Exit::Interrupted, TransactionState::NotSent) => format!(
            "{hash} may have been sent: look it up before you run the same again, which sends \
             only what is missing"
        ),
        _ => return error,
    };
    error.hint(hint)
}

/// Shows what would be sent, and asks.
fn ask(prepared: &Prepared, sum: &str, context: &Context) -> Result<bool, CliError> {
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
            ether(cost.at_most().saturating_add(transaction.value))
        ));
    }
    if prompt::has_terminal() {
        context.output.ask_about(format_args!("{sum}"));
    }
    prompt::confirm(&question, "--yes to send without asking, or --calldata to send nothing")
}
