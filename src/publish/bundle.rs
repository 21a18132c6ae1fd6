//! What is sent of a workspace's tree: all of it, or what it has beyond the one that was published
//! last, for services that have that one.

use std::path::{Path, PathBuf};

use cid::Cid;
use tokio::sync::OnceCell;

use super::private_keys::refuse_private_keys_known;
use super::tree::{BundleError, PackFailed, Source, TemporaryCar};
use super::{KEPT_TREE, told};
use crate::index::Looked;
use crate::ipfs::{BlockSink, CarBlocks, CarWriter};
use crate::keys::OwnKeys;
use crate::workspace::Workspace;

/// More than a tree has, of what was kept for comparisons, before all of it is written anew: twice
/// as much, and some for small ones.
const SPARE: u64 = 16 << 20;

/// A packed tree.
#[derive(Debug)]
pub struct Bundle {
    root: Cid,
    car: TemporaryCar,
    /// Where the CAR file is not all of it.
    rest: Option<Rest>,
}

/// What a CAR file leaves out.
#[derive(Debug)]
struct Rest {
    base: Cid,
    whole: Whole,
}

/// All of a tree, packed when it is first asked for.
#[derive(Debug)]
pub(super) struct Whole {
    source: Source,
    folder: PathBuf,
    root: Cid,
    made: OnceCell<Result<TemporaryCar, String>>,
}

/// What is sent to services that have `base` and all below it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub(super) base: &'a Cid,
    pub(super) whole: &'a Whole,
}

/// Counts what is put.
pub(crate) struct Counting<S> {
    pub(crate) sink: S,
    pub(crate) blocks: u64,
    pub(crate) bytes: u64,
}

impl<S> Counting<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self { sink, blocks: 0, bytes: 0 }
    }
}

impl<S: BlockSink> BlockSink for Counting<S> {
    fn put(&mut self, cid: &Cid, data: &[u8]) -> std::io::Result<()> {
        self.blocks += 1;
        self.bytes += data.len() as u64;
        self.sink.put(cid, data)
    }
}

impl Bundle {
    /// Packs what `workspace` publishes, in which no private key may be, into a file in `folder`: by
    /// its index, what is not in [`KEPT_TREE`], or all. `progress` is told how many files are
    /// packed.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn pack(
        workspace: &Workspace,
        own: &OwnKeys,
        folder: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, BundleError> {
        Self::of(workspace, workspace.look(), (own, folder), progress)
    }

    /// As [`pack`](Self::pack), of the files that [`check_workspace`](crate::workspace::check_workspace)
    /// saw, if it was called before with this workspace. One that changed since stays as it was
    /// published last, unless it has to be sent, and is read for that.
    ///
    /// # Errors
    /// As [`pack`](Self::pack).
    pub fn pack_checked(
        workspace: &Workspace,
        own: &OwnKeys,
        folder: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, BundleError> {
        Self::of(workspace, workspace.look_checked(), (own, folder), progress)
    }

    fn of(
        workspace: &Workspace,
        looked: Option<Looked<'_>>,
        (own, folder): (&OwnKeys, &Path),
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, BundleError> {
        let source = Source::Workspace(workspace.clone());
        let car = TemporaryCar::new_in(folder)?;
        let known = match looked {
            Some(mut looked) => {
                refuse_private_keys_known(workspace, &mut looked, own)?;
                beyond_kept(workspace, looked, car.path())?
            }
            None => {
                source.refuse_private_keys(own)?;
                None
            }
        };
        if let Some((root, base)) = known {
            let (folder, made) = (folder.to_owned(), OnceCell::new());
            let whole = Whole { source, folder, root, made };
            return Ok(Self { root, car, rest: Some(Rest { base, whole }) });
        }
        let root = source.pack(car.path(), progress)?.root;
        workspace.check_root(&root);
        Ok(Self { root, car, rest: None })
    }

    /// The tree's root.
    pub fn root(&self) -> &Cid {
        &self.root
    }

    /// The CAR file: all of the tree, unless there is a [`part`](Self::part).
    pub fn car(&self) -> &Path {
        self.car.path()
    }

    /// Which services the CAR file is for, where it is not all of the tree.
    pub fn part(&self) -> Option<Part<'_>> {
        self.rest.as_ref().map(|Rest { base, whole }| Part { base, whole })
    }
}

/// Writes what the tree has beyond the kept one: both roots. None where that is not known.
fn beyond_kept(
    workspace: &Workspace,
    looked: Looked<'_>,
    car: &Path,
) -> Result<Option<(Cid, Cid)>, PackFailed> {
    let Some(kept) = workspace.kept_tree() else { return Ok(None) };
    let [base] = *kept.roots() else { return Ok(None) };
    if !kept.has(&base) {
        return Ok(None);
    }
    let failed = |error| PackFailed::Write { path: car.to_owned(), error };
    let mut writer = Counting::new(CarWriter::create(car).map_err(failed)?);
    let found = workspace.blocks_beyond(looked, &|cid| kept.has(cid), &mut writer);
    let Some((root, size)) = found else { return Ok(None) };
    if !is_worth_adding(&kept, writer.bytes, size) {
        return Ok(None);
    }
    writer.sink.finish(&root).map_err(failed)?;
    Ok(Some((root, base)))
}

/// Whether `new` bytes are added to the kept tree; of what grows by what nobody has any more all is
/// written anew. All of the tree has `size`.
pub(crate) fn is_worth_adding(kept: &CarBlocks, new: u64, size: u64) -> bool {
    kept.end().saturating_add(new) <= size.saturating_mul(2).saturating_add(SPARE)
}

impl Whole {
    /// The CAR file with all of the tree.
    ///
    /// # Errors
    /// In words.
    pub(super) async fn car(&self) -> Result<&Path, String> {
        let made = self.made.get_or_init(async || {
            let (source, folder, root) = (self.source.clone(), self.folder.clone(), self.root);
            let packing = tokio::task::spawn_blocking(move || {
                let car = TemporaryCar::new_in(&folder).map_err(|error| error.to_string())?;
                let packed = source.pack(car.path(), &mut |_| ());
                match packed.map_err(|error| error.to_string())?.root {
                    packed if packed == root => Ok(car),
                    _ => Err("what is signed changed meanwhile: publish again".to_owned()),
                }
            });
            packing.await.unwrap_or_else(|error| Err(format!("packing failed: {error}")))
        });
        made.await.as_ref().map(TemporaryCar::path).map_err(Clone::clone)
    }
}

/// Keeps the tree in `car` as [`KEPT_TREE`], where the next comparison finds it: moved there, or
/// added to what is there. Without it, it is fetched.
pub(super) fn keep(workspace: &Workspace, car: &Path, root: &Cid, is_part: bool) {
    let kept = match is_part {
        false => std::fs::rename(car, workspace.dir().join(KEPT_TREE)),
        true => workspace.add_to_kept_tree(car, root),
    };
    if let Err(error) = kept {
        told::not_kept(&error);
    }
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
