//! What posting would do: asked and judged as it is then, and nothing is posted. A plan file keeps it,
//! and permits what it lists.

use serde::{Deserialize, Serialize};

use super::DatabaseError;
use super::gateway::DatabaseGateway;
use super::look::{There, look, remaining};
use super::records::DatabaseRecord;
use crate::ens::Name;
use crate::net::Progress;
use crate::published::{KnownDatabase, Loss};
use crate::record::RecordKey;

/// What posting to one database would do.
#[derive(Debug)]
pub struct DatabaseForesight {
    /// What it would be given, as a plan file has it.
    pub planned: PlannedDatabase,
    /// Records that it has as they are signed here.
    pub unchanged: usize,
    /// What others wrote there and would go.
    pub lost: Vec<Loss>,
    /// Records that were brought there before and are not wanted here any more: it has them still.
    pub remaining: Vec<String>,
    /// Why it is not known what it has.
    pub error: Option<String>,
}

/// What is posted to one database, and over what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDatabase {
    /// Its address.
    pub to: String,
    /// Each record that it has otherwise, or not.
    pub posts: Vec<PlannedPost>,
}

/// A record that is posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPost {
    /// Whose.
    pub name: Name,
    /// Which.
    pub record: RecordKey,
    /// The fingerprint of what stood there, as `published.toml` has it; none where nothing did.
    pub before: Option<String>,
    /// The value that stood there.
    pub old: Option<String>,
    /// The value that will.
    pub new: String,
    /// Whether what stood there is lost: nobody here saw it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
}

impl PlannedDatabase {
    /// Whether a record of this value is posted over this.
    pub(super) fn lists(&self, record: &DatabaseRecord, held: &Option<Vec<u8>>) -> bool {
        let (before, new) = (stamp(held), record.value.to_string());
        let of = |post: &&PlannedPost| post.name == record.name && post.record == record.key;
        self.posts.iter().filter(of).any(|post| post.before == before && post.new == new)
    }
}

impl DatabaseForesight {
    /// Of a database that does not say what it has, and why.
    pub fn unknown(to: String, reason: String) -> Self {
        let planned = PlannedDatabase { to, posts: Vec::new() };
        let (lost, remaining) = (Vec::new(), Vec::new());
        Self { planned, unchanged: 0, lost, remaining, error: Some(reason) }
    }
}

/// Asks one database for every record; `known` is what was last seen there.
///
/// # Errors
/// [`DatabaseError`] where a question fails.
pub async fn foresee_database(
    gateway: &DatabaseGateway,
    records: &[DatabaseRecord],
    known: &KnownDatabase,
    progress: Option<&Progress>,
) -> Result<DatabaseForesight, DatabaseError> {
    let there = look(gateway, records, progress).await?;
    let remaining = remaining(known, &there);
    let lacks: Vec<&There<'_>> = there.iter().filter(|there| !there.is_ours()).collect();
    let unchanged = there.len() - lacks.len();
    let losses: Vec<Option<Loss>> = lacks.iter().map(|there| there.loss(known)).collect();
    let post = |(there, loss): (&&There<'_>, &Option<Loss>)| PlannedPost {
        name: there.record.name.clone(),
        record: there.record.key.clone(),
        before: stamp(&there.held),
        old: there.value(),
        new: there.record.value.to_string(),
        lost: loss.is_some(),
    };
    let posts = lacks.iter().zip(&losses).map(post).collect();
    let planned = PlannedDatabase { to: gateway.shown(), posts };
    let lost = losses.into_iter().flatten().collect();
    Ok(DatabaseForesight { planned, unchanged, lost, remaining, error: None })
}

fn stamp(held: &Option<Vec<u8>>) -> Option<String> {
    held.as_deref().map(KnownDatabase::fingerprint)
}
