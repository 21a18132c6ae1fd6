//! `sign`: approvals (SIGN 3) where a name lacks one, SIGN 4 for what is new or changed, files
//! written one by one, each whole.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use alloy_primitives::Address;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::plan::{Change, Expected, RecordState, plan};
use super::{
    Approval, ApprovalMode, Config, MassRemoval, Records, Removal, Stop, TreeError, Workspace,
    WorkspaceError,
};
use crate::ens::{Name, WELL_KNOWN};
use crate::folder::OpenDir;
use crate::keys::SignerKey;
use crate::record::{FileMetadata, MAX_RECORD_FILE, RecordFile, RecordKey, Value};
use crate::request::{Request, SignedRecord};
use crate::wallet::{Wallet, WalletError, sign_checked};

/// Who makes SIGN 4.
#[derive(Clone, Copy)]
pub enum Signer<'a> {
    /// A key in memory: the derived records signer.
    Key(&'a SignerKey),
    /// The owner's wallet, asked for every record.
    Owner(&'a dyn Wallet),
}

impl Signer<'_> {
    /// The signer's address.
    pub fn address(&self) -> Address {
        match self {
            Self::Key(key) => key.address(),
            Self::Owner(wallet) => wallet.address(),
        }
    }

    fn key(&self) -> Option<&SignerKey> {
        match self {
            Self::Key(key) => Some(key),
            Self::Owner(wallet) => wallet.local_key(),
        }
    }
}

/// What to sign and with what. The caller holds the workspace's lock.
pub struct SignRequest<'a> {
    /// Where.
    pub workspace: &'a Workspace,
    /// What is wanted.
    pub records: &'a Records,
    /// Who signs records.
    pub signer: Signer<'a>,
    /// Why the resolver accepts that signer.
    pub mode: ApprovalMode,
    /// Who signs SIGN 3 where one is missing.
    pub wallet: Option<&'a dyn Wallet>,
    /// Sign also what is right already.
    pub force: bool,
    /// Only the records of this name, and of those under it.
    pub only: Option<&'a Name>,
    /// What may be removed.
    pub removal: Removal<'a>,
    /// Copy every record into the older flat layout (ENSIP-XX) too.
    pub flat: bool,
    /// Ends it between two records.
    pub stop: Stop,
    /// Write the deployed backend's other fields, with this time (seconds since 1970).
    pub metadata: Option<i64>,
}

/// A record file that was written or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedFile {
    /// Whose record.
    pub name: Name,
    /// Which.
    #[serde(rename = "record")]
    pub key: RecordKey,
    /// The file, in the workspace.
    pub path: String,
}

/// What `sign` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignOutcome {
    /// Files written.
    pub signed: Vec<SignedFile>,
    /// Records that were right already.
    pub unchanged: u64,
    /// Files of records that are no longer wanted.
    pub removed: Vec<SignedFile>,
    /// SIGN 3 signatures that were made.
    pub approvals: u64,
}

/// Why signing stopped. What was written before stays and is right.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Names without SIGN 3, and no wallet to make it.
    #[error("{} no approval (SIGN 3) of the signer {signer}", whose(first, *count))]
    NoApproval {
        /// One of them.
        first: Name,
        /// How many.
        count: usize,
        /// The records signer.
        signer: Address,
    },
    /// `--approval owner` with a wallet that is not the owner.
    #[error("with the approval \"owner\" the owner signs, but {signer} is not the owner {owner}")]
    NotOwner {
        /// Who would sign.
        signer: Address,
        /// Who owns the name.
        owner: Address,
    },
    /// No wallet is recorded, so nobody is known to own the names.
    #[error("no wallet is recorded in namesys.toml, so the owner of the names is not known")]
    NoOwner,
    /// With the other fields the file would be longer than any is read.
    #[error(
        "the file of {name}'s {key} would have {bytes} bytes with the fields of --metadata, which \
         hold the value twice: more than {MAX_RECORD_FILE}, which are read"
    )]
    TooLong {
        /// Whose record.
        name: Name,
        /// Which.
        key: RecordKey,
        /// How long its file would be.
        bytes: usize,
    },
    /// More than half of more than ten files would go.
    #[error("{0} signed files would be removed, which records.toml no longer wants")]
    MassRemoval(MassRemoval),
    /// Nothing at all is wanted, and something is signed.
    #[error("records.toml is missing or empty, and {0} signed files would be removed")]
    NothingWanted(usize),
    /// It was asked to end; what is signed stands, and the same again signs the rest.
    #[error("interrupted: what was signed stands")]
    Stopped,
    /// The wallet does not sign.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The workspace cannot be read or written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

fn whose(first: &Name, count: usize) -> String {
    match count {
        0 | 1 => format!("{first} has"),
        2 => format!("{first} and 1 other name have"),
        _ => format!("{first} and {} other names have", count - 1),
    }
}

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
    if let Some(only) = request.only {
        changes.retain(|change| change.name.is_or_is_under(only));
    }
    check_removal(request, &changes)?;
    let (removed, wanted): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| change.state == RecordState::Removed);
    let total = wanted.len() as u64;
    let to_sign: Vec<Change> = wanted
        .into_iter()
        .filter(|change| request.force || change.state != RecordState::Signed)
        .collect();
    outcome.unchanged = total - to_sign.len() as u64;
    if request.mode == ApprovalMode::Wallet {
        approve_missing(request, config, owner, &to_sign, &mut outcome.approvals).await?;
    }
    let signed = &mut outcome.signed;
    match request.signer.key() {
        Some(key) => sign_in_parallel(request, config, owner, key, to_sign, progress, signed)?,
        None => sign_one_by_one(request, config, owner, to_sign, progress, signed).await?,
    }
    for change in removed {
        if request.stop.is_asked() {
            return Err(SignError::Stopped);
        }
        outcome.removed.push(remove(request.workspace, change)?);
    }
    Ok(())
}

/// Refuses what looks like a mistake: a `records.toml` that is not there, or most of it.
fn check_removal(request: &SignRequest<'_>, changes: &[Change]) -> Result<(), SignError> {
    let count = |state| changes.iter().filter(|change| change.state == state).count();
    let removed = count(RecordState::Removed);
    if removed == 0 || matches!(request.removal, Removal::Any) {
        return Ok(());
    }
    if request.records.iter().next().is_none() {
        return Err(SignError::NothingWanted(removed));
    }
    let files = changes.len() - count(RecordState::Unsigned);
    match MassRemoval::of(removed as u64, files as u64) {
        Some(removal) if !request.removal.may(&removal) => Err(SignError::MassRemoval(removal)),
        _ => Ok(()),
    }
}

/// Whether `config` keeps a SIGN 3 of `signer` for `name` by its owner, or by the wallet as the
/// owner's manager. Another is made anew by [`sign`].
pub fn approval_stands(config: &Config, name: &Name, signer: Address) -> bool {
    let Some(kept) = config.approval(name, signer) else { return false };
    let (chain_id, owner) = (config.chain_id, kept.owner);
    let request = Request::ApproveSigner { name, chain_id, signer, owner };
    let by = request.recover(&kept.signature).ok();
    by.is_some() && (by == Some(owner) || by == config.keys().wallet)
}

/// Makes and keeps SIGN 3 for every name of `changes` that has none that stands.
async fn approve_missing(
    request: &SignRequest<'_>,
    config: &mut Config,
    owner: Address,
    changes: &[Change],
    made: &mut u64,
) -> Result<(), SignError> {
    let signer = request.signer.address();
    let chain_id = config.chain_id;
    let approval = |name, owner| Request::ApproveSigner { name, chain_id, signer, owner };
    let names: BTreeSet<&Name> = changes.iter().map(|change| &change.name).collect();
    let names: Vec<&Name> = names.into_iter().collect();
    let stands = |name| approval_stands(config, name, signer);
    let missing: Vec<&Name> = names.into_par_iter().filter(|name| !stands(*name)).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let Some(wallet) = request.wallet else {
        let (first, count) = ((*first).clone(), missing.len());
        return Err(SignError::NoApproval { first, count, signer });
    };
    let kept = |signature| Approval { owner, signature };
    if let Some(key) = wallet.local_key() {
        let signatures = missing.par_iter().map(|name| key.sign(&approval(name, owner)));
        let approvals: Vec<Approval> = signatures.map(kept).collect();
        config.keep_approvals(signer, missing.iter().copied().zip(approvals));
        request.workspace.save_config(config)?;
        *made = missing.len() as u64;
        return Ok(());
    }
    for name in &missing {
        if request.stop.is_asked() {
            return Err(SignError::Stopped);
        }
        let signature = sign_checked(wallet, &approval(name, owner)).await?.expose().clone();
        // At once: it cost a person a confirmation, and Ctrl-C or a refusal may be next.
        config.keep_approvals(signer, [(*name, kept(signature))]);
        request.workspace.save_config(config)?;
        *made += 1;
    }
    Ok(())
}

fn sign_in_parallel(
    request: &SignRequest<'_>,
    config: &Config,
    owner: Address,
    key: &SignerKey,
    changes: Vec<Change>,
    progress: &(dyn Fn(u64, u64) + Sync),
    signed: &mut Vec<SignedFile>,
) -> Result<(), SignError> {
    let temporary = request.workspace.temporary()?;
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
        let file = write_record(request, &temporary, owner, change.name.clone(), &change, &record)?;
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
    request: &SignRequest<'_>,
    config: &Config,
    owner: Address,
    changes: Vec<Change>,
    progress: &(dyn Fn(u64, u64) + Sync),
    signed: &mut Vec<SignedFile>,
) -> Result<(), SignError> {
    let Signer::Owner(wallet) = request.signer else {
        unreachable!("a signer that is a key signs in parallel")
    };
    let temporary = request.workspace.temporary()?;
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
        signed.push(write_record(
            request,
            &temporary,
            owner,
            change.name.clone(),
            &change,
            &record,
        )?);
        progress(done, total);
    }
    Ok(())
}

fn write_record(
    request: &SignRequest<'_>,
    temporary: &OpenDir,
    owner: Address,
    name: Name,
    change: &Change,
    record: &SignedRecord,
) -> Result<SignedFile, SignError> {
    let mut file = RecordFile::new(&record.encode());
    file.metadata = request.metadata.map(|timestamp| FileMetadata {
        domain: name.to_string(),
        raw: change.value.as_ref().map(Value::to_string).unwrap_or_default(),
        timestamp,
        signer: record.signer.to_string(),
        controller: owner.to_string(),
        manager_signature: record.approval.to_string(),
        record_signature: record.signature.to_string(),
    });
    let json = file.to_json();
    if json.len() as u64 > MAX_RECORD_FILE {
        let key = change.key.clone();
        return Err(SignError::TooLong { name, key, bytes: json.len() });
    }
    for path in [Some(&change.path), change.flat.as_ref()].into_iter().flatten() {
        let written = request.workspace.folder().write(path, &json, temporary, false);
        written.map_err(request.workspace.failed(path))?;
    }
    Ok(SignedFile { name, key: change.key.clone(), path: change.path.clone() })
}

/// Removes a record's file and the folders it leaves empty.
fn remove(workspace: &Workspace, change: Change) -> Result<SignedFile, SignError> {
    let path = Path::new(&change.path);
    workspace.folder().remove_file(path).map_err(workspace.failed(path))?;
    for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(WELL_KNOWN)) {
        // Fails where something else is in it, which is then kept.
        if workspace.folder().remove_folder(folder).is_err() {
            break;
        }
    }
    Ok(SignedFile { name: change.name, key: change.key, path: change.path })
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
