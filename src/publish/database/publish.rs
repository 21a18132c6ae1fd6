//! Asks what a gateway has, judges what would be lost, posts, and reads back.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::sleep;

use super::DatabaseError;
use super::foresight::PlannedDatabase;
use super::gateway::{Answer, DatabaseGateway};
use super::look::{There, look, remaining};
use super::records::{DatabaseRecord, bodies, body};
use crate::keys::SignerKey;
use crate::net::Progress;
use crate::published::{BaseFile, KnownDatabase, Loss};
use crate::workspace::{Workspace, WorkspaceError};

/// Bodies under way at once.
const BODIES_AT_ONCE: usize = 4;
/// How often a body is posted whose time was not newer than what is there, and the wait between:
/// times are whole seconds.
const TRIES: u32 = 3;
const A_SECOND: Duration = Duration::from_millis(1100);
/// Losses that are told one by one; the rest is counted.
const MAX_TOLD: usize = 1000;

/// What to post and where. The caller holds the workspace's lock.
pub struct DatabaseRequest<'a> {
    /// Where it is kept what was seen.
    pub workspace: &'a Workspace,
    /// Signed, and ordered by name.
    pub records: &'a [DatabaseRecord],
    /// Every one gets them.
    pub databases: &'a [DatabaseGateway],
    /// The chain id in their texts.
    pub chain_id: u64,
    /// Whose word it is that they are meant now, where the key is at hand.
    pub signer: Option<&'a SignerKey>,
    /// Whether all that is there counts as known.
    pub replace: bool,
    /// What was shown and agreed to: nothing else is posted, and over nothing else.
    pub shown: Option<&'a [PlannedDatabase]>,
    /// Told about the records that are asked for.
    pub progress: Option<Progress>,
}

/// How one database did.
#[derive(Debug)]
pub struct DatabaseOutcome {
    /// Its address.
    pub to: String,
    /// Records that were posted and read back.
    pub posted: usize,
    /// Records that it had.
    pub unchanged: usize,
    /// Records that were brought there before and are not signed here any more: it has them still.
    pub remaining: Vec<String>,
    /// Why it has not all of them.
    pub error: Option<DatabaseError>,
}

/// How all of them did.
#[derive(Debug, Default)]
pub struct DatabasesOutcome {
    /// Each; where nothing was posted, those alone that did not answer.
    pub databases: Vec<DatabaseOutcome>,
    /// What others wrote there and would go, or with `replace` went; the first thousand.
    pub lost: Vec<Loss>,
    /// How many there are.
    pub lost_count: usize,
}

/// Asks every database for every record, and posts those that it has otherwise or not. Where
/// something that nobody here saw would go, nothing is posted to any.
///
/// # Errors
/// Those of the workspace; what happened at each database stands in the outcome.
pub async fn publish_databases(
    request: &DatabaseRequest<'_>,
) -> Result<DatabasesOutcome, WorkspaceError> {
    let mut base = BaseFile::read(request.workspace)?;
    let (mut asked, progress) = (Vec::new(), request.progress.as_ref());
    for gateway in request.databases {
        // What is posted is from then: a database refuses it where something came meanwhile.
        let since = now();
        asked.push((gateway, since, look(gateway, request.records, progress).await));
    }
    let mut outcome = DatabasesOutcome::default();
    for (gateway, _, there) in &asked {
        let known = base.database(&gateway.shown());
        let there = there.iter().flatten();
        for loss in there.filter_map(|there| there.loss(&known)) {
            outcome.lost_count += 1;
            if outcome.lost.len() < MAX_TOLD {
                outcome.lost.push(loss);
            }
        }
    }
    let is_refused = outcome.lost_count > 0 && !request.replace && request.shown.is_none();
    for (gateway, since, there) in asked {
        let done = match there {
            Ok(_) if is_refused => continue,
            Ok(there) => match unshown(request, gateway, &there) {
                None => one(request, gateway, (&there, since), &mut base).await?,
                Some(error) => DatabaseOutcome::failed(gateway, error),
            },
            Err(error) => DatabaseOutcome::failed(gateway, error),
        };
        outcome.databases.push(done);
    }
    Ok(outcome)
}

impl DatabaseOutcome {
    fn failed(gateway: &DatabaseGateway, error: DatabaseError) -> Self {
        let (to, remaining) = (gateway.shown(), Vec::new());
        Self { to, posted: 0, unchanged: 0, remaining, error: Some(error) }
    }
}

/// Why nothing is posted to a database: there is something else in the place of a record than what
/// was shown.
fn unshown(
    request: &DatabaseRequest<'_>,
    gateway: &DatabaseGateway,
    there: &[There<'_>],
) -> Option<DatabaseError> {
    let (shown, to) = (request.shown?, gateway.shown());
    let shown = shown.iter().find(|shown| shown.to == to);
    let is_shown = |there: &&There<'_>| {
        there.is_ours() || shown.is_some_and(|shown| shown.lists(there.record, &there.held))
    };
    let There { record, .. } = there.iter().find(|there| !is_shown(there))?;
    Some(DatabaseError::Changed { name: record.name.clone(), record: record.key.to_string() })
}

/// Posts what one database lacks, and writes down what is known of it from then on.
async fn one(
    request: &DatabaseRequest<'_>,
    gateway: &DatabaseGateway,
    (there, since): (&[There<'_>], u64),
    base: &mut BaseFile,
) -> Result<DatabaseOutcome, WorkspaceError> {
    let to = gateway.shown();
    let mut known = base.database(&to);
    let (had, lacks): (Vec<_>, Vec<_>) = there.iter().partition(|there| there.is_ours());
    let remaining = remaining(&known, there);
    for There { record, .. } in &had {
        known.seen(&record.name, &record.key, &record.data());
    }
    // Whatever becomes of it, what is sent now was ours. What only --replace lets go is not known:
    // it is for this once.
    let is_known: Vec<bool> = lacks.iter().map(|there| there.loss(&known).is_none()).collect();
    for (There { record, held }, is_known) in lacks.iter().zip(is_known) {
        let held = held.as_deref().filter(|_| is_known);
        known.sending(&record.name, &record.key, held, &record.data());
    }
    note(request, base, &to, &known)?;
    let posted = send(request, gateway, &lacks, since).await;
    let (mut kept, mut error) = (0, None);
    for (records, outcome) in posted {
        match outcome {
            Ok(()) => {
                kept += records.len();
                for record in records {
                    known.seen(&record.name, &record.key, &record.data());
                }
            }
            Err(failed) => error = error.or(Some(failed)),
        }
    }
    note(request, base, &to, &known)?;
    Ok(DatabaseOutcome { to, posted: kept, unchanged: had.len(), remaining, error })
}

fn note(
    request: &DatabaseRequest<'_>,
    base: &mut BaseFile,
    to: &str,
    known: &KnownDatabase,
) -> Result<(), WorkspaceError> {
    if base.database(to) == *known {
        return Ok(());
    }
    base.set_database(to, known.clone());
    base.write(request.workspace)
}

type Sent<'a> = (Vec<&'a DatabaseRecord>, Result<(), DatabaseError>);

/// Posts bodies of what is lacking, and reads it back. After one that fails no further one is sent.
async fn send<'a>(
    request: &DatabaseRequest<'_>,
    gateway: &DatabaseGateway,
    lacks: &[&There<'a>],
    since: u64,
) -> Vec<Sent<'a>> {
    let records: Vec<&DatabaseRecord> = lacks.iter().map(|there| there.record).collect();
    let mut before = lacks.iter();
    // In the order of the records, so that each body has what was there before it.
    let bodies = bodies(&records).into_iter().map(|records| {
        let before: Vec<&There<'a>> = before.by_ref().take(records.len()).copied().collect();
        async move {
            let outcome = post(request, gateway, (&records, since), &before).await;
            (records, outcome)
        }
    });
    let mut sending = stream::iter(bodies).buffered(BODIES_AT_ONCE);
    let mut sent: Vec<Sent<'a>> = Vec::new();
    while let Some((records, outcome)) = sending.next().await {
        let is_failed = outcome.is_err();
        sent.push((records, outcome));
        if is_failed {
            break;
        }
    }
    sent
}

/// Posts one body, over what was there `before`.
async fn post(
    request: &DatabaseRequest<'_>,
    gateway: &DatabaseGateway,
    (records, since): (&[&DatabaseRecord], u64),
    before: &[&There<'_>],
) -> Result<(), DatabaseError> {
    let (mut tries, mut time) = (1, since);
    loop {
        let body = body(records, request.chain_id, time, request.signer)?;
        match gateway.post(body).await? {
            Answer::Taken => return read_back(gateway, records).await,
            Answer::Conflict(reason) => {
                // The time first: whatever comes after this look is newer than what is posted.
                if tries < TRIES {
                    sleep(A_SECOND).await;
                }
                time = now();
                unchanged(gateway, before).await?;
                if tries == TRIES {
                    let name = records.first().map(|record| record.name.clone());
                    return match name {
                        Some(name) => Err(DatabaseError::Conflict { name, reason }),
                        None => Ok(()),
                    };
                }
            }
        }
        tries += 1;
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}

/// Refuses where it has other records by now than when it was asked.
async fn unchanged(gateway: &DatabaseGateway, before: &[&There<'_>]) -> Result<(), DatabaseError> {
    for There { record, held } in before {
        let now = gateway.held(&record.path()).await?;
        if now != *held && now.as_deref() != Some(&record.data()) {
            let (name, record) = (record.name.clone(), record.key.to_string());
            return Err(DatabaseError::Changed { name, record });
        }
    }
    Ok(())
}

async fn read_back(
    gateway: &DatabaseGateway,
    records: &[&DatabaseRecord],
) -> Result<(), DatabaseError> {
    for record in records {
        let now = gateway.held(&record.path()).await?;
        if now.as_deref() != Some(&record.data()) {
            let (name, record) = (record.name.clone(), record.key.to_string());
            return Err(DatabaseError::NotKept { name, record });
        }
    }
    Ok(())
}
