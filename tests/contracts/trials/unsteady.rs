//! `namesys resolve` by way of nodes that are not in step, and of a chain that forks.

use alloy::providers::Provider;
use alloy::sol;
use alloy::sol_types::SolCall;
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::CCIP2_RESOLVER;
use namesys::devnet::chain::bindings::CCIP2Resolver::resolveCall;
use namesys::keys::SignerKey;
use namesys::report::ErrorKind;
use serde_json::{Value, json};

use crate::cli::{Run, accepted, record, refused};
use crate::people::{ipns_key, name, person, signed};
use crate::proxy::{Unsteady, pool};
use crate::reports::kind;
use crate::world::World;

const AVATAR: &str = "text/avatar";

sol! {
    function __callback(bytes response, bytes extraData) view returns (bytes);
}

async fn good(owner: &SignerKey) -> Result<World> {
    let (key, nick) = (ipns_key(1), name("nick.eth"));
    let world = World::with_nick(owner, &key).await?;
    let record = signed(&nick, AVATAR, "good", owner, None);
    world.publish(&key, &[(&nick, AVATAR, record)]).await?;
    Ok(world)
}

/// nick.eth of `owner` on a chain whose blocks have other hashes.
async fn fork(owner: &SignerKey) -> Result<World> {
    let world = World::start().await?;
    raw(&world, "evm_increaseTime", json!([1000])).await?;
    let (key, nick) = (ipns_key(1), name("nick.eth"));
    world.chain.register(&nick, owner.address(), CCIP2_RESOLVER).await?;
    world.set_recordhash(&nick, owner.address(), &key.name().contenthash()).await?;
    Ok(world)
}

async fn raw(world: &World, method: &'static str, params: Value) -> Result<Value> {
    Ok(world.chain.provider().raw_request(method.into(), params).await?)
}

/// A resolution by way of `node`.
fn ask(world: &World, node: std::net::SocketAddr) -> Run {
    let run = Run::resolve(&["nick.eth", AVATAR, "--trace"]).on(world);
    run.env("ETH_RPC_URL", &format!("http://{node}"))
}

/// How often the trace says that it was tried again.
fn again(document: &Value) -> usize {
    let is = |step: &&Value| step["what"].as_str().is_some_and(|what| what.contains("again, at"));
    document["trace"].as_array().map_or(0, |steps| steps.iter().filter(is).count())
}

/// BAD_CHECKSUM, where the callback is answered by a node of another fork: tried again at the
/// newest block, a few times.
pub async fn forks() -> Result<()> {
    let owner = person(1);
    let (world, other) = (good(&owner).await?, fork(&owner).await?);
    let through = async |times| {
        let other = Unsteady::Fork(other.chain.rpc_url().to_owned());
        pool(world.chain.rpc_url(), other, __callbackCall::SELECTOR, times).await
    };
    let document = ask(&world, through(2).await?).ends(0).await?;
    accepted(&document, "good")?;
    ensure!(again(&document) == 2, "{document:#}");
    let trace = document["trace"].to_string();
    ensure!(trace.contains("do not all have block"), "{trace}");
    ends_stale(ask(&world, through(usize::MAX).await?), "BAD_CHECKSUM").await?;
    // The other way round: the lookup is of the other fork. Nothing of it is kept, though the
    // newest block is the same still.
    let other = Unsteady::Fork(other.chain.rpc_url().to_owned());
    let node = pool(world.chain.rpc_url(), other, resolveCall::SELECTOR, 1).await?;
    let document = ask(&world, node).ends(0).await?;
    accepted(&document, "good")?;
    ensure!(again(&document) > 0, "{document:#}");
    Ok(())
}

/// More than seven blocks between the lookup and its callback.
pub async fn mines() -> Result<()> {
    let world = good(&person(1)).await?;
    let through = async |times| {
        pool(world.chain.rpc_url(), Unsteady::Mines(10), __callbackCall::SELECTOR, times).await
    };
    let document = ask(&world, through(1).await?).ends(0).await?;
    accepted(&document, "good")?;
    ensure!(again(&document) == 1, "{document:#}");
    ends_stale(ask(&world, through(usize::MAX).await?), "BLOCK_TIMEOUT").await
}

async fn ends_stale(run: Run, reason: &str) -> Result<()> {
    let document = run.ends(1).await?;
    refused(&document)?;
    let error = &document["error"];
    ensure!(kind(&document) == Some(ErrorKind::Stale) && error["hint"].is_string(), "{document:#}");
    let text = record(&document)?["error"].as_str().context("error")?;
    ensure!(text.contains(reason) && text.contains("4 times in a row"), "{text}");
    ensure!(again(&document) == 3, "{document:#}");
    Ok(())
}

/// The block that everything was to be read at is given up by the chain; also where nodes must
/// agree.
pub async fn reverts() -> Result<()> {
    let world = good(&person(1)).await?;
    for quorum in ["1", "2"] {
        let snapshot = raw(&world, "evm_snapshot", json!([])).await?;
        raw(&world, "anvil_mine", json!([1])).await?;
        let snapshot = snapshot.as_str().context("a snapshot")?.to_owned();
        let before = world.chain.provider().get_block_number().await?;
        let what = Unsteady::Reverts(snapshot);
        let node = pool(world.chain.rpc_url(), what, __callbackCall::SELECTOR, 1).await?;
        let node = format!("http://{node}");
        let urls = ["--rpc-url", &node, "--rpc-url", world.chain.rpc_url()];
        let more = ["nick.eth", AVATAR, "--trace", "--rpc-quorum", quorum];
        let document = Run::resolve(&[&more[..], &urls].concat()).on(&world).ends(0).await?;
        accepted(&document, "good")?;
        ensure!(again(&document) == 1, "{document:#}");
        ensure!(document["block"]["number"] == before - 1, "{document:#}");
    }
    Ok(())
}

/// A node that is behind is asked again, or the next one is; where nobody has the block, that is
/// said.
pub async fn lags() -> Result<()> {
    let world = good(&person(1)).await?;
    let behind = async |times| {
        let pool = pool(world.chain.rpc_url(), Unsteady::Lags, __callbackCall::SELECTOR, times);
        Ok::<_, anyhow::Error>(format!("http://{}", pool.await?))
    };
    let run = |urls: &[&str]| {
        let urls = urls.iter().flat_map(|url| ["--rpc-url", url]);
        let arguments: Vec<&str> =
            ["nick.eth", AVATAR, "--trace"].into_iter().chain(urls).collect();
        Run::resolve(&arguments).on(&world)
    };
    let never = behind(usize::MAX).await?;
    for urls in [vec![&*behind(3).await?], vec![&*never, world.chain.rpc_url()]] {
        let document = run(&urls).ends(0).await?;
        accepted(&document, "good")?;
        ensure!(again(&document) == 0, "the block was there: {document:#}");
    }
    let document = run(&[&never]).ends(1).await?;
    let error = &document["error"];
    let message = error["message"].as_str().context("message")?;
    ensure!(message.contains("no node has the block") && message.contains(&never), "{message}");
    ensure!(message.contains("header not found") && error["hint"].is_string(), "{error}");
    Ok(())
}
