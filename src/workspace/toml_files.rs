//! `namesys.toml` and `records.toml`, read and replaced whole.

use std::io;

use super::{CONFIG_FILE, Config, MAX_TOML, RECORDS_FILE, Records, Workspace, WorkspaceError};

impl Workspace {
    /// Reads `namesys.toml`.
    ///
    /// # Errors
    /// I/O, or what is wrong in it.
    pub fn config(&self) -> Result<Config, WorkspaceError> {
        let text = self.folder.read_text(CONFIG_FILE, MAX_TOML);
        let text = text.map_err(self.failed(CONFIG_FILE))?;
        Ok(Config::parse(&text)?)
    }

    /// Replaces `namesys.toml`. Hold the lock.
    ///
    /// # Errors
    /// I/O.
    pub fn save_config(&self, config: &Config) -> Result<(), WorkspaceError> {
        self.write(CONFIG_FILE, config.to_string().as_bytes())
    }

    /// Reads `records.toml`; a missing one is empty.
    ///
    /// # Errors
    /// I/O, or what is wrong in it.
    pub fn records(&self, config: &Config) -> Result<Records, WorkspaceError> {
        let text = self.records_text()?.unwrap_or_default();
        Ok(Records::parse(&text, config.names())?.as_of(self.now()))
    }

    /// The text of `namesys.toml`.
    ///
    /// # Errors
    /// I/O.
    pub fn config_text(&self) -> Result<String, WorkspaceError> {
        self.folder.read_text(CONFIG_FILE, MAX_TOML).map_err(self.failed(CONFIG_FILE))
    }

    /// The text of `records.toml`; none where there is no such file.
    ///
    /// # Errors
    /// I/O.
    pub fn records_text(&self) -> Result<Option<String>, WorkspaceError> {
        match self.folder.read_text(RECORDS_FILE, MAX_TOML) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(RECORDS_FILE)(error)),
        }
    }

    /// Replaces `records.toml`. Hold the lock.
    ///
    /// # Errors
    /// I/O.
    pub fn save_records(&self, records: &Records) -> Result<(), WorkspaceError> {
        self.write(RECORDS_FILE, records.to_string().as_bytes())
    }
}
