//! Setters that a contract lets through: sent as transactions, or printed for a wallet elsewhere.

use alloy_primitives::Address;
use namesys::chain::setup::{Sender, SetupTransaction};
use namesys::record::Value;
use namesys::report::{
    ErrorKind, TransactionReport, TransactionState, WriteReport, WriteState, WriteTargetReport,
};
use namesys::write::read_contract;

use super::course::{Answer, Course, Place};
use super::show::Ended;
use super::subjects::Subject;
use crate::cli::error::{CliError, Exit};
use crate::cli::sending::{Sending, is_unsent, safe_file, sender, unsent};

impl Place {
    /// The contract, as a report has it.
    pub fn target(&self) -> WriteTargetReport {
        let (contract, chain_id) = (self.contract.to_string(), Some(self.chain_id));
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
        let silent = self.chains.silent();
        let message =
            format!("no node is on chain {chain_id}, where the records are written{silent}");
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
        if self.args.dry_run {
            return Ok(None);
        }
        let description = format!("namesys write {}", subject.name);
        let whose = (chain_id, self.address());
        safe_file(&self.args.sending, whose, &description, transactions)
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
        let Some(rpc) = self.chains.of(place.chain_id) else {
            let target = (place.contract, place.chain_id);
            return self.no_node(subject, target, &answers, report);
        };
        let of = &self.args.sending;
        let sender = sender(rpc.clone(), place.chain_id, &of.cost, of.wait);
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
        self.show_calls(place, &report);
        let yes = self.args.sending.yes;
        let sending = Sending {
            context: self.context,
            wallet: self.wallet,
            sender: &sender,
            yes,
            prints: true,
        };
        let sent = sending
            .allowed(&transactions, &costs)
            .and_then(|()| sending.send(&transactions, &costs, &mut report.transactions));
        let nothing = sent.as_ref().err().is_none_or(|error| is_unsent(error, self.wallet));
        arrived(&mut report, nothing);
        let failure = sent.err();
        if !report.posted {
            return Ok((report, failure));
        }
        let read = self.read_at(subject, place, &sender, &mut report);
        Ok((report, failure.or(read)))
    }

    /// Shows each call whole, before it is agreed to.
    fn show_calls(&self, place: &Place, report: &WriteReport) {
        for transaction in &report.transactions {
            let (to, chain_id, data) = (&transaction.to, place.chain_id, &transaction.data);
            self.context.output.note(format_args!("call     {to} on chain {chain_id}: {data}"));
        }
    }

    /// What the contract itself says afterwards of what was mined.
    fn read_at(
        &self,
        subject: &Subject,
        place: &Place,
        sender: &Sender,
        report: &mut WriteReport,
    ) -> Option<CliError> {
        for (record, (key, value)) in report.records.iter_mut().zip(&subject.records) {
            if record.state != WriteState::Taken {
                continue;
            }
            let call = key.resolver_call_of(&subject.name);
            let read = self.context.block_on(async {
                sender.rpc.forget();
                let at = sender.rpc.at(sender.rpc.latest().await?.value);
                Ok(read_contract(&at, place.contract, &call).await?)
            });
            let said = match read {
                Ok(Ok(data)) => match Value::abi_decode(key, &data) {
                    Ok(read) if read == *value => None,
                    Ok(read) => Some(format!("{read} is read")),
                    Err(error) => Some(error.to_string()),
                },
                Ok(Err(revert)) => Some(revert.to_string()),
                // It was sent all the same, and that is said.
                Err(error) => {
                    record.error = Some(error.message.clone());
                    return Some(error);
                }
            };
            (record.ok, record.error) = (Some(said.is_none()), said);
        }
        let mut mined = report.records.iter().filter(|one| one.state == WriteState::Taken);
        let all = mined.all(|record| record.ok == Some(true));
        report.read_back = Some(all);
        (!all).then(|| {
            let message = "it was sent and mined, and is not what the contract says now";
            CliError::new(Exit::Failed, ErrorKind::NotReadBack, message)
        })
    }
}

/// What came of each record by its transaction. `nothing` says that the one that failed was not sent
/// where it has no hash.
fn arrived(report: &mut WriteReport, nothing: bool) {
    let is_left = |one: &TransactionReport| one.state == TransactionState::NotSent;
    let failed = report.transactions.iter().position(is_left);
    let of = |(number, transaction): (usize, &TransactionReport)| match transaction.state {
        TransactionState::Mined => WriteState::Taken,
        TransactionState::Failed => WriteState::Refused,
        TransactionState::Sent => WriteState::Unknown,
        TransactionState::NotSent if transaction.hash.is_some() => WriteState::Unknown,
        TransactionState::NotSent if !nothing && failed == Some(number) => WriteState::Unknown,
        TransactionState::NotSent => WriteState::NotSent,
    };
    let states: Vec<WriteState> = report.transactions.iter().enumerate().map(of).collect();
    for (number, record) in report.records.iter_mut().enumerate() {
        let number = if states.len() == 1 { 0 } else { number };
        record.state = states.get(number).copied().unwrap_or_default();
    }
    report.posted = report.records.iter().any(|record| record.state == WriteState::Taken);
}
