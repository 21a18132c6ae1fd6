//! A plain folder: a git checkout for GitHub Pages, or what rsync takes to a web server.
//!
//! ```text
//! <dir>/.well-known/…           the tree, file by file, each replaced atomically
//! <dir>/.nojekyll               made once: GitHub Pages leaves out names with a dot otherwise
//! <dir>/.namesys-files/<owner>  which files are ours, and their root
//! ```
//! Files that are not ours are never changed: where the tree needs the place of one, nothing is
//! written and the error names it. Of our files, those that are no longer in the tree go, unless
//! somebody changed them.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cid::Cid;
use futures_util::future::BoxFuture;
use url::Url;

use super::folder_manifest::{Found, Manifest, find, fingerprint, link_fingerprint, obstacle};
use super::folder_probe::look;
use super::{Upload, UploadError};
use crate::atomic::write_atomic;
use crate::ipfs::{CarBlocks, Kind, list, read_file, resolve};
use crate::net::Progress;

const OURS: &str = ".namesys-files";
const TEMPORARY: &str = ".writing";
/// A file of a published tree is a record, or small.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// Folders within each other.
const MAX_DEPTH: usize = 64;
/// How long another publication into the same folder is waited for.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// A folder that gets the tree unpacked.
#[derive(Clone)]
pub struct Folder {
    dir: PathBuf,
    url: Url,
    owner: String,
}

/// A file the tree wants.
struct Wanted {
    cid: Cid,
    content: Content,
    fingerprint: String,
}

enum Content {
    File,
    Link(String),
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

    fn failed(&self, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> UploadError {
        let (to, path) = (self.describe(), path.as_ref().to_owned());
        move |error| UploadError::File { to, path, reason: format!("failed: {error}") }
    }

    fn refused(&self, path: impl AsRef<Path>, reason: &str) -> UploadError {
        let (to, path) = (self.describe(), path.as_ref().to_owned());
        UploadError::File { to, path, reason: reason.to_owned() }
    }

    fn manifest_path(&self) -> PathBuf {
        self.dir.join(OURS).join(&self.owner)
    }

    /// Whether everything of `root` is there as we wrote it.
    fn is_whole(&self, root: &Cid) -> bool {
        let Ok(manifest) = Manifest::read(&self.manifest_path()) else { return false };
        let is_there = |(path, fingerprint): (&String, &String)| {
            let found = find(&self.dir.join(path));
            matches!(found, Ok(Found::File(found)) if found == *fingerprint)
        };
        manifest.root == Some(*root) && manifest.files.iter().all(is_there)
    }

    fn write(&self, car: &Path, root: &Cid, progress: Option<Progress>) -> Result<(), UploadError> {
        let unusable = |reason: String| UploadError::Car { car: car.to_owned(), reason };
        let blocks = CarBlocks::open(car).map_err(|error| unusable(error.to_string()))?;
        if !blocks.roots().contains(root) {
            let got = blocks.roots().first().map(Cid::to_string).unwrap_or_default();
            let expected = Box::new(*root);
            return Err(UploadError::OtherRoot { to: self.describe(), expected, got });
        }
        let tree = self.plan(&blocks, root).map_err(unusable)?;
        let _lock = self.lock()?;
        let mut manifest =
            Manifest::read(&self.manifest_path()).map_err(self.failed(self.manifest_path()))?;
        let missing = self.check(&tree, &manifest)?;
        let gone: Vec<(String, String)> = manifest
            .files
            .iter()
            .filter(|(path, _)| !tree.contains_key(*path))
            .map(|(path, fingerprint)| (path.clone(), fingerprint.clone()))
            .collect();
        let temporary = self.dir.join(OURS).join(TEMPORARY);
        fs::create_dir_all(&temporary).map_err(self.failed(&temporary))?;
        // Whatever happens from here on, what we write is known to be ours.
        let was_whole = manifest.root.take().is_some();
        for (path, wanted) in &tree {
            manifest.files.insert(path.clone(), wanted.fingerprint.clone());
        }
        let write = |manifest: &Manifest| {
            let path = self.manifest_path();
            manifest.write(&temporary, &path).map_err(self.failed(&path))
        };
        write(&manifest)?;
        // What is gone may stand in the way: a file where a folder is to be.
        for (path, fingerprint) in &gone {
            // After an attempt cut short the manifest says what was to be, not what is there.
            let fingerprint = was_whole.then_some(fingerprint);
            self.remove(path, fingerprint).map_err(self.failed(path))?;
        }
        for (done, path) in missing.iter().enumerate() {
            self.put(&blocks, &temporary, path, &tree[*path])?;
            if let Some(progress) = &progress {
                progress(done as u64 + 1, missing.len() as u64);
            }
        }
        self.no_jekyll().map_err(self.failed(".nojekyll"))?;
        manifest.files.retain(|path, _| tree.contains_key(path));
        manifest.root = Some(*root);
        write(&manifest)?;
        fs::remove_dir_all(&temporary).map_err(self.failed(&temporary))
    }

    /// Every file of the tree.
    fn plan(&self, blocks: &CarBlocks, root: &Cid) -> Result<BTreeMap<String, Wanted>, String> {
        let mut tree = BTreeMap::new();
        let mut folders = vec![(String::new(), *root, 0)];
        while let Some((folder, cid, depth)) = folders.pop() {
            if depth > MAX_DEPTH {
                return Err(format!("{folder:?} lies in more than {MAX_DEPTH} folders"));
            }
            for entry in list(blocks, &cid).map_err(|error| error.to_string())? {
                let name = &entry.name;
                let reserved = depth == 0 && matches!(name.as_str(), ".git" | OURS | ".nojekyll");
                let bad = matches!(name.as_str(), "" | "." | "..") || name.contains('/');
                if reserved || bad || name.contains(char::is_control) {
                    return Err(format!("{folder}{name:?} cannot be the name of a file here"));
                }
                let path = format!("{folder}{name}");
                let node = resolve(blocks, &entry.cid, &[]).map_err(|error| error.to_string())?;
                let (content, fingerprint) = match node.kind {
                    Kind::Directory => {
                        folders.push((format!("{path}/"), entry.cid, depth + 1));
                        continue;
                    }
                    Kind::Symlink { target } => {
                        if leaves(&path, &target) {
                            return Err(format!("the link {path:?} leads out of the folder"));
                        }
                        let fingerprint = link_fingerprint(target.as_bytes());
                        (Content::Link(target), fingerprint)
                    }
                    Kind::File { .. } => {
                        let file = read_file(blocks, &entry.cid, MAX_FILE_BYTES);
                        let file = file.map_err(|error| format!("{path:?}: {error}"))?;
                        (Content::File, fingerprint(&file.bytes))
                    }
                };
                tree.insert(path, Wanted { cid: entry.cid, content, fingerprint });
            }
        }
        Ok(tree)
    }

    /// Which files are to be written; an error when one that is not ours stands in the way.
    fn check<'a>(
        &self,
        tree: &'a BTreeMap<String, Wanted>,
        manifest: &Manifest,
    ) -> Result<Vec<&'a String>, UploadError> {
        let is_ours = |path: &Path| path.to_str().is_some_and(|p| manifest.files.contains_key(p));
        let foreign = "is not namesys's and stands where the tree needs the place; move it away \
                       or choose another folder";
        let mut missing = Vec::new();
        for (path, wanted) in tree {
            if let Some(way) = obstacle(&self.dir, path).map_err(self.failed(path))?
                && !is_ours(&way)
            {
                return Err(self.refused(way, foreign));
            }
            match find(&self.dir.join(path)).map_err(self.failed(path))? {
                Found::File(found) if found == wanted.fingerprint => {}
                Found::File(_) if !is_ours(Path::new(path)) => {
                    return Err(self.refused(path, foreign));
                }
                Found::Folder if !self.holds_ours_alone(path, manifest) => {
                    return Err(self.refused(path, foreign));
                }
                _ => missing.push(path),
            }
        }
        Ok(missing)
    }

    /// Whether the folder goes when our files that are in it go.
    fn holds_ours_alone(&self, path: &str, manifest: &Manifest) -> bool {
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(self.dir.join(&folder)) else { return false };
            for entry in entries {
                let Ok(entry) = entry else { return false };
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                match find(&entry.path()) {
                    Ok(Found::Folder) if folders.len() < 4096 => folders.push(path),
                    Ok(Found::File(found)) if manifest.files.get(&path) == Some(&found) => {}
                    _ => return false,
                }
            }
        }
        true
    }

    fn put(
        &self,
        blocks: &CarBlocks,
        temporary: &Path,
        path: &str,
        wanted: &Wanted,
    ) -> Result<(), UploadError> {
        let to = self.dir.join(path);
        match &wanted.content {
            Content::File => {
                let file = read_file(blocks, &wanted.cid, MAX_FILE_BYTES)
                    .map_err(|error| self.refused(path, &error.to_string()))?;
                // A link in its place would pass its target's permissions on.
                if fs::symlink_metadata(&to).is_ok_and(|found| found.is_symlink()) {
                    fs::remove_file(&to).map_err(self.failed(path))?;
                }
                write_atomic(temporary, &to, &file.bytes, false).map_err(self.failed(path))
            }
            Content::Link(target) => {
                let link = temporary.join("link");
                let make = || {
                    fs::create_dir_all(to.parent().unwrap_or(&self.dir))?;
                    let _ = fs::remove_file(&link);
                    std::os::unix::fs::symlink(target, &link)?;
                    fs::rename(&link, &to)
                };
                make().map_err(self.failed(path))
            }
        }
    }

    /// Removes a file, if it has the fingerprint (any will do for `None`), and the folders that are empty then.
    fn remove(&self, path: &str, fingerprint: Option<&String>) -> io::Result<()> {
        if obstacle(&self.dir, path)?.is_some() {
            return Ok(());
        }
        match find(&self.dir.join(path))? {
            Found::File(found) if fingerprint.is_none_or(|ours| *ours == found) => {
                fs::remove_file(self.dir.join(path))?;
            }
            _ => return Ok(()),
        }
        for folder in Path::new(path).ancestors().skip(1).filter(|f| !f.as_os_str().is_empty()) {
            // The first that is not empty ends it.
            if fs::remove_dir(self.dir.join(folder)).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn no_jekyll(&self) -> io::Result<()> {
        match File::create_new(self.dir.join(".nojekyll")) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made.map(drop),
        }
    }

    /// One publication into a folder at a time; what an ended one left over is removed.
    fn lock(&self) -> Result<File, UploadError> {
        for dir in [&self.dir, &self.dir.join(OURS)] {
            match fs::create_dir(dir) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(self.failed(dir))?,
            }
        }
        let ours = self.dir.join(OURS);
        let lock = File::open(&ours).map_err(self.failed(&ours))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if began.elapsed() < MAX_WAIT => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(self.refused(&ours, "is locked: another namesys publishes there"));
                }
                Err(TryLockError::Error(error)) => return Err(self.failed(&ours)(error)),
            }
        }
        match fs::remove_dir_all(ours.join(TEMPORARY)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(lock),
            removed => removed.map(|()| lock).map_err(self.failed(&ours)),
        }
    }
}

/// Whether a link at `path` leads out of the folder.
fn leaves(path: &str, target: &str) -> bool {
    let mut depth = path.split('/').count() - 1;
    if target.starts_with('/') {
        return true;
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

impl Upload for Folder {
    fn describe(&self) -> String {
        format!("folder {}", self.dir.display())
    }

    fn url(&self) -> &Url {
        &self.url
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, UploadError>> {
        let looked = look(&self.dir).map_err(|(path, reason)| {
            let to = self.describe();
            UploadError::File { to, path: path.to_owned(), reason }
        });
        Box::pin(std::future::ready(looked.map(str::to_owned)))
    }

    fn has<'a>(&'a self, root: &'a Cid) -> BoxFuture<'a, bool> {
        let (folder, root) = (self.clone(), *root);
        Box::pin(async move {
            tokio::task::spawn_blocking(move || folder.is_whole(&root)).await.unwrap_or(false)
        })
    }

    fn upload<'a>(
        &'a self,
        car: &'a Path,
        root: &'a Cid,
        progress: Option<Progress>,
    ) -> BoxFuture<'a, Result<(), UploadError>> {
        let (folder, car, root) = (self.clone(), car.to_owned(), *root);
        Box::pin(async move {
            let (to, path) = (folder.describe(), folder.dir.clone());
            let task = tokio::task::spawn_blocking(move || folder.write(&car, &root, progress));
            let ended = |error| UploadError::File { to, path, reason: format!("failed: {error}") };
            task.await.map_err(ended)?
        })
    }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
