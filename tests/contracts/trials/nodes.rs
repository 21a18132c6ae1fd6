//! Nodes that fail, are busy, or are of another chain; and what is never said of them.

use alloy_primitives::hex;
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::PLAIN_RESOLVER;
use namesys::devnet::chain::bindings::PlainResolver;
use namesys::report::ErrorKind;
use serde_json::{Value, json};

use crate::cli::Run;
use crate::node::{Do, node};
use crate::people::{name, person};
use crate::place::Place;
use crate::proxy::pruned;
use crate::reports::kind;
use crate::world::World;

/// As much as is needed to see what stands on chain.
const LOOK: [&str; 2] = ["setup", "--calldata"];

fn message(document: &Value) -> String {
    document["error"]["message"].to_string()
}

/// A node that is busy is asked again, one that cannot is not.
pub async fn busy() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    place.ends(0, &["keygen"]).await?;
    let busy = node(place.world.chain.rpc_url(), |method, before| match (method, before) {
        ("eth_chainId", 0) => Do::Answer(429, "slow down".to_owned()),
        ("eth_chainId", 1) => Do::Answer(503, "starting".to_owned()),
        ("eth_getBlockByNumber", 0) => Do::Answer(
            200,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"limit exceeded"}}"#.into(),
        ),
        _ => Do::PassOn,
    })
    .await?;
    place.run(&LOOK).env("ETH_RPC_URL", &busy.url).ends(0).await?;
    ensure!(busy.asked("eth_chainId") == 3, "{}", busy.asked("eth_chainId"));
    let never = node(place.world.chain.rpc_url(), |_, _| Do::Answer(429, "no".into())).await?;
    let failed = place.run(&LOOK).env("ETH_RPC_URL", &never.url).ends(1).await?;
    ensure!(
        kind(&failed) == Some(ErrorKind::Rpc) && message(&failed).contains("too many"),
        "{failed:#}"
    );
    ensure!(never.asked("eth_chainId") == 5, "{}", never.asked("eth_chainId"));
    let closed = node(place.world.chain.rpc_url(), |_, _| Do::Answer(401, "no".into())).await?;
    let failed = place.run(&LOOK).env("ETH_RPC_URL", &closed.url).ends(1).await?;
    ensure!(message(&failed).contains("is the key in its URL right?"), "{failed:#}");
    ensure!(closed.asked("eth_chainId") == 1, "a refusal stays one");
    Ok(())
}

fn error(status: u16, code: i64, message: &str) -> Do {
    let error = json!({ "code": code, "message": message });
    Do::Answer(status, json!({ "jsonrpc": "2.0", "id": 0, "error": error }).to_string())
}

/// Whatever the first node does, the second answers; alone, it is said what it did.
pub async fn next() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    place.ends(0, &["keygen"]).await?;
    let truth = place.world.chain.rpc_url().to_owned();
    type Bad = fn() -> Do;
    let bad: [(Bad, &str); 10] = [
        (|| error(401, -32000, "Must be signed in!"), "Must be signed in!"),
        (|| error(200, -32000, "Unauthorized: no such project"), "Unauthorized"),
        (|| error(200, -32601, "the method is not available"), "not available"),
        (|| Do::Answer(307, String::new()), "not followed"),
        (|| Do::Answer(200, " ".repeat(17 << 20)), "more than 16777216 bytes"),
        (|| Do::Answer(200, "<html><title>Welcome</title></html>".into()), "else than JSON-RPC"),
        (|| Do::Answer(404, "no such project".into()), "404"),
        (|| Do::Answer(500, "oops".into()), "500"),
        (|| Do::Answer(200, "{}".into()), "else than JSON-RPC"),
        (|| Do::Nothing, "no answer for 1 s"),
    ];
    for (bad, says) in bad {
        let first = node(&truth, move |_, _| bad()).await?;
        let nodes = ["--rpc-timeout", "1", "-r", &first.url, "-r", &truth];
        let found = place.ends(0, &[&LOOK[..], &nodes].concat()).await?;
        ensure!(found["transactions"].as_array().is_some_and(|all| all.len() == 2), "{found:#}");
        let both = format!("{}, {truth}", first.url);
        let of_variable = place.run(&[&LOOK[..], &nodes[..2]].concat()).env("ETH_RPC_URL", &both);
        of_variable.ends(0).await?;
        let failed = place.ends(1, &[&LOOK[..], &nodes[..4]].concat()).await?;
        ensure!(
            kind(&failed) == Some(ErrorKind::Rpc) && message(&failed).contains(says),
            "{says}: {failed:#}"
        );
        ensure!(failed["error"]["hint"].to_string().contains("--rpc-url"), "{failed:#}");
    }
    Ok(())
}

/// A node of another chain does not stand in for one that fails.
pub async fn chains() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    place.ends(0, &["keygen"]).await?;
    let truth = place.world.chain.rpc_url().to_owned();
    let mainnet = node(&truth, |method, _| match method {
        "eth_chainId" => Do::Answer(200, r#"{"jsonrpc":"2.0","id":0,"result":"0x1"}"#.into()),
        _ => Do::PassOn,
    })
    .await?;
    let alone = place.ends(1, &[&LOOK[..], &["-r", &mainnet.url]].concat()).await?;
    ensure!(kind(&alone) == Some(ErrorKind::OtherChain), "{alone:#}");
    ensure!(alone["error"]["hint"].to_string().contains("--rpc-url"), "{alone:#}");
    // The first says which chain it is, and fails at all else.
    let failing = node(&truth, |method, _| match method {
        "eth_chainId" => Do::PassOn,
        _ => Do::Answer(404, "gone".into()),
    })
    .await?;
    let both = ["-r", &failing.url, "-r", &mainnet.url];
    let refused = place.ends(1, &[&LOOK[..], &both].concat()).await?;
    ensure!(kind(&refused) == Some(ErrorKind::Rpc), "{refused:#}");
    ensure!(message(&refused).contains("it is on chain 1, not on chain 31337"), "{refused:#}");
    ensure!(mainnet.asked("eth_call") == 0, "it was asked all the same");
    place.ends(0, &[&LOOK[..], &both, &["-r", &truth]].concat()).await?;
    Ok(())
}

/// What the wallet signed is kept before a node is asked about names: one that never answers is no
/// reason to ask somebody again.
pub async fn keys_first() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let silent = node(place.world.chain.rpc_url(), |method, _| match method {
        // About the account it tells, before anything is signed.
        "eth_call" => Do::Nothing,
        _ => Do::PassOn,
    })
    .await?;
    let silent = std::sync::Arc::new(silent);
    let (asked, url) = (silent.clone(), silent.url.clone());
    let keygen = place.run(&["keygen", "-r", &url]);
    keygen.interrupted_when(move || asked.asked("eth_call") > 0).ends(130).await?;
    ensure!(silent.asked("eth_call") > 0, "it was never asked about a name");
    let kept = std::fs::read_to_string(place.dir.path().join("namesys.toml"))?;
    ensure!(kept.contains("ipns_name = ") && kept.contains("signer = "), "{kept}");
    Ok(())
}

/// What a node says is quoted, without what it repeats of the address and the headers.
pub async fn secrets() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    place.ends(0, &["keygen"]).await?;
    // bWU6aHVudGVyMg== is me:hunter2, as HTTP sends it.
    let words = "project secretkey0 of me:hunter2 (Basic bWU6aHVudGVyMg==), key secretkey1, \
                 header secretkey2: quota";
    let says =
        format!(r#"{{"jsonrpc":"2.0","id":0,"error":{{"code":-32000,"message":"{words}"}}}}"#);
    // Where what is quoted is cut, no part of a key stays.
    let long = format!("{}secretkey0", "quota ".repeat(32));
    for (status, body) in [
        (200, says.clone()),
        (403, says),
        (403, words.to_owned()),
        (200, words.to_owned()),
        (500, long),
    ] {
        let echo = node(place.world.chain.rpc_url(), move |_, _| Do::Answer(status, body.clone()));
        let url = echo.await?.url.replace("http://", "http://me:hunter2@");
        let url = format!("{url}/v3/secretkey0?apikey=secretkey1");
        let more = ["-vvv", "-r", &url, "--rpc-header", "X-Key: secretkey2"];
        let commands: [&[&str]; 4] = [&LOOK, &["status"], &["doctor"], &["resolve", "nick.eth"]];
        for command in commands {
            let (code, document, stderr) = place.run(&[command, &more].concat()).run().await?;
            ensure!(code != 0, "{command:?}: {document}");
            let text = format!("{document} {stderr}");
            ensure!(text.contains("quota"), "{command:?} does not quote the node: {text}");
            for secret in ["hunter2", "secre", "bWU6aHVudGVyMg"] {
                ensure!(!text.contains(secret), "{command:?} shows {secret}: {text}");
            }
        }
    }
    for (url, says) in [
        ("wss://rpc.example/secretkey", "WebSockets"),
        ("ftp://rpc.example/secretkey", "http:// or https://"),
        ("secretkey", "http:// or https://"),
    ] {
        for run in [
            place.run(&[&LOOK[..], &["-r", url]].concat()),
            place.run(&LOOK).env("ETH_RPC_URL", url),
        ] {
            let refused = run.ends(2).await?;
            ensure!(message(&refused).contains(says), "{url}: {refused:#}");
            ensure!(!refused.to_string().contains("secretkey"), "{refused:#}");
        }
    }
    Ok(())
}

/// Many names at once, by way of a node that has lost the state of one of them: the trace of each
/// names the node that answered for it, and nothing of the other's.
pub async fn witnesses() -> Result<()> {
    let world = World::start().await?;
    let owner = person(1).address();
    let [here, gone] = ["here.eth", "gone.eth"].map(name);
    for name in [&here, &gone] {
        world.chain.register(name, owner, PLAIN_RESOLVER).await?;
        let (key, value) = ("avatar".to_owned(), name.to_string());
        let call = PlainResolver::setTextCall { node: name.node(), key, value };
        world.chain.send(owner, PLAIN_RESOLVER, call).await?;
    }
    let whole = world.chain.rpc_url();
    let pruned = format!("http://{}", pruned(whole, &hex::encode(gone.node())).await?);
    let nodes = ["-r", &pruned, "-r", whole, "--trace", "--concurrency", "2"];
    // Often enough that the two are seen to run side by side.
    let names = "here.eth\ngone.eth\n".repeat(10);
    let run = Run::resolve(&[&["-", "text/avatar"][..], &nodes].concat()).input(&names);
    let document = run.ends(0).await?;
    let found = document["names"].as_array().context("names")?;
    ensure!(found.len() == 20, "{document:#}");
    for one in found {
        let name = one["name"].as_str().context("a name")?;
        ensure!(one["records"][0]["value"] == name, "{one:#}");
        let by = |what: &str| {
            let steps = one["trace"].as_array().into_iter().flatten();
            let of = |step: &&Value| step["what"].as_str().is_some_and(|text| text.contains(what));
            steps.filter(of).filter_map(|step| step["by"].as_str()).collect::<Vec<_>>()
        };
        // Its node stands in the call, or in those that lead to it.
        let expected = if name == "here.eth" { &*pruned } else { whole };
        let found = by("text/avatar: ");
        ensure!(found == [format!("{}/", expected.trim_end_matches('/'))], "{one:#}");
        let facts = by("owner and resolver");
        let both = [&*pruned, whole].map(|url| url.trim_end_matches('/'));
        let stood_in = both.iter().all(|url| facts[0].contains(url));
        ensure!(stood_in == (name == "gone.eth"), "{one:#}");
    }
    // The same where both must agree on what they have: here is agreed on, gone is not.
    let nodes = [&nodes[..], &["--rpc-quorum", "2"]].concat();
    let run = Run::resolve(&[&["-", "text/avatar"][..], &nodes].concat()).input(&names);
    let document = run.ends(1).await?;
    for one in document["names"].as_array().context("names")? {
        let is_here = one["name"] == "here.eth";
        ensure!(one["error"].is_null() == is_here, "{one:#}");
        let said = one.to_string();
        ensure!(said.contains("missing trie node") != is_here, "{said}");
    }
    Ok(())
}

/// `doctor` looks at each node by itself: one that lags, one of another chain, one that is good.
pub async fn lagging() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let truth = place.world.chain.rpc_url();
    // Chains that make blocks when there is something to put into them do not lag.
    let lagging = node(truth, |method, _| match method {
        "eth_chainId" => Do::Edit(|answer| answer["result"] = "0x1".into()),
        "eth_getBlockByNumber" => Do::Edit(|answer| {
            answer["result"]["timestamp"] = "0x3b9aca00".into();
        }),
        _ => Do::PassOn,
    })
    .await?;
    let nodes = ["--chain-id", "1", "-r", &lagging.url, "-r", truth];
    let document = place.ends(1, &[&["doctor"][..], &nodes].concat()).await?;
    let checks = document["checks"].as_array().into_iter().flatten();
    let nodes: Vec<&Value> = checks
        .filter(|check| check["what"].as_str().unwrap_or_default().starts_with("Ethereum node"))
        .collect();
    ensure!(nodes.len() == 2 && nodes.iter().all(|check| check["ok"] == false), "{nodes:?}");
    ensure!(nodes[0]["hint"].to_string().contains("lags behind"), "{nodes:?}");
    ensure!(nodes[1]["hint"].to_string().contains("of the workspace's chain"), "{nodes:?}");
    Ok(())
}
