//! UnixFS after the profile `unixfs-v1-2025` of IPIP-499 ([UnixFS](crate::spec::unixfs)): CIDv1,
//! sha2-256, raw leaves, chunks of 1 MiB, 1,024 links a file node, a directory over 262,144 bytes
//! as a HAMT.
//!
//! This is the encoder, directory blocks are in `unixfs_directory`; `unixfs_folder` feeds it from
//! disk, `unixfs_files` from memory.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::io::{self, Read};
use std::path::PathBuf;

use cid::Cid;
use multihash::Multihash;
use rust_unixfs::file::adder::{BalancedCollector, Chunker, FileAdder};

use super::block::{BlockSink, DAG_PB, RAW, sha256_cid};

/// Bytes of a file in one block: a shorter file is that block.
pub(crate) const CHUNK_BYTES: usize = 1024 * 1024;
/// Links of a file node.
const FILE_LINKS: usize = 1024;
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
    /// What is signed stands in `.well-known`, not in the folder of what lies beside it.
    #[error("{}: what is signed is in .well-known of the workspace; move this there", .0.display())]
    Beside(PathBuf),
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
    /// Names in one large folder that a HAMT cannot tell apart.
    #[error("the names {0:?} have the same hash and cannot be in one large folder; rename one")]
    Hamt(Vec<String>),
    /// The blocks could not be written.
    #[error("writing the blocks failed: {0}")]
    Sink(#[source] io::Error),
}

/// A file or directory that is packed, under its name in the directory above.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub name: String,
    pub node: Node,
}

/// A packed node: its CID, kept short, and, for links to it, the bytes of all its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    id: BlockId,
    pub tsize: u64,
}

/// A CIDv1 of sha2-256 in a third of `Cid`'s space: millions of them are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BlockId {
    digest: [u8; 32],
    codec: u8,
}

/// CIDv1 in bytes: version, codec, sha2-256, its length; then the digest.
pub(super) const CID_BYTES: u64 = 36;

impl Node {
    /// Of a link in a tree that was packed here.
    pub fn of(cid: &Cid, tsize: u64) -> Self {
        Self { id: BlockId::new(cid), tsize }
    }

    /// From what [`digest`](Self::digest), [`is_raw`](Self::is_raw) and `tsize` gave.
    pub fn of_digest(digest: [u8; 32], is_raw: bool, tsize: u64) -> Self {
        Self { id: BlockId { digest, codec: if is_raw { RAW as u8 } else { DAG_PB as u8 } }, tsize }
    }

    /// The sha2-256 in its CID.
    pub fn digest(&self) -> &[u8; 32] {
        &self.id.digest
    }

    /// Whether it is a block of nothing but a file's bytes.
    pub fn is_raw(&self) -> bool {
        u64::from(self.id.codec) == RAW
    }

    /// Its CID.
    pub fn cid(&self) -> Cid {
        self.id.cid()
    }

    /// Its CID in bytes.
    pub fn cid_bytes(&self) -> [u8; CID_BYTES as usize] {
        let mut bytes = [0; CID_BYTES as usize];
        bytes[..4].copy_from_slice(&[0x01, self.id.codec, 0x12, 0x20]);
        bytes[4..].copy_from_slice(&self.id.digest);
        bytes
    }
}

impl BlockId {
    fn new(cid: &Cid) -> Self {
        let digest = cid.hash().digest().try_into().expect("sha2-256 has 32 bytes");
        Self { digest, codec: if cid.codec() == RAW { RAW as u8 } else { DAG_PB as u8 } }
    }

    fn cid(&self) -> Cid {
        let hash = Multihash::wrap(0x12, &self.digest).expect("32 bytes fit into a multihash");
        Cid::new_v1(self.codec.into(), hash)
    }
}

impl Hash for BlockId {
    /// The digest is a hash already: its first bytes do.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from_le_bytes(*self.digest.first_chunk().expect("8 of 32 bytes")));
    }
}

/// Passes on the number that [`BlockId`] gives.
#[derive(Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Hashes a file of less than a chunk, which is one block; nothing of it is packed yet.
pub(crate) fn leaf(content: &[u8]) -> Option<Node> {
    let hash = || BlockId::new(&sha256_cid(RAW, content));
    (content.len() < CHUNK_BYTES).then(|| Node { id: hash(), tsize: content.len() as u64 })
}

/// Encodes files and directories, handing each distinct block to the sink once.
pub(crate) struct Packer<'a> {
    sink: &'a mut dyn BlockSink,
    seen: HashSet<BlockId, BuildHasherDefault<DigestHasher>>,
    bytes: u64,
    pub buffer: Vec<u8>,
    chunk_bytes: usize,
}

impl<'a> Packer<'a> {
    pub fn new(sink: &'a mut dyn BlockSink) -> Self {
        Self {
            sink,
            seen: HashSet::default(),
            bytes: 0,
            buffer: Vec::new(),
            chunk_bytes: CHUNK_BYTES,
        }
    }

    /// Makes room for at least so many blocks.
    pub fn expect_blocks(&mut self, count: usize) {
        self.seen.reserve(count);
    }

    pub fn packed(&self, root: Node) -> Packed {
        Packed { root: root.id.cid(), blocks: self.seen.len() as u64, bytes: self.bytes }
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
        read_chunk(input, self.chunk_bytes, chunk).map_err(&failed)?;
        if chunk.len() < self.chunk_bytes {
            return self.block(RAW, chunk);
        }
        let collector = BalancedCollector::with_branching_factor(FILE_LINKS);
        let mut adder = FileAdder::builder()
            .with_chunker(Chunker::Size(self.chunk_bytes))
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
            read_chunk(input, self.chunk_bytes, chunk).map_err(&failed)?;
        }
        self.put_all(adder.finish(), &mut file)?;
        Ok(file.expect("a file of at least a chunk has a block"))
    }

    /// A file in memory that [`leaf`] hashed.
    pub fn hashed(&mut self, leaf: Node, content: &[u8]) -> Result<Node, PackError> {
        self.put(&leaf.id.cid(), content)?;
        Ok(leaf)
    }

    /// A block that another packer made.
    pub fn packed_block(&mut self, cid: &Cid, data: &[u8]) -> Result<(), PackError> {
        self.put(cid, data).map(drop)
    }

    /// A symbolic link, kept as one.
    pub fn symlink(&mut self, target: &str) -> Result<Node, PackError> {
        let mut block = Vec::new();
        rust_unixfs::symlink::serialize_symlink_block(target, &mut block);
        self.block(DAG_PB, &block)
    }

    /// A dag-pb block that is complete.
    pub fn node(&mut self, block: &[u8]) -> Result<Node, PackError> {
        self.block(DAG_PB, block)
    }

    fn block(&mut self, codec: u64, data: &[u8]) -> Result<Node, PackError> {
        let id = self.put(&sha256_cid(codec, data), data)?;
        Ok(Node { id, tsize: data.len() as u64 })
    }

    /// Takes a file's blocks as they come; the last one is its root.
    fn put_all(
        &mut self,
        blocks: impl Iterator<Item = (Cid, Vec<u8>)>,
        file: &mut Option<Node>,
    ) -> Result<(), PackError> {
        for (cid, data) in blocks {
            let id = self.put(&cid, &data)?;
            let below = file.map_or(0, |node| node.tsize);
            *file = Some(Node { id, tsize: below + data.len() as u64 });
        }
        Ok(())
    }

    fn put(&mut self, cid: &Cid, data: &[u8]) -> Result<BlockId, PackError> {
        let id = BlockId::new(cid);
        if self.seen.insert(id) {
            self.bytes += data.len() as u64;
            self.sink.put(cid, data).map_err(PackError::Sink)?;
        }
        Ok(id)
    }
}

/// Fills `chunk` to `length`, less only at the end of the input.
fn read_chunk(input: &mut impl Read, length: usize, chunk: &mut Vec<u8>) -> io::Result<()> {
    chunk.clear();
    input.take(length as u64).read_to_end(chunk)?;
    Ok(())
}

#[cfg(test)]
#[path = "unixfs_tests.rs"]
mod tests;
