//! The devnet of the binary under test, on a free port of loopback.

use std::time::Duration;

use anyhow::Result;
use namesys::report::{DevnetReport, DevnetUrls};

use super::process::Server;
use super::sandbox::Sandbox;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A devnet that runs until it is dropped.
pub struct Devnet {
    /// Where its services are.
    pub urls: DevnetUrls,
    _server: Server,
}

impl Devnet {
    /// Starts a devnet with its folder in the sandbox, and points the commands
    /// that follow in that sandbox at it.
    pub fn start(sandbox: &mut Sandbox) -> Result<Self> {
        let mut command =
            sandbox.namesys(["--json", "devnet", "--listen", "127.0.0.1:0", "--dir", "devnet"]);
        let (server, report) = Server::start::<DevnetReport>(&mut command, START_LIMIT)?;
        let urls = report.services;
        sandbox.set_env("NAMESYS_W3NAME_URL", &urls.w3name);
        sandbox.set_env("NAMESYS_KUBO_URL", &urls.kubo);
        sandbox.set_env("NAMESYS_GATEWAY_URL", &urls.gateway);
        sandbox.set_env("NAMESYS_ROUTING_URL", &urls.routing);
        Ok(Self { urls, _server: server })
    }
}
