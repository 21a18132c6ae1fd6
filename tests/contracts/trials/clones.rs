//! What the chain says of a clone and of a pull: whose names, whose keys, whose approvals.

use alloy_primitives::Address;
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::CCIP2_RESOLVER;
use serde_json::{Value, json};

use crate::people::{name, person};
use crate::place::{NICK, Place};

const OTHER: &str = "other.eth";

fn config(place: &Place) -> Result<String> {
    Ok(std::fs::read_to_string(place.dir.path().join("namesys.toml"))?)
}

/// An ownerhash: one tree and one pair of keys for all names of the wallet; and of a name that was
/// sold since nothing is wanted.
pub async fn of_a_wallet() -> Result<()> {
    let place = Place::published(1, &["--storage", "wallet"]).await?;
    let owner = person(1).address();
    place.world.chain.register(&name(OTHER), owner, Address::ZERO).await?;
    place.ends(0, &["name", "add", OTHER]).await?;
    place.ends(0, &["set", "text", "avatar", "two", "--name", OTHER]).await?;
    place.ends(0, &["sign"]).await?;
    let published = place.ends(0, &["publish"]).await?;
    place.ends(0, &["setup", "--yes"]).await?;
    let place = place.elsewhere()?;
    let cloned = place.without_wallet(&["clone", NICK]).ends(0).await?;
    ensure!(cloned["names"] == json!([NICK, OTHER]), "{cloned:#}");
    ensure!(cloned["root"] == published["root"] && cloned["packed"].is_null(), "{cloned:#}");
    ensure!(config(&place)?.contains("storage = \"wallet\""), "{}", config(&place)?);
    place.ends(0, &["pull"]).await?;

    place.world.chain.register(&name(OTHER), person(2).address(), CCIP2_RESOLVER).await?;
    let place = place.elsewhere()?;
    let cloned = place.without_wallet(&["clone", NICK]).ends(3).await?;
    ensure!(cloned["names"] == json!([NICK]), "{cloned:#}");
    let ok = |record: &Value| record["ok"] == true && record["name"] == NICK;
    let records = cloned["records"].as_array().context("records")?;
    ensure!(records.iter().filter(|record| ok(record)).count() == 1, "{cloned:#}");
    ensure!(records.iter().filter(|record| record["ok"] == false).count() == 1, "{cloned:#}");
    Ok(())
}

/// A signer that was approved on chain is asked about there, in a clone and in a pull; without the
/// chain it is neither verified nor refuted.
pub async fn of_a_signer_approved_on_chain() -> Result<()> {
    let mut place = Place::published(1, &[]).await?;
    place.ends(0, &["setup", "--yes", "--approve-signer"]).await?;
    let ipns = place.ipns().await?.to_string();
    let early = place.ends(0, &["status"]).await?;
    ensure!(early["unsigned"] == 0, "{early:#}");
    let first = std::fs::read(place.dir.path().join("namesys.toml"))?;
    let copy = tempfile::tempdir()?;
    for file in ["namesys.toml", "records.toml", "published.toml"] {
        std::fs::copy(place.dir.path().join(file), copy.path().join(file))?;
    }
    place.ends(0, &["set", "text", "note", "on chain"]).await?;
    place.ends(0, &["sign", "--force", "--approval", "on-chain"]).await?;
    place.ends(0, &["publish"]).await?;
    ensure!(first != std::fs::read(place.dir.path().join("namesys.toml"))?, "the mode is kept");

    // As it was before, elsewhere.
    let _later = std::mem::replace(&mut place.dir, copy);
    let offline = place.run(&["pull"]).env("ETH_RPC_URL", "").ends(1).await?;
    ensure!(offline["error"]["kind"] == "unknown-published", "{offline:#}");
    let pulled = place.ends(0, &["pull"]).await?;
    ensure!(pulled["merged"][0]["record"] == "text/note", "{pulled:#}");

    let owner = person(1).address().to_string();
    let place = place.elsewhere()?;
    let by_hand = ["clone", NICK, "--ipns", &ipns, "--owner", &owner, "--chain-id", "31337"];
    let offline = place.without_wallet(&by_hand).env("ETH_RPC_URL", "").ends(1).await?;
    ensure!(offline["error"]["kind"] == "unknown-published", "{offline:#}");
    let cloned = place.without_wallet(&["clone", NICK]).ends(0).await?;
    ensure!(cloned["storage"] == "domain", "{cloned:#}");
    ensure!(config(&place)?.contains("on-chain"), "{}", config(&place)?);
    place.ends(0, &["verify"]).await?;
    Ok(())
}
