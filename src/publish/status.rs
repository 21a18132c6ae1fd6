//! What each publisher serves, until when, and whether they agree.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::author::is_foreign;
use crate::ipns::{PublishError, Publisher, VerifiedRecord};
use crate::keys::IpnsName;
use crate::net::beside;

/// What one publisher serves.
#[derive(Clone, Debug)]
pub struct PublisherStatus {
    /// Kind and address.
    pub from: String,
    /// Its record, verified but perhaps expired; none when it has none; or why it is not known.
    pub served: Result<Option<VerifiedRecord>, PublishError>,
}

impl PublisherStatus {
    /// Why what it serves is not known, where that is so.
    pub fn failure(&self) -> Option<StatusFault> {
        let reason = self.served.as_ref().err()?.clone();
        Some(match is_unverified(&reason) {
            true => StatusFault::Unverified(reason),
            false => StatusFault::Unreachable { from: self.from.clone(), reason },
        })
    }
}

/// What all publishers serve.
#[derive(Clone, Debug)]
pub struct Status {
    /// In the order of the configuration.
    pub publishers: Vec<PublisherStatus>,
    /// The record that supersedes all others, of the publishers and of the workspace.
    pub newest: Option<VerifiedRecord>,
    /// Publishers that serve what this workspace never published, by number.
    pub foreign: Vec<usize>,
}

/// Asks every publisher at once. `kept` are the workspace's own records.
pub async fn status(
    name: &IpnsName,
    publishers: &[Box<dyn Publisher>],
    kept: &[VerifiedRecord],
) -> Status {
    let ask = publishers.iter().map(async |publisher| PublisherStatus {
        from: publisher.describe(),
        served: publisher.get(name).await,
    });
    let publishers = join_all(ask).await;
    let served = publishers.iter().filter_map(|status| status.served.as_ref().ok()?.as_ref());
    let newest = kept.iter().chain(served).reduce(|a, b| if b.supersedes(a) { b } else { a });
    let newest = newest.cloned();
    let is_foreign = |status: &PublisherStatus| matches!(&status.served, Ok(Some(record)) if is_foreign(record, kept));
    let numbered = publishers.iter().enumerate();
    let foreign = numbered.filter(|(_, status)| is_foreign(status)).map(|(number, _)| number);
    let foreign = foreign.collect();
    Status { publishers, newest, foreign }
}

impl Status {
    /// Publishers that answer and do not serve the newest record.
    pub fn drifting(&self) -> impl Iterator<Item = &PublisherStatus> {
        let newest = self.newest.as_ref().map(VerifiedRecord::bytes);
        self.publishers.iter().filter(move |status| match &status.served {
            Ok(served) => served.as_ref().map(VerifiedRecord::bytes) != newest,
            Err(_) => false,
        })
    }
}

/// The worst that is to be said of publishers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusFault {
    /// What one serves does not verify.
    #[error(transparent)]
    Unverified(PublishError),
    /// What one serves is no longer valid.
    #[error("what {from} serves has expired")]
    Expired {
        /// The publisher.
        from: String,
    },
    /// Nor will it be soon.
    #[error("what {from} serves expires in {days} days")]
    ExpiresSoon {
        /// The publisher.
        from: String,
        /// Whole days until then.
        days: i64,
    },
    /// What one serves was never published from here.
    #[error(
        "{from} serves sequence {sequence} of {value}, which was never published from this \
         workspace"
    )]
    Foreign {
        /// The publisher.
        from: String,
        /// Its sequence.
        sequence: u64,
        /// What it points to.
        value: String,
    },
    /// What one has is not known.
    #[error("{from}: {}", beside(from, &reason.to_string()))]
    Unreachable {
        /// The publisher.
        from: String,
        /// Why not.
        reason: PublishError,
    },
    /// Nobody has a record.
    #[error("{0} is not published anywhere")]
    NotPublished(IpnsName),
    /// Some do not have the newest record.
    #[error("not the newest record: {}", .0.join(", "))]
    Drift(Vec<String>),
}

impl Status {
    /// The worst that is to be said at `now`: a record that does not verify, one that has fewer
    /// than `warn_days` left, one of somebody else's value, not known, nothing published, not the same.
    pub fn fault(&self, name: &IpnsName, warn_days: u32, now: Timestamp) -> Option<StatusFault> {
        self.faults(name, warn_days, now).into_iter().next()
    }

    /// All that is to be said at `now`, the worst first, of each kind what comes first; of
    /// publishers that tell nothing all.
    pub fn faults(&self, name: &IpnsName, warn_days: u32, now: Timestamp) -> Vec<StatusFault> {
        let failures = || self.publishers.iter().filter_map(PublisherStatus::failure);
        let is_unverified = |fault: &StatusFault| matches!(fault, StatusFault::Unverified(_));
        let served = self.publishers.iter().filter_map(|status| {
            let record = status.served.as_ref().ok()?.as_ref()?;
            Some((days_left(record, now), &status.from))
        });
        let first = served.min_by_key(|(days, _)| *days);
        let ends = first.filter(|(days, _)| *days < i64::from(warn_days));
        let ends = ends.map(|(days, from)| match days < 0 {
            true => StatusFault::Expired { from: from.clone() },
            false => StatusFault::ExpiresSoon { from: from.clone(), days },
        });
        let foreign = self.foreign.iter().find_map(|number| {
            let PublisherStatus { from, served } = self.publishers.get(*number)?;
            let fields = served.as_ref().ok()?.as_ref()?.fields();
            let (sequence, value) = (fields.sequence, fields.value.clone());
            Some(StatusFault::Foreign { from: from.clone(), sequence, value })
        });
        // Who is behind is to be seen once what others published is taken over.
        let is_foreign = foreign.is_some();
        let mut faults: Vec<StatusFault> = failures().filter(is_unverified).collect();
        let tells_nothing = failures().filter(|fault| !is_unverified(fault));
        faults.extend(ends.into_iter().chain(foreign).chain(tells_nothing));
        let nothing = first.is_none() && faults.is_empty();
        faults.extend(nothing.then_some(StatusFault::NotPublished(*name)));
        let behind: Vec<String> = self.drifting().map(|status| status.from.clone()).collect();
        let drifts = first.is_some() && !behind.is_empty() && !is_foreign;
        faults.extend(drifts.then_some(StatusFault::Drift(behind)));
        faults
    }
}

fn is_unverified(error: &PublishError) -> bool {
    matches!(error, PublishError::BadRecord { .. } | PublishError::Contradiction { .. })
}

/// Whole days until `record` expires; negative once it has.
pub fn days_left(record: &VerifiedRecord, now: Timestamp) -> i64 {
    whole_days(time_left(record, now))
}

/// Rounded down, so that a moment after the end is day -1 and not day 0.
pub fn whole_days(duration: SignedDuration) -> i64 {
    let days = duration.as_nanos().div_euclid(SignedDuration::from_hours(24).as_nanos());
    i64::try_from(days).unwrap_or(i64::MAX)
}

/// How long `record` is valid from `now`; negative once it has expired.
pub fn time_left(record: &VerifiedRecord, now: Timestamp) -> SignedDuration {
    record.fields().validity().duration_since(now)
}
