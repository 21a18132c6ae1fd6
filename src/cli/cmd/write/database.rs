//! Database handlers: records by their signer, which are posted.

use alloy_primitives::Address;
use jiff::Timestamp;
use namesys::net::{Guard, Http};
use namesys::report::WriteReport;
use namesys::request::{Freshness, PostError, PostForm, PostedRecord, RecordsPost};
use namesys::workspace::Network;
use namesys::write::{Profile, gateway_url, is_loopback};
use url::Url;

use super::course::{Course, Place};
use super::fate::mark;
use super::keys::Signers;
use super::show::Ended;
use super::subjects::Subject;
use super::texts::Signing;
use crate::cli::error::CliError;

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
        let keys = self.keys(subject, place, profile);
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        if self.args.dry_run {
            // Whose key it is follows from a signature, and nothing is signed.
            let owner = named.is_none().then_some(place.owner);
            let signing = Signing { keys: &keys, signer: named, owner, now };
            report.messages = signing.texts(subject);
            return Ok((report, None));
        }
        self.refuse_printing()?;
        self.needs_somebody()?;
        let mut signers = self.signers(place, named, keys)?;
        let signing = Signing {
            keys: &signers.keys,
            signer: Some(signers.signer.address()),
            owner: signers.owner,
            now,
        };
        report.messages = signing.texts(subject);
        self.agreed(subject, &report, &format!("Sign and post this to {url}"))?;
        self.approve(&mut signers)?;
        let json = body(subject, place, &signers, now)?;
        let said = self.post((&url, &http), json, 1);
        mark(&mut report.records, &said);
        Ok(self.settle(subject, &http, report, said.err().map(|stopped| stopped.error)))
    }
}

/// The body of the records, signed now.
fn body(subject: &Subject, place: &Place, signers: &Signers, now: u64) -> Result<String, CliError> {
    let posted = subject.records.iter().map(|(key, value)| PostedRecord {
        key: key.clone(),
        value: value.clone(),
        timestamp: now,
        payload: signers.sign(key, value),
    });
    let form = match signers.keys.profile {
        Profile::Erc7700 => PostForm::Erc7700,
        _ => PostForm::Ensip19,
    };
    let (name, approval) = (subject.name.clone(), signers.approval_bytes());
    let body = RecordsPost::new(form, name, place.chain_id, approval, posted.collect())?;
    let request = body.freshness_request(now, signers.signer.address());
    let signature = signers.signer.sign(&request);
    let body = body.with_freshness(Freshness { timestamp: now, signature });
    body.to_json().map_err(|error| CliError::usage(error.to_string()))
}
