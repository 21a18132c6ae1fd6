//! `namesys setup` of names whose owner, wrapper or registrar is not the usual one, and the
//! wallets that send.

use alloy_primitives::{Address, U256, address, hex};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::{CCIP2Resolver, NameWrapper, Registry};
use namesys::devnet::chain::{CCIP2_RESOLVER, NAME_WRAPPER, PLAIN_RESOLVER, REGISTRY};
use namesys::report::ErrorKind;
use serde_json::json;

use crate::cli::accepted;
use crate::peers;
use crate::people::{name, person};
use crate::place::{NICK, Place, apply, set_code};
use crate::reports::kind;

/// Where the contracts of these trials are.
const MULTISIG: Address = address!("00000000000000000000000000000000000051fe");
const REGISTRAR: Address = address!("0000000000000000000000000000000000004e60");

/// A multisig owns the name: no wallet sends for it, and only an approval on chain lets records
/// verify. What is written for it, and read by a library no one here wrote, does the rest.
pub async fn contract() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let provider = place.world.chain.provider();
    // STOP: it takes what it is sent.
    set_code(provider, MULTISIG, &[0]).await?;
    place.world.chain.fund(MULTISIG).await?;
    let sold = Registry::setOwnerCall { node: name(NICK).node(), owner: MULTISIG };
    place.world.chain.send(person(1).address(), REGISTRY, sold).await?;
    place.ends(0, &["set", "text", "avatar", "https://a.example/me.png"]).await?;
    place.ends(0, &["sign", "--approval", "on-chain"]).await?;
    place.ends(0, &["publish"]).await?;
    let refused = place.ends(1, &["setup", "--yes", "--approve-signer"]).await?;
    ensure!(kind(&refused) == Some(ErrorKind::NotOwner), "{refused:#}");
    let hint = refused["error"]["hint"].to_string();
    ensure!(hint.contains("is a contract") && hint.contains("--safe"), "{hint}");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("safe.json").to_string_lossy().into_owned();
    let nobody = ["setup", "--safe", &file];
    let unapproved = place.without_wallet(&nobody).ends(3).await?;
    ensure!(kind(&unapproved) == Some(ErrorKind::Invalid), "{unapproved:#}");
    // What only namesys.toml says is not put into a transaction.
    let all = [&nobody[..], &["--approve-signer"]].concat();
    let unproven = place.without_wallet(&all).ends(2).await?;
    ensure!(kind(&unproven) == Some(ErrorKind::Unproven), "{unproven:#}");
    let keys = place.ends(0, &["keygen"]).await?;
    let signer = keys["signer"]["address"].as_str().context("signer.address")?;
    let own = format!("ipns://{}", place.ipns().await?);
    let all = [&nobody[..], &["--approve-signer", signer, "--recordhash", &own]].concat();
    let document = place.without_wallet(&all).ends(0).await?;
    ensure!(document["sender"] == MULTISIG.to_string(), "{document:#}");
    let all = document["transactions"].as_array().context("transactions")?;
    ensure!(all.len() == 3, "{document:#}");
    for transaction in all {
        ensure!(transaction["gas"].as_u64().is_some_and(|gas| gas > 21_000), "{transaction}");
        ensure!(transaction["state"] == "not-sent" && transaction["hash"].is_null());
    }
    let batch = peers::run("safe.mjs", &[&file]).await?;
    let batch = batch.as_array().context("transactions")?;
    ensure!(batch.len() == 3, "{batch:?}");
    for (transaction, shown) in batch.iter().zip(all) {
        for field in ["to", "value", "data"] {
            ensure!(transaction[field] == shown[field], "{field}: {transaction} {shown}");
        }
        apply(&place, MULTISIG, transaction).await?;
    }
    accepted(&place.ends(0, &["resolve", NICK, "text/avatar"]).await?, "https://a.example/me.png")
}

/// CANNOT_SET_RESOLVER is burned: said so, and not sent to fail.
pub async fn fuse() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let (owner, node) = (person(1).address(), name(NICK).node());
    place.world.chain.wrap(&name(NICK)).await?;
    let plain = NameWrapper::setResolverCall { node, resolver: PLAIN_RESOLVER };
    place.world.chain.send(owner, NAME_WRAPPER, plain).await?;
    let burn = NameWrapper::setFusesCall { node, ownerControlledFuses: 1 | 8 };
    place.world.chain.send(owner, NAME_WRAPPER, burn).await?;
    let refused = place.ends(1, &["setup", "--yes"]).await?;
    ensure!(kind(&refused) == Some(ErrorKind::ResolverLocked), "{refused:#}");
    let message = refused["error"]["message"].to_string();
    ensure!(message.contains("CANNOT_SET_RESOLVER"), "{message}");
    ensure!(message.contains(&PLAIN_RESOLVER.to_string()), "{message}");
    ensure!(place.resolver().await? == PLAIN_RESOLVER);
    // The contract itself says the same.
    let again = NameWrapper::setResolverCall { node, resolver: Address::ZERO };
    ensure!(place.world.chain.send(owner, NAME_WRAPPER, again).await.is_err());
    Ok(())
}

/// The registry keeps an owner whose registration has ended: a warning.
pub async fn ended() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let chain = &place.world.chain;
    let registrar = Registry::setOwnerCall { node: name("eth").node(), owner: REGISTRAR };
    chain.send(chain.accounts()[0], REGISTRY, registrar).await?;
    let warned = async |ends: u32| {
        // PUSH4 ends, MSTORE(0), RETURN(0, 32): whatever it is asked.
        let code = [&[0x63][..], &ends.to_be_bytes(), &hex!("5f5260205ff3")].concat();
        set_code(chain.provider(), REGISTRAR, &code).await?;
        let shown = place.ends(0, &["setup", "--calldata"]).await?;
        anyhow::Ok(shown["warnings"].to_string().contains("ended at 2001-09-09T01:46:40Z"))
    };
    ensure!(warned(1_000_000_000).await?, "no word of the end");
    ensure!(!warned(4_000_000_000).await?, "it has not ended");
    Ok(())
}

/// A mnemonic and a keystore send as a private key does; a fee that cannot be paid is said.
pub async fn wallets() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let (folder, key) = (tempfile::tempdir()?, hex::encode([1; 32]));
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text)?;
        anyhow::Ok(path.to_string_lossy().into_owned())
    };
    let words = "test test test test test test test test test test test junk";
    let (words, keyfile) = (file("words", words)?, file("key", &key)?);
    let https = ["setup", "--yes", "--https", "https://a.example"];
    let by_file = [&https[..], &["--private-key-file", &keyfile]].concat();
    let first = place.without_wallet(&by_file).ends(0).await?;
    ensure!(first["transactions"][1]["state"] == "mined", "{first:#}");
    let junk = place.world.chain.accounts()[0];
    let given = Registry::setOwnerCall { node: name(NICK).node(), owner: junk };
    place.world.chain.send(person(1).address(), REGISTRY, given).await?;
    let other = ["setup", "--yes", "--https", "https://b.example", "--mnemonic", &words];
    let second = place.without_wallet(&other).ends(0).await?;
    ensure!(second["sender"] == junk.to_string(), "{second:#}");
    ensure!(second["transactions"].as_array().is_some_and(|all| all.len() == 1), "{second:#}");
    ensure!(
        second["transactions"][0]["value"] == "0"
            && second["transactions"][0]["max_cost"].is_string()
    );
    let spent: U256 =
        second["transactions"][0]["max_cost"].as_str().context("max_cost")?.parse()?;
    ensure!(!spent.is_zero(), "{second:#}");
    let third = place.without_wallet(&other).ends(0).await?;
    ensure!(third["transactions"] == json!([]), "{third:#}");
    let dear = U256::from(10).pow(U256::from(40));
    let fees = CCIP2Resolver::updateOwnerhashFeesCall { fees: dear };
    place.world.chain.send(junk, CCIP2_RESOLVER, fees).await?;
    let poor = place.without_wallet(&[&other[..], &["--ownerhash"]].concat()).ends(1).await?;
    ensure!(kind(&poor) == Some(ErrorKind::NoFunds), "{poor:#}");
    ensure!(poor["error"]["message"].to_string().contains(&dear.to_string()), "{poor:#}");
    Ok(())
}
