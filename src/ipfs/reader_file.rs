//! Files, whole or a range of them, part by part.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use cid::Cid;

use super::block::BlockSource;
use super::reader::{MAX_LEVELS, ReadError, load, malformed};
use super::reader_node::UnixFsNode;

/// A file may be cut so finely (chunks are 256 KiB or 1 MiB) and no finer, so that a hostile one
/// costs no more to read than its length allows.
const LEAST_PART_BYTES: u64 = 1024;
const MIN_FILE_BLOCKS: u64 = 64;

/// The bytes of a range of a file, in order. Only blocks that hold some of them are read, each when
/// it is asked for.
#[derive(Clone, Debug)]
pub struct FileParts {
    file: Cid,
    /// The length of the file.
    size: u64,
    range: Range<u64>,
    /// Depth first, the next part last. Every part adds at least a byte, so this ends.
    left: Vec<Part>,
    /// Blocks read.
    count: u64,
}

#[derive(Clone, Debug)]
struct Part {
    cid: Cid,
    start: u64,
    size: u64,
    level: usize,
}

impl FileParts {
    /// Of the file `cid`, which has `size` bytes, those of `range`.
    pub fn new(cid: &Cid, size: u64, range: Range<u64>) -> Self {
        let first = Part { cid: *cid, start: 0, size, level: 0 };
        Self { file: *cid, size, range, left: vec![first], count: 0 }
    }

    /// The next bytes, never none of them; `None` at the end.
    ///
    /// # Errors
    /// [`ReadError::NotFile`], [`ReadError::Missing`] and the others; it is at its end then.
    pub fn next(&mut self, source: &dyn BlockSource) -> Option<Result<Bytes, ReadError>> {
        while let Some(part) = self.left.pop() {
            if part.start >= self.range.end || part.start + part.size <= self.range.start {
                continue;
            }
            match self.read(source, &part) {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Some(Ok(bytes)),
                Err(error) => {
                    self.left.clear();
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// The part's own bytes, if they are in the range; its children come next.
    fn read(&mut self, source: &dyn BlockSource, part: &Part) -> Result<Bytes, ReadError> {
        let bound = |what| Err(ReadError::Bound { cid: self.file, what });
        if part.level > MAX_LEVELS {
            return bound("levels");
        }
        if self.count > MIN_FILE_BLOCKS + self.size / LEAST_PART_BYTES {
            return bound("parts");
        }
        self.count += 1;
        let UnixFsNode::File { size, data, children } = load(source, &part.cid)? else {
            return Err(ReadError::NotFile(part.cid));
        };
        if size != part.size {
            return Err(malformed(&part.cid, "its file says another size"));
        }
        self.add(part.start + data.len() as u64, part.level + 1, children);
        Ok(self.wanted(part.start, data))
    }

    /// The children of a part come next.
    fn add(&mut self, mut start: u64, level: usize, children: Vec<(Cid, u64)>) {
        let below = self.left.len();
        for (cid, size) in children {
            self.left.push(Part { cid, start, size, level });
            start += size;
        }
        self.left[below..].reverse();
    }

    /// Of `data`, which starts at `start` of the file, what is in the range.
    fn wanted(&self, start: u64, data: Bytes) -> Bytes {
        let end = start + data.len() as u64;
        let (from, to) = (self.range.start.clamp(start, end), self.range.end.clamp(start, end));
        // Within the data, which is in memory.
        data.slice((from - start) as usize..(to - start).max(from - start) as usize)
    }
}

/// Reads a file of at most `max_bytes`.
///
/// # Errors
/// [`ReadError::NotFile`], [`ReadError::TooLarge`], [`ReadError::Missing`] and the others.
pub fn read_file(source: &dyn BlockSource, cid: &Cid, max_bytes: u64) -> Result<Bytes, ReadError> {
    let UnixFsNode::File { size, data, children } = load(source, cid)? else {
        return Err(ReadError::NotFile(*cid));
    };
    if size > max_bytes {
        return Err(ReadError::TooLarge { cid: *cid, size, max: max_bytes });
    }
    if children.is_empty() {
        return Ok(data);
    }
    let mut parts = FileParts { left: Vec::new(), count: 1, ..FileParts::new(cid, size, 0..size) };
    parts.add(data.len() as u64, 1, children);
    let mut bytes = BytesMut::from(data);
    while let Some(part) = parts.next(source).transpose()? {
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}
