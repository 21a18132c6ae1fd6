//! `doctor`, `status`, `demo` and `devnet` with a chain.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use namesys::devnet::chain::bindings::CCIP2Resolver::setShortRecordhashCall;
use namesys::devnet::chain::bindings::Registry::{setOwnerCall, setResolverCall};
use namesys::devnet::chain::{CCIP2_RESOLVER, PLAIN_RESOLVER, REGISTRY};
use namesys::report::ErrorKind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cli::Run;
use crate::needs;
use crate::people::{ipns_key, name, person};
use crate::place::{NICK, Place, sent};
use crate::process::Server;
use crate::reports::kind;

fn anvil() -> Result<String> {
    Ok(needs::anvil().find()?.to_string_lossy().into_owned())
}

fn checks(document: &Value) -> Result<&Vec<Value>> {
    document["checks"].as_array().with_context(|| format!("{document:#}"))
}

/// The check of that name.
fn check<'a>(document: &'a Value, what: &str) -> Result<&'a Value> {
    let found = checks(document)?
        .iter()
        .find(|check| check["what"].as_str().is_some_and(|name| name.starts_with(what)));
    found.with_context(|| format!("no check of {what}: {document:#}"))
}

/// Everything as it should be; then nothing.
pub async fn doctor() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    // Before the setup the name has no resolver.
    let before = place.ends(1, &["doctor"]).await?;
    let resolver = check(&before, "resolver of nick.eth")?;
    ensure!(resolver["ok"] == false && resolver["hint"] == "namesys setup nick.eth", "{before:#}");
    sent(&place.ends(0, &["setup", "--yes"]).await?)?;
    let good = place.ends(0, &["doctor"]).await?;
    ensure!(checks(&good)?.len() >= 10, "{good:#}");
    for what in [
        "Ethereum node",
        "ENS registry",
        "resolver of",
        "recordhash of",
        "gateways listed",
        "on-chain gateway",
        "upload kubo",
        "publisher w3name",
        "gateway http",
        "local clock",
    ] {
        ensure!(check(&good, what)?["ok"] == true, "{what}: {good:#}");
    }

    // Ports that nobody listens on; a gateway of the chain's choosing, in a private network.
    let dead = "http://127.0.0.1:9";
    let bad = place
        .run(&["doctor", "--rpc-url", dead, "--rpc-url", place.world.chain.rpc_url()])
        .env("NAMESYS_W3NAME_URL", dead)
        .env("NAMESYS_KUBO_URL", dead)
        .env("NAMESYS_GATEWAY_URL", dead)
        .ends(1)
        .await?;
    for what in
        ["Ethereum node", "on-chain gateway", "upload", "publisher", "gateway http", "local clock"]
    {
        let check = check(&bad, what)?;
        ensure!(check["ok"] == false && check["hint"].is_string(), "{what}: {bad:#}");
    }
    ensure!(check(&bad, "recordhash of")?["ok"] == true, "by the second node: {bad:#}");
    // Records elsewhere are not the workspace's, whatever the form in which they are named.
    let elsewhere = "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
    sent(&place.ends(0, &["setup", "--yes", "--recordhash", elsewhere]).await?)?;
    let strange = place.ends(1, &["doctor"]).await?;
    let recordhash = check(&strange, "recordhash of")?;
    ensure!(recordhash["ok"] == false && recordhash["hint"].is_string(), "{strange:#}");
    ensure!(
        recordhash["detail"].to_string().contains("this workspace's is ipns://"),
        "{strange:#}"
    );
    let other = place.ends(1, &["doctor", "--chain-id", "1"]).await?;
    ensure!(check(&other, "Ethereum node")?["ok"] == false, "{other:#}");
    Ok(())
}

/// The recordhash on chain against the workspace's IPNS name.
pub async fn status() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let new = Place::new(1, &[]).await?;
    new.ends(0, &["keygen"]).await?;
    let nothing = new.ends(1, &["status"]).await?;
    ensure!(kind(&nothing) == Some(ErrorKind::NotSetUp), "1 goes before 4: {nothing:#}");
    let unpublished = new.run(&["status"]).env("ETH_RPC_URL", "").ends(4).await?;
    ensure!(kind(&unpublished) == Some(ErrorKind::NotPublished), "{unpublished:#}");
    let before = place.ends(1, &["status"]).await?;
    ensure!(
        kind(&before) == Some(ErrorKind::NotSetUp) && before["chain"]["matches"] == false,
        "{before:#}"
    );
    sent(&place.ends(0, &["setup", "--yes"]).await?)?;
    let after = place.ends(0, &["status"]).await?;
    let owner = person(1).address();
    ensure!(after["chain"]["matches"] == true, "{after:#}");
    ensure!(after["chain"]["owner"] == owner.to_string(), "{after:#}");
    ensure!(after["publications"][0]["sequence"] == 0, "{after:#}");
    let hash = ipns_key(9).name().public_key().into();
    let call = setShortRecordhashCall { node: name(NICK).node(), hash };
    place.world.chain.send(owner, CCIP2_RESOLVER, call).await?;
    let other = place.ends(1, &["status"]).await?;
    ensure!(other["chain"]["recordhash"] == format!("ipns://{}", ipns_key(9).name()));
    ensure!(other["chain"]["matches"] == false, "{other:#}");
    let (code, without, stderr) = place.run(&["status"]).env("ETH_RPC_URL", "").run().await?;
    ensure!(code == 0 && without["chain"].is_null(), "{without:#}");
    ensure!(stderr.contains("the chain is not asked") && stderr.contains("--rpc-url"), "{stderr}");
    let unreachable = place.run(&["status"]).env("ETH_RPC_URL", "http://127.0.0.1:9");
    let unreachable = unreachable.ends(1).await?;
    ensure!(unreachable["publications"][0]["sequence"] == 0, "the rest is shown all the same");
    ensure!(kind(&unreachable) == Some(ErrorKind::Rpc), "{unreachable:#}");
    ensure!(after["chain"]["resolver"] == CCIP2_RESOLVER.to_string(), "{after:#}");
    Ok(())
}

/// The name has another owner, or resolver, than when it was set up.
pub async fn drift() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    sent(&place.ends(0, &["setup", "--yes"]).await?)?;
    let (owner, other, nick) = (person(1).address(), person(2).address(), name(NICK));
    let chain = &place.world.chain;
    chain.send(owner, REGISTRY, setOwnerCall { node: nick.node(), owner: other }).await?;
    let sold = place.ends(1, &["status"]).await?;
    ensure!(
        kind(&sold) == Some(ErrorKind::OtherOwner) && sold["chain"]["matches"] == false,
        "{sold:#}"
    );
    ensure!(sold["chain"]["owner"] == other.to_string(), "{sold:#}");
    ensure!(sold["publications"][0]["sequence"] == 0, "{sold:#}");
    // The new owner lets the former one go on.
    chain.approve(other, &nick, owner).await?;
    place.ends(0, &["status"]).await?;
    let plain = setResolverCall { node: nick.node(), resolver: PLAIN_RESOLVER };
    chain.send(other, REGISTRY, plain).await?;
    let moved = place.ends(1, &["status"]).await?;
    ensure!(kind(&moved) == Some(ErrorKind::NotSetUp), "{moved:#}");
    ensure!(moved["chain"]["resolver"] == PLAIN_RESOLVER.to_string(), "{moved:#}");
    ensure!(moved["error"]["hint"].to_string().contains("namesys setup nick.eth"), "{moved:#}");
    // Of the two failures the publisher's goes first, and both are shown.
    let both =
        place.run(&["status"]).env("NAMESYS_W3NAME_URL", "http://127.0.0.1:9").ends(1).await?;
    ensure!(
        kind(&both) == Some(ErrorKind::Unreachable) && both["chain"]["error"].is_string(),
        "{both:#}"
    );
    Ok(())
}

/// Every step of the demonstration.
pub async fn demo() -> Result<()> {
    let document = Run::namesys(&["demo", "--chain"]).env("ANVIL", &anvil()?).ends(0).await?;
    let steps = document["steps"].as_array().context("steps")?;
    ensure!(steps.iter().all(|step| step["ok"] == true), "{document:#}");
    let ran = |command: &str| {
        let is = |step: &&Value| step["command"].to_string().contains(command);
        steps.iter().find(is).with_context(|| format!("no {command}: {document:#}"))
    };
    ensure!(sent(&ran("setup --yes")?["output"])?.len() == 2);
    let resolved = &ran("resolve nick.eth")?["output"]["records"][0];
    ensure!(resolved["verified"] == true && resolved["verdicts"]["contract"] == "accepted");
    ran("doctor")?;
    let none = Run::namesys(&["demo", "--chain"]).env("ANVIL", "/nowhere/anvil").ends(1).await?;
    ensure!(kind(&none) == Some(ErrorKind::Anvil), "{none:#}");
    Ok(())
}

/// The first line has the chain's RPC, and the names that were asked for are there.
pub async fn devnet() -> Result<()> {
    let home = tempfile::tempdir()?;
    let (owner, other) = (person(1).address(), person(2).address());
    let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
    command
        .args(["--json", "devnet", "--listen", "127.0.0.1:0", "--chain", "--chain-port", "0"])
        .args(["--register", &format!("{NICK}={owner}")])
        .args(["--register-wrapped", &format!("wrapped.eth={other}")])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var_os("PATH").context("PATH")?)
        .env("ETH_PRIVATE_KEY", "hunter2")
        .env("NAMESYS_KEY_PASSWORD", "hunter2")
        .env("ANVIL", telling(&home.path().join("anvil"), &anvil()?)?);
    let start = tokio::task::spawn_blocking(move || {
        Server::start::<Value>(&mut command, Duration::from_secs(60))
    });
    let (server, urls) = start.await??;
    let rpc = urls["rpc"].as_str().context("rpc")?;
    // So --network devnet finds it.
    let at = format!("{}/chain", urls["gateway"].as_str().context("gateway")?);
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let announced: Value = client.get(at).send().await?.json().await?;
    ensure!(announced["rpc"] == rpc, "{announced}");
    for (name, owner, wrapped) in [(NICK, owner, false), ("wrapped.eth", other, true)] {
        let setup = ["setup", name, "--calldata", "--https", "https://a.example"];
        let shown = Run::namesys(&setup).env("ETH_RPC_URL", rpc).ends(0).await?;
        ensure!(shown["standing"]["owner"] == owner.to_string(), "{shown:#}");
        ensure!(shown["standing"]["wrapped"] == wrapped, "{shown:#}");
        ensure!(shown["transactions"].as_array().is_some_and(|all| all.len() == 2), "{shown:#}");
    }
    pages_of_other_sites(&client, rpc).await?;
    let told = std::fs::read_to_string(home.path().join("anvil.env"))?;
    ensure!(told.contains("PATH=") && !told.contains("hunter2"), "{told}");
    // Killed, it leaves no anvil behind.
    drop(server);
    let pid = std::fs::read_to_string(home.path().join("anvil.pid"))?;
    for _ in 0..100 {
        let alive = Command::new("kill").args(["-0", pid.trim()]).output()?;
        if !alive.status.success() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("anvil still runs as {pid}")
}

/// A program that is anvil, and writes down its environment and its number. Another process
/// writes it: were it open for writing here, a process that another test starts meanwhile would
/// keep it so ("Text file busy").
fn telling(path: &Path, anvil: &str) -> Result<PathBuf> {
    let text = format!(
        "#!/bin/sh\nenv > '{0}.env'\necho $$ > '{0}.pid'\nexec '{anvil}' \"$@\"\n",
        path.display()
    );
    let write = r#"printf %s "$1" > "$0" && chmod 755 "$0""#;
    let status = Command::new("/bin/sh").arg("-c").arg(write).arg(path).arg(text).status()?;
    ensure!(status.success(), "{}", path.display());
    Ok(path.to_owned())
}

/// What a web page can do towards the chain's port: nothing. Without an `Origin`, all stays.
async fn pages_of_other_sites(client: &reqwest::Client, rpc: &str) -> Result<()> {
    let ask = async |method: &str, field: &'static str, value: &str| -> Result<u16> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": [] });
        let request = client.post(rpc).json(&body).header(field, value);
        Ok(request.send().await?.status().as_u16())
    };
    for (field, value, status) in [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("host", "evil.example", 403),
        ("host", "evil.example:8545", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("origin", "http://localhost:3000", 200),
        ("origin", "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn", 200),
        ("host", "localhost:8545", 200),
        ("x-nothing", "x", 200),
    ] {
        for method in ["anvil_mine", "eth_chainId"] {
            let got = ask(method, field, value).await?;
            ensure!(got == status, "{method} {field}: {value}: {got}");
        }
    }
    let preflight =
        client.request(reqwest::Method::OPTIONS, rpc).header("origin", "https://a.example");
    let preflight = preflight.header("access-control-request-method", "POST").send().await?;
    ensure!(preflight.status() == 403, "{preflight:?}");
    // Web sockets know no CORS: the server itself has to look.
    let addr = rpc.trim_start_matches("http://");
    for (origin, expected) in [("origin: https://evil.example\r\n", "403"), ("", "101")] {
        let mut stream = tokio::net::TcpStream::connect(addr).await?;
        let request = format!(
            "GET / HTTP/1.1\r\nhost: {addr}\r\n{origin}connection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        ensure!(head == format!("HTTP/1.1 {expected}").as_bytes()[..], "{:?}", head.escape_ascii());
    }
    Ok(())
}
