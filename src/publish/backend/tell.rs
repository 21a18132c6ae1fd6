//! Asks the backend what it has, posts what is published now, and asks again.

use std::collections::BTreeMap;

use tokio::time::sleep;

use super::BackendError;
use super::body::BackendPlace;
use super::client::{Held, NamesysBackend};
use super::types::backend_type;
use crate::ens::Name;
use crate::ipns::{ReadBack, Revision, VerifiedRecord};
use crate::publish::database::DatabaseRecord;

/// What a backend is told.
pub struct BackendNews<'a> {
    /// Whose folder there.
    pub place: &'a BackendPlace,
    /// What is signed and has a place there, ordered by name.
    pub records: &'a [DatabaseRecord],
    /// The record that the first publisher has.
    pub published: &'a VerifiedRecord,
    /// How long it is asked what came of it.
    pub read_back: ReadBack,
}

/// How it went.
#[derive(Debug, Default)]
pub struct BackendOutcome {
    /// Records that were posted.
    pub posted: usize,
    /// Values that it had and has no more, as it said them: type and value.
    pub replaced: Vec<String>,
    /// What it has and is not signed here: its own client publishes that again.
    pub remaining: Vec<String>,
    /// Records too long for it.
    pub too_long: Vec<String>,
    /// Whether it says that it has all of it; none where it does not say.
    pub read_back: Option<bool>,
    /// Why it has not, or it is not known.
    pub error: Option<BackendError>,
}

/// Tells one backend. Nothing is posted where it does not say what it has.
pub async fn tell_backend(backend: &NamesysBackend, news: &BackendNews<'_>) -> BackendOutcome {
    let mut outcome = BackendOutcome::default();
    match told(backend, news, &mut outcome).await {
        Ok(()) => outcome.read_back = Some(true),
        Err(error) => {
            let is_known = matches!(error, BackendError::NotKept(_));
            outcome.read_back = is_known.then_some(false);
            outcome.error = Some(error);
        }
    }
    outcome
}

async fn told(
    backend: &NamesysBackend,
    news: &BackendNews<'_>,
    outcome: &mut BackendOutcome,
) -> Result<(), BackendError> {
    let Some(first) = news.records.first() else { return Ok(()) };
    let before = look(backend, news).await?;
    note(news, &before, outcome);
    if missing(news, &before).is_none() {
        return Ok(());
    }
    let records: Vec<&DatabaseRecord> = news.records.iter().collect();
    let (bodies, too_long) = news.place.writes(&records);
    let told = |record: &&DatabaseRecord| format!("{} {}", record.name, record.key);
    outcome.too_long = too_long.iter().map(told).collect();
    let mut written = BTreeMap::new();
    for body in bodies {
        written.extend(backend.write(body).await?);
    }
    outcome.posted = records.len() - too_long.len();
    backend.revise(news.place.revision(first, news.published, &written)).await?;
    came_back(backend, news, &too_long).await
}

/// Asks until it says that it has all of it.
async fn came_back(
    backend: &NamesysBackend,
    news: &BackendNews<'_>,
    too_long: &[&DatabaseRecord],
) -> Result<(), BackendError> {
    let ReadBack { mut tries, mut wait } = news.read_back;
    loop {
        let seen = look(backend, news).await;
        let seen = seen.map_err(|error| BackendError::NotChecked(error.to_string()))?;
        match missing(news, &seen) {
            None if too_long.is_empty() => return Ok(()),
            None => {
                return Err(BackendError::NotKept("records that are too long for it".to_owned()));
            }
            Some(missing) if tries <= 1 => return Err(BackendError::NotKept(missing)),
            Some(_) => {}
        }
        tries -= 1;
        sleep(wait).await;
        wait *= 2;
    }
}

/// What it has of each name that has records here.
async fn look<'a>(
    backend: &NamesysBackend,
    news: &BackendNews<'a>,
) -> Result<BTreeMap<&'a Name, Held>, BackendError> {
    let mut all = BTreeMap::new();
    for DatabaseRecord { name, .. } in news.records {
        if !all.contains_key(name) {
            all.insert(name, backend.held(news.place, name).await?);
        }
    }
    Ok(all)
}

/// The first thing that it has not as it is here.
fn missing(news: &BackendNews<'_>, all: &BTreeMap<&Name, Held>) -> Option<String> {
    let wanted = Revision::from_record(news.place.ipns, news.published.fields());
    let has_revision = |held: &Held| held.revision.as_ref() == Some(&wanted);
    if let Some((name, _)) = all.iter().find(|(_, held)| !has_revision(held)) {
        return Some(format!("the revision of {name}"));
    }
    let has = |record: &&DatabaseRecord| {
        let (held, of) = (all.get(&record.name), backend_type(&record.key));
        let value = held.zip(of).and_then(|(held, of)| held.values.get(of));
        value == Some(&record.value.to_string())
    };
    let lacks = news.records.iter().find(|record| !has(record))?;
    Some(format!("{} of {}", lacks.key, lacks.name))
}

/// What it says that it has of other values, and of records that are not signed here.
fn note(news: &BackendNews<'_>, all: &BTreeMap<&Name, Held>, outcome: &mut BackendOutcome) {
    for (name, held) in all {
        for (of, value) in &held.values {
            let is_it = |record: &&DatabaseRecord| {
                record.name == **name && backend_type(&record.key) == Some(*of)
            };
            match news.records.iter().find(is_it) {
                Some(record) if record.value.to_string() == *value => {}
                Some(_) => outcome.replaced.push(format!("{name} {of}: {value}")),
                None => outcome.remaining.push(format!("{name} {of}")),
            }
        }
    }
}
