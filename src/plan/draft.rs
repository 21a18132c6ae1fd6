//! The tree as it will be once all is signed. Where a signature is missing, a record of the same
//! length stands in its place, so that blocks and bytes are right, and the root is not known.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::{B256, hex, keccak256};
use cid::Cid;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::tree::{Beyond, DraftTree};
use crate::ens::Name;
use crate::ipfs::{
    BlockSource, EditError, Edits, PackError, Packed, ROOT_FOLDER, ReadError, ScratchBlocks,
    edit_tree, pack_directory, pack_well_known,
};
use crate::record::{MAX_RECORD_FILE, RecordFile, RecordKey, Value, flat_path, record_path};
use crate::request::SignedRecord;
use crate::workspace::{
    ApprovalMode, Change, Config, Expected, MassRemoval, RecordState, Records, TreeError,
    Workspace, approval_stands, mass_removal, pending, plan, plan_ahead, read_bounded, turn_of,
};

/// Bytes of a signature.
const SIGNATURE: usize = 65;

/// What `sign` has to do for one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordStep {
    /// Whose.
    pub name: Name,
    /// Which.
    pub key: RecordKey,
    /// The file, in the workspace.
    pub path: String,
    /// The SHA-256 of the file as it is; none where there is none.
    pub before: Option<String>,
    /// What it says, where it says something.
    pub old: Option<String>,
    /// What it will say; none where it goes.
    pub new: Option<Value>,
    /// Of a phase that is to come: from when on it says so.
    pub starts: Option<Timestamp>,
}

/// The tree as it will be.
pub struct Draft {
    /// What is to be signed, or removed.
    pub steps: Vec<RecordStep>,
    /// The same of phases that are to come, which are in no tree yet.
    pub later: Vec<RecordStep>,
    /// Names that the wallet has to approve the signer for (SIGN 3).
    pub unapproved: Vec<Name>,
    /// So much of what is signed goes that it may be a mistake.
    pub mass: Option<MassRemoval>,
    /// Files that hold what will be signed.
    pub to_be_signed: BTreeSet<String>,
    /// What will be published; its root is right where nothing is left to be signed. None where
    /// there will be no record at all.
    tree: Option<DraftTree>,
}

/// Why it cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// What is signed cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// It cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// What was packed cannot be read back.
    #[error(transparent)]
    Read(Box<ReadError>),
}

impl From<ReadError> for DraftError {
    fn from(error: ReadError) -> Self {
        Self::Read(Box::new(error))
    }
}

impl From<EditError> for DraftError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Read(error) => Self::Read(error),
            EditError::Pack(error) => error.into(),
        }
    }
}

impl Draft {
    /// Of a workspace. The files of `scratch` are empty, and best have no name. Where the index and
    /// the tree that was published last are at hand, and `all` of it is not asked for, only what is
    /// new is packed.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn of(
        workspace: &Workspace,
        (config, records, expected): (&Config, &Records, &Expected),
        scratch: [File; 3],
        all: bool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, DraftError> {
        let [now, new, beyond] = scratch.map(ScratchBlocks::new);
        let (changes, known) = pending(workspace, config, records, expected, |looked, changes| {
            if all {
                return None;
            }
            let edits = edits(config, expected, changes.iter().filter(|change| is_pending(change)));
            DraftTree::beyond(workspace, looked, &edits, beyond)
        })?;
        let ahead = plan_ahead(workspace, config, records, expected)?;
        let coming: Vec<Change> = ahead.coming.into_iter().map(|one| one.change).collect();
        let mass = mass_removal(changes.iter().chain(&coming).chain(&ahead.gone));
        let later = coming.into_iter().chain(ahead.gone).filter(is_pending);
        let later: Vec<Change> = later.collect();
        let pending: Vec<Change> = changes.into_iter().filter(is_pending).collect();
        let tree = match known {
            Some(known) => Some(known),
            None => packed(workspace, &edits(config, expected, &pending), [now, new], progress)?,
        };
        let signs = pending.iter().filter(|change| change.value.is_some());
        let to_be_signed = signs
            .flat_map(|change| std::iter::once(change.path.clone()).chain(change.flat.clone()));
        Ok(Self {
            to_be_signed: to_be_signed.collect(),
            unapproved: unapproved(config, expected, pending.iter().chain(&later)),
            later: later.into_iter().map(|change| step(workspace, change)).collect(),
            steps: pending.into_iter().map(|change| step(workspace, change)).collect(),
            mass,
            tree,
        })
    }

    /// Whether all is signed as it is wanted, also what is to come.
    pub fn is_signed(&self) -> bool {
        self.pending().next().is_none()
    }

    /// What is to be signed, or removed: of now, and of what is to come.
    pub fn pending(&self) -> impl Iterator<Item = &RecordStep> {
        self.steps.iter().chain(&self.later)
    }

    /// The root, where it is known.
    pub fn root(&self) -> Option<Cid> {
        Some(self.tree.as_ref().filter(|_| self.steps.is_empty())?.root)
    }

    /// The root of what will be published, right or not, and its blocks.
    pub fn tree(&self) -> Option<(Cid, Arc<dyn BlockSource>)> {
        self.tree.as_ref().map(|tree| (tree.root, tree.blocks.clone()))
    }

    /// The root of the tree that was published last: who has it lacks only what is new.
    pub fn base(&self) -> Option<Cid> {
        Some(self.beyond()?.base)
    }

    /// Counts all of what will be published; whether that is known. `progress` is told how many
    /// blocks it has.
    pub fn measure(&mut self, progress: &mut dyn FnMut(u64)) -> bool {
        self.tree.as_mut().is_none_or(|tree| match tree.measure(progress) {
            Ok(()) => true,
            Err(error) => {
                tracing::info!("what was published last is not whole: {error}");
                false
            }
        })
    }

    /// What is sent to whom has the [`base`](Self::base), or has nothing of it; that is counted by
    /// [`measure`](Self::measure).
    pub fn sent(&self, has_base: bool) -> Option<Packed> {
        match self.beyond().filter(|_| has_base) {
            Some(beyond) => Some(beyond.new),
            None => self.tree.as_ref()?.whole,
        }
    }

    fn beyond(&self) -> Option<&Beyond> {
        self.tree.as_ref()?.beyond.as_ref()
    }

    /// A fingerprint of all files that are not those of `steps`, with what they hold: signing leaves
    /// them as they are, records that are signed already too.
    ///
    /// # Errors
    /// What was packed cannot be read back.
    pub fn rest<'a>(
        &self,
        steps: impl IntoIterator<Item = (&'a Name, &'a RecordKey)>,
    ) -> Result<Option<String>, ReadError> {
        let mut changing = BTreeSet::new();
        for (name, key) in steps {
            changing.insert(record_path(name, key));
            changing.extend(flat_path(name, key));
        }
        let Some(tree) = &self.tree else { return Ok(None) };
        let mut hasher = Sha256::new();
        for (path, cid) in tree.files(&|path| !changing.contains(path))? {
            hasher.update(path.as_bytes());
            hasher.update([0]);
            hasher.update(cid.to_bytes());
        }
        Ok(Some(hex::encode(hasher.finalize())))
    }

    /// The files that are not those of wanted records.
    ///
    /// # Errors
    /// What was packed cannot be read back.
    pub fn beside(&self, records: &Records) -> Result<Vec<String>, ReadError> {
        let copies: BTreeSet<String> =
            records.iter().filter_map(|(name, key, _)| flat_path(name, key)).collect();
        let is_beside = |path: &str| records.owner_of(path).is_none() && !copies.contains(path);
        let Some(tree) = &self.tree else { return Ok(Vec::new()) };
        Ok(tree.files(&is_beside)?.into_iter().map(|(path, _)| path).collect())
    }
}

/// The tree with `edits`, packed.
fn packed(
    workspace: &Workspace,
    edits: &Edits,
    [mut now, mut new]: [ScratchBlocks; 2],
    progress: &mut dyn FnMut(u64),
) -> Result<Option<DraftTree>, DraftError> {
    let as_it_is = pack_as_it_is(workspace, &mut now, progress)?;
    if edits.is_empty() {
        let packed = as_it_is.filter(|(_, is_signed)| *is_signed);
        return Ok(packed.map(|(packed, _)| DraftTree::packed(packed, now, new)));
    }
    let root = as_it_is.map(|(packed, _)| packed.root);
    let root = edit_tree(&now, root.as_ref(), edits, &mut new)?;
    Ok(DraftTree::measured(root, now, new)?)
}

/// What a workspace would publish as it stands, and whether records are in it.
fn pack_as_it_is(
    workspace: &Workspace,
    blocks: &mut ScratchBlocks,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<(Packed, bool)>, PackError> {
    let dir = workspace.dir();
    match pack_well_known(dir, blocks, progress) {
        Ok(packed) => return Ok(Some((packed, true))),
        Err(PackError::NothingSigned(_)) => {}
        Err(error) => return Err(error),
    }
    let beside: PathBuf = dir.join(ROOT_FOLDER);
    match beside.is_dir() {
        true => Ok(Some((pack_directory(&beside, blocks, progress)?, false))),
        false => Ok(None),
    }
}

fn edits<'a>(
    config: &Config,
    expected: &Expected,
    pending: impl IntoIterator<Item = &'a Change>,
) -> Edits {
    let mut edits = Edits::new();
    for change in pending {
        let content = change.value.as_ref().map(|value| unsigned(config, expected, change, value));
        if let Some(flat) = &change.flat {
            edits.insert(flat.clone(), content.clone());
        }
        edits.insert(change.path.clone(), content);
    }
    edits
}

/// The file of a record without its signatures, as long as with them. No two are the same, as no
/// two signed ones are.
fn unsigned(config: &Config, expected: &Expected, change: &Change, value: &Value) -> Vec<u8> {
    let filler = |what: &str| -> Vec<u8> {
        let digest: B256 = keccak256(format!("{what} {}", record_path(&change.name, &change.key)));
        digest.iter().copied().cycle().take(SIGNATURE).collect()
    };
    let signer = expected.signer.unwrap_or_default();
    let approval = match expected.mode {
        ApprovalMode::Wallet => match config.approval(&change.name, signer) {
            Some(kept) => kept.signature.as_bytes().to_vec(),
            None => filler("approval"),
        },
        ApprovalMode::OnChain | ApprovalMode::Owner => Vec::new(),
    };
    let record = SignedRecord {
        signer,
        signature: filler("signature").into(),
        approval: approval.into(),
        result: value.abi_encode().into(),
    };
    RecordFile::new(&record.encode()).to_json()
}

/// The names that lack an approval of the signer.
fn unapproved<'a>(
    config: &Config,
    expected: &Expected,
    pending: impl Iterator<Item = &'a Change>,
) -> Vec<Name> {
    if expected.mode != ApprovalMode::Wallet {
        return Vec::new();
    }
    let signs = pending.filter(|change| change.value.is_some());
    let names: BTreeSet<&Name> = signs.map(|change| &change.name).collect();
    let stands =
        |name: &Name| expected.signer.is_some_and(|signer| approval_stands(config, name, signer));
    names.into_iter().filter(|name| !stands(name)).cloned().collect()
}

fn is_pending(change: &Change) -> bool {
    change.state != RecordState::Signed
}

impl RecordStep {
    /// What `sign` has to do for a workspace as it is.
    ///
    /// # Errors
    /// What is signed cannot be read.
    pub fn pending(
        workspace: &Workspace,
        config: &Config,
        records: &Records,
        expected: &Expected,
    ) -> Result<Vec<Self>, TreeError> {
        let changes = plan(workspace, config, records, expected)?;
        let ahead = plan_ahead(workspace, config, records, expected)?;
        let later = ahead.coming.into_iter().map(|one| one.change).chain(ahead.gone);
        let pending = changes.into_iter().chain(later).filter(is_pending);
        Ok(pending.map(|change| step(workspace, change)).collect())
    }
}

fn step(workspace: &Workspace, change: Change) -> RecordStep {
    let Change { name, key, value, path, .. } = change;
    let starts = turn_of(&path);
    let bytes = match starts {
        None => read_bounded(workspace.folder(), &path).ok(),
        Some(_) => workspace.folder().read(&path, MAX_RECORD_FILE).ok(),
    };
    let said = |bytes: &Vec<u8>| {
        let record = SignedRecord::decode(&RecordFile::payload(bytes).ok()?).ok()?;
        Some(Value::abi_decode(&key, &record.result).ok()?.to_string())
    };
    let old = bytes.as_ref().and_then(said);
    let before = bytes.map(|bytes| hex::encode(Sha256::digest(bytes)));
    RecordStep { name, key, path, before, old, new: value, starts }
}
