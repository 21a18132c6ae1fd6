//! The verified blocks of a tree: in memory, or, of large trees, in a file that nobody else sees.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cid::Cid;

use crate::ipfs::{BlockSink, BlockSource, ScratchBlocks};

/// Blocks, under their CID in version 1, since links may use either version.
pub(super) enum Cache {
    Memory(HashMap<Cid, Bytes>),
    /// In a file of this folder, once there is a block.
    Disk(PathBuf, Option<ScratchBlocks>),
}

impl Default for Cache {
    fn default() -> Self {
        Self::Memory(HashMap::new())
    }
}

/// An empty file without a name in `folder`.
pub(super) fn scratch_in(folder: &Path) -> io::Result<File> {
    tempfile::tempfile_in(folder).map_err(|error| {
        let said = format!("no file can be made in {}: {error}", folder.display());
        io::Error::new(error.kind(), said)
    })
}

impl Cache {
    pub(super) fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        match self {
            Self::Memory(blocks) => Ok(blocks.get(&version_1(cid)).cloned()),
            Self::Disk(_, None) => Ok(None),
            Self::Disk(_, Some(blocks)) => blocks.get(&version_1(cid)),
        }
    }

    pub(super) fn has(&self, cid: &Cid) -> bool {
        match self {
            Self::Memory(blocks) => blocks.contains_key(&version_1(cid)),
            Self::Disk(_, blocks) => {
                blocks.as_ref().is_some_and(|blocks| blocks.has(&version_1(cid)))
            }
        }
    }

    pub(super) fn put(&mut self, cid: &Cid, data: &Bytes) -> io::Result<()> {
        let cid = version_1(cid);
        match self {
            Self::Memory(blocks) => _ = blocks.insert(cid, data.clone()),
            Self::Disk(_, Some(blocks)) => blocks.put(&cid, data)?,
            Self::Disk(folder, place @ None) => {
                place.insert(ScratchBlocks::new(scratch_in(folder)?)).put(&cid, data)?;
            }
        }
        Ok(())
    }
}

fn version_1(cid: &Cid) -> Cid {
    cid.into_v1().unwrap_or(*cid)
}
