//! `namesys resolve` of records that a tree has in the older flat layout alone (ENSIP-XX).

use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::CHAIN_ID;
use namesys::record::RecordFile;
use serde_json::Value;

use crate::cli::{Run, accepted, record, refused};
use crate::people::{ipns_key, name, person, signed, value};
use crate::world::World;

fn at<'a>(document: &'a Value, kind: &str) -> Result<&'a Value> {
    let records = document["records"].as_array().context("records")?;
    records.iter().find(|record| record["record"] == kind).with_context(|| format!("{document}"))
}

/// What the resolver's own place has comes first; what is only in the older one is verified and
/// said so, and not shown as what the contract accepted; what does not verify there is refused.
pub async fn flat() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let payload = |kind: &str, text: &str| signed(&nick, kind, text, &owner, None).encode();
    // Any callback's selector may stand there, and the bare value.
    let mut other = payload("text/mail", "me@example.com");
    other[..4].copy_from_slice(&[1, 2, 3, 4]);
    let strange = signed(&nick, "text/url", "evil", &person(2), None).encode();
    let bare = value("text/bare", "bare").abi_encode();
    let files = [
        ("text/avatar", payload("text/avatar", "new")),
        ("avatar", payload("text/avatar", "old")),
        ("addr-60", payload("address/60", &owner.address().to_string())),
        ("mail", other),
        ("url", strange),
        ("bare", bare),
    ];
    let file = |(path, payload): &(&str, Vec<u8>)| {
        (format!(".well-known/eth/nick/{path}.json"), RecordFile::new(payload).to_json())
    };
    let foreign = (".well-known/eth/nick/notes.json".to_owned(), b"{}".to_vec());
    let root = world.upload_files(files.iter().map(file).chain([foreign])).await?;
    world.put(&key, &root, 0).await?;

    let hash = format!("ipns://{}", key.name());
    let (chain_id, address) = (CHAIN_ID.to_string(), owner.address().to_string());
    let by_hand = ["--recordhash", &hash, "--owner", &address, "--chain-id", &chain_id];
    let by_chain: &[&str] = &[];
    for how in [by_chain, &by_hand] {
        let ask = |kinds: &[&str]| Run::resolve(&[&["nick.eth"], kinds, how].concat()).on(&world);
        let document = ask(&["text/avatar"]).ends(0).await?;
        ensure!(record(&document)?["value"] == "new", "{document}");
        ensure!(record(&document)?["flat"].is_null(), "{document}");
        let document = ask(&["address/60", "text/mail"]).ends(0).await?;
        for (kind, wanted) in [("address/60", &*address), ("text/mail", "me@example.com")] {
            let found = at(&document, kind)?;
            ensure!(found["value"] == wanted && found["flat"] == true, "{document}");
            ensure!(found["verified"] == true && found["proven"] == true, "{document}");
            ensure!(found["verdicts"]["contract"].is_null(), "nobody asked it: {document}");
        }
        for (kind, why) in [("text/url", "neither the owner"), ("text/bare", "unsigned")] {
            let document = ask(&[kind]).ends(3).await?;
            refused(&document)?;
            let error = record(&document)?["error"].as_str().unwrap_or_default().to_owned();
            ensure!(error.contains(why), "{kind}: {error}");
        }
        let document = ask(&["text/notes"]).ends(4).await?;
        ensure!(record(&document)?["absent"] == true, "{document}");
        let document = ask(&[]).ends(3).await?;
        let all = document["records"].as_array().context("records")?;
        ensure!(all.len() == 5, "{document:#}");
        ensure!(at(&document, "text/avatar")?["value"] == "new", "{document:#}");
        ensure!(at(&document, "address/60")?["flat"] == true, "{document:#}");
    }
    accepted(&Run::resolve(&["nick.eth", "text/avatar"]).on(&world).ends(0).await?, "new")
}
