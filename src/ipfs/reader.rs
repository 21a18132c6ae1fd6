//! Reading UnixFS: paths, files and directories of either kind, under a root and from blocks.
//!
//! Every block is checked against its CID, whatever the source says; depth is bounded, and a
//! [`TreeBudget`] bounds the rest.

use std::collections::{BTreeMap, HashSet};
use std::io;

use bytes::Bytes;
use cid::Cid;

use super::block::{
    BlockError, BlockSource, DAG_PB, MAX_BLOCK_BYTES, RAW, inline_block, verify_block,
};
use super::reader_node::{Buckets, LinkCid, NodeLink, Shard, UnixFsNode};
use super::tree_budget::{OverBudget, TreeBudget};

/// Levels of nodes in one file (1,024 links a node make 2^64 bytes in 5) or one HAMT (21 of 8
/// buckets).
pub(super) const MAX_LEVELS: usize = 24;

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The source lacks a block.
    #[error("block {0} is missing")]
    Missing(Cid),
    /// The source failed.
    #[error("reading block {cid} failed: {source}")]
    Source {
        /// Which block.
        cid: Cid,
        /// What the source said.
        source: io::Error,
    },
    /// A block that is not its CID's.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A block that cannot be understood, with the reason.
    #[error("block {cid} is not a UnixFS node: {reason}")]
    Malformed {
        /// Which block.
        cid: Cid,
        /// Why.
        reason: String,
    },
    /// A CID of something else than UnixFS.
    #[error("{cid} has codec 0x{codec:x}; files are raw (0x55) or dag-pb (0x70)")]
    Codec {
        /// Which CID.
        cid: Cid,
        /// Its multicodec.
        codec: u64,
    },
    /// No such entry.
    #[error("no {name:?} under {directory}")]
    NotFound {
        /// The entry.
        name: String,
        /// The directory that lacks it.
        directory: Cid,
    },
    /// A path through a file or a link.
    #[error("{0} is not a directory")]
    NotDirectory(Cid),
    /// A directory or link where a file is needed.
    #[error("{0} is not a file")]
    NotFile(Cid),
    /// A file over what the caller takes.
    #[error("the file {cid} has {size} bytes; at most {max} are read")]
    TooLarge {
        /// The file.
        cid: Cid,
        /// Its size.
        size: u64,
        /// The caller's bound.
        max: u64,
    },
    /// More than the reader's [`TreeBudget`] allows.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// Over a bound of this program.
    #[error("{cid} has more {what} than this program reads")]
    Bound {
        /// Where.
        cid: Cid,
        /// Of what.
        what: &'static str,
    },
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Its CID.
    pub cid: Cid,
    /// What it is.
    pub kind: Kind,
    /// Every block that was read on the way, the root first and the target's own last: what
    /// proves the path.
    pub visited: Vec<Cid>,
}

/// A kind of UnixFS node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file of so many bytes.
    File {
        /// Its length.
        size: u64,
    },
    /// A directory, plain or HAMT.
    Directory,
    /// A symbolic link, which is never followed.
    Symlink {
        /// Its text.
        target: String,
    },
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name; what is no UTF-8 in it is replaced.
    pub name: String,
    /// Its CID; or why it cannot be read here.
    pub cid: Result<Cid, &'static str>,
    /// The bytes of all its blocks, as the directory claims (Tsize).
    pub size: u64,
}

/// Follows `path`, entry names, from `root`.
///
/// # Errors
/// [`ReadError::NotFound`], [`ReadError::NotDirectory`], [`ReadError::Missing`] and the others.
pub fn resolve(source: &dyn BlockSource, root: &Cid, path: &[&str]) -> Result<Resolved, ReadError> {
    let mut cid = *root;
    let mut visited = vec![cid];
    let mut node = load(source, &cid)?;
    for name in path {
        let not_found = || ReadError::NotFound { name: (*name).to_owned(), directory: cid };
        let next = match node {
            UnixFsNode::Directory(links) => {
                links.into_iter().find(|link| link.name == *name).map(|link| link.cid)
            }
            UnixFsNode::Shard(shard) => find_in_shards(source, &cid, shard, name, &mut visited)?,
            UnixFsNode::File { .. } | UnixFsNode::Symlink(_) => {
                return Err(ReadError::NotDirectory(cid));
            }
        };
        cid = match next.ok_or_else(not_found)? {
            LinkCid::Cid(next) => next,
            LinkCid::Unreadable(reason) => {
                return Err(malformed(&cid, &format!("the entry {name:?}: {reason}")));
            }
        };
        visited.push(cid);
        node = load(source, &cid)?;
    }
    let kind = match node {
        UnixFsNode::File { size, .. } => Kind::File { size },
        UnixFsNode::Directory(_) | UnixFsNode::Shard(_) => Kind::Directory,
        UnixFsNode::Symlink(target) => Kind::Symlink { target },
    };
    Ok(Resolved { cid, kind, visited })
}

/// Lists a directory, sorted by name.
///
/// # Errors
/// [`ReadError::NotDirectory`], [`ReadError::OverBudget`], and the others.
pub fn list(
    source: &dyn BlockSource,
    cid: &Cid,
    budget: &TreeBudget,
) -> Result<Vec<Entry>, ReadError> {
    budget.directory()?;
    let mut entries = BTreeMap::new();
    let mut add = |name: String, link: LinkCid, size: u64| match entries.entry(name) {
        // Of what cannot be followed several may look the same.
        std::collections::btree_map::Entry::Occupied(entry) if matches!(link, LinkCid::Cid(_)) => {
            Err(malformed(cid, &format!("{:?} is there twice", entry.key())))
        }
        std::collections::btree_map::Entry::Occupied(_) => Ok(()),
        std::collections::btree_map::Entry::Vacant(place) => {
            place.insert((link, size));
            Ok(())
        }
    };
    match load(source, cid)? {
        UnixFsNode::Directory(links) => {
            budget.entries(links.len())?;
            links.into_iter().try_for_each(|link| add(link.name, link.cid, link.tsize))?;
        }
        UnixFsNode::Shard(shard) => list_shards(source, cid, shard, budget, &mut add)?,
        UnixFsNode::File { .. } | UnixFsNode::Symlink(_) => {
            return Err(ReadError::NotDirectory(*cid));
        }
    }
    let entry = |(name, (link, size))| {
        let cid = match link {
            LinkCid::Cid(cid) => Ok(cid),
            LinkCid::Unreadable(reason) => Err(reason),
        };
        Entry { name, cid, size }
    };
    Ok(entries.into_iter().map(entry).collect())
}

/// Every part of a HAMT is met once: twice in one tree, its names would lie in wrong buckets.
pub(super) fn list_shards(
    source: &dyn BlockSource,
    root: &Cid,
    mut part: Shard,
    budget: &TreeBudget,
    add: &mut dyn FnMut(String, LinkCid, u64) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut shard = *root;
    let mut level = 1;
    let mut seen = HashSet::new();
    let mut left = Vec::new();
    loop {
        budget.entries(part.links.len())?;
        let below = left.len();
        for NodeLink { name, cid, tsize } in std::mem::take(&mut part.links) {
            match (part.split(&name), cid) {
                (Some((_, "")), LinkCid::Cid(cid)) => {
                    if !seen.insert(cid) {
                        return Err(malformed(&shard, "a HAMT that has a part twice"));
                    }
                    left.push((cid, level + 1));
                }
                (Some((_, entry)), cid) if !entry.is_empty() => {
                    add(entry.to_owned(), cid, tsize)?;
                }
                _ => return Err(malformed(&shard, "a HAMT link without its bucket")),
            }
        }
        // In the order of the links, which is that of a walk.
        left[below..].reverse();
        let Some(next) = left.pop() else { return Ok(()) };
        (shard, level) = next;
        part = match load(source, &shard)? {
            UnixFsNode::Shard(part) if !part.links.is_empty() && level <= MAX_LEVELS => part,
            _ => return Err(malformed(&shard, "not the HAMT part it should be")),
        };
    }
}

fn find_in_shards(
    source: &dyn BlockSource,
    directory: &Cid,
    mut part: Shard,
    name: &str,
    visited: &mut Vec<Cid>,
) -> Result<Option<LinkCid>, ReadError> {
    let mut buckets = Buckets::of(name);
    while let Some(bucket) = buckets.next(part.bits) {
        let in_bucket = part.links.iter().find_map(|link| {
            let (of, entry) = part.split(&link.name)?;
            (of == bucket && (entry.is_empty() || entry == name)).then_some((entry, &link.cid))
        });
        let below = match in_bucket {
            None => return Ok(None),
            Some(("", LinkCid::Cid(below))) => *below,
            Some((_, cid)) => return Ok(Some(cid.clone())),
        };
        visited.push(below);
        part = match load(source, &below)? {
            UnixFsNode::Shard(part) => part,
            _ => return Err(malformed(&below, "not the HAMT part it should be")),
        };
    }
    Err(ReadError::Bound { cid: *directory, what: "HAMT levels" })
}

pub(super) fn load(source: &dyn BlockSource, cid: &Cid) -> Result<UnixFsNode, ReadError> {
    decode(cid, fetch(source, cid)?)
}

/// The block, checked against its CID.
pub(super) fn fetch(source: &dyn BlockSource, cid: &Cid) -> Result<Bytes, ReadError> {
    if !matches!(cid.codec(), RAW | DAG_PB) {
        return Err(ReadError::Codec { cid: *cid, codec: cid.codec() });
    }
    fetch_any(source, cid)
}

/// The same, whatever its codec.
pub(super) fn fetch_any(source: &dyn BlockSource, cid: &Cid) -> Result<Bytes, ReadError> {
    if let Some(block) = inline_block(cid) {
        return Ok(block);
    }
    let block = source.get(cid).map_err(|source| ReadError::Source { cid: *cid, source })?;
    let block = block.ok_or(ReadError::Missing(*cid))?;
    verify_block(cid, &block)?;
    Ok(block)
}

pub(super) fn decode(cid: &Cid, block: Bytes) -> Result<UnixFsNode, ReadError> {
    debug_assert!(block.len() <= MAX_BLOCK_BYTES);
    match cid.codec() {
        RAW => Ok(UnixFsNode::raw(block)),
        _ => UnixFsNode::decode(block).map_err(|reason| malformed(cid, &reason)),
    }
}

pub(super) fn malformed(cid: &Cid, reason: &str) -> ReadError {
    ReadError::Malformed { cid: *cid, reason: reason.to_owned() }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
