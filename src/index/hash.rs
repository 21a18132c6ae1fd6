//! CIDs of what is not known: of files by reading them, of folders from what is in them.

use std::io::{self, Read};

use rayon::prelude::*;

use super::stamp::Stamp;
use super::tree::{Entry, File, FileAt, Folder, Item, Tree};
use crate::ens::WELL_KNOWN;
use crate::folder::OpenDir;
use crate::ipfs::{BlockSink, Link, MAX_FILE_BYTES, Node, PackError, Packer, ROOT_FOLDER, leaf};

/// Why a CID cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    /// A file cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// The system's error.
        error: io::Error,
    },
    /// A folder cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
}

/// Takes blocks to nowhere: only their CIDs are wanted.
struct Nowhere;

impl BlockSink for Nowhere {
    fn put(&mut self, _cid: &cid::Cid, _data: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// The CID of a file that holds `bytes`.
///
/// # Errors
/// It cannot be packed.
pub(crate) fn node_of(bytes: &[u8]) -> io::Result<Node> {
    match leaf(bytes) {
        Some(node) => Ok(node),
        None => Packer::new(&mut Nowhere).file(bytes, PackError::Sink).map_err(io::Error::other),
    }
}

impl File {
    /// Reads it at `path` below `workspace`: its bytes, which are known from now on. It keeps no
    /// stamp when it changed meanwhile.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn read(&mut self, workspace: &OpenDir, path: &str) -> io::Result<Vec<u8>> {
        let mut file = workspace.file_up_to(path, MAX_FILE_BYTES)?;
        let before = Stamp::of_file(&file)?;
        let length = before.size().min(MAX_FILE_BYTES).saturating_add(1);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(2048));
        (&mut file).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        let is_still = Stamp::of_file(&file)? == before;
        self.stamp = if is_still { before } else { Stamp::NONE };
        self.node = Some(node_of(&bytes)?);
        Ok(bytes)
    }
}

impl Tree {
    /// Reads every file whose bytes are not known.
    ///
    /// # Errors
    /// [`HashError::Io`].
    pub(crate) fn read_unknown(&mut self, workspace: &OpenDir) -> Result<(), HashError> {
        for name in [WELL_KNOWN, ROOT_FOLDER] {
            let unknown = self.unknown(name).into_iter();
            let (large, small): (Vec<_>, Vec<_>) = unknown.partition(FileAt::is_large);
            let read = |FileAt { path, file }: FileAt<'_>| {
                file.read(workspace, &path).map(drop).map_err(|error| HashError::Io { path, error })
            };
            small.into_par_iter().try_for_each(read)?;
            large.into_iter().try_for_each(read)?;
        }
        Ok(())
    }

    /// The root that is published: `.well-known`, and what is in `root`. Files are read and
    /// folders packed as far as they are not known.
    ///
    /// # Errors
    /// [`HashError`].
    pub(crate) fn root(&mut self, workspace: &OpenDir) -> Result<Node, HashError> {
        self.read_unknown(workspace)?;
        let sink = &mut Nowhere;
        let mut packer = Packer::new(sink);
        for Entry { item, .. } in &mut self.top.entries {
            if let Item::Folder(folder) = item {
                folder.node(&mut packer)?;
            }
        }
        Ok(packer.directory(&self.links()?)?)
    }

    /// The links of the root that is published.
    pub(crate) fn links(&self) -> Result<Vec<Link>, PackError> {
        let beside = match self.folder(ROOT_FOLDER) {
            Some(beside) => beside.links()?,
            None => Vec::new(),
        };
        let well_known = self.folder(WELL_KNOWN).and_then(|folder| folder.node);
        let node = well_known.ok_or_else(|| PackError::NothingSigned(WELL_KNOWN.into()))?;
        root_links(beside, node)
    }
}

/// The links of a root: those of what lies beside `.well-known`, and that.
pub(super) fn root_links(mut beside: Vec<Link>, well_known: Node) -> Result<Vec<Link>, PackError> {
    let place = beside.partition_point(|link| *link.name < *WELL_KNOWN);
    if beside.get(place).is_some_and(|link| link.name == WELL_KNOWN) {
        return Err(PackError::Beside([ROOT_FOLDER, WELL_KNOWN].iter().collect()));
    }
    beside.insert(place, Link { name: WELL_KNOWN.to_owned(), node: well_known });
    Ok(beside)
}

impl Folder {
    /// Its CID, packed anew where it is not known. Every file in it is known.
    fn node(&mut self, packer: &mut Packer<'_>) -> Result<Node, PackError> {
        if let Some(node) = self.node {
            return Ok(node);
        }
        for Entry { item, .. } in &mut self.entries {
            if let Item::Folder(folder) = item
                && folder.holds_files()
            {
                folder.node(packer)?;
            }
        }
        let node = packer.directory(&self.links()?)?;
        self.node = Some(node);
        Ok(node)
    }

    /// What it links to: all but folders without files. Everything in it is known.
    pub(crate) fn links(&self) -> Result<Vec<Link>, PackError> {
        let link = |Entry { name, item }: &Entry| {
            let node = match item {
                Item::Folder(folder) if !folder.holds_files() => return None,
                Item::Folder(folder) => folder.node,
                Item::File(file) => file.node,
            };
            let unknown = || io::Error::other(format!("{name} is not known"));
            let node = node.ok_or_else(|| PackError::Sink(unknown()));
            Some(node.map(|node| Link { name: name.to_string(), node }))
        };
        self.entries.iter().filter_map(link).collect()
    }
}
