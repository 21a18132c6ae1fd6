//! The tree of a draft: by what the index knows, as what it has beyond the tree that was published
//! last; or packed, all of it.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use cid::Cid;

use crate::ens::WELL_KNOWN;
use crate::index::{Looked, node_of};
use crate::ipfs::{
    BlockSource, Edits, FirstOf, Met, Node, Packed, ROOT_FOLDER, ReadError, ScratchBlocks, Sound,
    TreeBudget, TreeLimits, Walk, resolve, walk_paths,
};
use crate::publish::{Counting, is_worth_adding};
use crate::workspace::Workspace;

/// The tree as it will be.
pub(super) struct DraftTree {
    pub(super) root: Cid,
    pub(super) blocks: Arc<dyn BlockSource>,
    /// All of it; none where that is not counted yet.
    pub(super) whole: Option<Packed>,
    /// What of it is known.
    pub(super) beyond: Option<Beyond>,
}

/// What a tree has beyond the one that was published last.
pub(super) struct Beyond {
    /// That one.
    pub(super) base: Cid,
    /// What is new, under the root of both.
    pub(super) new: Packed,
    /// Every file, by its path from the root, sorted.
    files: Vec<(String, Node)>,
}

impl DraftTree {
    /// A tree of which all is packed: as it is into `now`, what is new into `new`.
    pub(super) fn packed(packed: Packed, now: ScratchBlocks, new: ScratchBlocks) -> Self {
        let blocks = Arc::new(FirstOf(new, now));
        Self { root: packed.root, blocks, whole: Some(packed), beyond: None }
    }

    /// As [`packed`](Self::packed), of a tree whose size is not known yet. None where it has no
    /// record.
    ///
    /// # Errors
    /// What was packed cannot be read back.
    pub(super) fn measured(
        root: Cid,
        now: ScratchBlocks,
        new: ScratchBlocks,
    ) -> Result<Option<Self>, ReadError> {
        let blocks = Arc::new(FirstOf(new, now));
        let whole = measured(&*blocks, &root, &mut |_| ())?;
        Ok(whole.map(|whole| Self { root, blocks, whole: Some(whole), beyond: None }))
    }

    /// The tree with `edits`, by what was `looked` at; what it has beyond the one that is kept is
    /// packed into `new`. None where there is none, or all would be packed anew.
    pub(super) fn beyond(
        workspace: &Workspace,
        looked: Looked<'_>,
        edits: &Edits,
        new: ScratchBlocks,
    ) -> Option<Self> {
        let kept = workspace.kept_tree()?;
        let [base] = *kept.roots() else { return None };
        if !kept.has(&base) {
            return None;
        }
        let mut sink = Counting::new(new);
        let (root, files) = workspace.edited(looked, edits, &|cid| kept.has(cid), &mut sink)?;
        if !is_worth_adding(&kept, sink.bytes, root.tsize) {
            return None;
        }
        let (root, Counting { sink: new, blocks, bytes }) = (root.cid(), sink);
        let beyond =
            Beyond { base, new: Packed { root, blocks, bytes }, files: with(files, edits)? };
        let blocks = Arc::new(FirstOf(new, Sound(kept)));
        Some(Self { root, blocks, whole: None, beyond: Some(beyond) })
    }

    /// Counts all of it.
    ///
    /// # Errors
    /// What was published last is not whole any more.
    pub(super) fn measure(&mut self, progress: &mut dyn FnMut(u64)) -> Result<(), ReadError> {
        if self.whole.is_none() {
            self.whole = measured(&*self.blocks, &self.root, progress)?;
        }
        Ok(())
    }

    /// Every file for which `wanted` is, with its CID, by its path from the root; sorted.
    ///
    /// # Errors
    /// What was packed cannot be read back.
    pub(super) fn files(
        &self,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<(String, Cid)>, ReadError> {
        if let Some(Beyond { files, .. }) = &self.beyond {
            let wanted = files.iter().filter(|(path, _)| wanted(path));
            return Ok(wanted.map(|(path, node)| (path.clone(), node.cid())).collect());
        }
        let (mut files, budget) = (Vec::new(), TreeBudget::new(TreeLimits::WHOLE));
        walk_paths::<ReadError>(
            &*self.blocks,
            &self.root,
            &budget,
            &mut |folder, entry| Ok(wanted(&format!("{folder}{}", entry.name))),
            &mut |Met { path, cid, .. }| {
                files.push((path, cid));
                Ok(())
            },
        )?;
        files.sort_unstable();
        Ok(files)
    }
}

/// How much there is; none where no record is left.
fn measured(
    blocks: &dyn BlockSource,
    root: &Cid,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Packed>, ReadError> {
    match resolve(blocks, root, &[WELL_KNOWN]) {
        Err(ReadError::NotFound { .. }) => return Ok(None),
        found => found?,
    };
    let mut packed = Packed { root: *root, blocks: 0, bytes: 0 };
    let mut walk = Walk::new(root, TreeBudget::new(TreeLimits::WHOLE));
    while let Some((_, block)) = walk.next(blocks).transpose()? {
        packed.blocks += 1;
        packed.bytes += block.len() as u64;
        progress(packed.blocks);
    }
    Ok(Some(packed))
}

/// The files of a workspace, by their paths from the root that is published, with `edits` made.
fn with(files: Vec<(String, Node)>, edits: &Edits) -> Option<Vec<(String, Node)>> {
    let from_root = |path: String| match path.strip_prefix(ROOT_FOLDER) {
        Some(below) if below.starts_with('/') => below[1..].to_owned(),
        _ => path,
    };
    let is_new = |path: &str| matches!(edits.get(path), Some(Some(_)));
    let new: BTreeSet<&String> =
        edits.iter().filter(|(_, content)| content.is_some()).map(|(path, _)| path).collect();
    let above: HashSet<&str> = new.iter().flat_map(|path| folders(path)).collect();
    // What stands in the way of a new file, or at its place, goes.
    let stays = |(path, _): &(String, Node)| {
        !edits.contains_key(path) && !above.contains(&**path) && !folders(path).any(is_new)
    };
    let files = files.into_iter().map(|(path, node)| (from_root(path), node));
    let mut files: Vec<_> = match edits.is_empty() {
        true => files.collect(),
        false => files.filter(stays).collect(),
    };
    for (path, content) in edits {
        if let Some(content) = content {
            files.push((path.clone(), node_of(content).ok()?));
        }
    }
    files.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Some(files)
}

/// The folders that a path lies in.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
