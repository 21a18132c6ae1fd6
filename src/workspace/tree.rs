//! The tree under `.well-known/`: record files, and files of others that are left alone.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::ens::WELL_KNOWN;
use crate::folder::{Kind, OpenDir};
use crate::record::{FileError, MAX_RECORD_FILE, PathMeaning, RecordFile, meaning};

/// How deep folders are followed: a name of 127 labels and its record types fit.
const MAX_DEPTH: usize = 136;

/// Why a record's payload cannot be had from a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is no record file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The payload of the record file at `path` of `workspace`.
pub(super) fn read_payload(workspace: &OpenDir, path: &str) -> Result<Vec<u8>, ReadError> {
    Ok(RecordFile::payload(&read_bounded(workspace, path)?)?)
}

/// Reads a file that may be a record file: of one that is too long, only enough to see that. A
/// link is followed as far as a published tree may have it: to another file of the tree.
pub(crate) fn read_bounded(workspace: &OpenDir, path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2048);
    let file = workspace.file_inside(Path::new(WELL_KNOWN), Path::new(path))?;
    file.take(MAX_RECORD_FILE + 1).read_to_end(&mut bytes)?;
    tracing::debug!("read {path}: {} bytes", bytes.len());
    Ok(bytes)
}

/// A file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its path in the workspace, separated by `/`, starting with `.well-known/`.
    pub path: String,
    /// What the path can mean.
    pub meaning: PathMeaning,
}

/// Why the tree cannot be walked.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A folder cannot be read.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A name of a file is not UTF-8.
    #[error("{}: the file's name is not UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// A symbolic link points out of the folder.
    #[error("{}: the link leaves {WELL_KNOWN}; a published tree holds only its own files: copy the file instead", .0.display())]
    LinkLeaves(PathBuf),
    /// A symbolic link to a folder.
    #[error("{}: the link leads to a folder, which neither gateways nor web hosts follow; copy the folder instead", .0.display())]
    LinkToFolder(PathBuf),
    /// A symbolic link in place of the folder, or a file.
    #[error("{}: this must be a folder, and no link", .0.display())]
    NotFolder(PathBuf),
    /// Folders within folders, more than any name has labels.
    #[error("{}: folders are nested more than {MAX_DEPTH} deep", .0.display())]
    TooDeep(PathBuf),
}

/// Every file under `.well-known/` of `workspace`, sorted by path.
///
/// # Errors
/// [`TreeError`] names the path.
pub fn walk(workspace: &Path) -> Result<Vec<TreeEntry>, TreeError> {
    let failed = |error| TreeError::Io { path: workspace.to_owned(), error };
    walk_in(&OpenDir::open(workspace).map_err(failed)?)
}

/// As [`walk`], in an open folder.
pub(super) fn walk_in(workspace: &OpenDir) -> Result<Vec<TreeEntry>, TreeError> {
    let at = |path: &str| workspace.path().join(path);
    let failed = |path: &str| {
        let path = at(path);
        move |error| TreeError::Io { path, error }
    };
    match workspace.kind(WELL_KNOWN).map_err(failed(WELL_KNOWN))? {
        None => return Ok(Vec::new()),
        Some(Kind::Folder) => {}
        Some(_) => return Err(TreeError::NotFolder(at(WELL_KNOWN))),
    }
    let mut files = Vec::new();
    let mut folders = vec![(WELL_KNOWN.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let opened = workspace.folder(&folder).map_err(failed(&folder))?;
        if depth > MAX_DEPTH {
            return Err(TreeError::TooDeep(at(&folder)));
        }
        for (name, kind) in opened.entries().map_err(failed(&folder))? {
            let path = match name.to_str() {
                Some(name) => format!("{folder}/{name}"),
                None => return Err(TreeError::NotUtf8(at(&folder).join(name))),
            };
            match kind {
                Kind::Folder => folders.push((path, depth + 1)),
                Kind::Link => {
                    check_link(workspace, &path)?;
                    files.push(path);
                }
                Kind::File | Kind::Other(_) => files.push(path),
            }
        }
    }
    files.sort_unstable();
    let entry = |path: String| TreeEntry { meaning: meaning(&path), path };
    Ok(files.into_iter().map(entry).collect())
}

/// A link leads to another file of the tree, as when it is packed.
fn check_link(workspace: &OpenDir, path: &str) -> Result<(), TreeError> {
    let at = || workspace.path().join(path);
    let target = workspace.target_inside(Path::new(WELL_KNOWN), Path::new(path));
    let target = target.map_err(|error| TreeError::Io { path: at(), error })?;
    let Some(target) = target else { return Err(TreeError::LinkLeaves(at())) };
    match workspace.kind(target).map_err(|error| TreeError::Io { path: at(), error })? {
        Some(Kind::Folder) => Err(TreeError::LinkToFolder(at())),
        Some(_) => Ok(()),
        None => Err(TreeError::Io { path: at(), error: io::ErrorKind::NotFound.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_folder_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("ws/.well-known");
        std::fs::create_dir_all(&tree).unwrap();
        std::fs::write(dir.path().join("secret"), "x").unwrap();
        std::fs::write(tree.join("a.txt"), "x").unwrap();
        std::os::unix::fs::symlink("a.txt", tree.join("b.txt")).unwrap();
        assert_eq!(walk(&dir.path().join("ws")).unwrap().len(), 2);
        for target in ["../../secret", "../records.toml"] {
            std::fs::write(dir.path().join("ws/records.toml"), "x").unwrap();
            let link = tree.join("c.txt");
            std::os::unix::fs::symlink(target, &link).unwrap();
            assert!(matches!(walk(&dir.path().join("ws")), Err(TreeError::LinkLeaves(_))));
            std::fs::remove_file(link).unwrap();
        }
        std::fs::create_dir_all(tree.join("d/e")).unwrap();
        std::os::unix::fs::symlink("d", tree.join("c")).unwrap();
        assert!(matches!(walk(&dir.path().join("ws")), Err(TreeError::LinkToFolder(_))));
        std::fs::remove_file(tree.join("c")).unwrap();
        std::fs::rename(&tree, dir.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", &tree).unwrap();
        assert!(matches!(walk(&dir.path().join("ws")), Err(TreeError::NotFolder(_))));
        assert!(walk(dir.path()).unwrap().is_empty(), "no tree is an empty tree");
    }
}
