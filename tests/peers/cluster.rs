//! A real IPFS Cluster of one peer over a real Kubo, on loopback alone: its REST API, and its
//! Pinning Service API.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::kubo::Daemon;
use crate::runtime;
use crate::support::process;
use crate::support::sandbox::Sandbox;

const LIMIT: Duration = Duration::from_secs(60);
/// Whom the REST API lets in.
pub const TOKEN: &str = "nick:hunter2";

/// A cluster that runs until it is dropped.
pub struct Cluster {
    child: Child,
    /// URL of the REST API.
    pub rest: String,
    /// URL of the Pinning Service API, which lets everybody in.
    pub pinning: String,
}

impl Cluster {
    /// Starts one in the sandbox, whose blocks the node keeps.
    pub fn start(sandbox: &Sandbox, node: &Daemon) -> Result<Self> {
        let program = runtime::cluster().context("no IPFS Cluster")?;
        let (folder, log) = (sandbox.path("cluster"), sandbox.path("cluster.log"));
        let command = |arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).env_clear().current_dir(sandbox.path(""));
            command.env("HOME", sandbox.path("")).env("IPFS_CLUSTER_PATH", &folder);
            command
        };
        let made = process::run(&mut command(&["init", "--consensus", "crdt"]), b"", LIMIT)?;
        ensure!(made.status.success(), "{}", made.stderr);
        let free = "/ip4/127.0.0.1/tcp/0";
        let port = node.rpc.rsplit(':').next().context("a port")?;
        let file = folder.join("service.json");
        let mut service: Value = serde_json::from_slice(&fs::read(&file)?)?;
        service["cluster"]["listen_multiaddress"] = json!([free]);
        service["cluster"]["mdns_interval"] = json!("0s");
        service["ipfs_connector"]["ipfshttp"]["node_multiaddress"] =
            json!(format!("/ip4/127.0.0.1/tcp/{port}"));
        let (user, password) = TOKEN.split_once(':').context("a pair")?;
        service["api"] = json!({
            "restapi": { "http_listen_multiaddress": free,
                "basic_auth_credentials": { user: password } },
            "pinsvcapi": { "http_listen_multiaddress": free },
        });
        fs::write(&file, service.to_string())?;
        let output = File::create(&log)?;
        let child = command(&["daemon"])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let mut cluster = Self { child, rest: String::new(), pinning: String::new() };
        let start = Instant::now();
        let said = loop {
            let said = fs::read_to_string(&log)?;
            if said.contains("IPFS Cluster is READY") {
                break said;
            }
            let ended = cluster.child.try_wait()?;
            if ended.is_some() || start.elapsed() > LIMIT {
                bail!("IPFS Cluster does not start ({ended:?}): {said}");
            }
            thread::sleep(Duration::from_millis(50));
        };
        let url = |api: &str| {
            let line = said.lines().find(|line| line.contains(api)).context("no such API")?;
            let port = line.rsplit('/').next().context("a port")?;
            Ok::<_, anyhow::Error>(format!("http://127.0.0.1:{}", port.trim()))
        };
        (cluster.rest, cluster.pinning) = (url("RESTAPI (HTTP")?, url("PINSVCAPI (HTTP")?);
        Ok(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
