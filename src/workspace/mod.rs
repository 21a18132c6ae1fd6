//! The workspace: what is wanted and what is signed, on disk.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `namesys.toml` | the names, whose keys, approvals, targets; never a secret |
//! | `records.toml` | what should be true: one table for each name |
//! | `.well-known/` | what is signed: the publishable tree |
//! | `phases/` | what is signed for later: it takes its place there in its time |
//! | `.namesys/` | lock, temporary files, what was published; can be rebuilt |
//!
//! Files are replaced atomically; whoever changes one holds the [`Lock`].

mod adopt;
mod approval_mode;
mod approvals;
mod approving;
mod check;
mod compare;
mod config;
mod config_file;
mod config_names;
mod config_plain;
mod database_address;
mod draft;
mod facts;
mod faults;
mod former;
mod git_files;
mod import;
mod in_turn;
mod indexed;
mod known;
mod lock;
mod mass_removal;
mod names;
mod network;
mod nostr_file;
mod owners;
mod paid_invoices;
mod pending;
mod phases;
mod plan;
mod records;
mod records_error;
mod records_forget;
mod records_forms;
mod records_plain;
mod rotation;
mod sign;
mod sign_request;
mod stop;
mod targets;
mod toml_files;
mod tree;
mod turns;
mod waiting;

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

pub use crate::atomic::write_atomic;
pub(crate) use crate::folder::OpenDir;
pub use crate::folder::Unsuitable;
use crate::index::Index;
pub use adopt::{Adopted, adopt};
pub use approval_mode::{ApprovalMode, UnknownApprovalMode};
pub use approvals::Approval;
pub use approving::approval_stands;
pub use check::{CheckedFile, KnownRecord, Verdict, check_record, check_tree};
pub(crate) use compare::flat_place;
pub use config::{Config, ConfigError, KeyMismatch, RecordedKeys};
pub use database_address::{DatabaseAddress, DatabaseAddressError};
pub use draft::Draft;
pub use facts::Facts;
pub use faults::{FileFault, config_faults, records_faults};
pub use import::{ImportError, Imported, LineError, Row, TableFormat, read_rows, write_table};
pub use in_turn::{InTurn, InTurnError, out_of_turn, take_in_turn};
pub use indexed::KEPT_TREE;
pub use known::check_workspace;
pub(crate) use known::keyless;
pub use lock::Lock;
pub use mass_removal::{MassRemoval, Removal, mass_removal};
pub use names::NamesError;
pub use network::{Network, UnknownNetwork};
pub use nostr_file::{NostrFileError, set_nostr_name};
pub use owners::{Owners, SafeDirectory};
pub use paid_invoices::{PaidError, change_paid_invoices, paid_invoices};
pub use pending::Pending;
pub use phases::{
    FILE_TIME, Holds, MAX_PHASES, NoPhase, Phase, PhaseError, Phases, TimeError, file_time,
    parse_time,
};
pub(crate) use plan::pending;
pub use plan::{Change, Expected, RecordState, pending_and_root, plan, settled_root};
pub use records::Records;
pub use records_error::{RecordsError, SameFile, not_of};
pub use rotation::Rotation;
pub use sign::{sign, sign_into};
pub use sign_request::{SignError, SignOutcome, SignRequest, SignedFile, Signer};
pub use stop::Stop;
pub use targets::{Place, PublisherTarget, SiteTarget, Target, UploadTarget, Wish};
pub(crate) use tree::read_bounded;
pub use tree::{TreeEntry, TreeError, walk};
pub use turns::{
    Ahead, Coming, PHASES_DIR, PhaseFile, Turn, file_at, phase_file_now, phase_path, plan_ahead,
    turn_of, turns,
};
use waiting::Waiting;

/// The configuration file, which also marks the workspace's folder.
pub const CONFIG_FILE: &str = "namesys.toml";
/// The wanted records.
pub const RECORDS_FILE: &str = "records.toml";
/// What can be rebuilt: lock, temporary files, last publication.
pub const STATE_DIR: &str = ".namesys";

/// Most bytes of `namesys.toml` and of `records.toml`: a hundred thousand names have some 20 MiB.
const MAX_TOML: u64 = 64 << 20;
/// Files under way.
const TEMPORARY: &str = ".namesys/tmp";

/// A folder that holds a `namesys.toml`. What is in it may be a stranger's: it is opened relative
/// to the folder, and no link is followed.
#[derive(Clone, Debug)]
pub struct Workspace {
    dir: PathBuf,
    folder: Arc<OpenDir>,
    waiting: Waiting,
    index: Arc<Index>,
    /// The time it is, where that is not the system's.
    clock: Option<Timestamp>,
    /// What was wanted when that was last read.
    wanted: Arc<Mutex<Option<Arc<Records>>>>,
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
    /// Found by walking up, and somebody else's.
    #[error("{} belongs to another user (uid {owner}), and a stranger's workspace is not worked in by accident", .dir.join(CONFIG_FILE).display())]
    Foreign {
        /// The workspace.
        dir: PathBuf,
        /// Who owns its `namesys.toml`.
        owner: u32,
    },
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
    fn of(dir: &Path, folder: OpenDir) -> Self {
        let (index, wanted) = (Arc::new(Index::new(None, dir)), Arc::default());
        let (waiting, folder) = (Waiting::default(), Arc::new(folder));
        Self { dir: dir.to_owned(), folder, waiting, index, clock: None, wanted }
    }

    /// Whoever takes the lock is called `what` meanwhile, as others read it; `told` hears once
    /// whom a lock is waited for.
    pub fn waiting(self, what: &str, told: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { waiting: Waiting::new(what, told), ..self }
    }

    /// The nearest folder at or above `start` with a `namesys.toml`, which is the user's or one
    /// of `owners`'.
    ///
    /// # Errors
    /// [`WorkspaceError::NotFound`], [`WorkspaceError::Foreign`], and as [`at`](Self::at).
    pub fn find(start: &Path, owners: &Owners) -> Result<Self, WorkspaceError> {
        for dir in start.ancestors() {
            if let Ok(there) = dir.join(CONFIG_FILE).symlink_metadata() {
                let foreign = |owner| WorkspaceError::Foreign { dir: dir.to_owned(), owner };
                // Before it is opened: a stranger's folder need not let us in.
                if !owners.accept(dir, there.uid()) {
                    return Err(foreign(there.uid()));
                }
                let (workspace, owner) = Self::open(dir)?;
                return owners
                    .accept(dir, owner)
                    .then_some(workspace)
                    .ok_or_else(|| foreign(owner));
            }
        }
        Err(WorkspaceError::NotFound(start.to_owned()))
    }

    /// The workspace in `dir` itself, whoever owns it.
    ///
    /// # Errors
    /// [`WorkspaceError::NotFound`]; [`WorkspaceError::Io`] where `namesys.toml` is a link, say.
    pub fn at(dir: &Path) -> Result<Self, WorkspaceError> {
        Ok(Self::open(dir)?.0)
    }

    /// With the user who owns its `namesys.toml`.
    fn open(dir: &Path) -> Result<(Self, u32), WorkspaceError> {
        let missing = || WorkspaceError::NotFound(dir.to_owned());
        let folder = OpenDir::open(dir).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => WorkspaceError::io(dir)(error),
        })?;
        match folder.file(CONFIG_FILE).and_then(|file| file.metadata()) {
            Ok(found) => Ok((Self::of(dir, folder), found.uid())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
            Err(error) => Err(WorkspaceError::io(&dir.join(CONFIG_FILE))(error)),
        }
    }

    /// Makes `dir` (and the folders above it) a workspace with `config`.
    ///
    /// # Errors
    /// [`WorkspaceError::Exists`] over an existing one; I/O errors.
    pub fn init(dir: &Path, config: &Config) -> Result<Self, WorkspaceError> {
        std::fs::create_dir_all(dir).map_err(WorkspaceError::io(dir))?;
        let folder = OpenDir::open(dir).map_err(WorkspaceError::io(dir))?;
        let workspace = Self::of(dir, folder);
        let _lock = workspace.lock()?;
        let there = |file| workspace.folder.kind(file).map_err(workspace.failed(file));
        if there(CONFIG_FILE)?.is_some() {
            return Err(WorkspaceError::Exists(workspace.config_path()));
        }
        if there(RECORDS_FILE)?.is_none() {
            workspace.write(RECORDS_FILE, records::TEMPLATE.as_bytes())?;
        }
        workspace.write(".namesys/.gitignore", b"*\n")?;
        for (file, text) in git_files::FILES {
            if there(file)?.is_none() {
                workspace.write(file, text.as_bytes())?;
            }
        }
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

    /// The folder, opened: everything in it is opened relative to it.
    pub(crate) fn folder(&self) -> &OpenDir {
        &self.folder
    }

    /// Says which of its files an error is about.
    pub(crate) fn failed<P: AsRef<Path>>(
        &self,
        path: P,
    ) -> impl FnOnce(io::Error) -> WorkspaceError + use<P> {
        let path = self.dir.join(path);
        move |error| WorkspaceError::Io { path, error }
    }

    /// A folder on the workspace's file system for files under way, as an absolute path: a
    /// relative one is made absolute again for every file. It is no link.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn temporary_dir(&self) -> Result<PathBuf, WorkspaceError> {
        self.temporary()?;
        std::path::absolute(self.dir.join(TEMPORARY)).map_err(self.failed(TEMPORARY))
    }

    /// As [`temporary_dir`](Self::temporary_dir), opened.
    pub(crate) fn temporary(&self) -> Result<OpenDir, WorkspaceError> {
        self.folder.make_folder(TEMPORARY).map_err(self.failed(TEMPORARY))
    }

    /// Waits for and takes the workspace's one lock.
    ///
    /// # Errors
    /// [`WorkspaceError::Locked`] when another process keeps it.
    pub fn lock(&self) -> Result<Lock, WorkspaceError> {
        Lock::acquire(self, &self.waiting)
    }

    /// Removes a file, where it is there, and the folders that it leaves empty. Hold the lock.
    pub(crate) fn remove(&self, path: impl AsRef<Path>) -> Result<(), WorkspaceError> {
        let path = path.as_ref();
        match self.folder.remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(self.failed(path))?,
        }
        let above = path.ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty());
        for folder in above {
            // Fails where something else is in it, which is then kept.
            if self.folder.remove_folder(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Replaces a file of it, for good: the bytes reach the disk. Hold the lock.
    pub(crate) fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), WorkspaceError> {
        let written = self.folder.write(&path, bytes, &self.temporary()?, true);
        written.map_err(self.failed(&path))
    }

    /// As [`write`](Self::write), for what nobody else is to read.
    pub(crate) fn write_private(
        &self,
        path: impl AsRef<Path>,
        bytes: &[u8],
    ) -> Result<(), WorkspaceError> {
        let written = self.folder.write_private(&path, bytes, &self.temporary()?);
        written.map_err(self.failed(&path))
    }
}
