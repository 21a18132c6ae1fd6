//! Names that the registry has no resolver for any more, and the Universal Resolver has: ENSv2.

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, B256, Bytes, keccak256};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::{PlainResolver, Registry};
use namesys::devnet::chain::{PLAIN_RESOLVER, REGISTRY, UNIVERSAL_RESOLVER};
use namesys::report::ErrorKind;

use crate::cli::{Run, record};
use crate::people::{name, person};
use crate::reports::kind;
use crate::world::World;

const REGISTRY_CODE: &str = include_str!("../../../src/devnet/contracts/artifacts/Registry.json");
const UNIVERSAL_CODE: &str =
    include_str!("../../../src/devnet/contracts/artifacts/UniversalResolver.json");
/// Another registry, as that of ENSv2 is.
const OTHER: Address = Address::repeat_byte(0xe2);

fn creation(artifact: &str, arguments: &[u8]) -> Result<Bytes> {
    let artifact: serde_json::Value = serde_json::from_str(artifact)?;
    let code: Bytes = artifact["bytecode"].as_str().context("bytecode")?.parse()?;
    Ok([&code[..], arguments].concat().into())
}

pub async fn moved() -> Result<()> {
    let (owner, nick) = (person(1).address(), name("nick.eth"));
    let world = World::start().await?;
    world.chain.register(&nick, owner, PLAIN_RESOLVER).await?;
    let (key, value) = ("avatar".to_owned(), "on chain".to_owned());
    let text = PlainResolver::setTextCall { node: nick.node(), key, value };
    world.chain.send(owner, PLAIN_RESOLVER, text).await?;
    let ask = |of: &str| Run::resolve(&[of, "text/avatar"]).on(&world);
    let setup = || {
        let flags = ["setup", "nick.eth", "--calldata", "--https", "https://a.example"];
        Run::namesys(&flags).on(&world)
    };
    let unmoved = setup().ends(0).await?;
    ensure!(!unmoved["warnings"].to_string().contains("ENSv2"), "{unmoved:#}");
    let before = ask("nick.eth").ends(0).await?;
    ensure!(before["resolver_by"] == "registry", "{before:#}");

    // Moving clears the resolver. The Universal Resolver still knows the old registry alone.
    let clear = Registry::setResolverCall { node: nick.node(), resolver: Address::ZERO };
    world.chain.send(owner, REGISTRY, clear).await?;
    let document = ask("nick.eth").ends(4).await?;
    ensure!(kind(&document) == Some(ErrorKind::NoResolver), "{document:#}");
    let hint = document["error"]["hint"].as_str().context("hint")?;
    ensure!(hint.contains("namesys setup nick.eth"), "{hint}");

    world.chain.install(OTHER, creation(REGISTRY_CODE, &[])?).await?;
    let admin = world.chain.accounts()[0];
    let eth = keccak256("eth");
    let call = Registry::setSubnodeOwnerCall { node: B256::ZERO, label: eth, owner: admin };
    world.chain.send(admin, OTHER, call).await?;
    let (node, label) = (name("eth").node(), keccak256("nick"));
    let resolver = PLAIN_RESOLVER;
    let call = Registry::setSubnodeRecordCall { node, label, owner, resolver, ttl: 0 };
    world.chain.send(admin, OTHER, call).await?;
    world.chain.install(UNIVERSAL_RESOLVER, creation(UNIVERSAL_CODE, &OTHER.abi_encode())?).await?;
    let after = ask("nick.eth").ends(0).await?;
    ensure!(record(&after)?["value"] == "on chain", "{after:#}");
    ensure!(after["resolver_by"] == "universal-resolver", "{after:#}");
    ensure!(after["resolver"] == PLAIN_RESOLVER.to_string(), "{after:#}");
    let (code, shown) = ask("nick.eth").text().await?;
    ensure!(code == 0 && shown.contains("ENSv2"), "{shown}");
    // What `setup` would change is not what clients ask.
    let warned = setup().ends(0).await?["warnings"].to_string();
    ensure!(warned.contains("nick.eth is registered in ENSv2"), "{warned}");
    ensure!(warned.contains(&PLAIN_RESOLVER.to_string()), "{warned}");
    // That resolver does not resolve what is below.
    ask("sub.nick.eth").ends(4).await?;
    Ok(())
}
