//! The official client publishes and we read; we publish and it reads.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::peer;
use crate::support::devnet::Devnet;
use crate::support::sandbox::Sandbox;

/// Two values of no meaning; the service does not look behind them.
pub const FIRST: &str = "/ipfs/bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
pub const SECOND: &str = "/ipfs/bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";

/// A key of `tests/vectors/ipns.json`: the ed25519 seed and its name.
pub const SEED: &str = "01d1d1889d78d77fe979b76cf01e1084b46ba9903f8384956d9d8db56776d2d3";
pub const NAME: &str = "k51qzi5uqu5dm8vj5be9rx33v7q8eoxlfqj1k7moz7zjk2x6ihnbjwwo9bo5k6";

/// Compares the fields that both print, numbers as text or not.
pub fn same(ours: &Value, theirs: &Value, fields: &[&str]) -> Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for field in fields {
        let (one, other) = (text(&ours[*field]), text(&theirs[*field]));
        ensure!(one == other, "{field}: {one} here, {other} there; {ours} and {theirs}");
    }
    Ok(())
}

/// `publish` of the client, twice, each read and verified by `ipns get`.
pub fn client_to_us() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    let created = peer::w3name_ok(json!({"op": "create"}))?;
    for (value, first, sequence) in [(FIRST, true, 0), (SECOND, false, 1)] {
        let published = peer::w3name_ok(json!({
            "op": "publish", "endpoint": devnet.urls.w3name, "key": created["raw"],
            "value": value, "first": first,
        }))?;
        let name = created["name"].as_str().unwrap_or_default();
        let read = sandbox.ok(["ipns", "get", name])?;
        ensure!(read["valid"] == true, "{read}");
        ensure!(read["sequence"] == sequence && read["value"] == value, "{read}");
        same(&read, &published, &["name", "value", "sequence", "ttl_ns"])?;
    }
    Ok(())
}

/// `ipns sign` and `ipns put`, twice, each resolved by the client.
pub fn put_to_client() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    sandbox.write("ipns.key", SEED)?;
    for (value, sequence) in [(FIRST, "7"), (SECOND, "4294967297")] {
        let arguments = [
            "ipns",
            "sign",
            "--ipns-key-file",
            "ipns.key",
            "--value",
            value,
            "--sequence",
            sequence,
            "--validity",
            "2040-01-30T20:10:08.291Z",
            "--ttl",
            "2m",
            "--out",
            sequence,
        ];
        let signed = sandbox.ok(arguments)?;
        ensure!(signed["name"] == NAME, "{signed}");
        sandbox.ok(["ipns", "put", sequence, "--name", NAME])?;
        let resolved = peer::w3name_ok(
            json!({"op": "resolve", "endpoint": devnet.urls.w3name, "name": NAME}),
        )?;
        same(&signed, &resolved, &["name", "value", "sequence", "ttl_ns"])?;
        ensure!(resolved["validity"] == "2040-01-30T20:10:08.291000000Z", "{resolved}");
    }
    Ok(())
}

/// A workspace, signed and published, resolved by the client.
pub fn publish_to_client() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    let workspace = super::gateway::signed_workspace(&mut sandbox)?;
    let mut previous = Value::Null;
    for avatar in ["https://example.com/1.png", "https://example.com/2.png"] {
        sandbox.ok(["set", "text", "avatar", avatar])?;
        sandbox.ok(["sign"])?;
        let published = sandbox.ok(["publish"])?;
        ensure!(published["ipns_name"] == workspace.ipns_name.as_str(), "{published}");
        ensure!(published["root"] != previous, "a changed record keeps the root: {published}");
        let resolved = peer::w3name_ok(json!({
            "op": "resolve", "endpoint": devnet.urls.w3name, "name": workspace.ipns_name,
        }))?;
        let root = published["root"].as_str().unwrap_or_default();
        ensure!(resolved["value"] == format!("/ipfs/{root}"), "{published} {resolved}");
        same(&published, &resolved, &["sequence"])?;
        previous = published["root"].clone();
    }
    Ok(())
}
