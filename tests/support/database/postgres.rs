//! A PostgreSQL of its own, on a socket in a folder of its own.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

const START_LIMIT: Duration = Duration::from_secs(60);

/// A server that is ended with it.
pub struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    child: Option<Child>,
}

/// Where its programs are: Debian's place, or those in PATH.
pub fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = debian.chain(std::env::split_paths(&path)).collect();
    folders.retain(|folder| folder.join("postgres").exists() && folder.join("initdb").exists());
    folders.into_iter().next()
}

/// What it takes to run as somebody else than root, which PostgreSQL refuses.
fn nobody() -> Option<u32> {
    let is_root = std::fs::metadata("/proc/self")
        .is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0);
    is_root.then_some(65534)
}

impl Postgres {
    /// Makes a database and starts its server.
    pub fn start() -> Result<Self> {
        let programs = programs().context("PostgreSQL is not installed")?;
        let folder = tempfile::Builder::new().prefix("pg-").tempdir_in("/tmp")?;
        let mut server = Self { folder, programs, child: None };
        if let Some(nobody) = nobody() {
            chown(server.folder.path(), Some(nobody), Some(nobody))?;
        }
        let made = server
            .program("initdb")
            .args([
                "--username=ens",
                "--auth=trust",
                "--no-sync",
                "--encoding=UTF8",
                "--no-locale",
                "-D",
            ])
            .arg(server.data())
            .stdout(Stdio::null())
            .status()?;
        ensure!(made.success(), "initdb: {made}");
        server.run()?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = match nobody() {
            Some(nobody) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={nobody}"), format!("--regid={nobody}")]);
                command.arg("--clear-groups").arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir(self.folder.path());
        command
    }

    /// Starts it, again.
    pub fn run(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let child = self
            .program("postgres")
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(folder)
            .args(["-c", "listen_addresses=", "-c", "max_connections=100"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.child = Some(child);
        let began = Instant::now();
        while !self.is_ready(folder) {
            if began.elapsed() > START_LIMIT {
                bail!("PostgreSQL does not start");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn is_ready(&self, folder: &Path) -> bool {
        let mut ready = self.program("pg_isready");
        ready.arg("-q").arg("-h").arg(folder).status().is_ok_and(|status| status.success())
    }

    /// Ends it at once, with all its processes, as a loss of power does.
    pub fn kill(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        // Its first process is the one that was started: setpriv becomes it.
        child.kill()?;
        child.wait()?;
        // Those it started end when they see that it is gone; the next start waits for that.
        let lock = self.data().join("postmaster.pid");
        let _ = std::fs::remove_file(lock);
        std::thread::sleep(Duration::from_millis(500));
        Ok(())
    }

    /// A database of its own.
    pub fn database(&self, name: &str) -> Result<String> {
        let folder = self.folder.path();
        let mut create = self.program("createdb");
        let made = create.arg("-h").arg(folder).args(["-U", "ens", name]).status()?;
        ensure!(made.success(), "createdb {name}: {made}");
        Ok(format!("postgres:///{name}?user=ens&host={}", folder.display()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
