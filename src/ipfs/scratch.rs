//! Blocks in a file that nobody else sees: a tree that is packed to be looked at and not kept.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use cid::Cid;

use super::block::{BlockSink, BlockSource};

/// Bytes that are written at once.
const BUFFER: usize = 1 << 20;

/// Blocks, of which only the places are kept in memory.
#[derive(Debug)]
pub struct ScratchBlocks {
    file: File,
    places: HashMap<Cid, (u64, usize)>,
    /// How much is in the file; the rest is in the buffer.
    written: u64,
    buffer: Vec<u8>,
}

impl ScratchBlocks {
    /// In `file`, which is empty, and best has no name.
    pub fn new(file: File) -> Self {
        Self { file, places: HashMap::new(), written: 0, buffer: Vec::new() }
    }

    /// Whether it has the block.
    pub(crate) fn has(&self, cid: &Cid) -> bool {
        self.places.contains_key(cid)
    }
}

impl BlockSink for ScratchBlocks {
    fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
        if self.buffer.len() + data.len() > BUFFER {
            self.file.write_all_at(&self.buffer, self.written)?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        let start = self.written + self.buffer.len() as u64;
        self.buffer.extend_from_slice(data);
        self.places.insert(*cid, (start, data.len()));
        Ok(())
    }
}

impl BlockSource for ScratchBlocks {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let Some((start, length)) = self.places.get(cid).copied() else { return Ok(None) };
        if let Some(start) = start.checked_sub(self.written) {
            let start = usize::try_from(start).map_err(io::Error::other)?;
            let data = self.buffer.get(start..start + length);
            return Ok(data.map(Bytes::copy_from_slice));
        }
        let mut data = vec![0; length];
        self.file.read_exact_at(&mut data, start)?;
        Ok(Some(data.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{RAW, sha256_cid};

    #[test]
    fn blocks_come_back_from_the_file_and_from_the_buffer() {
        let mut blocks = ScratchBlocks::new(tempfile::tempfile().unwrap());
        let data = |n: u32| n.to_be_bytes().repeat(1 + n as usize * 20);
        let all: Vec<(Cid, Vec<u8>)> =
            (0..300).map(|n| (sha256_cid(RAW, &data(n)), data(n))).collect();
        all.iter().for_each(|(cid, data)| blocks.put(cid, data).unwrap());
        assert!(blocks.written > 0 && !blocks.buffer.is_empty(), "both are used");
        for (cid, data) in &all {
            assert_eq!(blocks.get(cid).unwrap().unwrap(), data);
        }
        assert_eq!(blocks.get(&sha256_cid(RAW, b"another")).unwrap(), None);
    }
}
