//! `namesys resolve` for every form of recordhash.

use alloy_primitives::hex;
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::ChainGateways;
use namesys::ipfs::sha256_cid;
use namesys::record::record_path;
use namesys::recordhash::Recordhash;
use namesys::report::ErrorKind;

use crate::cli::{Run, accepted, record, refused};
use crate::people::{ipns_key, key, name, person, signed};
use crate::proxy::{Misbehaviour, gateway, web};
use crate::reports::kind;
use crate::world::World;

const AVATAR: &str = "text/avatar";
/// dag-cbor
const CBOR: u64 = 0x71;

/// IPNS and IPFS, each as a contenthash and as text, and an IPNS key's 32 bytes.
pub async fn content() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let file = signed(&nick, AVATAR, "good", &owner, None);
    let root = world.upload(&[(&nick, AVATAR, file.encode())]).await?;
    world.publish(&key, &[(&nick, AVATAR, file)]).await?;
    let (ipns, ipfs) = (format!("ipns://{}", key.name()), format!("ipfs://{root}"));
    for (stored, shown, freshness) in [
        (key.name().contenthash(), &ipns, "ipns"),
        (key.name().public_key().to_vec(), &ipns, "ipns"),
        (key.name().to_string().into_bytes(), &ipns, "ipns"),
        ([&[0xe3, 0x01][..], &root.to_bytes()].concat(), &ipfs, "chain"),
        (root.to_string().into_bytes(), &ipfs, "chain"),
    ] {
        world.set_recordhash(&nick, owner.address(), &stored).await?;
        for records in [&[AVATAR][..], &[]] {
            let document =
                Run::resolve(&[&["nick.eth"], records].concat()).on(&world).ends(0).await?;
            accepted(&document, "good")?;
            ensure!(document["recordhash"] == **shown, "{document:#}");
            ensure!(record(&document)?["freshness"] == freshness, "{document:#}");
            ensure!(document["listed"] == records.is_empty(), "{document:#}");
        }
    }
    Ok(())
}

/// An IPLD map, which gateways are asked for by `dag/get`, and no recordhash at all, where the
/// resolver's own web2 gateways are. Neither can be checked but for the signatures.
pub async fn words() -> Result<()> {
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let path = |kind| record_path(&nick, &key(kind));
    let (avatar, url) = (path(AVATAR), path("text/url"));
    let file = |kind, by| signed(&nick, kind, "good", by, None).encode();
    let files = [(&*avatar, file(AVATAR, &owner)), (&*url, file("text/url", &person(2)))];
    let host = web(&files).await?.to_string();
    let gateways = ChainGateways { web2: vec![host.clone()], ..ChainGateways::local(&*host) };
    world.chain.set_gateways(&gateways).await?;
    let ask = |records: &[&str]| {
        let more = ["--allow-private-gateways"];
        let arguments = [&["nick.eth"], records, &more].concat();
        Run::resolve(&arguments).env("ETH_RPC_URL", world.chain.rpc_url())
    };
    let root = sha256_cid(CBOR, b"a map").to_bytes();
    for (stored, from) in [
        ([&[0xe2, 0x01][..], &root].concat(), "name"),
        ([&[0xe2, 0xe5, 0x01][..], &root].concat(), "name"),
        (Vec::new(), "web2"),
    ] {
        world.set_recordhash(&nick, owner.address(), &stored).await?;
        let document = ask(&[AVATAR]).ends(0).await?;
        accepted(&document, "good")?;
        let found = record(&document)?;
        ensure!(found["proven"] == false && found["freshness"] == "unproven", "{document:#}");
        ensure!(document["recordhash_from"] == from, "{document:#}");
        let shown = document["recordhash"].as_str();
        ensure!(shown.is_some_and(|hash| hash.starts_with("ipld://")) != stored.is_empty());
        refused(&ask(&["text/url"]).ends(3).await?)?;
        refused(&ask(&["text/none"]).ends(4).await?)?;
        // It cannot be listed: the usual records are asked for.
        let document = ask(&[]).ends(3).await?;
        ensure!(document["records"].as_array().is_some_and(|all| all.len() == 2), "{document:#}");
    }

    // A 404 ends the search, unless the user says otherwise (namesys::spec::ccip_read).
    let first = gateway(Misbehaviour::Status(404)).await?.to_string();
    let gateways =
        ChainGateways { web2: vec![first, host.clone()], ..ChainGateways::local(&*host) };
    world.chain.set_gateways(&gateways).await?;
    refused(&ask(&[AVATAR]).ends(4).await?)?;
    accepted(&ask(&[AVATAR, "--lenient"]).ends(0).await?, "good")?;

    // By hand nobody names a gateway that answers dag/get.
    let map: Recordhash = format!("0xe201{}", hex::encode(&root)).parse()?;
    let (map, owner) = (map.to_string(), owner.address().to_string());
    let stored = format!("0xe201{}", hex::encode(&root));
    let by_hand = ["nick.eth", AVATAR, "--recordhash", &stored, "--owner", &owner];
    let document = Run::resolve(&by_hand).on(&world).ends(1).await?;
    let error = &document["error"];
    ensure!(kind(&document) == Some(ErrorKind::Unsupported), "{document:#}");
    let message = error["message"].as_str().context("message")?;
    ensure!(message.contains(&map) && message.contains("dag/get"), "{message}");
    ensure!(error["hint"].as_str().is_some_and(|hint| hint.contains("--rpc-url")), "{error}");
    Ok(())
}

/// What no contract takes for a recordhash: the contract's own words are shown.
pub async fn nonsense() -> Result<()> {
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    for stored in [&b"\x99\x99\x99\x99\x99"[..], b"ftp://a.example"] {
        world.set_recordhash(&nick, owner.address(), stored).await?;
        let document = Run::resolve(&["nick.eth", AVATAR]).on(&world).ends(1).await?;
        let error = &document["error"];
        ensure!(kind(&document) == Some(ErrorKind::BadRecordhash), "{document:#}");
        let message = error["message"].as_str().context("message")?;
        ensure!(message.contains("BAD_RECORDHASH"), "{message}");
    }
    Ok(())
}
