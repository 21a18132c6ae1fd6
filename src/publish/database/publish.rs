//! Asks what a gateway has, judges what would be lost, posts, and reads back.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::time::sleep;

use super::DatabaseError;
use super::gateway::{Answer, DatabaseGateway};
use super::records::{DatabaseRecord, bodies, body};
use crate::keys::SignerKey;
use crate::net::Progress;
use crate::published::{BaseFile, KnownDatabase, Loss, shown_value};
use crate::record::Value;
use crate::request::SignedRecord;
use crate::workspace::{Workspace, WorkspaceError};

/// Questions, and bodies, under way at once.
const AT_ONCE: usize = 16;
const BODIES_AT_ONCE: usize = 4;
/// How often a body is posted whose time was not newer than what is there, and the wait between:
/// times are whole seconds.
const TRIES: u32 = 3;
const A_SECOND: Duration = Duration::from_millis(1100);
/// Losses that are told one by one; the rest is counted.
const MAX_TOLD: usize = 1000;
/// Records that are asked for where only a look is taken.
const SAMPLE: usize = 16;

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

/// What a database has of some of the records.
#[derive(Debug)]
pub struct DatabaseSight {
    /// Its address.
    pub from: String,
    /// Records that were asked for.
    pub asked: usize,
    /// Of them, those it has as they are here.
    pub current: usize,
    /// Why it is not known.
    pub error: Option<DatabaseError>,
}

/// A record and what is there in its place.
struct There<'a> {
    record: &'a DatabaseRecord,
    held: Option<Vec<u8>>,
}

impl There<'_> {
    fn is_ours(&self) -> bool {
        self.held.as_deref() == Some(&self.record.data())
    }

    /// What is lost where ours takes its place: nothing that was known, nor the same value.
    fn loss(&self, known: &KnownDatabase) -> Option<Loss> {
        let DatabaseRecord { name, key, value, payload } = self.record;
        let held = self.held.as_ref()?;
        if self.is_ours() || known.knows(name, key, held) {
            return None;
        }
        let there = SignedRecord::decode(held).ok();
        if there.as_ref().is_some_and(|there| there.result == payload.result) {
            return None;
        }
        let there = there.and_then(|there| Value::abi_decode(key, &there.result).ok());
        let told = |value: &Value| format!("{:?}", shown_value(&value.to_string()));
        Some(Loss {
            path: self.record.path(),
            name: Some(name.to_string()),
            record: Some(key.to_string()),
            base: None,
            there: Some(there.map_or_else(|| "something else".to_owned(), |value| told(&value))),
            here: Some(told(value)),
        })
    }
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
    let mut asked = Vec::new();
    for gateway in request.databases {
        // What is posted is from then: a database refuses it where something came meanwhile.
        let since = now();
        asked.push((gateway, since, look(gateway, request).await));
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
    let is_refused = outcome.lost_count > 0 && !request.replace;
    for (gateway, since, there) in asked {
        let done = match there {
            Ok(_) if is_refused => continue,
            Ok(there) => one(request, gateway, (&there, since), &mut base).await?,
            Err(error) => DatabaseOutcome {
                to: gateway.shown(),
                posted: 0,
                unchanged: 0,
                remaining: Vec::new(),
                error: Some(error),
            },
        };
        outcome.databases.push(done);
    }
    Ok(outcome)
}

/// Asks for a few of the records, from all over.
pub async fn database_status(
    gateway: &DatabaseGateway,
    records: &[DatabaseRecord],
) -> DatabaseSight {
    let some = records.iter().step_by(records.len().div_ceil(SAMPLE).max(1));
    let asking = some.map(|record| there(gateway, record));
    let found: Vec<Result<There<'_>, DatabaseError>> =
        stream::iter(asking).buffered(AT_ONCE).collect().await;
    let (mut sight, asked) = (DatabaseSight::of(gateway), found.len());
    sight.asked = asked;
    for found in found {
        match found {
            Ok(there) => sight.current += usize::from(there.is_ours()),
            Err(error) => sight.error = Some(error),
        }
    }
    sight
}

impl DatabaseSight {
    fn of(gateway: &DatabaseGateway) -> Self {
        Self { from: gateway.shown(), asked: 0, current: 0, error: None }
    }
}

async fn there<'a>(
    gateway: &DatabaseGateway,
    record: &'a DatabaseRecord,
) -> Result<There<'a>, DatabaseError> {
    Ok(There { record, held: gateway.held(&record.path()).await? })
}

/// What a database has of each record; the first question that fails ends it.
async fn look<'a>(
    gateway: &DatabaseGateway,
    request: &DatabaseRequest<'a>,
) -> Result<Vec<There<'a>>, DatabaseError> {
    let all = request.records.len() as u64;
    let mut found = Vec::new();
    let mut asking =
        stream::iter(request.records.iter().map(|record| there(gateway, record))).buffered(AT_ONCE);
    while let Some(there) = asking.try_next().await? {
        found.push(there);
        if let Some(progress) = &request.progress {
            progress(found.len() as u64, all);
        }
    }
    Ok(found)
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
    let signed: HashSet<_> =
        there.iter().map(|there| (&there.record.name, &there.record.key)).collect();
    let remaining = known.records().filter(|(name, key)| !signed.contains(&(name, key)));
    let remaining = remaining.map(|(name, key)| format!("{name} {key}")).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ens::Name;
    use crate::record::RecordKey;
    use crate::secret::Secret;

    /// Of one value under another signature nothing is lost; of another value the value.
    #[test]
    fn what_is_lost_is_a_value() {
        let name = Name::parse("nick.eth").unwrap();
        let key = RecordKey::parse("text/avatar").unwrap();
        let signed = |seed: u8, text: &str| {
            let signer = SignerKey::from_scalar(&Secret::new([seed; 32])).unwrap();
            let value = Value::parse(&key, text).unwrap();
            let signature = [seed; 65].to_vec().into();
            let result = value.abi_encode().into();
            let (signer, approval) = (signer.address(), Vec::new().into());
            let payload = SignedRecord { signer, signature, approval, result };
            DatabaseRecord { name: name.clone(), key: key.clone(), value, payload }
        };
        let ours = signed(1, "a");
        let loss =
            |held: Option<Vec<u8>>| There { record: &ours, held }.loss(&KnownDatabase::default());
        assert!(loss(None).is_none() && loss(Some(ours.data())).is_none());
        assert!(loss(Some(signed(2, "a").data())).is_none(), "the same value by another signer");
        let lost = loss(Some(signed(2, "b").data())).unwrap();
        assert_eq!((lost.there.as_deref(), lost.here.as_deref()), (Some("\"b\""), Some("\"a\"")));
        assert!(loss(Some(vec![7; 40])).unwrap().there.unwrap().contains("something else"));
    }
}
