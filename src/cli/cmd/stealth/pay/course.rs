//! How a payment is made: begun or gone on with, shown, kept, sent.

use std::sync::Mutex;

use alloy_primitives::{Address, B256};
use namesys::chain::Rpc;
use namesys::chain::setup::{Sender, SetupTransaction};
use namesys::report::{ErrorKind, StealthPayReport, TransactionState};
use namesys::stealth::{Asset, EphemeralKey, PendingPayment, Stage, StealthFiles};

use super::amount::Amount;
use super::kept::{Kept, transaction};
use super::settle::settle;
use crate::cli::cmd::stealth::address::{fresh, view_tag};
use crate::cli::cmd::stealth::payee::Payee;
use crate::cli::context::Context;
use crate::cli::cost_args::SendingArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::prompt;
use crate::cli::sending::{Sending, is_unsent, safe_file, sender, unsent};
use crate::cli::session::Session;

/// What a payment needs.
pub struct Course<'a> {
    pub sending: &'a SendingArgs,
    /// Also what a wallet may have sent.
    pub resend: bool,
    pub context: &'a Context,
    pub payee: &'a Payee,
    pub wallet: Option<&'a OpenWallet>,
    pub rpc: Rpc,
    pub chain_id: u64,
    pub amount: Amount,
}

/// The report, and why it did not end well.
type Ended = (StealthPayReport, Option<CliError>);

impl Course<'_> {
    /// Begins it, or goes on.
    pub fn run(&self, session: &Session) -> Result<Ended, CliError> {
        let files = StealthFiles(&session.workspace);
        let all = files.payments()?;
        let (meta, Amount { asset, units, .. }) = (&self.payee.meta, &self.amount);
        let begun = all.find(self.chain_id, meta, *asset, *units).cloned();
        let is_new = begun.is_none();
        let payment = match begun {
            Some(payment) => payment,
            None => self.begin()?,
        };
        let kept = Kept::new(files, all, payment);
        let SendingArgs { cost, wait, .. } = self.sending;
        let mut sender = sender(self.rpc.clone(), self.chain_id, cost, *wait);
        if !is_new {
            self.context.output.note(format_args!(
                "a payment of {} to this payee was begun and is not done: it goes on",
                self.amount.shown
            ));
            settle(&kept, &sender, !self.sending.sends(), self.context)?;
        }
        let mut report = self.report(&kept, is_new);
        if kept.missing().is_empty() {
            return Ok((report, None));
        }
        if !self.sending.sends() {
            self.check_sure(&kept, |stage| matches!(stage, Stage::Handed))?;
            self.print(&kept, &mut report)?;
            return Ok((report, None));
        }
        let Some(wallet) = self.wallet else { return Ok((report, None)) };
        if *asset == Asset::Ether {
            // What was asked for by its amount is not what the limit is about.
            sender.max_cost = sender.max_cost.saturating_add(*units);
        }
        let error = self.send(&kept, wallet, &sender, &mut report).err();
        // What was not sent from here is not to be sent from elsewhere, by whoever reads it.
        if report.transactions.iter().all(|one| one.hash.is_none()) && kept.is_untouched() {
            report.transactions.clear();
        }
        report.paid = kept.missing().is_empty();
        Ok((report, error))
    }

    /// A payment to a fresh address; nothing of it is in an earlier block than the newest.
    fn begin(&self) -> Result<PendingPayment, CliError> {
        let (to, key) = fresh(&self.payee.meta)?;
        let newest = self.context.block_on(async { Ok(self.rpc.latest().await?.value) })?;
        Ok(PendingPayment {
            chain_id: self.chain_id,
            payee: self.payee.meta,
            asset: self.amount.asset.contract(),
            amount: self.amount.units,
            address: to.address,
            ephemeral_public_key: to.ephemeral,
            ephemeral_private_key: EphemeralKey(key),
            view_tag: to.view_tag,
            from: self.wallet.map(|wallet| wallet.as_wallet().address()),
            begun: newest.number,
            announcement: Stage::NotSent,
            transfer: Stage::NotSent,
        })
    }

    fn report(&self, kept: &Kept<'_>, is_new: bool) -> StealthPayReport {
        let payment = kept.payment();
        StealthPayReport {
            name: self.payee.name.as_ref().map(ToString::to_string),
            meta_address: payment.payee.to_string(),
            address: payment.address.to_string(),
            ephemeral_public_key: payment.ephemeral_public_key.to_string(),
            view_tag: view_tag(&payment.to()),
            token: match payment.asset() {
                Asset::Ether => None,
                Asset::Token(token) => Some(token.to_string()),
            },
            amount: payment.amount.to_string(),
            shown: self.amount.shown.clone(),
            resumed: !is_new,
            paid: payment.is_done(),
            transactions: Vec::new(),
            safe: None,
        }
    }

    /// For a wallet elsewhere: the first that is missing, for a token is not to be sent before its
    /// announcement is mined.
    fn print(&self, kept: &Kept<'_>, report: &mut StealthPayReport) -> Result<(), CliError> {
        let missing = kept.missing();
        let Some(&part) = missing.first() else { return Ok(()) };
        let transactions = [transaction(&kept.payment(), part)];
        kept.put(part, Stage::Printed)?;
        report.transactions = unsent(&transactions, &[]);
        let from = self.wallet.map_or(Address::ZERO, |wallet| wallet.as_wallet().address());
        let whose = (self.chain_id, from);
        report.safe = safe_file(self.sending, whose, "namesys stealth pay", &transactions)?;
        self.context.output.note(match missing.len() {
            1 => "once it is mined, the same command again says so",
            _ => {
                "once it is mined, the same command again gives the transfer: sent before, it may \
                 be one that the payee cannot find"
            }
        });
        Ok(())
    }

    fn send(
        &self,
        kept: &Kept<'_>,
        wallet: &OpenWallet,
        sender: &Sender,
        report: &mut StealthPayReport,
    ) -> Result<(), CliError> {
        let (missing, payment) = (kept.missing(), kept.payment());
        let from = wallet.as_wallet().address();
        self.check_begun(kept, from)?;
        let all: Vec<SetupTransaction> =
            missing.iter().map(|part| transaction(&payment, *part)).collect();
        report.transactions = unsent(&all, &[]);
        let costs = self.context.block_on(async {
            for transaction in &all {
                sender.simulate(from, transaction).await?;
            }
            Ok(sender.costs(from, &all).await?)
        })?;
        report.transactions = unsent(&all, &costs);
        self.show(&payment);
        let yes = self.sending.yes;
        let sending = Sending { context: self.context, wallet, sender, yes, prints: true };
        sending.allowed(&all, &costs)?;
        wallet.announce(all.len());
        // Only of a wallet that sends by itself it is not known what it did: any other signs here,
        // with the lowest nonce that is free, which no two transactions can have.
        let before = match wallet {
            OpenWallet::Browser(_) => Stage::Handed,
            _ => Stage::NotSent,
        };
        for (number, part) in missing.into_iter().enumerate() {
            let one = (&all[number], costs[number], &mut report.transactions[number]);
            let sent_as = Mutex::new(None::<B256>);
            let signed = |hash: B256| {
                if let Ok(mut sent_as) = sent_as.lock() {
                    *sent_as = Some(hash);
                }
                // Without it the chain is asked whether it has the payment.
                let _ = kept.put(part, Stage::Sent { hash });
            };
            kept.put(part, before)?;
            let ended = sending.send_one(one.0, one.1, one.2, &signed);
            let hash = sent_as.into_inner().ok().flatten();
            kept.put(part, stage_after(&ended, hash, one.2.state, wallet))?;
            ended?;
        }
        Ok(())
    }

    /// Whether what was begun may be gone on with by this wallet, from here.
    fn check_begun(&self, kept: &Kept<'_>, from: Address) -> Result<(), CliError> {
        let payment = kept.payment();
        if let Some(before) = payment.from.filter(|before| *before != from) {
            let message = format!("this payment was begun with the wallet {before}, not {from}");
            return Err(CliError::new(Exit::Failed, ErrorKind::OtherWallet, message)
                .hint("give that wallet: another one could pay a second time"));
        }
        self.check_sure(kept, |stage| matches!(stage, Stage::Handed | Stage::Printed))
    }

    /// Refuses what may have been sent already, unless --resend says that it was not.
    fn check_sure(&self, kept: &Kept<'_>, unsure: impl Fn(Stage) -> bool) -> Result<(), CliError> {
        let payment = kept.payment();
        if !self.resend && kept.missing().iter().any(|part| unsure(kept.stage(*part))) {
            let message = format!(
                "a wallet may have sent the payment to {} already, and no block shows it",
                payment.address
            );
            return Err(CliError::new(Exit::Failed, ErrorKind::Pending, message).hint(
                "look there first: the same command again sees what was mined; --resend sends it \
                 from here, where the other one never was sent",
            ));
        }
        Ok(())
    }

    /// Whom, how much and where to, before anything is asked.
    fn show(&self, payment: &PendingPayment) {
        let name = self.payee.name.as_ref().map_or_else(String::new, |name| format!("{name}, "));
        let text = format!(
            "Pay {} to {name}{}\n   at the fresh address {}",
            self.amount.shown, payment.payee, payment.address
        );
        match prompt::has_terminal() && !self.sending.yes {
            true => self.context.output.ask_about(text),
            false => self.context.output.note(text),
        }
    }
}

/// How far a transaction is, once the wallet had it.
fn stage_after(
    ended: &Result<(), CliError>,
    hash: Option<B256>,
    state: TransactionState,
    wallet: &OpenWallet,
) -> Stage {
    match (ended, hash) {
        (Ok(()), _) => Stage::Mined,
        (Err(_), _) if state == TransactionState::Failed => Stage::NotSent,
        (Err(_), Some(hash)) => Stage::Sent { hash },
        (Err(error), None) if is_unsent(error, wallet) => Stage::NotSent,
        (Err(_), None) => Stage::Handed,
    }
}
