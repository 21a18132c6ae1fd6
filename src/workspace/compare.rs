//! A record as it is wanted, and its file.

use std::io;

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use super::tree::{TreeEntry, read_bounded};
use super::{ApprovalMode, Config, Records, Workspace};
use crate::ens::Name;
use crate::record::{PathMeaning, RecordFile, RecordKey, Value, flat_path, record_path};
use crate::request::{ApprovalCache, SignedRecord, VerifyContext};

/// Where a record stands between `records.toml` and the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordState {
    /// Wanted, and there is no file.
    Unsigned,
    /// The file holds the wanted value and verifies, whoever signed it.
    Signed,
    /// The file holds another value, or does not verify.
    Stale,
    /// There is a file of ours, and the record is no longer wanted.
    Removed,
    /// A phase whose time has passed: it is neither signed nor published.
    Ended,
}

/// A record and its state.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whose.
    pub name: Name,
    /// Which.
    pub key: RecordKey,
    /// The wanted value; none when removed.
    pub value: Option<Value>,
    /// The file, in the workspace.
    pub path: String,
    /// Where a copy in the older flat layout belongs: where one was asked for, or one of ours is.
    pub flat: Option<String>,
    /// Where it stands.
    pub state: RecordState,
    /// What the file says, where that is not what is wanted.
    pub signed: Option<Value>,
}

/// How a record file of this workspace must look.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Who signs records; none before the keys were derived, and then no file counts as signed.
    pub signer: Option<Address>,
    /// Who owns the names.
    pub owner: Address,
    /// The workspace's wallet, which may be a manager that signs SIGN 3.
    pub wallet: Option<Address>,
    /// Why the signer is accepted.
    pub mode: ApprovalMode,
    /// Whether every record is copied into the older flat layout too.
    pub flat: bool,
}

impl Expected {
    /// Whether the record is this workspace's: by its signer or wallet, or by a signer whose
    /// approval for the name is kept here, or who signed here before a rotation.
    fn is_ours(&self, config: &Config, name: &Name, record: &SignedRecord) -> bool {
        [self.signer, self.wallet, Some(self.owner)].contains(&Some(record.signer))
            || config.approval(name, record.signer).is_some()
            || config.is_former(record.signer)
    }
}

/// Compares a wanted record with what was `found` in its file.
pub(super) fn compare(
    workspace: &Workspace,
    (name, key, value): (&Name, &RecordKey, &Value),
    found: io::Result<Vec<u8>>,
    config: &Config,
    expected: &Expected,
    approvals: &ApprovalCache,
) -> Change {
    let mut state = match &found {
        Err(error) if is_absent(error) => RecordState::Unsigned,
        Err(_) => RecordState::Stale,
        Ok(bytes) if is_current(bytes, name, key, value, config, expected, approvals) => {
            RecordState::Signed
        }
        Ok(_) => RecordState::Stale,
    };
    let bytes = found.as_deref().ok();
    let (flat, copied) = flat_copy(workspace, config, (name, key), bytes, expected);
    if state == RecordState::Signed && !copied {
        state = RecordState::Stale;
    }
    let signed = match (&found, state) {
        (Ok(bytes), RecordState::Stale) => {
            payload(bytes).and_then(|record| Value::abi_decode(key, &record.result).ok())
        }
        _ => None,
    };
    let path = record_path(name, key);
    let (name, key) = (name.clone(), key.clone());
    Change { name, key, value: Some(value.clone()), path, flat, state, signed }
}

fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Where the record's copy in the flat layout belongs, and whether it is there and the same. A
/// file of somebody else in that place is left alone.
fn flat_copy(
    workspace: &Workspace,
    config: &Config,
    (name, key): (&Name, &RecordKey),
    bytes: Option<&[u8]>,
    expected: &Expected,
) -> (Option<String>, bool) {
    let Some(path) = flat_path(name, key) else { return (None, true) };
    match read_bounded(workspace.folder(), &path) {
        Ok(copy) if Some(&*copy) == bytes => (Some(path), true),
        Ok(copy)
            if payload(&copy).is_some_and(|record| expected.is_ours(config, name, &record)) =>
        {
            (Some(path), false)
        }
        Err(error) if is_absent(&error) && expected.flat => (Some(path), false),
        _ => (None, true),
    }
}

pub(super) fn is_current(
    bytes: &[u8],
    name: &Name,
    key: &RecordKey,
    value: &Value,
    config: &Config,
    expected: &Expected,
    approvals: &ApprovalCache,
) -> bool {
    let Some(record) = payload(bytes) else { return false };
    if record.result != value.abi_encode() {
        return false;
    }
    if expected.signer != Some(record.signer) {
        return expected.signer.is_some()
            && is_anothers(record, name, key, config, expected, approvals);
    }
    let mut owner = expected.owner;
    let approved = [expected.wallet.unwrap_or(owner), record.signer];
    let approved_signers: &[Address] = match expected.mode {
        ApprovalMode::Wallet => {
            // The file must carry the approval that is kept, so that the same workspace gives
            // the same bytes.
            match config.approval(name, record.signer) {
                Some(kept) if kept.signature.as_bytes()[..] == record.approval[..] => {
                    owner = kept.owner;
                }
                _ => return false,
            }
            &approved[..1]
        }
        ApprovalMode::OnChain if record.approval.is_empty() => &approved[1..],
        ApprovalMode::Owner if record.approval.is_empty() => &[],
        ApprovalMode::OnChain | ApprovalMode::Owner => return false,
    };
    let chain_id = config.chain_id;
    let context = VerifyContext { name, owner, chain_id, approved_signers };
    record.verify_with(key, &context, approvals).is_ok()
}

/// Whether a record that another signer made verifies, by what the file itself shows.
fn is_anothers(
    record: SignedRecord,
    name: &Name,
    key: &RecordKey,
    config: &Config,
    expected: &Expected,
    approvals: &ApprovalCache,
) -> bool {
    let kept = config.approval(name, record.signer).map(|kept| kept.owner);
    let (owner, chain_id) = (kept.unwrap_or(expected.owner), config.chain_id);
    // A wallet other than the owner is taken for a manager whom the owner approved.
    let manager = expected.wallet.filter(|wallet| *wallet != owner);
    let approved_signers = manager.as_slice();
    let context = VerifyContext { name, owner, chain_id, approved_signers };
    record.verify_with(key, &context, approvals).is_ok()
}

fn payload(bytes: &[u8]) -> Option<SignedRecord> {
    SignedRecord::decode(&RecordFile::payload(bytes).ok()?).ok()
}

/// Whether a record of ours is whole: its signer is taken to be approved.
fn verifies(
    record: SignedRecord,
    name: &Name,
    key: &RecordKey,
    config: &Config,
    expected: &Expected,
) -> bool {
    let kept = config.approval(name, record.signer).map(|kept| kept.owner);
    let (owner, chain_id) = (kept.unwrap_or(expected.owner), config.chain_id);
    let approved_signers = &[expected.wallet.unwrap_or(owner), record.signer];
    record.verify(key, &VerifyContext { name, owner, chain_id, approved_signers }).is_ok()
}

/// A file at a record's place that no record wants, when it is ours: signed by the workspace's
/// signer or wallet. Anything else is somebody's and kept.
pub(super) fn removed_record(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
    entry: TreeEntry,
) -> Option<Change> {
    let (name, key) = match entry.meaning {
        PathMeaning::Records(candidates) if records.holder_of(&entry.path).is_none() => {
            candidates.into_iter().find(|(name, _)| config.root_of(name).is_some())?
        }
        PathMeaning::Legacy(name, key)
            if config.root_of(&name).is_some() && records.get(&name, &key).is_none() =>
        {
            (name, key)
        }
        _ => return None,
    };
    let bytes = read_bounded(workspace.folder(), &entry.path).ok()?;
    removed_if_ours((name, key), entry.path, &bytes, config, expected)
}

/// As [`removed_record`], of a file at `path` that holds `bytes`, where `name` and `key` are not
/// wanted.
pub(super) fn removed_if_ours(
    (name, key): (Name, RecordKey),
    path: String,
    bytes: &[u8],
    config: &Config,
    expected: &Expected,
) -> Option<Change> {
    let record = payload(bytes)?;
    // What does not verify is passed on as it is.
    let is_ours = expected.is_ours(config, &name, &record)
        && verifies(record.clone(), &name, &key, config, expected);
    let signed = Value::abi_decode(&key, &record.result).ok();
    let state = RecordState::Removed;
    is_ours.then_some(Change { signed, name, key, value: None, path, flat: None, state })
}

/// Where the copy of a record in the flat layout is, and is written anew with it: nobody else's file.
pub(crate) fn flat_place(
    workspace: &Workspace,
    config: &Config,
    of: (&Name, &RecordKey),
    expected: &Expected,
) -> Option<String> {
    let bytes = read_bounded(workspace.folder(), &record_path(of.0, of.1)).ok();
    flat_copy(workspace, config, of, bytes.as_deref(), expected).0
}
