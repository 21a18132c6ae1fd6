//! What became of a payment that was begun before.

use alloy_primitives::B256;
use namesys::chain::Rpc;
use namesys::chain::setup::Sender;
use namesys::report::ErrorKind;
use namesys::stealth::{
    Asset, Fate, PendingPayment, Stage, announced, fate, metadata, paid_ether, transferred,
};

use super::kept::{Kept, Part, transaction};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};

/// Looks at each transaction, and keeps what is found. The file says what was done, and the chain
/// whether that is so: a fork may have undone it, and the file may be a stranger's.
pub fn settle(
    kept: &Kept<'_>,
    sender: &Sender,
    prints: bool,
    context: &Context,
) -> Result<(), CliError> {
    for part in kept.parts() {
        let payment = kept.payment();
        let is_there = || is_there(&payment, part, &sender.rpc, context);
        let now = match kept.stage(part) {
            Stage::Sent { hash } => {
                let became = context.block_on(async { Ok(fate(&sender.rpc, hash).await?) })?;
                if became == Fate::Waits {
                    context.output.note(format_args!("{hash} was sent and waits to be mined"));
                    let transaction = transaction(&payment, part);
                    context.block_on(async {
                        Ok(sender.confirm(hash, &transaction, &|_| {}).await?)
                    })?;
                }
                match (became, is_there()?) {
                    (_, true) => Stage::Mined,
                    (Fate::Mined | Fate::Waits, false) => return Err(not_shown(hash, &payment)),
                    // Another wallet has nonces of its own: this one may be mined yet.
                    (Fate::Unknown, false) if prints => Stage::Handed,
                    // What no node knows cannot be mined beside the next one: that takes the lowest
                    // nonce that is free.
                    (Fate::Reverted | Fate::Unknown, false) => Stage::NotSent,
                }
            }
            stage @ (Stage::Handed | Stage::Printed) if !is_there()? => stage,
            // Also of what is not known to be sent: its hash may not have reached the disk.
            Stage::Mined | Stage::NotSent if !is_there()? => Stage::NotSent,
            Stage::Handed | Stage::Printed | Stage::Mined | Stage::NotSent => Stage::Mined,
        };
        if now != kept.stage(part) {
            kept.put(part, now)?;
        }
    }
    Ok(())
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

/// Whether the chain shows it, whoever sent it.
fn is_there(
    payment: &PendingPayment,
    part: Part,
    rpc: &Rpc,
    context: &Context,
) -> Result<bool, CliError> {
    let PendingPayment { begun, address, amount, view_tag, .. } = *payment;
    let (said, to) = (metadata(view_tag, payment.asset(), amount), payment.to());
    context.block_on(async {
        Ok(match (part, payment.asset()) {
            (Part::Announcement, Asset::Ether) => {
                announced(rpc, begun, &to, &said).await? && paid_ether(rpc, address, amount).await?
            }
            (Part::Announcement, Asset::Token(_)) => announced(rpc, begun, &to, &said).await?,
            (Part::Transfer, Asset::Token(token)) => {
                transferred(rpc, begun, token, address, amount).await?
            }
            (Part::Transfer, Asset::Ether) => false,
        })
    })
}
