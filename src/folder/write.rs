//! Files that are either the old or the new, and the folders on the way to them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Stat, Uid, chmodat, chownat, fchown, fstat, mkdirat, renameat,
    symlinkat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::{Kind, OpenDir, Unsuitable, parts};

/// How what is under way is called.
const PREFIX: &str = "write-";
/// As the umask says.
const MODE: u32 = 0o666;
/// That of a file that nobody else reads.
const PRIVATE: u32 = 0o600;

/// A file or link under way: it goes unless it gets its place.
struct Unplaced<'a> {
    folder: &'a OpenDir,
    name: String,
}

impl Drop for Unplaced<'_> {
    fn drop(&mut self) {
        // What has its place is no longer there; what cannot be removed is litter.
        let _ = unlinkat(&self.folder.fd, self.name.as_str(), AtFlags::empty());
    }
}

impl Unplaced<'_> {
    /// Gives it the permissions of the file that it replaces, and its owner. By its name: so many
    /// may be staged that they cannot all be open.
    fn becomes(&self, was: &Stat) -> io::Result<()> {
        let (folder, name) = (&self.folder.fd, self.name.as_str());
        chmodat(folder, name, Mode::from_raw_mode(was.st_mode & 0o7777), AtFlags::empty())?;
        if geteuid().is_root() {
            let (owner, group) = (Uid::from_raw(was.st_uid), Gid::from_raw(was.st_gid));
            chownat(folder, name, Some(owner), Some(group), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    }

    /// Gives it the name `name` in `to`, in place of whatever file or link is there.
    fn place(self, to: &OpenDir, name: &OsStr) -> io::Result<()> {
        renameat(&self.folder.fd, self.name.as_str(), &to.fd, name)?;
        std::mem::forget(self);
        Ok(())
    }
}

/// A file that is written and has no place yet; it goes unless it gets one.
pub struct Staged<'a>(Unplaced<'a>);

/// What root writes for somebody else stays theirs.
fn keep_owner(file: &File, was: &Stat) -> io::Result<()> {
    let new = fstat(file)?;
    if !geteuid().is_root() || (new.st_uid, new.st_gid) == (was.st_uid, was.st_gid) {
        return Ok(());
    }
    let (owner, group) = (Uid::from_raw(was.st_uid), Gid::from_raw(was.st_gid));
    Ok(fchown(file, Some(owner), Some(group))?)
}

impl OpenDir {
    /// Writes a file in `temporary` and renames it to `path` below this folder; the folders on the
    /// way are made. A link that stands there is replaced, not followed.
    ///
    /// With `durable` the bytes reach the disk before the rename: for what cannot be made again.
    /// An existing file keeps its permissions.
    ///
    /// # Errors
    /// The system's, the old file being as it was; [`Unsuitable`] for a link on
    /// the way.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        bytes: &[u8],
        temporary: &Self,
        durable: bool,
    ) -> io::Result<()> {
        self.write_as(path.as_ref(), bytes, temporary, (durable, None))
    }

    /// As [`write`](Self::write), for a file that nobody else reads, whatever its permissions were;
    /// its bytes reach the disk.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_private(
        &self,
        path: impl AsRef<Path>,
        bytes: &[u8],
        temporary: &Self,
    ) -> io::Result<()> {
        self.write_as(path.as_ref(), bytes, temporary, (true, Some(PRIVATE)))
    }

    fn write_as(
        &self,
        path: &Path,
        bytes: &[u8],
        temporary: &Self,
        (durable, mode): (bool, Option<u32>),
    ) -> io::Result<()> {
        let since = std::time::Instant::now();
        let written = self.at(path, |folder, name| {
            let was = folder.stat(Path::new(name))?;
            let was = was.filter(|stat| Kind::of_stat(stat) == Kind::File);
            let mode = mode.unwrap_or(was.map_or(MODE, |stat| stat.st_mode & 0o7777));
            let (mut file, unplaced) = temporary.new_file(mode)?;
            if let Some(was) = was {
                keep_owner(&file, &was)?;
            }
            file.write_all(bytes)?;
            if durable {
                file.sync_all()?;
            }
            unplaced.place(folder, name)
        });
        let (shown, ms) = (self.path().join(path), since.elapsed().as_millis());
        match &written {
            Ok(()) => tracing::info!("wrote {}: {} bytes in {ms} ms", shown.display(), bytes.len()),
            Err(error) => tracing::info!("could not write {}: {error}", shown.display()),
        }
        written
    }

    /// Waits until everything written below this folder is on the disk.
    ///
    /// # Errors
    /// The system's.
    #[cfg(target_os = "linux")]
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.fd)?)
    }

    /// Nothing: where the system cannot do that for all at once, each file waited.
    ///
    /// # Errors
    /// None.
    #[cfg(not(target_os = "linux"))]
    pub fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    /// Writes a file in this folder that [`place`](Self::place) gives its place. It is on the disk
    /// after [`sync`](Self::sync).
    ///
    /// # Errors
    /// The system's.
    pub fn stage(&self, bytes: &[u8]) -> io::Result<Staged<'_>> {
        let (mut file, unplaced) = self.new_file(MODE)?;
        file.write_all(bytes)?;
        if cfg!(not(target_os = "linux")) {
            file.sync_all()?;
        }
        Ok(Staged(unplaced))
    }

    /// Puts a staged file at `path` below this folder; the folders on the way are made. What
    /// stands there is replaced, a link not followed; a file keeps its permissions and owner.
    ///
    /// # Errors
    /// The system's; [`Unsuitable`] for a link on the way.
    pub fn place(&self, path: impl AsRef<Path>, staged: Staged<'_>) -> io::Result<()> {
        self.at(path.as_ref(), |folder, name| {
            let was = folder.stat(Path::new(name))?;
            if let Some(was) = was.filter(|stat| Kind::of_stat(stat) == Kind::File) {
                staged.0.becomes(&was)?;
            }
            staged.0.place(folder, name)
        })
    }

    /// Makes a link to `target`, in place of whatever file or link is at `path`.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_link(
        &self,
        path: impl AsRef<Path>,
        target: &str,
        temporary: &Self,
    ) -> io::Result<()> {
        self.at(path.as_ref(), |folder, name| {
            let made = temporary.new_name(|name| symlinkat(target, &temporary.fd, name));
            made?.1.place(folder, name)
        })
    }

    /// Makes an empty file, unless something is there.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or the system's.
    pub fn create_new(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.create(path.as_ref(), MODE)
    }

    /// As [`create_new`](Self::create_new), for its owner alone.
    ///
    /// # Errors
    /// As [`create_new`](Self::create_new).
    pub fn create_private(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.create(path.as_ref(), PRIVATE)
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        Ok(self.open_below(path, flags, Mode::from_raw_mode(mode)).map(drop)?)
    }

    /// Opens the file at `path` to be locked, and makes it where there is none.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn lock_file(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let (path, flags) = (path.as_ref(), OFlags::WRONLY | OFlags::CREATE);
        let fd = self.open_below(path, flags, Mode::from_raw_mode(MODE));
        self.regular(path, fd.map_err(|errno| self.explain(path, errno))?)
    }

    /// Opens the folder at `path`; it and those on the way are made.
    ///
    /// # Errors
    /// As [`folder`](Self::folder).
    pub fn make_folder(&self, path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        match self.folder(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        let mut way = PathBuf::new();
        for part in path.components() {
            let above = match way.as_os_str().is_empty() {
                true => None,
                false => Some(self.above(&way)?),
            };
            way.push(part);
            let folder = above.as_ref().unwrap_or(self);
            match mkdirat(&folder.fd, part.as_os_str(), Mode::from_raw_mode(0o777)) {
                // Whatever it is, it is looked at when it is opened.
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        self.folder(path)
    }

    /// Removes the file or link at `path`.
    ///
    /// # Errors
    /// The system's; [`Unsuitable`] for a link on the way.
    pub fn remove_file(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.remove(path.as_ref(), AtFlags::empty())
    }

    /// Removes the folder at `path`, which is empty.
    ///
    /// # Errors
    /// As [`remove_file`](Self::remove_file).
    pub fn remove_folder(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.remove(path.as_ref(), AtFlags::REMOVEDIR)
    }

    fn remove(&self, path: &Path, flags: AtFlags) -> io::Result<()> {
        let (parent, name) = parts(path)?;
        let removed = match parent {
            None => unlinkat(&self.fd, name, flags),
            Some(parent) => unlinkat(&self.above(parent)?.fd, name, flags),
        };
        Ok(removed?)
    }

    /// Removes what [`write`](Self::write) and its kin left here when they were cut short, and
    /// what is called `also…`: regular files of this user, and links. Everything else stays.
    pub fn clear_temporary(&self, also: &str) {
        let Ok(entries) = self.entries() else { return };
        for (name, kind) in entries {
            let text = name.to_string_lossy();
            let is_named = text.starts_with(PREFIX) || !also.is_empty() && text.starts_with(also);
            if !is_named || !matches!(kind, Kind::File | Kind::Link) {
                continue;
            }
            let owner = self.stat(Path::new(&name)).ok().flatten().map(|stat| stat.st_uid);
            if owner == Some(geteuid().as_raw()) {
                // A file that cannot be removed is only litter; the next holder tries again.
                let _ = self.remove_file(&name);
            }
        }
    }

    /// Does something in the folder of `path`, which is made when it is missing: the usual case
    /// costs no call.
    fn at(&self, path: &Path, act: impl FnOnce(&Self, &OsStr) -> io::Result<()>) -> io::Result<()> {
        match parts(path)? {
            (None, name) => act(self, name),
            (Some(parent), name) => {
                let folder = self.make_folder(parent);
                act(&folder.map_err(|error| Unsuitable::on_the_way(error, parent))?, name)
            }
        }
    }

    fn new_file(&self, mode: u32) -> io::Result<(File, Unplaced<'_>)> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let (fd, unplaced) = self
            .new_name(|name| self.open_below(Path::new(name), flags, Mode::from_raw_mode(mode)))?;
        Ok((File::from(fd), unplaced))
    }

    /// Makes something under a name that nothing has.
    fn new_name<T>(
        &self,
        make: impl Fn(&str) -> rustix::io::Result<T>,
    ) -> io::Result<(T, Unplaced<'_>)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{PREFIX}{}-{number}", std::process::id());
            match make(&name) {
                Ok(made) => return Ok((made, Unplaced { folder: self, name })),
                // A process that had this number was killed, or has it in another container.
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}
