//! Packing a folder on disk as it stands, hidden names included.
//!
//! Symbolic links are kept as links, as Kubo does (so roots are equal); those that leave the
//! folder are refused, and none is followed. Files are read in chunks of 1 MiB, folders without
//! recursion; of a large one, all cores pack what is in it ahead of its turn.

use std::fs;
use std::path::{Component, Path};

use super::block::BlockSink;
use super::tree_files::MAX_FILE_BYTES;
use super::unixfs::{Link, Node, PackError, Packed, Packer};
use super::unixfs_ahead::{BATCH, Left, MAX_PART, ahead};
use crate::ens::WELL_KNOWN;
use crate::folder::{Kind, OpenDir};

/// Packs the folder `dir`; `progress` is told how many files are done.
///
/// # Errors
/// As [`PackError`] says: sockets, pipes and devices, links that leave the folder and names that
/// are not UTF-8 are refused.
pub fn pack_directory(
    dir: &Path,
    sink: &mut dyn BlockSink,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, PackError> {
    let mut packer = Packer::new(sink);
    let real = fs::canonicalize(dir).map_err(at(dir))?;
    if !real.is_dir() {
        return Err(PackError::NotFolder(dir.to_owned()));
    }
    let opened = OpenDir::open(&real).map_err(at(dir))?;
    let rules = Rules { root: &real, longest: u64::MAX, keeps_empty: true, is_part: false };
    let links = pack_links(opened, rules, &mut packer, progress)?;
    let root = packer.directory(&links)?;
    Ok(packer.packed(root))
}

/// Files of a workspace that are published beside `.well-known`, where there are any.
pub const ROOT_FOLDER: &str = "root";

/// Packs what a workspace publishes: a root that holds `.well-known`, and what is in
/// [`ROOT_FOLDER`]. Folders that hold no file are left out, as git leaves them out: of workspaces
/// with the same files the root is the same.
///
/// # Errors
/// As [`pack_directory`], and [`PackError::NothingSigned`] without `.well-known`.
pub fn pack_well_known(
    workspace: &Path,
    sink: &mut dyn BlockSink,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, PackError> {
    let (dir, beside) = (workspace.join(WELL_KNOWN), workspace.join(ROOT_FOLDER));
    let real = fs::canonicalize(workspace).map_err(at(workspace))?;
    let folder = OpenDir::open(&real).map_err(at(workspace))?;
    match folder.kind(WELL_KNOWN).map_err(at(&dir))? {
        None => return Err(PackError::NothingSigned(dir)),
        Some(Kind::Folder) => {}
        Some(_) => return Err(PackError::NotFolder(dir)),
    }
    let mut packer = Packer::new(sink);
    let tree = folder.folder(WELL_KNOWN).map_err(at(&dir))?;
    let mut done = 0;
    let mut count = |files: u64| {
        done = files;
        progress(files);
    };
    let root = tree.path().to_owned();
    let (longest, keeps_empty, is_part) = (MAX_FILE_BYTES, false, false);
    let rules = Rules { root: &root, longest, keeps_empty, is_part };
    let links = pack_links(tree, rules, &mut packer, &mut count)?;
    let node = packer.directory(&links)?;
    let mut links = match folder.kind(ROOT_FOLDER).map_err(at(&beside))? {
        Some(Kind::Folder) => {
            let opened = folder.folder(ROOT_FOLDER).map_err(at(&beside))?;
            let mut more = |files| progress(done + files);
            let root = opened.path().to_owned();
            pack_links(opened, Rules { root: &root, ..rules }, &mut packer, &mut more)?
        }
        Some(_) => return Err(PackError::NotFolder(beside)),
        None => Vec::new(),
    };
    if links.iter().any(|link| link.name == WELL_KNOWN) {
        return Err(PackError::Beside(beside.join(WELL_KNOWN)));
    }
    let place = links.partition_point(|link| *link.name < *WELL_KNOWN);
    links.insert(place, Link { name: WELL_KNOWN.to_owned(), node });
    let root = packer.directory(&links)?;
    Ok(packer.packed(root))
}

/// A folder that is being read: what is left of it (last first), what is packed.
struct Reading {
    folder: OpenDir,
    left: Vec<Left>,
    /// How many of those that are next were looked at ahead of their turn.
    ahead: usize,
    links: Vec<Link>,
}

impl Reading {
    fn new(folder: OpenDir) -> Result<Self, PackError> {
        let mut left = Vec::new();
        for (name, kind) in folder.entries().map_err(at(folder.path()))? {
            let name = name.into_string();
            let name = name.map_err(|name| PackError::NotUtf8(folder.path().join(name)))?;
            left.push(Left { name, kind, part: None });
        }
        left.sort_unstable_by(|a, b| b.name.cmp(&a.name));
        Ok(Self { folder, left, ahead: 0, links: Vec::new() })
    }

    /// What is next; of many, others are packed beside it.
    fn next(&mut self, rules: Rules<'_>) -> Option<Left> {
        if self.ahead == 0 && !rules.is_part {
            let from = self.left.len().saturating_sub(BATCH);
            self.ahead = self.left.len() - from;
            let longest = rules.longest.min(MAX_PART as u64);
            let (folder, rules) = (&self.folder, Rules { is_part: true, longest, ..rules });
            ahead(&mut self.left[from..], |one, packer| pack_one(folder, one, rules, packer));
        }
        self.ahead = self.ahead.saturating_sub(1);
        self.left.pop()
    }
}

/// What of a folder is packed.
#[derive(Clone, Copy)]
struct Rules<'a> {
    /// What is packed, which no link leaves.
    root: &'a Path,
    /// The most bytes of a file.
    longest: u64,
    /// Whether folders without any file below them are.
    keeps_empty: bool,
    /// Whether it is packed ahead of its turn, by one of several.
    is_part: bool,
}

/// Packs a folder whose path is canonical, up to the links of its directory, sorted by name.
fn pack_links(
    folder: OpenDir,
    rules: Rules<'_>,
    packer: &mut Packer<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Link>, PackError> {
    let mut files = 0;
    let mut below: Vec<(String, Reading)> = Vec::new();
    let mut current = Reading::new(folder)?;
    let mut name = String::new();
    loop {
        let Some(Left { name: next, kind, part }) = current.next(rules) else {
            let Some((outer_name, outer)) = below.pop() else { return Ok(current.links) };
            let inner = std::mem::replace(&mut current, outer);
            let name = std::mem::replace(&mut name, outer_name);
            if let Some(node) = directory(&inner.links, rules, packer)? {
                current.links.push(Link { name, node });
            }
            continue;
        };
        if let Some(part) = part {
            part.blocks.put_into(packer)?;
            current.links.extend(part.node.map(|node| Link { name: next, node }));
            files += part.files;
            progress(files);
            continue;
        }
        let Some(node) = leaf(&current.folder, &next, kind, rules, packer)? else {
            let inner = open(&current.folder, &next)?;
            let outer = std::mem::replace(&mut current, Reading::new(inner)?);
            below.push((std::mem::replace(&mut name, next), outer));
            continue;
        };
        current.links.push(Link { name: next, node });
        files += 1;
        progress(files);
    }
}

/// What is in a folder, without its turn; none where no file is, and such are left out. Also how
/// many files there are.
fn pack_one(
    folder: &OpenDir,
    (name, kind): (&str, Kind),
    rules: Rules<'_>,
    packer: &mut Packer<'_>,
) -> Result<(Option<Node>, u64), PackError> {
    if let Some(node) = leaf(folder, name, kind, rules, packer)? {
        return Ok((Some(node), 1));
    }
    let mut count = 0;
    let inner = open(folder, name)?;
    let links = pack_links(inner, rules, packer, &mut |files| count = files)?;
    Ok((directory(&links, rules, packer)?, count))
}

fn open(folder: &OpenDir, name: &str) -> Result<OpenDir, PackError> {
    folder.folder(name).map_err(|error| at(&folder.path().join(name))(error))
}

/// A folder with `links`; none where it is left out.
fn directory(
    links: &[Link],
    rules: Rules<'_>,
    packer: &mut Packer<'_>,
) -> Result<Option<Node>, PackError> {
    let is_kept = rules.keeps_empty || !links.is_empty();
    is_kept.then(|| packer.directory(links)).transpose()
}

/// A file or a link in `folder`; none of a folder.
fn leaf(
    folder: &OpenDir,
    name: &str,
    kind: Kind,
    rules: Rules<'_>,
    packer: &mut Packer<'_>,
) -> Result<Option<Node>, PackError> {
    let path = || folder.path().join(name);
    match kind {
        Kind::Folder => Ok(None),
        Kind::Link => packer.symlink(&link_target(folder, name, rules.root)?).map(Some),
        Kind::File => {
            let file = folder.file_up_to(name, rules.longest);
            let file = file.map_err(|error| at(&path())(error))?;
            packer.file(file, |error| at(&path())(error)).map(Some)
        }
        Kind::Other(_) => Err(PackError::Special(path())),
    }
}

/// Where a link points, as written. Neither its text nor what the system makes of it may leave
/// `root`, which is canonical.
fn link_target(folder: &OpenDir, name: &str, root: &Path) -> Result<String, PackError> {
    let path = &folder.path().join(name);
    let target = folder.read_link(name).map_err(at(path))?;
    let leaves = || PackError::LinkLeaves { path: path.to_owned(), target: target.clone() };
    let mut depth = folder.path().strip_prefix(root).map_err(|_| leaves())?.components().count();
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth = depth.checked_sub(1).ok_or_else(leaves)?,
            Component::RootDir | Component::Prefix(_) => return Err(leaves()),
        }
    }
    if fs::canonicalize(path).is_ok_and(|real| !real.starts_with(root)) {
        return Err(leaves());
    }
    target.clone().into_os_string().into_string().map_err(|_| PackError::NotUtf8(target))
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> PackError + '_ {
    move |source| PackError::Io { path: path.to_owned(), source }
}
