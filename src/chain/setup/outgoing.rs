//! The nodes as a wallet uses them that signs here: they complete its transaction, and send it.

use std::fmt;
use std::time::{Duration, Instant};

use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Address, B256, keccak256};
use async_trait::async_trait;

use super::SetupError;
use super::fees::fees;
use crate::chain::{Answer, ChainError, Rpc};
use crate::wallet::{Node, NodeError};

/// More gas than was estimated, in hundredths: the chain may change until it is mined.
const GAS_MARGIN: u64 = 120;

/// A gas limit: the estimate, and a margin.
pub(super) async fn gas(rpc: &Rpc, request: TransactionRequest) -> Result<u64, ChainError> {
    let gas = |node: RootProvider| async move { node.estimate_gas(request).await };
    let gas = rpc.ask("the gas of a transaction", gas).await?.value;
    Ok(gas.saturating_mul(GAS_MARGIN) / 100)
}

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
/// twice.
///
/// # Errors
/// [`SetupError::Pending`] while some wait to be mined; when the nodes fail, or do not agree.
pub(super) async fn next_nonce(rpc: &Rpc, from: Address) -> Result<u64, SetupError> {
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
        let Some(count) = known.checked_sub(mined).filter(|count| *count > 0) else {
            return Ok(mined);
        };
        if began.elapsed() >= GRACE {
            return Err(SetupError::Pending { sender: from, count });
        }
        tokio::time::sleep(POLL).await;
    }
}

pub(super) struct Outgoing<'a> {
    pub(super) rpc: &'a Rpc,
    pub(super) chain_id: u64,
    /// Hears of a transaction before the nodes do.
    pub(super) signed: &'a (dyn Fn(B256) + Sync),
}

#[async_trait]
impl Node for Outgoing<'_> {
    async fn fill(
        &self,
        mut transaction: TransactionRequest,
    ) -> Result<TransactionRequest, NodeError> {
        transaction.chain_id.get_or_insert(self.chain_id);
        if transaction.nonce.is_none() {
            let from = transaction.from.ok_or("the transaction has no sender")?;
            transaction.nonce = Some(next_nonce(self.rpc, from).await?);
        }
        if transaction.gas.is_none() {
            transaction.gas = Some(gas(self.rpc, transaction.clone()).await?);
        }
        if transaction.max_fee_per_gas.is_none() || transaction.max_priority_fee_per_gas.is_none() {
            let fees = fees(self.rpc).await?;
            transaction.max_fee_per_gas.get_or_insert(fees.max_fee_per_gas());
            transaction.max_priority_fee_per_gas.get_or_insert(fees.tip);
        }
        Ok(transaction)
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<B256, NodeError> {
        let hash = keccak256(raw);
        (self.signed)(hash);
        let send = |node: RootProvider| async move { node.send_raw_transaction(raw).await };
        let Err(error) = self.rpc.ask("sending a transaction", send).await else { return Ok(hash) };
        // Its answer was lost, and sent again, by the retry or to the next node, it was refused.
        let find = |node: RootProvider| async move { node.get_transaction_by_hash(hash).await };
        match self.rpc.ask("a transaction", find).await {
            Ok(Answer { value: Some(_), .. }) => Ok(hash),
            _ => Err(error.into()),
        }
    }
}
