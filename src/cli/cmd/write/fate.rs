//! What came of each record: sent or not, taken or refused, and what is read afterwards.

use namesys::net::Http;
use namesys::report::{ErrorKind, WriteReport, WriteState, WrittenReport};
use namesys::write::{Arrival, PostFailure, Posted, post};
use url::Url;

use super::course::Course;
use super::show::Ended;
use super::subjects::Subject;
use crate::cli::error::{CliError, Exit};

/// A failure, and how far what was to be sent came.
pub struct Stopped {
    pub state: WriteState,
    pub error: CliError,
}

impl Stopped {
    /// Nothing was sent.
    pub fn unsent(error: impl Into<CliError>) -> Self {
        Self { state: WriteState::NotSent, error: error.into() }
    }

    /// What was posted there was not taken, or nobody knows.
    pub fn posting(failure: PostFailure, asked: &Url) -> Self {
        let state = match failure.arrival(asked) {
            Arrival::Unsent => WriteState::NotSent,
            Arrival::Refused => WriteState::Refused,
            Arrival::Unknown => WriteState::Unknown,
        };
        Self { state, error: failure.into() }
    }

    /// It ended in the middle of it.
    pub fn unknown(error: CliError) -> Self {
        Self { state: WriteState::Unknown, error }
    }
}

/// Notes what a gateway said of these records, or how far they came.
pub fn mark(records: &mut [WrittenReport], said: &Result<Posted, Stopped>) {
    for (number, record) in records.iter_mut().enumerate() {
        let refusal = match said {
            Ok(Posted::Each(each)) => each.get(number).cloned().flatten(),
            Ok(Posted::Taken) | Err(_) => None,
        };
        record.state = match said {
            Ok(_) if refusal.is_some() => WriteState::Refused,
            Ok(_) => WriteState::Taken,
            Err(stopped) => stopped.state,
        };
        record.error = refusal.or_else(|| record.error.take());
    }
}

/// The records in this state, by their record types.
pub fn names(report: &WriteReport, state: WriteState) -> Vec<&str> {
    let is_so = |record: &&WrittenReport| record.state == state;
    report.records.iter().filter(is_so).map(|record| record.record.as_str()).collect()
}

impl Course<'_> {
    /// Posts a body of so many setters.
    pub fn post(
        &self,
        (url, http): (&Url, &Http),
        body: String,
        setters: usize,
    ) -> Result<Posted, Stopped> {
        let posting = post(http, url, body, setters);
        let said = self.context.block_on(async { Ok(posting.await) });
        said.map_err(Stopped::unknown)?.map_err(|failure| Stopped::posting(failure, url))
    }

    /// Reads back what was taken, or may have been. `failure` is what ended the sending.
    pub fn settle(
        &self,
        subject: &Subject,
        http: &Http,
        mut report: WriteReport,
        failure: Option<CliError>,
    ) -> Ended {
        let failure = failure.or_else(|| refusal(&report));
        report.posted = !names(&report, WriteState::Taken).is_empty();
        if !report.posted && names(&report, WriteState::Unknown).is_empty() {
            return (report, failure);
        }
        let read = self.read_back(subject, http, &mut report);
        (report, failure.or(read))
    }
}

/// That a gateway answered well, and refused some of it.
fn refusal(report: &WriteReport) -> Option<CliError> {
    let refused = names(report, WriteState::Refused);
    let first = report.records.iter().find(|record| record.state == WriteState::Refused)?;
    let words = first.error.as_deref().unwrap_or("it does not say why");
    let rest = match names(report, WriteState::Taken)[..] {
        [] => "; it took nothing".to_owned(),
        ref taken => format!("; it took {}", taken.join(", ")),
    };
    let message = format!("the gateway refuses {}: {words}{rest}", refused.join(", "));
    Some(
        CliError::new(Exit::Failed, ErrorKind::Rejected, message)
            .hint("is the wallet the owner of the name? What was taken need not be sent again"),
    )
}
