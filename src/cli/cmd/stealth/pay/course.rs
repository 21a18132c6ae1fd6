//! How a payment is made: begun or gone on with, shown, kept, sent.

use std::sync::Mutex;

use alloy_primitives::{Address, B256};
use namesys::chain::Rpc;
use namesys::chain::setup::{Cost, Sender, SetupTransaction};
use namesys::report::{ErrorKind, StealthPayReport, TransactionReport, TransactionState};
use namesys::stealth::{Asset, EphemeralKey, PendingPayment, PendingPayments, Stage, StealthFiles};

use super::amount::Amount;
use super::kept::{Kept, Part, transaction};
use super::settle::{check_done, settle};
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
        if is_new {
            self.check_name(&all)?;
        }
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
            settle(&kept, &sender, self.context)?;
        }
        let mut report = self.report(&kept, is_new);
        if kept.missing().is_empty() {
            return Ok((report, None));
        }
        if !self.sending.sends() {
            // A wallet elsewhere has numbers of its own: both would be mined.
            self.check_sure(&kept, |stage| stage.is_out() && stage != Stage::Printed)?;
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
        if error.is_some() && report.transactions.iter().all(|one| one.hash.is_none()) {
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
            name: self.payee.name.as_ref().map(ToString::to_string),
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
        self.check_begun(kept, wallet)?;
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
        kept.paid_by(from);
        for (number, part) in missing.into_iter().enumerate() {
            let one = (&all[number], costs[number], &mut report.transactions[number]);
            self.send_part((kept, part), one, &sending)?;
        }
        Ok(())
    }

    /// Sends one of them. Before a wallet has it, it is on the disk that it does.
    fn send_part(
        &self,
        (kept, part): (&Kept<'_>, Part),
        (transaction, cost, report): (&SetupTransaction, Cost, &mut TransactionReport),
        sending: &Sending<'_>,
    ) -> Result<(), CliError> {
        let Sending { wallet, sender, context, .. } = *sending;
        let former = kept.stage(part);
        // What is signed here has a number that it keeps when it is sent again: of two with the
        // same one is mined. A wallet that sends by itself says neither number nor what it did.
        let nonce = match (wallet, former.nonce()) {
            (OpenWallet::Browser(_), _) => None,
            (_, Some(nonce)) => Some(nonce),
            (_, None) => {
                let from = wallet.as_wallet().address();
                Some(context.block_on(async { Ok(sender.next_nonce(from).await?) })?)
            }
        };
        if former.nonce().is_none() || nonce.is_none() {
            kept.put(part, nonce.map_or(Stage::Handed, |nonce| Stage::Numbered { nonce }))?;
        }
        let sent_as = Mutex::new(None::<B256>);
        let signed = |hash: B256| {
            if let Ok(mut sent_as) = sent_as.lock() {
                *sent_as = Some(hash);
            }
            // Without it the chain is asked whether it has the payment.
            let _ = kept.put(part, Stage::Sent { hash, nonce });
        };
        let numbered = transaction.clone().numbered(nonce);
        let ended = sending.send_one(&numbered, cost, report, &signed);
        let hash = sent_as.into_inner().ok().flatten();
        let state = report.state;
        let ended = match (&ended, hash) {
            (Ok(()), Some(hash)) => check_done(&kept.payment(), (part, hash), sender, context),
            _ => ended,
        };
        let stage = match (&ended, hash) {
            (Ok(()), _) => Stage::Mined,
            // It reverted, or brought nothing.
            (Err(error), _)
                if state == TransactionState::Failed || error.kind == ErrorKind::NotReadBack =>
            {
                Stage::NotSent
            }
            (Err(_), Some(hash)) => Stage::Sent { hash, nonce },
            // What was sent before, here or elsewhere, may be mined yet.
            (Err(error), None) if is_unsent(error, wallet) => match former.is_out() {
                true => former,
                false => Stage::NotSent,
            },
            (Err(_), None) => Stage::Handed,
        };
        kept.put(part, stage)?;
        ended
    }

    /// A name whose meta-address is another one now: what was begun is not begun anew beside it.
    fn check_name(&self, all: &PendingPayments) -> Result<(), CliError> {
        let Some(name) = &self.payee.name else { return Ok(()) };
        let (meta, Amount { asset, units, .. }) = (&self.payee.meta, &self.amount);
        match all.of_name(self.chain_id, name.as_str(), meta, *asset, *units) {
            None => Ok(()),
            Some(begun) if self.resend => {
                self.context.output.warn(format_args!(
                    "a payment of as much to {name} at {} was begun, and is left as it is",
                    begun.payee
                ));
                Ok(())
            }
            Some(begun) => {
                let message = format!(
                    "a payment of as much to {name} was begun and is not done, to {}, and its \
                     record has another meta-address now",
                    begun.payee
                );
                Err(CliError::new(Exit::Failed, ErrorKind::Pending, message).hint(
                    "see what became of it; --resend begins a new one to the present meta-address. \
                     The same command with the former meta-address in place of the name goes on with \
                     it, and pays whoever has its keys",
                ))
            }
        }
    }

    /// Whether what was begun may be gone on with by this wallet, from here.
    fn check_begun(&self, kept: &Kept<'_>, wallet: &OpenWallet) -> Result<(), CliError> {
        let (payment, from) = (kept.payment(), wallet.as_wallet().address());
        if let Some(before) = payment.from.filter(|before| *before != from) {
            let message = format!("this payment was begun with the wallet {before}, not {from}");
            return Err(CliError::new(Exit::Failed, ErrorKind::OtherWallet, message)
                .hint("give that wallet: another one could pay a second time"));
        }
        // One that sends by itself chooses the number: both would be mined.
        let chooses = matches!(wallet, OpenWallet::Browser(_));
        self.check_sure(kept, |stage| match stage {
            Stage::Handed | Stage::Printed => true,
            stage => chooses && stage.is_out(),
        })
    }

    /// Refuses what may have been sent already, unless --resend says that it was not.
    fn check_sure(&self, kept: &Kept<'_>, unsure: impl Fn(Stage) -> bool) -> Result<(), CliError> {
        let payment = kept.payment();
        // What has a number is sent with it by the wallet that signed it, or is mined in time.
        let forced = |stage: Stage| self.resend && stage.nonce().is_none();
        let mut stages = kept.missing().into_iter().map(|part| kept.stage(part));
        if stages.any(|stage| unsure(stage) && !forced(stage)) {
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
