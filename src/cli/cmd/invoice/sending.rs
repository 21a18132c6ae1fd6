//! One transfer: sent by the wallet that is given, or shown for a wallet elsewhere. Where there is
//! a workspace, it is kept before it is sent, and not sent a second time unasked.

use alloy_primitives::B256;
use namesys::chain::Rpc;
use namesys::chain::setup::{Cost, Sender, SetupTransaction, total};
use namesys::invoice::{PaidInvoices, Payment};
use namesys::report::{ErrorKind, TransactionReport, TransactionState};
use namesys::wallet::{Wallet, WalletError};
use namesys::workspace::{PaidError, Workspace, change_paid_invoices, paid_invoices};

use super::before::{begun_before, paid_before};
use crate::cli::context::Context;
use crate::cli::cost_args::SendingArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::prompt;
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::sending::{Sending, is_unsent, safe_file, sender, unsent};
use crate::cli::wallet_args::WalletArgs;

/// What is paid for, and how.
pub struct Paying<'a> {
    sending: &'a SendingArgs,
    /// The nodes, where some are given.
    rpc: Option<Rpc>,
    /// The chain, by the nodes' word where there are some: what is shown must not be paid on
    /// another one.
    pub chain_id: u64,
    /// The record that holds the invoice, as it was published.
    text: &'a str,
    /// What remembers that it was paid.
    workspace: Option<&'a Workspace>,
    /// Also where it was paid before.
    again: bool,
    context: &'a Context,
}

/// What came of it.
pub struct Ended {
    pub transaction: TransactionReport,
    /// Whether it may have been paid: then nobody is told how to pay it elsewhere.
    pub may_be_paid: bool,
    pub safe: Option<String>,
}

impl<'a> Paying<'a> {
    /// On the chain that is `expected`, where one is.
    ///
    /// # Errors
    /// Those of the nodes; exit 2 where something is to be sent and there are none.
    pub fn open(
        (sending, again): (&'a SendingArgs, bool),
        (rpc, expected): (&RpcArgs, Option<u64>),
        text: &'a str,
        workspace: Option<&'a Workspace>,
        context: &'a Context,
    ) -> Result<Self, CliError> {
        let rpc = rpc.open(context, &context.http()?)?;
        let chain_id = match &rpc {
            Some(rpc) => context.block_on(async { Ok(rpc.check_chain_id(expected).await?) })?,
            None if sending.sends() => return Err(no_rpc("the transfer", context)),
            None => expected.unwrap_or(1),
        };
        Ok(Self { sending, rpc, chain_id, text, workspace, again, context })
    }

    /// The payment of the same invoice that was begun here before and is not to be made again.
    ///
    /// # Errors
    /// Where it is not known what was paid.
    pub fn before(&self) -> Result<Option<Payment>, CliError> {
        match self.workspace.filter(|_| !self.again) {
            None => Ok(None),
            Some(workspace) => {
                let paid = paid_invoices(workspace).map_err(unreadable)?;
                Ok(paid.of(self.chain_id, self.text).cloned())
            }
        }
    }

    /// Nothing is sent: what was sent before is waited for.
    pub fn go_on(
        &self,
        before: &Payment,
        transaction: &SetupTransaction,
    ) -> Result<(Ended, Option<CliError>), CliError> {
        // Whoever has it printed would pay it a second time.
        if !self.sending.sends() || before.transaction.is_none() {
            return Err(begun_before(before));
        }
        let mut report = unsent(std::slice::from_ref(transaction), &[]).remove(0);
        let ended = paid_before(&self.sender()?, before, transaction, &mut report, self.context);
        Ok((Ended { transaction: report, may_be_paid: true, safe: None }, ended.err()))
    }

    /// Sends, or shows. Whatever happens once the wallet was asked, the report says what came of
    /// it. `wallet` is the one that gave the key, where one did.
    pub fn pay(
        &self,
        transaction: &SetupTransaction,
        wallet: Option<OpenWallet>,
        wallet_args: &WalletArgs,
    ) -> Result<(Ended, Option<CliError>), CliError> {
        let one = std::slice::from_ref(transaction);
        if !self.sending.sends() {
            // Whose Safe it is does not stand in the file of a plain transfer.
            let whose = (self.chain_id, wallet_args.address()?.unwrap_or_default());
            let safe = safe_file(self.sending, whose, "namesys invoice pay", one)?;
            let transaction = unsent(one, &[]).remove(0);
            return Ok((Ended { transaction, may_be_paid: false, safe }, None));
        }
        let wallet = match wallet {
            Some(wallet) => wallet,
            None => wallet_args.open(self.context)?,
        };
        if let OpenWallet::External(external) = &wallet {
            return Err(WalletError::NoTransactions { wallet: external.address() }.into());
        }
        let (sender, from) = (self.sender()?, wallet.as_wallet().address());
        let costs = self.context.block_on(async { Ok(sender.costs(from, one).await?) })?;
        let mut report = unsent(one, &costs).remove(0);
        report.max_cost = Some(total(one, &costs).to_string());
        let (yes, context) = (self.sending.yes, self.context);
        let sending = Sending { context, wallet: &wallet, sender: &sender, yes, prints: true };
        let mut may_be_paid = false;
        let sent = self.send(&sending, &costs, transaction, &mut report, &mut may_be_paid);
        Ok((Ended { transaction: report, may_be_paid, safe: None }, sent.err()))
    }

    fn sender(&self) -> Result<Sender, CliError> {
        let rpc = self.rpc.clone().ok_or_else(|| no_rpc("the transfer", self.context))?;
        Ok(sender(rpc, self.chain_id, &self.sending.cost, self.sending.wait))
    }

    /// Sends it, once limit, balance and person let it. It is kept before.
    fn send(
        &self,
        sending: &Sending<'_>,
        costs: &[Cost],
        transaction: &SetupTransaction,
        report: &mut TransactionReport,
        may_be_paid: &mut bool,
    ) -> Result<(), CliError> {
        if !sending.yes && prompt::has_terminal() {
            let what = format_args!("{} ({})", transaction.description, transaction.to);
            self.context.output.ask_about(what);
        }
        sending.allowed(std::slice::from_ref(transaction), costs)?;
        let Some(cost) = costs.first() else {
            return Err(CliError::new(Exit::Failed, ErrorKind::Rpc, "the gas is not known"));
        };
        let payment = Payment::begun(self.chain_id, self.text, transaction.to, transaction.value);
        *may_be_paid = true;
        let (workspace, before) = (self.workspace, self.claim(&payment)?);
        sending.wallet.announce(1);
        let signed = |hash: B256| {
            let sent = Payment { transaction: Some(hash), ..payment.clone() };
            // Kept without it already: it is not sent a second time in any case.
            let _ = change(workspace, |paid| paid.put(&sent));
        };
        let ended = sending.send_one(transaction, *cost, report, &signed);
        let unsent = |error: &CliError| report.hash.is_none() && is_unsent(error, sending.wallet);
        if ended.as_ref().is_err_and(unsent) {
            change(workspace, |paid| paid.undo(&payment, before))?;
            *may_be_paid = false;
        } else if report.state == TransactionState::Failed {
            // It reverted: nothing was paid.
            let hash = report.hash.as_ref().and_then(|hash| hash.parse().ok());
            change(workspace, |paid| paid.undo(&Payment { transaction: hash, ..payment }, before))?;
        }
        ended.map_err(|error| unsure(error, report))
    }

    /// From now on no other command pays this invoice unasked: of two at a time one is refused,
    /// whatever was looked up before. What was kept of it before.
    fn claim(&self, payment: &Payment) -> Result<Option<Payment>, CliError> {
        match change(self.workspace, |paid| paid.begin(payment, self.again))? {
            None => Ok(None),
            Some(begun) => begun.map_err(|before| begun_before(&before)),
        }
    }
}

fn change<T>(
    workspace: Option<&Workspace>,
    change: impl FnOnce(&mut PaidInvoices) -> T,
) -> Result<Option<T>, CliError> {
    let changed = workspace.map(|workspace| change_paid_invoices(workspace, change));
    changed.transpose().map_err(unreadable)
}

fn unreadable(error: PaidError) -> CliError {
    match error {
        PaidError::Workspace(error) => error.into(),
        PaidError::Form(_) => CliError::new(Exit::Failed, ErrorKind::BadFile, error.to_string())
            .hint("it says which invoices were paid: look the wallet's transfers up before you move it away"),
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
