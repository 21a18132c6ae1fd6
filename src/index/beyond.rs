//! The blocks that a tree has beyond others that are at hand: what is sent of it.
//!
//! They are made anew, files read and folders packed, and each must have the CID that is known of
//! it: so an index that lies is found.

use std::io;

use cid::Cid;

use super::hash::HashError;
use super::tree::{Entry, File, Folder, Item, Tree};
use crate::folder::OpenDir;
use crate::ipfs::{BlockSink, Node, PackError, Packer, ROOT_FOLDER};

/// Why the blocks cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeyondError {
    /// Something is not what it was said to be: it changed a moment ago, or the index lies.
    #[error("{0} is not what is known of it")]
    NotTrue(String),
    /// A file cannot be read, or a block not be written.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl From<PackError> for BeyondError {
    fn from(error: PackError) -> Self {
        Self::Hash(error.into())
    }
}

/// Passes on what is not at hand.
struct Beyond<'a> {
    has: &'a dyn Fn(&Cid) -> bool,
    sink: &'a mut dyn BlockSink,
}

impl BlockSink for Beyond<'_> {
    fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
        match (self.has)(cid) {
            true => Ok(()),
            false => self.sink.put(cid, data),
        }
    }
}

impl Tree {
    /// Gives `sink` every block of the tree but those below a node that is at hand, and the root.
    ///
    /// # Errors
    /// [`BeyondError`]; what was written is of no use then.
    pub(crate) fn beyond(
        &mut self,
        workspace: &OpenDir,
        has: &dyn Fn(&Cid) -> bool,
        sink: &mut dyn BlockSink,
    ) -> Result<Node, BeyondError> {
        let root = self.root(workspace)?;
        let mut beyond = Beyond { has, sink };
        let mut packing = Packing { workspace, has, packer: Packer::new(&mut beyond) };
        for Entry { name, item } in &self.top.entries {
            match item {
                // What is in it lies at the root.
                Item::Folder(folder) if **name == *ROOT_FOLDER => packing.entries(name, folder)?,
                Item::Folder(folder) => packing.folder(name, folder)?,
                Item::File(_) => {}
            }
        }
        match packing.packer.directory(&self.links()?)? {
            packed if packed == root => Ok(root),
            _ => Err(BeyondError::NotTrue("the root".to_owned())),
        }
    }
}

struct Packing<'a, 'p> {
    workspace: &'a OpenDir,
    has: &'a dyn Fn(&Cid) -> bool,
    packer: Packer<'p>,
}

impl Packing<'_, '_> {
    fn folder(&mut self, path: &str, folder: &Folder) -> Result<(), BeyondError> {
        let not_true = || BeyondError::NotTrue(path.to_owned());
        let node = folder.node.ok_or_else(not_true)?;
        if (self.has)(&node.cid()) {
            return Ok(());
        }
        self.entries(path, folder)?;
        let packed = self.packer.directory(&folder.links()?)?;
        if packed == node { Ok(()) } else { Err(not_true()) }
    }

    fn entries(&mut self, path: &str, folder: &Folder) -> Result<(), BeyondError> {
        for Entry { name, item } in &folder.entries {
            let is_at_hand = match item {
                Item::Folder(folder) => folder.node,
                Item::File(file) => file.node,
            };
            if is_at_hand.is_some_and(|node| (self.has)(&node.cid())) {
                continue;
            }
            let path = format!("{path}/{name}");
            match item {
                Item::Folder(folder) if !folder.holds_files() => {}
                Item::Folder(folder) => self.folder(&path, folder)?,
                Item::File(file) => self.file(&path, file)?,
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, file: &File) -> Result<(), BeyondError> {
        let mut anew = File::default();
        let bytes = anew.read(self.workspace, path);
        let failed = |error| HashError::Io { path: path.to_owned(), error };
        let bytes = bytes.map_err(failed)?;
        if anew.node != file.node {
            return Err(BeyondError::NotTrue(path.to_owned()));
        }
        self.packer.file(&bytes[..], PackError::Sink)?;
        Ok(())
    }
}
