//! Whether what was written is what clients read: through the resolver, and its gateways.

use std::time::Duration;

use namesys::net::Http;
use namesys::record::RecordKey;
use namesys::report::{ErrorKind, WriteReport, WriteState, WrittenReport};
use namesys::resolve::{FetchLimits, NameResolver, OnchainConfig, Trace};

use super::course::Course;
use super::subjects::Subject;
use crate::cli::error::{CliError, Exit};

/// How often it is read, and how long is waited between.
const TIMES: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// Whether a record may be there: it was taken, or nobody knows.
fn may_be_there(record: &WrittenReport) -> bool {
    matches!(record.state, WriteState::Taken | WriteState::Unknown)
}

impl Course<'_> {
    /// Reads every record back that may be there. That a gateway says 200 is not that it keeps what
    /// it got.
    pub fn read_back(
        &self,
        subject: &Subject,
        http: &Http,
        report: &mut WriteReport,
    ) -> Option<CliError> {
        let sent = report.records.iter().zip(&subject.records);
        let sent = sent.filter(|(record, _)| may_be_there(record));
        let keys: Vec<RecordKey> = sent.map(|(_, (key, _))| key.clone()).collect();
        let (chain_id, gateways, limits) =
            (self.chains.main_id, Vec::new(), FetchLimits::default());
        let config = OnchainConfig { chain_id, gateways, limits };
        let resolver = NameResolver::new(self.chains.main.clone(), http.clone(), config);
        for time in 1..=TIMES {
            let found = self.context.block_on(async {
                if time > 1 {
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(resolver.resolve(&subject.name, &keys, &Trace::default()).await)
            });
            let found = match found {
                Ok(found) => found,
                // Interrupted: what was sent is said all the same.
                Err(error) => return Some(error),
            };
            for (record, (key, value)) in report.records.iter_mut().zip(&subject.records) {
                if !may_be_there(record) {
                    continue;
                }
                let read = found.as_ref().map(|found| {
                    let read = found.records.iter().find(|read| read.key == *key);
                    read.map(|read| &read.value)
                });
                let said = match read {
                    Err(error) => Some(error.to_string()),
                    Ok(Some(Ok(read))) if read == value => None,
                    Ok(Some(Ok(read))) => Some(format!("{read} is read")),
                    Ok(Some(Err(error))) => Some(error.to_string()),
                    Ok(None) => Some("it is not read".to_owned()),
                };
                (record.ok, record.error) = (Some(said.is_none()), said);
            }
            if report.records.iter().filter(|one| may_be_there(one)).all(|one| one.ok == Some(true))
            {
                break;
            }
        }
        lost(report)
    }
}

/// What was taken, and is not read.
pub fn lost(report: &mut WriteReport) -> Option<CliError> {
    let mut sent = report.records.iter().filter(|record| may_be_there(record));
    report.read_back = Some(sent.all(|record| record.ok == Some(true)));
    let taken = report.records.iter().filter(|record| record.state == WriteState::Taken);
    let lost: Vec<&str> = taken
        .filter(|record| record.ok != Some(true))
        .map(|record| record.record.as_str())
        .collect();
    if lost.is_empty() {
        return None;
    }
    let message = format!("it was taken, and is not what is read back: {}", lost.join(", "));
    Some(
        CliError::new(Exit::Failed, ErrorKind::NotReadBack, message)
            .hint("the gateway may not keep what it answers; namesys resolve reads it again"),
    )
}
