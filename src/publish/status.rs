//! What each publisher serves, until when, and whether they agree.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::ipns::{PublishError, Publisher, VerifiedRecord};
use crate::keys::IpnsName;

/// What one publisher serves.
#[derive(Clone, Debug)]
pub struct PublisherStatus {
    /// Kind and address.
    pub from: String,
    /// Its record, verified but perhaps expired; none when it has none; or why it is not known.
    pub served: Result<Option<VerifiedRecord>, PublishError>,
}

/// What all publishers serve.
#[derive(Clone, Debug)]
pub struct Status {
    /// In the order of the configuration.
    pub publishers: Vec<PublisherStatus>,
    /// The record that supersedes all others, of the publishers and of the workspace.
    pub newest: Option<VerifiedRecord>,
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
    Status { publishers, newest }
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

/// How long `record` is valid from `now`; negative once it has expired.
pub fn time_left(record: &VerifiedRecord, now: Timestamp) -> SignedDuration {
    record.fields().validity().duration_since(now)
}
