//! UnixFS after the profile `unixfs-v1-2025` of IPIP-499 (facts §8): CIDv1, sha2-256, raw leaves,
//! chunks of 1 MiB, 1,024 links a file node, a directory over 262,144 bytes as a HAMT.
//!
//! This is the encoder; `unixfs_folder` feeds it from disk, `unixfs_files` from memory.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::PathBuf;

use cid::Cid;
use rust_unixfs::dir::builder::{BufferingTreeBuilder, TreeOptions};
use rust_unixfs::file::adder::{BalancedCollector, Chunker, FileAdder};

use super::block::{BlockSink, DAG_PB, RAW, sha256_cid};

/// Bytes of a file in one leaf.
const CHUNK_BYTES: usize = 1024 * 1024;
/// Links of a file node.
const FILE_LINKS: usize = 1024;
/// A directory whose block would be longer becomes a HAMT.
const MAX_FLAT_DIRECTORY: usize = 262_144;
/// dag-pb field 1, the UnixFS message `type: Directory`.
const DIRECTORY_DATA: [u8; 4] = [0x0a, 0x02, 0x08, 0x01];

/// A packed folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The folder's CID.
    pub root: Cid,
    /// How many distinct blocks.
    pub blocks: u64,
    /// Their bytes together, CIDs not counted.
    pub bytes: u64,
}

/// Why a folder cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Reading the folder failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What should be packed is not a folder.
    #[error("{} is not a folder", .0.display())]
    NotFolder(PathBuf),
    /// The workspace has nothing signed.
    #[error("{} does not exist: nothing has been signed yet", .0.display())]
    NothingSigned(PathBuf),
    /// A name that UnixFS cannot hold.
    #[error("the name of {0:?} is not UTF-8; rename it")]
    NotUtf8(PathBuf),
    /// A socket, pipe or device.
    #[error("{} is neither a file nor a folder nor a link; remove it", .0.display())]
    Special(PathBuf),
    /// A symbolic link that leaves the folder.
    #[error("{} is a link that leaves the folder, to {}; copy the file instead", path.display(), target.display())]
    LinkLeaves {
        /// The link.
        path: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// A path in memory that is none: empty, absolute, or with an empty, `.` or `..` part.
    #[error("{0:?} is not a path within a folder")]
    Path(String),
    /// Two things in memory under one path.
    #[error("{0:?} is there twice, or is a file and a folder at once")]
    Conflict(String),
    /// Over 8 levels of a HAMT the same hash.
    #[error("a folder cannot be packed: {0}")]
    Hamt(String),
    /// The blocks could not be written.
    #[error("writing the blocks failed: {0}")]
    Sink(#[source] io::Error),
}

/// A file or directory that is packed, under its name in the directory above.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub name: String,
    pub node: Node,
}

/// A packed node: its CID and, for links to it, the bytes of all its blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub cid: Cid,
    pub tsize: u64,
}

/// Encodes files and directories, handing each distinct block to the sink once.
pub(super) struct Packer<'a> {
    sink: &'a mut dyn BlockSink,
    seen: HashSet<(u8, [u8; 32])>,
    bytes: u64,
    buffer: Vec<u8>,
}

impl<'a> Packer<'a> {
    pub fn new(sink: &'a mut dyn BlockSink) -> Self {
        Self { sink, seen: HashSet::new(), bytes: 0, buffer: Vec::new() }
    }

    pub fn packed(&self, root: Node) -> Packed {
        Packed { root: root.cid, blocks: self.seen.len() as u64, bytes: self.bytes }
    }

    /// A file of any length, read in chunks; `failed` names it when reading fails.
    pub fn file(
        &mut self,
        mut input: impl Read,
        failed: impl Fn(io::Error) -> PackError,
    ) -> Result<Node, PackError> {
        let mut chunk = std::mem::take(&mut self.buffer);
        let node = self.file_through(&mut input, &mut chunk, failed);
        self.buffer = chunk;
        node
    }

    fn file_through(
        &mut self,
        input: &mut impl Read,
        chunk: &mut Vec<u8>,
        failed: impl Fn(io::Error) -> PackError,
    ) -> Result<Node, PackError> {
        read_chunk(input, chunk).map_err(&failed)?;
        if chunk.len() < CHUNK_BYTES {
            return self.block(RAW, chunk);
        }
        let collector = BalancedCollector::with_branching_factor(FILE_LINKS);
        let mut adder = FileAdder::builder()
            .with_chunker(Chunker::Size(CHUNK_BYTES))
            .with_collector(collector)
            .build();
        let mut file = None;
        while !chunk.is_empty() {
            let mut rest = &chunk[..];
            while !rest.is_empty() {
                let (blocks, used) = adder.push(rest);
                self.put_all(blocks, &mut file)?;
                rest = &rest[used..];
            }
            read_chunk(input, chunk).map_err(&failed)?;
        }
        self.put_all(adder.finish(), &mut file)?;
        Ok(file.expect("a file of at least a chunk has a block"))
    }

    /// A symbolic link, kept as one.
    pub fn symlink(&mut self, target: &str) -> Result<Node, PackError> {
        let mut block = Vec::new();
        rust_unixfs::symlink::serialize_symlink_block(target, &mut block);
        self.block(DAG_PB, &block)
    }

    /// A directory of `links`, which are sorted by name and have no name twice.
    pub fn directory(&mut self, links: &[Link]) -> Result<Node, PackError> {
        let mut block = std::mem::take(&mut self.buffer);
        let node = if flat_directory(links, &mut block) {
            let below: u64 = links.iter().map(|link| link.node.tsize).sum();
            self.block(DAG_PB, &block).map(|node| Node { tsize: node.tsize + below, ..node })
        } else {
            self.sharded_directory(links)
        };
        self.buffer = block;
        node
    }

    fn sharded_directory(&mut self, links: &[Link]) -> Result<Node, PackError> {
        let mut options = TreeOptions::default();
        options.wrap_with_directory();
        options.block_size_limit(None);
        options.shard_threshold(Some(0));
        let mut tree = BufferingTreeBuilder::new(options);
        for Link { name, node } in links {
            tree.put_link(name, node.cid, node.tsize)
                .map_err(|error| PackError::Hamt(error.to_string()))?;
        }
        let mut shards = tree.build();
        let mut root = None;
        while let Some(shard) = shards.next_borrowed() {
            let shard = shard.map_err(|error| PackError::Hamt(error.to_string()))?;
            self.put(shard.cid, shard.block)?;
            root = Some(Node { cid: *shard.cid, tsize: shard.total_size });
        }
        root.ok_or_else(|| PackError::Hamt("no block was made".into()))
    }

    fn block(&mut self, codec: u64, data: &[u8]) -> Result<Node, PackError> {
        let cid = sha256_cid(codec, data);
        self.put(&cid, data)?;
        Ok(Node { cid, tsize: data.len() as u64 })
    }

    /// Takes a file's blocks as they come; the last one is its root.
    fn put_all(
        &mut self,
        blocks: impl Iterator<Item = (Cid, Vec<u8>)>,
        file: &mut Option<Node>,
    ) -> Result<(), PackError> {
        for (cid, data) in blocks {
            self.put(&cid, &data)?;
            let below = file.map_or(0, |node| node.tsize);
            *file = Some(Node { cid, tsize: below + data.len() as u64 });
        }
        Ok(())
    }

    fn put(&mut self, cid: &Cid, data: &[u8]) -> Result<(), PackError> {
        let digest = cid.hash().digest().try_into().expect("sha2-256 has 32 bytes");
        let is_raw = u8::from(cid.codec() == RAW);
        if self.seen.insert((is_raw, digest)) {
            self.bytes += data.len() as u64;
            self.sink.put(cid, data).map_err(PackError::Sink)?;
        }
        Ok(())
    }
}

/// Fills `chunk` to 1 MiB, less only at the end of the input.
fn read_chunk(input: &mut impl Read, chunk: &mut Vec<u8>) -> io::Result<()> {
    chunk.clear();
    input.take(CHUNK_BYTES as u64).read_to_end(chunk)?;
    Ok(())
}

/// Writes the dag-pb block of a plain directory; `false` when it would be too long.
///
/// Per link (field 2): hash (1), name (2), Tsize (3); the directory's own data comes last.
fn flat_directory(links: &[Link], block: &mut Vec<u8>) -> bool {
    block.clear();
    for Link { name, node } in links {
        let cid = node.cid.to_bytes();
        let length = 3 + varint_len(cid.len()) + cid.len() + varint_len(name.len()) + name.len();
        put_field(block, 0x12, length + varint_len(node.tsize));
        put_field(block, 0x0a, cid.len());
        block.extend_from_slice(&cid);
        put_field(block, 0x12, name.len());
        block.extend_from_slice(name.as_bytes());
        put_field(block, 0x18, node.tsize);
        if block.len() + DIRECTORY_DATA.len() > MAX_FLAT_DIRECTORY {
            return false;
        }
    }
    block.extend_from_slice(&DIRECTORY_DATA);
    true
}

fn put_field(block: &mut Vec<u8>, tag: u8, number: impl Number) {
    let mut buffer = unsigned_varint::encode::u64_buffer();
    block.push(tag);
    block.extend_from_slice(unsigned_varint::encode::u64(number.number(), &mut buffer));
}

fn varint_len(number: impl Number) -> usize {
    let bits = 64 - (number.number() | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Lengths and sizes alike.
trait Number {
    fn number(self) -> u64;
}

impl Number for usize {
    fn number(self) -> u64 {
        self as u64
    }
}

impl Number for u64 {
    fn number(self) -> u64 {
        self
    }
}

#[cfg(test)]
#[path = "unixfs_tests.rs"]
mod tests;
