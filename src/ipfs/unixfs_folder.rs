//! Packing a folder on disk as it stands, hidden names included.
//!
//! Symbolic links are kept as links, as Kubo does (so roots are equal); those that leave the
//! folder are refused, and none is followed. Files are read in chunks of 1 MiB, folders without
//! recursion.

use std::fs;
use std::path::{Component, Path};

use super::block::BlockSink;
use super::tree_files::MAX_FILE_BYTES;
use super::unixfs::{Link, PackError, Packed, Packer};
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
    let rules = Rules { longest: u64::MAX, keeps_empty: true };
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
    let rules = Rules { longest: MAX_FILE_BYTES, keeps_empty: false };
    let links = pack_links(tree, rules, &mut packer, &mut count)?;
    let node = packer.directory(&links)?;
    let mut links = match folder.kind(ROOT_FOLDER).map_err(at(&beside))? {
        Some(Kind::Folder) => {
            let opened = folder.folder(ROOT_FOLDER).map_err(at(&beside))?;
            let mut more = |files| progress(done + files);
            pack_links(opened, rules, &mut packer, &mut more)?
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
    left: Vec<(String, Kind)>,
    links: Vec<Link>,
}

impl Reading {
    fn new(folder: OpenDir) -> Result<Self, PackError> {
        let mut left = Vec::new();
        for (name, kind) in folder.entries().map_err(at(folder.path()))? {
            let name = name.into_string();
            let name = name.map_err(|name| PackError::NotUtf8(folder.path().join(name)))?;
            left.push((name, kind));
        }
        left.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        Ok(Self { folder, left, links: Vec::new() })
    }
}

/// What of a folder is packed.
#[derive(Clone, Copy)]
struct Rules {
    /// The most bytes of a file.
    longest: u64,
    /// Whether folders without any file below them are.
    keeps_empty: bool,
}

/// Packs a folder whose path is canonical, up to the links of its directory, sorted by name.
fn pack_links(
    folder: OpenDir,
    rules: Rules,
    packer: &mut Packer<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Link>, PackError> {
    let root = folder.path().to_owned();
    let mut files = 0;
    let mut below: Vec<(String, Reading)> = Vec::new();
    let mut current = Reading::new(folder)?;
    let mut name = String::new();
    loop {
        let Some((next, kind)) = current.left.pop() else {
            let Some((outer_name, outer)) = below.pop() else { return Ok(current.links) };
            let inner = std::mem::replace(&mut current, outer);
            let name = std::mem::replace(&mut name, outer_name);
            if rules.keeps_empty || !inner.links.is_empty() {
                let node = packer.directory(&inner.links)?;
                current.links.push(Link { name, node });
            }
            continue;
        };
        let path = || current.folder.path().join(&next);
        let node = match kind {
            Kind::Folder => {
                let inner = current.folder.folder(&next).map_err(|e| at(&path())(e))?;
                let inner = Reading::new(inner)?;
                let outer = std::mem::replace(&mut current, inner);
                below.push((std::mem::replace(&mut name, next), outer));
                continue;
            }
            Kind::Link => packer.symlink(&link_target(&current.folder, &next, &root)?)?,
            Kind::File => {
                let file = current.folder.file_up_to(&next, rules.longest);
                let file = file.map_err(|error| at(&path())(error))?;
                packer.file(file, |error| at(&path())(error))?
            }
            Kind::Other(_) => return Err(PackError::Special(path())),
        };
        current.links.push(Link { name: next, node });
        files += 1;
        progress(files);
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
