//! The tree to every upload, the record to every publisher, and whether it is seen.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::author::next_record;
use super::error::PublishTreeError;
use super::request::{PublishRequest, Subject};
use super::targets::{give, send};
use super::verdict::{Enough, PublishOutcome, shortfall};
use super::{Agreement, History, Patience, SightOf, agreement, wait_for_agreement};
use crate::ipns::{PublishError, Publisher, RecordSource, VerifiedRecord};
use crate::workspace::Lock;

/// The first wait between two rounds of asking.
const EVERY: Duration = Duration::from_secs(1);

/// What each publisher serves.
type Served = Vec<Result<Option<VerifiedRecord>, PublishError>>;

/// Uploads the tree, where there is one to upload, publishes its root, and looks whether it is
/// seen. The lock is given back once the record is out: others need not wait for gateways.
///
/// The sequence is the highest that the services and the workspace know, and one more. When the
/// newest known record holds the same root and has not expired, no new one is made
/// ([`Subject::Newest`] excepted): every target is asked, and those that lack it get it. Without
/// a single upload that succeeds the name is left as it is.
///
/// # Errors
/// Those that stop everything; what happened at each target stands in the outcome.
pub async fn publish(
    request: &PublishRequest<'_>,
    lock: Option<Lock>,
) -> Result<PublishOutcome, PublishTreeError> {
    let mut outcome = send_all(request).await?;
    drop(lock);
    outcome.seen = look(request, &mut outcome).await;
    outcome.shortfall = shortfall(&outcome, request.enough);
    Ok(outcome)
}

async fn send_all(request: &PublishRequest<'_>) -> Result<PublishOutcome, PublishTreeError> {
    let mut served: Served =
        join_all(request.publishers.iter().map(|to| ask(request, &**to))).await;
    // Before the upload, so that a sequence that cannot be is said at once.
    let mut next = next_record(request, &served)?;
    let uploads = match &request.subject {
        Subject::Tree { car, root, uploads, progress } => {
            join_all(uploads.iter().map(|upload| send(&**upload, car, root, progress))).await
        }
        Subject::Root(_) | Subject::Newest { .. } => Vec::new(),
    };
    let (mut publications, mut without_network) = (Vec::new(), Vec::new());
    if uploads.is_empty() || uploads.iter().any(|outcome| outcome.ok) {
        if next.is_new {
            // The upload took its time: others may have published meanwhile.
            served =
                join_all(request.publishers.iter().zip(served).map(
                    async |(to, before)| match before {
                        Ok(before) => Ok(newer(before, ask(request, &**to).await)),
                        failed => failed,
                    },
                ))
                .await;
            next = next_record(request, &served)?;
        }
        next.notices.iter().for_each(request.notice);
        // Before it is sent: whatever happens then, the sequence is never given to another.
        if let Some(workspace) = request.workspace {
            History::of(workspace).keep(&next.record)?;
        }
        let each = request.publishers.iter().zip(&served);
        for given in join_all(each.map(|(to, served)| give(&**to, served, &next.record))).await {
            if given.without_network {
                without_network.push(given.outcome.to.clone());
            }
            publications.push(given.outcome);
        }
    }
    Ok(PublishOutcome {
        record: next.record,
        new_record: next.is_new,
        uploads,
        publications,
        without_network,
        seen: Agreement::default(),
        shortfall: None,
    })
}

/// What a publisher serves, asked twice: it may be silent the second time, or answer from a place
/// that is behind, and what it said stays said.
fn newer(
    before: Option<VerifiedRecord>,
    now: Result<Option<VerifiedRecord>, PublishError>,
) -> Option<VerifiedRecord> {
    match (before, now) {
        (Some(before), Ok(Some(now))) if before.supersedes(&now) => Some(before),
        (_, Ok(Some(now))) => Some(now),
        (before, _) => before,
    }
}

async fn ask(
    request: &PublishRequest<'_>,
    publisher: &dyn Publisher,
) -> Result<Option<VerifiedRecord>, PublishError> {
    publisher.get(&request.name).await
}

/// Asks the gateways; with a wait the publishers too, until all agree. A publisher that serves the
/// record only by then counts.
async fn look(request: &PublishRequest<'_>, outcome: &mut PublishOutcome) -> Agreement {
    let Enough { require, wait } = request.enough;
    let taken = outcome.publications.iter().filter(|target| target.ok || target.sent).count();
    if taken == 0 || (wait.is_some() && taken < require) {
        return Agreement::default();
    }
    let gateways = request.gateways.iter().map(|gateway| &**gateway).collect();
    let mut of = SightOf { record: &outcome.record, publishers: Vec::new(), gateways };
    let Some(limit) = wait else { return agreement(&of, Timestamp::now()).await };
    of.publishers =
        request.publishers.iter().map(|publisher| &**publisher as &dyn RecordSource).collect();
    let round = |seen: &Agreement| seen.behind().for_each(request.waiting);
    let patience = Patience { limit, every: EVERY };
    let seen = wait_for_agreement(&of, require, patience, &round).await;
    for (target, sight) in outcome.publications.iter_mut().zip(&seen.publishers) {
        if sight.ok == Some(true) && !target.ok {
            (target.ok, target.read_back, target.error) = (true, true, None);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipns::UnverifiedRecord;
    use crate::ipns::create;
    use crate::keys::IpnsKey;

    #[test]
    fn what_was_answered_once_stays_answered() {
        let record = |sequence| {
            let key = IpnsKey::from_seed(&[7; 32].into());
            let validity = "2100-01-01T00:00:00Z".parse().unwrap();
            let bytes = create(&key, "/ipfs/bafkqaaa", sequence, validity, Duration::ZERO).unwrap();
            UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap()
        };
        let silent = || Err(PublishError::Silent(Duration::from_secs(5)));
        for (before, now, expected) in [
            (Some(5), Ok(Some(6)), Some(6)),
            (Some(5), Ok(Some(4)), Some(5)),
            (Some(5), Ok(None), Some(5)),
            (Some(5), silent(), Some(5)),
            (None, Ok(Some(1)), Some(1)),
            (None, silent(), None),
        ] {
            let now = now.map(|sequence: Option<u64>| sequence.map(record));
            assert_eq!(newer(before.map(record), now), expected.map(record));
        }
    }
}
