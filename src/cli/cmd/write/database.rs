//! Database handlers: records that are posted, and messages that the wallet signs.

use alloy_primitives::Address;
use jiff::Timestamp;
use namesys::net::{Guard, Http};
use namesys::report::{ErrorKind, WriteReport};
use namesys::request::{Freshness, PostError, PostForm, PostedRecord, RecordsPost, Signature};
use namesys::workspace::Network;
use namesys::write::{
    AskedFor, Deferral, Posted, Profile, TypedWrite, gateway_url, is_loopback, post,
};
use url::Url;

use super::course::{Answer, Course, Place};
use super::show::{Ended, describe};
use super::subjects::Subject;
use crate::cli::error::{CliError, Exit};

impl Course<'_> {
    /// The gateway, and a client that asks it and no private address beside it.
    pub fn gateway(&self, text: &str) -> Result<(Url, Http), CliError> {
        let allowed = self.args.allow_loopback || self.context.network()?.0 == Network::Devnet;
        let url = gateway_url(text, allowed)?;
        let trusted = is_loopback(&url).then(|| url.clone());
        let http = self.context.gateway_http(Some(Guard::trusting(trusted)))?;
        Ok((url, http))
    }

    /// Records by their signer, all in one body.
    pub fn post_records(
        &self,
        subject: &Subject,
        place: &Place,
        (gateway, named, profile): (&str, Option<Address>, Profile),
        mut report: WriteReport,
    ) -> Result<Ended, CliError> {
        let keys = subject.records.iter().map(|(key, _)| key);
        if let Some(key) = keys.into_iter().find(|key| !RecordsPost::has_place(key)) {
            return Ok((report, Some(PostError::NoPlace(key.clone()).into())));
        }
        let (url, http) = self.gateway(gateway)?;
        if self.args.dry_run {
            return Ok((report, None));
        }
        self.refuse_printing()?;
        if !self.is_confirmed(&format!("Sign and post this to {url}"))? {
            return Err(not_confirmed());
        }
        let signers = self.signers(subject, place, named, profile)?;
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        let posted = subject.records.iter().map(|(key, value)| PostedRecord {
            key: key.clone(),
            value: value.clone(),
            timestamp: now,
            payload: signers.sign(key, value),
        });
        let form = match profile {
            Profile::Erc7700 => PostForm::Erc7700,
            _ => PostForm::Ensip19,
        };
        let (name, approval) = (subject.name.clone(), signers.approval_bytes());
        let body = RecordsPost::new(form, name, place.chain_id, approval, posted.collect())?;
        let request = body.freshness_request(now, signers.signer.address());
        let signature = signers.signer.sign(&request);
        let body = body.with_freshness(Freshness { timestamp: now, signature });
        let json = body.to_json().map_err(|error| CliError::usage(error.to_string()))?;
        let taken = self.context.block_on(async { Ok(post(&http, &url, json, 1).await?) });
        report.posted = taken.is_ok();
        match taken {
            Ok(_) => self.read_back(subject, &http, report),
            Err(error) => Ok((report, Some(error))),
        }
    }

    /// Messages by the wallet: one of all setters, or one of each.
    pub fn post_messages(
        &self,
        subject: &Subject,
        place: &Place,
        answers: &[Answer],
        mut report: WriteReport,
    ) -> Result<Ended, CliError> {
        let messages: Vec<(&Answer, &TypedWrite)> = answers
            .iter()
            .filter_map(|answer| match &answer.deferred()?.deferral {
                Deferral::Offchain(write) | Deferral::LegacyDatabase(write) => {
                    Some((answer, write))
                }
                _ => None,
            })
            .collect();
        for (number, (answer, write)) in messages.iter().enumerate() {
            self.check_message(subject, place, answer, write, (number, messages.len()))?;
        }
        let Some((_, first)) = messages.first() else { return Ok((report, None)) };
        let (url, http) = self.gateway(&first.post_url())?;
        for (_, write) in &messages {
            report.messages.push(write.typed_json().map_err(unwritable)?);
        }
        if self.args.dry_run {
            return Ok((report, None));
        }
        self.refuse_printing()?;
        let shown = WriteReport { messages: report.messages.clone(), ..WriteReport::default() };
        describe(&shown, self.context);
        if !self.is_confirmed(&format!("Sign and post this to {url}"))? {
            return Err(not_confirmed());
        }
        for (number, (answer, write)) in messages.iter().enumerate() {
            // Signing takes as long as a person does: it may have expired since it was looked at.
            let which = (number, messages.len());
            let signed = self
                .check_message(subject, place, answer, write, which)
                .and_then(|()| self.sign_message(write));
            let posting = signed.and_then(|signature| {
                let (url, _) = self.gateway(&write.post_url())?;
                self.check_message(subject, place, answer, write, which)?;
                let body = match self.args.body_as_published {
                    true => write.body_as_published(&signature),
                    false => write.body(&answer.calldata, &signature),
                };
                let setters = if messages.len() == 1 { subject.records.len() } else { 1 };
                let posting = post(&http, &url, body.to_string(), setters);
                self.context.block_on(async { Ok(posting.await?) })
            });
            match posting {
                Ok(Posted::Taken) => report.posted = true,
                Ok(Posted::Each(each)) => {
                    report.posted = each.iter().any(Option::is_none);
                    for (record, said) in report.records.iter_mut().zip(each) {
                        record.error = said;
                    }
                }
                Err(error) => {
                    report.posted = number > 0;
                    return Ok((report, Some(error)));
                }
            }
        }
        self.read_back(subject, &http, report)
    }

    fn check_message(
        &self,
        subject: &Subject,
        place: &Place,
        answer: &Answer,
        write: &TypedWrite,
        (number, of): (usize, usize),
    ) -> Result<(), CliError> {
        let record = match (of, &subject.records[..]) {
            (1, [one]) => Some(one),
            (1, _) => None,
            (_, records) => records.get(number),
        };
        let asked = AskedFor {
            calldata: &answer.calldata,
            record: record.map(|(key, value)| (key, value)),
            resolver: place.contract,
            chain_id: place.chain_id,
            wallet: self.address(),
            through_resolve: false,
            now: u64::try_from(Timestamp::now().as_second()).unwrap_or_default(),
        };
        write.check(&asked).map_err(|error| {
            let message =
                format!("the message of the resolver {} is not signed: {error}", place.contract);
            CliError::new(Exit::Unverified, ErrorKind::Contract, message)
                .hint("nothing was signed or sent")
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

fn not_confirmed() -> CliError {
    CliError::new(Exit::Failed, ErrorKind::NotConfirmed, "nothing was signed or sent")
        .hint("the same command asks again; --dry-run only shows it")
}
