//! The blocks of a CAR file, read where they lie.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use cid::Cid;

use super::block::BlockSource;
use super::car::{CarError, CarReader, ROOT_BYTES, header};
use super::car_places::{CarLayout, CarPlaces};

/// A CAR file, of which only the places of the blocks are kept in memory.
#[derive(Debug)]
pub struct CarBlocks {
    file: File,
    layout: CarLayout,
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
        let (mut blocks, mut end) = (Vec::new(), reader.input.stream_position()?);
        while let Some(block) = reader.next() {
            let (cid, data) = block?;
            end = reader.input.stream_position()?;
            blocks.push((cid, (end - data.len() as u64, data.len())));
        }
        Ok(Self { file, layout: CarLayout { places: CarPlaces::of(blocks), roots, end } })
    }

    /// Finds the places of the blocks and checks none: whoever reads one does. What follows a block
    /// that was cut short, or is none, is left out.
    ///
    /// # Errors
    /// [`CarError`] where it does not begin as a CAR file.
    pub fn unchecked(file: File) -> Result<Self, CarError> {
        let (layout, _) = Self::scan(&file)?;
        Ok(Self { file, layout })
    }

    /// The layout of a file, and where its first block begins.
    fn scan(mut file: &File) -> Result<(CarLayout, u64), CarError> {
        file.rewind()?;
        let length = file.metadata()?.len();
        let mut reader = CarReader::new(BufReader::with_capacity(1 << 20, file.try_clone()?))?;
        let (roots, all) = (reader.roots().to_vec(), reader.left);
        let start = reader.input.stream_position()?;
        let (mut blocks, mut end) = (Vec::new(), start);
        while let Some(Ok(section)) = reader.next_length() {
            let next = start + (all - reader.left);
            let Ok(cid) = Cid::read_bytes(&mut reader.input) else { break };
            let Some(data) = section.checked_sub(cid.encoded_len()).filter(|_| next <= length)
            else {
                break;
            };
            let skipped = i64::try_from(data).map_err(io::Error::other)?;
            reader.input.seek_relative(skipped)?;
            blocks.push((cid, (next - data as u64, data)));
            end = next;
        }
        Ok((CarLayout { places: CarPlaces::of(blocks), roots, end }, start))
    }

    /// A file whose layout was found before. None of it is believed: whoever reads a block checks it.
    pub(crate) fn of_layout(file: File, layout: CarLayout) -> Self {
        Self { file, layout }
    }

    /// What was found of the file.
    pub(crate) fn layout(&self) -> &CarLayout {
        &self.layout
    }

    /// Whether it has the block, as it is said.
    pub fn has(&self, cid: &Cid) -> bool {
        self.layout.places.get(cid).is_some()
    }

    /// How long it is, whole blocks alone.
    pub fn end(&self) -> u64 {
        self.layout.end
    }

    /// The roots, as the header claims them: their blocks may be missing.
    pub fn roots(&self) -> &[Cid] {
        &self.layout.roots
    }

    /// Adds the blocks of the CAR file `more` to the file, open in `file` to be changed, whose own
    /// root, and that of both from then on, is one of 36 bytes. Cut short, the file is what it was,
    /// with some blocks more.
    ///
    /// # Errors
    /// The system's, and where one of them is no such file.
    pub fn append(&self, mut file: File, more: &Path, root: &Cid) -> io::Result<Self> {
        let more = File::open(more)?;
        let (added, start) = Self::scan(&more).map_err(io::Error::other)?;
        let is_ours = matches!(self.roots(), [old] if old.encoded_len() == ROOT_BYTES);
        if !is_ours || root.encoded_len() != ROOT_BYTES {
            return Err(io::Error::other("its root has another length"));
        }
        let mut head = vec![0; header(root).len()];
        file.read_exact_at(&mut head, 0)?;
        if head != header(&self.roots()[0]) {
            return Err(io::Error::other("it is another file than it was"));
        }
        // What follows is cut off, and is looked at before: a layout that was found elsewhere may
        // leave out what is there.
        let again = match file.metadata()?.len() == self.end() {
            true => None,
            false => Some(Self::scan(&file).map_err(io::Error::other)?.0),
        };
        let layout = again.as_ref().unwrap_or(&self.layout);
        let (old, new) = (layout.end, added.end - start);
        file.set_len(old)?;
        file.seek(io::SeekFrom::Start(old))?;
        (&more).seek(io::SeekFrom::Start(start))?;
        io::copy(&mut (&more).take(new), &mut file)?;
        // Before they are said to be there.
        file.sync_data()?;
        file.write_all_at(&header(root), 0)?;
        let places = layout.places.with(&added.places, old - start);
        Ok(Self { file, layout: CarLayout { places, roots: vec![*root], end: old + new } })
    }
}

impl BlockSource for CarBlocks {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let Some((start, length)) = self.layout.places.get(cid) else { return Ok(None) };
        let mut data = vec![0; length];
        self.file.read_exact_at(&mut data, start)?;
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
        let whole = CarBlocks::unchecked(File::open(&path).unwrap()).unwrap();
        assert_eq!(whole.layout, car.layout);
        assert_eq!(whole.end(), bytes.len() as u64);
        let again = CarBlocks::of_layout(File::open(&path).unwrap(), whole.layout.clone());
        assert_eq!(again.get(&cids[9]).unwrap().unwrap(), blocks[9]);
        // Cut short it has the blocks before.
        for cut in [1, 100, 12_000] {
            let short = dir.path().join("short.car");
            std::fs::write(&short, &bytes[..bytes.len() - cut]).unwrap();
            let blocks = CarBlocks::unchecked(File::open(&short).unwrap()).unwrap();
            let places = &blocks.layout.places;
            assert!(places.len() < cids.len() && blocks.has(&cids[0]), "{cut}");
            let same = |cid: &&Cid| places.get(cid) == car.layout.places.get(cid);
            assert_eq!(cids.iter().filter(same).count(), places.len());
            assert!(blocks.end() < bytes.len() as u64);
        }
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(CarBlocks::open(&path), Err(CarError::Block(_))));
    }

    #[test]
    fn blocks_are_added_also_behind_one_that_was_cut_short() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, texts: &[&str]| {
            let path = dir.path().join(name);
            let mut writer = CarWriter::create(&path).unwrap();
            let cids = texts.iter().map(|text| sha256_cid(RAW, text.as_bytes()));
            let cids: Vec<Cid> = cids.collect();
            for (cid, text) in cids.iter().zip(texts) {
                writer.put(cid, text.as_bytes()).unwrap();
            }
            writer.finish(&cids[0]).unwrap();
            (path, cids)
        };
        for cut in [0, 1, 5] {
            let (path, cids) = write("a.car", &["one", "two", "three"]);
            let (more, others) = write("b.car", &["four", "five"]);
            let file = File::options().read(true).write(true).open(&path).unwrap();
            file.set_len(file.metadata().unwrap().len() - cut).unwrap();
            let before = CarBlocks::unchecked(file.try_clone().unwrap()).unwrap();
            let added = before.append(file, &more, &others[0]).unwrap();
            let both = CarBlocks::open(&path).unwrap();
            assert_eq!(added.layout, both.layout);
            assert_eq!(both.roots(), [others[0]]);
            assert!(cids[..2].iter().chain(&others).all(|cid| both.has(cid)));
            assert_eq!(both.has(&cids[2]), cut == 0);
        }
    }
}
