//! Setters that a contract lets through: sent as transactions, or printed for a wallet elsewhere.

use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use jiff::Timestamp;
use namesys::chain::setup::{
    Cost, Nonces, Sender, SetupError, SetupTransaction, ether, safe_batch, total,
};
use namesys::record::Value;
use namesys::report::{
    ErrorKind, TransactionReport, TransactionState, WriteReport, WriteTargetReport,
};
use namesys::wallet::{Wallet, WalletError};
use namesys::write::read_contract;

use super::course::{Answer, Course, Place};
use super::database::not_confirmed;
use super::show::Ended;
use super::subjects::Subject;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::prompt;
use crate::cli::values::write_file;

impl Place {
    /// The contract, as a report has it.
    pub fn target(&self) -> WriteTargetReport {
        let (contract, chain_id) = (self.contract.to_string(), self.chain_id);
        WriteTargetReport::Contract { contract, chain_id }
    }
}

fn of_answers(subject: &Subject, contract: Address, answers: &[Answer]) -> Vec<SetupTransaction> {
    let keys = |number: usize| match answers.len() {
        1 => subject.records.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>().join(", "),
        _ => subject.records[number].0.to_string(),
    };
    let one = |(number, answer): (usize, &Answer)| {
        let description = format!("set {} of {}", keys(number), subject.name);
        SetupTransaction::call(contract, answer.calldata.clone().into(), description)
    };
    answers.iter().enumerate().map(one).collect()
}

fn unsent(transactions: &[SetupTransaction], costs: &[Cost]) -> Vec<TransactionReport> {
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

impl Course<'_> {
    /// Without a node of that chain: what a wallet elsewhere would send.
    pub fn no_node(
        &self,
        subject: &Subject,
        (contract, chain_id): (Address, u64),
        answers: &[Answer],
        mut report: WriteReport,
    ) -> Result<Ended, CliError> {
        let transactions = of_answers(subject, contract, answers);
        report.transactions = unsent(&transactions, &[]);
        report.safe = self.safe(subject, chain_id, &transactions)?;
        if self.args.dry_run || !self.args.sending.sends() {
            return Ok((report, None));
        }
        let message = format!("no node is on chain {chain_id}, where the records are written");
        let error = CliError::new(Exit::Failed, ErrorKind::NoRpc, message).hint(
            "give one beside the other: --rpc-url URL; or send the call from a wallet elsewhere \
             (--calldata, --safe FILE)",
        );
        Ok((report, Some(error)))
    }

    fn safe(
        &self,
        subject: &Subject,
        chain_id: u64,
        transactions: &[SetupTransaction],
    ) -> Result<Option<String>, CliError> {
        let Some(file) = self.args.sending.safe.as_ref().filter(|_| !self.args.dry_run) else {
            return Ok(None);
        };
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        let description = format!("namesys write {}", subject.name);
        let batch = safe_batch(chain_id, self.address(), now, &description, transactions);
        write_file(file, format!("{batch:#}\n").as_bytes())?;
        Ok(Some(file.display().to_string()))
    }

    /// Sends what the contract lets through, and reads it back there.
    pub fn transact(
        &self,
        subject: &Subject,
        place: &Place,
        answers: Vec<Answer>,
        mut report: WriteReport,
    ) -> Result<Ended, CliError> {
        let transactions = of_answers(subject, place.contract, &answers);
        let rpc = self.chains.of(place.chain_id).unwrap_or(&self.chains.main).clone();
        let sender = Sender {
            rpc,
            chain_id: place.chain_id,
            patience: Duration::from_secs(self.args.sending.wait),
            max_cost: self.args.sending.cost.max_cost,
            nonces: Nonces::default(),
        };
        let from = self.address();
        let estimated =
            self.context.block_on(async { Ok(sender.costs(from, &transactions).await) })?;
        let sends = !self.args.dry_run && self.args.sending.sends();
        let costs = match estimated {
            Ok(costs) => costs,
            Err(error) if sends => return Err(error.into()),
            // What is only shown may go without.
            Err(_) => Vec::new(),
        };
        report.transactions = unsent(&transactions, &costs);
        if !sends {
            report.safe = self.safe(subject, place.chain_id, &transactions)?;
            return Ok((report, None));
        }
        if let OpenWallet::External(external) = self.wallet {
            let error = WalletError::NoTransactions { wallet: external.address() };
            return Ok((report, Some(error.into())));
        }
        if let Err(error) = self.allowed(&sender, &transactions, &costs) {
            return Ok((report, Some(error)));
        }
        match self.send(&sender, &transactions, &costs, &mut report) {
            Ok(()) => self.read_at(subject, place, &sender, report),
            Err(error) => Ok((report, Some(error))),
        }
    }

    fn allowed(
        &self,
        sender: &Sender,
        transactions: &[SetupTransaction],
        costs: &[Cost],
    ) -> Result<(), CliError> {
        sender.check_cost(transactions, costs)?;
        let (from, most) = (self.address(), ether(total(transactions, costs)));
        self.context.block_on(async {
            sender.check_pending(from).await?;
            Ok(sender.check_funds(from, transactions, costs).await?)
        })?;
        let (count, chain) = (transactions.len(), sender.chain_id);
        let what = format!("{count} transaction(s) on chain {chain}, in all at most {most} ether");
        if self.args.sending.yes {
            self.context.output.note(what);
            return Ok(());
        }
        let instead = "--yes to send without asking, or --calldata to send nothing";
        match prompt::confirm(&format!("Send {what}"), instead)? {
            true => Ok(()),
            false => Err(not_confirmed()),
        }
    }

    fn send(
        &self,
        sender: &Sender,
        transactions: &[SetupTransaction],
        costs: &[Cost],
        report: &mut WriteReport,
    ) -> Result<(), CliError> {
        self.wallet.announce(transactions.len());
        for (number, (transaction, cost)) in transactions.iter().zip(costs).enumerate() {
            let seen = std::sync::Mutex::new((None::<B256>, None::<U256>));
            let signed = |hash: B256| {
                if let Ok(mut seen) = seen.lock() {
                    seen.0 = Some(hash);
                }
            };
            let paid = |cost: U256| {
                if let Ok(mut seen) = seen.lock() {
                    seen.1 = Some(cost);
                }
            };
            self.wallet.explain(&transaction.description);
            let mut state = TransactionState::NotSent;
            let ended = self.context.block_on(async {
                let wallet = self.wallet.as_wallet();
                let hash = sender.send(wallet, transaction, *cost, &signed).await?;
                signed(hash);
                state = TransactionState::Sent;
                self.context
                    .output
                    .note(format_args!("{}: sent as {hash}", transaction.description));
                match sender.confirm(hash, transaction, &paid).await {
                    Ok(()) => state = TransactionState::Mined,
                    Err(error @ SetupError::Reverted { .. }) => {
                        state = TransactionState::Failed;
                        return Err(error.into());
                    }
                    Err(error) => return Err(error.into()),
                }
                Ok(())
            });
            if let (Some(one), Ok(seen)) = (report.transactions.get_mut(number), seen.lock()) {
                one.hash = seen.0.map(|hash| hash.to_string());
                one.cost = seen.1.map(|cost| cost.to_string());
                one.state = state;
            }
            ended?;
        }
        report.posted = true;
        Ok(())
    }

    /// What the contract itself says afterwards.
    fn read_at(
        &self,
        subject: &Subject,
        place: &Place,
        sender: &Sender,
        mut report: WriteReport,
    ) -> Result<Ended, CliError> {
        for (record, (key, value)) in report.records.iter_mut().zip(&subject.records) {
            let call = key.resolver_call_of(&subject.name);
            let read = self.context.block_on(async {
                sender.rpc.forget();
                let at = sender.rpc.at(sender.rpc.latest().await?.value);
                Ok(read_contract(&at, place.contract, &call).await?)
            })?;
            let said = match read {
                Ok(data) => match Value::abi_decode(key, &data) {
                    Ok(read) if read == *value => None,
                    Ok(read) => Some(format!("{read} is read")),
                    Err(error) => Some(error.to_string()),
                },
                Err(revert) => Some(revert.to_string()),
            };
            (record.ok, record.error) = (Some(said.is_none()), said);
        }
        let all = report.records.iter().all(|record| record.ok == Some(true));
        report.read_back = Some(all);
        let error = (!all).then(|| {
            let message = "it was sent and mined, and is not what the contract says now";
            CliError::new(Exit::Failed, ErrorKind::NotReadBack, message)
        });
        Ok((report, error))
    }
}
