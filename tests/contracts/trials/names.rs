//! Several names of one wallet, and names that have records on chain already.

use alloy_primitives::Address;
use anyhow::{Result, ensure};
use namesys::devnet::chain::PLAIN_RESOLVER;
use namesys::devnet::chain::bindings::PlainResolver::setTextCall;
use serde_json::{Value, json};

use crate::people::{name, person};
use crate::place::{NICK, Place, sent};

const OTHER: &str = "other.eth";

/// One ownerhash serves both; each gets the resolver.
pub async fn several() -> Result<()> {
    let place = Place::published(1, &["--storage", "wallet"]).await?;
    place.world.chain.register(&name(OTHER), person(1).address(), Address::ZERO).await?;
    place.ends(0, &["name", "add", OTHER]).await?;
    place.ends(0, &["set", "text", "avatar", "two", "--name", OTHER]).await?;
    place.ends(0, &["sign"]).await?;
    place.ends(0, &["publish"]).await?;
    let shown = place.ends(0, &["setup", "--calldata", "--recordhash", "--force"]).await?;
    ensure!(shown["transactions"].as_array().is_some_and(|all| all.len() == 4), "{shown:#}");
    let document = place.ends(0, &["setup", "--yes"]).await?;
    ensure!(sent(&document)?.len() == 3, "{document:#}");
    let names = |document: &Value| {
        let of = |report: &Value| report["name"].as_str().unwrap_or_default().to_owned();
        document["names"].as_array().map(|all| all.iter().map(of).collect::<Vec<_>>())
    };
    ensure!(names(&document) == Some(vec![NICK.to_owned(), OTHER.to_owned()]), "{document:#}");
    let found = place.ends(0, &["resolve", "text/avatar"]).await?;
    ensure!(found["ok"] == 2 && found["failed"] == 0, "{found:#}");
    ensure!(found["names"][1]["records"][0]["value"] == "two", "{found:#}");
    let status = place.ends(0, &["status"]).await?;
    ensure!(status["chains"].as_array().is_some_and(|all| all.len() == 2), "{status:#}");
    let again = place.ends(0, &["setup", "--yes"]).await?;
    ensure!(again["transactions"] == json!([]), "{again:#}");
    Ok(())
}

/// What is on chain and would not be read any more is listed; and that nothing is published yet.
pub async fn replaced() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let (nick, owner) = (name(NICK), person(1).address());
    place.world.chain.register(&name(OTHER), owner, PLAIN_RESOLVER).await?;
    let node = name(OTHER).node();
    let set =
        |key: &str, value: &str| setTextCall { node, key: key.to_owned(), value: value.to_owned() };
    for (key, value) in [("avatar", "one"), ("url", "two")] {
        place.world.chain.send(owner, PLAIN_RESOLVER, set(key, value)).await?;
    }
    // nick.eth has no resolver: nothing is replaced, and nothing is published.
    place.ends(0, &["set", "text", "avatar", "one"]).await?;
    place.ends(0, &["sign"]).await?;
    let shown = place.ends(0, &["setup", "--calldata"]).await?;
    ensure!(shown["replaces"] == json!([]), "{shown:#}");
    ensure!(shown["warnings"].to_string().contains("nothing is published under k51"), "{shown:#}");
    ensure!(shown["name"] == nick.as_str(), "{shown:#}");
    let other = place.elsewhere()?;
    other.ends(0, &["init", OTHER, "--chain-id", "31337"]).await?;
    other.ends(0, &["set", "text", "avatar", "one"]).await?;
    other.ends(0, &["sign"]).await?;
    other.ends(0, &["publish"]).await?;
    let shown = other.ends(0, &["setup", "--calldata"]).await?;
    let url = json!([{ "name": OTHER, "record": "text/url", "value": "two" }]);
    ensure!(shown["replaces"] == url, "{shown:#}");
    let warnings = shown["warnings"].to_string();
    ensure!(warnings.contains("import --from-chain other.eth"), "{warnings}");
    ensure!(!warnings.contains("nothing is published"), "{warnings}");
    // And taken over; what is wanted already is left as it is.
    let taken = other.ends(0, &["import", "--from-chain"]).await?;
    ensure!(taken["new"] == 1 && taken["equal"] == 1, "{taken:#}");
    let listed = other.ends(0, &["list"]).await?;
    ensure!(listed["records"].to_string().contains("\"two\""), "{listed:#}");
    Ok(())
}
