//! Whether the chain shows a payment: in the receipt of its transaction, or in the logs since it was
//! begun, whoever sent it.

use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::Log;
use alloy::sol_types::SolEvent;
use alloy_primitives::{Address, B256, Bytes, U256};

use super::ask::Fact;
use super::contracts::calls;
use super::logs::{announcements_of, comparable, transfers_to};
use super::{Announcement, ReadLog, StealthAddress, balance, mined_count};
use crate::chain::{ChainError, ChainView, Rpc};

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It is in a block.
    Mined {
        /// What it logged.
        logs: Vec<Log>,
    },
    /// It is in a block, and did nothing.
    Reverted,
    /// The nodes have it, and no block.
    Waits,
    /// The nodes do not know it.
    Unknown,
}

/// Asks what became of a transaction: whether it is in a block, by as many nodes as must agree.
///
/// # Errors
/// When the nodes fail, or do not agree.
pub async fn fate(rpc: &Rpc, hash: B256) -> Result<Fate, ChainError> {
    let receipt = |node: RootProvider| async move {
        let receipt = node.get_transaction_receipt(hash).await?;
        Ok(Fact(receipt.map(|receipt| {
            let logs = receipt.inner.logs().iter().cloned().map(comparable).collect::<Vec<_>>();
            (receipt.status(), logs)
        })))
    };
    match rpc.agreed("the receipt of a transaction", receipt).await?.value.0 {
        Some((true, logs)) => return Ok(Fate::Mined { logs }),
        Some((false, _)) => return Ok(Fate::Reverted),
        None => {}
    }
    let find = |node: RootProvider| async move { node.get_transaction_by_hash(hash).await };
    let found = rpc.ask("a transaction", find).await?.value;
    Ok(if found.is_some() { Fate::Waits } else { Fate::Unknown })
}

/// Whether ether that was announced is at an address at a block, or was there: its account sent
/// something since.
///
/// # Errors
/// When the nodes fail, or do not agree.
pub async fn paid_ether(
    view: &ChainView,
    address: Address,
    amount: U256,
) -> Result<bool, ChainError> {
    Ok(balance(view, address).await? >= amount || mined_count(view, address).await? > 0)
}

/// Whether logs have the announcement of an address with exactly this metadata.
pub fn announces(logs: &[Log], to: &StealthAddress, metadata: &Bytes) -> bool {
    logs.iter().any(|log| match Announcement::read(log) {
        // With another key the payee would not find it: anybody may announce the same address.
        ReadLog::Announcement(found) => {
            found.address == to.address
                && found.metadata == *metadata
                && found.ephemeral[..] == to.ephemeral.bytes()
        }
        _ => false,
    })
}

/// The same of the blocks from `from` up to that of `view`.
///
/// # Errors
/// When the nodes fail.
pub async fn announced(
    rpc: &Rpc,
    (from, view): (u64, &ChainView),
    to: &StealthAddress,
    metadata: &Bytes,
) -> Result<bool, ChainError> {
    let logs = announcements_of(rpc, to.address, from, view.block().number).await?;
    Ok(announces(&logs, to, metadata))
}

/// A transfer of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its contract.
    pub token: Address,
    /// Who pays, where that is known.
    pub payer: Option<Address>,
    /// Who is paid.
    pub address: Address,
    /// How much is meant, in the token's smallest unit.
    pub amount: U256,
}

impl Transfer {
    /// How much of it arrived, by the token's own logs: a token may move less than it is asked for,
    /// or nothing, and say no word. What others sent counts where it is exactly the amount:
    /// anybody may send anything to an address that was announced.
    pub fn arrived(&self, logs: &[Log]) -> U256 {
        let one = |log: &Log| {
            if log.removed || log.address() != self.token {
                return None;
            }
            let found = calls::Transfer::decode_log(&log.inner).ok()?;
            let is_of = Some(found.from) == self.payer || found.value == self.amount;
            (found.to == self.address && is_of).then_some(found.value)
        };
        logs.iter().filter_map(one).fold(U256::ZERO, U256::saturating_add)
    }

    /// The same of the blocks from `from` up to that of `view`.
    ///
    /// # Errors
    /// When the nodes fail.
    pub async fn arrived_since(
        &self,
        rpc: &Rpc,
        (from, view): (u64, &ChainView),
    ) -> Result<U256, ChainError> {
        let to = (self.token, self.address);
        Ok(self.arrived(&transfers_to(rpc, to, from, view.block().number).await?))
    }
}
