//! Simulates, estimates, sends, waits, and reads back.

use std::fmt;
use std::time::{Duration, Instant};

use alloy::consensus::Transaction;
use alloy::network::TransactionBuilder;
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::json_rpc::RpcError;
use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Address, B256, U256};

use super::cost::{Cost, total};
use super::fees::fees;
use super::nonce::{Nonces, next_nonce};
use super::outgoing::{Outgoing, gas};
use super::transaction::Check;
use super::{SetupError, SetupTransaction};
use crate::chain::{Block, BlockReader, ChainError, Revert, Rpc, is_execution_failure};
use crate::wallet::{Wallet, WalletError};

/// Between two questions whether a transaction was mined.
const POLL: Duration = Duration::from_millis(250);

/// Sends the transactions of a setup on one chain.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The nodes.
    pub rpc: Rpc,
    /// The chain's id.
    pub chain_id: u64,
    /// How long a transaction may take to be mined.
    pub patience: Duration,
    /// The most that all transactions may come to, in wei, gas and what is sent along.
    pub max_cost: U256,
    /// The nonces that were used.
    pub nonces: Nonces,
}

impl Sender {
    fn request(from: Address, transaction: &SetupTransaction) -> TransactionRequest {
        TransactionRequest::default()
            .with_from(from)
            .with_to(transaction.to)
            .with_value(transaction.value)
            .with_input(transaction.data.clone())
    }

    /// Runs the transaction by `eth_call` at the newest block, as if `from` sent it.
    ///
    /// # Errors
    /// [`SetupError::Simulation`] when the contract refuses, [`SetupError::Funds`] when `from` has
    /// less than what is sent along; when the nodes fail.
    pub async fn simulate(
        &self,
        from: Address,
        transaction: &SetupTransaction,
    ) -> Result<(), SetupError> {
        let request = Self::request(from, transaction);
        let simulated = |node: RootProvider| async move {
            match node.call(request).await {
                Ok(_) => Ok(Simulated::Passes),
                Err(RpcError::ErrorResp(error)) if is_too_poor(&error.message) => {
                    Ok(Simulated::Unfunded)
                }
                Err(RpcError::ErrorResp(error)) if is_execution_failure(&error) => {
                    Ok(Simulated::Reverts(Revert(error.as_revert_data().unwrap_or_default())))
                }
                Err(error) => Err(error),
            }
        };
        match self.rpc.ask("a simulation", simulated).await?.value {
            Simulated::Passes => Ok(()),
            Simulated::Reverts(revert) => {
                let description = transaction.description.clone();
                Err(SetupError::Simulation { description, revert })
            }
            Simulated::Unfunded => {
                let has = self.balance(from).await?;
                Err(SetupError::Funds { sender: from, has, needs: transaction.value })
            }
        }
    }

    async fn balance(&self, of: Address) -> Result<U256, ChainError> {
        let balance = |node: RootProvider| async move { node.get_balance(of).await };
        Ok(self.rpc.ask("a balance", balance).await?.value)
    }

    /// Estimates what each transaction costs.
    ///
    /// # Errors
    /// [`SetupError::FarFee`]; when the nodes fail.
    pub async fn costs(
        &self,
        from: Address,
        transactions: &[SetupTransaction],
    ) -> Result<Vec<Cost>, SetupError> {
        let fees = fees(&self.rpc).await?;
        let mut costs = Vec::new();
        for transaction in transactions {
            costs.push(Cost {
                gas: gas(&self.rpc, Self::request(from, transaction)).await?,
                max_fee_per_gas: fees.max_fee_per_gas(),
                max_priority_fee_per_gas: fees.tip,
            });
        }
        Ok(costs)
    }

    /// The most that all transactions may come to, in wei.
    ///
    /// # Errors
    /// [`SetupError::TooDear`] where that is above the limit.
    pub fn check_cost(
        &self,
        transactions: &[SetupTransaction],
        costs: &[Cost],
    ) -> Result<U256, SetupError> {
        let (needs, limit) = (total(transactions, costs), self.max_cost);
        if needs > limit {
            return Err(SetupError::TooDear { needs, limit });
        }
        Ok(needs)
    }

    /// Whether `from` can pay for all transactions, whatever of the costs comes about.
    ///
    /// # Errors
    /// [`SetupError::Funds`]; when the nodes fail.
    pub async fn check_funds(
        &self,
        from: Address,
        transactions: &[SetupTransaction],
        costs: &[Cost],
    ) -> Result<(), SetupError> {
        let needs = total(transactions, costs);
        let has = self.balance(from).await?;
        match has < needs {
            true => Err(SetupError::Funds { sender: from, has, needs }),
            false => Ok(()),
        }
    }

    /// Whether all that `from` sent before is mined: what waits may be the same transactions.
    ///
    /// # Errors
    /// [`SetupError::Pending`] after a few seconds; when the nodes fail.
    pub async fn check_pending(&self, from: Address) -> Result<(), SetupError> {
        next_nonce(&self.rpc, from, 0).await.map(drop)
    }

    /// The number of the next transaction of `from`.
    ///
    /// # Errors
    /// [`SetupError::Pending`] while some wait to be mined; when the nodes fail.
    pub async fn next_nonce(&self, from: Address) -> Result<u64, SetupError> {
        next_nonce(&self.rpc, from, self.nonces.after(from)).await
    }

    /// Has `wallet` send the transaction. Its hash, which `signed` hears before the nodes do
    /// where the wallet signs here and has them send it.
    ///
    /// # Errors
    /// [`SetupError::Pending`], [`SetupError::NonceTaken`], [`SetupError::Wallet`],
    /// [`SetupError::NotSent`]; when the nodes fail.
    pub async fn send(
        &self,
        wallet: &dyn Wallet,
        transaction: &SetupTransaction,
        cost: Cost,
        signed: &(dyn Fn(B256) + Sync),
    ) -> Result<B256, SetupError> {
        let from = wallet.address();
        let next = self.next_nonce(from).await?;
        let nonce = transaction.nonce.unwrap_or(next);
        if nonce != next {
            return Err(SetupError::NonceTaken { sender: from, nonce, next });
        }
        let request = Self::request(from, transaction)
            .with_nonce(nonce)
            .with_gas_limit(cost.gas)
            .with_max_fee_per_gas(cost.max_fee_per_gas)
            .with_max_priority_fee_per_gas(cost.max_priority_fee_per_gas);
        let sent = wallet
            .send(request, &Outgoing { rpc: &self.rpc, chain_id: self.chain_id, signed })
            .await;
        let sent = sent.map_err(|error| match error {
            WalletError::NotSent { hash, source } => {
                let description = transaction.description.clone();
                SetupError::NotSent { hash, description, source }
            }
            error => error.into(),
        })?;
        self.nonces.used(from, nonce);
        Ok(sent)
    }

    /// Waits until a transaction that was sent is mined, by the word of as many nodes as must
    /// agree, and reads back what it was to bring about. `mined` hears what it came to, in wei, gas
    /// and what was sent along.
    ///
    /// # Errors
    /// [`SetupError::NotMined`], [`SetupError::Reverted`], [`SetupError::NotReadBack`]; when the
    /// nodes fail, or do not agree.
    pub async fn confirm(
        &self,
        hash: B256,
        transaction: &SetupTransaction,
        mined: &(dyn Fn(U256) + Sync),
    ) -> Result<(), SetupError> {
        let began = Instant::now();
        loop {
            let Mined { passed, gas, block } = self.mined(hash, transaction, began).await?;
            let value = if passed { transaction.value } else { U256::ZERO };
            mined(gas.saturating_add(value));
            if !passed {
                let description = transaction.description.clone();
                return Err(SetupError::Reverted { hash, description });
            }
            match self.read_back(hash, block, transaction).await {
                // A fork gave it up, or a node of a pool has not seen it yet: what was sent stays
                // sent.
                Err(SetupError::Chain(ChainError::LostBlock { .. }))
                    if began.elapsed() < self.patience =>
                {
                    tokio::time::sleep(POLL).await;
                }
                ended => return ended,
            }
        }
    }

    /// Whether a transaction is this one: where it goes, what it calls and what it sends along.
    /// `None` where the nodes do not know it.
    ///
    /// # Errors
    /// When the nodes fail.
    pub async fn is_of(
        &self,
        hash: B256,
        transaction: &SetupTransaction,
    ) -> Result<Option<bool>, SetupError> {
        let find = |node: RootProvider| async move { node.get_transaction_by_hash(hash).await };
        let found = self.rpc.ask("a transaction", find).await?.value;
        Ok(found.map(|found| {
            (found.to(), found.input(), found.value())
                == (Some(transaction.to), &transaction.data, transaction.value)
        }))
    }

    async fn mined(
        &self,
        hash: B256,
        transaction: &SetupTransaction,
        began: Instant,
    ) -> Result<Mined, SetupError> {
        let find = |node: RootProvider| async move {
            let receipt = node.get_transaction_receipt(hash).await?;
            Ok(Receipt(receipt.map(|receipt| {
                let block = receipt.block_number.zip(receipt.block_hash);
                let block = block.map(|(number, hash)| Block { number, hash, timestamp: 0 });
                let price = U256::from(receipt.effective_gas_price);
                let gas = U256::from(receipt.gas_used).saturating_mul(price);
                Mined { passed: receipt.status(), gas, block }
            })))
        };
        let what = format!("the receipt of {hash}");
        loop {
            // A node that fails now, or has not seen it, may answer later.
            let differ = match self.rpc.agreed(&what, find).await {
                Ok(answer) => match answer.value {
                    Receipt(Some(mined)) => return Ok(mined),
                    Receipt(None) => None,
                },
                Err(error @ ChainError::Disagreement { .. }) => Some(error),
                Err(_) => None,
            };
            if began.elapsed() < self.patience {
                tokio::time::sleep(POLL).await;
                continue;
            }
            let (description, seconds) = (transaction.description.clone(), self.patience.as_secs());
            let not_mined = SetupError::NotMined { hash, description, seconds };
            return Err(differ.map_or(not_mined, SetupError::Chain));
        }
    }

    /// At the block that has the transaction.
    async fn read_back(
        &self,
        hash: B256,
        block: Option<Block>,
        transaction: &SetupTransaction,
    ) -> Result<(), SetupError> {
        let block = match block {
            Some(block) => block,
            None => self.rpc.latest().await?.value,
        };
        for check in &transaction.checks {
            let read = |at: BlockReader| async move { found(&at, check).await };
            let Found { what, found, expected } =
                self.rpc.at(block).agreed("what was set", read).await?.value;
            if found != expected {
                return Err(SetupError::NotReadBack { hash, what, found, expected });
            }
        }
        Ok(())
    }
}

/// What became of a transaction.
#[derive(PartialEq)]
struct Mined {
    /// Whether it did not revert.
    passed: bool,
    /// What was paid for it, in wei.
    gas: U256,
    block: Option<Block>,
}

/// What nodes must agree on.
#[derive(PartialEq)]
struct Receipt(Option<Mined>);

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Some(Mined { passed, gas, block })) = self else {
            return f.write_str("not mined");
        };
        f.write_str(if *passed { "mined" } else { "mined and reverted" })?;
        if let Some(block) = block {
            write!(f, " in block {} ({})", block.number, block.hash)?;
        }
        write!(f, ", for {gas} wei")
    }
}

/// What a node makes of a transaction that is only tried.
enum Simulated {
    Passes,
    Reverts(Revert),
    /// The sender has less than it sends along.
    Unfunded,
}

/// What nodes say of a sender that has less than it sends.
fn is_too_poor(message: &str) -> bool {
    message.to_ascii_lowercase().contains("insufficient funds")
}

/// What is read, what it is, and what it should be.
#[derive(PartialEq)]
struct Found {
    what: &'static str,
    found: String,
    expected: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.what, self.found)
    }
}

async fn found(view: &BlockReader, check: &Check) -> Result<Found, ChainError> {
    use crate::chain::calls;
    let (what, found, expected) = match check {
        Check::Resolver { node, resolver } => {
            let call = calls::resolverCall { node: *node };
            let now = view.require(view.contracts().registry, call).await?;
            ("the resolver", now.to_string(), resolver.to_string())
        }
        Check::Recordhash { resolver, key, bytes } => {
            let now = view.recordhash(*resolver, *key).await?;
            ("the recordhash", now.to_string(), bytes.to_string())
        }
        Check::Approved { resolver, owner, node, signer, approved } => {
            let now = view.is_approved_signer(*resolver, *owner, *node, *signer).await?;
            ("the approval of the signer", now.to_string(), approved.to_string())
        }
    };
    Ok(Found { what, found, expected })
}
