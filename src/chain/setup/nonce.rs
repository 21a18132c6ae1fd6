//! Which number a transaction has among those of its sender.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use alloy::providers::{Provider, RootProvider};
use alloy_primitives::Address;

use super::SetupError;
use crate::chain::{ChainError, Rpc};

/// How long transactions that wait may take until nothing more is sent: nodes of a pool learn of
/// a block within seconds.
const GRACE: Duration = Duration::from_secs(5);
/// Between two looks at them.
const POLL: Duration = Duration::from_millis(500);

/// How many transactions an account has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    /// Those that are mined.
    mined: u64,
    /// With those that wait to be.
    known: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.known.saturating_sub(self.mined);
        write!(f, "{} mined, {waiting} waiting", self.mined)
    }
}

/// The number of the next transaction of `from`: the count of those that are mined, never of those
/// that wait. What is sent again then takes the place of what it repeats, and cannot be paid for
/// twice. `least` are known to be mined: of a pool, a node that is asked later may not have seen
/// it yet, and would have the next one take the place of the last.
///
/// # Errors
/// [`SetupError::Pending`] while some wait to be mined; when the nodes fail, or do not agree.
pub(super) async fn next_nonce(rpc: &Rpc, from: Address, least: u64) -> Result<u64, SetupError> {
    let began = Instant::now();
    loop {
        let counts = |node: RootProvider| async move {
            let mined = node.get_transaction_count(from).latest().await?;
            let known = node.get_transaction_count(from).pending().await?;
            Ok(Counts { mined, known })
        };
        let what = format!("the transactions of {from}");
        let Counts { mined, known } = match rpc.agreed(&what, counts).await {
            Ok(answer) => answer.value,
            // What waits is no fact of the chain: each node has heard of other transactions.
            Err(ChainError::Disagreement { .. }) if began.elapsed() < GRACE => {
                tokio::time::sleep(POLL).await;
                continue;
            }
            Err(error @ ChainError::Disagreement { .. }) => {
                let mined = |node: RootProvider| async move {
                    node.get_transaction_count(from).latest().await
                };
                return match rpc.agreed(&what, mined).await {
                    Ok(_) => Err(SetupError::Pending { sender: from, count: 1 }),
                    Err(_) => Err(error.into()),
                };
            }
            Err(error) => return Err(error.into()),
        };
        if mined < least && began.elapsed() < GRACE {
            tokio::time::sleep(POLL).await;
            continue;
        }
        let mined = mined.max(least);
        let Some(count) = known.checked_sub(mined).filter(|count| *count > 0) else {
            return Ok(mined);
        };
        if began.elapsed() >= GRACE {
            return Err(SetupError::Pending { sender: from, count });
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The nonces of transactions that were sent one after the other, each once the one before was
/// mined. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Nonces(Arc<Mutex<HashMap<Address, u64>>>);

impl Nonces {
    pub(super) fn used(&self, from: Address, nonce: u64) {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        next.insert(from, nonce.saturating_add(1));
    }

    /// The lowest that was not used.
    pub(super) fn after(&self, from: Address) -> u64 {
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        next.get(&from).copied().unwrap_or(0)
    }
}

#[cfg(test)]
#[path = "nonce_tests.rs"]
mod tests;
