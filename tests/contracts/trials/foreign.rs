//! npm's ethers and viem read what we published; we read from ENS's own registry and resolver.

use alloy::sol_types::{SolCall, SolValue};
use alloy_primitives::{Address, U256, hex};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::{PlainResolver, Registry};
use namesys::devnet::chain::{CCIP2_RESOLVER, PLAIN_RESOLVER, REGISTRY, UNIVERSAL_RESOLVER};
use namesys::record::Value;

use crate::cli::{Run, refused};
use crate::peers;
use crate::people::{ipns_key, name, person, signed, value};
use crate::trials::plain::{RRSET, setters};
use crate::trials::signers::RECORDS;
use crate::world::World;

/// Every record type, and text/changed whose value is not the one that was signed.
async fn world() -> Result<World> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let mut records: Vec<_> = RECORDS
        .iter()
        .map(|&(kind, text)| (&nick, kind, signed(&nick, kind, text, &owner, None)))
        .collect();
    let mut changed = signed(&nick, "text/changed", "good", &owner, None);
    changed.result = value("text/changed", "evil").abi_encode().into();
    records.push((&nick, "text/changed", changed));
    world.publish(&key, &records).await?;
    Ok(world)
}

fn text_of(kind: &str) -> &'static str {
    RECORDS.iter().find(|(record, _)| *record == kind).map_or("", |(_, text)| text)
}

fn script_of(kind: &str) -> Result<String> {
    match value(kind, text_of(kind)) {
        Value::Address { bytes, .. } => Ok(hex::encode_prefixed(bytes)),
        other => anyhow::bail!("{other} is no address"),
    }
}

/// ethers 6 with nothing but the registry's address. In Node it cannot follow a relative
/// redirect, and the gateway sends `/ipns/f…` to `/ipns/k51…` by one: the recordhash is the
/// text `k51…` here. Its `getAddress(0)` asks for coin 0x80000000 first and ends at that
/// record's 404, so Bitcoin is read by the contract call, with `enableCcipRead`, as pubkey is.
pub async fn ethers() -> Result<()> {
    let world = world().await?;
    let key = ipns_key(1).name().to_string();
    world.set_recordhash(&name("nick.eth"), person(1).address(), key.as_bytes()).await?;
    let registry = REGISTRY.to_string();
    let found = peers::run("ethers.mjs", &[world.chain.rpc_url(), &registry, "nick.eth"]).await?;
    ensure!(found["resolver"] == CCIP2_RESOLVER.to_string(), "{found}");
    ensure!(found["text"] == text_of("text/avatar"), "{found}");
    ensure!(found["address"] == text_of("address/60"), "{found}");
    ensure!(found["resolved"] == text_of("address/60"), "{found}");
    ensure!(found["optimism"] == text_of("address/2147483658"), "{found}");
    ensure!(found["bitcoin"] == script_of("address/0")?, "{found}");
    // The CID of RECORDS in the form of version 0.
    let v0 = "ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4";
    ensure!(found["contenthash"] == v0, "{found}");
    ensure!(found["pubkey"] == text_of("pubkey"), "{found}");
    ensure!(found["changed"].is_null() && found["refused"] == "BAD_SIGNED_RECORD", "{found}");
    Ok(())
}

/// viem through the Universal Resolver, answering its batches locally, and ensjs on it.
pub async fn viem() -> Result<()> {
    let world = world().await?;
    let account = person(1).address();
    // A primary name stands if the name's address is the account.
    let nick = name("nick.eth");
    let listed: Address = text_of("address/60").parse()?;
    world.chain.set_primary_name(listed, &nick).await?;
    let (universal, listed) = (UNIVERSAL_RESOLVER.to_string(), listed.to_string());
    let arguments = [world.chain.rpc_url(), &universal, "nick.eth", &listed];
    let found = peers::run("viem.mjs", &arguments).await?;
    ensure!(found["resolver"] == CCIP2_RESOLVER.to_string(), "{found}");
    ensure!(found["text"] == text_of("text/avatar"), "{found}");
    ensure!(found["address"] == text_of("address/60"), "{found}");
    ensure!(found["bitcoin"] == script_of("address/0")?, "{found}");
    let optimism = found["optimism"].as_str().unwrap_or_default();
    ensure!(optimism.eq_ignore_ascii_case(text_of("address/2147483658")), "{found}");
    ensure!(found["primary"] == "nick.eth", "{found}");
    let abi = serde_json::json!({"contentType": 1, "decoded": true, "abi": []});
    ensure!(found["abi"] == abi, "ensjs asks abi/15: {found}");
    ensure!(!found["refused"].as_str().context("refused")?.starts_with("read:"), "{found}");
    // It claims the name, whose address is another's.
    world.chain.set_primary_name(account, &nick).await?;
    let nobody = account.to_string();
    let arguments = [world.chain.rpc_url(), &universal, "nick.eth", &nobody];
    let found = peers::run("viem.mjs", &arguments).await?;
    ensure!(found["primary"].is_null(), "{found}");
    Ok(())
}

/// ENS's own ENSRegistry and PublicResolver, at the addresses of ours.
pub async fn contracts() -> Result<()> {
    let (owner, nick) = (person(1).address(), name("nick.eth"));
    let world = World::start().await?;
    let code = peers::run("contracts.mjs", &[]).await?;
    let creation = |contract: &str| -> Result<Vec<u8>> {
        Ok(hex::decode(code[contract].as_str().context("bytecode")?)?)
    };
    world.chain.install(REGISTRY, creation("registry")?.into()).await?;
    let resolver = [creation("resolver")?, REGISTRY.abi_encode()].concat();
    world.chain.install(PLAIN_RESOLVER, resolver.into()).await?;
    world.chain.register(&nick, owner, PLAIN_RESOLVER).await?;
    let call = Registry::recordExistsCall { node: nick.node() }.abi_encode();
    ensure!(world.call(REGISTRY, call).await? == Ok(U256::ONE.abi_encode().into()));

    let call = PlainResolver::multicallCall { data: setters(&nick) };
    let stranger = world.chain.send(person(2).address(), PLAIN_RESOLVER, call.clone()).await;
    ensure!(stranger.is_err(), "a stranger set records");
    world.chain.send(owner, PLAIN_RESOLVER, call).await?;
    let arguments: Vec<&str> =
        ["nick.eth"].into_iter().chain(RECORDS.map(|(kind, _)| kind)).collect();
    let document = Run::resolve(&arguments).on(&world).ends(0).await?;
    let found = document["records"].as_array().context("records")?;
    ensure!(found.len() == RECORDS.len(), "{document:#}");
    for (kind, text) in RECORDS {
        let record = found.iter().find(|record| record["record"] == kind).context(kind)?;
        let text = if kind == "dns/16" { hex::encode_prefixed(RRSET) } else { text.to_owned() };
        ensure!(record["value"] == text, "{record}");
    }
    refused(&Run::resolve(&["nick.eth", "text/none"]).on(&world).ends(4).await?)
}
