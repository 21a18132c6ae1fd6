//! The blocks of a CAR file, read where they lie.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use cid::Cid;

use super::block::BlockSource;
use super::car::{CarError, CarReader};

/// A CAR file, of which only the places of the blocks are kept in memory.
#[derive(Debug)]
pub struct CarBlocks {
    file: File,
    places: HashMap<Cid, (u64, usize)>,
    roots: Vec<Cid>,
}

impl CarBlocks {
    /// Reads the file once, and checks every block against its CID.
    ///
    /// # Errors
    /// [`CarError`] says what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, CarError> {
        Self::of(File::open(path)?)
    }

    /// As [`open`](Self::open), of a file that is open already.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of(file: File) -> Result<Self, CarError> {
        let mut reader = CarReader::new(BufReader::with_capacity(1 << 20, file.try_clone()?))?;
        let roots = reader.roots().to_vec();
        let mut places = HashMap::new();
        while let Some(block) = reader.next() {
            let (cid, data) = block?;
            let end = reader.input.stream_position()?;
            places.insert(cid, (end - data.len() as u64, data.len()));
        }
        Ok(Self { file, places, roots })
    }

    /// The roots, as the header claims them: their blocks may be missing.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }
}

impl BlockSource for CarBlocks {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let Some((start, length)) = self.places.get(cid) else { return Ok(None) };
        let mut data = vec![0; *length];
        self.file.read_exact_at(&mut data, *start)?;
        Ok(Some(data.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{BlockSink, CarWriter, RAW, sha256_cid};

    #[test]
    fn blocks_are_where_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.car");
        let blocks: Vec<Vec<u8>> = (0..300_u32).map(|n| vec![n as u8; n as usize * 40]).collect();
        let cids: Vec<Cid> = blocks.iter().map(|data| sha256_cid(RAW, data)).collect();
        let mut writer = CarWriter::create(&path).unwrap();
        for (cid, data) in cids.iter().zip(&blocks) {
            writer.put(cid, data).unwrap();
        }
        writer.finish(&cids[7]).unwrap();
        let car = CarBlocks::open(&path).unwrap();
        assert_eq!(car.roots(), [cids[7]]);
        for (cid, data) in cids.iter().zip(&blocks) {
            assert_eq!(car.get(cid).unwrap().unwrap(), data);
        }
        assert_eq!(car.get(&sha256_cid(RAW, b"another")).unwrap(), None);

        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(CarBlocks::open(&path), Err(CarError::Block(_))));
    }
}
