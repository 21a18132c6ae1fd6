//! A packed tree with some files changed: only the folders above them are packed again.

use std::collections::BTreeMap;

use cid::Cid;

use super::block::{BlockSink, BlockSource};
use super::reader::{Kind, ReadError, list, resolve};
use super::tree_budget::{TreeBudget, TreeLimits};
use super::unixfs::{Link, Node, PackError, Packer};

/// Files by their path from the root, parts joined by `/`: what each holds, or none where it goes.
pub type Edits = BTreeMap<String, Option<Vec<u8>>>;

/// Why a tree cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It cannot be read.
    #[error(transparent)]
    Read(Box<ReadError>),
    /// It cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
}

/// What happens at one name of a folder.
#[derive(Default)]
pub(crate) struct At<'a> {
    /// The file there.
    pub(crate) file: Option<&'a Option<Vec<u8>>>,
    /// Files below it.
    pub(crate) below: Vec<(&'a str, &'a Option<Vec<u8>>)>,
}

struct Editing<'a> {
    source: &'a dyn BlockSource,
    budget: TreeBudget,
}

/// Packs the tree below `root` with `edits`, to `sink` what is new of it: its root. Folders that
/// get empty go; without `root` all of it is new.
///
/// # Errors
/// [`EditError`]: the tree cannot be read, or not be packed.
pub fn edit_tree(
    source: &dyn BlockSource,
    root: Option<&Cid>,
    edits: &Edits,
    sink: &mut dyn BlockSink,
) -> Result<Cid, EditError> {
    let editing = Editing { source, budget: TreeBudget::new(TreeLimits::WHOLE) };
    let mut packer = Packer::new(sink);
    let edits = edits.iter().map(|(path, content)| (path.as_str(), content)).collect();
    let node = match editing.folder(root, edits, &mut packer)? {
        Some(node) => node,
        None => packer.directory(&[])?,
    };
    Ok(packer.packed(node).root)
}

impl Editing<'_> {
    /// The folder `cid` with what happens in it; none where it gets empty.
    fn folder(
        &self,
        cid: Option<&Cid>,
        edits: Vec<(&str, &Option<Vec<u8>>)>,
        packer: &mut Packer<'_>,
    ) -> Result<Option<Node>, EditError> {
        let mut links: BTreeMap<String, Node> = BTreeMap::new();
        for entry in
            cid.map(|cid| list(self.source, cid, &self.budget)).transpose()?.into_iter().flatten()
        {
            let unreadable = |reason: &str| ReadError::Malformed {
                cid: cid.copied().unwrap_or_default(),
                reason: format!("{}: {reason}", entry.name),
            };
            let child = entry.cid.map_err(unreadable)?;
            links.insert(entry.name, Node::of(&child, entry.size));
        }
        for (name, At { file, below }) in by_name(edits) {
            let before = links.remove(name);
            let node = match file {
                Some(Some(content)) => Some(packer.file(&content[..], PackError::Sink)?),
                Some(None) if below.is_empty() => None,
                _ => self.at(before.filter(|_| file.is_none()), below, packer)?,
            };
            links.extend(node.map(|node| (name.to_owned(), node)));
        }
        let links: Vec<Link> = links.into_iter().map(|(name, node)| Link { name, node }).collect();
        Ok(match links.is_empty() {
            true => None,
            false => Some(packer.directory(&links)?),
        })
    }

    /// What stands at a name, with what happens below it: a file there goes.
    fn at(
        &self,
        before: Option<Node>,
        below: Vec<(&str, &Option<Vec<u8>>)>,
        packer: &mut Packer<'_>,
    ) -> Result<Option<Node>, EditError> {
        let Some(node) = before else { return self.folder(None, below, packer) };
        let cid = node.cid();
        let is_folder = resolve(self.source, &cid, &[])?.kind == Kind::Directory;
        match (is_folder, below.iter().any(|(_, content)| content.is_some())) {
            (true, _) => self.folder(Some(&cid), below, packer),
            (false, true) => self.folder(None, below, packer),
            // Nothing was below it, and nothing will be.
            (false, false) => Ok(Some(node)),
        }
    }
}

/// What happens in a folder, by the names in it.
pub(crate) fn by_name<'a>(edits: Vec<(&'a str, &'a Option<Vec<u8>>)>) -> BTreeMap<&'a str, At<'a>> {
    let mut by_name: BTreeMap<&str, At<'_>> = BTreeMap::new();
    for (path, content) in edits {
        match path.split_once('/') {
            Some((name, rest)) => by_name.entry(name).or_default().below.push((rest, content)),
            None => by_name.entry(path).or_default().file = Some(content),
        }
    }
    by_name
}

impl From<ReadError> for EditError {
    fn from(error: ReadError) -> Self {
        Self::Read(Box::new(error))
    }
}

/// Every way in which edits change a tree.
#[cfg(test)]
pub(crate) mod cases {
    pub(crate) const FILES: [&str; 5] = ["a/b/c", "a/b/d", "a/e", "f", "a-b/g"];
    pub(crate) const EDITS: [&[(&str, Option<&str>)]; 11] = [
        &[],
        &[("a/b/c", Some("x"))],
        &[("new/er/file", Some("x")), ("a/b/z", Some("y"))],
        &[("a/b/c", None)],
        &[("a/b/c", None), ("a/b/d", None)],
        &[("a-b/g", None), ("f", None)],
        &[("a/e", None), ("a/e/now", Some("a folder"))],
        &[("a/b/c", None), ("a/b/d", None), ("a/b", Some("now a file"))],
        &[("nothing/there", None), ("a/e/below", None)],
        &[("a/b/c", None), ("a/b/d", None), ("a/e", None), ("a-b/g", None), ("f", None)],
        &[("z", Some("last")), ("a/a", Some("first"))],
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{MemoryBlocks, pack_files};

    type Files = BTreeMap<String, String>;

    fn packed(blocks: &mut MemoryBlocks, files: &Files) -> Cid {
        pack_files(files.iter(), blocks).unwrap().root
    }

    /// The files with the edits made, packed from nothing, give the same root.
    fn check(files: &Files, edits: &[(&str, Option<&str>)]) {
        let mut blocks = MemoryBlocks::new();
        let root = packed(&mut blocks, files);
        let mut after = files.clone();
        for (path, content) in edits {
            match content {
                Some(content) => _ = after.insert((*path).to_owned(), (*content).to_owned()),
                None => _ = after.remove(*path),
            }
        }
        let edits = edits.iter().map(|(path, content)| {
            ((*path).to_owned(), content.map(|content| content.as_bytes().to_vec()))
        });
        let edits: Edits = edits.collect();
        let mut new = MemoryBlocks::new();
        let edited = edit_tree(&blocks, Some(&root), &edits, &mut new).unwrap();
        assert_eq!(edited, packed(&mut MemoryBlocks::new(), &after), "{edits:?}");
    }

    fn files(paths: &[&str]) -> Files {
        paths.iter().map(|path| ((*path).to_owned(), format!("in {path}"))).collect()
    }

    #[test]
    fn an_edited_tree_is_the_tree_of_the_edited_files() {
        cases::EDITS.iter().for_each(|edits| check(&files(&cases::FILES), edits));
    }

    #[test]
    fn a_large_folder_is_edited_too() {
        let paths: Vec<String> = (0..4500).map(|n| format!("many/{n:060}/x")).collect();
        let some = files(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        let path = format!("many/{:060}/x", 17);
        check(&some, &[(&path, Some("changed"))]);
        check(&some, &[(&path, None)]);
    }

    #[test]
    fn without_a_tree_all_is_new() {
        let edits = Edits::from([("a/b".to_owned(), Some(b"in a/b".to_vec()))]);
        let mut new = MemoryBlocks::new();
        let made = edit_tree(&MemoryBlocks::new(), None, &edits, &mut new).unwrap();
        assert_eq!(made, packed(&mut MemoryBlocks::new(), &files(&["a/b"])));
    }
}
