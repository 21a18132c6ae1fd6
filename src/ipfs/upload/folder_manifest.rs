//! Which files of a folder or bucket are ours: `sha256sum`'s form, below a line with the root.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use cid::Cid;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::folder::{Kind, OpenDir};
use crate::ipfs::tree_files::{MAX_FILE_BYTES, link_fingerprint};

/// The folder of the manifests, one for each owner.
pub(crate) const OURS: &str = ".namesys-files";
/// Tells GitHub Pages to leave names with a dot as they are.
pub(super) const NO_JEKYLL: &str = ".nojekyll";
/// Most bytes of a manifest: a hundred thousand files have some 15 MiB.
const MAX_BYTES: u64 = 256 << 20;
const ROOT: &str = "# root ";
const UNFINISHED: &str = "# unfinished";
const FORMER: &str = "# was ";
const OTHERS: &str = "# not ours ";

/// What we wrote into a folder. It may be a stranger's: who publishes into a checkout takes the
/// manifest that was committed there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The root of the tree that stands there whole.
    pub(crate) root: Option<Cid>,
    /// While a publication is not done: the root of its tree.
    pub(crate) under_way: Option<Cid>,
    /// Our files: path under the folder, [`fingerprint`](crate::ipfs::fingerprint) (in a bucket
    /// with the object's tag).
    pub(crate) files: BTreeMap<String, String>,
    /// While a publication is not done: what may still stand at the path of a file of ours.
    pub(crate) former: BTreeSet<(String, String)>,
    /// Files of others that are as the tree wants them: not written, so never removed.
    pub(crate) others: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads the file at `path` in `folder`; a missing one is empty.
    pub(crate) fn read(folder: &OpenDir, path: &Path) -> io::Result<Self> {
        match folder.read_text(path, MAX_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            text => Ok(Self::parse(&text?)),
        }
    }

    /// Reads the text; lines that are no file's are left out.
    pub(crate) fn parse(text: &str) -> Self {
        let cid = |mark| {
            let text = text.lines().find_map(|line| line.strip_prefix(mark))?;
            Cid::try_from(text.trim()).ok()
        };
        let file = |line: &str| {
            let (hash, path) = line.split_once("  ")?;
            let is_one = !hash.starts_with('#') && is_inside(path) && !is_reserved(path);
            is_one.then(|| (path.to_owned(), hash.to_owned()))
        };
        let after = |mark| text.lines().filter_map(move |line| line.strip_prefix(mark));
        Self {
            root: cid(ROOT),
            under_way: cid(UNFINISHED),
            files: text.lines().filter_map(file).collect(),
            former: after(FORMER).filter_map(file).collect(),
            others: after(OTHERS).filter_map(file).collect(),
        }
    }

    /// The paths of our files.
    pub(crate) fn paths(&self) -> BTreeSet<&String> {
        self.files.keys().chain(self.former.iter().map(|(path, _)| path)).collect()
    }

    /// What we wrote at a path: one fingerprint, or more while a publication is not done.
    pub(crate) fn versions(&self, path: &str) -> impl Iterator<Item = &String> {
        let former = self.former.iter().filter(move |(former, _)| former == path);
        self.files.get(path).into_iter().chain(former.map(|(_, hash)| hash))
    }

    /// Whether what has this fingerprint was written by us.
    pub(super) fn wrote(&self, path: &str, fingerprint: &str) -> bool {
        self.versions(path).any(|version| version == fingerprint)
    }

    /// Every version that we may have left, for the next publication to begin with.
    pub(super) fn all_versions(&self) -> BTreeSet<(String, String)> {
        let files = self.files.iter().map(|(path, hash)| (path.clone(), hash.clone()));
        files.chain(self.former.iter().cloned()).collect()
    }

    /// The text of the file.
    pub(crate) fn to_text(&self) -> String {
        let mut text = match (&self.root, &self.under_way) {
            (Some(root), _) => format!("{ROOT}{root}\n"),
            (None, Some(root)) => format!("{UNFINISHED} {root}\n"),
            (None, None) => format!("{UNFINISHED}\n"),
        };
        let files = self.files.iter().map(|(path, hash)| ("", path, hash));
        let former = self.former.iter().map(|(path, hash)| (FORMER, path, hash));
        let others = self.others.iter().map(|(path, hash)| (OTHERS, path, hash));
        for (mark, path, hash) in files.chain(former).chain(others) {
            text.push_str(&format!("{mark}{hash}  {path}\n"));
        }
        text
    }
}

/// Whether a path from a manifest stays under the folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Places that no tree has and nothing is removed from: the repository's own, and ours. Without
/// regard to case, as file systems may be.
pub(super) fn is_reserved(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    [OURS, NO_JEKYLL].iter().any(|name| first.eq_ignore_ascii_case(name))
        || path.split('/').any(|part| part.eq_ignore_ascii_case(".git"))
}

/// What stands at a path.
pub(super) enum Found {
    Nothing,
    Folder,
    /// A file or a link, with its fingerprint.
    File(String),
}

/// What stands at `path` in `dir`, links not followed.
pub(super) fn find(dir: &OpenDir, path: &Path) -> io::Result<Found> {
    match dir.kind(path)? {
        None => Ok(Found::Nothing),
        Some(Kind::Folder) => Ok(Found::Folder),
        Some(Kind::Link) => {
            let target = dir.read_link(path)?;
            Ok(Found::File(link_fingerprint(target.as_os_str().as_bytes())))
        }
        Some(Kind::Other(_)) => Err(io::Error::other("is neither a file nor a folder nor a link")),
        Some(Kind::File) => {
            let mut hash = Sha256::new();
            let mut file = dir.file(path)?;
            let mut chunk = vec![0; 64 * 1024];
            // Longer than any file of a tree: whatever it is, it is not ours.
            if file.metadata()?.len() > MAX_FILE_BYTES {
                return Ok(Found::File("too-large".to_owned()));
            }
            loop {
                match file.read(&mut chunk)? {
                    0 => break,
                    length => hash.update(&chunk[..length]),
                }
            }
            Ok(Found::File(HEXLOWER.encode(&hash.finalize())))
        }
    }
}

/// The first part of the way to `path` in `dir` that is there and no folder, with its
/// fingerprint.
pub(super) fn obstacle(dir: &OpenDir, path: &str) -> io::Result<Option<(PathBuf, String)>> {
    let mut way = PathBuf::new();
    for part in Path::new(path).parent().into_iter().flatten() {
        way.push(part);
        match find(dir, &way)? {
            Found::Folder => {}
            Found::Nothing => return Ok(None),
            Found::File(fingerprint) => return Ok(Some((way, fingerprint))),
        }
    }
    Ok(None)
}
