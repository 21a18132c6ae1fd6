//! The blocks that a tree has beyond others that are at hand: what is sent of it.
//!
//! They are made anew, files read and folders packed, and each must have the CID that is known of
//! it: so an index that lies is found.

use std::io;

use cid::Cid;

use super::hash::{HashError, root_links};
use super::tree::{Entry, File, Folder, Item, Tree};
use crate::ens::WELL_KNOWN;
use crate::folder::OpenDir;
use crate::ipfs::{At, BlockSink, Edits, Link, Node, PackError, Packer, ROOT_FOLDER, by_name};

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
        self.read_unknown(workspace)?;
        let mut beyond = Beyond { has, sink };
        let mut packing = Packing { workspace, has, packer: Packer::new(&mut beyond) };
        for Entry { name, item } in &mut self.top.entries {
            match item {
                // What is in it lies at the root.
                Item::Folder(folder) if **name == *ROOT_FOLDER => packing.entries(name, folder)?,
                Item::Folder(folder) => _ = packing.folder(name, folder)?,
                Item::File(_) => {}
            }
        }
        Ok(packing.packer.directory(&self.links()?)?)
    }

    /// As [`beyond`](Self::beyond), of the tree with `edits` in `.well-known`. None where no file
    /// is left in it.
    ///
    /// # Errors
    /// As [`beyond`](Self::beyond), and where there is no such folder.
    pub(crate) fn edited(
        &mut self,
        workspace: &OpenDir,
        edits: &Edits,
        has: &dyn Fn(&Cid) -> bool,
        sink: &mut dyn BlockSink,
    ) -> Result<Option<Node>, BeyondError> {
        self.read_unknown(workspace)?;
        let mut beyond = Beyond { has, sink };
        let mut packing = Packing { workspace, has, packer: Packer::new(&mut beyond) };
        let (mut well_known, mut beside) = (None, Vec::new());
        for Entry { name, item } in &mut self.top.entries {
            match item {
                Item::Folder(folder) if **name == *WELL_KNOWN => {
                    let edits = edits.iter().filter_map(|(path, content)| {
                        Some((path.strip_prefix(WELL_KNOWN)?.strip_prefix('/')?, content))
                    });
                    well_known = packing.edited(name, Some(folder), edits.collect())?;
                }
                Item::Folder(folder) if **name == *ROOT_FOLDER => {
                    packing.entries(name, folder)?;
                    beside = folder.links()?;
                }
                Item::Folder(_) | Item::File(_) => {}
            }
        }
        let Some(well_known) = well_known else { return Ok(None) };
        Ok(Some(packing.packer.directory(&root_links(beside, well_known)?)?))
    }
}

struct Packing<'a, 'p> {
    workspace: &'a OpenDir,
    has: &'a dyn Fn(&Cid) -> bool,
    packer: Packer<'p>,
}

impl Packing<'_, '_> {
    fn is_at_hand(&self, node: Option<Node>) -> bool {
        node.is_some_and(|node| (self.has)(&node.cid()))
    }

    /// A folder as it is; its CID, where it was not known, is so from then on.
    fn folder(&mut self, path: &str, folder: &mut Folder) -> Result<Node, BeyondError> {
        match folder.node {
            Some(node) if self.is_at_hand(Some(node)) => return Ok(node),
            _ => {}
        }
        self.entries(path, folder)?;
        let packed = self.packer.directory(&folder.links()?)?;
        match folder.node {
            Some(node) if node != packed => Err(BeyondError::NotTrue(path.to_owned())),
            _ => {
                folder.node = Some(packed);
                Ok(packed)
            }
        }
    }

    fn entries(&mut self, path: &str, folder: &mut Folder) -> Result<(), BeyondError> {
        let entries = &mut folder.entries;
        entries
            .iter_mut()
            .try_for_each(|Entry { name, item }| self.item(path, name, item).map(drop))
    }

    /// Something in a folder at `path`; none where it is not published.
    fn item(
        &mut self,
        path: &str,
        name: &str,
        item: &mut Item,
    ) -> Result<Option<Node>, BeyondError> {
        let node = match item {
            Item::Folder(folder) => folder.node,
            Item::File(file) => file.node,
        };
        if self.is_at_hand(node) {
            return Ok(node);
        }
        let path = format!("{path}/{name}");
        match item {
            Item::Folder(folder) if !folder.holds_files() => Ok(None),
            Item::Folder(folder) => self.folder(&path, folder).map(Some),
            Item::File(file) => self.file(&path, file).map(Some),
        }
    }

    /// A folder with what happens in it; none where no file is left.
    fn edited(
        &mut self,
        path: &str,
        folder: Option<&mut Folder>,
        edits: Vec<(&str, &Option<Vec<u8>>)>,
    ) -> Result<Option<Node>, BeyondError> {
        let (mut by_name, mut links) = (by_name(edits), Vec::new());
        for Entry { name, item } in folder.into_iter().flat_map(|folder| &mut folder.entries) {
            let node = match by_name.remove(&**name) {
                None => self.item(path, name, item)?,
                Some(at) => self.edited_item(&format!("{path}/{name}"), Some(item), at)?,
            };
            links.extend(node.map(|node| Link { name: name.to_string(), node }));
        }
        for (name, at) in by_name {
            let node = self.edited_item(&format!("{path}/{name}"), None, at)?;
            links.extend(node.map(|node| Link { name: name.to_owned(), node }));
        }
        links.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        match links.is_empty() {
            true => Ok(None),
            false => Ok(Some(self.packer.directory(&links)?)),
        }
    }

    fn edited_item(
        &mut self,
        path: &str,
        item: Option<&mut Item>,
        At { file, below }: At<'_>,
    ) -> Result<Option<Node>, BeyondError> {
        match (file, item) {
            (Some(Some(content)), _) => Ok(Some(self.packer.file(&content[..], PackError::Sink)?)),
            (None, Some(Item::Folder(folder))) => self.edited(path, Some(folder), below),
            // Nothing was below it, and nothing will be.
            (None, Some(Item::File(file)))
                if below.iter().all(|(_, content)| content.is_none()) =>
            {
                self.file(path, file).map(Some)
            }
            _ => self.edited(path, None, below),
        }
    }

    fn file(&mut self, path: &str, file: &File) -> Result<Node, BeyondError> {
        let mut anew = File::default();
        let bytes = anew.read(self.workspace, path);
        let failed = |error| HashError::Io { path: path.to_owned(), error };
        let bytes = bytes.map_err(failed)?;
        if anew.node != file.node {
            return Err(BeyondError::NotTrue(path.to_owned()));
        }
        Ok(self.packer.file(&bytes[..], PackError::Sink)?)
    }
}
