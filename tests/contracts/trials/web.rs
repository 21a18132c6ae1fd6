//! An https:// recordhash, from the program's own web server; and what `publish --to https` brings
//! to one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use alloy_primitives::hex;
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::CHAIN_ID;
use namesys::record::{RecordFile, record_path};

use crate::cli::{Run, accepted, record, refused};
use crate::people::{ipns_key, key, name, person, signed};
use crate::world::World;

/// A server that ends with this.
pub struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A certificate for loopback of the tests' own authority.
pub fn certificates(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/testdata").join(file)
}

fn namesys(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
    command.env_clear().env("HOME", dir).current_dir(dir).stdin(Stdio::null());
    command
}

/// `namesys serve` with TLS, in a workspace or over a folder in it; its URL.
pub fn serve(dir: &Path, folder: Option<&str>) -> Result<(Served, String)> {
    let mut command = namesys(dir);
    command.args(["--json", "serve", "--listen", "127.0.0.1:0"]).args(folder).arg("--tls-cert");
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
    let (_served, url) = serve(folder.path(), None)?;
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

/// Neither IPFS nor IPNS: signed, brought to a web server's folder, resolved by the chain's
/// recordhash; a changed record and a removed one too.
pub async fn publish() -> Result<()> {
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let folder = tempfile::tempdir()?;
    let dir = folder.path();
    let ca = certificates("ca.pem");
    let ca = ca.to_str().context("UTF-8")?;
    let run = |arguments: &[&str]| -> Result<(Option<i32>, serde_json::Value)> {
        let mut command = namesys(dir);
        command.env("ETH_PRIVATE_KEY", "01".repeat(32)).env("NAMESYS_KEY_PASSWORD", "");
        let output = command.args(["--json", "--ca-file", ca]).args(arguments).output()?;
        let document = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok((output.status.code(), document))
    };
    let good = |arguments: &[&str]| -> Result<serde_json::Value> {
        let (code, document) = run(arguments)?;
        ensure!(code == Some(0), "{arguments:?}: {document}");
        Ok(document)
    };
    std::fs::create_dir(dir.join("www"))?;
    good(&["init", "nick.eth", "--chain-id", &CHAIN_ID.to_string()])?;
    good(&["set", "text", "avatar", "https://example.com/1.png"])?;
    good(&["set", "text", "url", "https://example.com"])?;
    good(&["sign"])?;
    let (_served, url) = serve(dir, Some("www"))?;
    world.set_recordhash(&nick, owner.address(), url.as_bytes()).await?;

    let site = ["publish", "--to", "https", "--site", "folder=www", "--site-url", &url];
    let published = good(&site)?;
    ensure!(published["publications"][0]["read_back"] == true, "{published}");
    let resolve = |record: &str| {
        let run = Run::resolve(&["nick.eth", record, "--ca-file", ca]);
        run.env("ETH_RPC_URL", world.chain.rpc_url()).env("NAMESYS_GATEWAY_URL", &url)
    };
    accepted(&resolve("text/avatar").ends(0).await?, "https://example.com/1.png")?;
    accepted(&resolve("text/url").ends(0).await?, "https://example.com")?;

    good(&["set", "text", "avatar", "https://example.com/2.png"])?;
    good(&["unset", "text", "url"])?;
    good(&["sign"])?;
    let changed = good(&site)?;
    let counts = ["written", "unchanged", "removed"].map(|what| &changed["uploads"][0][what]);
    ensure!(counts == [1, 0, 1], "{changed}");
    accepted(&resolve("text/avatar").ends(0).await?, "https://example.com/2.png")?;
    refused(&resolve("text/url").ends(4).await?)?;
    let again = good(&site)?;
    ensure!(again["uploads"][0]["sent"] == false && again["root"] == changed["root"], "{again}");

    let table = format!("\n[[sites]]\nkind = \"folder\"\ndir = \"www\"\nurl = \"{url}\"\n");
    let config = std::fs::read_to_string(dir.join("namesys.toml"))? + &table;
    std::fs::write(dir.join("namesys.toml"), config)?;
    let status = ["status", "--rpc-url", world.chain.rpc_url()];
    let here = good(&status)?;
    ensure!(here["chain"]["matches"] == true && here["chain"]["recordhash"] == url, "{here}");
    world.set_recordhash(&nick, owner.address(), b"https://elsewhere.example").await?;
    let (code, moved) = run(&status)?;
    ensure!(code == Some(1) && moved["chain"]["matches"] == false, "{moved}");
    let hint = moved["error"]["hint"].as_str().unwrap_or_default();
    ensure!(hint.contains(&format!("namesys setup nick.eth --https {url}")), "{moved}");
    Ok(())
}
