//! The files of a packed tree by their paths: what is written where files and not blocks are kept.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bytes::Bytes;
use cid::Cid;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{
    BlockSource, CarBlocks, Entry as DirectoryEntry, Kind, Met, ReadError, TreeBudget, TreeLimits,
    read_file, walk_paths,
};

/// A file of a published tree is a record, or small.
pub(crate) const MAX_FILE_BYTES: u64 = 1 << 30;

/// A file of a tree, or a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeFile {
    pub(crate) cid: Cid,
    pub(crate) content: Content,
    /// [`fingerprint`] of the bytes, [`link_fingerprint`] of a link.
    pub(crate) fingerprint: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    File,
    /// To this place, seen from the folder it is in.
    Link(String),
}

/// A packed tree by its files.
pub(crate) struct Tree {
    pub(crate) root: Cid,
    pub(crate) files: BTreeMap<String, TreeFile>,
    blocks: CarBlocks,
}

/// Why a CAR file is not that of a tree.
pub(crate) enum OpenTreeError {
    /// It cannot be read, or holds what cannot be written as files.
    Car(String),
    /// The root it has.
    OtherRoot(String),
}

impl Tree {
    /// Opens the CAR file `car`, which must hold the tree of `root`, and lists it.
    pub(crate) fn open(car: &Path, root: &Cid) -> Result<Self, OpenTreeError> {
        let blocks = CarBlocks::open(car).map_err(|error| OpenTreeError::Car(error.to_string()))?;
        if !blocks.roots().contains(root) {
            let got = blocks.roots().first().map(Cid::to_string).unwrap_or_default();
            return Err(OpenTreeError::OtherRoot(got));
        }
        let length = std::fs::metadata(car).map_or(0, |metadata| metadata.len());
        let limits = limits_of(length);
        let files =
            tree_files(&blocks, root, limits).map_err(|Unwritable(why)| OpenTreeError::Car(why))?;
        Ok(Self { root: *root, files, blocks })
    }

    /// The bytes of a file of it.
    pub(crate) fn read(&self, cid: &Cid) -> Result<Bytes, ReadError> {
        read_file(&self.blocks, cid, MAX_FILE_BYTES)
    }
}

/// A tree whose files are many times as long as the CAR is made to fill disks: there a file that
/// lies at two paths is there once.
const ROOM: u64 = 1 << 30;
const TIMES: u64 = 64;

fn limits_of(car_bytes: u64) -> TreeLimits {
    TreeLimits { bytes: car_bytes.saturating_mul(TIMES).saturating_add(ROOM), ..TreeLimits::WHOLE }
}

/// Why a tree cannot be written as files.
#[derive(Debug)]
struct Unwritable(String);

impl From<ReadError> for Unwritable {
    fn from(error: ReadError) -> Self {
        Self(error.to_string())
    }
}

/// Every file and link, by its path.
fn tree_files(
    blocks: &dyn BlockSource,
    root: &Cid,
    limits: TreeLimits,
) -> Result<BTreeMap<String, TreeFile>, Unwritable> {
    let (mut tree, budget) = (BTreeMap::new(), TreeBudget::new(limits));
    // One that lies at many paths is read once.
    let mut known: HashMap<Cid, (u64, String)> = HashMap::new();
    let mut wanted = |folder: &str, DirectoryEntry { name, .. }: &DirectoryEntry| {
        let bad = matches!(name.as_str(), "" | "." | "..") || name.contains('/');
        match bad || name.contains(char::is_control) {
            true => Err(Unwritable(no_name(&format!("{folder}{name}")))),
            false => Ok(true),
        }
    };
    let mut visit = |Met { path, cid, kind }: Met| {
        let (content, fingerprint) = match kind {
            Kind::Symlink { target } if leaves(&path, &target) => {
                return Err(Unwritable(format!("the link {path:?} leads out of the folder")));
            }
            Kind::Symlink { target } => {
                let fingerprint = link_fingerprint(target.as_bytes());
                (Content::Link(target), fingerprint)
            }
            _ => {
                if let Entry::Vacant(place) = known.entry(cid) {
                    let file = read_file(blocks, &cid, MAX_FILE_BYTES);
                    let file = file.map_err(|error| Unwritable(format!("{path:?}: {error}")))?;
                    place.insert((file.len() as u64, fingerprint(&file)));
                }
                let (length, fingerprint) = known[&cid].clone();
                budget.bytes(length).map_err(ReadError::from)?;
                (Content::File, fingerprint)
            }
        };
        tree.insert(path, TreeFile { cid, content, fingerprint });
        Ok(())
    };
    walk_paths(blocks, root, &budget, &mut wanted, &mut visit)?;
    Ok(tree)
}

/// What is said of a name that no file may have.
pub(crate) fn no_name(path: &str) -> String {
    format!("{path:?} cannot be the name of a file here")
}

/// The sha2-256 of a file's bytes, in hexadecimal.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Another than that of any file with the link's text.
pub(crate) fn link_fingerprint(target: &[u8]) -> String {
    format!("link-{}", fingerprint(target))
}

/// Whether a link at `path` leads out of the folder.
fn leaves(path: &str, target: &str) -> bool {
    let mut depth = path.split('/').count() - 1;
    if target.starts_with('/') {
        return true;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{BlockSink, DAG_PB, MemoryBlocks, RAW, sha256_cid};

    #[test]
    fn links_to_one_file_are_counted_and_it_is_read_once() {
        let mut blocks = MemoryBlocks::new();
        let file = sha256_cid(RAW, &[7; 1000]);
        blocks.put(&file, &[7; 1000]).unwrap();
        let names: Vec<String> = (0..100).map(|number| format!("{number:03}")).collect();
        let links = names.iter().map(|name| {
            let link = [&[0x0a, 36][..], &file.to_bytes(), &[0x12, 3], name.as_bytes()].concat();
            [&[0x12, link.len() as u8][..], &link].concat()
        });
        let node = links.chain([vec![0x0a, 2, 8, 1]]).collect::<Vec<_>>().concat();
        let root = sha256_cid(DAG_PB, &node);
        blocks.put(&root, &node).unwrap();
        let limits = |bytes| TreeLimits { bytes, ..TreeLimits::WHOLE };
        assert_eq!(tree_files(&blocks, &root, limits(100_000)).unwrap().len(), 100);
        let Unwritable(why) = tree_files(&blocks, &root, limits(99_999)).unwrap_err();
        assert!(why.contains("more than 99999 bytes of blocks and files"), "{why}");
        assert_eq!(limits_of(1 << 20).bytes, (64 << 20) + (1 << 30));
    }

    #[test]
    fn links_that_leave() {
        for (path, target, expected) in [
            ("a", "b", false),
            ("a", "../b", true),
            ("d/a", "../b", false),
            ("d/a", "../../b", true),
            ("d/a", "x/../../../b", true),
            ("a", "/etc/passwd", true),
        ] {
            assert_eq!(leaves(path, target), expected, "{path} -> {target}");
        }
    }
}
