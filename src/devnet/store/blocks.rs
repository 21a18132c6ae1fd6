//! Blocks: one append-only CAR v1 file and an index in memory (about 100 bytes a block).

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use cid::Cid;

use super::StoreError;
use crate::ipfs::{BlockSource, ReadError, check_complete_beyond, verify_block};

/// The header: version 1, and as root the empty identity block, since some readers want a root.
const HEADER: &[u8] = b"\x19\xa2\x65roots\x81\xd8\x2a\x45\x00\x01\x55\x00\x00\x67version\x01";
/// The longest section read back: a CID and a block.
const MAX_SECTION: u64 = 8 << 20;
/// Written to the file at once.
const BATCH_BYTES: usize = 1 << 20;
/// The multihash code of blocks whose bytes are in the CID itself.
const IDENTITY: u64 = 0x00;

/// Places by multihash.
type Index = HashMap<Box<[u8]>, Place>;

/// Where a block's bytes lie in the file.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    len: u32,
}

/// The blocks of one folder, by multihash: CIDv0 and CIDv1 of the same bytes are one block.
#[derive(Debug)]
pub(crate) struct BlockStore {
    path: PathBuf,
    durable: bool,
    index: RwLock<Index>,
    reader: Mutex<File>,
    end: Mutex<Appender>,
    /// Nodes below which nothing was missing. Blocks are never removed.
    complete: Mutex<HashSet<Cid>>,
}

#[derive(Debug)]
struct Appender {
    file: File,
    len: u64,
}

impl BlockStore {
    /// Opens or creates the file, indexes it, and drops a last section that was cut short.
    pub(super) fn open(path: &Path, durable: bool) -> Result<Self, StoreError> {
        let at = || StoreError::at(path);
        let open = || OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = open().map_err(at())?;
        let found = file.metadata().map_err(at())?.len();
        let (index, len) = if found < HEADER.len() as u64 {
            file.set_len(0).map_err(at())?;
            file.write_all(HEADER).map_err(at())?;
            (HashMap::new(), HEADER.len() as u64)
        } else {
            let (index, len) = scan(path, &file, found)?;
            if len < found {
                file.set_len(len).map_err(at())?;
            }
            (index, len)
        };
        let reader = Mutex::new(File::open(path).map_err(at())?);
        Ok(Self {
            path: path.to_path_buf(),
            durable,
            index: RwLock::new(index),
            reader,
            end: Mutex::new(Appender { file, len }),
            complete: Mutex::default(),
        })
    }

    /// Whether the block can be had.
    pub(crate) fn has(&self, cid: &Cid) -> bool {
        cid.hash().code() == IDENTITY || self.place(cid).is_some()
    }

    /// Checks that every block at and below `root` is there: what is below a node that was found
    /// complete is not looked for again.
    pub(crate) fn check_complete(&self, root: &Cid) -> Result<(), ReadError> {
        check_complete_beyond(self, root, &mut lock(&self.complete))
    }

    /// A writer that appends in batches; blocks count as stored after [`BlockWriter::finish`].
    pub(crate) fn writer(self: &Arc<Self>) -> BlockWriter {
        BlockWriter { store: Arc::clone(self), pending: Vec::new(), bytes: 0 }
    }

    /// The block, its hash checked, so that a damaged file is never served.
    pub(crate) fn get_verified(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        let Some(data) = self.get(cid)? else { return Ok(None) };
        verify_block(cid, &data).map_err(|error| {
            let path = self.path.display();
            io::Error::new(io::ErrorKind::InvalidData, format!("{path} is damaged: {error}"))
        })?;
        Ok(Some(data))
    }

    fn place(&self, cid: &Cid) -> Option<Place> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.get(cid.hash().to_bytes().as_slice()).copied()
    }

    /// Appends the blocks the file lacks, in one write.
    fn append(&self, blocks: &[(Cid, Bytes)]) -> io::Result<()> {
        let mut end = lock(&self.end);
        let mut batch = Vec::with_capacity(BATCH_BYTES);
        let mut added = Index::new();
        for (cid, data) in blocks {
            let key = cid.hash().to_bytes().into_boxed_slice();
            if added.contains_key(&key) || self.has(cid) {
                continue;
            }
            let cid_bytes = cid.to_bytes();
            let mut varint = unsigned_varint::encode::u64_buffer();
            let section = (cid_bytes.len() + data.len()) as u64;
            batch.extend_from_slice(unsigned_varint::encode::u64(section, &mut varint));
            batch.extend_from_slice(&cid_bytes);
            let len = u32::try_from(data.len()).map_err(io::Error::other)?;
            added.insert(key, Place { offset: end.len + batch.len() as u64, len });
            batch.extend_from_slice(data);
        }
        if let Err(error) = end.file.write_all(&batch) {
            // A disk that is full must not leave half a section before the next one.
            let len = end.len;
            end.file.set_len(len)?;
            return Err(error);
        }
        end.len += batch.len() as u64;
        self.index.write().unwrap_or_else(PoisonError::into_inner).extend(added);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        if self.durable { lock(&self.end).file.sync_data() } else { Ok(()) }
    }
}

impl BlockSource for BlockStore {
    /// As the file has it: readers check every block against its CID.
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        if cid.hash().code() == IDENTITY {
            return Ok(Some(Bytes::copy_from_slice(cid.hash().digest())));
        }
        let Some(place) = self.place(cid) else { return Ok(None) };
        let mut data = vec![0; place.len as usize];
        let mut file = lock(&self.reader);
        file.seek(SeekFrom::Start(place.offset))?;
        file.read_exact(&mut data)?;
        Ok(Some(data.into()))
    }
}

/// Collects blocks and appends them a megabyte at a time.
pub(crate) struct BlockWriter {
    store: Arc<BlockStore>,
    pending: Vec<(Cid, Bytes)>,
    bytes: usize,
}

impl BlockWriter {
    /// Adds a block whose hash the caller has verified.
    pub(crate) fn push(&mut self, cid: Cid, data: Bytes) -> io::Result<()> {
        self.bytes += data.len() + 64;
        self.pending.push((cid, data));
        if self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and, in a durable store, waits for the disk.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.store.sync()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.store.append(&self.pending)?;
        self.pending.clear();
        self.bytes = 0;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads every section's place; returns where the last whole section ends.
fn scan(path: &Path, file: &File, total: u64) -> Result<(Index, u64), StoreError> {
    let damaged = |offset, what| StoreError::Damaged { path: path.to_path_buf(), offset, what };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut header = [0; HEADER.len()];
    reader.read_exact(&mut header).map_err(StoreError::at(path))?;
    if header != *HEADER {
        return Err(damaged(0, "not the header of a devnet's block file"));
    }
    let mut index = HashMap::new();
    let mut offset = HEADER.len() as u64;
    while offset < total {
        let Some((section, varint_len)) = read_varint(&mut reader).map_err(StoreError::at(path))?
        else {
            break;
        };
        let end = offset + varint_len + section;
        if section == 0 || section > MAX_SECTION {
            return Err(damaged(offset, "a section of impossible length"));
        }
        if end > total {
            break;
        }
        let cid =
            Cid::read_bytes(&mut reader).map_err(|_| damaged(offset, "a section without a CID"))?;
        let cid_len = cid.encoded_len() as u64;
        let len = section
            .checked_sub(cid_len)
            .and_then(|len| u32::try_from(len).ok())
            .ok_or_else(|| damaged(offset, "a CID longer than its section"))?;
        let place = Place { offset: offset + varint_len + cid_len, len };
        index.insert(cid.hash().to_bytes().into_boxed_slice(), place);
        reader.seek_relative(i64::from(len)).map_err(StoreError::at(path))?;
        offset = end;
    }
    Ok((index, offset))
}

/// An unsigned varint and its length; `None` at the end of the file.
fn read_varint(reader: &mut impl BufRead) -> io::Result<Option<(u64, u64)>> {
    let mut value = 0u64;
    for count in 0..9 {
        let Some(&byte) = reader.fill_buf()?.first() else { return Ok(None) };
        reader.consume(1);
        value |= u64::from(byte & 0x7f) << (7 * count);
        if byte & 0x80 == 0 {
            return Ok(Some((value, count + 1)));
        }
    }
    Ok(Some((u64::MAX, 9)))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn block(text: &str) -> (Cid, Bytes) {
        let hash = cid::multihash::Multihash::wrap(0x12, &Sha256::digest(text)).unwrap();
        (Cid::new_v1(0x55, hash), Bytes::copy_from_slice(text.as_bytes()))
    }

    fn write(store: &Arc<BlockStore>, texts: &[&str]) {
        let mut writer = store.writer();
        for text in texts {
            let (cid, data) = block(text);
            writer.push(cid, data).unwrap();
        }
        writer.finish().unwrap();
    }

    fn open(path: &Path) -> Arc<BlockStore> {
        Arc::new(BlockStore::open(path, true).unwrap())
    }

    fn count(store: &BlockStore) -> usize {
        store.index.read().unwrap().len()
    }

    #[test]
    fn blocks_survive_a_restart_and_are_stored_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("blocks.car");
        let store = open(&path);
        write(&store, &["one", "two", "one"]);
        write(&store, &["two", "three"]);
        assert_eq!(count(&store), 3);
        drop(store);
        let store = open(&path);
        assert_eq!(count(&store), 3);
        for text in ["one", "two", "three"] {
            let (cid, data) = block(text);
            assert_eq!(store.get_verified(&cid).unwrap(), Some(data));
        }
        assert_eq!(store.get(&block("four").0).unwrap(), None);
    }

    #[test]
    fn a_write_cut_short_is_dropped_and_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("blocks.car");
        write(&open(&path), &["one", "two"]);
        let whole = std::fs::read(&path).unwrap();
        for cut in HEADER.len()..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let store = open(&path);
            assert!(count(&store) < 2, "cut at {cut}");
            write(&store, &["one", "two"]);
            drop(store);
            assert_eq!(count(&open(&path)), 2, "cut at {cut}");
        }
        for cut in 0..HEADER.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(count(&open(&path)), 0, "cut at {cut}");
        }
    }

    #[test]
    fn damage_is_told_and_never_served() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("blocks.car");
        write(&open(&path), &["one", "two"]);
        let whole = std::fs::read(&path).unwrap();

        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &changed).unwrap();
        let error = open(&path).get_verified(&block("two").0).unwrap_err();
        assert!(error.to_string().contains("is damaged"), "{error}");

        for (at, byte) in [(3, 0), (HEADER.len(), 0), (HEADER.len() + 1, 0xff)] {
            let mut changed = whole.clone();
            changed[at] = byte;
            std::fs::write(&path, &changed).unwrap();
            let error = BlockStore::open(&path, false).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{at}: {error}");
        }
    }

    #[test]
    fn identity_blocks_need_no_storing() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir.path().join("blocks.car"));
        let empty: Cid = "bafkqaaa".parse().unwrap();
        assert_eq!(store.get(&empty).unwrap(), Some(Bytes::new()));
        assert!(store.has(&empty));
    }
}
