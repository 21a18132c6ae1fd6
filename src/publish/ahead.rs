//! The trees of the turns to come: what is published now, with what is signed for later in its
//! place ([the files](crate::spec::phases)).

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cid::Cid;
use jiff::Timestamp;

use super::TargetOutcome;
use super::private_keys::{PrivateKeyError, refuse_private_keys, refuse_private_keys_of};
use super::series::{MAX_SERIES, SeriesError};
use super::tree::TemporaryCar;
use super::{PackFailed, StateError};
use crate::ens::Name;
use crate::ipfs::upload::Upload;
use crate::ipfs::{
    BlockSink, BlockSource, CarWriter, EditError, Edits, PackError, ReadError, ScratchBlocks,
    TreeBudget, TreeLimits, Walk, edit_tree, pack_well_known,
};
use crate::ipns::RecordError;
use crate::keys::OwnKeys;
use crate::record::{MAX_RECORD_FILE, RecordKey, record_path};
use crate::workspace::{
    Change, Config, Expected, PHASES_DIR, RecordState, Records, TreeError, Workspace,
    WorkspaceError, file_at, flat_place, out_of_turn, plan_ahead, turns,
};

/// A workspace keeps account of so many records that are signed ahead.
pub const MAX_TURNS: usize = 5000;
const _: () = assert!(MAX_TURNS <= MAX_SERIES);

/// A moment from which a tree is to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnRoot {
    /// The moment.
    pub at: Timestamp,
    /// The tree.
    pub root: Cid,
}

/// The trees of the turns to come.
pub struct TurnTrees {
    /// In the order of time.
    pub turns: Vec<TurnRoot>,
    /// The tree of now.
    now: Cid,
    blocks: Blocks,
}

/// Why nothing is signed ahead.
#[derive(Debug, thiserror::Error)]
pub enum AheadError {
    /// A phase that is still to come, or has begun, has no file as it should; or one that has ended
    /// is still in the tree.
    #[error("{name}'s {key}{} is not signed as it is wanted", from(*starts))]
    Unsigned {
        /// Whose.
        name: Name,
        /// Which.
        key: RecordKey,
        /// When the phase starts; none of one that has no start, or where none holds now.
        starts: Option<Timestamp>,
    },
    /// More than are kept account of.
    #[error("{0} turns are to come, and a workspace keeps account of at most {MAX_TURNS}")]
    TooMany(usize),
    /// No sequence is left for them.
    #[error("the sequence gets too high")]
    Sequence,
    /// Another command of this workspace has published since.
    #[error(
        "another command of this workspace has published since, so that what is to come is not signed over it"
    )]
    Overtaken,
    /// A record in the folder of those that are signed ahead, of which `published.toml` has nothing.
    #[error("{} was signed ahead, and published.toml does not say so: it may be an older one", .0.display())]
    NotWrittenDown(PathBuf),
    /// A private key is in what would be published.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// What is signed cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// It cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackFailed),
    /// What was packed cannot be read back.
    #[error(transparent)]
    Read(Box<ReadError>),
    /// A record cannot be made.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// What was signed ahead before cannot be read.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// The workspace cannot be read or written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// What is known of what is published cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

fn from(starts: Option<Timestamp>) -> String {
    starts.map_or_else(|| ", as it is to be now,".to_owned(), |at| format!(", from {at} on,"))
}

impl From<ReadError> for AheadError {
    fn from(error: ReadError) -> Self {
        Self::Read(Box::new(error))
    }
}

impl From<PackError> for AheadError {
    fn from(error: PackError) -> Self {
        Self::Pack(error.into())
    }
}

impl From<EditError> for AheadError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Read(error) => Self::Read(error),
            EditError::Pack(error) => error.into(),
        }
    }
}

/// The tree of now, and what is new of those to come.
struct Blocks(ScratchBlocks, ScratchBlocks);

impl BlockSource for Blocks {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let Self(now, new) = self;
        new.get(cid)?.map_or_else(|| now.get(cid), |block| Ok(Some(block)))
    }
}

/// Refuses a tree in which a record that changes by time does not stand as it is wanted now: it
/// would be put back to what it said before, in every tree that follows.
///
/// # Errors
/// [`AheadError::Unsigned`]; files.
pub fn refuse_out_of_turn(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    expected: &Expected,
) -> Result<(), AheadError> {
    match out_of_turn(workspace, config, records, expected)?.into_iter().next() {
        None => Ok(()),
        Some(Change { name, key, .. }) => {
            let phase = records.phases(&name, &key).and_then(|all| all.phase_at(records.now()));
            Err(AheadError::Unsigned { starts: phase.and_then(|phase| phase.starts), name, key })
        }
    }
}

/// Packs what `workspace` is to publish at each turn after the time at which `records` are looked
/// at; no private key may be in it. The files of `scratch` are empty, and best have no name.
///
/// # Errors
/// [`AheadError`]: above all, a phase that is not signed.
pub fn turn_trees(
    workspace: &Workspace,
    config: &Config,
    records: &Records,
    (expected, own): (&Expected, &OwnKeys),
    scratch: [File; 2],
) -> Result<TurnTrees, AheadError> {
    refuse_out_of_turn(workspace, config, records, expected)?;
    let ahead = plan_ahead(workspace, config, records, expected)?;
    if let Some(open) = ahead.coming.iter().find(|one| one.change.state != RecordState::Signed) {
        let (name, key) = (open.change.name.clone(), open.change.key.clone());
        return Err(AheadError::Unsigned { name, key, starts: Some(open.starts) });
    }
    let to_come = turns(records);
    if to_come.len() > MAX_TURNS {
        return Err(AheadError::TooMany(to_come.len()));
    }
    refuse_private_keys_of(workspace.dir(), own)?;
    refuse_private_keys(&workspace.dir().join(PHASES_DIR), own)?;
    let [now, new] = scratch.map(ScratchBlocks::new);
    let mut blocks = Blocks(now, new);
    let now = pack_well_known(workspace.dir(), &mut blocks.0, &mut |_| ())?.root;
    let (mut root, mut found) = (now, Vec::new());
    for turn in to_come {
        let mut edits = Edits::new();
        for (name, key, value) in &turn.changes {
            let file = file_at(records, name, key, turn.at).filter(|_| value.is_some());
            let read = |file: String| {
                let read = workspace.folder().read(&file, MAX_RECORD_FILE);
                read.map_err(workspace.failed(&file))
            };
            let content = file.map(read).transpose()?;
            // A copy of ours in the older layout says the same.
            if let Some(flat) = flat_place(workspace, config, (name, key), expected) {
                edits.insert(flat, content.clone());
            }
            edits.insert(record_path(name, key), content);
        }
        let mut more = Vec::new();
        root = edit_tree(&blocks, Some(&root), &edits, &mut Kept(&mut more))?;
        for (cid, data) in more {
            blocks.1.put(&cid, &data).map_err(workspace.failed(PHASES_DIR))?;
        }
        found.push(TurnRoot { at: turn.at, root });
    }
    Ok(TurnTrees { turns: found, now, blocks })
}

/// The few blocks that one turn changes.
struct Kept<'a>(&'a mut Vec<(Cid, Vec<u8>)>);

impl BlockSink for Kept<'_> {
    fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
        self.0.push((*cid, data.to_vec()));
        Ok(())
    }
}

impl TurnTrees {
    /// The tree of now.
    pub fn now(&self) -> &Cid {
        &self.now
    }

    /// Sends every tree to `upload`, which has the tree of now: what is new of each, where it takes
    /// that. Files under way are in `folder`. Why it does not have all of them stands in the
    /// outcome.
    pub async fn send(&self, upload: &dyn Upload, folder: &Path) -> TargetOutcome {
        let to = upload.describe();
        let (mut sent, mut error) = (false, None);
        for TurnRoot { root, .. } in &self.turns {
            if upload.has(root).await {
                continue;
            }
            match self.send_one(upload, root, folder).await {
                Ok(()) => sent = true,
                Err(reason) => {
                    error = Some(reason);
                    break;
                }
            }
        }
        TargetOutcome { to, ok: error.is_none(), sent, read_back: false, error }
    }

    async fn send_one(&self, upload: &dyn Upload, root: &Cid, folder: &Path) -> Result<(), String> {
        let is_part = upload.takes_parts() && upload.has(&self.now).await;
        for is_part in [true, false].into_iter().filter(|part| is_part || !part) {
            let car = self.car(root, folder, is_part).map_err(|error| error.to_string())?;
            match upload.upload(car.path(), root, None).await {
                Ok(()) => return Ok(()),
                // What lacked may be of the tree that it said it had.
                Err(error) if is_part => tracing::info!("{}: {error}", upload.describe()),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// A CAR of a tree; a part is what the tree of now has not.
    fn car(&self, root: &Cid, folder: &Path, is_part: bool) -> Result<TemporaryCar, AheadError> {
        let car = TemporaryCar::new_in(folder)?;
        let failed = |error| PackFailed::Write { path: car.path().to_owned(), error };
        let mut writer = CarWriter::create(car.path()).map_err(failed)?;
        let mut walk = Walk::new(root, TreeBudget::new(TreeLimits::WHOLE));
        while let Some((cid, block)) = walk.next(&self.blocks).transpose()? {
            if is_part && self.blocks.0.get(&cid).map_err(failed)?.is_some() {
                continue;
            }
            writer.put(&cid, &block).map_err(failed)?;
        }
        writer.finish(root).map_err(failed)?;
        Ok(car)
    }
}
