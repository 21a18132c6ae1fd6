//! All that lies below a root: every block once, or every path.

use std::collections::HashSet;

use bytes::Bytes;
use cid::Cid;

use super::block::{BlockSource, DAG_PB, RAW, inline_block};
use super::reader::{Entry, Kind, ReadError, decode, fetch, fetch_any, list, malformed, resolve};
use super::reader_node::{LinkCid, NodeLink, Shard, UnixFsNode};
use super::tree_budget::{TreeBudget, TreeLimits};

/// Folders within each other, as many as a workspace may have.
const MAX_DEPTH: usize = 136;

/// Every block at and below a root once, parents first, children in order: what a CAR of it holds.
/// What a CID holds itself is no block.
#[derive(Debug)]
pub struct Walk {
    /// Those that were visited.
    seen: HashSet<Cid>,
    /// Depth first, the next block last; one may be there that is visited before its turn.
    left: Vec<Cid>,
    budget: TreeBudget,
}

impl Walk {
    /// From `root` on.
    pub fn new(root: &Cid, budget: TreeBudget) -> Self {
        Self { seen: HashSet::new(), left: vec![*root], budget }
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// As [`read_file`](super::read_file) and [`list`]; it is at its end then.
    pub fn next(&mut self, source: &dyn BlockSource) -> Option<Result<(Cid, Bytes), ReadError>> {
        while let Some(cid) = self.left.pop() {
            if !self.seen.insert(cid) {
                continue;
            }
            let block = self.visit(source, &cid);
            if block.is_err() {
                self.left.clear();
            }
            // Whoever has the CID has such a block.
            if block.is_err() || inline_block(&cid).is_none() {
                return Some(block.map(|block| (cid, block)));
            }
        }
        None
    }

    fn visit(&mut self, source: &dyn BlockSource, cid: &Cid) -> Result<Bytes, ReadError> {
        if !matches!(cid.codec(), RAW | DAG_PB) && self.seen.len() > 1 {
            // Something else beside files: what it links to is nobody's who reads files.
            let block = fetch_any(source, cid)?;
            self.budget.block(block.len())?;
            return Ok(block);
        }
        let block = fetch(source, cid)?;
        self.budget.block(block.len())?;
        let children: Vec<Cid> = match decode(cid, block.clone())? {
            UnixFsNode::File { children, .. } => children.into_iter().map(|(c, _)| c).collect(),
            UnixFsNode::Directory(links) | UnixFsNode::Shard(Shard { links, .. }) => {
                // What is in the CID is no block.
                let cid = |link: NodeLink| match link.cid {
                    LinkCid::Cid(cid) => Some(cid),
                    LinkCid::Unreadable(_) => None,
                };
                links.into_iter().filter_map(cid).collect()
            }
            UnixFsNode::Symlink(_) => Vec::new(),
        };
        self.budget.entries(children.len())?;
        self.left.extend(children.into_iter().rev().filter(|child| !self.seen.contains(child)));
        Ok(block)
    }
}

/// Checks that every block at and below `root` is there and can be read.
///
/// # Errors
/// As [`Walk::next`].
pub fn check_complete(source: &dyn BlockSource, root: &Cid) -> Result<(), ReadError> {
    let mut walk = Walk::new(root, TreeBudget::new(TreeLimits::WHOLE));
    while walk.next(source).transpose()?.is_some() {}
    Ok(())
}

/// As [`check_complete`], but for what is below nodes that are `known` to be complete; those that are
/// found so are known from then on.
///
/// # Errors
/// As [`Walk::next`].
pub fn check_complete_beyond(
    source: &dyn BlockSource,
    root: &Cid,
    known: &mut HashSet<Cid>,
) -> Result<(), ReadError> {
    let mut walk = Walk::new(root, TreeBudget::new(TreeLimits::WHOLE));
    // Where something is missing, nothing is known any more.
    walk.seen = std::mem::take(known);
    while walk.next(source).transpose()?.is_some() {}
    // What files are made of is there where the node above is.
    walk.seen.retain(|cid| cid.codec() == DAG_PB);
    *known = walk.seen;
    Ok(())
}

/// Something below a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Where it lies, seen from the directory, parts joined by `/`.
    pub path: String,
    /// Its CID.
    pub cid: Cid,
    /// A file or a link.
    pub kind: Kind,
}

/// Visits every file and link below `directory`. `wanted` is asked first, with the folder's path
/// (empty, or with a slash at its end) and the entry: of what is not wanted no block is read.
///
/// # Errors
/// As [`list`] and [`resolve`], and those of `wanted` and `visit`.
pub fn walk_paths<E: From<ReadError>>(
    source: &dyn BlockSource,
    directory: &Cid,
    budget: &TreeBudget,
    wanted: &mut dyn FnMut(&str, &Entry) -> Result<bool, E>,
    visit: &mut dyn FnMut(Met) -> Result<(), E>,
) -> Result<(), E> {
    let mut folders = vec![(String::new(), *directory, 0)];
    while let Some((folder, cid, depth)) = folders.pop() {
        if depth > MAX_DEPTH {
            return Err(ReadError::Bound { cid, what: "levels" }.into());
        }
        for entry in list(source, &cid, budget)? {
            if !wanted(&folder, &entry)? {
                continue;
            }
            let path = format!("{folder}{}", entry.name);
            let cid =
                entry.cid.map_err(|reason| malformed(&cid, &format!("{path:?}: {reason}")))?;
            match resolve(source, &cid, &[])?.kind {
                Kind::Directory => folders.push((path + "/", cid, depth + 1)),
                kind => visit(Met { path, cid, kind })?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{MemoryBlocks, TreeLimits, pack_files, resolve};

    /// Children in order, each where it is met first.
    #[test]
    fn a_walk_is_depth_first() {
        let mut blocks = MemoryBlocks::new();
        let files = [("a/1", "F"), ("a/2", "G"), ("b", "H"), ("c", "F")];
        let root = pack_files(files.iter().copied(), &mut blocks).unwrap().root;
        let cid = |path: &[&str]| resolve(&blocks, &root, path).unwrap().cid;
        let expected = [root, cid(&["a"]), cid(&["a", "1"]), cid(&["a", "2"]), cid(&["b"])];
        let mut walk = Walk::new(&root, TreeBudget::new(TreeLimits::WHOLE));
        let walked: Vec<Cid> =
            std::iter::from_fn(|| walk.next(&blocks)).map(|block| block.unwrap().0).collect();
        assert_eq!(walked, expected);
    }
}
