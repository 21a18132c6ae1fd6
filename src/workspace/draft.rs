//! A draft of `records.toml`, for a person's editor.

use std::io;
use std::path::PathBuf;

use super::{MAX_TOML, STATE_DIR, Workspace, WorkspaceError};

/// More are not kept in one workspace.
const MAX_DRAFTS: usize = 100;

/// A file that is edited in place of `records.toml`. It stays until it is [removed](Self::remove):
/// what could not be saved is not lost.
#[derive(Debug)]
pub struct Draft<'a> {
    workspace: &'a Workspace,
    /// In the workspace.
    path: String,
}

impl<'a> Draft<'a> {
    /// Writes `text` into a file that was not there.
    ///
    /// # Errors
    /// I/O, also where a hundred drafts were left.
    pub fn new(workspace: &'a Workspace, text: &str) -> Result<Self, WorkspaceError> {
        // Makes the folder, and refuses one that is a link.
        workspace.temporary()?;
        let name = |n: usize| match n {
            0 => format!("{STATE_DIR}/records.draft.toml"),
            _ => format!("{STATE_DIR}/records.draft-{n}.toml"),
        };
        let mut failed = io::Error::from(io::ErrorKind::AlreadyExists);
        for path in (0..MAX_DRAFTS).map(name) {
            match workspace.folder.create_private(&path) {
                Ok(()) => {
                    workspace.write(&path, text.as_bytes())?;
                    return Ok(Self { workspace, path });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => failed = error,
                Err(error) => return Err(workspace.failed(&path)(error)),
            }
        }
        Err(workspace.failed(name(0))(failed))
    }

    /// Where it is, as an absolute path.
    ///
    /// # Errors
    /// When the process's folder is gone.
    pub fn path(&self) -> Result<PathBuf, WorkspaceError> {
        std::path::absolute(self.workspace.dir.join(&self.path))
            .map_err(self.workspace.failed(&self.path))
    }

    /// What it says now.
    ///
    /// # Errors
    /// I/O; what is not UTF-8.
    pub fn text(&self) -> Result<String, WorkspaceError> {
        let text = self.workspace.folder.read_text(&self.path, MAX_TOML);
        text.map_err(self.workspace.failed(&self.path))
    }

    /// It was saved.
    ///
    /// # Errors
    /// I/O.
    pub fn remove(self) -> Result<(), WorkspaceError> {
        self.workspace.folder.remove_file(&self.path).map_err(self.workspace.failed(&self.path))
    }
}
