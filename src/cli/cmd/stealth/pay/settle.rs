//! What became of a payment that was begun before.

use alloy::rpc::types::Log;
use alloy_primitives::{B256, U256};
use namesys::chain::setup::Sender;
use namesys::chain::{ChainError, ChainView, Rpc};
use namesys::report::ErrorKind;
use namesys::stealth::{
    Asset, Fate, PendingPayment, Stage, Transfer, announced, announces, fate, metadata,
    mined_count, paid_ether, token_balance,
};

use super::kept::{Kept, Part, transaction};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};

/// So many blocks a fork may be deep.
const FORK: u64 = 64;

/// Looks at each transaction, and keeps what is found. The file says what was done, and the chain
/// whether that is so: a fork may have undone it, and the file may be a stranger's.
pub fn settle(kept: &Kept<'_>, sender: &Sender, context: &Context) -> Result<(), CliError> {
    for part in kept.parts() {
        let look = Look { payment: kept.payment(), part, sender, context };
        let now = look.now(kept.stage(part))?;
        if now != kept.stage(part) {
            kept.put(part, now)?;
        }
    }
    Ok(())
}

/// Whether a transaction that was mined did what it was to do, by its receipt: a wallet that is a
/// contract may have called in vain, and a token may move less than it is asked for, or nothing.
///
/// # Errors
/// Where the nodes do not have it in a block; exit 3 where it did nothing.
pub fn check_done(
    payment: &PendingPayment,
    (part, hash): (Part, B256),
    sender: &Sender,
    context: &Context,
) -> Result<(), CliError> {
    let Fate::Mined { logs } = context.block_on(async { Ok(fate(&sender.rpc, hash).await?) })?
    else {
        let message = format!("{hash} was mined, and the nodes have no receipt of it now");
        return Err(CliError::new(Exit::Failed, ErrorKind::Rpc, message)
            .hint("the same command again looks what it did"));
    };
    let in_vain = |what: String, hint: &str| {
        let message = format!("{hash} is mined, and {what}");
        Err(CliError::new(Exit::Unverified, ErrorKind::NotReadBack, message).hint(hint))
    };
    if part == Part::Announcement {
        let said = metadata(payment.view_tag, payment.asset(), payment.amount);
        return match announces(&logs, &payment.to(), &said) {
            true => Ok(()),
            false => in_vain(
                format!("it does not announce the payment to {}", payment.address),
                "see what the transaction did; the same command again looks at the chain first",
            ),
        };
    }
    let arrived = context.block_on(async { Ok(arrived(payment, &logs, &sender.rpc).await?) })?;
    if arrived.is_zero() {
        let (token, to) = (payment.asset, payment.address);
        return in_vain(
            format!("the token {token} moved nothing to {to}: nothing was paid"),
            "the token refused without saying so; the same command again would try once more",
        );
    }
    warn_of_less(payment, arrived, context);
    Ok(())
}

fn warn_of_less(payment: &PendingPayment, arrived: U256, context: &Context) {
    if arrived < payment.amount {
        context.output.warn(format_args!(
            "of {} units that were paid, {arrived} arrived at {}: the token {} keeps some of what \
             it moves",
            payment.amount, payment.address, payment.asset
        ));
    }
}

/// What a transaction brought, by the token's logs; of a token that logs nothing, what the fresh
/// address has.
async fn arrived(payment: &PendingPayment, logs: &[Log], rpc: &Rpc) -> Result<U256, ChainError> {
    let arrived = moved(payment).arrived(logs);
    if !arrived.is_zero() {
        return Ok(arrived);
    }
    arrived_silently(payment, &rpc.at(rpc.latest().await?.value)).await
}

/// What the address has of a token that logs nothing; less than the amount may be anybody's.
async fn arrived_silently(payment: &PendingPayment, at: &ChainView) -> Result<U256, ChainError> {
    let has = token_balance(at, payment.asset, payment.address).await?;
    Ok(if has >= payment.amount { payment.amount } else { U256::ZERO })
}

fn moved(payment: &PendingPayment) -> Transfer {
    let PendingPayment { asset: token, from: payer, address, amount, .. } = *payment;
    Transfer { token, payer, address, amount }
}

/// At one transaction of a payment.
struct Look<'a> {
    payment: PendingPayment,
    part: Part,
    sender: &'a Sender,
    context: &'a Context,
}

impl Look<'_> {
    fn now(&self, kept: Stage) -> Result<Stage, CliError> {
        if let Stage::Sent { hash, .. } = kept
            && let Some(now) = self.by_receipt(hash)?
        {
            return Ok(now);
        }
        let (is_there, count) = self.by_chain()?;
        Ok(match (is_there, kept) {
            (true, _) => Stage::Mined,
            (false, Stage::Handed | Stage::Printed) => kept,
            (false, Stage::Mined | Stage::NotSent) => Stage::NotSent,
            (false, Stage::Numbered { .. } | Stage::Sent { .. }) => match (kept.nonce(), count) {
                // Another transaction has its number, so that it cannot be mined.
                (Some(nonce), Some(count)) if count > nonce => Stage::NotSent,
                (Some(_), _) => kept,
                // A wallet that sends by itself has numbers of its own: it may be mined yet.
                (None, _) => Stage::Handed,
            },
        })
    }

    /// By the transaction that was sent; `None` where it does not say.
    fn by_receipt(&self, hash: B256) -> Result<Option<Stage>, CliError> {
        let Self { payment, part, sender, context } = self;
        let ask = || context.block_on(async { Ok(fate(&sender.rpc, hash).await?) });
        let mut became = ask()?;
        if became == Fate::Waits {
            context.output.note(format_args!("{hash} was sent and waits to be mined"));
            let transaction = transaction(payment, *part);
            context.block_on(async { Ok(sender.confirm(hash, &transaction, &|_| {}).await?) })?;
            became = ask()?;
        }
        let logs = match became {
            Fate::Mined { logs } => logs,
            // Somebody else may have paid in its place.
            Fate::Reverted if !self.by_chain()?.0 => return Ok(Some(Stage::NotSent)),
            Fate::Reverted | Fate::Waits | Fate::Unknown => return Ok(None),
        };
        if *part == Part::Transfer {
            let rpc = &sender.rpc;
            let arrived = context.block_on(async { Ok(arrived(payment, &logs, rpc).await?) })?;
            if !arrived.is_zero() {
                warn_of_less(payment, arrived, context);
                return Ok(Some(Stage::Mined));
            }
            let is_there = self.by_chain()?.0;
            if !is_there {
                context.output.warn(format_args!(
                    "{hash} is mined, and the token {} moved nothing to {}",
                    payment.asset, payment.address
                ));
            }
            return Ok(Some(if is_there { Stage::Mined } else { Stage::NotSent }));
        }
        // Somebody else's transaction may announce the same: of ether that is not all.
        let is_announced = announces(&logs, &payment.to(), &self.said());
        match (is_announced && payment.asset() != Asset::Ether) || self.by_chain()?.0 {
            true => Ok(Some(Stage::Mined)),
            false => Err(not_shown(hash, payment)),
        }
    }

    /// Whether the chain shows it, whoever sent it, and how many transactions of the payer it has:
    /// all at one block, by as many nodes as must agree.
    fn by_chain(&self) -> Result<(bool, Option<u64>), CliError> {
        let Self { payment, sender, context, .. } = self;
        let rpc = &sender.rpc;
        let (view, count) = context.block_on(async {
            let view = rpc.at(rpc.latest().await?.value);
            let count = match payment.from {
                Some(from) => Some(mined_count(&view, from).await?),
                None => None,
            };
            Ok((view, count))
        })?;
        let newest = view.block().number;
        if payment.begun > newest {
            return Err(unchecked(format!(
                "the payment to {} was begun at block {}, and the newest is {newest}",
                payment.address, payment.begun
            )));
        }
        // A fork may have moved it.
        let since = payment.begun.saturating_sub(FORK);
        let is_there = match (self.part, payment.asset()) {
            (Part::Announcement, asset) => {
                let (to, said) = (payment.to(), self.said());
                let (announced, paid) = context.block_on(async {
                    let paid = match asset {
                        Asset::Token(_) => false,
                        Asset::Ether => paid_ether(&view, to.address, payment.amount).await?,
                    };
                    Ok((announced(rpc, (since, &view), &to, &said).await?, paid))
                })?;
                // Nobody else knows the address before it is announced.
                if paid && !announced {
                    return Err(unchecked(format!(
                        "{} has what is paid, and the nodes do not show the announcement",
                        payment.address
                    )));
                }
                announced && (paid || asset != Asset::Ether)
            }
            (Part::Transfer, Asset::Token(_)) => {
                let moved = moved(payment);
                let arrived = context.block_on(async {
                    let arrived = moved.arrived_since(rpc, (since, &view)).await?;
                    match arrived.is_zero() {
                        true => Ok(arrived_silently(payment, &view).await?),
                        false => Ok(arrived),
                    }
                })?;
                if !arrived.is_zero() {
                    warn_of_less(payment, arrived, context);
                }
                !arrived.is_zero()
            }
            (Part::Transfer, Asset::Ether) => false,
        };
        Ok((is_there, count))
    }

    fn said(&self) -> alloy_primitives::Bytes {
        let payment = &self.payment;
        metadata(payment.view_tag, payment.asset(), payment.amount)
    }
}

/// What can be neither said to be paid nor not to be.
fn unchecked(message: String) -> CliError {
    CliError::new(Exit::Failed, ErrorKind::Pending, message)
        .hint("nothing was sent; ask again, or another node: --rpc-url")
}

fn not_shown(hash: B256, payment: &PendingPayment) -> CliError {
    let message = format!(
        "{hash} is mined, and the chain does not show the payment to {} that it is said to be",
        payment.address
    );
    CliError::new(Exit::Failed, ErrorKind::BadFile, message).hint(
        "nothing was sent; ask another node, or see what the transaction did: \
         .namesys/stealth/payments.json says that it is this payment",
    )
}
