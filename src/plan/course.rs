//! What is to be done: the tree as it will be, and what publishing it would do.

use std::collections::BTreeMap;

use super::draft::Draft;
use crate::ens::Name;
use crate::ipns::Validity;
use crate::publish::database::DatabaseForesight;
use crate::publish::{Foreseen, Foresight};
use crate::published::RecordId;
use crate::record::RecordKey;
use crate::workspace::Records;

/// What is to be done.
pub struct Plan {
    /// The tree as it will be.
    pub draft: Draft,
    /// What publishing it would do; none where the IPNS name is not known yet, or nothing is to be
    /// published.
    pub foresight: Option<Foresight>,
    /// Files of a first publication that are not those of wanted records: all are new.
    pub new_files: Vec<String>,
    /// Where the record goes, whether it is known what is there or not.
    pub publishers: Vec<String>,
    /// What each upload lacks.
    pub uploads: Vec<Foreseen>,
    /// Until when a new record would be valid.
    pub validity: Validity,
    /// Whether something is signed ahead, and is not what is to come: it is signed anew, over a new
    /// record.
    pub ahead_is_behind: bool,
    /// What each database would be given.
    pub databases: Vec<DatabaseForesight>,
}

/// A record that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub name: Name,
    /// Which.
    pub key: RecordKey,
    /// What is published, or signed where that is not known; none of a new one.
    pub old: Option<String>,
    /// What is wanted; none of one that goes.
    pub new: Option<String>,
}

/// Another file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Where it is, from the root.
    pub path: String,
    /// What is published, in words.
    pub old: Option<String>,
    /// What would be.
    pub new: Option<String>,
}

impl Plan {
    /// Whether something is to be sent, or what was sent is not written down.
    pub fn publishes(&self) -> bool {
        if self.draft.tree().is_none() {
            return false;
        }
        let lacks = |targets: &[Foreseen]| targets.iter().any(|target| target.lacks);
        lacks(&self.uploads)
            || self.ahead_is_behind
            || self.foresight.as_ref().is_none_or(|foresight| {
                let stands = foresight.stands.is_some() && foresight.is_noted;
                !stands || lacks(&foresight.publishers)
            })
    }

    /// Whether a database is to be given something.
    pub fn posts(&self) -> bool {
        self.databases.iter().any(|database| !database.planned.posts.is_empty())
    }

    /// Every record that is not published as it will be, or not signed as it is wanted.
    pub fn changes(&self, wanted: &Records) -> Vec<Change> {
        let mut changes: BTreeMap<RecordId, (Option<String>, Option<String>)> = BTreeMap::new();
        if let Some(foresight) = &self.foresight {
            for changed in &foresight.judged.changed {
                if let Some(id) = &changed.record {
                    let values = (changed.there.clone(), changed.here.clone());
                    changes.entry(id.clone()).or_insert(values);
                }
            }
            // Nothing is published: all of it is new.
            if foresight.standing.newest.is_empty() {
                for (name, key, value) in wanted.iter() {
                    let id = (name.clone(), key.clone());
                    changes.insert(id, (None, Some(value.to_string())));
                }
            }
        }
        for step in &self.draft.steps {
            let id = (step.name.clone(), step.key.clone());
            let new = step.new.as_ref().map(ToString::to_string);
            changes.entry(id).or_insert_with(|| (step.old.clone(), new));
        }
        let change = |((name, key), (old, new))| Change { name, key, old, new };
        changes.into_iter().map(change).collect()
    }

    /// Every other file that is not published as it will be.
    pub fn files(&self) -> Vec<FileChange> {
        let changed = self.foresight.iter().flat_map(|foresight| &foresight.judged.changed);
        let files = changed.filter(|changed| changed.record.is_none());
        let file = |changed: &crate::published::Changed| FileChange {
            path: changed.path.clone(),
            old: changed.there.clone(),
            new: changed.here.clone(),
        };
        let new = self.new_files.iter().map(|path| FileChange {
            path: path.clone(),
            old: None,
            new: Some("a file".to_owned()),
        });
        files.map(file).chain(new).collect()
    }
}
