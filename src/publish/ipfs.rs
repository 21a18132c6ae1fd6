//! The tree to every upload, the record to every publisher, and whether it is seen.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::author::{Author, Subject, next_record};
use super::targets::{give, send};
use super::verdict::shortfall;
use super::{
    Agreement, Enough, History, Patience, PublishNotice, Shortfall, Sight, SightOf, StateError,
    TargetOutcome, agreement, wait_for_agreement,
};
use crate::ipns::{PublishError, Publisher, RecordError, RecordSource, VerifiedRecord};
use crate::keys::IpnsName;
use crate::workspace::{Lock, Workspace};

/// The first wait between two rounds of asking.
const EVERY: Duration = Duration::from_secs(1);

/// What to publish and where. The caller holds the workspace's lock.
pub struct PublishRequest<'a> {
    /// Where records made here are kept; a signed one may be published without.
    pub workspace: Option<&'a Workspace>,
    /// Whose record it is.
    pub name: IpnsName,
    /// What the record points to.
    pub subject: Subject<'a>,
    /// Where the record comes from.
    pub author: Author<'a>,
    /// Every one gets the record.
    pub publishers: &'a [Box<dyn Publisher>],
    /// Looked at once the record is out.
    pub gateways: &'a [Box<dyn RecordSource>],
    /// When that is enough.
    pub enough: Enough,
    /// The clock.
    pub now: Timestamp,
    /// Told what a person should know before the record goes out.
    pub notice: &'a (dyn Fn(&PublishNotice) + Send + Sync),
    /// Told who is waited for, after every round but the last.
    pub waiting: &'a (dyn Fn(&Sight) + Send + Sync),
}

/// What `publish` did.
#[derive(Clone, Debug)]
pub struct PublishOutcome {
    /// The record that all targets should have.
    pub record: VerifiedRecord,
    /// Whether it was made now; otherwise the root had not changed.
    pub new_record: bool,
    /// For each upload.
    pub uploads: Vec<TargetOutcome>,
    /// For each publisher; empty when no upload succeeded, for nobody could read the tree.
    pub publications: Vec<TargetOutcome>,
    /// What gateways serve; with a wait, publishers too.
    pub seen: Agreement,
    /// What is missing.
    pub shortfall: Option<Shortfall>,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishTreeError {
    /// `--sequence` is not above what is out.
    #[error(
        "sequence {asked} is not above {known}, which {knower} has: readers keep the higher one"
    )]
    SequenceTooLow {
        /// What was asked for.
        asked: u64,
        /// The highest that is known.
        known: u64,
        /// Who has it.
        knower: String,
    },
    /// A record that was signed earlier, and others since.
    #[error(
        "the signed record has sequence {signed}, and {knower} has another, of sequence {known}, \
         which readers keep"
    )]
    SignedOutdated {
        /// Of the signed record.
        signed: u64,
        /// The highest that is known.
        known: u64,
        /// Who has it.
        knower: String,
    },
    /// There is no record whose value could be kept, and these services could not be asked.
    #[error("no record of {name} is known{}", unasked(.failed))]
    NothingPublished {
        /// Whose record.
        name: IpnsName,
        /// Why each could not be asked.
        failed: Vec<String>,
    },
    /// Nothing was published from here, so one who did not answer may have a newer record.
    #[error(
        "sequence {known} of {name} may not be the newest: nothing was published from this \
         workspace to compare with, and not everybody could be asked ({})",
        failed.join("; ")
    )]
    NewestUnknown {
        /// Whose record.
        name: IpnsName,
        /// The highest sequence that is known.
        known: u64,
        /// Why each could not be asked.
        failed: Vec<String>,
    },
    /// A renewal that ends before what it renews.
    #[error("the newest record is valid until {newest}, and a renewed one only until {asked}")]
    NotLater {
        /// What was asked for.
        asked: Timestamp,
        /// Of the newest record.
        newest: Timestamp,
    },
    /// The sequence cannot grow.
    #[error("the sequence of {0} has reached its highest value")]
    SequenceExhausted(String),
    /// The record cannot be made.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The history cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

fn unasked(failed: &[String]) -> String {
    match failed {
        [] => String::new(),
        failed => format!(", and not everybody could be asked ({})", failed.join("; ")),
    }
}

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
        Subject::Root(_) | Subject::Newest => Vec::new(),
    };
    let mut publications = Vec::new();
    if uploads.is_empty() || uploads.iter().any(|outcome| outcome.ok) {
        if next.is_new {
            // The upload took its time: others may have published meanwhile.
            served =
                join_all(request.publishers.iter().zip(served).map(
                    async |(to, before)| match before {
                        Ok(_) => ask(request, &**to).await,
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
        publications = join_all(each.map(|(to, served)| give(&**to, served, &next.record))).await;
    }
    Ok(PublishOutcome {
        record: next.record,
        new_record: next.is_new,
        uploads,
        publications,
        seen: Agreement::default(),
        shortfall: None,
    })
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
