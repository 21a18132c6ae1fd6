//! `clone`: the workspace that would publish what is published.

use std::collections::BTreeMap;
use std::path::Path;

use alloy_primitives::Address;
use cid::Cid;

use super::plan::place;
use super::{PullError, ReadTree, TreeFiles};
use crate::ens::{Name, WELL_KNOWN};
use crate::keys::{FoundKey, IpnsName, OwnKeys, Storage, private_key_in};
use crate::publish::{KEPT_TREE, PackFailed, Source};
use crate::published::{BaseFile, FoundRecord, Known, PublishedTree};
use crate::request::ApprovalBasis;
use crate::workspace::{ApprovalMode, Config, NamesError, RecordedKeys, Workspace};

/// What is cloned.
pub struct CloneRequest<'a> {
    /// The files.
    pub files: &'a TreeFiles,
    /// What they are.
    pub read: &'a ReadTree,
    /// The workspace's names; one at least.
    pub names: &'a [Name],
    /// Whose keys.
    pub storage: Storage,
    /// Whose id stands in the texts.
    pub chain_id: u64,
    /// Who owns the names.
    pub owner: Address,
    /// The IPNS name, where there is one.
    pub ipns_name: Option<IpnsName>,
    /// What is published, each proven by its record; the newest first.
    pub trees: Vec<PublishedTree>,
    /// Whether the deployed web client made it.
    pub by_client: bool,
    /// Leaves out what does not verify.
    pub drop_invalid: bool,
    /// Keys that are never written.
    pub own_keys: &'a OwnKeys,
}

/// What a clone has.
#[derive(Clone, Debug, Default)]
pub struct Cloned {
    /// What the workspace would publish; none where it holds nothing.
    pub root: Option<Cid>,
    /// Files that hold a private key: they are not written.
    pub keys: BTreeMap<String, FoundKey>,
    /// Records that verify and cannot be wanted: their files are kept.
    pub unwanted: BTreeMap<String, String>,
}

/// Why no workspace is made.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// The names do not go together.
    #[error(transparent)]
    Names(#[from] NamesError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] PullError),
    /// It cannot be packed, to see what it would publish.
    #[error(transparent)]
    Pack(#[from] PackFailed),
}

impl From<crate::workspace::WorkspaceError> for CloneError {
    fn from(error: crate::workspace::WorkspaceError) -> Self {
        Self::Write(error.into())
    }
}

/// Makes the workspace in `dir`, which is nobody's yet.
///
/// # Errors
/// [`CloneError`]; what is in `dir` by then is no workspace to work in.
pub fn clone(dir: &Path, request: &CloneRequest<'_>) -> Result<Cloned, CloneError> {
    let mut config = config(request)?;
    let workspace = Workspace::init(dir, &config)?;
    let mut cloned = Cloned::default();
    write_files(&workspace, request, &mut cloned)?;
    let mut records = workspace.records(&config)?;
    let ours = |record: &&FoundRecord| config.root_of(&record.id.0).is_some();
    let wanted: Vec<(&String, &FoundRecord)> =
        request.read.records.iter().filter(|(_, record)| ours(record)).collect();
    for (path, record) in wanted {
        if cloned.keys.contains_key(path) {
            continue;
        }
        let (name, key) = &record.id;
        if let Err(error) = records.set(name, key, record.value.clone()) {
            cloned.unwanted.insert(path.clone(), error.to_string());
            continue;
        }
        if let Some(approval) = &record.approval {
            config.keep_approvals(record.signer, [(name, approval.clone())]);
        }
    }
    workspace.save_records(&records)?;
    workspace.save_config(&config)?;
    cloned.root = pack(&workspace, request)?;
    if let Some(name) = &request.ipns_name {
        let mut file = BaseFile::default();
        file.set(name, known(request));
        // Nothing counts as seen that a loss of power could take away again.
        workspace.folder().sync().map_err(workspace.failed("."))?;
        file.write(&workspace)?;
    }
    Ok(cloned)
}

fn write_files(
    workspace: &Workspace,
    request: &CloneRequest<'_>,
    cloned: &mut Cloned,
) -> Result<(), CloneError> {
    let temporary = workspace.temporary()?;
    for (path, bytes) in &request.files.0 {
        if let Some(key) = private_key_in(bytes, request.own_keys) {
            cloned.keys.insert(path.clone(), key);
            continue;
        }
        if request.drop_invalid && request.read.unverified.contains_key(path) {
            continue;
        }
        let place = place(path);
        let written = workspace.folder().write(&place, bytes, &temporary, false);
        written.map_err(workspace.failed(&place))?;
    }
    Ok(())
}

/// What it would publish; where that is what is published, its blocks need not be fetched again.
fn pack(workspace: &Workspace, request: &CloneRequest<'_>) -> Result<Option<Cid>, CloneError> {
    let is_there = workspace.folder().kind(WELL_KNOWN).map_err(workspace.failed(WELL_KNOWN))?;
    if is_there.is_none() {
        return Ok(None);
    }
    let car = workspace.dir().join(KEPT_TREE);
    let packed = Source::WellKnown(workspace.dir().to_owned()).pack(&car, &mut |_| ())?;
    if request.trees.first().is_none_or(|tree| *tree.root() != packed.root) {
        let gone = workspace.folder().remove_file(KEPT_TREE);
        gone.map_err(workspace.failed(KEPT_TREE))?;
    }
    Ok(Some(packed.root))
}

fn known(request: &CloneRequest<'_>) -> Known {
    let mut known = Known::default();
    let trees = request.trees.iter().map(|tree| (tree.clone(), request.by_client));
    super::request::see(&mut known, trees.collect());
    known
}

/// Wallet, signer and how it is approved, as the records have them: claims that a derivation of
/// the keys confirms.
fn config(request: &CloneRequest<'_>) -> Result<Config, CloneError> {
    let CloneRequest { names, storage, chain_id, owner, ipns_name, read, .. } = request;
    let mut config = Config::new(names[0].clone(), *storage, *storage, *chain_id);
    names[1..].iter().try_for_each(|name| config.add_name(name.clone()))?;
    let ours = || read.records.values().filter(|record| config.root_of(&record.id.0).is_some());
    let usual = most(ours().map(|record| (record.signer, record.basis)));
    let (signer, basis) = usual.unzip();
    let is_owner = basis == Some(ApprovalBasis::Owner);
    let manager = match basis {
        Some(ApprovalBasis::SignedByManager(manager)) => Some(manager),
        _ => None,
    };
    let wallet = Some(manager.unwrap_or(*owner));
    let signer = signer.filter(|_| !is_owner);
    let keys = RecordedKeys { wallet, ipns_name: *ipns_name, signer, ..RecordedKeys::default() };
    // Nothing is recorded in a new one that could differ.
    let _ = config.record_keys(&keys);
    if manager.is_some() {
        config.record_owner(*owner);
    }
    match basis {
        Some(ApprovalBasis::Owner) => config.record_approval_mode(ApprovalMode::Owner),
        Some(ApprovalBasis::OnChain) => config.record_approval_mode(ApprovalMode::OnChain),
        _ => {}
    }
    Ok(config)
}

/// What is there most often.
fn most<T: Ord>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(one, _)| one)
}
