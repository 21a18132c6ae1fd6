//! `namesys setup`: what it sends, and what stands afterwards.

use alloy_primitives::{Address, U256};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::CCIP2Resolver;
use namesys::devnet::chain::{CCIP2_RESOLVER, NAME_WRAPPER, REGISTRY};
use namesys::report::ErrorKind;
use serde_json::{Value, json};

use crate::cli::accepted;
use crate::people::{name, person};
use crate::place::{NICK, Place, apply, sent};
use crate::reports::kind;

const AVATAR: [&str; 3] = ["resolve", NICK, "text/avatar"];
const ME: &str = "https://a.example/me.png";

/// Resolver and recordhash in its short form; a second run has nothing to send.
pub async fn unwrapped() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let document = place.ends(0, &["setup", "--yes"]).await?;
    ensure!(sent(&document)?.len() == 2, "{document:#}");
    let wei = |value: &Value| value.as_str().and_then(|wei| wei.parse::<u128>().ok());
    let costs = [0, 1].map(|number| wei(&document["transactions"][number]["cost"]));
    let [Some(first), Some(second)] = costs else { anyhow::bail!("{document:#}") };
    ensure!(first > 0 && second > 0 && wei(&document["cost"]) == Some(first + second));
    ensure!(wei(&document["max_cost"]) > wei(&document["cost"]), "{document:#}");
    ensure!(document["transactions"][0]["to"] == REGISTRY.to_string(), "{document:#}");
    ensure!(document["standing"]["resolver"].is_null(), "{document:#}");
    let warnings = document["warnings"].to_string();
    ensure!(warnings.contains("ENSv2"), "{warnings}");
    ensure!(place.resolver().await? == CCIP2_RESOLVER);
    let own = place.ipns().await?;
    ensure!(place.recordhash(name(NICK).node()).await? == own.public_key()[..]);
    accepted(&place.ends(0, &AVATAR).await?, ME)?;

    let again = place.ends(0, &["setup", "--yes"]).await?;
    ensure!(again["transactions"] == json!([]), "{again:#}");
    ensure!(again["standing"]["recordhash"] == format!("ipns://{own}"), "{again:#}");
    // Nothing to send needs neither wallet nor yes.
    place.without_wallet(&["setup"]).ends(0).await?;
    Ok(())
}

pub async fn wrapped() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    place.world.chain.wrap(&name(NICK)).await?;
    let document = place.ends(0, &["setup", "--yes"]).await?;
    ensure!(document["standing"]["wrapped"] == true, "{document:#}");
    ensure!(document["transactions"][0]["to"] == NAME_WRAPPER.to_string(), "{document:#}");
    sent(&document)?;
    ensure!(place.resolver().await? == CCIP2_RESOLVER);
    accepted(&place.ends(0, &AVATAR).await?, ME)
}

/// The ownerhash is the wallet's, and its fee is sent along.
pub async fn ownerhash() -> Result<()> {
    let place = Place::published(1, &["--storage", "wallet"]).await?;
    let chain = &place.world.chain;
    let fees = CCIP2Resolver::updateOwnerhashFeesCall { fees: U256::from(5) };
    chain.send(chain.accounts()[0], CCIP2_RESOLVER, fees).await?;
    let document = place.ends(0, &["setup", "--yes"]).await?;
    let described = sent(&document)?;
    ensure!(document["transactions"][1]["value"] == "5", "{document:#}");
    ensure!(described[1].contains("fee of 5 wei"), "{described:?}");
    let own = place.ipns().await?;
    let key = person(1).address().into_word();
    ensure!(place.recordhash(key).await? == own.public_key()[..]);
    ensure!(place.recordhash(name(NICK).node()).await?.is_empty(), "the name has none");
    accepted(&place.ends(0, &AVATAR).await?, ME)?;
    let again = place.ends(0, &["setup", "--yes"]).await?;
    ensure!(again["transactions"] == json!([]), "{again:#}");
    Ok(())
}

/// https://, ipfs:// in full, one label below, several labels below.
pub async fn forms() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let https = ["setup", "--yes", "--https", "https://records.example/"];
    sent(&place.ends(0, &https).await?)?;
    let node = name(NICK).node();
    ensure!(place.recordhash(node).await? == b"https://records.example"[..]);

    let cid = "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
    let own = place.ipns().await?;
    let short = own.public_key().to_vec();
    let one = place.ends(0, &["setup", "--yes", "--recordhash", cid, "--sub", "a"]).await?;
    ensure!(sent(&one)?[0].contains("setSubRecordhash"), "{one:#}");
    ensure!(place.recordhash(name("a.nick.eth").node()).await?.starts_with(&[0xe3, 0x01]));
    let deep = place.ends(0, &["setup", "--yes", "--sub", "x", "y"]).await?;
    ensure!(sent(&deep)?[0].contains("setDeepSubRecordhash"), "{deep:#}");
    ensure!(place.recordhash(name("x.y.nick.eth").node()).await? == short[..]);
    // A subname that is not registered is set below its closest registered ancestor.
    let named = place.ends(0, &["setup", "z.nick.eth", "--yes"]).await?;
    ensure!(sent(&named)?[0].contains("setSubRecordhash"), "{named:#}");
    ensure!(place.recordhash(name("z.nick.eth").node()).await? == short[..]);
    ensure!(place.recordhash(node).await? == b"https://records.example"[..], "left alone");
    // One that is registered is set by itself; its parent's resolver serves it (ENSIP-10).
    let registered = name("own.nick.eth");
    place.world.chain.register(&registered, person(1).address(), Address::ZERO).await?;
    let own = sent(&place.ends(0, &["setup", "own.nick.eth", "--yes"]).await?)?;
    ensure!(own.len() == 1 && own[0].contains("setShortRecordhash"), "{own:?}");
    ensure!(place.recordhash(registered.node()).await? == short[..]);
    // The name behind --sub would be taken for labels.
    place.ends(2, &["setup", "--yes", "--sub", "a", NICK]).await?;
    Ok(())
}

/// The signer approved on chain needs no SIGN 3.
pub async fn approval() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    place.ends(0, &["set", "text", "avatar", ME]).await?;
    place.ends(0, &["sign", "--approval", "on-chain"]).await?;
    place.ends(0, &["publish"]).await?;
    // Without the approval the records would not verify.
    let refused = place.ends(3, &["setup", "--yes"]).await?;
    ensure!(kind(&refused) == Some(ErrorKind::Invalid), "{refused:#}");
    place.untouched().await?;
    let document = place.ends(0, &["setup", "--yes", "--approve-signer"]).await?;
    ensure!(sent(&document)?.len() == 3, "{document:#}");
    ensure!(document["standing"]["signer_approved"] == false, "{document:#}");
    let resolved = place.ends(0, &AVATAR).await?;
    accepted(&resolved, ME)?;
    let again = place.ends(0, &["setup", "--approve-signer"]).await?;
    ensure!(again["standing"]["signer_approved"] == true, "{again:#}");
    Ok(())
}

/// What is printed for a multisig, applied by it, gives what `setup` itself would.
pub async fn multisig() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("safe.json");
    let path = file.to_string_lossy().into_owned();
    let own = format!("ipns://{}", place.ipns().await?);
    let given = ["--recordhash", &own];
    let printed = [&["setup", "--calldata"], &given[..]].concat();
    let printed = place.without_wallet(&printed).ends(0).await?;
    let written = [&["setup", "--safe", &path], &given[..]].concat();
    let written = place.without_wallet(&written).ends(0).await?;
    place.untouched().await?;
    ensure!(printed["transactions"] == written["transactions"], "{printed:#} {written:#}");
    let batch: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    ensure!(batch["chainId"] == "31337" && batch["meta"]["checksum"].is_string(), "{batch:#}");
    let owner = person(1).address();
    ensure!(batch["meta"]["createdFromSafeAddress"] == owner.to_string(), "{batch:#}");
    let listed = batch["transactions"].as_array().context("transactions")?;
    ensure!(listed.len() == 2, "{batch:#}");
    for (transaction, printed) in
        listed.iter().zip(printed["transactions"].as_array().into_iter().flatten())
    {
        for field in ["to", "value", "data"] {
            ensure!(transaction[field] == printed[field], "{field}: {transaction} {printed}");
        }
        apply(&place, owner, transaction).await?;
    }
    ensure!(place.resolver().await? == CCIP2_RESOLVER);
    ensure!(place.recordhash(name(NICK).node()).await? == place.ipns().await?.public_key()[..]);
    accepted(&place.ends(0, &AVATAR).await?, ME)
}
