//! The nodes as a wallet uses them that signs here: they complete its transaction, and send it.

use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{B256, keccak256};
use async_trait::async_trait;

use super::fees::fees;
use super::nonce::next_nonce;
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
            transaction.nonce = Some(next_nonce(self.rpc, from, 0).await?);
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
