//! One transfer: sent by the wallet that is given, or shown for a wallet elsewhere. Where there is
//! a workspace, it is kept before it is sent, and not sent a second time unasked.

use std::sync::{Mutex, PoisonError};

use alloy_primitives::{B256, U256};
use namesys::chain::setup::{Cost, Sender, SetupError, SetupTransaction, total};
use namesys::invoice::Payment;
use namesys::report::{ErrorKind, TransactionReport, TransactionState};
use namesys::wallet::{Wallet, WalletError};
use namesys::workspace::{PaidError, Workspace, change_paid_invoices, paid_invoices};

use crate::cli::context::Context;
use crate::cli::cost_args::SendingArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::prompt;
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::sending::{Sending, is_unsent, safe_file, sender, unsent};
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
    let one = std::slice::from_ref(transaction);
    let not_sent = |costs: &[Cost]| unsent(one, costs).remove(0);
    if !sending.sends() {
        let chain_id = transfer.chain_id()?;
        // Whose Safe it is does not stand in the file of a plain transfer.
        let whose = (chain_id, transfer.wallet_args.address()?.unwrap_or_default());
        let safe = safe_file(sending, whose, "namesys invoice pay", one)?;
        return Ok((Ended { chain_id, transaction: not_sent(&[]), safe }, None));
    }
    let sender = transfer.sender()?;
    let payment = Payment::begun(sender.chain_id, transfer.text);
    if let Some(before) = transfer.before(&payment)? {
        let mut report = not_sent(&[]);
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
    let from = wallet.as_wallet().address();
    let costs = context.block_on(async { Ok(sender.costs(from, one).await?) })?;
    let mut report = not_sent(&costs);
    report.max_cost = Some(total(one, &costs).to_string());
    let yes = sending.yes;
    let sending = Sending { context, wallet: &wallet, sender: &sender, yes, prints: true };
    let sent = transfer.send(&sending, &costs, &payment, &mut report);
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
        Ok(sender(rpc, chain_id, &self.sending.cost, self.sending.wait))
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
        let lock = || paid.lock().unwrap_or_else(PoisonError::into_inner);
        let mined = |cost: U256| *lock() = Some(cost);
        let ended = self.context.block_on(async {
            let ended = sender.confirm(hash, &self.transaction, &mined).await;
            if let Err(SetupError::Reverted { .. }) = &ended {
                report.state = TransactionState::Failed;
            }
            Ok(ended?)
        });
        report.cost = lock().map(|cost| cost.to_string());
        ended.map_err(|error| CliError { hint: Some(hint.to_owned()), ..error })?;
        report.state = TransactionState::Mined;
        Ok(())
    }

    /// Sends it, once limit, balance and person let it. It is kept before.
    fn send(
        &self,
        sending: &Sending<'_>,
        costs: &[Cost],
        payment: &Payment,
        report: &mut TransactionReport,
    ) -> Result<(), CliError> {
        let (one, workspace) = (std::slice::from_ref(&self.transaction), self.workspace);
        if !sending.yes && prompt::has_terminal() {
            let Self { transaction, context, .. } = self;
            let what = format_args!("{} ({})", transaction.description, transaction.to);
            context.output.ask_about(what);
        }
        sending.allowed(one, costs)?;
        let Some(cost) = costs.first() else {
            return Err(CliError::new(Exit::Failed, ErrorKind::Rpc, "the gas is not known"));
        };
        keep(workspace, payment)?;
        sending.wallet.announce(1);
        let signed = |hash: B256| {
            // Kept without it already: it is not sent a second time in any case.
            let _ = keep(workspace, &Payment { transaction: Some(hash), ..payment.clone() });
        };
        let ended = sending.send_one(&self.transaction, *cost, report, &signed);
        let unsent = |error: &CliError| report.hash.is_none() && is_unsent(error, sending.wallet);
        if ended.as_ref().is_err_and(unsent) || report.state == TransactionState::Failed {
            forget(workspace, payment)?;
        }
        ended.map_err(|error| unsure(error, report))
    }
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

/// What was handed to the nodes, or may have been, is not to be paid again unseen.
fn unsure(error: CliError, report: &TransactionReport) -> CliError {
    match (&report.hash, report.state) {
        (Some(hash), TransactionState::Sent | TransactionState::NotSent) => error.hint(format!(
            "{hash} may be mined yet: in a workspace the same command again waits for it; outside \
             of one, look it up before you pay again"
        )),
        _ => error,
    }
}
