//! `sign`: approvals (SIGN 3) where a name lacks one, SIGN 4 for what is new or changed, files
//! written one by one, each whole.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::approving::approve_missing;
use super::in_turn::{file, place};
use super::known::signed_now;
use super::mass_removal::mass_removal;
use super::plan::{Change, Expected, RecordState, plan};
use super::sign_request::{SignError, SignOutcome, SignRequest, SignedFile, Signer};
use super::turns::{plan_ahead, turn_of};
use super::{ApprovalMode, Config, Facts, Removal};
use crate::folder::OpenDir;
use crate::index::Said;
use crate::keys::SignerKey;
use crate::record::{FileMetadata, MAX_RECORD_FILE, RecordFile, Value};
use crate::request::{Request, SignedRecord};
use crate::wallet::{Wallet, sign_checked};

/// Signs what is new or changed and removes what is no longer wanted.
///
/// `config` gains the approvals that are made; they are saved before any record file is.
/// `progress` is told how many of how many records are done.
///
/// # Errors
/// [`SignError`]; running again completes the work.
pub async fn sign(
    request: &SignRequest<'_>,
    config: &mut Config,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<SignOutcome, SignError> {
    let mut outcome = SignOutcome::default();
    sign_into(request, config, progress, &mut outcome).await?;
    Ok(outcome)
}

/// As [`sign`]; `outcome` has what was done also where it ends early, or is dropped.
///
/// # Errors
/// As [`sign`].
pub async fn sign_into(
    request: &SignRequest<'_>,
    config: &mut Config,
    progress: &(dyn Fn(u64, u64) + Sync),
    outcome: &mut SignOutcome,
) -> Result<(), SignError> {
    let wallet = config.keys().wallet.or_else(|| request.wallet.map(Wallet::address));
    let owner = config.owner().or(wallet).ok_or(SignError::NoOwner)?;
    let signer = request.signer.address();
    if request.mode == ApprovalMode::Owner && signer != owner {
        return Err(SignError::NotOwner { signer, owner });
    }
    let expected =
        Expected { signer: Some(signer), owner, wallet, mode: request.mode, flat: request.flat };
    let mut changes = plan(request.workspace, config, request.records, &expected)?;
    let mut ahead = plan_ahead(request.workspace, config, request.records, &expected)?;
    changes.append(&mut ahead.gone);
    if let Some(only) = request.only {
        changes.retain(|change| change.name.is_or_is_under(only));
        ahead.coming.retain(|coming| coming.change.name.is_or_is_under(only));
        ahead.idle.retain(|(name, _)| name.is_or_is_under(only));
    }
    let coming = ahead.coming.iter().map(|coming| &coming.change);
    check_removal(request, &changes.iter().chain(coming).collect::<Vec<_>>())?;
    let (removed, wanted): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| change.state == RecordState::Removed);
    let mut wanted = place_all(request, config, &expected, wanted, outcome)?;
    wanted.extend(ahead.coming.into_iter().map(|coming| coming.change));
    let total = wanted.len() as u64;
    let mut to_sign: Vec<Change> = wanted
        .into_iter()
        .filter(|change| request.force || change.state != RecordState::Signed)
        .collect();
    outcome.unchanged = total - to_sign.len() as u64;
    if request.mode == ApprovalMode::Wallet {
        approve_missing(request, config, owner, &to_sign, outcome).await?;
        to_sign.retain(|change| outcome.unapproved.binary_search(&change.name).is_err());
    }
    let writing = Writing::new(request, config, &expected)?;
    let signed = &mut outcome.signed;
    let ended = match request.signer.key() {
        Some(key) => sign_in_parallel(&writing, key, to_sign, progress, signed),
        None => sign_one_by_one(&writing, to_sign, progress, signed).await,
    };
    writing.keep();
    ended?;
    for change in removed {
        if request.stop.is_asked() {
            return Err(SignError::Stopped);
        }
        request.workspace.remove(&change.path)?;
        let Change { name, key, path, .. } = change;
        outcome.removed.push(SignedFile { name, key, path });
    }
    // What has begun has its place in the tree, and what goes went before.
    ahead.idle.iter().try_for_each(|(_, path)| request.workspace.remove(path))?;
    match outcome.unapproved.first().cloned() {
        None => Ok(()),
        Some(first) => {
            Err(SignError::NoApproval { first, count: outcome.unapproved.len(), signer })
        }
    }
}

/// What was signed in advance takes its place in the tree as it is, without a signature.
fn place_all(
    request: &SignRequest<'_>,
    config: &Config,
    expected: &Expected,
    wanted: Vec<Change>,
    outcome: &mut SignOutcome,
) -> Result<Vec<Change>, SignError> {
    let SignRequest { workspace, records, .. } = request;
    let mut left = Vec::new();
    for change in wanted {
        let is_open = !request.force && change.state != RecordState::Signed;
        match is_open && place(workspace, config, records, expected, &change)? {
            true => outcome.signed.push(file(change)),
            false => left.push(change),
        }
    }
    Ok(left)
}

/// Refuses what looks like a mistake: a `records.toml` that is not there, or most of it.
fn check_removal(request: &SignRequest<'_>, changes: &[&Change]) -> Result<(), SignError> {
    let count = |state| changes.iter().filter(|change| change.state == state).count();
    let removed = count(RecordState::Removed);
    if removed == 0 || matches!(request.removal, Removal::Any) {
        return Ok(());
    }
    if request.records.is_empty() {
        return Err(SignError::NothingWanted(removed));
    }
    match mass_removal(changes.iter().copied()) {
        Some(removal) if !request.removal.may(&removal) => Err(SignError::MassRemoval(removal)),
        _ => Ok(()),
    }
}

fn sign_in_parallel(
    writing: &Writing<'_>,
    key: &SignerKey,
    changes: Vec<Change>,
    progress: &(dyn Fn(u64, u64) + Sync),
    signed: &mut Vec<SignedFile>,
) -> Result<(), SignError> {
    let Writing { request, config, .. } = writing;
    let (done, total) = (std::sync::atomic::AtomicU64::new(0), changes.len() as u64);
    let files = Mutex::new(Vec::with_capacity(changes.len()));
    let sign_one = |(number, change): (usize, Change)| -> Result<(), SignError> {
        if request.stop.is_asked() {
            return Err(SignError::Stopped);
        }
        let approval = match request.mode {
            ApprovalMode::Wallet => config.approval(&change.name, key.address()),
            ApprovalMode::OnChain | ApprovalMode::Owner => None,
        };
        let value = change.value.as_ref().expect("only removed records have no value");
        let signature = approval.map(|approval| &approval.signature);
        let record = key.sign_record(&change.name, &change.key, value, config.chain_id, signature);
        let file = writing.write(&change, &record)?;
        files.lock().unwrap_or_else(PoisonError::into_inner).push((number, file));
        progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, total);
        Ok(())
    };
    let ended = changes.into_par_iter().enumerate().try_for_each(sign_one);
    let mut files = files.into_inner().unwrap_or_else(PoisonError::into_inner);
    files.sort_unstable_by_key(|(number, _)| *number);
    signed.extend(files.into_iter().map(|(_, file)| file));
    ended
}

async fn sign_one_by_one(
    writing: &Writing<'_>,
    changes: Vec<Change>,
    progress: &(dyn Fn(u64, u64) + Sync),
    signed: &mut Vec<SignedFile>,
) -> Result<(), SignError> {
    let Writing { request, config, .. } = writing;
    let Signer::Owner(wallet) = request.signer else {
        unreachable!("a signer that is a key signs in parallel")
    };
    let chain_id = config.chain_id;
    let total = changes.len() as u64;
    for (done, change) in (1..).zip(changes) {
        if request.stop.is_asked() {
            return Err(SignError::Stopped);
        }
        let value = change.value.as_ref().expect("only removed records have no value");
        let result = value.abi_encode();
        let by = wallet.address();
        let sign4 = Request::record(&change.name, &change.key, &result, chain_id, by);
        let signature = sign_checked(wallet, &sign4).await?;
        let record = SignedRecord::new(by, signature.expose(), None, result);
        signed.push(writing.write(&change, &record)?);
        progress(done, total);
    }
    Ok(())
}

/// Files under way, and what is known of those that were written.
struct Writing<'a> {
    request: &'a SignRequest<'a>,
    config: &'a Config,
    expected: &'a Expected,
    facts: Facts,
    temporary: OpenDir,
    found: Mutex<Vec<(String, Said)>>,
}

impl<'a> Writing<'a> {
    fn new(
        request: &'a SignRequest<'a>,
        config: &'a Config,
        expected: &'a Expected,
    ) -> Result<Self, SignError> {
        let (facts, temporary) = (Facts::of(config), request.workspace.temporary()?);
        Ok(Self { request, config, expected, facts, temporary, found: Mutex::default() })
    }

    fn write(&self, change: &Change, record: &SignedRecord) -> Result<SignedFile, SignError> {
        let Self { request, config, expected, facts, temporary, found } = self;
        let (name, key) = (change.name.clone(), change.key.clone());
        let mut file = RecordFile::new(&record.encode());
        file.metadata = request.metadata.map(|timestamp| FileMetadata {
            domain: name.to_string(),
            raw: change.value.as_ref().map(Value::to_string).unwrap_or_default(),
            timestamp,
            signer: record.signer.to_string(),
            controller: expected.owner.to_string(),
            manager_signature: record.approval.to_string(),
            record_signature: record.signature.to_string(),
        });
        let json = file.to_json();
        if json.len() as u64 > MAX_RECORD_FILE {
            return Err(SignError::TooLong { name, key, bytes: json.len() });
        }
        for path in [Some(&change.path), change.flat.as_ref()].into_iter().flatten() {
            let written = request.workspace.folder().write(path, &json, temporary, false);
            written.map_err(request.workspace.failed(path))?;
        }
        let path = change.path.clone();
        // What is signed for later lies beside the tree.
        if let Some(value) = &change.value
            && turn_of(&path).is_none()
            && let Some(said) =
                signed_now((&name, &key, value), &path, (&json, record), (config, expected, facts))
        {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.push((path.clone(), said));
        }
        Ok(SignedFile { name, key, path })
    }

    /// What is known of the files is known to the next command too.
    fn keep(self) {
        let found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.request.workspace.learn(found);
    }
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
