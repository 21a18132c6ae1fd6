//! Keys in other tools' forms: ours load there, theirs load here.

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use serde_json::json;

use super::publish::{NAME, SEED};
use crate::peer;
use crate::support::sandbox::Sandbox;

/// The start of a libp2p protobuf of an ed25519 private key (namesys::spec::keys).
const PROTOBUF_PREFIX: &str = "08011240";

/// The PEM is read by Node's OpenSSL, the libp2p protobuf by the w3name client.
pub fn ours_to_client() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    let export = |format: &str| -> Result<Vec<u8>> {
        let file = format!("key.{format}");
        sandbox.ok([
            "key",
            "export",
            "--ipns-key-file",
            "ipns.key",
            "--format",
            format,
            "--out",
            &file,
        ])?;
        sandbox.read(&file)
    };
    let pem = String::from_utf8(export("pem")?)?;
    let read = peer::w3name_ok(json!({"op": "openssl", "pem": pem}))?;
    ensure!(read["type"] == "ed25519" && read["seed"] == SEED, "{}", read["type"]);
    let protobuf = HEXLOWER.encode(&export("libp2p")?);
    ensure!(protobuf.starts_with(PROTOBUF_PREFIX), "{} digits", protobuf.len());
    let loaded = peer::w3name_ok(json!({"op": "load", "key": protobuf}))?;
    ensure!(loaded["name"] == NAME, "{loaded}");
    Ok(())
}

/// A key the client made has the same name here, in both of its forms.
pub fn client_to_us() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let created = peer::w3name_ok(json!({"op": "create"}))?;
    let raw = created["raw"].as_str().context("no key")?;
    let protobuf = HEXLOWER.decode(format!("{PROTOBUF_PREFIX}{raw}").as_bytes())?;
    sandbox.write("libp2p.key", protobuf)?;
    sandbox.write("hex.key", &raw[..64])?;
    for file in ["libp2p.key", "hex.key"] {
        let inspected = sandbox.ok(["key", "inspect", "--ipns-key-file", file])?;
        ensure!(
            inspected.to_string().contains(created["name"].as_str().context("no name")?),
            "{file}: {inspected}"
        );
    }
    Ok(())
}
