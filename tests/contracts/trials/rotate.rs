//! `namesys rotate` on chain: the name resolves before, until the chain points to the new name, and
//! after.

use alloy_primitives::Address;
use anyhow::{Result, ensure};
use namesys::devnet::chain::CCIP2_RESOLVER;
use namesys::devnet::chain::REGISTRY;
use namesys::devnet::chain::bindings::CCIP2Resolver::isApprovedSignerCall;
use namesys::devnet::chain::bindings::Registry::setOwnerCall;
use namesys::report::ErrorKind;
use serde_json::Value;

use crate::cli::accepted;
use crate::people::{name, person};
use crate::place::{NICK, Place, apply, sent};
use crate::reports::kind;

const AVATAR: [&str; 3] = ["resolve", NICK, "text/avatar"];
const ME: &str = "https://a.example/me.png";

/// A file beside the workspace.
fn file(place: &Place, name: &str, text: &str) -> Result<String> {
    let path = place.dir.path().join(name);
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

fn new_name(document: &Value) -> Result<String> {
    ensure!(document["rotated"] == true, "{document:#}");
    Ok(format!("ipns://{}", document["ipns_name"].as_str().unwrap_or_default()))
}

/// Another password: printed, applied elsewhere; then another one, sent.
pub async fn password() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    sent(&place.ends(0, &["setup", "--yes"]).await?)?;
    let before = place.ends(0, &AVATAR).await?;
    accepted(&before, ME)?;
    let one = file(&place, "one.password", "one")?;
    let printed = place.ends(0, &["rotate", "--new-key-password-file", &one]).await?;
    let new = new_name(&printed)?;
    // The chain points to the former name still, and what was published there last is read.
    let between = place.ends(0, &AVATAR).await?;
    accepted(&between, ME)?;
    ensure!(between["recordhash"] == before["recordhash"], "{between:#}");
    let status = place.run(&["status"]).ends(1).await?;
    ensure!(status["former"][0]["in_use"] == true, "{status:#}");
    ensure!(kind(&status) == Some(ErrorKind::NotSetUp), "{status:#}");
    let all = printed["setup"]["transactions"].as_array().cloned().unwrap_or_default();
    ensure!(all.len() == 1 && all[0]["hash"].is_null(), "{printed:#}");
    apply(&place, person(1).address(), &all[0]).await?;
    let after = place.ends(0, &AVATAR).await?;
    accepted(&after, ME)?;
    ensure!(after["recordhash"] == new.as_str(), "{after:#}");
    let status = place.ends(0, &["status"]).await?;
    ensure!(status["former"][0]["in_use"] == false, "{status:#}");

    let two = file(&place, "two.password", "two")?;
    let rotate = ["rotate", "--new-key-password-file", &two, "--send", "--yes"];
    let document = place.run(&rotate).env("NAMESYS_KEY_PASSWORD", "one").ends(0).await?;
    ensure!(sent(&document["setup"])?.len() == 1, "{document:#}");
    let last = place.ends(0, &AVATAR).await?;
    accepted(&last, ME)?;
    ensure!(last["recordhash"] == new_name(&document)?.as_str(), "{last:#}");
    Ok(())
}

/// Another wallet, to which the name goes: the former one's records until then, its own after.
pub async fn wallet() -> Result<()> {
    let place = Place::published(1, &["--storage", "wallet"]).await?;
    sent(&place.ends(0, &["setup", "--yes"]).await?)?;
    let (old, new) = (person(1).address(), person(2).address());
    place.world.chain.fund(new).await?;
    let key = file(&place, "wallet.key", &"02".repeat(32))?;
    let empty = file(&place, "empty.password", "")?;
    let rotate = ["rotate", "--new-key-password-file", &empty, "--new-private-key-file", &key];
    let send = [&rotate[..], &["--send", "--yes"]].concat();
    // The name is the former wallet's still: nothing is done.
    let config = place.dir.path().join("namesys.toml");
    let before = std::fs::read_to_string(&config)?;
    for arguments in [&send[..], &rotate[..]] {
        let early = place.ends(1, arguments).await?;
        ensure!(kind(&early) == Some(ErrorKind::NotOwner), "{early:#}");
        ensure!(early["rotated"] == false && early["publish"].is_null(), "{early:#}");
        ensure!(early["error"]["hint"].to_string().contains("leave the node out"), "{early:#}");
        ensure!(std::fs::read_to_string(&config)? == before);
    }
    // As the hint says: all but the chain.
    let alone = place.run(&rotate).env("ETH_RPC_URL", "").ends(0).await?;
    new_name(&alone)?;
    accepted(&place.ends(0, &AVATAR).await?, ME)?;
    let owner = setOwnerCall { node: name(NICK).node(), owner: new };
    place.world.chain.send(old, REGISTRY, owner).await?;
    // The same again sends what is missing.
    let again = place.ends(0, &send).await?;
    let described = sent(&again["setup"])?;
    ensure!(described.len() == 1 && described[0].starts_with("set the ownerhash of"), "{again:#}");
    let after = place.ends(0, &AVATAR).await?;
    accepted(&after, ME)?;
    ensure!(after["owner"] == new.to_string(), "{after:#}");
    let key = place.recordhash(new.into_word()).await?;
    ensure!(!key.is_empty() && key != place.recordhash(old.into_word()).await?);
    Ok(())
}

/// Where the signer is approved on chain, the new one is, and the former one no longer.
pub async fn signer_on_chain() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    place.ends(0, &["set", "text", "avatar", ME]).await?;
    place.ends(0, &["sign", "--approval", "on-chain"]).await?;
    place.ends(0, &["publish"]).await?;
    sent(&place.ends(0, &["setup", "--yes", "--approve-signer"]).await?)?;
    let former: Address = place.ends(0, &["keygen"]).await?["signer"]["address"]
        .as_str()
        .unwrap_or_default()
        .parse()?;
    let one = file(&place, "one.password", "one")?;
    let rotate = ["rotate", "--new-key-password-file", &one, "--send", "--yes"];
    let document = place.ends(0, &rotate).await?;
    // At any moment what is read verifies.
    let all = sent(&document["setup"])?;
    let order: Vec<&str> = all.iter().filter_map(|one| one.split(' ').next()).collect();
    ensure!(order == ["approve", "set", "revoke"], "{document:#}");
    let new: Address = document["signer"].as_str().unwrap_or_default().parse()?;
    for (signer, expected) in [(former, false), (new, true)] {
        let (owner, node) = (person(1).address(), name(NICK).node());
        let call = isApprovedSignerCall { owner, node, signer };
        ensure!(place.world.chain.call(CCIP2_RESOLVER, call).await? == expected, "{signer}");
    }
    accepted(&place.ends(0, &AVATAR).await?, ME)
}
