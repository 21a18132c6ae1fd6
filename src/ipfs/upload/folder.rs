//! A plain folder: a git checkout for GitHub Pages, or what rsync takes to a web server.
//!
//! ```text
//! <dir>/.well-known/…           the tree, file by file, each replaced atomically
//! <dir>/.nojekyll               made once: GitHub Pages leaves out names with a dot otherwise
//! <dir>/.namesys-files/<owner>  which files are ours, and their root
//! ```
//! Files that are not ours are never changed: where the tree needs the place of one, nothing is
//! written and the error names it. One that is as the tree wants it stays somebody else's. Of our
//! files, those that are no longer in the tree go, unless somebody changed them.
//!
//! What the manifest says may be a stranger's word, who committed it to a repository: a file is
//! ours only where it has the fingerprint that stands there too. No link below the folder is
//! followed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use cid::Cid;
use url::Url;

use super::folder_manifest::{Found, Manifest, OURS, find, is_reserved, obstacle};
use super::folder_probe::look;
use super::{Upload, UploadError, open_tree};
use crate::folder::OpenDir;
use crate::ipfs::tree_files::{Tree, TreeFile, no_name};
use crate::net::Progress;

/// What is being written.
pub(super) const TEMPORARY: &str = ".writing";

/// A folder that gets the tree unpacked.
#[derive(Clone)]
pub struct Folder {
    dir: PathBuf,
    url: Url,
    owner: String,
}

/// What changed in a folder or bucket: paths under it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New, or with other content.
    pub written: Vec<String>,
    /// How many were as they should be.
    pub unchanged: usize,
    /// No longer part of the tree.
    pub removed: Vec<String>,
}

/// How a tree compares with what is there.
#[derive(Default)]
struct Compared<'a> {
    /// To be written.
    missing: Vec<&'a String>,
    /// As the tree wants them, and not ours.
    others: Vec<&'a String>,
}

/// The tree that a folder gets, and what was there.
pub(super) struct Work<'a> {
    pub(super) folder: &'a Folder,
    pub(super) tree: &'a Tree,
    pub(super) was: &'a Manifest,
    pub(super) dir: &'a OpenDir,
    /// For what is under way.
    pub(super) temporary: &'a OpenDir,
}

impl Folder {
    /// The folder `dir`, made at the first upload if the one above it is there. Trees of several
    /// owners, names say, may share a folder.
    ///
    /// # Errors
    /// [`UploadError::Settings`] when `dir` or `owner` cannot be used.
    pub fn new(dir: &Path, owner: &str) -> Result<Self, UploadError> {
        let wrong = |reason: &str| UploadError::Settings {
            to: format!("folder {}", dir.display()),
            reason: reason.to_owned(),
        };
        let absolute = std::path::absolute(dir).map_err(|error| wrong(&error.to_string()))?;
        let url = Url::from_directory_path(&absolute).map_err(|()| wrong("it has no URL"))?;
        let is_plain = !owner.starts_with('.') && !owner.contains(['/', '\0']);
        if owner.is_empty() || owner.len() > 200 || !is_plain {
            return Err(wrong(&format!("its owner {owner:?} cannot be the name of a file")));
        }
        Ok(Self { dir: absolute, url, owner: owner.to_owned() })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn failed(&self, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> UploadError {
        let (to, path) = (self.describe(), path.as_ref().to_owned());
        move |error| UploadError::File { to, path, reason: format!("failed: {error}") }
    }

    pub(super) fn refused(&self, path: impl AsRef<Path>, reason: &str) -> UploadError {
        let (to, path) = (self.describe(), path.as_ref().to_owned());
        UploadError::File { to, path, reason: reason.to_owned() }
    }

    /// Below the folder.
    pub(super) fn manifest_path(&self) -> PathBuf {
        Path::new(OURS).join(&self.owner)
    }

    /// Whether everything of `root` is there as we wrote it.
    fn is_whole(&self, root: &Cid) -> bool {
        let Ok(dir) = OpenDir::open(&self.dir) else { return false };
        let Ok(manifest) = Manifest::read(&dir, &self.manifest_path()) else { return false };
        let is_there = |(path, fingerprint): (&String, &String)| {
            let found = find(&dir, Path::new(path));
            matches!(found, Ok(Found::File(found)) if found == *fingerprint)
        };
        let mut files = manifest.files.iter().chain(&manifest.others);
        manifest.root == Some(*root) && files.all(is_there)
    }

    /// Unpacks the tree of `root` in the CAR file `car`: what is new first, then what is no longer
    /// part of it goes.
    ///
    /// # Errors
    /// [`UploadError`]; nothing is written where a file that is not ours is in the way.
    pub async fn unpack(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<Changes, UploadError> {
        self.unpack_over(car, root, progress, |_| Ok(())).await
    }

    /// As [`unpack`](Self::unpack), if `may` permits it over what was unpacked here last, of which
    /// it is told under the lock.
    ///
    /// # Errors
    /// As [`unpack`](Self::unpack), and those of `may`.
    pub(crate) async fn unpack_over<E: From<UploadError> + Send + 'static>(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
        may: impl FnOnce(&Manifest) -> Result<(), E> + Send + 'static,
    ) -> Result<Changes, E> {
        let (folder, car, root) = (self.clone(), car.to_owned(), *root);
        let (to, path) = (folder.describe(), folder.dir.clone());
        let task = tokio::task::spawn_blocking(move || folder.write(&car, &root, progress, may));
        let ended = |error| UploadError::File { to, path, reason: format!("failed: {error}") };
        task.await.map_err(ended)?
    }

    /// What was unpacked here last.
    pub(crate) fn manifest(&self) -> Result<Manifest, UploadError> {
        match OpenDir::open(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Manifest::default()),
            opened => self.manifest_in(&opened.map_err(self.failed(&self.dir))?),
        }
    }

    fn manifest_in(&self, dir: &OpenDir) -> Result<Manifest, UploadError> {
        let path = self.manifest_path();
        Manifest::read(dir, &path).map_err(self.failed(path))
    }

    fn write<E: From<UploadError>>(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
        may: impl FnOnce(&Manifest) -> Result<(), E>,
    ) -> Result<Changes, E> {
        let tree = open_tree(&self.describe(), car, root)?;
        if let Some(path) = tree.files.keys().find(|path| is_reserved(path)) {
            return Err(UploadError::Car { car: car.to_owned(), reason: no_name(path) }.into());
        }
        let locked = self.lock()?;
        let manifest = self.manifest_in(&locked.dir)?;
        may(&manifest)?;
        let Compared { missing, others } = self.compare(&locked.dir, &tree.files, &manifest)?;
        let paths = manifest.paths();
        let gone: Vec<&String> =
            paths.into_iter().filter(|path| !tree.files.contains_key(*path)).collect();
        let mut changes = Changes {
            written: missing.iter().map(|path| (*path).clone()).collect(),
            unchanged: tree.files.len() - missing.len(),
            removed: Vec::new(),
        };
        if !missing.is_empty() || !gone.is_empty() || manifest.root != Some(*root) {
            let next = self.next_manifest(&tree, &manifest, &others);
            let (dir, temporary) = (&locked.dir, &locked.temporary);
            let work = Work { folder: self, tree: &tree, was: &manifest, dir, temporary };
            changes.removed = work.replace(next, &missing, gone, progress)?;
        }
        Ok(changes)
    }

    /// What is to be ours; until it is, every version that we may have left is known too.
    fn next_manifest(&self, tree: &Tree, was: &Manifest, others: &[&String]) -> Manifest {
        let files = tree.files.iter().map(|(path, file)| (path.clone(), file.fingerprint.clone()));
        let (others, files) = files.partition(|(path, _)| others.binary_search(&path).is_ok());
        let under_way = Some(tree.root);
        Manifest { root: None, under_way, files, former: was.all_versions(), others }
    }

    /// Which files are to be written; an error when one that is not ours stands in the way.
    fn compare<'a>(
        &self,
        dir: &OpenDir,
        tree: &'a BTreeMap<String, TreeFile>,
        manifest: &Manifest,
    ) -> Result<Compared<'a>, UploadError> {
        let is_ours = |path: &String| manifest.versions(path).next().is_some();
        let foreign = "is not namesys's and stands where the tree needs the place; move it away \
                       or choose another folder";
        let changed = "was changed since namesys wrote it, if it ever did; move it away and run \
                       this again";
        let mut compared = Compared::default();
        for (path, wanted) in tree {
            if let Some((way, found)) = obstacle(dir, path).map_err(self.failed(path))? {
                // Another link than ours would lead elsewhere.
                if !way.to_str().is_some_and(|way| manifest.wrote(way, &found)) {
                    return Err(self.refused(way, foreign));
                }
                // What is found behind our link is not the file: the link goes.
                compared.missing.push(path);
                continue;
            }
            match find(dir, Path::new(path)).map_err(self.failed(path))? {
                Found::File(found) if found == wanted.fingerprint && is_ours(path) => {}
                Found::File(found) if found == wanted.fingerprint => compared.others.push(path),
                Found::File(_) if !is_ours(path) => return Err(self.refused(path, foreign)),
                Found::File(found) if !manifest.wrote(path, &found) => {
                    return Err(self.refused(path, changed));
                }
                Found::Folder if !holds_ours_alone(dir, path, manifest) => {
                    return Err(self.refused(path, foreign));
                }
                _ => compared.missing.push(path),
            }
        }
        Ok(compared)
    }
}

#[async_trait]
impl Upload for Folder {
    fn describe(&self) -> String {
        format!("folder {}", self.dir.display())
    }

    fn url(&self) -> &Url {
        &self.url
    }

    async fn probe(&self) -> Result<String, UploadError> {
        let looked = look(&self.dir).map_err(|(path, reason)| {
            let to = self.describe();
            UploadError::File { to, path: path.to_owned(), reason }
        });
        looked.map(str::to_owned)
    }

    async fn has(&self, root: &Cid) -> bool {
        let (folder, root) = (self.clone(), *root);
        tokio::task::spawn_blocking(move || folder.is_whole(&root)).await.unwrap_or(false)
    }

    async fn upload(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        self.unpack(car, root, progress).await.map(drop)
    }
}

/// Whether the folder goes when our files that are in it go.
fn holds_ours_alone(dir: &OpenDir, path: &str, manifest: &Manifest) -> bool {
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = dir.folder(&folder).and_then(|folder| folder.entries());
        let Ok(entries) = entries else { return false };
        for (name, _) in entries {
            let path = format!("{folder}/{}", name.to_string_lossy());
            match find(dir, &Path::new(&folder).join(&name)) {
                Ok(Found::Folder) if folders.len() < 4096 => folders.push(path),
                Ok(Found::File(found)) if manifest.wrote(&path, &found) => {}
                _ => return false,
            }
        }
    }
    true
}

/// Whether a file that goes has the place of one that comes: a folder where a file is to be, or
/// the reverse.
pub(super) fn is_in_the_way(gone: &str, tree: &BTreeMap<String, TreeFile>) -> bool {
    let below = format!("{gone}/");
    let is_folder = tree.range(below.clone()..).next().is_some_and(|(p, _)| p.starts_with(&below));
    let above = gone.char_indices().filter(|(_, c)| *c == '/');
    is_folder || above.map(|(at, _)| &gone[..at]).any(|folder| tree.contains_key(folder))
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
