//! The tree under `.well-known/`: record files, and files of others that are left alone.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::ens::WELL_KNOWN;
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

/// The payload of the record file at `path`.
pub(super) fn read_payload(path: &Path) -> Result<Vec<u8>, ReadError> {
    Ok(RecordFile::payload(&read_bounded(path)?)?)
}

/// Reads a file that may be a record file: of one that is too long, only enough to see that.
pub(super) fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2048);
    std::fs::File::open(path)?.take(MAX_RECORD_FILE + 1).read_to_end(&mut bytes)?;
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
    let root = workspace.join(WELL_KNOWN);
    match root.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(TreeError::NotFolder(root)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TreeError::Io { path: root, error }),
    }
    let mut files = Vec::new();
    let mut folders = vec![(root.clone(), WELL_KNOWN.to_owned(), 0)];
    while let Some((folder, relative, depth)) = folders.pop() {
        let io = |error| TreeError::Io { path: folder.clone(), error };
        let entries = std::fs::read_dir(&folder).map_err(io)?;
        if depth > MAX_DEPTH {
            return Err(TreeError::TooDeep(folder));
        }
        for entry in entries {
            let entry = entry.map_err(io)?;
            let path = entry.path();
            let name =
                entry.file_name().into_string().map_err(|_| TreeError::NotUtf8(path.clone()))?;
            let relative = format!("{relative}/{name}");
            let mut kind = entry.file_type().map_err(io)?;
            if kind.is_symlink() {
                kind = follow_inside(&root, &path)?;
            }
            if kind.is_dir() {
                folders.push((path, relative, depth + 1));
            } else {
                files.push(relative);
            }
        }
    }
    files.sort_unstable();
    let entry = |path: String| TreeEntry { meaning: meaning(&path), path };
    Ok(files.into_iter().map(entry).collect())
}

/// The kind of a link's target, which must lie within the tree, as when it is packed.
fn follow_inside(root: &Path, link: &Path) -> Result<std::fs::FileType, TreeError> {
    let io = |error| TreeError::Io { path: link.to_owned(), error };
    let target = link.canonicalize().map_err(io)?;
    if !target.starts_with(root.canonicalize().map_err(io)?) {
        return Err(TreeError::LinkLeaves(link.to_owned()));
    }
    Ok(target.metadata().map_err(io)?.file_type())
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
        std::fs::rename(&tree, dir.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", &tree).unwrap();
        assert!(matches!(walk(&dir.path().join("ws")), Err(TreeError::NotFolder(_))));
        assert!(walk(dir.path()).unwrap().is_empty(), "no tree is an empty tree");
    }
}
