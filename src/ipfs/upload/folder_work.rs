//! What is done to a folder once it is compared with the tree.

use std::io;
use std::path::Path;

use super::UploadError;
use super::folder::{Work, is_in_the_way};
use super::folder_manifest::{Found, Manifest, NO_JEKYLL, find, obstacle};
use crate::folder::{Kind, OpenDir};
use crate::ipfs::tree_files::Content;
use crate::net::Progress;

impl Work<'_> {
    /// Writes what is `missing`, removes what is `gone`; the paths that were removed.
    pub(super) fn replace(
        &self,
        mut manifest: Manifest,
        missing: &[&String],
        gone: Vec<&String>,
        progress: Option<Progress>,
    ) -> Result<Vec<String>, UploadError> {
        let Self { folder, tree, dir, temporary, .. } = *self;
        let write = |manifest: &Manifest| {
            let path = folder.manifest_path();
            let written = dir.write(&path, manifest.to_text().as_bytes(), temporary, true);
            written.map_err(folder.failed(path))
        };
        // Whatever happens from here on, what we write is known to be ours.
        write(&manifest)?;
        let mut removed = Vec::new();
        let mut remove = |gone: Vec<&String>| {
            for path in gone {
                if self.remove(path).map_err(folder.failed(path))? {
                    removed.push(path.clone());
                }
            }
            Ok::<_, UploadError>(())
        };
        // A reader misses nothing that stays: only what stands in the way goes before the new.
        let (in_the_way, gone) =
            gone.into_iter().partition(|path| is_in_the_way(path, &tree.files));
        remove(in_the_way)?;
        for (done, path) in missing.iter().enumerate() {
            self.put(path)?;
            if let Some(progress) = &progress {
                progress(done as u64 + 1, missing.len() as u64);
            }
        }
        remove(gone)?;
        self.no_jekyll().map_err(folder.failed(NO_JEKYLL))?;
        manifest.former.clear();
        (manifest.root, manifest.under_way) = (Some(tree.root), None);
        write(&manifest)?;
        Ok(removed)
    }

    fn put(&self, path: &str) -> Result<(), UploadError> {
        let Self { folder, dir, temporary, .. } = *self;
        let wanted = &self.tree.files[path];
        remove_empty(dir, path).map_err(folder.failed(path))?;
        let written = match &wanted.content {
            Content::File => {
                let bytes = self.tree.read(&wanted.cid);
                let bytes = bytes.map_err(|error| folder.refused(path, &error.to_string()))?;
                dir.write(path, &bytes, temporary, false)
            }
            Content::Link(target) => dir.write_link(path, target, temporary),
        };
        written.map_err(folder.failed(path))
    }

    /// Removes a file, if it is as we wrote it, and the folders that are empty then. Whether
    /// there was one.
    fn remove(&self, path: &str) -> io::Result<bool> {
        let dir = self.dir;
        if obstacle(dir, path)?.is_some() {
            return Ok(false);
        }
        match find(dir, Path::new(path))? {
            Found::File(found) if self.was.wrote(path, &found) => dir.remove_file(path)?,
            _ => return Ok(false),
        }
        for folder in Path::new(path).ancestors().skip(1).filter(|f| !f.as_os_str().is_empty()) {
            // The first that is not empty ends it.
            if dir.remove_folder(folder).is_err() {
                break;
            }
        }
        Ok(true)
    }

    fn no_jekyll(&self) -> io::Result<()> {
        match self.dir.create_new(NO_JEKYLL) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }
}

/// Removes the folder at `path`, if one is there, and those in it. It must hold nothing else.
fn remove_empty(dir: &OpenDir, path: &str) -> io::Result<()> {
    if dir.kind(path).ok().flatten() != Some(Kind::Folder) {
        return Ok(());
    }
    for (name, _) in dir.folder(path)?.entries()? {
        match name.to_str() {
            Some(name) => remove_empty(dir, &format!("{path}/{name}"))?,
            None => break,
        }
    }
    dir.remove_folder(path)
}
