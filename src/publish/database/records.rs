//! What of a workspace can be in a body, and what cannot; bodies of it.

use std::collections::HashSet;

use alloy_primitives::{Address, Bytes};

use super::DatabaseError;
use crate::ens::Name;
use crate::keys::SignerKey;
use crate::record::{RecordFile, RecordKey, Value, record_path};
use crate::request::{Freshness, PostForm, PostedRecord, RecordsPost, SignedRecord};
use crate::workspace::{CheckedFile, Verdict, Workspace};

/// Records of a body at most.
const PER_BODY: usize = 100;

/// A signed record of the workspace.
#[derive(Clone, Debug)]
pub struct DatabaseRecord {
    /// Whose.
    pub name: Name,
    /// Which.
    pub key: RecordKey,
    /// Its value.
    pub value: Value,
    /// What is posted.
    pub payload: SignedRecord,
}

/// A file that is not posted, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl DatabaseRecord {
    /// As it will be once it is signed: nothing that a database has is that.
    pub(super) fn unsigned(name: Name, key: RecordKey, value: Value) -> Self {
        let (signature, approval) = (Bytes::new(), Bytes::new());
        let result = value.abi_encode().into();
        let payload = SignedRecord { signer: Address::ZERO, signature, approval, result };
        Self { name, key, value, payload }
    }

    pub(super) fn path(&self) -> String {
        record_path(&self.name, &self.key)
    }

    pub(super) fn data(&self) -> Vec<u8> {
        self.payload.encode()
    }
}

/// The records of the workspace that a body has a place for, by name; and what is left out.
///
/// # Errors
/// A file that cannot be read.
pub fn database_records(
    workspace: &Workspace,
    checked: Vec<CheckedFile>,
) -> Result<(Vec<DatabaseRecord>, Vec<LeftOut>), DatabaseError> {
    let place = |_: &Name, key: &RecordKey| match has_place(key) {
        true => Ok(()),
        false => Err(no_place(key)),
    };
    signed_records(workspace, checked, &place)
}

/// The records of the workspace that verify and have a `place`, by name; and what is left out, with
/// why it has none.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn signed_records(
    workspace: &Workspace,
    checked: Vec<CheckedFile>,
    place: &dyn Fn(&Name, &RecordKey) -> Result<(), String>,
) -> Result<(Vec<DatabaseRecord>, Vec<LeftOut>), DatabaseError> {
    let (mut records, mut left_out) = (Vec::new(), Vec::new());
    for CheckedFile { path, name, key, verdict } in checked {
        let reason = match (&verdict, name, key) {
            (Verdict::Invalid(reason), ..) => format!("it does not verify: {reason}"),
            // A copy in the flat layout.
            (_, Some(name), Some(key)) if path != record_path(&name, &key) => continue,
            (_, Some(name), Some(key)) => {
                if let Err(reason) = place(&name, &key) {
                    left_out.push(LeftOut { path, reason });
                    continue;
                }
                let unread = |reason| DatabaseError::Unread { path: path.clone(), reason };
                let bytes = workspace.folder().read(&path, crate::record::MAX_RECORD_FILE);
                let bytes = bytes.map_err(|error| unread(error.to_string()))?;
                let data =
                    RecordFile::payload(&bytes).map_err(|error| unread(error.to_string()))?;
                let payload =
                    SignedRecord::decode(&data).map_err(|error| unread(error.to_string()))?;
                let value = Value::abi_decode(&key, &payload.result);
                let value = value.map_err(|error| unread(error.to_string()))?;
                records.push(DatabaseRecord { name, key, value, payload });
                continue;
            }
            _ => "it is no record".to_owned(),
        };
        left_out.push(LeftOut { path, reason });
    }
    // One name after the other, and what has the same approval together.
    records.sort_by(|one, other| {
        (&one.name, &one.payload.approval).cmp(&(&other.name, &other.payload.approval))
    });
    Ok((records, left_out))
}

/// The same once all is signed: each of `pending` is a record, its file, and its value, or none where
/// it goes.
pub fn records_once_signed<'a>(
    (mut records, mut left_out): (Vec<DatabaseRecord>, Vec<LeftOut>),
    pending: impl Iterator<Item = (&'a Name, &'a RecordKey, &'a str, Option<&'a Value>)>,
) -> (Vec<DatabaseRecord>, Vec<LeftOut>) {
    let pending: Vec<_> = pending.collect();
    let steps: HashSet<(&Name, &RecordKey)> =
        pending.iter().map(|(name, key, ..)| (*name, *key)).collect();
    let paths: HashSet<&str> = pending.iter().map(|(_, _, path, _)| *path).collect();
    records.retain(|record| !steps.contains(&(&record.name, &record.key)));
    left_out.retain(|left_out| !paths.contains(&*left_out.path));
    for (name, key, path, value) in pending {
        let Some(value) = value else { continue };
        match has_place(key) {
            true => {
                let (name, key, value) = (name.clone(), key.clone(), value.clone());
                records.push(DatabaseRecord::unsigned(name, key, value));
            }
            false => left_out.push(LeftOut { path: path.to_owned(), reason: no_place(key) }),
        }
    }
    records.sort_by(|one, other| (&one.name, &one.key).cmp(&(&other.name, &other.key)));
    (records, left_out)
}

fn no_place(key: &RecordKey) -> String {
    format!("{key} has no place in a body")
}

/// Texts, addresses and the contenthash alone: the body has nothing else.
fn has_place(key: &RecordKey) -> bool {
    matches!(key, RecordKey::Text(_) | RecordKey::Address(_) | RecordKey::Contenthash)
}

/// The records in bodies: each of one name and one approval, and not too many.
pub(super) fn bodies<'a>(records: &[&'a DatabaseRecord]) -> Vec<Vec<&'a DatabaseRecord>> {
    let together = |one: &&DatabaseRecord, other: &&DatabaseRecord| {
        one.name == other.name && one.payload.approval == other.payload.approval
    };
    let groups = records.chunk_by(together);
    groups.flat_map(|group| group.chunks(PER_BODY).map(<[_]>::to_vec)).collect()
}

/// The body of these at `timestamp`, with the word of their signer where its key is at hand.
pub(super) fn body(
    records: &[&DatabaseRecord],
    chain_id: u64,
    timestamp: u64,
    signer: Option<&SignerKey>,
) -> Result<String, DatabaseError> {
    let Some(first) = records.first() else { return Ok(String::new()) };
    let posted = |record: &&DatabaseRecord| PostedRecord {
        key: record.key.clone(),
        value: record.value.clone(),
        timestamp,
        payload: record.payload.clone(),
    };
    let approval = Bytes::clone(&first.payload.approval);
    let posted = records.iter().map(posted).collect();
    let made = |error: &dyn std::fmt::Display| DatabaseError::Body {
        name: first.name.clone(),
        reason: error.to_string(),
    };
    let post = RecordsPost::new(PostForm::Ensip19, first.name.clone(), chain_id, approval, posted);
    let mut post = post.map_err(|error| made(&error))?;
    let is_ours =
        |key: &&SignerKey| records.iter().all(|record| record.payload.signer == key.address());
    if let Some(key) = signer.filter(is_ours) {
        let signature = key.sign(&post.freshness_request(timestamp, key.address()));
        post = post.with_freshness(Freshness { timestamp, signature });
    }
    post.to_json().map_err(|error| made(&error))
}
