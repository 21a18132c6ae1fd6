//! boxo's delegated routing server takes our records and gives them back.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::publish::{FIRST, NAME, SECOND, SEED, same};
use crate::peer::{self, Boxo};
use crate::support::devnet::Devnet;
use crate::support::sandbox::Sandbox;

/// What both `ipns sign` and `ipns get` print.
pub const FIELDS: &[&str] = &["name", "value", "sequence", "validity", "ttl_ns"];

/// Signs a record with the key in `ipns.key`, into a file named by the sequence.
pub fn sign(sandbox: &Sandbox, sequence: &str, value: &str) -> Result<Value> {
    sandbox.ok([
        "ipns",
        "sign",
        "--ipns-key-file",
        "ipns.key",
        "--value",
        value,
        "--sequence",
        sequence,
        "--validity",
        "2040-01-01T00:00:00Z",
        "--out",
        sequence,
    ])
}

/// Not found, put, got; a higher sequence replaces; a lower one is refused.
pub fn put_and_get() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    let boxo = Boxo::serve(&[])?;
    let publisher = format!("routing={}", boxo.url);
    let get = || sandbox.json(["ipns", "get", NAME, "--publisher", &publisher]);
    let put =
        |file: &str| sandbox.json(["ipns", "put", file, "--name", NAME, "--publisher", &publisher]);
    // boxo says "none" with status 200 and text (IPIP-513).
    let (code, none) = get()?;
    ensure!(code == 4, "exit {code}: {none}");
    for (sequence, value) in [("1", FIRST), ("2", SECOND)] {
        let signed = sign(&sandbox, sequence, value)?;
        let (code, stored) = put(sequence)?;
        ensure!(code == 0, "exit {code}: {stored}");
        let (code, read) = get()?;
        ensure!(code == 0 && read["valid"] == true, "exit {code}: {read}");
        same(&read, &signed, FIELDS)?;
    }
    let (code, refused) = put("1")?;
    ensure!(code == 1 && refused["error"]["message"].is_string(), "exit {code}: {refused}");
    let (_, read) = get()?;
    ensure!(read["sequence"] == 2, "{read}");
    Ok(())
}

/// A record of the official client, read from the devnet, is one boxo takes.
pub fn client_to_boxo() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    let boxo = Boxo::serve(&[])?;
    let created = peer::w3name_ok(json!({"op": "create"}))?;
    let name = created["name"].as_str().with_context(|| format!("{created}"))?;
    peer::w3name_ok(json!({
        "op": "publish", "endpoint": devnet.urls.w3name, "key": created["raw"],
        "value": FIRST, "first": true,
    }))?;
    let read = sandbox.ok(["ipns", "get", name, "--out", "record"])?;
    let publisher = format!("routing={}", boxo.url);
    sandbox.ok(["ipns", "put", "record", "--name", name, "--publisher", &publisher])?;
    same(&sandbox.ok(["ipns", "get", name, "--publisher", &publisher])?, &read, FIELDS)
}
