//! Which workspace a command works in.

use std::path::Path;

use namesys::keys::IpnsName;
use namesys::report::ErrorKind;
use namesys::workspace::{Config, Workspace, WorkspaceError};

use super::Context;
use crate::cli::env;
use crate::cli::error::CliError;

impl Context {
    /// The workspace: `-C`, `NAMESYS_DIR`, or the nearest folder upward.
    ///
    /// # Errors
    /// When there is none.
    pub fn workspace(&self) -> Result<Workspace, CliError> {
        let found = match &self.dir {
            Some(dir) => Workspace::at(dir)?,
            None => {
                let here = std::env::current_dir();
                let here = here.map_err(|e| CliError::io("the current folder is not there", &e))?;
                let found = Workspace::find(&here, &self.settings.owners()?);
                found.map_err(|error| self.foreign(error))?
            }
        };
        tracing::info!("the workspace is {}", found.dir().display());
        let output = self.output;
        let told = move |holder: &str| output.note(format_args!("waiting for {holder}"));
        let found = found.waiting(&self.command, told).indexed(env::cache_folder());
        Ok(found.at_time(self.now))
    }

    /// Writes down what the command learned of the workspace's files.
    pub fn keep_index(&self) {
        if let Some(Some((workspace, _))) = self.opened.get() {
            workspace.keep_index();
        }
    }

    /// With the line to add, where a workspace is somebody else's.
    fn foreign(&self, error: WorkspaceError) -> CliError {
        let WorkspaceError::Foreign { dir, .. } = &error else { return error.into() };
        let dir = dir.display().to_string();
        let file = match self.settings.user_file() {
            Some(file) => file.display().to_string(),
            None => "namesys/config.toml in the folder of your settings".to_owned(),
        };
        let hint = format!(
            "if you trust what is in it, write into {file}: safe_directories = [{dir:?}]; or name \
             it: -C {dir}"
        );
        CliError::from(error).hint(hint)
    }

    /// The workspace and its configuration, read once, for commands that work without one too.
    ///
    /// # Errors
    /// When a workspace was named and is none, or its configuration is wrong.
    pub fn opened(&self) -> Result<Option<&(Workspace, Config)>, CliError> {
        if let Some(made) = self.made.get() {
            return Ok(Some(made));
        }
        if let Some(opened) = self.opened.get() {
            return Ok(opened.as_ref());
        }
        let opened = match self.workspace() {
            Ok(workspace) => {
                let config = workspace.config()?;
                Some((workspace, config))
            }
            Err(error) if self.dir.is_none() && error.kind == ErrorKind::NoWorkspace => None,
            // What does not need one does not end because somebody put one above.
            Err(error) if self.dir.is_none() && error.kind == ErrorKind::ForeignWorkspace => {
                self.output.note(format_args!("{}: it is not used", error.message));
                None
            }
            Err(error) => return Err(error),
        };
        Ok(self.opened.get_or_init(|| opened).as_ref())
    }

    /// For commands that work without one and are not told enough: whether there would be one, and
    /// it is somebody else's.
    ///
    /// # Errors
    /// That it is.
    pub fn refuse_foreign(&self) -> Result<(), CliError> {
        let found = self.workspace().err();
        found.filter(|error| error.kind == ErrorKind::ForeignWorkspace).map_or(Ok(()), Err)
    }

    /// As [`opened`](Self::opened), for commands that need one.
    ///
    /// # Errors
    /// Also where there is none, or it is somebody else's.
    pub fn required(&self) -> Result<&(Workspace, Config), CliError> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        if let Some(Some(opened)) = self.opened.get() {
            return Ok(opened);
        }
        let workspace = self.workspace()?;
        let config = workspace.config()?;
        let opened = self.opened.get_or_init(|| Some((workspace, config)));
        opened.as_ref().ok_or_else(|| CliError::usage("there is no workspace"))
    }

    /// From now on the command works in the workspace `dir`, which it made for itself. Nothing of it
    /// is remembered.
    ///
    /// # Errors
    /// When it is none.
    pub fn work_in(&self, dir: &Path) -> Result<(), CliError> {
        let workspace = Workspace::at(dir)?.at_time(self.now);
        let config = workspace.config()?;
        // There is one at most: who makes it has asked.
        let _ = self.made.set((workspace, config));
        Ok(())
    }

    /// Whether the command works in a workspace that it made for itself.
    pub fn made_its_own(&self) -> bool {
        self.made.get().is_some()
    }

    /// From now on there is no workspace: one is to be made, whatever stands around.
    pub fn forget_workspace(&self) {
        // Set already only where the command has looked at one.
        let _ = self.opened.set(None);
    }

    /// The workspace's configuration, for commands that work without one too.
    ///
    /// # Errors
    /// As [`opened`](Self::opened).
    pub fn config(&self) -> Result<Option<&Config>, CliError> {
        Ok(self.opened()?.map(|(_, config)| config))
    }

    /// The IPNS name a flag gives, else the workspace's.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn ipns_name(&self, flag: Option<IpnsName>) -> Result<Option<IpnsName>, CliError> {
        if flag.is_some() {
            return Ok(flag);
        }
        Ok(self.config()?.and_then(|config| config.keys().ipns_name))
    }
}
