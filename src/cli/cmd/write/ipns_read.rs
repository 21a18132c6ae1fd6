//! Records under an IPNS key, read back below its name by its gateways and publishers.

use namesys::recordhash::Recordhash;
use namesys::report::{ErrorKind, WriteReport};
use namesys::resolve::{FetchLimits, GivenFacts, OnchainRecord, Sources, resolve_given};

use super::course::{Course, IpnsHandler, Place};
use super::subjects::Subject;
use crate::cli::endpoints::{GatewayArgs, PublisherArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::session::Session;

impl Course<'_> {
    /// Reads the records; that they cannot be read is said beside what was sent.
    pub fn read_under(
        &self,
        subject: &Subject,
        place: &Place,
        handler: &IpnsHandler<'_>,
        report: &mut WriteReport,
    ) -> Option<CliError> {
        let found = match self.found_under(subject, place, handler) {
            Ok(found) => found,
            Err(error) => {
                let why = |record: &mut namesys::report::WrittenReport| {
                    record.error = Some(error.message.clone());
                };
                report.records.iter_mut().for_each(why);
                return Some(error);
            }
        };
        for (record, (key, value)) in report.records.iter_mut().zip(&subject.records) {
            let read = found.iter().find(|read| read.key == *key);
            let said = match read.map(|read| &read.value) {
                Some(Ok(read)) if read == value => None,
                Some(Ok(read)) => Some(format!("{read} is read")),
                Some(Err(error)) => Some(error.to_string()),
                None => Some("it is not read".to_owned()),
            };
            (record.ok, record.error) = (Some(said.is_none()), said);
        }
        let all = report.records.iter().all(|record| record.ok == Some(true));
        report.read_back = Some(all);
        (!all).then(|| {
            let message = "it was published, and is not what is read back";
            CliError::new(Exit::Failed, ErrorKind::NotReadBack, message)
                .hint("gateways may keep the older one for a while: namesys status shows it")
        })
    }

    fn found_under(
        &self,
        subject: &Subject,
        place: &Place,
        handler: &IpnsHandler<'_>,
    ) -> Result<Vec<OnchainRecord>, CliError> {
        let session = Session::open(self.context)?;
        let config = Some(&session.config);
        let gateways = GatewayArgs::default().get(self.context, config)?;
        let publishers = PublisherArgs::default().get(self.context, config)?;
        let facts = GivenFacts {
            name: subject.name.clone(),
            owner: place.owner,
            recordhash: Recordhash::from(handler.ipns),
            chain_id: session.config.chain_id,
            approved_signers: Vec::new(),
        };
        let keys: Vec<_> = subject.records.iter().map(|(key, _)| key.clone()).collect();
        let http = self.context.http()?;
        let sources = Sources { gateways, publishers: &publishers };
        let found = self.context.block_on(async {
            Ok(resolve_given(http, sources, FetchLimits::default(), facts, &keys).await?)
        })?;
        Ok(found.records)
    }
}
