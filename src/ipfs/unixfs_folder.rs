//! Packing a folder on disk as it stands, hidden names included.
//!
//! Symbolic links are kept as links, as Kubo does (so roots are equal); those that leave the
//! folder are refused. Files are read in chunks of 1 MiB, folders without recursion.

use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};

use super::block::BlockSink;
use super::unixfs::{Link, Node, PackError, Packed, Packer};

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
    let root = pack_folder(dir, &mut packer, progress)?;
    Ok(packer.packed(root))
}

/// Packs what a workspace publishes: a root that holds `.well-known` alone.
///
/// # Errors
/// As [`pack_directory`], and [`PackError::NothingSigned`] without `.well-known`.
pub fn pack_well_known(
    workspace: &Path,
    sink: &mut dyn BlockSink,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, PackError> {
    let dir = workspace.join(".well-known");
    match fs::symlink_metadata(&dir) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(PackError::NotFolder(dir)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(PackError::NothingSigned(dir));
        }
        Err(error) => return Err(at(&dir)(error)),
    }
    let mut packer = Packer::new(sink);
    let node = pack_folder(&dir, &mut packer, progress)?;
    let root = packer.directory(&[Link { name: ".well-known".to_owned(), node }])?;
    Ok(packer.packed(root))
}

/// A folder that is being read: what is left of it (last first), what is packed.
struct OpenFolder {
    path: PathBuf,
    left: Vec<String>,
    links: Vec<Link>,
}

impl OpenFolder {
    fn read(path: PathBuf) -> Result<Self, PackError> {
        let mut left = Vec::new();
        for entry in fs::read_dir(&path).map_err(at(&path))? {
            let name = entry.map_err(at(&path))?.file_name();
            left.push(name.into_string().map_err(|name| PackError::NotUtf8(path.join(name)))?);
        }
        left.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Self { path, left, links: Vec::new() })
    }
}

fn pack_folder(
    dir: &Path,
    packer: &mut Packer<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Node, PackError> {
    let root = fs::canonicalize(dir).map_err(at(dir))?;
    if !root.is_dir() {
        return Err(PackError::NotFolder(dir.to_owned()));
    }
    let mut files = 0;
    let mut below: Vec<(String, OpenFolder)> = Vec::new();
    let mut current = OpenFolder::read(root.clone())?;
    let mut name = String::new();
    loop {
        let Some(next) = current.left.pop() else {
            let node = packer.directory(&current.links)?;
            let Some((outer_name, outer)) = below.pop() else { return Ok(node) };
            current = outer;
            current.links.push(Link { name: std::mem::replace(&mut name, outer_name), node });
            continue;
        };
        let path = current.path.join(&next);
        let kind = fs::symlink_metadata(&path).map_err(at(&path))?.file_type();
        if kind.is_dir() {
            let inner = OpenFolder::read(path)?;
            let outer = std::mem::replace(&mut current, inner);
            below.push((std::mem::replace(&mut name, next), outer));
            continue;
        }
        let node = if kind.is_symlink() {
            packer.symlink(&link_target(&path, &root)?)?
        } else if kind.is_file() {
            pack_file(&path, packer)?
        } else {
            return Err(PackError::Special(path));
        };
        current.links.push(Link { name: next, node });
        files += 1;
        progress(files);
    }
}

fn pack_file(path: &Path, packer: &mut Packer<'_>) -> Result<Node, PackError> {
    let file = File::open(path).map_err(at(path))?;
    packer.file(file, at(path))
}

/// Where a link points, as written. Neither its text nor what the system makes of it may leave
/// `root`, which is canonical.
fn link_target(path: &Path, root: &Path) -> Result<String, PackError> {
    let target = fs::read_link(path).map_err(at(path))?;
    let leaves = || PackError::LinkLeaves { path: path.to_owned(), target: target.clone() };
    let folder = path.parent().unwrap_or(root);
    let mut depth = folder.strip_prefix(root).map_err(|_| leaves())?.components().count();
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
