//! The blocks of a CAR that somebody sent, by their hashes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use cid::Cid;
use cid::multihash::Multihash;

use super::car::{CarError, CarReader, sections};

/// A CAR as somebody sent it, none of its blocks checked: what nobody asks for may be anything.
#[derive(Clone, Debug)]
pub struct CarIndex {
    car: Bytes,
    places: HashMap<Multihash<64>, Range<usize>>,
}

impl CarIndex {
    /// Finds the places of at most `max_blocks` blocks.
    ///
    /// # Errors
    /// [`CarError`] when it is no CAR, or has more blocks.
    pub fn new(car: Bytes, max_blocks: usize) -> Result<Self, CarError> {
        let mut places = HashMap::new();
        for (index, section) in sections(&car)?.enumerate() {
            let section = section?;
            if index >= max_blocks {
                return Err(CarError::Blocks(max_blocks));
            }
            // What has another kind of CID is asked for by nobody.
            let mut data = &car[section.clone()];
            if let Ok(cid) = Cid::read_bytes(&mut data) {
                places.insert(*cid.hash(), section.end - data.len()..section.end);
            }
        }
        Ok(Self { car, places })
    }

    /// What stands there as the block of `cid`, unchecked. It is a copy: a block does not keep
    /// the whole CAR in memory.
    pub fn get(&self, cid: &Cid) -> Option<Bytes> {
        let place = self.places.get(cid.hash())?;
        Some(Bytes::copy_from_slice(&self.car[place.clone()]))
    }
}

/// The length of the hashes that a [`CarFileIndex`] knows: that of SHA2-256.
const HASH: usize = 32;

/// As [`CarIndex`], of a large CAR in a file: the places alone are in memory, of blocks with a hash
/// of 32 bytes.
#[derive(Debug)]
pub struct CarFileIndex {
    file: File,
    places: HashMap<[u8; HASH], (u64, u32)>,
}

impl CarFileIndex {
    /// Finds the places of at most `max_blocks` blocks; where it was cut short, of those before.
    ///
    /// # Errors
    /// [`CarError`] when it does not begin as a CAR, or has more blocks.
    pub fn new(file: File, max_blocks: usize) -> Result<Self, CarError> {
        file.try_clone()?.rewind()?;
        let length = file.metadata()?.len();
        let mut reader = CarReader::new(BufReader::with_capacity(1 << 20, file.try_clone()?))?;
        let mut places = HashMap::new();
        let mut start = reader.input.stream_position()?;
        let mut count = 0;
        while let Some(Ok(section)) = reader.next_length() {
            // What is not read of the section before.
            let body = reader.input.stream_position()?;
            let next = body + section as u64;
            if next > length {
                break;
            }
            count += 1;
            if count > max_blocks {
                return Err(CarError::Blocks(max_blocks));
            }
            // What has another kind of CID is asked for by nobody.
            let mut head = [0; 128];
            let head = &mut head[..section.min(128)];
            reader.input.read_exact(head)?;
            let mut rest = &*head;
            if let Ok(cid) = Cid::read_bytes(&mut rest)
                && let Ok(hash) = <[u8; HASH]>::try_from(cid.hash().digest())
                && let Ok(size) = u32::try_from(section - (head.len() - rest.len()))
            {
                places.insert(hash, (next - u64::from(size), size));
            }
            let skipped = next - reader.input.stream_position()?;
            reader.input.seek_relative(i64::try_from(skipped).map_err(io::Error::other)?)?;
            start = next;
        }
        tracing::debug!("{count} blocks in {start} of {length} bytes of a CAR");
        Ok(Self { file, places })
    }

    /// As [`CarIndex::get`].
    ///
    /// # Errors
    /// The system's.
    pub fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let Ok(hash) = <[u8; HASH]>::try_from(cid.hash().digest()) else { return Ok(None) };
        let Some((start, size)) = self.places.get(&hash) else { return Ok(None) };
        let mut data = vec![0; *size as usize];
        self.file.read_exact_at(&mut data, *start)?;
        Ok(Some(data.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{BlockSink, CarWriter, RAW, sha256_cid};

    #[test]
    fn a_car_in_a_file_has_the_blocks_before_it_was_cut_short() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.car");
        let blocks: Vec<Vec<u8>> = (0..300_u32).map(|n| vec![n as u8; n as usize * 40]).collect();
        let cids: Vec<Cid> = blocks.iter().map(|data| sha256_cid(RAW, data)).collect();
        let mut writer = CarWriter::create(&path).unwrap();
        cids.iter().zip(&blocks).for_each(|(cid, data)| writer.put(cid, data).unwrap());
        writer.finish(&cids[7]).unwrap();
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        let index = CarFileIndex::new(open(), 300).unwrap();
        for (cid, data) in cids.iter().zip(&blocks) {
            assert_eq!(index.get(cid).unwrap().unwrap(), data);
        }
        assert_eq!(index.get(&sha256_cid(RAW, b"another")).unwrap(), None);
        assert!(matches!(CarFileIndex::new(open(), 299), Err(CarError::Blocks(299))));
        open().set_len(std::fs::metadata(&path).unwrap().len() - 1).unwrap();
        let index = CarFileIndex::new(open(), 300).unwrap();
        assert_eq!(index.get(&cids[298]).unwrap().unwrap(), blocks[298]);
        assert_eq!(index.get(&cids[299]).unwrap(), None);
        open().set_len(5).unwrap();
        assert!(CarFileIndex::new(open(), 300).is_err());
    }
}
