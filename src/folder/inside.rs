//! Links that stay within a folder, as a published tree may have them: worked out by their text,
//! so that what is opened at the end is a plain path.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Kind, OpenDir, Unsuitable};

/// Links that lead to links.
const MAX_LINKS: usize = 16;

impl OpenDir {
    /// The regular file at `path`, or the one that a link there leads to within `root`, a path
    /// below this folder.
    ///
    /// # Errors
    /// [`Unsuitable::Link`] for a link to a folder or out of `root`; as [`file`](Self::file).
    pub fn file_inside(&self, root: &Path, path: &Path) -> io::Result<File> {
        match self.file(path) {
            Err(error) if Unsuitable::of(&error).is_some_and(Unsuitable::is_link) => {
                match self.target_inside(root, path)? {
                    Some(target) => self.file(target),
                    None => Err(error),
                }
            }
            opened => opened,
        }
    }

    /// Where the links from `path` on lead; none when that is out of `root`, in a circle, or over
    /// a folder that is a link.
    ///
    /// # Errors
    /// The system's.
    pub fn target_inside(&self, root: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
        let mut at = path.to_owned();
        for _ in 0..MAX_LINKS {
            match self.kind(&at) {
                Ok(Some(Kind::Link)) => {}
                Ok(_) => return Ok(Some(at)),
                Err(error) if Unsuitable::of(&error).is_some() => return Ok(None),
                Err(error) => return Err(error),
            }
            match joined(at.parent().unwrap_or(Path::new("")), &self.read_link(&at)?) {
                Some(next) if next.starts_with(root) && next != root => at = next,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// `target` as seen from `folder`, by its text.
fn joined(folder: &Path, target: &Path) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for part in target.components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            _ => return None,
        }
    }
    Some(path)
}
