//! The public suite for gateways, <https://github.com/ipfs/gateway-conformance>, against the devnet.
//! `GATEWAY_CONFORMANCE` names its binary, which has its fixtures, and runs its tests with Go from
//! where it was built; `curl` brings the fixtures. Tried with its commit 22c7644 (2026-04).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::runtime;
use crate::support::devnet::Devnet;
use crate::support::process;
use crate::support::sandbox::Sandbox;

const LIMIT: Duration = Duration::from_secs(600);
/// What the devnet promises.
const SPECS: &str = "trustless-block-gateway,trustless-car-gateway,trustless-ipns-gateway,\
     path-raw-gateway,path-unixfs-gateway";
/// Kubo's own page for a directory.
const SKIPPED: &str = "TestUnixFSDirectoryListing";

pub fn presets() -> Result<()> {
    let suite = runtime::conformance().context("it was there")?;
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    let fixtures = sandbox.path("fixtures");
    let mut extract = Command::new(suite);
    extract.arg("extract-fixtures").arg("--merged=true").arg("--directory").arg(&fixtures);
    ran(&mut extract)?;
    for entry in std::fs::read_dir(&fixtures)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".car") {
            post(&format!("{}/api/v0/dag/import?pin-roots=false", devnet.urls.kubo), &path)?;
        } else if let Some((stem, "ipns-record")) = name.rsplit_once('.') {
            let key = stem.split('_').next().unwrap_or_default();
            // Of a subdomain's fixtures one is of an RSA key, which the devnet does not keep.
            if key.starts_with("Qm") {
                continue;
            }
            let url = format!("{}/api/v0/routing/put?arg=/ipns/{key}", devnet.urls.kubo);
            post(&url, &path)?;
        }
    }
    let mut test = Command::new(suite);
    test.args(["test", "--gateway-url", &devnet.urls.gateway, "--specs", SPECS]);
    test.args(["--", "-skip", SKIPPED]).current_dir(sandbox.path("."));
    ran(&mut test)
}

/// As a form, which is how Kubo takes files.
fn post(url: &str, file: &Path) -> Result<()> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "-F"]);
    ran(curl.arg(format!("file=@{}", file.display())).arg(url))
}

fn ran(command: &mut Command) -> Result<()> {
    let done = process::run(command, b"", LIMIT)?;
    ensure!(
        done.status.success(),
        "{command:?}: {}\n{}\n{}",
        done.status,
        done.stdout,
        done.stderr
    );
    Ok(())
}
