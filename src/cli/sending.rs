//! Transactions of a command: shown, allowed, sent one after the other, or written for a wallet
//! elsewhere.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use jiff::Timestamp;
use namesys::chain::Rpc;
use namesys::chain::setup::{
    Cost, Nonces, Sender, SetupError, SetupTransaction, ether, safe_batch, total,
};
use namesys::report::{ErrorKind, TransactionReport, TransactionState};
use namesys::wallet::{Wallet, WalletError};

use super::context::Context;
use super::cost_args::{CostArgs, SendingArgs};
use super::error::{CliError, Exit};
use super::open_wallet::OpenWallet;
use super::prompt;
use super::values::write_file;

/// What sends transactions on a chain, and waits so many seconds for each.
pub fn sender(rpc: Rpc, chain_id: u64, cost: &CostArgs, wait: u64) -> Sender {
    Sender {
        rpc,
        chain_id,
        patience: Duration::from_secs(wait),
        max_cost: cost.max_cost,
        nonces: Nonces::default(),
    }
}

/// The reports of transactions that were not sent.
pub fn unsent(transactions: &[SetupTransaction], costs: &[Cost]) -> Vec<TransactionReport> {
    let one = |(number, transaction): (usize, &SetupTransaction)| TransactionReport {
        to: transaction.to.to_string(),
        data: transaction.data.to_string(),
        value: transaction.value.to_string(),
        hash: None,
        state: TransactionState::NotSent,
        description: transaction.description.clone(),
        gas: costs.get(number).map(|cost| cost.gas),
        max_cost: costs.get(number).map(|cost| cost.at_most().to_string()),
        cost: None,
    };
    transactions.iter().enumerate().map(one).collect()
}

/// Writes the file of a multisig, where one is asked for; its path.
///
/// # Errors
/// When it cannot be written.
pub fn safe_file(
    args: &SendingArgs,
    (chain_id, from): (u64, Address),
    description: &str,
    transactions: &[SetupTransaction],
) -> Result<Option<String>, CliError> {
    let Some(file) = &args.safe else { return Ok(None) };
    let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
    let batch = safe_batch(chain_id, from, now, description, transactions);
    write_file(file, format!("{batch:#}\n").as_bytes())?;
    Ok(Some(file.display().to_string()))
}

/// Whether an error without a transaction says that none was sent: a browser's wallet sends by
/// itself, and may have before the page was closed.
pub fn is_unsent(error: &CliError, wallet: &OpenWallet) -> bool {
    !matches!(wallet, OpenWallet::Browser(_)) || error.kind == ErrorKind::NotConfirmed
}

/// What sends, and who says that it may.
pub struct Sending<'a> {
    pub context: &'a Context,
    pub wallet: &'a OpenWallet,
    pub sender: &'a Sender,
    /// Nobody is asked.
    pub yes: bool,
    /// Whether the command prints transactions for a wallet elsewhere, too.
    pub prints: bool,
}

impl Sending<'_> {
    /// Whether limit, balance and person let them be sent.
    ///
    /// # Errors
    /// What does not.
    pub fn allowed(
        &self,
        transactions: &[SetupTransaction],
        costs: &[Cost],
    ) -> Result<(), CliError> {
        if let OpenWallet::External(external) = self.wallet {
            return Err(WalletError::NoTransactions { wallet: external.address() }.into());
        }
        self.sender.check_cost(transactions, costs)?;
        let from = self.wallet.as_wallet().address();
        let most = ether(total(transactions, costs));
        self.context.block_on(async {
            self.sender.check_pending(from).await?;
            Ok(self.sender.check_funds(from, transactions, costs).await?)
        })?;
        let (count, chain) = (transactions.len(), self.sender.chain_id);
        let what = format!("{count} transaction(s) on chain {chain}, in all at most {most} ether");
        if self.yes {
            self.context.output.note(what);
            return Ok(());
        }
        let (instead, again) = match self.prints {
            true => (
                "--yes to send without asking, or --calldata to send nothing",
                "the same command asks again; --calldata prints them for a wallet elsewhere",
            ),
            false => ("--yes to send without asking", "the same command asks again"),
        };
        match prompt::confirm(&format!("Send {what}"), instead)? {
            true => Ok(()),
            false => {
                let message = "nothing was signed or sent";
                Err(CliError::new(Exit::Failed, ErrorKind::NotConfirmed, message).hint(again))
            }
        }
    }

    /// Sends one after the other, and waits for each; `reports` say what came of them.
    ///
    /// # Errors
    /// Those of the first that fails.
    pub fn send(
        &self,
        transactions: &[SetupTransaction],
        costs: &[Cost],
        reports: &mut [TransactionReport],
    ) -> Result<(), CliError> {
        self.wallet.announce(transactions.len());
        for ((transaction, cost), report) in transactions.iter().zip(costs).zip(reports) {
            self.send_one(transaction, *cost, report, &|_| {})?;
        }
        Ok(())
    }

    /// Sends one, and waits for it. `signed` hears its hash before the nodes do, where the wallet
    /// signs here, and otherwise once it was sent.
    ///
    /// # Errors
    /// Those of wallet and nodes.
    pub fn send_one(
        &self,
        transaction: &SetupTransaction,
        cost: Cost,
        report: &mut TransactionReport,
        signed: &(dyn Fn(B256) + Sync),
    ) -> Result<(), CliError> {
        let seen = Mutex::new((None::<B256>, None::<U256>));
        let lock = || seen.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = |hash: B256| {
            lock().0 = Some(hash);
            signed(hash);
        };
        let paid = |cost: U256| lock().1 = Some(cost);
        self.wallet.explain(&transaction.description);
        let mut state = TransactionState::NotSent;
        let ended = self.context.block_on(async {
            let wallet = self.wallet.as_wallet();
            let hash = self.sender.send(wallet, transaction, cost, &heard).await?;
            heard(hash);
            state = TransactionState::Sent;
            self.context.output.note(format_args!("{}: sent as {hash}", transaction.description));
            match self.sender.confirm(hash, transaction, &paid).await {
                Ok(()) => state = TransactionState::Mined,
                Err(error) => {
                    if matches!(error, SetupError::Reverted { .. }) {
                        state = TransactionState::Failed;
                    }
                    return Err(error.into());
                }
            }
            Ok(())
        });
        let (hash, cost) = *lock();
        report.hash = hash.map(|hash| hash.to_string());
        report.cost = cost.map(|cost| cost.to_string());
        report.state = state;
        ended
    }
}
