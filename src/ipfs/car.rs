//! CAR version 1: a header with the root, then blocks, each after its CID
//! (<https://ipld.io/specs/transport/car/carv1/>). Version 2 is read too.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use cid::Cid;
use minicbor::data::Tag;
use minicbor::{Decoder, Encoder};
use multihash::Multihash;

use super::block::{BlockError, BlockSink, DAG_PB, LongCid, MAX_BLOCK_BYTES, verify_block};
use super::hash::IDENTITY;
use crate::multiformats::long_identity;

/// A header is longer only by mistake or malice (one root takes 58 bytes).
const MAX_HEADER_BYTES: u64 = 32 * 1024;
/// How a CAR of version 2 begins: `{"version": 2}`.
const VERSION_2: &[u8] = b"\xa1\x67version\x02";
/// What follows: 16 bytes of properties; offset and size of the CAR within; offset of the index.
const V2_HEADER_BYTES: u64 = 40;
/// A block and its CID.
const MAX_SECTION_BYTES: u64 = MAX_BLOCK_BYTES as u64 + 128;
/// CIDv1 with sha2-256: the root's place is kept free at this size.
pub(super) const ROOT_BYTES: usize = 36;

/// Why a CAR cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CarError {
    /// The reader failed.
    #[error("reading the CAR failed: {0}")]
    Io(#[from] io::Error),
    /// Not the header of CAR version 1.
    #[error("this is not a CAR file of version 1: {0}")]
    Header(String),
    /// Ends within a block.
    #[error("the CAR ends too early, within block {0}")]
    Truncated(u64),
    /// A length that no block has.
    #[error("block {index} of the CAR claims {bytes} bytes; at most {MAX_BLOCK_BYTES} are allowed")]
    Length {
        /// Which block, from 0.
        index: u64,
        /// Its length with its CID, as claimed.
        bytes: u64,
    },
    /// More blocks than are wanted of it.
    #[error("the CAR has more than {0} blocks")]
    Blocks(usize),
    /// No CID before the block.
    #[error("block {0} of the CAR does not start with a CID")]
    Cid(u64),
    /// A block that is not its CID's.
    #[error(transparent)]
    Block(#[from] BlockError),
}

/// Writes a CAR as blocks come, the root last.
///
/// A root of 36 bytes has its place reserved in the header, and [`finish`](Self::finish) fills it.
#[derive(Debug)]
pub struct CarWriter<W: Write + Seek> {
    out: W,
    start: u64,
}

impl CarWriter<BufWriter<File>> {
    /// A CAR file, created or overwritten.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::new(BufWriter::with_capacity(1 << 20, File::create(path)?))
    }
}

impl<W: Write + Seek> CarWriter<W> {
    /// A CAR from the current position of `out` on.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn new(mut out: W) -> io::Result<Self> {
        let start = out.stream_position()?;
        let unknown = Multihash::wrap(0x12, &[0; 32]).expect("32 bytes fit into a multihash of 64");
        out.write_all(&header(&Cid::new_v1(DAG_PB, unknown)))?;
        Ok(Self { out, start })
    }

    /// Writes the root into the header and flushes.
    ///
    /// # Errors
    /// When `out` fails, or the root is not a CIDv1 with a hash of 32 bytes.
    pub fn finish(mut self, root: &Cid) -> io::Result<W> {
        if root.encoded_len() != ROOT_BYTES {
            let message = format!("the root {root} is not a CIDv1 with a hash of 32 bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let end = self.out.stream_position()?;
        self.out.seek(SeekFrom::Start(self.start))?;
        self.out.write_all(&header(root))?;
        self.out.seek(SeekFrom::Start(end))?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write + Seek> BlockSink for CarWriter<W> {
    fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
        write_section(&mut self.out, &cid.to_bytes(), data)
    }
}

pub(super) fn header(root: &Cid) -> Vec<u8> {
    // In DAG-CBOR a link is tag 42 over a zero byte and the CID.
    let link = [&[0], &root.to_bytes()[..]].concat();
    let mut cbor = Encoder::new(Vec::new());
    cbor.map(2)
        .and_then(|c| c.str("roots")?.array(1)?.tag(Tag::new(42))?.bytes(&link))
        .and_then(|c| c.str("version")?.u8(1))
        .expect("writing to memory does not fail");
    let mut section = Vec::new();
    write_section(&mut section, &cbor.into_writer(), &[]).expect("memory takes all");
    section
}

fn write_section(out: &mut impl Write, first: &[u8], second: &[u8]) -> io::Result<()> {
    let mut buffer = unsigned_varint::encode::usize_buffer();
    out.write_all(unsigned_varint::encode::usize(first.len() + second.len(), &mut buffer))?;
    out.write_all(first)?;
    out.write_all(second)
}

/// Reads a CAR as a stream: an iterator of blocks, each verified against its CID.
///
/// After an error it ends. The input is read in small pieces: give a buffered one.
#[derive(Debug)]
pub struct CarReader<R: Read> {
    pub(super) input: R,
    roots: Vec<Cid>,
    index: u64,
    /// Bytes that are still to come; what follows is an index.
    pub(super) left: u64,
    ended: bool,
}

impl<R: Read> CarReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`CarError::Header`], [`CarError::Io`].
    pub fn new(mut input: R) -> Result<Self, CarError> {
        let short = || CarError::Header("it ends within the header".into());
        let length = read_varint(&mut input)?.ok_or_else(|| CarError::Header("it is empty".into()));
        let length = length?.ok_or_else(short)?;
        if length > MAX_HEADER_BYTES {
            return Err(CarError::Header(format!("its header claims {length} bytes")));
        }
        let header = read_exactly(&mut input, length)?.ok_or_else(short)?;
        if header == VERSION_2 {
            return Self::version_2(input);
        }
        let roots = decode_header(&header)?;
        Ok(Self { input, roots, index: 0, left: u64::MAX, ended: false })
    }

    /// <https://ipld.io/specs/transport/car/carv2/>: a CAR of version 1 within the file, between
    /// a header and an index.
    fn version_2(mut input: R) -> Result<Self, CarError> {
        let short = || CarError::Header("it ends within the header of version 2".into());
        let header = read_exactly(&mut input, V2_HEADER_BYTES)?.ok_or_else(short)?;
        let number =
            |at: usize| header[at..at + 8].iter().rfold(0, |n, byte| n << 8 | u64::from(*byte));
        let (offset, size) = (number(16), number(24));
        let before = V2_HEADER_BYTES + VERSION_2.len() as u64 + 1;
        let gap = offset.checked_sub(before).filter(|_| size > 0);
        let gap = gap.ok_or_else(|| CarError::Header("its header of version 2 is wrong".into()))?;
        if io::copy(&mut (&mut input).take(gap), &mut io::sink())? < gap {
            return Err(short());
        }
        let mut counted = Counted { input: &mut input, count: 0 };
        let length = read_varint(&mut counted)?.flatten().ok_or_else(short)?;
        if length > MAX_HEADER_BYTES {
            return Err(CarError::Header(format!("its header claims {length} bytes")));
        }
        let header = read_exactly(&mut counted, length)?.ok_or_else(short)?;
        let left = size.checked_sub(counted.count).ok_or_else(short)?;
        let roots = decode_header(&header)?;
        Ok(Self { input, roots, index: 0, left, ended: false })
    }

    /// The roots, as the header claims them: their blocks may be missing.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// The length of the next section; `None` at the end.
    pub(super) fn next_length(&mut self) -> Option<Result<usize, CarError>> {
        if self.ended || self.left == 0 {
            return None;
        }
        let index = self.index;
        let mut counted = Counted { input: &mut self.input, count: 0 };
        let length = read_varint(&mut counted).transpose()?;
        let counted = counted.count;
        let length = match length {
            Ok(Some(bytes @ 0..=MAX_SECTION_BYTES)) => {
                match self.left.checked_sub(counted + bytes) {
                    Some(left) => {
                        self.left = left;
                        return Some(Ok(bytes as usize));
                    }
                    None => CarError::Truncated(index),
                }
            }
            Ok(Some(bytes)) => CarError::Length { index, bytes },
            Ok(None) => CarError::Truncated(index),
            Err(error) => error.into(),
        };
        Some(Err(self.fail(length)))
    }

    fn fail(&mut self, error: CarError) -> CarError {
        self.ended = true;
        error
    }

    /// `None` is a block that its CID holds: whoever has the CID has it.
    fn read_block(&mut self, length: usize) -> Result<Option<(Cid, Bytes)>, CarError> {
        let index = self.index;
        let section =
            read_exactly(&mut self.input, length as u64)?.ok_or(CarError::Truncated(index))?;
        self.index += 1;
        let mut data = &section[..];
        let Ok(cid) = Cid::read_bytes(&mut data) else {
            let mut data = &section[..];
            return match LongCid::read_bytes(&mut data) {
                Ok(cid) if cid.hash().code() == IDENTITY && data == cid.hash().digest() => Ok(None),
                _ => Err(CarError::Cid(index)),
            };
        };
        verify_block(&cid, data)?;
        let offset = section.len() - data.len();
        Ok(Some((cid, Bytes::from(section).slice(offset..))))
    }
}

impl<R: Read> Iterator for CarReader<R> {
    type Item = Result<(Cid, Bytes), CarError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let block = self.next_length()?.and_then(|length| self.read_block(length));
            match block.map_err(|error| self.fail(error)).transpose() {
                None => {}
                block => return block,
            }
        }
    }
}

/// The places of the sections of a CAR in memory, each a CID and a block.
///
/// # Errors
/// Where there is no header, or a section is not whole.
pub(super) fn sections(
    car: &[u8],
) -> Result<impl Iterator<Item = Result<Range<usize>, CarError>>, CarError> {
    let mut reader = CarReader::new(car)?;
    Ok(std::iter::from_fn(move || {
        let length = match reader.next_length()? {
            Ok(length) => length,
            Err(error) => return Some(Err(error)),
        };
        let start = car.len() - reader.input.len();
        match reader.input.split_at_checked(length) {
            Some((_, rest)) => reader.input = rest,
            None => return Some(Err(reader.fail(CarError::Truncated(reader.index)))),
        }
        reader.index += 1;
        Some(Ok(start..start + length))
    }))
}

fn decode_header(header: &[u8]) -> Result<Vec<Cid>, CarError> {
    let wrong = |reason: &str| CarError::Header(reason.to_owned());
    let malformed = |_| wrong("its header is not the DAG-CBOR of roots and version");
    let mut cbor = Decoder::new(header);
    let entries = cbor.map().map_err(malformed)?.unwrap_or_default();
    let (mut roots, mut version) = (None, None);
    for _ in 0..entries.min(3) {
        match cbor.str().map_err(malformed)? {
            "version" => version = Some(cbor.u64().map_err(malformed)?),
            "roots" => {
                let count = cbor.array().map_err(malformed)?.unwrap_or_default();
                let mut cids = Vec::new();
                for _ in 0..count {
                    let tag = cbor.tag().map_err(malformed)?;
                    let link = cbor.bytes().map_err(malformed)?;
                    match (tag.as_u64(), link.split_first()) {
                        // Whoever has it has what is there: no block belongs to it.
                        (42, Some((0, cid))) if long_identity(cid).is_some() => {}
                        (42, Some((0, cid))) => {
                            cids.push(Cid::try_from(cid).map_err(|_| wrong("a root is not a CID"))?)
                        }
                        _ => return Err(wrong("a root is not a CID")),
                    }
                }
                roots = Some(cids);
            }
            _ => return Err(wrong("its header has other fields than roots and version")),
        }
    }
    match (version, roots) {
        (Some(1), Some(roots)) if cbor.position() == header.len() => Ok(roots),
        (Some(version), _) if version != 1 => Err(wrong(&format!("its version is {version}"))),
        _ => Err(wrong("its header is incomplete")),
    }
}

/// Counts what is read.
struct Counted<R> {
    input: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

/// `None` at the end of the input, `Some(None)` when it ends within the number.
fn read_varint(input: &mut impl Read) -> io::Result<Option<Option<u64>>> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let mut byte = [0];
        match input.read_exact(&mut byte) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(if shift == 0 { None } else { Some(None) });
            }
            read => read?,
        }
        number |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok(Some(Some(number)));
        }
    }
    Ok(Some(Some(u64::MAX)))
}

/// `None` when the input ends before.
fn read_exactly(input: &mut impl Read, length: u64) -> io::Result<Option<Vec<u8>>> {
    // Bounded by the callers, and no longer than what is read: blocks are kept as they are.
    let mut bytes = Vec::with_capacity(length as usize);
    input.take(length).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == length).then_some(bytes))
}

#[cfg(test)]
#[path = "car_tests.rs"]
mod tests;
