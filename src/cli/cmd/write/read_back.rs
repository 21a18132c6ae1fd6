//! Whether what was written is what clients read: through the resolver, and its gateways.

use std::time::Duration;

use namesys::net::Http;
use namesys::record::RecordKey;
use namesys::report::{ErrorKind, WriteReport};
use namesys::resolve::{FetchLimits, NameResolver, OnchainConfig, Trace};

use super::course::Course;
use super::show::Ended;
use super::subjects::Subject;
use crate::cli::error::{CliError, Exit};

/// How often it is read, and how long is waited between.
const TIMES: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);

impl Course<'_> {
    /// Reads every record back. That a gateway says 200 is not that it keeps what it got.
    pub fn read_back(
        &self,
        subject: &Subject,
        http: &Http,
        mut report: WriteReport,
    ) -> Result<Ended, CliError> {
        let keys: Vec<RecordKey> = subject.records.iter().map(|(key, _)| key.clone()).collect();
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
            })?;
            let said: Vec<Option<String>> = match &found {
                Err(error) => keys.iter().map(|_| Some(error.to_string())).collect(),
                Ok(found) => subject
                    .records
                    .iter()
                    .map(|(key, value)| {
                        let record = found.records.iter().find(|record| record.key == *key);
                        match record.map(|record| &record.value) {
                            Some(Ok(read)) if read == value => None,
                            Some(Ok(read)) => Some(format!("{read} is read")),
                            Some(Err(error)) => Some(error.to_string()),
                            None => Some("it is not read".to_owned()),
                        }
                    })
                    .collect(),
            };
            for (record, said) in report.records.iter_mut().zip(said) {
                record.ok = Some(said.is_none());
                // What the gateway itself said comes first.
                if record.ok == Some(true) {
                    record.error = None;
                } else if time == 1 {
                    record.error = record.error.take().or(said);
                } else if let Some(said) = said {
                    record.error.get_or_insert(said);
                }
            }
            if report.records.iter().all(|record| record.ok == Some(true)) {
                break;
            }
        }
        let lost: Vec<&str> = report
            .records
            .iter()
            .filter(|record| record.ok != Some(true))
            .map(|record| record.record.as_str())
            .collect();
        report.read_back = Some(lost.is_empty());
        let error = (!lost.is_empty()).then(|| {
            let message =
                format!("it was taken, and is not what is read back: {}", lost.join(", "));
            CliError::new(Exit::Failed, ErrorKind::NotReadBack, message)
                .hint("the gateway may not keep what it answers; namesys resolve reads it again")
        });
        Ok((report, error))
    }
}
