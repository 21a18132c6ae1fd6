//! Folders that a stranger may have filled: what is in them is opened relative to them, one part
//! of the way after the other, and no link is followed.
//!
//! A file is a regular file and is read up to a limit; pipes, devices and sockets are neither
//! waited for nor read.

mod inside;
mod unsuitable;
mod write;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};

pub use rustix::fs::Stat;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

pub use self::unsuitable::Unsuitable;

/// What every file and folder is opened with.
const ALWAYS: OFlags =
    OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// An open folder.
#[derive(Debug)]
pub struct OpenDir {
    fd: OwnedFd,
    path: PathBuf,
}

/// What stands at a path, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a device or a socket, as it is called.
    Other(&'static str),
}

impl Kind {
    fn of(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            FileType::Fifo => Self::Other("a pipe"),
            FileType::Socket => Self::Other("a socket"),
            FileType::CharacterDevice | FileType::BlockDevice => Self::Other("a device"),
            FileType::Unknown => Self::Other("no file"),
        }
    }

    pub(crate) fn of_stat(stat: &Stat) -> Self {
        Self::of(FileType::from_raw_mode(stat.st_mode))
    }
}

impl OpenDir {
    /// Opens the folder at `path`. Links on the way to it are followed: it was named by whoever
    /// called, not by what is in it.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let named = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let fd = rustix::fs::open(named, flags, Mode::empty())?;
        Ok(Self { fd, path: path.to_owned() })
    }

    /// Opens the regular file at `path`, on the way to which links are followed, there too: it
    /// was named by whoever called, who may have the name from a stranger.
    ///
    /// # Errors
    /// [`Unsuitable::NotFile`] for a pipe, say, which is not waited for; the system's.
    pub fn named_file(path: &Path) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        match Kind::of_stat(&fstat(&fd)?) {
            Kind::File => Ok(File::from(fd)),
            other => Err(Unsuitable::not_file(path, other).into()),
        }
    }

    /// Where it is, for words.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder as a file, which can be locked.
    ///
    /// # Errors
    /// The system's.
    pub fn as_file(&self) -> io::Result<File> {
        Ok(File::from(self.fd.try_clone()?))
    }

    /// Opens the folder at `path` below this one.
    ///
    /// # Errors
    /// [`Unsuitable`], or the system's.
    pub fn folder(&self, path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let fd = self.open_below(path, OFlags::DIRECTORY, Mode::empty());
        let fd = fd.map_err(|errno| self.explain(path, errno))?;
        Ok(Self { fd, path: self.path.join(path) })
    }

    /// As [`folder`](Self::folder), of something that is in it.
    fn above(&self, path: &Path) -> io::Result<Self> {
        self.folder(path).map_err(|error| Unsuitable::on_the_way(error, path))
    }

    /// Opens the regular file at `path`.
    ///
    /// # Errors
    /// [`Unsuitable`], or the system's.
    pub fn file(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let path = path.as_ref();
        let fd = self.open_below(path, OFlags::RDONLY, Mode::empty());
        self.regular(path, fd.map_err(|errno| self.explain(path, errno))?)
    }

    /// Opens the regular file at `path` to be added to.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn file_to_change(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let path = path.as_ref();
        let fd = self.open_below(path, OFlags::RDWR, Mode::empty());
        self.regular(path, fd.map_err(|errno| self.explain(path, errno))?)
    }

    /// As [`file`](Self::file); nothing is read of one that claims to have more than `limit` bytes.
    ///
    /// # Errors
    /// As [`file`](Self::file), and [`Unsuitable::TooLarge`].
    pub fn file_up_to(&self, path: impl AsRef<Path>, limit: u64) -> io::Result<File> {
        let file = self.file(path)?;
        match file.metadata()?.len() > limit {
            true => Err(Unsuitable::TooLarge(limit).into()),
            false => Ok(file),
        }
    }

    fn regular(&self, path: &Path, fd: OwnedFd) -> io::Result<File> {
        match Kind::of_stat(&fstat(&fd)?) {
            Kind::File => Ok(File::from(fd)),
            other => Err(Unsuitable::not_file(path, other).into()),
        }
    }

    /// The file at `path`, which has `limit` bytes at most.
    ///
    /// # Errors
    /// As [`file`](Self::file), and [`Unsuitable::TooLarge`].
    pub fn read(&self, path: impl AsRef<Path>, limit: u64) -> io::Result<Vec<u8>> {
        let path = path.as_ref();
        let file = self.file_up_to(path, limit)?;
        let bytes = start_of(file, limit + 1)?;
        tracing::debug!("read {}: {} bytes", self.path().join(path).display(), bytes.len());
        match bytes.len() as u64 > limit {
            true => Err(Unsuitable::TooLarge(limit).into()),
            false => Ok(bytes),
        }
    }

    /// As [`read`](Self::read), of UTF-8.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`io::ErrorKind::InvalidData`].
    pub fn read_text(&self, path: impl AsRef<Path>, limit: u64) -> io::Result<String> {
        String::from_utf8(self.read(path, limit)?)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    }

    /// What stands at `path`; none where nothing does, or where the way to it ends at a file.
    ///
    /// # Errors
    /// [`Unsuitable::Link`] for a link on the way there, or the system's.
    pub fn kind(&self, path: impl AsRef<Path>) -> io::Result<Option<Kind>> {
        Ok(self.stat(path.as_ref())?.as_ref().map(Kind::of_stat))
    }

    /// What the system says of `path`, on the way to which links are followed: only to compare it
    /// with what was said before. Whoever reads it opens it as everything here is opened.
    ///
    /// # Errors
    /// The system's.
    pub fn glance(&self, path: &str) -> io::Result<Stat> {
        Ok(statat(&self.fd, path, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        let (parent, name) = parts(path)?;
        let found = match parent {
            None => statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW),
            Some(parent) => self
                .open_below(parent, OFlags::DIRECTORY, Mode::empty())
                .and_then(|parent| statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)),
        };
        match found {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR) => match self.explain(path, Errno::NOTDIR) {
                error if Unsuitable::of(&error).is_some_and(Unsuitable::is_link) => Err(error),
                _ => Ok(None),
            },
            Err(errno) => Err(self.explain(path, errno)),
        }
    }

    /// Where the link at `path` points, as it is written.
    ///
    /// # Errors
    /// As [`kind`](Self::kind).
    pub fn read_link(&self, path: impl AsRef<Path>) -> io::Result<PathBuf> {
        let path = path.as_ref();
        let (parent, name) = parts(path)?;
        let target = match parent {
            None => readlinkat(&self.fd, name, Vec::new())?,
            Some(parent) => readlinkat(&self.above(parent)?.fd, name, Vec::new())?,
        };
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    /// Everything in it, in no order.
    ///
    /// # Errors
    /// The system's.
    pub fn entries(&self) -> io::Result<Vec<(OsString, Kind)>> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                // Not every file system tells.
                FileType::Unknown => self.kind(&name)?.unwrap_or(Kind::Other("no file")),
                kind => Kind::of(kind),
            };
            entries.push((name, kind));
        }
        Ok(entries)
    }

    /// One call where the system can look at all of the way, else one for each part of it.
    fn open_below(&self, path: &Path, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
        parts(path).map_err(|_| Errno::INVAL)?;
        let flags = flags | ALWAYS;
        #[cfg(target_os = "linux")]
        if ONE_CALL.load(Ordering::Relaxed) {
            use rustix::fs::{ResolveFlags, openat2};
            let within =
                ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
            match openat2(&self.fd, path, flags, mode, within) {
                // Before Linux 5.6, and in sandboxes that do not know the call.
                Err(Errno::NOSYS) => ONE_CALL.store(false, Ordering::Relaxed),
                Err(Errno::PERM) => {}
                opened => return opened,
            }
        }
        self.open_part_by_part(path, flags, mode)
    }

    fn open_part_by_part(
        &self,
        path: &Path,
        flags: OFlags,
        mode: Mode,
    ) -> rustix::io::Result<OwnedFd> {
        let (parent, name) = parts(path).map_err(|_| Errno::INVAL)?;
        let mut folder: Option<OwnedFd> = None;
        for part in parent.into_iter().flat_map(Path::components) {
            let next = OFlags::DIRECTORY | ALWAYS;
            folder = Some(match &folder {
                None => openat(&self.fd, part.as_os_str(), next, Mode::empty())?,
                Some(folder) => openat(folder, part.as_os_str(), next, Mode::empty())?,
            });
        }
        match &folder {
            None => openat(&self.fd, name, flags, mode),
            Some(folder) => openat(folder, name, flags, mode),
        }
    }

    /// Says what is in the way, where the system only says that something is.
    fn explain(&self, path: &Path, errno: Errno) -> io::Error {
        let unclear = [Errno::LOOP, Errno::NOTDIR, Errno::ISDIR, Errno::NXIO, Errno::OPNOTSUPP];
        if !unclear.contains(&errno) {
            return errno.into();
        }
        let mut way = PathBuf::new();
        for part in path.components() {
            way.push(part);
            // Whatever is a link was seen to be none before it.
            let Ok(stat) = statat(&self.fd, &way, AtFlags::SYMLINK_NOFOLLOW) else { break };
            match Kind::of_stat(&stat) {
                Kind::Folder if way == path && errno == Errno::ISDIR => {
                    return Unsuitable::not_file(path, Kind::Folder).into();
                }
                Kind::Folder => {}
                Kind::Link => return Unsuitable::link(&way, path).into(),
                kind if way == path && errno == Errno::NOTDIR => {
                    return Unsuitable::not_folder(&way, path, kind).into();
                }
                kind if way == path => return Unsuitable::not_file(path, kind).into(),
                kind => return Unsuitable::not_folder(&way, path, kind).into(),
            }
        }
        errno.into()
    }
}

/// Whether the system has `openat2`.
#[cfg(target_os = "linux")]
static ONE_CALL: AtomicBool = AtomicBool::new(true);

/// The folder of a relative path, if it is in one, and its last part.
fn parts(path: &Path) -> io::Result<(Option<&Path>, &std::ffi::OsStr)> {
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    match path.file_name() {
        Some(name) if is_plain => {
            Ok((path.parent().filter(|parent| !parent.as_os_str().is_empty()), name))
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no path below a folder")),
    }
}

fn start_of(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2048.min(most as usize));
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
