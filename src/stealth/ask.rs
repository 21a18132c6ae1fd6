//! What the nodes say: announcements, balances, code.

use std::fmt;

use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::{Filter, Log};
use alloy::sol_types::SolEvent;
use alloy_primitives::{Address, B256, Bytes, U256};

use super::contracts::calls;
use super::{ANNOUNCER, Announcement, REGISTRY, ReadLog, SCHEME, StealthAddress};
use crate::chain::{BlockReader, ChainError, ChainView, Rpc};

/// Blocks that are asked for at first, and at most.
const BLOCKS: (u64, u64) = (10_000, 640_000);
/// With fewer logs than that the next range is larger.
const FEW: usize = 2_000;
/// No token has more decimals: the unit would not fit into the largest amount.
const MAX_DECIMALS: u8 = 77;
/// More of a symbol is not shown, in characters.
const MAX_SYMBOL: usize = 16;

/// How many blocks are asked for at a time. A node that refuses a range, for its width or for what
/// is in it, is asked for half of it.
#[derive(Clone, Copy, Debug)]
pub struct Range(u64);

impl Default for Range {
    fn default() -> Self {
        Self(BLOCKS.0)
    }
}

/// The announcements in the blocks from `from` on, at most up to `to`, and up to which they are.
///
/// # Errors
/// When the nodes refuse even a single block, or cannot be asked at all.
pub async fn read_announcements(
    rpc: &Rpc,
    range: &mut Range,
    from: u64,
    to: u64,
) -> Result<(Vec<Log>, u64), ChainError> {
    loop {
        let through = from.saturating_add(range.0 - 1).min(to);
        let filter = Filter::new()
            .address(ANNOUNCER)
            .event_signature(calls::Announcement::SIGNATURE_HASH)
            .topic1(B256::from(SCHEME))
            .from_block(from)
            .to_block(through);
        let what = format!("the announcements of blocks {from} to {through}");
        let logs = |node: RootProvider| async move { node.get_logs(&filter).await };
        // What is refused for its size is not asked for again in the same size.
        match rpc.without_retries().ask(&what, logs).await {
            Ok(answer) => {
                if answer.value.len() < FEW {
                    range.0 = (range.0 * 2).min(BLOCKS.1);
                }
                return Ok((answer.value, through));
            }
            Err(error) => {
                // It fails at anything.
                rpc.latest().await?;
                if through == from {
                    return Err(error);
                }
                range.0 = (through - from).div_ceil(2).max(1);
            }
        }
    }
}

/// A fact that nodes must agree on.
#[derive(Clone, Debug, PartialEq)]
struct Fact<T>(T);

impl<T: fmt::Debug> fmt::Display for Fact<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much ether an account has, in wei.
///
/// # Errors
/// When the nodes fail, or do not agree.
pub async fn balance(view: &ChainView, account: Address) -> Result<U256, ChainError> {
    let asked = |at: BlockReader| async move {
        let what = "a balance";
        let asked = at.provider().get_balance(account).block_id(at.block_id()).await;
        asked.map(Fact).map_err(|error| at.error(what, &error))
    };
    Ok(view.agreed("a balance", asked).await?.value.0)
}

/// Whether ether that was announced is at an address, or was there: its account sent something
/// since.
///
/// # Errors
/// When the nodes fail.
pub async fn paid_ether(rpc: &Rpc, address: Address, amount: U256) -> Result<bool, ChainError> {
    if balance(&rpc.at(rpc.latest().await?.value), address).await? >= amount {
        return Ok(true);
    }
    let count = |node: RootProvider| async move { node.get_transaction_count(address).await };
    Ok(rpc.ask("the transactions of an address", count).await?.value > 0)
}

/// How much of a token an account has.
///
/// # Errors
/// When the nodes fail, do not agree, or the contract is no token.
pub async fn token_balance(
    view: &ChainView,
    token: Address,
    account: Address,
) -> Result<U256, ChainError> {
    let balance = |at: BlockReader| async move {
        at.require(token, calls::balanceOfCall { account }).await.map(Fact)
    };
    Ok(view.agreed("a balance of a token", balance).await?.value.0)
}

/// The meta-address that an account registered, as the registry keeps it; empty without one.
///
/// # Errors
/// When the nodes fail, do not agree, or there is no registry.
pub async fn registered(view: &ChainView, registrant: Address) -> Result<Vec<u8>, ChainError> {
    let call = move || calls::stealthMetaAddressOfCall { registrant, schemeId: SCHEME };
    let kept = |at: BlockReader| async move { at.require(REGISTRY, call()).await.map(Fact) };
    Ok(view.agreed("what is registered", kept).await?.value.0.to_vec())
}

/// What a token says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its contract.
    pub contract: Address,
    /// Digits behind the point.
    pub decimals: u8,
    /// Its short name, where it has one that can be shown. Any token may have any.
    pub symbol: Option<String>,
}

/// Why there is no such token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadTokenError {
    /// The nodes, or the contract answers something else.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// No unit is so small.
    #[error("the token {token} says that it has {decimals} decimals")]
    Decimals {
        /// Its contract.
        token: Address,
        /// What it says.
        decimals: u8,
    },
}

/// Asks a token for its decimals and its symbol.
///
/// # Errors
/// [`ReadTokenError`].
pub async fn token_of(view: &ChainView, contract: Address) -> Result<Token, ReadTokenError> {
    let read = |at: BlockReader| async move {
        let decimals = at.require(contract, calls::decimalsCall {}).await?;
        let symbol = at.probe(contract, calls::symbolCall {}).await?;
        Ok(Fact((decimals, symbol)))
    };
    let (decimals, symbol) = view.agreed("a token", read).await?.value.0;
    if decimals > MAX_DECIMALS {
        return Err(ReadTokenError::Decimals { token: contract, decimals });
    }
    let is_plain = |text: &String| {
        (1..=MAX_SYMBOL).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    Ok(Token { contract, decimals, symbol: symbol.filter(is_plain) })
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in a block.
    Mined,
    /// It is in a block, and did nothing.
    Reverted,
    /// The nodes have it, and no block.
    Waits,
    /// The nodes do not know it.
    Unknown,
}

/// Asks what became of a transaction.
///
/// # Errors
/// When the nodes fail.
pub async fn fate(rpc: &Rpc, hash: B256) -> Result<Fate, ChainError> {
    let receipt = |node: RootProvider| async move { node.get_transaction_receipt(hash).await };
    let receipt = rpc.ask("the receipt of a transaction", receipt).await?.value;
    if let Some(receipt) = receipt {
        return Ok(if receipt.status() { Fate::Mined } else { Fate::Reverted });
    }
    let find = |node: RootProvider| async move { node.get_transaction_by_hash(hash).await };
    let found = rpc.ask("a transaction", find).await?.value;
    Ok(if found.is_some() { Fate::Waits } else { Fate::Unknown })
}

/// Whether the blocks from `from` on have the announcement of an address with exactly this
/// metadata.
///
/// # Errors
/// When the nodes fail.
pub async fn announced(
    rpc: &Rpc,
    from: u64,
    to: &StealthAddress,
    metadata: &Bytes,
) -> Result<bool, ChainError> {
    let StealthAddress { address, ephemeral, .. } = *to;
    let filter = Filter::new()
        .address(ANNOUNCER)
        .event_signature(calls::Announcement::SIGNATURE_HASH)
        .topic1(B256::from(SCHEME))
        .topic2(address.into_word())
        .from_block(from);
    let logs = |node: RootProvider| async move { node.get_logs(&filter).await };
    let logs = rpc.ask("the announcement of a payment", logs).await?.value;
    Ok(logs.iter().any(|log| match Announcement::read(log) {
        // With another key the payee would not find it: anybody may announce the same address.
        ReadLog::Announcement(found) => {
            found.address == address
                && found.metadata == *metadata
                && found.ephemeral[..] == ephemeral.bytes()
        }
        _ => false,
    }))
}

/// Whether the blocks from `from` on have a transfer of so much of a token to an address.
///
/// # Errors
/// When the nodes fail.
pub async fn transferred(
    rpc: &Rpc,
    from: u64,
    token: Address,
    address: Address,
    amount: U256,
) -> Result<bool, ChainError> {
    let filter = Filter::new()
        .address(token)
        .event_signature(calls::Transfer::SIGNATURE_HASH)
        .topic2(address.into_word())
        .from_block(from);
    let logs = |node: RootProvider| async move { node.get_logs(&filter).await };
    let logs = rpc.ask("the transfer of a token", logs).await?.value;
    Ok(logs.iter().any(|log| {
        !log.removed
            && log.address() == token
            && calls::Transfer::decode_log(&log.inner)
                .is_ok_and(|found| found.to == address && found.value == amount)
    }))
}
