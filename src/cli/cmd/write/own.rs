//! A workspace for as long as the command takes.

use std::path::Path;

use namesys::temporary::Temporary;

use crate::cli::error::CliError;

/// What its folder begins with.
const PREFIX: &str = "namesys-write-";

/// Its folder, which goes with this, and when a signal ends the process. No key is written into it.
pub struct OwnWorkspace {
    folder: tempfile::TempDir,
    _temporary: Temporary,
}

impl OwnWorkspace {
    /// An empty folder, which nobody else can read.
    ///
    /// # Errors
    /// The system's.
    pub fn new() -> Result<Self, CliError> {
        let failed = |error| CliError::io("a temporary folder cannot be made", &error);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir().map_err(failed)?;
        let _temporary = Temporary::new(folder.path());
        Ok(Self { folder, _temporary })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
