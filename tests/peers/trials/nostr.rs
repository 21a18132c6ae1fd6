//! The nostr key and its NIP-05 file, read by nostr-tools.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::runtime;
use crate::support::process;
use crate::support::sandbox::Sandbox;

const LIMIT: Duration = Duration::from_secs(120);

/// Secret key, public key, and the file that names it.
pub fn keys() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    sandbox.set_env("ETH_PRIVATE_KEY", &format!("0x{}", "11".repeat(32)));
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "secret");
    sandbox.ok(["init", "nick.eth"])?;
    let set = sandbox.ok(["nostr", "set"])?;
    sandbox.ok(["nostr", "set", "--as", "nick", "--force"])?;
    sandbox.ok(["key", "export", "--nostr", "--format", "nsec", "--out", "nostr.key"])?;
    sandbox.ok(["key", "export", "--nostr", "--format", "hex", "--out", "nostr.hex"])?;
    let text = |file: &str| anyhow::Ok(String::from_utf8(sandbox.read(file)?)?.trim().to_owned());
    let question = json!({
        "nsec": text("nostr.key")?,
        "npub": set["nostr"]["npub"],
        "nip05": text(".well-known/nostr.json")?,
        "name": "nick",
    });
    let input = question.to_string();
    let mut client = Command::new("node");
    let read = process::run(client.arg(runtime::nostr()?), input.as_bytes(), LIMIT)?;
    ensure!(read.status.success(), "{}", read.stderr);
    let read: Value = serde_json::from_str(&read.stdout)?;
    let public = &set["nostr"]["public_key"];
    ensure!(read["kind"] == "nsec" && read["secret"] == text("nostr.hex")?, "another secret");
    ensure!(read["npub"] == json!({ "type": "npub", "data": public }), "{}", read["npub"]);
    ensure!(read["public"] == *public && read["nip05"] == *public, "{} {public}", read["public"]);
    ensure!(read["verified"] == true);
    Ok(())
}
