//! What is packed, and the file it is packed into.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cid::Cid;
use tempfile::TempPath;

use super::private_keys::{
    PrivateKeyError, Sieve, refuse_private_keys, refuse_private_keys_known, refuse_private_keys_of,
};
use crate::ipfs::{BlockSink, CarWriter, PackError, Packed, pack_directory, pack_well_known};
use crate::keys::OwnKeys;
use crate::temporary::Temporary;
use crate::workspace::Workspace;

/// What is packed.
#[derive(Clone, Debug)]
pub enum Source {
    /// A folder as it stands.
    Folder(PathBuf),
    /// A root that holds the `.well-known` of this workspace alone.
    WellKnown(PathBuf),
    /// The same, by what the workspace's index knows of it.
    Workspace(Workspace),
}

/// Why a tree was not packed.
#[derive(Debug, thiserror::Error)]
pub enum PackFailed {
    /// What is to be packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The CAR file.
    #[error("{} cannot be written: {error}", .path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

/// Why a tree is not sent.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A private key is in it.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// It cannot be packed.
    #[error(transparent)]
    Pack(#[from] PackFailed),
}

/// A CAR file under way, which is removed when this is dropped.
#[derive(Debug)]
pub struct TemporaryCar {
    path: TempPath,
    _temporary: Temporary,
}

/// Counts blocks without keeping them.
struct Nowhere;

impl BlockSink for Nowhere {
    fn put(&mut self, _cid: &Cid, _data: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

impl Source {
    /// Looks for private keys in what would be published.
    ///
    /// # Errors
    /// [`PrivateKeyError`] names the file.
    pub fn refuse_private_keys(&self, own: &OwnKeys) -> Result<(), PrivateKeyError> {
        match self {
            Self::Folder(dir) => refuse_private_keys(dir, own),
            Self::WellKnown(workspace) => refuse_private_keys_of(workspace, own),
            Self::Workspace(workspace) => match workspace.look() {
                Some(mut looked) => refuse_private_keys_known(workspace, &mut looked, own),
                None => refuse_private_keys_of(workspace.dir(), own),
            },
        }
    }

    /// Packs it to nowhere: its root and size. `progress` is told how many files are packed.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn measure(&self, progress: &mut dyn FnMut(u64)) -> Result<Packed, PackError> {
        self.pack_to(&mut Nowhere, progress)
    }

    /// Its root, by what is known.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn root(&self, progress: &mut dyn FnMut(u64)) -> Result<Cid, PackError> {
        let known = match self {
            Self::Workspace(workspace) => workspace.known_root(),
            Self::Folder(_) | Self::WellKnown(_) => None,
        };
        match known {
            Some(root) => Ok(root),
            None => Ok(self.measure(progress)?.root),
        }
    }

    /// Packs it into the CAR file `car`.
    ///
    /// # Errors
    /// [`PackFailed`].
    pub fn pack(&self, car: &Path, progress: &mut dyn FnMut(u64)) -> Result<Packed, PackFailed> {
        let failed = |error| PackFailed::Write { path: car.to_owned(), error };
        let mut writer = CarWriter::create(car).map_err(failed)?;
        let packed = self.pack_to(&mut writer, progress)?;
        writer.finish(&packed.root).map_err(failed)?;
        Ok(packed)
    }

    /// As [`pack`](Self::pack), with a look for private keys in what is packed, while it is.
    ///
    /// # Errors
    /// [`BundleError`]; then `car` is not to be kept.
    pub fn pack_keyless(
        &self,
        own: &OwnKeys,
        car: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Packed, BundleError> {
        let failed = |error| PackFailed::Write { path: car.to_owned(), error };
        let mut writer = CarWriter::create(car).map_err(failed)?;
        let packed = self.pack_looked_at(own, &mut writer, progress)?;
        writer.finish(&packed.root).map_err(failed)?;
        Ok(packed)
    }

    /// As [`measure`](Self::measure), with a look for private keys in what is packed.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn measure_keyless(
        &self,
        own: &OwnKeys,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Packed, BundleError> {
        self.pack_looked_at(own, &mut Nowhere, progress)
    }

    fn pack_looked_at(
        &self,
        own: &OwnKeys,
        sink: &mut dyn BlockSink,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Packed, BundleError> {
        let mut sieve = Sieve::new(sink, own);
        let packed = self.pack_to(&mut sieve, progress).map_err(PackFailed::from)?;
        if sieve.is_in_doubt() {
            self.refuse_private_keys(own)?;
        }
        Ok(packed)
    }

    fn pack_to(
        &self,
        sink: &mut dyn BlockSink,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Packed, PackError> {
        match self {
            Self::Folder(dir) => pack_directory(dir, sink, progress),
            Self::WellKnown(workspace) => pack_well_known(workspace, sink, progress),
            Self::Workspace(workspace) => pack_well_known(workspace.dir(), sink, progress),
        }
    }
}

impl TemporaryCar {
    /// An empty file in `folder`.
    ///
    /// # Errors
    /// [`PackFailed::Write`].
    pub fn new_in(folder: &Path) -> Result<Self, PackFailed> {
        let failed = |error| PackFailed::Write { path: folder.to_owned(), error };
        let mode = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new().prefix(".car-").permissions(mode).tempfile_in(folder);
        let path = file.map_err(failed)?.into_temp_path();
        let _temporary = Temporary::new(&path);
        Ok(Self { path, _temporary })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps it, as `path`.
    ///
    /// # Errors
    /// [`PackFailed::Write`]; the file is removed then.
    pub fn keep(self, path: &Path) -> Result<(), PackFailed> {
        let failed = |error| PackFailed::Write { path: path.to_owned(), error };
        self.path.persist(path).map_err(|kept| failed(kept.error))
    }
}
