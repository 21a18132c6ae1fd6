//! A payment that was begun before: waited for, never made again unasked.

use std::sync::{Mutex, PoisonError};

use alloy_primitives::U256;
use namesys::chain::setup::{Sender, SetupError, SetupTransaction};
use namesys::invoice::Payment;
use namesys::report::{ErrorKind, TransactionReport, TransactionState};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};

/// What may be done about a payment that was begun before.
const AGAIN: &str = "look the wallet's transfers up; --again pays it (once more)";

/// It was paid, or is being paid, and is not paid again.
pub fn begun_before(before: &Payment) -> CliError {
    let how = match before.transaction {
        Some(hash) => format!("as {hash}"),
        None => "and it is not known whether that was sent".to_owned(),
    };
    let message = format!(
        "this invoice was paid from here before, {} wei to {}, {how}",
        before.value, before.to
    );
    CliError::new(Exit::Failed, ErrorKind::PaidBefore, message).hint(AGAIN)
}

/// Waits for what was sent before, and says what came of it.
///
/// # Errors
/// Where it is not known whether it was sent, where it failed, and where the nodes do not know it.
pub fn paid_before(
    sender: &Sender,
    before: &Payment,
    transaction: &SetupTransaction,
    report: &mut TransactionReport,
    context: &Context,
) -> Result<(), CliError> {
    let Some(hash) = before.transaction else {
        return Err(begun_before(before));
    };
    // The file may be a stranger's.
    if context.block_on(async { Ok(sender.is_of(hash, transaction).await?) })? == Some(false) {
        let message = format!(
            "{hash} is said to have paid this invoice, and it is no transfer of {} wei to {}",
            before.value, before.to
        );
        return Err(CliError::new(Exit::Failed, ErrorKind::BadFile, message)
            .hint(".namesys/invoices.json says so; --again pays it, where nothing else did"));
    }
    context.output.note(format_args!("it was paid from here before, as {hash}"));
    report.hash = Some(hash.to_string());
    report.state = TransactionState::Sent;
    let paid = Mutex::new(None::<U256>);
    let lock = || paid.lock().unwrap_or_else(PoisonError::into_inner);
    let mined = |cost: U256| *lock() = Some(cost);
    let ended = context.block_on(async {
        let ended = sender.confirm(hash, transaction, &mined).await;
        if let Err(SetupError::Reverted { .. }) = &ended {
            report.state = TransactionState::Failed;
        }
        Ok(ended?)
    });
    report.cost = lock().map(|cost| cost.to_string());
    ended.map_err(|error| CliError { hint: Some(AGAIN.to_owned()), ..error })?;
    report.state = TransactionState::Mined;
    Ok(())
}
