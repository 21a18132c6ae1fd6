//! The workspace: what is wanted and what is signed, on disk.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `namesys.toml` | the name, whose keys, approvals, targets; never a secret |
//! | `records.toml` | what should be true: one table for each name |
//! | `.well-known/` | what is signed: the publishable tree |
//! | `.namesys/` | lock, temporary files, what was published; can be rebuilt |
//!
//! Files are replaced atomically; whoever changes one holds the [`Lock`].

mod approval_mode;
mod approvals;
mod check;
mod config;
mod config_file;
mod import;
mod lock;
mod network;
mod plan;
mod records;
mod sign;
mod targets;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

pub use crate::atomic::write_atomic;
pub use approval_mode::{ApprovalMode, UnknownApprovalMode};
pub use approvals::Approval;
pub use check::{CheckedFile, Verdict, check_tree};
pub use config::{Config, ConfigError, KeyMismatch, RecordedKeys};
pub use import::{Format, ImportError, Imported, LineError, Row, read_rows};
pub use lock::Lock;
pub use network::{Network, UnknownNetwork};
pub use plan::{Change, Expected, RecordState, plan};
pub use records::{Records, RecordsError, SameFile};
pub use sign::{SignError, SignOutcome, SignRequest, SignedFile, Signer, approval_stands, sign};
pub use targets::{Place, PublisherTarget, SiteTarget, Target, UploadTarget, Wish};
pub use tree::{TreeEntry, TreeError, walk};

/// The configuration file, which also marks the workspace's folder.
pub const CONFIG_FILE: &str = "namesys.toml";
/// The wanted records.
pub const RECORDS_FILE: &str = "records.toml";
/// What can be rebuilt: lock, temporary files, last publication.
pub const STATE_DIR: &str = ".namesys";

/// A folder that holds a `namesys.toml`.
#[derive(Clone, Debug)]
pub struct Workspace {
    dir: PathBuf,
}

/// Why a workspace cannot be made, found or locked.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// No `namesys.toml` here or in a folder above.
    #[error("no {CONFIG_FILE} in {} or a folder above it", .0.display())]
    NotFound(PathBuf),
    /// `init` where one exists.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// Another process holds the lock.
    #[error("another namesys process is working in {} and did not finish within {seconds} s", .dir.display())]
    Locked {
        /// The workspace.
        dir: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// `namesys.toml` is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `records.toml` is wrong.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl WorkspaceError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

impl Workspace {
    /// The nearest folder at or above `start` with a `namesys.toml`.
    ///
    /// # Errors
    /// [`WorkspaceError::NotFound`].
    pub fn find(start: &Path) -> Result<Self, WorkspaceError> {
        let found = start.ancestors().find(|dir| dir.join(CONFIG_FILE).is_file());
        found
            .map(|dir| Self { dir: dir.to_owned() })
            .ok_or_else(|| WorkspaceError::NotFound(start.to_owned()))
    }

    /// The workspace in `dir` itself.
    ///
    /// # Errors
    /// [`WorkspaceError::NotFound`].
    pub fn at(dir: &Path) -> Result<Self, WorkspaceError> {
        if dir.join(CONFIG_FILE).is_file() {
            Ok(Self { dir: dir.to_owned() })
        } else {
            Err(WorkspaceError::NotFound(dir.to_owned()))
        }
    }

    /// Makes `dir` (and the folders above it) a workspace with `config`.
    ///
    /// # Errors
    /// [`WorkspaceError::Exists`] over an existing one; I/O errors.
    pub fn init(dir: &Path, config: &Config) -> Result<Self, WorkspaceError> {
        std::fs::create_dir_all(dir).map_err(WorkspaceError::io(dir))?;
        let workspace = Self { dir: dir.to_owned() };
        let _lock = workspace.lock()?;
        if workspace.config_path().exists() {
            return Err(WorkspaceError::Exists(workspace.config_path()));
        }
        if !workspace.records_path().exists() {
            workspace.write(&workspace.records_path(), records::TEMPLATE.as_bytes())?;
        }
        let ignore = workspace.state_dir().join(".gitignore");
        workspace.write(&ignore, b"*\n")?;
        workspace.save_config(config)?;
        Ok(workspace)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `namesys.toml`.
    pub fn config_path(&self) -> PathBuf {
        self.dir.join(CONFIG_FILE)
    }

    /// `records.toml`.
    pub fn records_path(&self) -> PathBuf {
        self.dir.join(RECORDS_FILE)
    }

    /// `.namesys/`.
    pub fn state_dir(&self) -> PathBuf {
        self.dir.join(STATE_DIR)
    }

    /// A folder on the workspace's file system for files under way, as an absolute path: a
    /// relative one is made absolute again for every file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn temporary_dir(&self) -> Result<PathBuf, WorkspaceError> {
        let dir = self.state_dir().join("tmp");
        std::fs::create_dir_all(&dir).map_err(WorkspaceError::io(&dir))?;
        std::path::absolute(&dir).map_err(WorkspaceError::io(&dir))
    }

    /// Waits for and takes the workspace's one lock.
    ///
    /// # Errors
    /// [`WorkspaceError::Locked`] when another process keeps it.
    pub fn lock(&self) -> Result<Lock, WorkspaceError> {
        Lock::acquire(self)
    }

    /// Reads `namesys.toml`.
    ///
    /// # Errors
    /// I/O, or what is wrong in it.
    pub fn config(&self) -> Result<Config, WorkspaceError> {
        let path = self.config_path();
        let text = std::fs::read_to_string(&path).map_err(WorkspaceError::io(&path))?;
        Ok(Config::parse(&text)?)
    }

    /// Replaces `namesys.toml`. Hold the lock.
    ///
    /// # Errors
    /// I/O.
    pub fn save_config(&self, config: &Config) -> Result<(), WorkspaceError> {
        self.write(&self.config_path(), config.to_string().as_bytes())
    }

    /// Reads `records.toml`; a missing one is empty.
    ///
    /// # Errors
    /// I/O, or what is wrong in it.
    pub fn records(&self, config: &Config) -> Result<Records, WorkspaceError> {
        let path = self.records_path();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(WorkspaceError::io(&path)(error)),
        };
        Ok(Records::parse(&text, config.name())?)
    }

    /// Replaces `records.toml`. Hold the lock.
    ///
    /// # Errors
    /// I/O.
    pub fn save_records(&self, records: &Records) -> Result<(), WorkspaceError> {
        self.write(&self.records_path(), records.to_string().as_bytes())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), WorkspaceError> {
        write_atomic(&self.temporary_dir()?, path, bytes, true).map_err(WorkspaceError::io(path))
    }
}
