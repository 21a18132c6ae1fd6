//! An https:// recordhash, from the program's own web server.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use alloy_primitives::hex;
use anyhow::{Context, Result, ensure};
use namesys::workspace::{RecordFile, record_path};

use crate::cli::{Run, accepted, record, refused};
use crate::people::{ipns_key, key, name, person, signed};
use crate::world::World;

/// A server that ends with this.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A certificate for loopback of the tests' own authority.
fn certificates(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/testdata").join(file)
}

fn namesys(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
    command.env_clear().env("HOME", dir).current_dir(dir).stdin(Stdio::null());
    command
}

/// `namesys serve` with TLS, over a folder with one signed record; its URL.
fn serve(dir: &Path) -> Result<(Served, String)> {
    let mut command = namesys(dir);
    command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--tls-cert"]);
    command.arg(certificates("server.pem")).arg("--tls-key").arg(certificates("server.key"));
    let mut served = Served(command.stdout(Stdio::piped()).spawn()?);
    let mut line = String::new();
    BufReader::new(served.0.stdout.take().context("stdout is piped")?).read_line(&mut line)?;
    let report: serde_json::Value = serde_json::from_str(&line).with_context(|| line.clone())?;
    let url = report["url"].as_str().with_context(|| line.clone())?.trim_end_matches('/');
    Ok((served, url.to_owned()))
}

pub async fn https() -> Result<()> {
    const AVATAR: &str = "text/avatar";
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let folder = tempfile::tempdir()?;
    let init = namesys(folder.path()).args(["-q", "init", "nick.eth"]).output()?;
    ensure!(init.status.success(), "{init:?}");
    let file = folder.path().join(record_path(&nick, &key(AVATAR)));
    std::fs::create_dir_all(file.parent().context("a folder")?)?;
    let put = |payload: &[u8]| std::fs::write(&file, RecordFile::new(payload).to_json());
    let good = signed(&nick, AVATAR, "web", &owner, None);
    put(&good.encode())?;
    let (_served, url) = serve(folder.path())?;
    world.set_recordhash(&nick, owner.address(), url.as_bytes()).await?;

    let ca = certificates("ca.pem");
    let trusting = ["nick.eth", AVATAR, "--ca-file", ca.to_str().context("UTF-8")?];
    let ask = |arguments: &[&str]| {
        let run = Run::resolve(arguments).env("ETH_RPC_URL", world.chain.rpc_url());
        run.env("NAMESYS_GATEWAY_URL", &url)
    };
    let document = ask(&trusting).ends(0).await?;
    accepted(&document, "web")?;
    ensure!(document["recordhash"] == url && record(&document)?["proven"] == false, "{document}");
    // Its certificate is nobody's without the file.
    refused(&ask(&["nick.eth", AVATAR]).ends(1).await?)?;
    // Nobody chose that server: it is on loopback.
    let unchosen = Run::resolve(&trusting).env("ETH_RPC_URL", world.chain.rpc_url());
    refused(&unchosen.ends(1).await?)?;
    let mut changed = good;
    changed.result = hex!("00").to_vec().into();
    put(&changed.encode())?;
    refused(&ask(&trusting).ends(3).await?)
}
