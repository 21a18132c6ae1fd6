//! What the nodes say at a block: balances, what is registered, what a token says of itself.

use std::fmt;

use alloy::providers::Provider;
use alloy_primitives::{Address, U256};

use super::contracts::calls;
use super::{REGISTRY, SCHEME};
use crate::chain::{BlockReader, ChainError, ChainView};

/// No token has more decimals: the unit would not fit into the largest amount.
const MAX_DECIMALS: u8 = 77;
/// More of a symbol is not shown, in characters.
const MAX_SYMBOL: usize = 16;

/// A fact that nodes must agree on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fact<T>(pub(super) T);

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

/// How many transactions of an account are mined.
///
/// # Errors
/// When the nodes fail, or do not agree.
pub async fn mined_count(view: &ChainView, account: Address) -> Result<u64, ChainError> {
    let asked = |at: BlockReader| async move {
        let what = "the transactions of an account";
        let asked = at.provider().get_transaction_count(account).block_id(at.block_id()).await;
        asked.map(Fact).map_err(|error| at.error(what, &error))
    };
    Ok(view.agreed("the transactions of an account", asked).await?.value.0)
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
