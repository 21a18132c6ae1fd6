//! What became of a payment that was begun before.

use namesys::chain::Rpc;
use namesys::chain::setup::Sender;
use namesys::stealth::{
    Asset, Fate, PendingPayment, Stage, announced, fate, metadata, paid_ether, transferred,
};

use super::kept::{Kept, Part, transaction};
use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Looks at each transaction, and keeps what is found.
pub fn settle(kept: &Kept<'_>, sender: &Sender, context: &Context) -> Result<(), CliError> {
    for part in kept.missing() {
        let payment = kept.payment();
        let now = match kept.stage(part) {
            Stage::Sent { hash } => {
                match context.block_on(async { Ok(fate(&sender.rpc, hash).await?) })? {
                    Fate::Mined => Stage::Mined,
                    Fate::Reverted => Stage::NotSent,
                    Fate::Waits => {
                        context.output.note(format_args!("{hash} was sent and waits to be mined"));
                        let transaction = transaction(&payment, part);
                        context.block_on(async {
                            Ok(sender.confirm(hash, &transaction, &|_| {}).await?)
                        })?;
                        Stage::Mined
                    }
                    // Another may have taken its place in the wallet. What no node knows cannot be
                    // mined beside the next one: that takes the lowest nonce that is free.
                    Fate::Unknown => match is_there(&payment, part, &sender.rpc, context)? {
                        true => Stage::Mined,
                        false => Stage::NotSent,
                    },
                }
            }
            // Also of what is not known to be sent: its hash may not have reached the disk.
            stage @ (Stage::Handed | Stage::Printed | Stage::NotSent) => {
                match is_there(&payment, part, &sender.rpc, context)? {
                    true => Stage::Mined,
                    false => stage,
                }
            }
            Stage::Mined => Stage::Mined,
        };
        if now != kept.stage(part) {
            kept.put(part, now)?;
        }
    }
    Ok(())
}

/// Whether the chain shows it, whoever sent it.
fn is_there(
    payment: &PendingPayment,
    part: Part,
    rpc: &Rpc,
    context: &Context,
) -> Result<bool, CliError> {
    let PendingPayment { begun, address, amount, view_tag, .. } = *payment;
    let said = metadata(view_tag, payment.asset(), amount);
    context.block_on(async {
        Ok(match (part, payment.asset()) {
            (Part::Announcement, Asset::Ether) => {
                announced(rpc, begun, address, &said).await?
                    && paid_ether(rpc, address, amount).await?
            }
            (Part::Announcement, Asset::Token(_)) => announced(rpc, begun, address, &said).await?,
            (Part::Transfer, Asset::Token(token)) => {
                transferred(rpc, begun, token, address, amount).await?
            }
            (Part::Transfer, Asset::Ether) => false,
        })
    })
}
