//! Reading UnixFS: paths, files and directories of either kind, under a root and from blocks.
//!
//! Every block is checked against its CID, whatever the source says; depth, size and counts are
//! bounded.

use std::collections::{BTreeMap, HashSet};
use std::io;

use bytes::{Bytes, BytesMut};
use cid::Cid;

use super::block::{
    BlockError, BlockSource, DAG_PB, MAX_BLOCK_BYTES, RAW, inline_block, verify_block,
};
use super::reader_node::{NodeLink, UnixFsNode, shard_link_name, shard_path};

/// Levels of nodes in one file (1,024 links a node make 2^64 bytes in 5) or one HAMT (8).
const MAX_LEVELS: usize = 16;
/// A file may be cut so finely (chunks are 256 KiB or 1 MiB) and no finer, so that a hostile one
/// costs no more to read than its length allows.
const LEAST_PART_BYTES: u64 = 1024;
const MIN_FILE_BLOCKS: u64 = 64;
/// Entries of one directory.
const MAX_ENTRIES: usize = 1 << 20;

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
    /// Over a bound of this program.
    #[error("{cid} has more {what} than this program reads")]
    Bound {
        /// Where.
        cid: Cid,
        /// Of what.
        what: &'static str,
    },
    /// What a visitor of blocks said.
    #[error("passing on block {cid} failed: {source}")]
    Visit {
        /// Which block.
        cid: Cid,
        /// What it said.
        source: io::Error,
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
    /// Its name.
    pub name: String,
    /// Its CID.
    pub cid: Cid,
    /// The bytes of all its blocks, as the directory claims (Tsize).
    pub size: u64,
}

/// A file's content and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileContent {
    /// The bytes.
    pub bytes: Bytes,
    /// Its blocks in the order they were read, the file's own CID first.
    pub blocks: Vec<Cid>,
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
            UnixFsNode::Shard(links) => find_in_shards(source, &cid, links, name, &mut visited)?,
            UnixFsNode::File { .. } | UnixFsNode::Symlink(_) => {
                return Err(ReadError::NotDirectory(cid));
            }
        };
        cid = next.ok_or_else(not_found)?;
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

/// Reads a file of at most `max_bytes`.
///
/// # Errors
/// [`ReadError::NotFile`], [`ReadError::TooLarge`], [`ReadError::Missing`] and the others.
pub fn read_file(
    source: &dyn BlockSource,
    cid: &Cid,
    max_bytes: u64,
) -> Result<FileContent, ReadError> {
    let UnixFsNode::File { size, data, children } = load(source, cid)? else {
        return Err(ReadError::NotFile(*cid));
    };
    if size > max_bytes {
        return Err(ReadError::TooLarge { cid: *cid, size, max: max_bytes });
    }
    let mut blocks = vec![*cid];
    if children.is_empty() {
        return Ok(FileContent { bytes: data, blocks });
    }
    let mut bytes = BytesMut::from(data);
    // Depth first, the next part last; every part adds at least a byte, so this ends.
    let mut left: Vec<(Cid, u64, usize)> = below(children, 1);
    while let Some((part, claimed, level)) = left.pop() {
        if level > MAX_LEVELS {
            return Err(ReadError::Bound { cid: *cid, what: "levels" });
        }
        if blocks.len() as u64 > MIN_FILE_BLOCKS + size / LEAST_PART_BYTES {
            return Err(ReadError::Bound { cid: *cid, what: "parts" });
        }
        blocks.push(part);
        match load(source, &part)? {
            UnixFsNode::File { size, data, children } if size == claimed => {
                bytes.extend_from_slice(&data);
                left.extend(below(children, level + 1));
            }
            UnixFsNode::File { .. } => return Err(malformed(&part, "its file says another size")),
            _ => return Err(ReadError::NotFile(part)),
        }
    }
    Ok(FileContent { bytes: bytes.freeze(), blocks })
}

fn below(children: Vec<(Cid, u64)>, level: usize) -> Vec<(Cid, u64, usize)> {
    children.into_iter().rev().map(|(cid, size)| (cid, size, level)).collect()
}

/// Lists a directory, sorted by name.
///
/// # Errors
/// [`ReadError::NotDirectory`], [`ReadError::Bound`] over 1,048,576 entries, and the others.
pub fn list(source: &dyn BlockSource, cid: &Cid) -> Result<Vec<Entry>, ReadError> {
    let mut entries = BTreeMap::new();
    let mut add = |name: String, cid: Cid, size: u64| match entries.entry(name) {
        std::collections::btree_map::Entry::Occupied(entry) => {
            Err(malformed(&cid, &format!("its directory has {:?} twice", entry.key())))
        }
        std::collections::btree_map::Entry::Vacant(place) => {
            place.insert((cid, size));
            Ok(())
        }
    };
    match load(source, cid)? {
        UnixFsNode::Directory(links) => {
            links.into_iter().try_for_each(|link| add(link.name, link.cid, link.tsize))?;
        }
        UnixFsNode::Shard(links) => list_shards(source, cid, links, &mut add)?,
        UnixFsNode::File { .. } | UnixFsNode::Symlink(_) => {
            return Err(ReadError::NotDirectory(*cid));
        }
    }
    Ok(entries.into_iter().map(|(name, (cid, size))| Entry { name, cid, size }).collect())
}

/// Every part of a HAMT is met once: twice in one tree, its names would lie in wrong buckets.
fn list_shards(
    source: &dyn BlockSource,
    root: &Cid,
    mut links: Vec<NodeLink>,
    add: &mut dyn FnMut(String, Cid, u64) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut shard = *root;
    let mut level = 1;
    let mut count = 0;
    let mut seen = HashSet::new();
    let mut left = Vec::new();
    loop {
        count += links.len();
        if count > MAX_ENTRIES {
            return Err(ReadError::Bound { cid: *root, what: "entries" });
        }
        for NodeLink { name, cid, tsize } in links {
            match shard_link_name(&name) {
                Some((_, "")) if !seen.insert(cid) => {
                    return Err(malformed(&shard, "a HAMT that has a part twice"));
                }
                Some((_, "")) => left.push((cid, level + 1)),
                Some((_, entry)) => add(entry.to_owned(), cid, tsize)?,
                None => return Err(malformed(&shard, "a HAMT link without its bucket")),
            }
        }
        let Some(next) = left.pop() else { return Ok(()) };
        (shard, level) = next;
        links = match load(source, &shard)? {
            UnixFsNode::Shard(links) if !links.is_empty() && level <= MAX_LEVELS => links,
            _ => return Err(malformed(&shard, "not the HAMT part it should be")),
        };
    }
}

/// Visits every block at and below `root` once, parents first: what a CAR of it holds.
///
/// # Errors
/// As [`read_file`] and [`list`]; [`ReadError::Visit`] when `visit` fails.
pub fn walk(
    source: &dyn BlockSource,
    root: &Cid,
    visit: &mut dyn FnMut(&Cid, &Bytes) -> io::Result<()>,
) -> Result<(), ReadError> {
    let mut seen = HashSet::from([*root]);
    let mut left = vec![*root];
    while let Some(cid) = left.pop() {
        let block = fetch(source, &cid)?;
        visit(&cid, &block).map_err(|source| ReadError::Visit { cid, source })?;
        let children: Vec<Cid> = match decode(&cid, block)? {
            UnixFsNode::File { children, .. } => children.into_iter().map(|(c, _)| c).collect(),
            UnixFsNode::Directory(links) | UnixFsNode::Shard(links) => {
                links.into_iter().map(|link| link.cid).collect()
            }
            UnixFsNode::Symlink(_) => Vec::new(),
        };
        left.extend(children.into_iter().rev().filter(|child| seen.insert(*child)));
    }
    Ok(())
}

fn find_in_shards(
    source: &dyn BlockSource,
    directory: &Cid,
    mut links: Vec<NodeLink>,
    name: &str,
    visited: &mut Vec<Cid>,
) -> Result<Option<Cid>, ReadError> {
    for bucket in shard_path(name) {
        let in_bucket = links.iter().find(|link| {
            let parts = shard_link_name(&link.name);
            parts.is_some_and(|(b, entry)| b == bucket && (entry.is_empty() || entry == name))
        });
        let Some(NodeLink { name: full, cid, .. }) = in_bucket else { return Ok(None) };
        if full.len() > 2 {
            return Ok(Some(*cid));
        }
        visited.push(*cid);
        links = match load(source, cid)? {
            UnixFsNode::Shard(links) => links,
            _ => return Err(malformed(cid, "not the HAMT part it should be")),
        };
    }
    Err(ReadError::Bound { cid: *directory, what: "HAMT levels" })
}

fn load(source: &dyn BlockSource, cid: &Cid) -> Result<UnixFsNode, ReadError> {
    decode(cid, fetch(source, cid)?)
}

/// The block, checked against its CID.
fn fetch(source: &dyn BlockSource, cid: &Cid) -> Result<Bytes, ReadError> {
    if !matches!(cid.codec(), RAW | DAG_PB) {
        return Err(ReadError::Codec { cid: *cid, codec: cid.codec() });
    }
    if let Some(block) = inline_block(cid) {
        return Ok(block);
    }
    let block = source.get(cid).map_err(|source| ReadError::Source { cid: *cid, source })?;
    let block = block.ok_or(ReadError::Missing(*cid))?;
    verify_block(cid, &block)?;
    Ok(block)
}

fn decode(cid: &Cid, block: Bytes) -> Result<UnixFsNode, ReadError> {
    debug_assert!(block.len() <= MAX_BLOCK_BYTES);
    match cid.codec() {
        RAW => Ok(UnixFsNode::raw(block)),
        _ => UnixFsNode::decode(block).map_err(|reason| malformed(cid, &reason)),
    }
}

fn malformed(cid: &Cid, reason: &str) -> ReadError {
    ReadError::Malformed { cid: *cid, reason: reason.to_owned() }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
