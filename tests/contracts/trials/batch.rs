//! ENSIP-21: a resolver that sends its clients a batch of lookups to make themselves.

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, Bytes};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::{CHAIN_ID, UNIVERSAL_RESOLVER};
use namesys::ens::Name;

use crate::cli::{Run, accepted, record, refused};
use crate::people::{ipns_key, name, person, signed, value};
use crate::world::World;

const ARTIFACT: &str = include_str!("../../../src/devnet/contracts/artifacts/AliasResolver.json");
const AVATAR: &str = "text/avatar";
const RESOLVER: Address = Address::repeat_byte(0xa1);

/// alias.eth has the records of `of`, by way of the Universal Resolver's batches.
async fn install_alias(world: &World, of: &Name) -> Result<Name> {
    let artifact: serde_json::Value = serde_json::from_str(ARTIFACT)?;
    let code: Bytes = artifact["bytecode"].as_str().context("bytecode")?.parse()?;
    let arguments = (UNIVERSAL_RESOLVER, Bytes::from(of.dns())).abi_encode_params();
    world.chain.install(RESOLVER, [&code[..], &arguments].concat().into()).await?;
    let alias = name("alias.eth");
    world.chain.register(&alias, person(2).address(), RESOLVER).await?;
    Ok(alias)
}

/// Values, and what a gateway or a contract fails with, from inside a batch.
pub async fn local() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let mut changed = signed(&nick, "text/changed", "good", &owner, None);
    changed.result = value("text/changed", "evil").abi_encode().into();
    let address = owner.address().to_string();
    let files = [
        (&nick, AVATAR, signed(&nick, AVATAR, "mine", &owner, None)),
        (&nick, "address/60", signed(&nick, "address/60", &address, &owner, None)),
        (&nick, "text/changed", changed),
    ];
    world.publish(&key, &files).await?;
    let alias = install_alias(&world, &nick).await?;
    let ask = |name: &str, kind: &str| Run::resolve(&[name, kind, "--trace"]).on(&world);
    for name in [alias.as_str(), "deep.below.alias.eth"] {
        for (kind, text) in [(AVATAR, "mine"), ("address/60", &address)] {
            let document = ask(name, kind).ends(0).await?;
            let found = record(&document)?;
            ensure!(found["value"] == text && found["verified"] == true, "{document:#}");
            ensure!(found["verdicts"]["contract"] == "accepted", "{document:#}");
            ensure!(found["freshness"] == "unproven", "{document:#}");
            ensure!(document["resolver_kind"] == "extended", "{document:#}");
        }
    }
    // HttpError(404, …) inside the batch is a record that is not there.
    let document = ask(alias.as_str(), "text/none").ends(4).await?;
    refused(&document)?;
    let error = record(&document)?["error"].to_string();
    ensure!(error.contains("does not exist"), "{error}");
    // The inner contract refuses what the gateway serves.
    let document = ask(alias.as_str(), "text/changed").ends(3).await?;
    refused(&document)?;
    // The usual records, of those that are set.
    let document = Run::resolve(&[alias.as_str()]).on(&world).ends(0).await?;
    ensure!(document["records"].as_array().is_some_and(|all| all.len() == 2), "{document:#}");
    // Nobody chose the gateways inside the batch either.
    let unchosen =
        Run::resolve(&[alias.as_str(), AVATAR]).env("ETH_RPC_URL", world.chain.rpc_url());
    let document = unchosen.ends(1).await?;
    refused(&document)?;
    ensure!(record(&document)?["error"].to_string().contains("--allow-private-gateways"));
    Ok(())
}

/// A signed redirect to a name whose resolver asks for a batch.
pub async fn redirected() -> Result<()> {
    let (owner, other) = (person(1), person(3));
    let (nick, app) = (name("nick.eth"), name("app.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    world.chain.register(&app, other.address(), namesys::devnet::chain::CCIP2_RESOLVER).await?;
    world.set_recordhash(&app, other.address(), &ipns_key(2).name().contenthash()).await?;
    let file = signed(&app, AVATAR, "the app's", &other, None);
    world.publish(&ipns_key(2), &[(&app, AVATAR, file)]).await?;
    let alias = install_alias(&world, &app).await?;
    let redirect = owner.sign_redirect(&nick, &alias, CHAIN_ID, None).encode();
    world.publish_payloads(&ipns_key(1), &[(&nick, AVATAR, redirect)]).await?;
    let document = Run::resolve(&["nick.eth", AVATAR]).on(&world).ends(0).await?;
    accepted(&document, "the app's")?;
    let found = record(&document)?;
    ensure!(found["redirects"] == serde_json::json!(["alias.eth"]), "{document:#}");
    ensure!(found["freshness"] == "unproven", "{document:#}");
    Ok(())
}
