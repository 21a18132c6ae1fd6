//! What was right once: a former owner's signatures, a gateway that serves what was published
//! before.

use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::Registry;
use namesys::devnet::chain::{ChainGateways, REGISTRY};
use namesys::keys::IpnsKey;
use namesys::report::ErrorKind;

use crate::cli::{Run, accepted, record, refused};
use crate::people::{approval, ipns_key, name, person, signed};
use crate::proxy;
use crate::reports::kind;
use crate::world::{World, ipns_record};

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
    ensure!(record(&document)?["freshness"] == "ipns", "{document}");

    // Its IPNS record is the newest, its blocks are not.
    let trustless = proxy::stale(Some(&new), &old, key.name()).await?;
    let document = through(trustless).await?.ends(3).await?;
    refused(&document)?;
    ensure!(kind(&document) == Some(ErrorKind::BadBlocks), "{document}");
    ensure!(!document.to_string().contains("\"old\""), "{document}");
    let error = record(&document)?["error"].as_str().context("an explanation")?;
    ensure!(error.contains("hash"), "{error}");

    // It serves files alone: nothing gives it away, and that is said.
    let words = through(proxy::stale(None, &old, key.name()).await?).await?;
    let document = words.ends(0).await?;
    accepted(&document, "old")?;
    let found = record(&document)?;
    ensure!(found["proven"] == false && found["freshness"] == "unproven", "{document}");
    let words = through(proxy::stale(None, &old, key.name()).await?).await?;
    let (code, text) = words.text().await?;
    ensure!(code == 0 && text.contains("freshness not proven"), "{code}: {text}");
    Ok(())
}

/// An older IPNS record, valid still, with the blocks it names. Alone it cannot be told; among
/// others that were asked, gateways or publishers, the newest counts.
pub async fn older_ipns_record() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let (world, before) = (World::with_nick(&owner, &key).await?, World::start().await?);
    for (world, text, sequence) in [(&before, "old", 4), (&world, "new", 5)] {
        let files = [(&nick, AVATAR, signed(&nick, AVATAR, text, &owner, None))];
        world.publish_revision(&key, &files, sequence).await?;
    }
    let [new, old] = [&world, &before].map(|world| world.devnet.urls().gateway);
    // The contract names the gateway that is behind.
    world.chain.set_gateways(&ChainGateways::local(before.devnet.addr().to_string())).await?;
    let ask = |gateways: &str, more: &[&str]| {
        let arguments = [&["nick.eth", AVATAR][..], more].concat();
        let run = Run::resolve(&arguments).env("ETH_RPC_URL", world.chain.rpc_url());
        run.env("NAMESYS_GATEWAY_URL", gateways)
    };
    for gateways in [format!("{old},{new}"), format!("{new},{old}")] {
        let document = ask(&gateways, &[]).ends(0).await?;
        accepted(&document, "new")?;
        ensure!(document["ipns"]["sequence"] == 5, "{document}");
        let seen = document["ipns"]["seen"].as_array().context("seen")?;
        let sequences: Vec<_> = seen.iter().map(|seen| &seen["sequence"]).collect();
        ensure!(sequences == [5, 4], "{document}");
        let note = document["notes"][0]["reason"].as_str().context("a note")?;
        ensure!(note.contains("sequence 4") && note.contains("newest is 5"), "{note}");
    }
    let document = ask(&old, &[]).ends(0).await?;
    accepted(&document, "old")?;
    ensure!(document["ipns"]["seen"].as_array().is_some_and(|seen| seen.len() == 1));
    ensure!(record(&document)?["freshness"] == "ipns", "{document}");

    // The publisher has the newer one; the gateway lacks what that names.
    let publisher = format!("w3name={}", world.devnet.urls().w3name);
    let document = ask(&old, &["--publisher", &publisher]).ends(1).await?;
    refused(&document)?;
    ensure!(document["ipns"]["sequence"] == 5, "{document}");
    // One that has it but hides its record.
    let hides = proxy::with_ipns_record(&new, before_record(&old, &key).await?).await?;
    let hides = format!("http://{hides}");
    accepted(&ask(&hides, &["--publisher", &publisher]).ends(0).await?, "new")
}

/// The IPNS record that a gateway serves.
async fn before_record(gateway: &str, key: &IpnsKey) -> Result<Vec<u8>> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let url = format!("{}/ipns/{}?format=ipns-record", gateway.trim_end_matches('/'), key.name());
    Ok(client.get(url).send().await?.error_for_status()?.bytes().await?.to_vec())
}

/// An IPNS record whose time is over is no record, whatever the gateway says of the files.
pub async fn expired() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let file = signed(&nick, AVATAR, "good", &owner, None);
    world.publish(&key, &[(&nick, AVATAR, file.clone())]).await?;
    let root = world.upload(&[(&nick, AVATAR, file.encode())]).await?;
    let over = ipns_record(&key, &root, 9, "2026-01-01T00:00:00Z")?;
    let good = world.devnet.urls().gateway;
    let behind = proxy::with_ipns_record(&good, over).await?.to_string();
    world.chain.set_gateways(&ChainGateways::local(behind.clone())).await?;
    let behind = format!("http://{behind}");
    let ask = |gateways: &str, records: &[&str]| {
        let run = Run::resolve(&[&["nick.eth"], records].concat());
        run.env("ETH_RPC_URL", world.chain.rpc_url()).env("NAMESYS_GATEWAY_URL", gateways)
    };
    let document = ask(&behind, &[AVATAR]).ends(3).await?;
    refused(&document)?;
    let error = record(&document)?["error"].as_str().context("error")?;
    ensure!(error.contains("expired at 2026-01-01"), "{error}");
    let document = ask(&behind, &[]).ends(3).await?;
    ensure!(kind(&document) == Some(ErrorKind::BadIpnsRecord), "{document}");
    ensure!(document["records"].as_array().is_some_and(Vec::is_empty), "{document}");
    let by_hand = ["--recordhash", &format!("ipns://{}", key.name()), "--owner"];
    let address = owner.address().to_string();
    let by_hand = [&[AVATAR][..], &by_hand, &[&address]].concat();
    let document = ask(&behind, &by_hand).ends(3).await?;
    ensure!(kind(&document) == Some(ErrorKind::BadIpnsRecord), "{document}");

    let document = ask(&format!("{behind},{good}"), &[AVATAR]).ends(0).await?;
    accepted(&document, "good")?;
    ensure!(document["ipns"]["sequence"] == 0, "{document}");
    ensure!(document["notes"].to_string().contains("expired"), "{document}");
    // Its signature stands: what is valid still was replaced by it.
    ensure!(document["ipns"]["superseded"] == 9, "{document}");
    ensure!(document["ipns"]["seen"][0]["expired"] == true, "{document}");
    ensure!(record(&document)?["freshness"] == "unproven", "{document}");
    let (code, text) = ask(&format!("{behind},{good}"), &[]).text().await?;
    ensure!(code == 0 && text.contains("replaced by 9, which has expired"), "{text}");
    ensure!(text.contains("freshness not proven"), "{text}");
    Ok(())
}
