//! Database handlers: messages that the wallet itself signs (EIP-712), which are posted.

use std::fmt;

use jiff::Timestamp;
use namesys::report::{ErrorKind, MessageReport, WriteReport};
use namesys::request::Signature;
use namesys::write::{AskedFor, Deferral, Posted, TypedError, TypedWrite};

use super::course::{Answer, Course, Place};
use super::fate::{Stopped, mark};
use super::show::Ended;
use super::subjects::Subject;
use crate::cli::error::{CliError, Exit};

/// One message, and what it is of.
struct Message<'a> {
    answer: &'a Answer,
    write: &'a TypedWrite,
    /// Its place among how many.
    number: usize,
    of: usize,
}

impl Message<'_> {
    /// Of several it is said which one failed.
    fn failed(&self, error: CliError) -> CliError {
        match self.of {
            1 => error,
            _ if error.message.starts_with("message ") => error,
            _ => CliError { message: format!("{self}: {}", error.message), ..error },
        }
    }

    /// Which of the records it sets.
    fn records(&self, all: usize) -> std::ops::Range<usize> {
        match self.of {
            1 => 0..all,
            _ => self.number..self.number + 1,
        }
    }
}

/// As an error names it.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            1 => f.write_str("the message"),
            of => write!(f, "message {} of {of}", self.number + 1),
        }
    }
}

fn messages(answers: &[Answer]) -> Vec<Message<'_>> {
    fn write(answer: &Answer) -> Option<&TypedWrite> {
        match &answer.deferred()?.deferral {
            Deferral::Offchain(write) | Deferral::LegacyDatabase(write) => Some(write),
            _ => None,
        }
    }
    let found: Vec<_> =
        answers.iter().filter_map(|answer| Some((answer, write(answer)?))).collect();
    let of = found.len();
    let one = |(number, (answer, write))| Message { answer, write, number, of };
    found.into_iter().enumerate().map(one).collect()
}

impl Course<'_> {
    /// Messages by the wallet: one of all setters, or one of each.
    pub fn post_messages(
        &self,
        subject: &Subject,
        place: &Place,
        answers: &[Answer],
        mut report: WriteReport,
    ) -> Result<Ended, CliError> {
        let messages = messages(answers);
        for message in &messages {
            self.check(subject, place, message).map_err(|error| {
                let message =
                    format!("{message} of the resolver {} is not signed: {error}", place.contract);
                CliError::new(Exit::Unverified, ErrorKind::Contract, message)
                    .hint(format!("nothing of {} was signed or sent", subject.name))
            })?;
        }
        let Some(first) = messages.first() else { return Ok((report, None)) };
        let (url, http) = self.gateway(&first.write.post_url())?;
        for message in &messages {
            let typed = message.write.typed_json().map_err(unwritable)?;
            report.messages.push(MessageReport::Typed(typed));
        }
        if self.args.dry_run {
            return Ok((report, None));
        }
        self.refuse_printing()?;
        self.agreed(subject, &report, &format!("Sign and post this to {url}"))?;
        let mut failure = None;
        for message in &messages {
            let said = self.post_message(subject, place, message);
            let records = message.records(report.records.len());
            mark(&mut report.records[records], &said);
            if let Err(Stopped { error, .. }) = said {
                failure = Some(message.failed(error));
                break;
            }
        }
        Ok(self.settle(subject, &http, report, failure))
    }

    /// Signs one message, and posts it. Signing takes as long as a person does: it may have expired
    /// since it was looked at.
    fn post_message(
        &self,
        subject: &Subject,
        place: &Place,
        message: &Message<'_>,
    ) -> Result<Posted, Stopped> {
        let write = message.write;
        let too_late = |error: TypedError, what: &str| {
            let text = format!("{message} of the resolver {} {what}: {error}", place.contract);
            Stopped::unsent(
                CliError::new(Exit::Failed, ErrorKind::Expired, text)
                    .hint("the same command asks the resolver for a new one"),
            )
        };
        self.check(subject, place, message).map_err(|error| too_late(error, "is not signed"))?;
        let signature = self.sign_message(write).map_err(Stopped::unsent)?;
        let (url, http) = self.gateway(&write.post_url()).map_err(Stopped::unsent)?;
        self.check(subject, place, message)
            .map_err(|error| too_late(error, "was signed, and is not sent"))?;
        let body = match self.args.body_as_published {
            true => write.body_as_published(&signature),
            false => write.body(&message.answer.calldata, &signature),
        };
        let setters = message.records(subject.records.len()).len();
        self.post((&url, &http), body.to_string(), setters)
    }

    /// Whether the message says what was asked.
    fn check(
        &self,
        subject: &Subject,
        place: &Place,
        message: &Message<'_>,
    ) -> Result<(), TypedError> {
        let record = match &subject.records[message.records(subject.records.len())] {
            [one] => Some(one),
            _ => None,
        };
        message.write.check(&AskedFor {
            calldata: &message.answer.calldata,
            record: record.map(|(key, value)| (key, value)),
            resolver: place.contract,
            chain_id: place.chain_id,
            wallet: self.address(),
            through_resolve: message.answer.is_through_resolve(),
            now: u64::try_from(Timestamp::now().as_second()).unwrap_or_default(),
        })
    }

    fn sign_message(&self, write: &TypedWrite) -> Result<Signature, CliError> {
        let data = write.typed_data().map_err(unwritable)?;
        let wallet = self.wallet.as_wallet();
        let signature = self.context.block_on(async { Ok(wallet.sign_typed(&data).await?) })?;
        let signature = signature.expose().clone();
        match signature.recover_digest(&data.digest())? {
            by if by == wallet.address() => Ok(signature),
            by => {
                let message = format!("the signature is of {by}, not of {}", wallet.address());
                Err(CliError::new(Exit::Failed, ErrorKind::ForeignSignature, message))
            }
        }
    }
}

fn unwritable(error: serde_json::Error) -> CliError {
    CliError::usage(error.to_string())
}
