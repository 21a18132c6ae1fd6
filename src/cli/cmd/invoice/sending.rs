//! One transfer: sent by the wallet that is given, or shown for a wallet elsewhere. Where there is
//! a workspace, it is kept before it is sent, and not sent a second time unasked.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use alloy_primitives::{B256, U256};
use jiff::Timestamp;
use namesys::chain::setup::{
    Cost, Nonces, Sender, SetupError, SetupTransaction, ether, safe_batch, total,
};
use namesys::invoice::Payment;
use namesys::report::{ErrorKind, TransactionReport, TransactionState};
use namesys::wallet::{Address, Wallet, WalletError};
use namesys::workspace::{PaidError, Workspace, change_paid_invoices, paid_invoices};

use crate::cli::context::Context;
use crate::cli::cost_args::SendingArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::prompt;
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::values::write_file;
use crate::cli::wallet_args::WalletArgs;

/// What is sent, and how.
pub struct Transfer<'a> {
    pub transaction: SetupTransaction,
    pub sending: &'a SendingArgs,
    pub rpc: &'a RpcArgs,
    pub wallet_args: &'a WalletArgs,
    /// The one that gave the key, where one did.
    pub wallet: Option<OpenWallet>,
    /// The chain that is expected.
    pub expected: Option<u64>,
    /// The record that holds the invoice, as it was published.
    pub text: &'a str,
    /// What remembers that it was paid.
    pub workspace: Option<&'a Workspace>,
    /// Also where it was paid before.
    pub again: bool,
    pub context: &'a Context,
}

/// What came of it.
pub struct Ended {
    pub chain_id: u64,
    pub transaction: TransactionReport,
    pub safe: Option<String>,
}

/// Sends, or shows. Whatever happens once the wallet was asked, the report says what came of it.
pub fn run(mut transfer: Transfer<'_>) -> Result<(Ended, Option<CliError>), CliError> {
    let wallet = transfer.wallet.take();
    let Transfer { transaction, context, sending, .. } = &transfer;
    let mut report = unsent(transaction);
    if !sending.sends() {
        let chain_id = transfer.chain_id()?;
        let safe = transfer.safe(chain_id)?;
        return Ok((Ended { chain_id, transaction: report, safe }, None));
    }
    let sender = transfer.sender()?;
    let payment = Payment::begun(sender.chain_id, transfer.text);
    if let Some(before) = transfer.before(&payment)? {
        let ended = transfer.paid_before(&sender, &before, &mut report);
        let chain_id = sender.chain_id;
        return Ok((Ended { chain_id, transaction: report, safe: None }, ended.err()));
    }
    let wallet = match wallet {
        Some(wallet) => wallet,
        None => transfer.wallet_args.open(context)?,
    };
    if let OpenWallet::External(external) = &wallet {
        return Err(WalletError::NoTransactions { wallet: external.address() }.into());
    }
    let (from, one) = (wallet.as_wallet().address(), std::slice::from_ref(transaction));
    let costs = context.block_on(async { Ok(sender.costs(from, one).await?) })?;
    let Some(cost) = costs.first().copied() else {
        return Err(CliError::new(Exit::Failed, ErrorKind::Rpc, "the gas is not known"));
    };
    report.gas = Some(cost.gas);
    report.max_cost = Some(total(one, &costs).to_string());
    let sent = transfer
        .allowed(&sender, from, &costs)
        .and_then(|()| transfer.send(&sender, &wallet, (cost, payment), &mut report));
    let ended = Ended { chain_id: sender.chain_id, transaction: report, safe: None };
    Ok((ended, sent.err()))
}

impl Transfer<'_> {
    /// By the nodes where some are given: what is shown must not be paid on another chain.
    fn chain_id(&self) -> Result<u64, CliError> {
        match self.rpc.open(self.context, &self.context.http()?)? {
            Some(rpc) => {
                self.context.block_on(async { Ok(rpc.check_chain_id(self.expected).await?) })
            }
            None => Ok(self.expected.unwrap_or(1)),
        }
    }

    fn sender(&self) -> Result<Sender, CliError> {
        let rpc = self.rpc.open(self.context, &self.context.http()?)?;
        let rpc = rpc.ok_or_else(|| no_rpc("the transfer", self.context))?;
        let chain_id =
            self.context.block_on(async { Ok(rpc.check_chain_id(self.expected).await?) })?;
        Ok(Sender {
            rpc,
            chain_id,
            patience: Duration::from_secs(self.sending.wait),
            max_cost: self.sending.cost.max_cost,
            nonces: Nonces::default(),
        })
    }

    fn safe(&self, chain_id: u64) -> Result<Option<String>, CliError> {
        let Some(file) = &self.sending.safe else { return Ok(None) };
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        // Whose Safe it is does not stand in the file of a plain transfer.
        let from = self.wallet_args.address()?.unwrap_or_default();
        let one = std::slice::from_ref(&self.transaction);
        let batch = safe_batch(chain_id, from, now, "namesys invoice pay", one);
        write_file(file, format!("{batch:#}\n").as_bytes())?;
        Ok(Some(file.display().to_string()))
    }

    /// The payment of the same invoice that was begun here before.
    fn before(&self, payment: &Payment) -> Result<Option<Payment>, CliError> {
        match self.workspace.filter(|_| !self.again) {
            None => Ok(None),
            Some(workspace) => {
                Ok(paid_invoices(workspace).map_err(unreadable)?.find(payment).cloned())
            }
        }
    }

    /// Nothing is sent: what was sent before is waited for.
    fn paid_before(
        &self,
        sender: &Sender,
        before: &Payment,
        report: &mut TransactionReport,
    ) -> Result<(), CliError> {
        let hint = "look the wallet's transfers up; --again pays it (once more)";
        let Some(hash) = before.transaction else {
            let message = "this invoice was being paid from here before, and it is not known \
                           whether it was sent";
            return Err(CliError::new(Exit::Failed, ErrorKind::PaidBefore, message).hint(hint));
        };
        self.context.output.note(format_args!("it was paid from here before, as {hash}"));
        report.hash = Some(hash.to_string());
        report.state = TransactionState::Sent;
        let paid = Mutex::new(None::<U256>);
        let mined = |cost: U256| set(&paid, cost);
        let ended = self.context.block_on(async {
            let ended = sender.confirm(hash, &self.transaction, &mined).await;
            if let Err(SetupError::Reverted { .. }) = &ended {
                report.state = TransactionState::Failed;
            }
            Ok(ended?)
        });
        report.cost = get(&paid).map(|cost| cost.to_string());
        ended.map_err(|error| CliError { hint: Some(hint.to_owned()), ..error })?;
        report.state = TransactionState::Mined;
        Ok(())
    }

    /// Whether balance, limit and person let it be sent.
    fn allowed(&self, sender: &Sender, from: Address, costs: &[Cost]) -> Result<(), CliError> {
        let one = std::slice::from_ref(&self.transaction);
        let sum = ether(sender.check_cost(one, costs)?);
        self.context.block_on(async {
            sender.check_pending(from).await?;
            Ok(sender.check_funds(from, one, costs).await?)
        })?;
        let what = format!(
            "{} ({}) on chain {}, with gas at most {sum} ether",
            self.transaction.description, self.transaction.to, sender.chain_id
        );
        if self.sending.yes {
            self.context.output.note(what);
            return Ok(());
        }
        let instead = "--yes to pay without asking, or --calldata to send nothing";
        match prompt::confirm(&format!("Send: {what}"), instead)? {
            true => Ok(()),
            false => Err(CliError::new(Exit::Failed, ErrorKind::NotConfirmed, "nothing was sent")
                .hint("the same command asks again; --calldata prints it for a wallet elsewhere")),
        }
    }

    fn send(
        &self,
        sender: &Sender,
        wallet: &OpenWallet,
        (cost, payment): (Cost, Payment),
        report: &mut TransactionReport,
    ) -> Result<(), CliError> {
        let workspace = self.workspace;
        keep(workspace, &payment)?;
        let (hash, paid) = (Mutex::new(None::<B256>), Mutex::new(None::<U256>));
        let mut kept = Ok(());
        let signed = |sent: B256| {
            set(&hash, sent);
            // Kept without it already: it is not sent a second time in any case.
            let _ = keep(workspace, &Payment { transaction: Some(sent), ..payment.clone() });
        };
        let mined = |cost: U256| set(&paid, cost);
        wallet.announce(1);
        wallet.explain(&self.transaction.description);
        let mut state = TransactionState::NotSent;
        let ended = self.context.block_on(async {
            let sent = sender.send(wallet.as_wallet(), &self.transaction, cost, &signed).await?;
            state = TransactionState::Sent;
            set(&hash, sent);
            kept = keep(workspace, &Payment { transaction: Some(sent), ..payment.clone() });
            self.context.output.note(format_args!("sent as {sent}"));
            let ended = sender.confirm(sent, &self.transaction, &mined).await;
            match &ended {
                Ok(()) => state = TransactionState::Mined,
                Err(SetupError::Reverted { .. }) => state = TransactionState::Failed,
                Err(_) => {}
            }
            Ok(ended?)
        });
        let hash = get(&hash);
        report.hash = hash.map(|hash| hash.to_string());
        report.cost = get(&paid).map(|cost| cost.to_string());
        report.state = state;
        let ended = ended.map_err(|error| unsure(error, hash, state));
        let unsent = hash.is_none() && ended.as_ref().is_err_and(|error| is_unsent(error, wallet));
        if unsent || state == TransactionState::Failed {
            forget(workspace, &payment)?;
        }
        ended?;
        kept
    }
}

/// Whether an error without a transaction says that none was sent: a browser's wallet sends by
/// itself, and may have before the page was closed.
fn is_unsent(error: &CliError, wallet: &OpenWallet) -> bool {
    !matches!(wallet, OpenWallet::Browser(_)) || error.kind == ErrorKind::NotConfirmed
}

fn keep(workspace: Option<&Workspace>, payment: &Payment) -> Result<(), CliError> {
    let Some(workspace) = workspace else { return Ok(()) };
    change_paid_invoices(workspace, |paid| paid.put(payment)).map_err(unreadable)
}

fn forget(workspace: Option<&Workspace>, payment: &Payment) -> Result<(), CliError> {
    let Some(workspace) = workspace else { return Ok(()) };
    change_paid_invoices(workspace, |paid| paid.forget(payment)).map_err(unreadable)
}

fn unreadable(error: PaidError) -> CliError {
    match error {
        PaidError::Workspace(error) => error.into(),
        PaidError::Form(_) => CliError::new(Exit::Failed, ErrorKind::BadFile, error.to_string())
            .hint("it says which invoices were paid: mend it, or remove it and look them up"),
    }
}

fn set<T>(cell: &Mutex<Option<T>>, value: T) {
    *cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
}

fn get<T: Copy>(cell: &Mutex<Option<T>>) -> Option<T> {
    *cell.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was handed to the nodes, or may have been, is not to be paid again unseen.
fn unsure(error: CliError, hash: Option<B256>, state: TransactionState) -> CliError {
    match (hash, state) {
        (Some(hash), TransactionState::Sent | TransactionState::NotSent) => error.hint(format!(
            "{hash} may be mined yet: in a workspace the same command again waits for it; outside \
             of one, look it up before you pay again"
        )),
        _ => error,
    }
}

fn unsent(transaction: &SetupTransaction) -> TransactionReport {
    TransactionReport {
        to: transaction.to.to_string(),
        data: transaction.data.to_string(),
        value: transaction.value.to_string(),
        hash: None,
        state: TransactionState::NotSent,
        description: transaction.description.clone(),
        gas: None,
        max_cost: None,
        cost: None,
    }
}
