//! The tree as it will be once all is signed. Where a signature is missing, a record of the same
//! length stands in its place, so that blocks and bytes are right, and the root is not known.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::{B256, hex, keccak256};
use bytes::Bytes;
use cid::Cid;
use sha2::{Digest, Sha256};

use crate::ens::{Name, WELL_KNOWN};
use crate::ipfs::{
    BlockSource, EditError, Edits, Met, PackError, Packed, ROOT_FOLDER, ReadError, ScratchBlocks,
    TreeBudget, TreeLimits, Walk, edit_tree, pack_directory, pack_well_known, resolve, walk_paths,
};
use crate::record::{RecordFile, RecordKey, Value, flat_path, record_path};
use crate::request::SignedRecord;
use crate::workspace::{
    ApprovalMode, Change, Config, Expected, MassRemoval, RecordState, Records, TreeError,
    Workspace, approval_stands, mass_removal, plan, read_bounded,
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
}

/// The tree as it will be.
pub struct Draft {
    /// What is to be signed, or removed.
    pub steps: Vec<RecordStep>,
    /// Names that the wallet has to approve the signer for (SIGN 3).
    pub unapproved: Vec<Name>,
    /// So much of what is signed goes that it may be a mistake.
    pub mass: Option<MassRemoval>,
    /// What will be published; its root is right where nothing is left to be signed. None where
    /// there will be no record at all.
    pub packed: Option<Packed>,
    /// Files that hold what will be signed.
    pub to_be_signed: BTreeSet<String>,
    blocks: Arc<Blocks>,
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

/// The tree as it is, and what is new.
struct Blocks(ScratchBlocks, ScratchBlocks);

impl BlockSource for Blocks {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let Self(now, new) = self;
        new.get(cid)?.map_or_else(|| now.get(cid), |block| Ok(Some(block)))
    }
}

impl Draft {
    /// Of a workspace. The files of `scratch` are empty, and best have no name.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn of(
        workspace: &Workspace,
        config: &Config,
        records: &Records,
        expected: &Expected,
        scratch: [File; 2],
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, DraftError> {
        let changes = plan(workspace, config, records, expected)?;
        let mass = mass_removal(&changes);
        let pending: Vec<Change> = changes.into_iter().filter(is_pending).collect();
        let [now, new] = scratch.map(ScratchBlocks::new);
        let mut blocks = Blocks(now, new);
        let packed = pack_as_it_is(workspace, &mut blocks.0, progress)?;
        let packed = match (pending.is_empty(), packed) {
            (true, packed) => packed.filter(|(_, is_signed)| *is_signed).map(|(packed, _)| packed),
            (false, packed) => {
                let edits = edits(config, expected, &pending);
                let root = packed.map(|(packed, _)| packed.root);
                let root = edit_tree(&blocks.0, root.as_ref(), &edits, &mut blocks.1)?;
                measured(&blocks, &root)?
            }
        };
        let signs = pending.iter().filter(|change| change.value.is_some());
        let to_be_signed = signs
            .flat_map(|change| std::iter::once(change.path.clone()).chain(change.flat.clone()));
        Ok(Self {
            to_be_signed: to_be_signed.collect(),
            unapproved: unapproved(config, expected, &pending),
            steps: pending.into_iter().map(|change| step(workspace, change)).collect(),
            mass,
            packed,
            blocks: Arc::new(blocks),
        })
    }

    /// Whether all is signed as it is wanted.
    pub fn is_signed(&self) -> bool {
        self.steps.is_empty()
    }

    /// The root, where it is known.
    pub fn root(&self) -> Option<Cid> {
        self.packed.filter(|_| self.is_signed()).map(|packed| packed.root)
    }

    /// Its blocks.
    pub fn blocks(&self) -> Arc<dyn BlockSource> {
        self.blocks.clone()
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
        let mut hasher = Sha256::new();
        let is_packed = self.walk(&|path| !changing.contains(path), &mut |met| {
            hasher.update(met.path.as_bytes());
            hasher.update([0]);
            hasher.update(met.cid.to_bytes());
        })?;
        Ok(is_packed.then(|| hex::encode(hasher.finalize())))
    }

    /// The files that are not those of wanted records.
    ///
    /// # Errors
    /// What was packed cannot be read back.
    pub fn beside(&self, records: &Records) -> Result<Vec<String>, ReadError> {
        let copies: BTreeSet<String> =
            records.iter().filter_map(|(name, key, _)| flat_path(name, key)).collect();
        let is_beside = |path: &str| records.owner_of(path).is_none() && !copies.contains(path);
        let mut files = Vec::new();
        self.walk(&is_beside, &mut |met| files.push(met.path))?;
        files.sort();
        Ok(files)
    }

    /// Visits the files that are wanted; whether there are any at all.
    fn walk(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        visit: &mut dyn FnMut(Met),
    ) -> Result<bool, ReadError> {
        let Some(Packed { root, .. }) = self.packed else { return Ok(false) };
        let budget = TreeBudget::new(TreeLimits::WHOLE);
        walk_paths::<ReadError>(
            &*self.blocks,
            &root,
            &budget,
            &mut |folder, entry| Ok(wanted(&format!("{folder}{}", entry.name))),
            &mut |met| {
                visit(met);
                Ok(())
            },
        )?;
        Ok(true)
    }
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

/// How much there is; none where no record is left.
fn measured(blocks: &Blocks, root: &Cid) -> Result<Option<Packed>, ReadError> {
    match resolve(blocks, root, &[WELL_KNOWN]) {
        Err(ReadError::NotFound { .. }) => return Ok(None),
        found => found?,
    };
    let mut packed = Packed { root: *root, blocks: 0, bytes: 0 };
    let mut walk = Walk::new(root, TreeBudget::new(TreeLimits::WHOLE));
    while let Some((_, block)) = walk.next(blocks).transpose()? {
        packed.blocks += 1;
        packed.bytes += block.len() as u64;
    }
    Ok(Some(packed))
}

fn edits(config: &Config, expected: &Expected, pending: &[Change]) -> Edits {
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
fn unapproved(config: &Config, expected: &Expected, pending: &[Change]) -> Vec<Name> {
    if expected.mode != ApprovalMode::Wallet {
        return Vec::new();
    }
    let signs = pending.iter().filter(|change| change.value.is_some());
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
        let pending = changes.into_iter().filter(is_pending);
        Ok(pending.map(|change| step(workspace, change)).collect())
    }
}

fn step(workspace: &Workspace, change: Change) -> RecordStep {
    let Change { name, key, value, path, .. } = change;
    let bytes = read_bounded(workspace.folder(), &path).ok();
    let said = |bytes: &Vec<u8>| {
        let record = SignedRecord::decode(&RecordFile::payload(bytes).ok()?).ok()?;
        Some(Value::abi_decode(&key, &record.result).ok()?.to_string())
    };
    let old = bytes.as_ref().and_then(said);
    let before = bytes.map(|bytes| hex::encode(Sha256::digest(bytes)));
    RecordStep { name, key, path, before, old, new: value }
}
