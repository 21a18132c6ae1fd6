//! Which files of a folder or bucket are ours: `sha256sum`'s form, below a line with the root.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use cid::Cid;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::atomic::write_atomic;
use crate::ipfs::tree_files::link_fingerprint;

const ROOT: &str = "# root ";
const UNFINISHED: &str = "# unfinished";

/// What we wrote into a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The root of the tree that stands there whole.
    pub(crate) root: Option<Cid>,
    /// Our files: path under the folder, [`fingerprint`](crate::ipfs::fingerprint) (in a bucket
    /// with the object's tag).
    pub(crate) files: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads the file; a missing one is empty.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            text => Ok(Self::parse(&text?)),
        }
    }

    /// Reads the text; lines that are no file's are left out.
    pub(crate) fn parse(text: &str) -> Self {
        let root = text.lines().find_map(|line| line.strip_prefix(ROOT));
        let files = text.lines().filter_map(|line| line.split_once("  "));
        Self {
            root: root.and_then(|root| Cid::try_from(root).ok()),
            files: files
                .filter(|(hash, path)| !hash.starts_with('#') && is_inside(path))
                .map(|(hash, path)| (path.to_owned(), hash.to_owned()))
                .collect(),
        }
    }

    pub(crate) fn write(&self, temporary: &Path, path: &Path) -> io::Result<()> {
        write_atomic(temporary, path, self.to_text().as_bytes(), true)
    }

    /// The text of the file.
    pub(crate) fn to_text(&self) -> String {
        let mut text = match &self.root {
            Some(root) => format!("{ROOT}{root}\n"),
            None => format!("{UNFINISHED}\n"),
        };
        for (path, hash) in &self.files {
            text.push_str(&format!("{hash}  {path}\n"));
        }
        text
    }
}

/// Whether a path from a manifest stays under the folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// What stands at a path.
pub(super) enum Found {
    Nothing,
    Folder,
    /// A file or a link, with its fingerprint.
    File(String),
}

/// What stands at `path`, links not followed.
pub(super) fn find(path: &Path) -> io::Result<Found> {
    let metadata: Metadata = match fs::symlink_metadata(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => return Ok(Found::Nothing),
        // Below something that is no folder.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Found::Nothing),
        metadata => metadata?,
    };
    if metadata.is_dir() {
        return Ok(Found::Folder);
    }
    if metadata.is_symlink() {
        return Ok(Found::File(link_fingerprint(fs::read_link(path)?.as_os_str().as_bytes())));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("is neither a file nor a folder nor a link"));
    }
    let mut hash = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            length => hash.update(&chunk[..length]),
        }
    }
    Ok(Found::File(HEXLOWER.encode(&hash.finalize())))
}

/// The first part of the way to `path` under `dir` that is there and no folder.
pub(super) fn obstacle(dir: &Path, path: &str) -> io::Result<Option<PathBuf>> {
    let mut way = PathBuf::new();
    for part in Path::new(path).parent().into_iter().flatten() {
        way.push(part);
        match find(&dir.join(&way))? {
            Found::Folder => {}
            Found::Nothing => return Ok(None),
            Found::File(_) => return Ok(Some(way)),
        }
    }
    Ok(None)
}
