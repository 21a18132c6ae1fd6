//! What the resolver would check, offline: every file of the tree, with the reason of each that
//! fails.

use std::io;
use std::path::Path;

use alloy_primitives::Address;
use rayon::prelude::*;

use super::tree::{ReadError, TreeEntry, TreeError, read_bounded, read_payload, walk_in};
use super::{Facts, Workspace};
use crate::ens::Name;
use crate::folder::OpenDir;
use crate::record::{PathMeaning, RecordKey, Value, record_path};
use crate::request::{ApprovalBasis, ApprovalCache, SignedRecord, VerifiedRecord, VerifyContext};

/// A file of the tree and what was found.
#[derive(Clone, Debug)]
pub struct CheckedFile {
    /// Its path in the workspace.
    pub path: String,
    /// Whose record it is, where it is one.
    pub name: Option<Name>,
    /// Which record, where it is one.
    pub key: Option<RecordKey>,
    /// What the checks say.
    pub verdict: Verdict,
}

/// What the checks say of a file.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The resolver would accept it.
    Valid(VerifiedRecord),
    /// It was found so before, by the user's own index: good enough for what is the user's, and
    /// taken for nothing that others sent.
    Known(KnownRecord),
    /// It would not, and why.
    Invalid(String),
    /// Not a record: published as it is, not looked at.
    Foreign,
}

/// What is said of a record that was verified before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRecord {
    /// The value that was signed.
    pub value: Value,
    /// Who signed it.
    pub signer: Address,
    /// Why that signer may.
    pub basis: ApprovalBasis,
}

impl Verdict {
    /// Value, signer, and why the signer may, of a record that the resolver would accept.
    pub fn record(&self) -> Option<(&Value, Address, ApprovalBasis)> {
        match self {
            Self::Valid(record) => Some((record.value(), record.signer(), record.basis())),
            Self::Known(KnownRecord { value, signer, basis }) => Some((value, *signer, *basis)),
            Self::Invalid(_) | Self::Foreign => None,
        }
    }
}

/// Checks every file under `.well-known/` of `workspace`, whatever was found before. `owner_of`
/// says who owns a name; `approved` are signers approved on chain.
///
/// # Errors
/// When the tree cannot be walked.
pub fn check_tree(
    workspace: &Path,
    chain_id: u64,
    owner_of: &(dyn Fn(&Name) -> Address + Sync),
    approved: &[Address],
    progress: &(dyn Fn() + Sync),
) -> Result<Vec<CheckedFile>, TreeError> {
    let approvals = ApprovalCache::new();
    let failed = |error| TreeError::Io { path: workspace.to_owned(), error };
    let workspace = &OpenDir::open(workspace).map_err(failed)?;
    let check = |entry: TreeEntry| {
        let checked = check_file(workspace, entry, chain_id, owner_of, approved, &approvals);
        progress();
        checked
    };
    Ok(walk_in(workspace)?.into_par_iter().map(check).collect())
}

/// Checks the file of one record; none where there is none.
///
/// # Errors
/// When it cannot be seen whether there is one.
pub fn check_record(
    workspace: &Workspace,
    facts: &Facts,
    name: &Name,
    key: &RecordKey,
) -> Result<Option<CheckedFile>, TreeError> {
    let (folder, path) = (workspace.folder(), record_path(name, key));
    let failed = |error| TreeError::Io { path: workspace.dir().join(&path), error };
    match read_bounded(folder, &path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => drop(found.map_err(failed)?),
    }
    let meaning = PathMeaning::Records(vec![(name.clone(), key.clone())]);
    let (entry, owner) = (TreeEntry { path, meaning }, facts.owner_of(name));
    let (approved, approvals) = (facts.approved_for(name), ApprovalCache::new());
    let of = |_: &Name| owner;
    Ok(Some(check_file(folder, entry, facts.chain_id, &of, &approved, &approvals)))
}

pub(super) fn check_file(
    workspace: &OpenDir,
    entry: TreeEntry,
    chain_id: u64,
    owner_of: &dyn Fn(&Name) -> Address,
    approved_signers: &[Address],
    approvals: &ApprovalCache,
) -> CheckedFile {
    let payload = match &entry.meaning {
        PathMeaning::Records(_) | PathMeaning::Legacy(..) => read_payload(workspace, &entry.path),
        // Not looked at.
        PathMeaning::Foreign | PathMeaning::Fault(_) => Ok(Vec::new()),
    };
    check_payload(workspace, entry, payload, (chain_id, owner_of, approved_signers), approvals)
}

/// The chain id, who owns a name, and who is approved on chain.
type Against<'a> = (u64, &'a dyn Fn(&Name) -> Address, &'a [Address]);

/// As [`check_file`], of a file that was read.
pub(super) fn check_payload(
    workspace: &OpenDir,
    entry: TreeEntry,
    payload: Result<Vec<u8>, ReadError>,
    (chain_id, owner_of, approved_signers): Against<'_>,
    approvals: &ApprovalCache,
) -> CheckedFile {
    let TreeEntry { path, meaning } = entry;
    let (candidates, legacy) = match meaning {
        PathMeaning::Foreign => {
            return CheckedFile { path, name: None, key: None, verdict: Verdict::Foreign };
        }
        PathMeaning::Fault(reason) => {
            let verdict = Verdict::Invalid(reason);
            return CheckedFile { path, name: None, key: None, verdict };
        }
        PathMeaning::Records(candidates) => (candidates, false),
        PathMeaning::Legacy(name, key) => (vec![(name, key)], true),
    };
    let (first_name, first_key) = candidates[0].clone();
    let found = |name: &Name, key: &RecordKey, verdict| CheckedFile {
        path: path.clone(),
        name: Some(name.clone()),
        key: Some(key.clone()),
        verdict,
    };
    let payload = match payload {
        Ok(payload) => payload,
        // In the flat layout any name is a text key; without `data` it is not ours.
        Err(_) if legacy => {
            return CheckedFile { path, name: None, key: None, verdict: Verdict::Foreign };
        }
        Err(error) => return found(&first_name, &first_key, Verdict::Invalid(error.to_string())),
    };
    let decode = if legacy { SignedRecord::decode_flat } else { SignedRecord::decode };
    let mut reason = None;
    for (name, key) in &candidates {
        let owner = owner_of(name);
        let context = VerifyContext { name, owner, chain_id, approved_signers };
        let verified = decode(&payload).map_err(|error| error.to_string()).and_then(|record| {
            record.verify_with(key, &context, approvals).map_err(|error| error.to_string())
        });
        match verified {
            Ok(record) if legacy && is_copy(workspace, &path, name, key) => {
                return found(name, key, Verdict::Valid(record));
            }
            Ok(_) if legacy => {
                reason.get_or_insert(format!(
                    "signed rightly, but in the older flat layout; the deployed resolver asks {}",
                    record_path(name, key)
                ));
            }
            Ok(record) => return found(name, key, Verdict::Valid(record)),
            Err(error) => _ = reason.get_or_insert(error),
        }
    }
    let reason = reason.expect("there is a candidate, and it was not valid");
    found(&first_name, &first_key, Verdict::Invalid(reason))
}

/// Whether the file in the flat layout says what the file that the resolver asks says.
fn is_copy(workspace: &OpenDir, flat: &str, name: &Name, key: &RecordKey) -> bool {
    let read = |path: &str| read_bounded(workspace, path).ok();
    read(flat).is_some_and(|copy| read(&record_path(name, key)) == Some(copy))
}
