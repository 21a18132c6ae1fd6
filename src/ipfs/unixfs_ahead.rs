//! Packing what is in a large folder ahead of its turn, on all cores. Blocks go to the sink in the
//! order in which one core would have written them.

use std::io;

use cid::Cid;
use rayon::prelude::*;

use super::block::BlockSink;
use super::unixfs::{Node, PackError, Packer};
use crate::folder::Kind;

/// How much of a folder is looked at ahead.
pub(super) const BATCH: usize = 512;
/// Of fewer, one core packs each in its turn.
const MANY: usize = 16;
/// What has more blocks than so many bytes of them waits for its turn: a batch is in memory.
pub(super) const MAX_PART: usize = 256 << 10;

/// Something in a folder.
pub(super) struct Left {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Packed already.
    pub(super) part: Option<Box<Part>>,
}

/// What was packed ahead.
pub(super) struct Part {
    /// None where it is left out.
    pub(super) node: Option<Node>,
    pub(super) blocks: Held,
    /// How many files it has.
    pub(super) files: u64,
}

/// Blocks in memory, one after the other.
#[derive(Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    /// Each with where it ends.
    ends: Vec<(Cid, usize)>,
}

impl BlockSink for Held {
    fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
        if self.bytes.len() + data.len() > MAX_PART {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(data);
        self.ends.push((*cid, self.bytes.len()));
        Ok(())
    }
}

impl Held {
    /// Gives all of them to `packer`.
    pub(super) fn put_into(&self, packer: &mut Packer<'_>) -> Result<(), PackError> {
        let mut start = 0;
        for (cid, end) in &self.ends {
            packer.packed_block(cid, &self.bytes[start..*end])?;
            start = *end;
        }
        Ok(())
    }
}

/// Has `pack` pack those of `next` that are not long. The others, and those with which something is
/// wrong, are left to their turn, which says what it is.
pub(super) fn ahead(
    next: &mut [Left],
    pack: impl Fn((&str, Kind), &mut Packer<'_>) -> Result<(Option<Node>, u64), PackError> + Sync,
) {
    if next.len() < MANY {
        return;
    }
    next.par_iter_mut().for_each_init(Vec::new, |buffer, left| {
        let mut blocks = Held::default();
        let mut packer = Packer::new(&mut blocks);
        packer.buffer = std::mem::take(buffer);
        let packed = pack((&left.name, left.kind), &mut packer);
        *buffer = std::mem::take(&mut packer.buffer);
        left.part = packed.ok().map(|(node, files)| Box::new(Part { node, blocks, files }));
    });
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{pack_directory, pack_files};
    use super::*;

    /// Blocks as they come.
    #[derive(Default, PartialEq, Eq, Debug)]
    struct Sequence(Vec<(Cid, usize)>);

    impl BlockSink for Sequence {
        fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
            self.0.push((*cid, data.len()));
            Ok(())
        }
    }

    /// One core, as files in memory are packed, gives the same blocks in the same order.
    #[test]
    fn a_large_folder_is_packed_as_by_one_core() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for number in 0..2 * BATCH + 3 {
            let long = if number % 400 == 7 { MAX_PART + number } else { number % 9 };
            files.push((format!("d/{number:05}/address/60.json"), vec![b'x'; long]));
            match number % 5 {
                0 => files.push((format!("d/{number:05}-file"), number.to_string().into_bytes())),
                1 => files.push((format!("d/{number:05}/b/c"), b"twice".to_vec())),
                _ => {}
            }
        }
        // Beyond what is in memory together, and itself a large one.
        files.extend((0..2 * MANY).map(|n| (format!("d/all/{n:02}"), vec![n as u8; MAX_PART / 8])));
        for (path, content) in &files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let (mut by_all, mut by_one, mut count) = (Sequence::default(), Sequence::default(), 0);
        let packed = pack_directory(folder.path(), &mut by_all, &mut |n| count = n).unwrap();
        assert_eq!(count, files.len() as u64);
        assert_eq!(packed, pack_files(files, &mut by_one).unwrap());
        assert_eq!(by_all, by_one);
        // What is wrong is told of the first.
        for wrong in ["d/00701/b", "d/00009"] {
            let path = folder.path().join(wrong).join("l");
            std::os::unix::fs::symlink("../../../../..", &path).unwrap();
            let packed = pack_directory(folder.path(), &mut Sequence::default(), &mut |_| {});
            let error = packed.unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
