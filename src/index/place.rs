//! Where what is known is kept: files that only this user can have written, in folders of this
//! user.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::stamp::Stamp;
use crate::folder::OpenDir;

/// A million files have some 400 MB.
const MAX_BYTES: u64 = 1 << 30;
/// The folder of indexes, within that of all that is cached.
pub(super) const INDEX: &str = "index";
/// The folder of the places of blocks.
pub(super) const BLOCKS: &str = "blocks";
/// Where a workspace has files under way.
const STATE: &str = ".namesys/tmp";
/// What is under way, and what tells the time.
const PREFIX: &str = "write-";
/// What nobody used for so long goes.
const MAX_AGE: Duration = Duration::from_secs(180 * 24 * 3600);
/// What was under way so long ago was cut short.
const MAX_WRITING: Duration = Duration::from_secs(3600);

/// A file with what is known of one workspace.
#[derive(Debug)]
pub(super) struct Place {
    /// That of all that is cached.
    above: PathBuf,
    folder: PathBuf,
    path: PathBuf,
    /// The workspace's own path, without links.
    workspace: PathBuf,
}

fn of_user(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Whether nobody else may do anything with it.
fn is_private(metadata: &Metadata) -> bool {
    of_user(metadata) && metadata.permissions().mode() & 0o077 == 0
}

impl Place {
    /// Of the workspace in `dir`, in the folder `kind` below `above`. None where the workspace has no
    /// path, or would hold what is known of it.
    pub(super) fn new(above: PathBuf, kind: &str, dir: &Path) -> Option<Self> {
        let workspace = dir.canonicalize().ok()?;
        if !above.is_absolute()
            || above.starts_with(&workspace)
            || real(&above)?.starts_with(&workspace)
        {
            return None;
        }
        let name = HEXLOWER.encode(&Sha256::digest(workspace.as_os_str().as_encoded_bytes())[..16]);
        let folder = above.join(kind);
        Some(Self { path: folder.join(name), folder, above, workspace })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The workspace's own path, without links.
    pub(super) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// The file as it was kept, where it can be believed: written by this user.
    pub(super) fn read(&self) -> Option<Vec<u8>> {
        if !self.is_ours() {
            return None;
        }
        let file = OpenDir::open(&self.folder).ok()?.file(self.path.file_name()?).ok()?;
        let metadata = file.metadata().ok()?;
        if !is_private(&metadata) || metadata.len() > MAX_BYTES {
            tracing::info!("{} is not this user's alone: it is not read", self.path.display());
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Whether nobody else can have put something into the folder.
    fn is_ours(&self) -> bool {
        let above = fs::metadata(&self.above);
        let is_safe = |above: Metadata| of_user(&above) && above.permissions().mode() & 0o022 == 0;
        let folder = fs::symlink_metadata(&self.folder);
        above.is_ok_and(is_safe)
            && folder.is_ok_and(|folder| folder.is_dir() && is_private(&folder))
    }

    /// Makes the folder, for this user alone, in a folder of this user.
    fn make(&self) -> bool {
        let mut private = DirBuilder::new();
        private.mode(0o700);
        let exists = |made: io::Result<()>| match made {
            Err(error) => error.kind() == io::ErrorKind::AlreadyExists,
            Ok(()) => true,
        };
        if !self.above.is_dir() {
            let Some(cache) = self.above.parent() else { return false };
            if fs::create_dir_all(cache).is_err() || !fs::metadata(cache).is_ok_and(|m| of_user(&m))
            {
                return false;
            }
            if !exists(private.create(&self.above)) {
                return false;
            }
        }
        if fs::symlink_metadata(&self.folder).is_err()
            && (!fs::metadata(&self.above).is_ok_and(|m| of_user(&m))
                || !exists(private.create(&self.folder)))
        {
            return false;
        }
        self.is_ours()
    }

    /// The time by the clock of the workspace's file system: that of a file written there, in the
    /// folder of indexes where that is on the same one. None where none can be written.
    pub(super) fn clock(&self, workspace: &OpenDir) -> Option<i64> {
        let device = Stamp::of_file(&workspace.as_file().ok()?).ok()?.device();
        let in_cache = || {
            let mut file =
                tempfile::Builder::new().prefix(PREFIX).tempfile_in(&self.folder).ok()?;
            file.write_all(b"?").ok()?;
            Stamp::of_file(file.as_file()).ok()
        };
        let in_state = || {
            let (folder, name) =
                (workspace.folder(STATE).ok()?, format!("{PREFIX}{}", std::process::id()));
            folder.write(&name, b"?", &folder, false).ok()?;
            let stat = folder.glance(&name);
            folder.remove_file(&name).ok()?;
            Some(Stamp::of(&stat.ok()?))
        };
        let of_device = |stamp: &Stamp| stamp.device() == device && *stamp != Stamp::NONE;
        let in_cache = if self.make() { in_cache().filter(of_device) } else { None };
        Some(in_cache.or_else(|| in_state().filter(of_device))?.changed())
    }

    /// Replaces the file. Whatever prevents it is no error: the next command reads more.
    pub(super) fn save(&self, bytes: &[u8]) {
        let since = std::time::Instant::now();
        match self.write(bytes) {
            Ok(()) => {
                let (length, ms) = (bytes.len(), since.elapsed().as_millis());
                tracing::info!("wrote {}: {length} bytes in {ms} ms", self.path.display());
                self.sweep();
            }
            Err(error) => tracing::info!("could not write {}: {error}", self.path.display()),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if !self.make() {
            return Err(io::Error::other("its folder is not this user's alone"));
        }
        // For this user alone, as all such files.
        let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(&self.folder)?;
        file.write_all(bytes)?;
        let _: File = file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    pub(super) fn remove(&self) {
        // What is not there, or cannot be removed, was not believed by anybody.
        let _ = fs::remove_file(&self.path);
    }

    /// Removes what was cut short, and files of workspaces that nobody uses any more.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let now = SystemTime::now();
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let age = metadata.modified().ok().and_then(|then| now.duration_since(then).ok());
            let is_writing = entry.file_name().to_string_lossy().starts_with(PREFIX);
            let is_index = |name: &std::ffi::OsStr| {
                let name = name.as_encoded_bytes();
                name.len() == 32 && name.iter().all(u8::is_ascii_hexdigit)
            };
            // What is not an index's is somebody else's.
            if !is_writing && !is_index(&entry.file_name()) {
                continue;
            }
            let longest = if is_writing { MAX_WRITING } else { MAX_AGE };
            if metadata.is_file() && age.is_some_and(|age| age > longest) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A path without links, of which the last parts may not be there yet.
fn real(path: &Path) -> Option<PathBuf> {
    path.ancestors().find_map(|above| {
        let real = above.canonicalize().ok()?;
        Some(real.join(path.strip_prefix(above).ok()?))
    })
}
