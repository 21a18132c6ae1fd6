//! A real Kubo with a repository of its own in a sandbox, on loopback alone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::runtime;
use crate::support::process;
use crate::support::sandbox::Sandbox;

/// A slow machine takes some seconds to make a repository, and to add a gigabyte.
const LIMIT: Duration = Duration::from_secs(180);

/// `test`: no peers, ports of loopback that are free; `unixfs-v1-2025`: IPIP-499.
const PROFILES: &str = "--profile=test,unixfs-v1-2025";

/// A repository, for commands that need no daemon.
pub struct Repository {
    folder: PathBuf,
    home: PathBuf,
}

impl Repository {
    /// A new one in the sandbox.
    pub fn new(sandbox: &Sandbox) -> Result<Self> {
        let repository = Self { folder: sandbox.path("kubo"), home: sandbox.path("") };
        repository.ok(["init", PROFILES])?;
        repository.ok(["config", "--json", "Gateway.ExposeRoutingAPI", "true"])?;
        Ok(repository)
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<Command> {
        let mut command = Command::new(runtime::kubo().context("no Kubo")?);
        command
            .args(arguments)
            .current_dir(&self.home)
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/usr/bin:/bin")
            .env("IPFS_PATH", &self.folder)
            .env("IPFS_TELEMETRY", "off");
        Ok(command)
    }

    /// What a command says, without the last line break; an error when it fails.
    pub fn ok<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<String> {
        let mut command = self.command(arguments)?;
        let finished = process::run(&mut command, b"", LIMIT)?;
        ensure!(finished.status.success(), "{command:?}: {}", finished.stderr);
        Ok(finished.stdout.trim_end().to_owned())
    }

    /// The root of a folder or file, hidden ones among it, added and pinned.
    pub fn add(&self, path: &Path) -> Result<String> {
        let path = path.to_str().context("a path in Unicode")?;
        self.ok(["add", "-r", "--hidden", "-Q", path])
    }

    /// Starts the daemon; `--offline` among `arguments` gives it no network.
    pub fn start(self, arguments: &[&str]) -> Result<Daemon> {
        let log = self.home.join("kubo.log");
        let file = File::create(&log)?;
        let child = self
            .command([&["daemon"], arguments].concat())?
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        let mut daemon =
            Daemon { repository: self, child, rpc: String::new(), gateway: String::new() };
        let start = Instant::now();
        loop {
            let said = fs::read_to_string(&log)?;
            if said.contains("Daemon is ready") {
                break;
            }
            let ended = daemon.child.try_wait()?;
            if ended.is_some() || start.elapsed() > LIMIT {
                bail!("Kubo does not start ({ended:?}): {said}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        // Each file has the address that was free: a multiaddr, and a URL.
        let read = |name: &str| fs::read_to_string(daemon.repository.folder.join(name));
        let api = read("api")?;
        let port = api.trim().strip_prefix("/ip4/127.0.0.1/tcp/").with_context(|| api.clone())?;
        let (rpc, gateway) = (format!("http://127.0.0.1:{port}"), read("gateway")?);
        daemon.rpc = rpc;
        daemon.gateway = gateway.trim().to_owned();
        ensure!(daemon.gateway.starts_with("http://127.0.0.1:"), "{}", daemon.gateway);
        Ok(daemon)
    }
}

/// A daemon that runs until it is dropped.
pub struct Daemon {
    /// Its commands, which then go through the daemon.
    pub repository: Repository,
    child: Child,
    /// URL of the RPC.
    pub rpc: String,
    /// URL of the gateway, with the routing API.
    pub gateway: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
