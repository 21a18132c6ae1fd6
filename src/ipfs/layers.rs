//! Several sources of blocks as one.

use std::io;

use bytes::Bytes;
use cid::Cid;

use super::block::{BlockSource, verify_block};

/// Blocks of the first, and what that lacks of the second.
pub(crate) struct FirstOf<A, B>(pub(crate) A, pub(crate) B);

impl<A: BlockSource, B: BlockSource> BlockSource for FirstOf<A, B> {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let Self(first, second) = self;
        first.get(cid)?.map_or_else(|| second.get(cid), |block| Ok(Some(block)))
    }
}

/// Blocks of a file of which nothing is believed: one that is damaged, or cannot be read, is none,
/// for somebody else may have it.
pub(crate) struct Sound<S>(pub(crate) S);

impl<S: BlockSource> BlockSource for Sound<S> {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let found = self.0.get(cid).ok().flatten();
        Ok(found.filter(|block| verify_block(cid, block).is_ok()))
    }
}

/// As [`Sound`], of several: what one lacks the next may have.
pub(crate) struct AnyOf<'a, S>(pub(crate) &'a [S]);

impl<S: BlockSource> BlockSource for AnyOf<'_, S> {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let mut sources = self.0.iter();
        sources.find_map(|source| Sound(source).get(cid).transpose()).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{MemoryBlocks, RAW, sha256_cid};

    /// One that cannot be read.
    struct Broken;

    impl BlockSource for Broken {
        fn get(&self, _: &Cid) -> io::Result<Option<Bytes>> {
            Err(io::Error::other("broken"))
        }
    }

    fn blocks(of: &Cid, data: &'static [u8]) -> MemoryBlocks {
        let mut blocks = MemoryBlocks::new();
        blocks.insert(*of, data.into());
        blocks
    }

    #[test]
    fn what_cannot_be_read_or_is_damaged_is_none_where_nothing_is_believed() {
        let cid = sha256_cid(RAW, b"one");
        let (good, bad, none) = (blocks(&cid, b"one"), blocks(&cid, b"0ne"), MemoryBlocks::new());
        let one = Some(Bytes::from_static(b"one"));
        assert_eq!(Sound(&good).get(&cid).unwrap(), one);
        assert_eq!(Sound(&bad).get(&cid).unwrap(), None);
        assert_eq!(Sound(Broken).get(&cid).unwrap(), None);
        let several: [&dyn BlockSource; 4] = [&bad, &Broken, &none, &good];
        assert_eq!(AnyOf(&several).get(&cid).unwrap(), one);
        assert_eq!(AnyOf(&several[..3]).get(&cid).unwrap(), None);
        assert_eq!(FirstOf(&none, &good).get(&cid).unwrap(), one);
        assert_eq!(FirstOf(None::<&MemoryBlocks>, Some(&good)).get(&cid).unwrap(), one);
        assert!(FirstOf(Broken, &good).get(&cid).is_err(), "of what is ours a fault is one");
    }
}
