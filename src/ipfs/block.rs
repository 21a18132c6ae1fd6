//! Blocks: bytes under the CID that is their hash, and where they come from and go to.

use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use cid::Cid;
use multihash::Multihash;
use sha2::{Digest, Sha256};

use super::hash::{IDENTITY, SHA2_256, is_hash_of};

/// Multicodec of a block that is a piece of a file and nothing else.
pub const RAW: u64 = 0x55;
/// Multicodec of a block that is a UnixFS node.
pub const DAG_PB: u64 = 0x70;
/// No block is longer, in bytes: what IPFS nodes exchange (2 MiB).
pub const MAX_BLOCK_BYTES: usize = 2 * 1024 * 1024;

/// With room for an identity hash of 128 bytes, the longest that Kubo takes.
pub(super) type LongCid = cid::CidGeneric<128>;

/// Where blocks are read from: a store on disk, a CAR in memory, a gateway.
pub trait BlockSource: Send + Sync {
    /// The block, or `None` when this source lacks it.
    ///
    /// # Errors
    /// When the source itself fails.
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>>;
}

impl<T: BlockSource + ?Sized> BlockSource for std::sync::Arc<T> {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        (**self).get(cid)
    }
}

impl<T: BlockSource + ?Sized> BlockSource for &T {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        (**self).get(cid)
    }
}

/// None has nothing.
impl<T: BlockSource> BlockSource for Option<T> {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        self.as_ref().map_or(Ok(None), |source| source.get(cid))
    }
}

/// Where blocks are written to: a CAR file, a store.
pub trait BlockSink {
    /// Takes a block, whose hash the caller made or checked.
    ///
    /// # Errors
    /// When it cannot be written.
    fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()>;
}

/// Why bytes are not the block of a CID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The hash is another: changed on the way, or the wrong block.
    #[error("the block does not have the hash that its CID {0} says: it was changed on the way")]
    Hash(Cid),
    /// A hash function this program does not know.
    #[error(
        "the CID {cid} uses hash function 0x{code:x}, or so few bytes of it, that is not supported: \
         its block cannot be checked"
    )]
    HashFunction {
        /// The CID in question.
        cid: Cid,
        /// Its multihash code.
        code: u64,
    },
    /// Over [`MAX_BLOCK_BYTES`].
    #[error("the block {cid} has {bytes} bytes; at most {MAX_BLOCK_BYTES} are allowed")]
    TooLarge {
        /// The CID in question.
        cid: Cid,
        /// Its length.
        bytes: usize,
    },
}

/// CIDv1 of `data` under sha2-256 and the given codec.
pub fn sha256_cid(codec: u64, data: &[u8]) -> Cid {
    let digest = Sha256::digest(data);
    let hash = Multihash::wrap(SHA2_256, &digest).expect("32 bytes fit into a multihash of 64");
    Cid::new_v1(codec, hash)
}

/// Checks that `data` is the block of `cid`, by any hash function that Kubo takes by default.
///
/// # Errors
/// As [`BlockError`] says.
pub fn verify_block(cid: &Cid, data: &[u8]) -> Result<(), BlockError> {
    if data.len() > MAX_BLOCK_BYTES {
        return Err(BlockError::TooLarge { cid: *cid, bytes: data.len() });
    }
    match is_hash_of(cid.hash(), data) {
        Some(true) => Ok(()),
        Some(false) => Err(BlockError::Hash(*cid)),
        None => Err(BlockError::HashFunction { cid: *cid, code: cid.hash().code() }),
    }
}

/// What a CID with an identity hash holds itself.
pub(super) fn inline_block(cid: &Cid) -> Option<Bytes> {
    (cid.hash().code() == IDENTITY).then(|| Bytes::copy_from_slice(cid.hash().digest()))
}

/// Blocks in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryBlocks(HashMap<Cid, Bytes>);

impl MemoryBlocks {
    /// Without any block.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many distinct blocks there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a block, whose hash the caller made or checked.
    pub fn insert(&mut self, cid: Cid, data: Bytes) {
        self.0.insert(cid, data);
    }

    /// Takes a block away.
    pub fn remove(&mut self, cid: &Cid) -> Option<Bytes> {
        self.0.remove(cid)
    }

    /// Every block, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Cid, &Bytes)> {
        self.0.iter()
    }
}

impl BlockSource for MemoryBlocks {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        Ok(self.0.get(cid).cloned())
    }
}

impl BlockSink for MemoryBlocks {
    fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
        self.insert(*cid, Bytes::copy_from_slice(data));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_its_cid() {
        let cid = sha256_cid(RAW, b"");
        assert_eq!(cid.to_string(), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
        assert_eq!(verify_block(&cid, b""), Ok(()));
        assert_eq!(verify_block(&cid, b"x"), Err(BlockError::Hash(cid)));

        let inline: Cid = "bafkqaaa".parse().unwrap();
        assert_eq!(verify_block(&inline, b""), Ok(()));
        assert_eq!(verify_block(&inline, b"x"), Err(BlockError::Hash(inline)));

        let version_0 = Cid::new_v0(*cid.hash()).unwrap();
        assert_eq!(verify_block(&version_0, b""), Ok(()));
    }

    #[test]
    fn other_hashes_and_huge_blocks_are_refused() {
        let md5 = Cid::new_v1(RAW, Multihash::wrap(0xd5, &[0; 16]).unwrap());
        let error = verify_block(&md5, b"").unwrap_err();
        assert_eq!(error, BlockError::HashFunction { cid: md5, code: 0xd5 });
        assert!(error.to_string().contains("0xd5") && error.to_string().contains("not supported"));
        let huge = vec![0; MAX_BLOCK_BYTES + 1];
        let cid = sha256_cid(RAW, &huge);
        assert!(matches!(verify_block(&cid, &huge), Err(BlockError::TooLarge { .. })));
        assert!(verify_block(&sha256_cid(RAW, &huge[1..]), &huge[1..]).is_ok());
        let short = Cid::new_v1(RAW, Multihash::wrap(SHA2_256, &[]).unwrap());
        assert!(verify_block(&short, b"").is_err());
    }
}
