//! A signed tree, packed by us and served by boxo's gateway, resolved verified.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::peer::Boxo;
use crate::support::sandbox::Sandbox;

/// A key of no worth: the first one of anvil and hardhat.
const WALLET_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// What is known of a signed workspace besides its files.
pub struct Workspace {
    /// Address of the wallet, which is the name's owner.
    pub wallet: String,
    /// Name of the derived IPNS key.
    pub ipns_name: String,
    /// The same as contenthash.
    pub contenthash: String,
}

const RECORDS: &[(&[&str], &str)] = &[
    (&["text", "avatar", "https://example.com/avatar.png"], "text/avatar"),
    (&["text", "description", "two\nlines, and 🦇"], "text/description"),
    (&["address", "eth", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"], "address/60"),
    (
        &["contenthash", "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4"],
        "contenthash",
    ),
];

/// A workspace in the sandbox with every one of `RECORDS` signed, its keys
/// exported to `keys/`.
pub fn signed_workspace(sandbox: &mut Sandbox) -> Result<Workspace> {
    sandbox.set_env("ETH_PRIVATE_KEY", WALLET_KEY);
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "correct horse");
    sandbox.ok(["init", "nick.eth"])?;
    let keys = sandbox.ok(["keygen", "--export", "keys"])?;
    for (arguments, _) in RECORDS {
        sandbox.ok([&["set"], *arguments].concat())?;
    }
    sandbox.ok(["sign"])?;
    let text = |value: &Value| -> Result<String> {
        Ok(value.as_str().with_context(|| format!("keygen: {keys}"))?.to_owned())
    };
    Ok(Workspace {
        wallet: text(&keys["wallet"])?,
        ipns_name: text(&keys["ipns"]["name"])?,
        contenthash: text(&keys["ipns"]["contenthash"])?,
    })
}

/// Packs the workspace, serves it through boxo, and puts an IPNS record there.
/// The server, and the root of the tree.
fn served(sandbox: &Sandbox) -> Result<(Boxo, String)> {
    let packed = sandbox.ok(["pack", "--car", "tree.car"])?;
    let root = packed["root"].as_str().with_context(|| format!("pack: {packed}"))?;
    let boxo = Boxo::serve(&[sandbox.path("tree.car")])?;
    let value = format!("/ipfs/{root}");
    sandbox.ok([
        "ipns",
        "sign",
        "--ipns-key-file",
        "keys/ipns.key",
        "--value",
        &value,
        "--sequence",
        "1",
        "--out",
        "record",
    ])?;
    sandbox.ok(["ipns", "put", "record", "--publisher", &format!("routing={}", boxo.url)])?;
    Ok((boxo, root.to_owned()))
}

/// `resolve` of every record, with the chain facts given by hand.
pub fn resolve(
    sandbox: &Sandbox,
    workspace: &Workspace,
    recordhash: &str,
    gateway: &str,
) -> Result<(i32, Value)> {
    let mut arguments = vec!["resolve", "nick.eth"];
    arguments.extend(RECORDS.iter().map(|(_, record)| *record));
    arguments.extend(["--recordhash", recordhash, "--owner", &workspace.wallet]);
    arguments.extend(["--gateway", gateway]);
    sandbox.json(arguments)
}

/// Every record resolves to the value that was set, verified and proven by
/// blocks, through the IPNS name and through the root itself.
pub fn resolve_verified() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let workspace = signed_workspace(&mut sandbox)?;
    let (boxo, root) = served(&sandbox)?;
    for (recordhash, sequence) in [(&workspace.contenthash, Some(1)), (&root, None)] {
        let (code, resolved) = resolve(&sandbox, &workspace, recordhash, &boxo.url)?;
        ensure!(code == 0, "{recordhash}: {resolved}");
        ensure!(resolved["ipns"]["sequence"].as_u64() == sequence, "{resolved}");
        let records = resolved["records"].as_array().with_context(|| format!("{resolved}"))?;
        ensure!(records.len() == RECORDS.len(), "{resolved}");
        for (record, (set, name)) in records.iter().zip(RECORDS) {
            ensure!(record["record"] == *name, "{record}");
            ensure!(record["value"] == *set.last().context("a value")?, "{record}");
            ensure!(record["verified"] == true && record["proven"] == true, "{record}");
            let gateway = record["gateway"].as_str().unwrap_or_default();
            ensure!(gateway.starts_with(&boxo.url), "{record}");
        }
    }
    Ok(())
}

/// A record whose file was changed before packing: blocks and IPNS record
/// verify, SIGN 4 does not. Exit 3, no value; the others stay verified.
pub fn resolve_tampered() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let workspace = signed_workspace(&mut sandbox)?;
    let file = ".well-known/eth/nick/text/avatar.json";
    let signed = String::from_utf8(sandbox.read(file)?)?;
    let hex = |text: &str| data_encoding::HEXLOWER.encode(text.as_bytes());
    let changed = signed.replace(&hex("example.com"), &hex("example.org"));
    ensure!(changed != signed, "the value is not in {signed}");
    sandbox.write(file, changed)?;
    let (boxo, _) = served(&sandbox)?;
    let (code, resolved) = resolve(&sandbox, &workspace, &workspace.contenthash, &boxo.url)?;
    ensure!(code == 3, "exit {code}: {resolved}");
    let records = resolved["records"].as_array().with_context(|| format!("{resolved}"))?;
    ensure!(records.len() == RECORDS.len(), "{resolved}");
    for record in records {
        let tampered = record["record"] == "text/avatar";
        ensure!(record["verified"] == !tampered && record["proven"] == true, "{record}");
        ensure!(record["value"].is_null() == tampered, "{record}");
    }
    Ok(())
}
