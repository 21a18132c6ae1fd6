//! Private keys in what is published: looked for before anything of it is.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use cid::Cid;
use rayon::prelude::*;

use crate::ens::WELL_KNOWN;
use crate::folder::{Kind, OpenDir};
use crate::index::{FileAt, Looked};
use crate::ipfs::{BlockSink, CHUNK_BYTES, MAX_FILE_BYTES, Node, RAW, ROOT_FOLDER};
use crate::keys::{FoundKey, OwnKeys, private_key_in};
use crate::workspace::{Workspace, keyless};

/// What is looked at of a file at a time, in bytes; a record file has some thousand.
const PART: usize = 1 << 20;
/// How much of a part is looked at again with the next: longer than a key in any form but RSA's.
const OVERLAP: usize = 4096;

/// Why a folder is not published.
#[derive(Debug, thiserror::Error)]
pub enum PrivateKeyError {
    /// A file holds a private key.
    #[error("{} holds {found}, and would be published: nothing was", .path.display())]
    Found {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: FoundKey,
    },
    /// A file cannot be looked at.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

/// Looks for private keys in every file of `dir` that is below a folder `.well-known`: those that
/// are known by their form, and those of `own`. Links are not followed.
///
/// # Errors
/// [`PrivateKeyError`] names the file.
pub fn refuse_private_keys(dir: &Path, own: &OwnKeys) -> Result<(), PrivateKeyError> {
    // Whoever packs it says that it is no folder.
    let Some(real) = dir.canonicalize().ok().filter(|real| real.is_dir()) else { return Ok(()) };
    let is_inside = real.components().any(|part| is_well_known(part.as_os_str()));
    let opened = OpenDir::open(&real).map_err(failed(dir))?;
    search(dir, &opened, is_inside, own)
}

/// As [`refuse_private_keys`], in the `.well-known` of `workspace` and in what is published beside
/// it, if it has them.
///
/// # Errors
/// [`PrivateKeyError`] names the file.
pub fn refuse_private_keys_of(workspace: &Path, own: &OwnKeys) -> Result<(), PrivateKeyError> {
    let opened = OpenDir::open(workspace).map_err(failed(workspace))?;
    [WELL_KNOWN, ROOT_FOLDER].iter().try_for_each(|part| match opened.folder(part) {
        Ok(tree) => search(&workspace.join(part), &tree, true, own),
        // Whoever publishes it says what is wrong with it.
        Err(_) => Ok(()),
    })
}

/// As [`refuse_private_keys_of`], by what the workspace's index knows.
///
/// # Errors
/// [`PrivateKeyError`] names the file.
pub(super) fn refuse_private_keys_known(
    workspace: &Workspace,
    looked: &mut Looked<'_>,
    own: &OwnKeys,
) -> Result<(), PrivateKeyError> {
    let (fingerprint, is_new) = (own.fingerprint(), AtomicBool::new(false));
    let look = |FileAt { path, file }: FileAt<'_>| {
        let under = |node: &Node| keyless(node, &fingerprint);
        let said = file.said.as_ref().and_then(|said| said.keyless);
        if said.is_some() && said == file.node.as_ref().map(under) {
            return Ok(());
        }
        let at = workspace.dir().join(&path);
        let found = match file.read(workspace.folder(), &path) {
            Ok(bytes) => private_key_in(&bytes, own),
            Err(error) => return Err(failed(&at)(error)),
        };
        if let Some(found) = found {
            return Err(PrivateKeyError::Found { path: at, found });
        }
        file.say().keyless = file.node.as_ref().map(under);
        is_new.store(true, Ordering::Relaxed);
        Ok(())
    };
    let found = [WELL_KNOWN, ROOT_FOLDER].into_iter().find_map(|part| {
        let files = looked.tree().files(part);
        let (large, small): (Vec<_>, Vec<_>) = files.into_iter().partition(FileAt::is_large);
        let found = small.into_par_iter().find_map_first(|at| look(at).err());
        found.or_else(|| large.into_iter().find_map(|at| look(at).err()))
    });
    if is_new.into_inner() {
        looked.keep();
    }
    found.map_or(Ok(()), Err)
}

/// Looks at the files in blocks that are on their way, on all cores, and says whether all is well
/// without another look: a file of one block is that block.
pub(super) struct Sieve<'a> {
    to: &'a mut dyn BlockSink,
    own: &'a OwnKeys,
    /// Files that passed and were not looked at yet, one after the other, and where each ends.
    waiting: (Vec<u8>, Vec<usize>),
    doubt: bool,
}

/// As many bytes of files wait to be looked at.
const WAITING: usize = 1 << 20;

impl<'a> Sieve<'a> {
    pub(super) fn new(to: &'a mut dyn BlockSink, own: &'a OwnKeys) -> Self {
        Self { to, own, waiting: Default::default(), doubt: false }
    }

    /// Whether a block may hold a key, or be a part of a file alone: [`refuse_private_keys`] says.
    pub(super) fn is_in_doubt(&mut self) -> bool {
        self.look();
        self.doubt
    }

    fn look(&mut self) {
        let (bytes, ends) = &self.waiting;
        let start = |number: usize| number.checked_sub(1).map_or(0, |before| ends[before]);
        let holds_key = |(number, end): (usize, &usize)| {
            private_key_in(&bytes[start(number)..*end], self.own).is_some()
        };
        self.doubt |= ends.par_iter().enumerate().with_min_len(16).any(holds_key);
        self.waiting.0.clear();
        self.waiting.1.clear();
    }
}

impl BlockSink for Sieve<'_> {
    fn put(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
        if cid.codec() == RAW {
            self.doubt |= data.len() >= CHUNK_BYTES;
            self.waiting.0.extend_from_slice(data);
            self.waiting.1.push(self.waiting.0.len());
        }
        if self.waiting.0.len() >= WAITING {
            self.look();
        }
        self.to.put(cid, data)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> PrivateKeyError + use<> {
    let path = path.to_owned();
    move |error| PrivateKeyError::Io { path, error }
}

/// `dir` is how `opened` is called.
fn search(
    dir: &Path,
    opened: &OpenDir,
    is_inside: bool,
    own: &OwnKeys,
) -> Result<(), PrivateKeyError> {
    let mut files = Vec::new();
    let mut folders = vec![(PathBuf::new(), is_inside)];
    while let Some((folder, inside)) = folders.pop() {
        let entries = match folder.as_os_str().is_empty() {
            true => opened.entries(),
            false => opened.folder(&folder).and_then(|folder| folder.entries()),
        };
        for (name, kind) in entries.map_err(failed(&dir.join(&folder)))? {
            let path = folder.join(&name);
            match kind {
                Kind::Folder => folders.push((path, inside || is_well_known(&name))),
                Kind::File if inside => files.push(path),
                _ => {}
            }
        }
    }
    files.sort_unstable();
    let look = |path: &PathBuf| {
        let found = opened.file(path).and_then(|file| private_key_of(file, own));
        match found {
            Ok(None) => None,
            Ok(Some(found)) => Some(PrivateKeyError::Found { path: dir.join(path), found }),
            Err(error) => Some(failed(&dir.join(path))(error)),
        }
    };
    files.par_iter().find_map_first(look).map_or(Ok(()), Err)
}

fn is_well_known(name: &std::ffi::OsStr) -> bool {
    name.eq_ignore_ascii_case(WELL_KNOWN)
}

fn private_key_of(file: File, own: &OwnKeys) -> io::Result<Option<FoundKey>> {
    // What is longer than anything that is published is refused by whoever packs it.
    if file.metadata()?.len() > MAX_FILE_BYTES {
        return Ok(None);
    }
    let mut part = Vec::with_capacity(2048);
    loop {
        let (before, room) = (part.len(), PART - part.len());
        (&file).take(room as u64).read_to_end(&mut part)?;
        if let Some(found) = private_key_in(&part, own) {
            return Ok(Some(found));
        }
        if part.len() < PART || part.len() == before {
            return Ok(None);
        }
        part.drain(..PART - OVERLAP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    /// What is packed is looked at as it is packed: the same is found as by looking first.
    #[test]
    fn what_is_packed_is_looked_at() {
        use super::super::tree::Source;
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &[u8]| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let mut own = OwnKeys::default();
        own.add(Secret::new([5; 32]));
        let record = |bytes: &[u8]| {
            format!("{{\"data\":\"0x{}\"}}", alloy_primitives::hex::encode(bytes)).into_bytes()
        };
        let place = ".well-known/eth/nick/text/a.json";
        let source = Source::Folder(dir.path().to_owned());
        let pack = || {
            let error = source.measure_keyless(&own, &mut |_| ()).err();
            error.map(|error| error.to_string()).unwrap_or_default()
        };
        write("notes.pem", b"-----BEGIN PRIVATE KEY-----\n");
        write(place, &record(&[7; 700]));
        assert_eq!(pack(), "", "what is beside .well-known is not looked at");
        write(place, &record(&[[7; 40].as_slice(), &[5; 32], &[7; 40]].concat()));
        assert!(pack().contains("a.json holds a private key of this workspace"), "{}", pack());
        // Across the end of a block.
        let mut long = vec![b' '; 2 * CHUNK_BYTES];
        long[CHUNK_BYTES - 9..][..28].copy_from_slice(b"-----BEGIN PRIVATE KEY-----\n");
        write(place, &long);
        assert!(pack().contains("a.json holds a private key (PEM)"), "{}", pack());
    }

    #[test]
    fn only_what_is_below_well_known_is_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let pem = "-----BEGIN PRIVATE KEY-----\n";
        let write = |path: &str, text: &[u8]| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("keys/ipns.key", pem.as_bytes());
        write(".well-known/eth/nick/text/avatar.json", b"{\"data\":\"0x00\"}");
        std::os::unix::fs::symlink("../keys/ipns.key", dir.path().join(".well-known/l")).unwrap();
        let mut own = OwnKeys::default();
        own.add(Secret::new([5; 32]));
        let look = |dir: &Path| refuse_private_keys(dir, &own).map_err(|error| error.to_string());
        look(dir.path()).unwrap();
        // Also amid a long file, over the end of a part.
        for at in [0, 17, PART - 40, PART - 5, 3 * PART] {
            let mut long = vec![b' '; 4 * PART];
            long[at..at + pem.len()].copy_from_slice(pem.as_bytes());
            write(".well-known/x/long", &long);
            let error = look(dir.path()).unwrap_err();
            assert!(error.contains("x/long holds a private key (PEM)"), "{at}: {error}");
        }
        write(".well-known/x/long", &[5; 32]);
        let error = look(dir.path()).unwrap_err();
        assert!(error.contains("a private key of this workspace"), "{error}");
        assert!(look(&dir.path().join(".well-known")).is_err());
        assert!(look(&dir.path().join(".well-known/x")).is_err());
        look(&dir.path().join("keys")).unwrap();
        // What stands beside it at the root is published from there.
        let none = OwnKeys::default();
        let of = |own: &OwnKeys| {
            refuse_private_keys_of(dir.path(), own).map_err(|error| error.to_string())
        };
        write(".well-known/x/long", b"");
        of(&own).unwrap();
        for hidden in ["root/index.html", "root/a/b/key", "root/.env"] {
            write(hidden, &[5; 32]);
            let error = of(&own).unwrap_err();
            assert!(error.contains(hidden), "{error}");
            of(&none).unwrap();
            write(hidden, pem.as_bytes());
            assert!(of(&none).unwrap_err().contains(hidden));
            write(hidden, b"");
        }
        write(".well-known/x/long", &[5; 32]);
        assert!(refuse_private_keys(dir.path(), &OwnKeys::default()).is_ok());
    }
}
