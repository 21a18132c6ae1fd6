//! What the index knows of the workspace's files: each under what it was found of
//! ([the index](crate::spec::index)).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_primitives::Address;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::check::{CheckedFile, KnownRecord, Verdict, check_file, check_payload, check_tree};
use super::compare::{Change, Expected, RecordState, compare, removed_record};
use super::tree::{TreeEntry, TreeError, read_bounded};
use super::{Approval, ApprovalMode, Config, Facts, Records, Workspace};
use crate::ens::{Name, WELL_KNOWN};
use crate::index::{Digest, File, FileAt, Looked, Remembered, Said};
use crate::ipfs::{Node, leaf};
use crate::record::{PathMeaning, RecordFile, RecordKey, Value, meaning, record_path};
use crate::request::{ApprovalBasis, ApprovalCache, SignedRecord};

/// The beginning of a digest: `what` is said of the content of `node`.
fn of(what: &str, node: &Node) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update([what.len() as u8]);
    hash.update(what);
    hash.update(node.digest());
    hash.update([u8::from(node.is_raw())]);
    hash
}

/// Adds a part, so that no two rows of parts are the same bytes.
fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

fn digest(hash: Sha256) -> Digest {
    *hash.finalize().first_chunk().expect("a sha2-256 has 32 bytes")
}

/// Under which it is said that no private key is in a file: `own` stands for the keys that were
/// looked for beside those that are known by their form.
pub(crate) fn keyless(node: &Node, own: &[u8; 32]) -> Digest {
    let mut hash = of("keyless", node);
    add(&mut hash, own);
    digest(hash)
}

fn mode_number(mode: ApprovalMode) -> u8 {
    match mode {
        ApprovalMode::Wallet => 0,
        ApprovalMode::OnChain => 1,
        ApprovalMode::Owner => 2,
    }
}

/// Under which it is said that a record is signed as it is wanted.
fn current(
    node: &Node,
    (name, path, value): (&Name, &str, &Value),
    config: &Config,
    expected: &Expected,
) -> Option<Digest> {
    let signer = expected.signer?;
    let mut hash = of("current", node);
    hash.update(config.chain_id.to_le_bytes());
    for address in [Some(signer), Some(expected.owner), expected.wallet] {
        add(&mut hash, address.as_ref().map_or(&[], |address| address.as_slice()));
    }
    hash.update([mode_number(expected.mode)]);
    // Also those of other signers: a record may be of one of them.
    for (signer, kept) in config.approvals_of(name) {
        add(&mut hash, signer.as_slice());
        add(&mut hash, kept.owner.as_slice());
        add(&mut hash, kept.signature.as_bytes());
    }
    hash.update([9]);
    add(&mut hash, name.as_str().as_bytes());
    add(&mut hash, path.as_bytes());
    add(&mut hash, &value.abi_encode());
    Some(digest(hash))
}

/// Under which it is said of a tree that all is signed as it is wanted, and nothing else: both
/// files, as they are, and what is expected beside.
pub(super) fn settled(config: &Config, records: &str, expected: &Expected) -> Digest {
    let Expected { signer, owner, wallet, mode, flat } = expected;
    let mut hash = Sha256::new();
    for part in ["settled", &config.to_string(), records] {
        add(&mut hash, part.as_bytes());
    }
    for address in [*signer, Some(*owner), *wallet] {
        add(&mut hash, address.as_ref().map_or(&[], |address| address.as_slice()));
    }
    hash.update([mode_number(*mode), u8::from(*flat)]);
    digest(hash)
}

/// Under which it is said that a file is a record that verifies: its content, what it can be, and
/// all that the chain says of that.
fn valid(node: &Node, path: &str, candidates: &[(Name, RecordKey)], facts: &Facts) -> Digest {
    let mut hash = of("valid", node);
    hash.update(facts.chain_id.to_le_bytes());
    add(&mut hash, path.as_bytes());
    for (name, _) in candidates {
        add(&mut hash, facts.owner_of(name).as_slice());
    }
    for approved in &facts.approved {
        add(&mut hash, approved.as_slice());
    }
    digest(hash)
}

/// What is known of a file that was signed just now, `bytes` at `path`, as it is wanted; and that it
/// verifies, where it is plain by whom its signer is approved.
pub(super) fn signed_now(
    (name, key, value): (&Name, &RecordKey, &Value),
    path: &str,
    (bytes, record): (&[u8], &SignedRecord),
    (config, expected, facts): (&Config, &Expected, &Facts),
) -> Option<Said> {
    let node = leaf(bytes)?;
    let owner = facts.owner_of(name);
    let kept = config.approval(name, record.signer);
    let kept = kept.filter(|kept| kept.signature.as_bytes()[..] == record.approval[..]);
    // As they are compared: by the approval that is kept, or by none.
    let is_current = Some(record.signer) == expected.signer
        && match expected.mode {
            ApprovalMode::Wallet => kept.is_some(),
            ApprovalMode::OnChain => record.approval.is_empty(),
            ApprovalMode::Owner => record.approval.is_empty() && record.signer == expected.owner,
        };
    let wanted = (name, path, value);
    let current = is_current.then(|| current(&node, wanted, config, expected)).flatten();
    let mut said = Said { current, ..Said::default() };
    // Of one that is kept it was seen that its owner, or the wallet, made it.
    let is_owners = |kept: &Approval| kept.owner == owner && Some(owner) == config.keys().wallet;
    let basis = match record.approval.is_empty() {
        true if record.signer == owner => ApprovalBasis::Owner,
        true if facts.approved.contains(&record.signer) => ApprovalBasis::OnChain,
        false if kept.is_some_and(is_owners) => ApprovalBasis::SignedByOwner,
        _ => return Some(said),
    };
    if let PathMeaning::Records(candidates) = meaning(path)
        && let Some(place) = candidates.iter().position(|(n, k)| (n, k) == (name, key))
        && let Ok(candidate) = u8::try_from(place)
    {
        let (signer, result) = (record.signer.into_array(), record.result[..].into());
        let remembered = Remembered { candidate, signer, basis: basis_number(basis), result };
        said.valid = Some((valid(&node, path, &candidates, facts), remembered));
    }
    Some(said)
}

/// As [`plan`](super::plan()) finds it, by what is known. None where a file cannot be read.
pub(super) fn plan_known(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
    looked: &mut Looked<'_>,
) -> Option<Vec<Change>> {
    looked.tree().read_unknown(workspace.folder()).ok()?;
    let mut files = looked.tree().files(WELL_KNOWN);
    let approvals = ApprovalCache::new();
    let wanted: Vec<(&Name, &RecordKey, &Value)> = records.iter().collect();
    let compared: Vec<Compared> = {
        let numbered = files.iter().enumerate();
        let at = numbered.map(|(number, at)| (&*at.path, number)).collect();
        let comparing =
            Comparing { workspace, config, expected, files: &files, at, approvals: &approvals };
        wanted.into_par_iter().map(|wanted| comparing.one(wanted)).collect()
    };
    let mut is_wanted = vec![false; files.len()];
    let (mut changes, mut is_new) = (Vec::with_capacity(compared.len()), false);
    for Compared { change, number, new } in compared {
        changes.push(change);
        let Some(number) = number else { continue };
        is_wanted[number] = true;
        if let Some(new) = new {
            is_new |= files[number].file.say().current.replace(new) != Some(new);
        }
    }
    let others = files.into_iter().zip(is_wanted).filter(|(_, is_wanted)| !is_wanted);
    let others: Vec<String> = others.map(|(at, _)| at.path).collect();
    changes.par_extend(others.into_par_iter().filter_map(|path| {
        let entry = TreeEntry { meaning: meaning(&path), path };
        removed_record(workspace, config, records, expected, entry)
    }));
    // What holds for a time is not signed for ever.
    let is_settled = changes.iter().all(|change| change.state == RecordState::Signed)
        && records.all().all(|(_, _, phases)| phases.single().is_some());
    if is_settled {
        let found = settled(config, &records.to_string(), expected);
        is_new |= looked.tree().settled.replace(found) != Some(found);
    }
    if is_new {
        looked.keep();
    }
    changes.par_sort_by(|a, b| (&a.name, &a.key).cmp(&(&b.name, &b.key)));
    Some(changes)
}

/// A wanted record, the number of its file, and under what it can be said to be signed.
struct Compared {
    change: Change,
    number: Option<usize>,
    new: Option<Digest>,
}

/// Wanted records on the way to what is known of their files.
struct Comparing<'a> {
    workspace: &'a Workspace,
    config: &'a Config,
    expected: &'a Expected,
    files: &'a [FileAt<'a>],
    /// The numbers of the files.
    at: HashMap<&'a str, usize>,
    approvals: &'a ApprovalCache,
}

impl Comparing<'_> {
    fn one(&self, (name, key, value): (&Name, &RecordKey, &Value)) -> Compared {
        let Self { workspace, config, expected, files, at, approvals } = self;
        let path = record_path(name, key);
        let number = at.get(&*path).copied();
        let file = number.map(|number| &*files[number].file);
        let node = file.and_then(|file| file.node);
        let wanted = (name, &*path, value);
        let under = node.and_then(|node| current(&node, wanted, config, expected));
        let said = file.and_then(|file| file.said.as_ref()?.current);
        if under.is_some() && said == under && !expected.flat && !has_flat(at, name, key) {
            let (name, key, value) = (name.clone(), key.clone(), Some(value.clone()));
            let state = RecordState::Signed;
            let change = Change { name, key, value, path, flat: None, state, signed: None };
            return Compared { change, number, new: None };
        }
        let found = read_bounded(workspace.folder(), &path);
        // What is said of these bytes is not said of others that came in between.
        let is_known = found.as_ref().is_ok_and(|bytes| leaf(bytes) == node);
        let wanted = (name, key, value);
        let change = compare(workspace, wanted, found, config, expected, approvals);
        // Of one with a copy that lacks, the file itself may be right: it is compared again.
        let is_signed = change.state == RecordState::Signed && is_known;
        Compared { change, number, new: under.filter(|_| is_signed) }
    }
}

/// Whether something stands where a copy in the flat layout would.
fn has_flat(at: &HashMap<&str, usize>, name: &Name, key: &RecordKey) -> bool {
    let Some(file) = key.legacy_file_name() else { return false };
    at.contains_key(&*format!("{}/{file}", name.well_known()))
}

/// As [`check_tree`] finds it for `facts`, by what is known.
///
/// # Errors
/// When the tree cannot be walked.
pub fn check_workspace(
    workspace: &Workspace,
    facts: &Facts,
    progress: &(dyn Fn() + Sync),
) -> Result<Vec<CheckedFile>, TreeError> {
    let owner_of = |name: &Name| facts.owner_of(name);
    let Some(mut looked) = workspace.look() else {
        let (chain_id, approved) = (facts.chain_id, &facts.approved);
        return check_tree(workspace.dir(), chain_id, &owner_of, approved, progress);
    };
    let (is_new, approvals) = (AtomicBool::new(false), ApprovalCache::new());
    let checking = Checking { workspace, facts, approvals: &approvals, is_new: &is_new };
    let check = |FileAt { path, file }: FileAt<'_>| {
        let checked = checking.file(path, file);
        progress();
        checked
    };
    let checked = looked.tree().files(WELL_KNOWN).into_par_iter().map(check).collect();
    if is_new.into_inner() {
        looked.keep();
    }
    looked.checked();
    Ok(checked)
}

struct Checking<'a> {
    workspace: &'a Workspace,
    facts: &'a Facts,
    approvals: &'a ApprovalCache,
    is_new: &'a AtomicBool,
}

impl Checking<'_> {
    fn file(&self, path: String, file: &mut File) -> CheckedFile {
        let entry = TreeEntry { meaning: meaning(&path), path };
        let PathMeaning::Records(candidates) = &entry.meaning else {
            return self.anew(entry);
        };
        let folder = self.workspace.folder();
        let mut bytes = None;
        if file.node.is_none() {
            match file.read(folder, &entry.path) {
                Ok(read) => bytes = Some(read),
                Err(_) => return self.anew(entry),
            }
            self.is_new.store(true, Ordering::Relaxed);
        }
        if let Some(under) = self.under(file, &entry.path, candidates)
            && let Some(known) = remembered(file, &under, candidates)
        {
            let (name, key, record) = known;
            let (name, key) = (Some(name), Some(key));
            return CheckedFile { path: entry.path, name, key, verdict: Verdict::Known(record) };
        }
        // Read again where only its CID is known: what is said of it is said of these bytes.
        let bytes = match bytes.map_or_else(|| file.read(folder, &entry.path), Ok) {
            Ok(bytes) => bytes,
            Err(_) => return self.anew(entry),
        };
        let under = self.under(file, &entry.path, candidates);
        let (names, path) = (candidates.clone(), entry.path.clone());
        let payload = RecordFile::payload(&bytes).map_err(Into::into);
        let checked = self.payload(entry, payload);
        if let (Verdict::Valid(record), Some(under)) = (&checked.verdict, under) {
            let place = names.iter().position(|(name, key)| {
                checked.name.as_ref() == Some(name) && checked.key.as_ref() == Some(key)
            });
            let Some(candidate) = place.and_then(|place| u8::try_from(place).ok()) else {
                return checked;
            };
            tracing::debug!("verified {path}");
            let signer = record.signer().into_array();
            let (basis, result) = (basis_number(record.basis()), record.result()[..].into());
            file.say().valid = Some((under, Remembered { candidate, signer, basis, result }));
            self.is_new.store(true, Ordering::Relaxed);
        }
        checked
    }

    fn under(&self, file: &File, path: &str, candidates: &[(Name, RecordKey)]) -> Option<Digest> {
        Some(valid(file.node.as_ref()?, path, candidates, self.facts))
    }

    fn anew(&self, entry: TreeEntry) -> CheckedFile {
        let owner_of = |name: &Name| self.facts.owner_of(name);
        let Facts { chain_id, approved, .. } = self.facts;
        check_file(self.workspace.folder(), entry, *chain_id, &owner_of, approved, self.approvals)
    }

    fn payload(
        &self,
        entry: TreeEntry,
        payload: Result<Vec<u8>, super::tree::ReadError>,
    ) -> CheckedFile {
        let owner_of = |name: &Name| self.facts.owner_of(name);
        let Facts { chain_id, approved, .. } = self.facts;
        let workspace = self.workspace.folder();
        check_payload(workspace, entry, payload, (*chain_id, &owner_of, approved), self.approvals)
    }
}

/// What was said of it under `under`.
fn remembered(
    file: &File,
    under: &Digest,
    candidates: &[(Name, RecordKey)],
) -> Option<(Name, RecordKey, KnownRecord)> {
    let (said_under, record) = file.said.as_ref()?.valid.as_ref()?;
    if said_under != under {
        return None;
    }
    let (name, key) = candidates.get(usize::from(record.candidate))?;
    let value = Value::abi_decode(key, &record.result).ok()?;
    let basis = basis_of(record.basis)?;
    let signer = Address::from(record.signer);
    Some((name.clone(), key.clone(), KnownRecord { value, signer, basis }))
}

fn basis_number(basis: ApprovalBasis) -> (u8, Option<[u8; 20]>) {
    match basis {
        ApprovalBasis::Owner => (0, None),
        ApprovalBasis::OnChain => (1, None),
        ApprovalBasis::SignedByOwner => (2, None),
        ApprovalBasis::SignedByManager(by) => (3, Some(by.into_array())),
    }
}

fn basis_of(basis: (u8, Option<[u8; 20]>)) -> Option<ApprovalBasis> {
    Some(match basis {
        (0, None) => ApprovalBasis::Owner,
        (1, None) => ApprovalBasis::OnChain,
        (2, None) => ApprovalBasis::SignedByOwner,
        (3, Some(by)) => ApprovalBasis::SignedByManager(by.into()),
        _ => return None,
    })
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
