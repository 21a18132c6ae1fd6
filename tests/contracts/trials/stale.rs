//! What was right once: a former owner's signatures, a gateway that serves what was published
//! before.

use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::Registry;
use namesys::devnet::chain::{ChainGateways, REGISTRY};

use crate::cli::{Run, accepted, record, refused};
use crate::people::{approval, ipns_key, name, person, signed};
use crate::proxy;
use crate::world::World;

const AVATAR: &str = "text/avatar";

/// The name changes hands on chain: what its old owner approved and signed stands no longer.
pub async fn former_owner() -> Result<()> {
    let (owner, buyer, signer) = (person(1), person(2), person(3));
    let (key, nick) = (ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let sign3 = approval(&nick, signer.address(), owner.address(), &owner);
    let files = [
        (&nick, AVATAR, signed(&nick, AVATAR, "approved", &signer, Some(&sign3))),
        (&nick, "text/url", signed(&nick, "text/url", "signed", &owner, None)),
        (&nick, "text/mail", signed(&nick, "text/mail", "on chain", &signer, None)),
    ];
    world.publish(&key, &files).await?;
    world.chain.approve(owner.address(), &nick, signer.address()).await?;
    let ask = |kind| Run::resolve(&["nick.eth", kind]).on(&world);
    let records = [(AVATAR, "approved"), ("text/url", "signed"), ("text/mail", "on chain")];
    for (kind, text) in records {
        accepted(&ask(kind).ends(0).await?, text)?;
    }
    let transfer = Registry::setOwnerCall { node: nick.node(), owner: buyer.address() };
    world.chain.send(owner.address(), REGISTRY, transfer).await?;
    for (kind, _) in records {
        let document = ask(kind).ends(3).await?;
        refused(&document)?;
        ensure!(document["owner"] == buyer.address().to_string(), "{document}");
        ensure!(record(&document)?["verdicts"]["contract"] != "accepted", "{document}");
    }
    Ok(())
}

/// Two trees of one key, each validly signed. Blocks give away the older one under the newer IPNS
/// record; where a gateway has files alone, nothing does, and the record says that it is not
/// proven.
pub async fn older_record() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let (world, before) = (World::with_nick(&owner, &key).await?, World::start().await?);
    for (world, text) in [(&before, "old"), (&world, "new")] {
        world.publish(&key, &[(&nick, AVATAR, signed(&nick, AVATAR, text, &owner, None))]).await?;
    }
    let [new, old] = [&world, &before].map(|world| world.devnet.urls().gateway);
    let through = async |gateway: std::net::SocketAddr| -> Result<Run> {
        let gateways = ChainGateways::local(gateway.to_string());
        world.chain.set_gateways(&gateways).await?;
        let chosen = format!("http://{gateway}");
        let run = Run::resolve(&["nick.eth", AVATAR]).env("ETH_RPC_URL", world.chain.rpc_url());
        Ok(run.env("NAMESYS_GATEWAY_URL", &chosen))
    };
    let document =
        through(proxy::stale(Some(&new), &new, key.name()).await?).await?.ends(0).await?;
    accepted(&document, "new")?;
    ensure!(record(&document)?["proven"] == true, "{document}");

    let (code, document, _) =
        through(proxy::stale(Some(&new), &old, key.name()).await?).await?.run().await?;
    let found = record(&document)?;
    ensure!(code != 0 && found["value"].is_null(), "{code}: {document:#}");
    found["error"].as_str().context("an explanation")?;

    let document = through(proxy::stale(None, &old, key.name()).await?).await?.ends(0).await?;
    accepted(&document, "old")?;
    ensure!(record(&document)?["proven"] == false, "{document}");
    Ok(())
}
