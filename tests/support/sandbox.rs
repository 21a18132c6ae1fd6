//! A home of its own, an environment of its own, and the binary under test.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::process::{self, Finished};
use super::reports;

/// Longer than any command here takes, shorter than anyone's patience.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// A temporary home, which is also the working directory, with an environment
/// that holds nothing of the user's.
pub struct Sandbox {
    home: TempDir,
    environment: Vec<(String, String)>,
}

impl Sandbox {
    /// An empty home.
    pub fn new() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("namesys-test-").tempdir()?;
        Ok(Self { home, environment: Vec::new() })
    }

    /// Sets a variable for every command that follows.
    pub fn set_env(&mut self, key: &str, value: &str) {
        self.environment.push((key.to_owned(), value.to_owned()));
    }

    /// A path in the sandbox.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file, with its folders.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.path(name);
        fs::read(&path).with_context(|| format!("reading {}", path.display()))
    }

    /// The binary under test, in this sandbox.
    pub fn namesys<I>(&self, arguments: I) -> Command
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs the binary with `--json`; the document it printed, whatever it
    /// says, and the exit code.
    pub fn json<I>(&self, arguments: I) -> Result<(i32, Value)>
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let mut command = self.namesys(["--json"]);
        command.args(arguments);
        let Finished { status, stdout, stderr } = process::run(&mut command, b"", COMMAND_LIMIT)?;
        let code = status.code().with_context(|| format!("{command:?} ended by {status}"))?;
        match serde_json::from_str(&stdout) {
            Ok(document) => {
                let arguments: Vec<_> = command.get_args().collect();
                reports::check(&arguments, &document).map_err(anyhow::Error::msg)?;
                Ok((code, document))
            }
            Err(error) => {
                bail!("{command:?} exited {code} with {stdout:?}: {error}; stderr: {stderr}")
            }
        }
    }

    /// Runs the binary with `--json`; an exit code other than 0 is an error.
    pub fn ok<I>(&self, arguments: I) -> Result<Value>
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let shown: Vec<_> = arguments.iter().map(|a| a.as_ref().to_string_lossy()).collect();
        let (code, document) = self.json(&arguments)?;
        ensure!(code == 0, "namesys {} exited {code}: {document}", shown.join(" "));
        Ok(document)
    }
}
