//! Which of several settings holds: a flag wins over the environment, that over `namesys.toml`,
//! that over the user's `config.toml`, that over the default.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::sandbox::Sandbox;

/// The layers, the strongest first.
const LAYERS: usize = 4;

/// What each layer of `set` says, as `of` gives it.
fn said(set: usize, layer: usize, of: impl Fn(usize) -> String) -> Option<String> {
    (set & (1 << layer) != 0).then(|| of(layer))
}

struct Given {
    sandbox: Sandbox,
    flags: Vec<String>,
}

/// A workspace where each layer of `set` names a network, a gateway and a node of its own; those
/// that no repository may choose are left out of `namesys.toml`.
fn given(set: usize, network: impl Fn(usize) -> String) -> Result<Given> {
    let mut sandbox = Sandbox::new()?;
    sandbox.ok(["init", "nick.eth"])?;
    let gateway = |layer| format!("http://127.0.0.1:{}", 1 + layer);
    let node = |layer| format!("http://127.0.0.1:{}", 11 + layer);
    let mut flags = Vec::new();
    if let Some(network) = said(set, 0, &network) {
        flags.extend(["--network".into(), network, "--gateway".into(), gateway(0)]);
        flags.extend(["--rpc-url".into(), node(0)]);
    }
    if let Some(network) = said(set, 1, &network) {
        sandbox.set_env("NAMESYS_NETWORK", &network);
        sandbox.set_env("NAMESYS_GATEWAY_URL", &gateway(1));
        sandbox.set_env("ETH_RPC_URL", &node(1));
    }
    let file = |layer, network: String| {
        format!("network = \"{network}\"\n[gateways]\nipfs = [\"{}\"]\n", gateway(layer))
    };
    if let Some(network) = said(set, 2, &network) {
        let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
        sandbox.write("namesys.toml", config + &file(2, network))?;
    }
    if let Some(network) = said(set, 3, &network) {
        let node = format!("rpc_url = \"{}\"\n", node(3));
        sandbox.write(".config/namesys/config.toml", node + &file(3, network))?;
    }
    Ok(Given { sandbox, flags })
}

fn names(document: &Value, start: &str) -> Vec<String> {
    let all = document["checks"].as_array().into_iter().flatten();
    let all = all.filter_map(|check| check["what"].as_str());
    all.filter(|what| what.starts_with(start)).map(str::to_owned).collect()
}

/// Every set of layers, so every pair: once the strongest says devnet and the others mainnet, once
/// the other way round.
#[test]
fn the_stronger_layer_wins() -> Result<()> {
    // With none of them public services would be asked.
    for set in 1..1 << LAYERS {
        let strongest = (0..LAYERS).find(|layer| set & (1 << layer) != 0);
        for is_devnet in [true, false] {
            let word = |devnet: bool| if devnet { "devnet" } else { "mainnet" }.to_owned();
            let Given { sandbox, flags } =
                given(set, |layer| word((Some(layer) == strongest) == is_devnet))?;
            let asked = ["doctor", "nick.eth", "--publisher", "file=x"];
            let (_, document) =
                sandbox.json(asked.iter().copied().chain(flags.iter().map(String::as_str)))?;
            let kubo = names(&document, "upload kubo");
            let port = if is_devnet { 5559 } else { 5001 };
            ensure!(
                kubo == [format!("upload kubo at http://127.0.0.1:{port}/")],
                "{set:04b} {kubo:?}"
            );
            let gateways = names(&document, "gateway");
            match strongest {
                Some(layer) => ensure!(
                    gateways == [format!("gateway http://127.0.0.1:{}/", 1 + layer)]
                        || gateways == [format!("gateway http://127.0.0.1:{}", 1 + layer)],
                    "{set:04b} {gateways:?}"
                ),
                None => unreachable!("the sets are not empty"),
            }
            let node = (0..LAYERS).find(|layer| *layer != 2 && set & (1 << layer) != 0);
            let nodes = names(&document, "Ethereum node");
            if let Some(layer) = node {
                let port = format!("127.0.0.1:{}", 11 + layer);
                ensure!(nodes.iter().all(|node| node.contains(&port)), "{set:04b} {nodes:?}");
                ensure!(!nodes.is_empty(), "{document:#}");
            }
        }
    }
    Ok(())
}

/// The account of the user's file is opened where no flag and no variable names a wallet.
#[test]
fn an_account_of_ones_own() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    sandbox.ok(["init", "nick.eth"])?;
    let asked = |sandbox: &Sandbox, flags: &[&str]| -> Result<String> {
        let (code, document) = sandbox.json([&["keygen"], flags].concat())?;
        ensure!(code != 0, "{document}");
        Ok(document["error"]["message"].as_str().context("a message")?.to_owned())
    };
    ensure!(asked(&sandbox, &[])?.contains("a wallet is needed"));
    sandbox.write(".config/namesys/config.toml", "account = \"third\"\n")?;
    ensure!(asked(&sandbox, &[])?.contains("third"));
    sandbox.set_env("ETH_KEYSTORE_ACCOUNT", "second");
    ensure!(asked(&sandbox, &[])?.contains("second"));
    ensure!(asked(&sandbox, &["--account", "first"])?.contains("first"));
    Ok(())
}

/// It is not opened where no wallet is needed: nobody wants to be asked for its password.
#[test]
fn an_account_is_left_alone_where_no_wallet_is_needed() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    sandbox.write("wallet.key", "01".repeat(32))?;
    sandbox.ok(["init", "nick.eth"])?;
    sandbox.ok(["set", "text", "avatar", "https://example.com/1.png"])?;
    let keys = ["--private-key-file", "wallet.key"];
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "");
    sandbox.ok([&["keygen", "--export", "keys"], &keys[..]].concat())?;
    sandbox.ok([&["sign"], &keys[..]].concat())?;
    // There is no such keystore: to open it is an error.
    sandbox.write(".config/namesys/config.toml", "account = \"third\"\n")?;
    sandbox.ok(["set", "text", "avatar", "https://example.com/2.png"])?;
    let signed = sandbox.ok(["sign", "--signer-key-file", "keys/signer.key"])?;
    ensure!(signed["signed"] == 1, "{signed}");
    // A name without an approval needs the wallet.
    sandbox.ok(["set", "text", "avatar", "https://example.com/3.png", "--name", "sub.nick.eth"])?;
    let (code, refused) = sandbox.json(["sign", "--signer-key-file", "keys/signer.key"])?;
    ensure!(code == 2 && refused["error"]["kind"] == "no-account", "{refused}");
    Ok(())
}

/// Sepolia's services are the public ones, and its chain is what is expected.
#[test]
fn sepolia_is_a_network() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.ok(["--network", "sepolia", "init", "nick.eth"])?;
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    ensure!(config.contains("chain_id = 11155111"), "{config}");
    let keys = sandbox.ok([
        "--network",
        "sepolia",
        "keygen",
        "other.eth",
        "--private-key",
        &"01".repeat(32),
        "--key-password-file",
        "/dev/null",
    ])?;
    ensure!(keys["chain_id"] == 11_155_111, "{keys}");
    Ok(())
}

/// The demonstration is the same for everyone.
#[test]
fn a_demo_ignores_its_users_environment() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    for (variable, value) in [
        ("NAMESYS_IPNS_KEY", "07".repeat(32)),
        ("NAMESYS_SIGNER_KEY", "08".repeat(32)),
        ("ETH_PRIVATE_KEY", "09".repeat(32)),
        ("NAMESYS_KEY_PASSWORD", "another".to_owned()),
        ("ETH_FROM", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266".to_owned()),
        ("NAMESYS_DIR", "/nowhere".to_owned()),
        ("NAMESYS_NETWORK", "devnet".to_owned()),
        ("NAMESYS_W3NAME_URL", "http://127.0.0.1:9".to_owned()),
        ("NAMESYS_KUBO_URL", "http://127.0.0.1:9".to_owned()),
        ("NAMESYS_GATEWAY_URL", "http://127.0.0.1:9".to_owned()),
        ("NAMESYS_CREDENTIALS", "a=b".to_owned()),
    ] {
        sandbox.set_env(variable, &value);
    }
    sandbox.write(".config/namesys/config.toml", "account = \"third\"\nnetwork = \"devnet\"\n")?;
    let demo = sandbox.ok(["demo"])?;
    ensure!(demo["steps"].as_array().is_some_and(|steps| steps.len() > 10), "{demo}");
    Ok(())
}
