//! A real IPFS Cluster takes what `publish` sends.

use anyhow::{Context, Result, ensure};

use super::gateway::signed_workspace;
use crate::cluster::{Cluster, TOKEN};
use crate::kubo::Repository;
use crate::support::devnet::Devnet;
use crate::support::sandbox::Sandbox;

/// Asks for its password; adds, pins, and is not sent the same again; says when its node is gone.
pub fn rest_api() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    signed_workspace(&mut sandbox)?;
    let daemon = Repository::new(&sandbox)?.start(&[])?;
    let cluster = Cluster::start(&sandbox, &daemon)?;
    let flag = format!("cluster={}", cluster.rest);
    let publish = ["publish", "--upload", &flag];
    let (code, refused) = sandbox.json(publish)?;
    let error = refused["uploads"][0]["error"].as_str().unwrap_or_default();
    ensure!(code == 1 && error.contains("is a token needed"), "exit {code}: {refused}");

    sandbox.set_env("NAMESYS_CLUSTER_TOKEN", TOKEN);
    // Of a size that makes a directory a HAMT.
    let label = "x".repeat(58);
    let rows = (0..3000).map(|n| format!("{label}{n}.nick.eth,text/note,{n}\n"));
    sandbox.write("many.csv", rows.collect::<String>())?;
    sandbox.ok(["import", "many.csv"])?;
    sandbox.ok(["sign", "--approval", "on-chain"])?;
    let publish = ["publish", "--allow-invalid", "--upload", &flag];
    let published = sandbox.ok(publish)?;
    let root = published["root"].as_str().context("a root")?;
    let pins = daemon.repository.ok(["pin", "ls", "--type=recursive", "--quiet", root])?;
    ensure!(pins == root, "pinned: {pins}");
    let added = daemon.repository.ok(["add", "-r", "--hidden", "-Q", "-w", ".well-known"])?;
    ensure!(added == root, "ipfs add says {added}: {published}");
    let again = sandbox.ok(publish)?;
    ensure!(again["uploads"][0]["sent"] == false, "{again}");

    drop(daemon);
    sandbox.ok(["set", "text", "avatar", "https://example.com/other.png"])?;
    sandbox.ok(["sign", "--approval", "on-chain"])?;
    let (code, failed) = sandbox.json(publish)?;
    let error = failed["uploads"][0]["error"].as_str().unwrap_or_default();
    ensure!(code == 1 && error.contains("refuses the upload"), "exit {code}: {failed}");
    Ok(())
}

/// Its Pinning Service API is told of another node, fetches from there, and pins.
pub fn pinning_service() -> Result<()> {
    let (mut sandbox, other) = (Sandbox::new()?, Sandbox::new()?);
    let _devnet = Devnet::start(&mut sandbox)?;
    signed_workspace(&mut sandbox)?;
    let daemon = Repository::new(&sandbox)?.start(&[])?;
    let provider = Repository::new(&other)?.start(&[])?;
    let cluster = Cluster::start(&sandbox, &daemon)?;
    sandbox.set_env("NAMESYS_PINNING_TOKEN", "anybody");
    let (kubo, pinning) =
        (format!("kubo={}", provider.rpc), format!("pinning-service={}", cluster.pinning));
    let publish = ["publish", "--upload", &kubo, "--upload", &pinning];
    let published = sandbox.ok(publish)?;
    let root = published["root"].as_str().context("a root")?;
    let pins = daemon.repository.ok(["pin", "ls", "--type=recursive", "--quiet", root])?;
    ensure!(pins == root, "pinned: {pins}");
    let again = sandbox.ok(publish)?;
    ensure!(again["uploads"][1]["sent"] == false, "{again}");
    Ok(())
}
