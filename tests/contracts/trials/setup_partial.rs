//! `namesys setup` that comes half way: what it reports, and that a second run goes on from there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alloy::sol_types::SolCall;
use alloy_primitives::{B256, hex, keccak256};
use anyhow::{Result, ensure};
use namesys::devnet::chain::bindings::Registry::{setOwnerCall, setSubnodeOwnerCall};
use namesys::devnet::chain::{CCIP2_RESOLVER, REGISTRY};
use namesys::report::ErrorKind;
use serde_json::{Value, json};

use crate::node::{Do, node};
use crate::people::{name, person};
use crate::place::{NICK, Place, sent};
use crate::reports::kind;

const SEND: &str = "eth_sendRawTransaction";
const ALL: [&str; 3] = ["setup", "--yes", "--approve-signer"];

fn states(document: &Value) -> Vec<String> {
    let all = document["transactions"].as_array().into_iter().flatten();
    all.map(|transaction| transaction["state"].as_str().unwrap_or_default().to_owned()).collect()
}

fn hashes(document: &Value) -> Vec<bool> {
    let all = document["transactions"].as_array().into_iter().flatten();
    all.map(|transaction| transaction["hash"].is_string()).collect()
}

/// The name changes hands between the second and the third transaction.
pub async fn reverted() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let (owner, other) = (person(1).address(), person(2).address());
    // Whoever owns .eth may give names anew.
    let registrar = place.world.chain.accounts()[0];
    let (eth, label) = (name("eth").node(), keccak256("nick"));
    let data = setSubnodeOwnerCall { node: eth, label, owner: other }.abi_encode();
    let sells = json!([{ "from": registrar, "to": REGISTRY, "input": hex::encode_prefixed(data) }]);
    let selling = node(place.world.chain.rpc_url(), move |method, before| match (method, before) {
        (SEND, 2) => Do::After(vec![("eth_sendTransaction", sells.clone())]),
        _ => Do::PassOn,
    })
    .await?;
    let document = place.run(&ALL).env("ETH_RPC_URL", &selling.url).ends(1).await?;
    ensure!(kind(&document) == Some(ErrorKind::Reverted), "{document:#}");
    ensure!(states(&document) == ["mined", "mined", "failed"], "{document:#}");
    ensure!(hashes(&document) == [true, true, true], "{document:#}");
    let hash = document["transactions"][2]["hash"].as_str().unwrap_or_default();
    ensure!(document["error"]["message"].to_string().contains(hash), "{document:#}");
    ensure!(place.resolver().await? == CCIP2_RESOLVER, "the first one stands");
    // The former owner is told, and the owner again goes on.
    let sold = place.ends(1, &ALL).await?;
    ensure!(kind(&sold) == Some(ErrorKind::NotOwner), "{sold:#}");
    let back = setOwnerCall { node: name(NICK).node(), owner };
    place.world.chain.send(other, REGISTRY, back).await?;
    let rest = place.ends(0, &ALL).await?;
    ensure!(sent(&rest)?.len() == 1 && states(&rest) == ["mined"], "{rest:#}");
    ensure!(place.ends(0, &ALL).await?["transactions"] == json!([]));
    Ok(())
}

/// A node that takes the second one and forgets it.
pub async fn dropped() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let forgets = node(place.world.chain.rpc_url(), |method, before| match (method, before) {
        (SEND, 1) => Do::Drop,
        _ => Do::PassOn,
    })
    .await?;
    let run = place.run(&[&ALL[..], &["--wait", "1"]].concat());
    let document = run.env("ETH_RPC_URL", &forgets.url).ends(1).await?;
    ensure!(kind(&document) == Some(ErrorKind::NotMined), "{document:#}");
    ensure!(states(&document) == ["mined", "sent", "not-sent"], "{document:#}");
    ensure!(hashes(&document) == [true, true, false], "{document:#}");
    ensure!(document["error"]["hint"].to_string().contains("again"), "{document:#}");
    let rest = place.ends(0, &ALL).await?;
    ensure!(sent(&rest)?.len() == 2, "{rest:#}");
    Ok(())
}

/// A node that sends it and says that it failed: it is found, and waited for. One that sends
/// nothing: the hash is told all the same.
pub async fn lost() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let losing = node(place.world.chain.rpc_url(), |method, _| match method {
        SEND => Do::Lose(500),
        _ => Do::PassOn,
    })
    .await?;
    let failing = node(place.world.chain.rpc_url(), |method, _| match method {
        SEND => Do::Answer(500, "oops".into()),
        _ => Do::PassOn,
    })
    .await?;
    let not = place.run(&ALL).env("ETH_RPC_URL", &failing.url).ends(1).await?;
    ensure!(kind(&not) == Some(ErrorKind::NotSent), "{not:#}");
    ensure!(hashes(&not) == [true, false, false], "{not:#}");
    ensure!(states(&not) == ["not-sent", "not-sent", "not-sent"], "{not:#}");
    place.untouched().await?;
    let document = place.run(&ALL).env("ETH_RPC_URL", &losing.url).ends(0).await?;
    ensure!(states(&document) == ["mined"; 3], "{document:#}");
    Ok(())
}

/// The hash is told before the waiting, and after it was ended.
pub async fn interrupted() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let forgets = node(place.world.chain.rpc_url(), |method, _| match method {
        SEND => Do::Drop,
        _ => Do::PassOn,
    })
    .await?;
    let running = place.run(&ALL).env("ETH_RPC_URL", &forgets.url).interrupted_after("sent as");
    let began = Instant::now();
    let (code, document, stderr) = running.run().await?;
    ensure!(code == 130, "exit {code}: {document:#} {stderr}");
    ensure!(began.elapsed() < Duration::from_secs(60));
    ensure!(kind(&document) == Some(ErrorKind::Interrupted), "{document:#}");
    ensure!(states(&document) == ["sent", "not-sent", "not-sent"], "{document:#}");
    let hash = document["transactions"][0]["hash"].as_str().unwrap_or("none");
    ensure!(document["error"]["hint"].to_string().contains(hash), "{document:#}");
    ensure!(stderr.contains(&format!("sent as {hash}")), "{stderr}");
    Ok(())
}

/// A node that takes the second one and never answers: what may have been sent is told.
pub async fn interrupted_while_sending() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let holds = node(place.world.chain.rpc_url(), |method, before| match (method, before) {
        (SEND, 1) => Do::Nothing,
        _ => Do::PassOn,
    })
    .await?;
    let running = place.run(&ALL).env("ETH_RPC_URL", &holds.url);
    let (code, document, stderr) =
        running.interrupted_when(move || holds.asked(SEND) == 2).run().await?;
    ensure!(code == 130, "exit {code}: {document:#} {stderr}");
    ensure!(states(&document) == ["mined", "not-sent", "not-sent"], "{document:#}");
    ensure!(hashes(&document) == [true, true, false], "{document:#}");
    let hash = document["transactions"][1]["hash"].as_str().unwrap_or("none");
    let hint = document["error"]["hint"].to_string();
    ensure!(hint.contains(hash) && hint.contains("may have been sent"), "{document:#}");
    Ok(())
}

/// Mined, and the chain says something else than was set.
pub async fn not_read_back() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let sent = AtomicBool::new(false);
    let differs = node(place.world.chain.rpc_url(), move |method, _| {
        sent.fetch_or(method == SEND, Ordering::SeqCst);
        match method {
            "eth_call" if sent.load(Ordering::SeqCst) => {
                Do::Edit(|answer| answer["result"] = json!(B256::ZERO))
            }
            _ => Do::PassOn,
        }
    })
    .await?;
    let document = place.run(&ALL).env("ETH_RPC_URL", &differs.url).ends(3).await?;
    ensure!(kind(&document) == Some(ErrorKind::NotReadBack), "{document:#}");
    ensure!(states(&document) == ["failed", "not-sent", "not-sent"], "{document:#}");
    let message = document["error"]["message"].to_string();
    ensure!(message.contains(&CCIP2_RESOLVER.to_string()), "{message}");
    Ok(())
}
