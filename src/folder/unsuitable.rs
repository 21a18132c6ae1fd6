//! What stands where a file or folder should.

use std::io;
use std::path::{Path, PathBuf};

use super::Kind;

/// Why something is not opened. It is the inner error of an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// A link, there or on the way.
    #[error("{} a symbolic link, and none is followed here: put what it leads to in its place", it(.0))]
    Link(Option<PathBuf>),
    /// Something that is read in no end, or cannot be read as a file.
    #[error("it is {0}, not a file")]
    NotFile(&'static str),
    /// A file, say, on the way.
    #[error("{} {what}, not a folder", it(.part))]
    NotFolder {
        /// The part of the way, where it is not the whole.
        part: Option<PathBuf>,
        /// What it is.
        what: &'static str,
    },
    /// More than is ever written there.
    #[error("it has more than {} MiB, which is more than is read of it", .0 >> 20)]
    TooLarge(u64),
}

/// The part of the way that an error is about.
fn it(part: &Option<PathBuf>) -> String {
    match part {
        Some(part) => format!("{} is", part.display()),
        None => "it is".to_owned(),
    }
}

impl Unsuitable {
    /// What is unsuitable, where that is the reason of an error.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Whether it is a link.
    pub fn is_link(&self) -> bool {
        matches!(self, Self::Link(_))
    }

    /// `error`, which is about the folder `way`, seen from what is in it.
    pub(super) fn on_the_way(error: io::Error, way: &Path) -> io::Error {
        match Self::of(&error) {
            Some(Self::Link(None)) => Self::Link(Some(way.to_owned())).into(),
            Some(Self::NotFolder { part: None, what }) => {
                Self::NotFolder { part: Some(way.to_owned()), what }.into()
            }
            _ => error,
        }
    }

    pub(super) fn link(way: &Path, path: &Path) -> Self {
        Self::Link((way != path).then(|| way.to_owned()))
    }

    pub(super) fn not_folder(way: &Path, path: &Path, kind: Kind) -> Self {
        let part = (way != path).then(|| way.to_owned());
        Self::NotFolder { part, what: kind.words() }
    }

    pub(super) fn not_file(path: &Path, kind: Kind) -> Self {
        match kind {
            Kind::Link => Self::link(path, path),
            kind => Self::NotFile(kind.words()),
        }
    }
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Other(what) => what,
        }
    }
}

impl From<Unsuitable> for io::Error {
    fn from(reason: Unsuitable) -> Self {
        Self::other(reason)
    }
}
