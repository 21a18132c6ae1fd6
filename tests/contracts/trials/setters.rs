//! What the resolver keeps, and who may change it.

use alloy::sol_types::{SolCall, SolValue};
use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::CCIP2Resolver::*;
use namesys::devnet::chain::{CCIP2_RESOLVER, GATEWAY_MANAGER, NAME_WRAPPER, REGISTRY};
use namesys::ens::Name;

use crate::people::{ipns_key, name, person};
use crate::world::{World, refused};

const ARTIFACT: &str = include_str!("../../../src/devnet/contracts/artifacts/CCIP2Resolver.json");

async fn stored(world: &World, node: B256) -> Result<Bytes> {
    Ok(world.chain.call(CCIP2_RESOLVER, recordhashCall { node }).await?)
}

/// Strangers may not; approved managers may; approvals are the owner's own.
pub async fn authority() -> Result<()> {
    let (owner, manager) = (person(1).address(), person(2).address());
    let nick = name("nick.eth");
    let world = World::with_nick(&person(1), &ipns_key(1)).await?;
    let (node, hash) = (nick.node(), Bytes::from_static(b"https://manager.example"));
    let call = setRecordhashCall { node, hash: hash.clone() };
    let subdomain = "a".to_owned();
    let sub = setSubRecordhashCall { node, subdomain, hash: hash.clone() };
    let deep = setDeepSubRecordhashCall { node, subdomains: vec!["a".into()], hash: hash.clone() };
    let short = setShortRecordhashCall { node, hash: B256::ZERO };
    let calls = [sub.abi_encode(), deep.abi_encode(), short.abi_encode(), call.abi_encode()];
    // eth_call without a sender is a stranger's.
    for data in calls {
        let verdict = world.call(CCIP2_RESOLVER, data).await?;
        ensure!(verdict == refused("NotAuthorised(NOT_APPROVED)"), "{verdict:?}");
    }
    ensure!(world.chain.send(manager, CCIP2_RESOLVER, call.clone()).await.is_err());
    world.chain.approve(manager, &nick, manager).await?;
    ensure!(world.chain.send(manager, CCIP2_RESOLVER, call.clone()).await.is_err(), "by itself");
    world.chain.approve(owner, &nick, manager).await?;
    world.chain.send(manager, CCIP2_RESOLVER, call).await?;
    ensure!(stored(&world, node).await? == hash);
    let admin = updateOwnerhashFeesCall { fees: U256::from(1) };
    ensure!(world.chain.send(owner, CCIP2_RESOLVER, admin.clone()).await.is_err());
    world.chain.send(world.chain.accounts()[0], CCIP2_RESOLVER, admin).await?;
    Ok(())
}

pub async fn forms() -> Result<()> {
    let owner = person(1).address();
    let nick = name("nick.eth");
    let world = World::with_nick(&person(1), &ipns_key(1)).await?;
    let node = nick.node();
    let short = setShortRecordhashCall { node, hash: B256::repeat_byte(7) };
    world.chain.send(owner, CCIP2_RESOLVER, short).await?;
    ensure!(stored(&world, node).await? == [7; 32][..]);

    let hash = Bytes::from_static(b"https://a.example");
    let sub = setSubRecordhashCall { node, subdomain: "a".into(), hash: hash.clone() };
    world.chain.send(owner, CCIP2_RESOLVER, sub).await?;
    ensure!(stored(&world, name("a.nick.eth").node()).await? == hash);
    let subdomains = vec!["x".to_owned(), "y".to_owned()];
    let deep = setDeepSubRecordhashCall { node, subdomains, hash: hash.clone() };
    world.chain.send(owner, CCIP2_RESOLVER, deep).await?;
    ensure!(stored(&world, Name::parse("x.y.nick.eth")?.node()).await? == hash);

    let ownerhash = setOwnerhashCall { hash: hash.clone() };
    world.chain.send(owner, CCIP2_RESOLVER, ownerhash.clone()).await?;
    ensure!(stored(&world, owner.into_word()).await? == hash);
    let fees = updateOwnerhashFeesCall { fees: U256::from(5) };
    world.chain.send(world.chain.accounts()[0], CCIP2_RESOLVER, fees).await?;
    let verdict = world.call(CCIP2_RESOLVER, ownerhash.abi_encode()).await?;
    ensure!(verdict == refused("PlsFundDevs()"), "{verdict:?}");

    let signers = [person(2).address(), person(3).address()];
    let approve = multiApproveCall {
        nodes: vec![node; 2],
        signers: signers.to_vec(),
        approved: vec![true, true],
    };
    world.chain.send(owner, CCIP2_RESOLVER, approve).await?;
    let revoke = approveCall { node, signer: signers[0], approved: false };
    world.chain.send(owner, CCIP2_RESOLVER, revoke).await?;
    let approved = async |signer: Address| {
        world.chain.call(CCIP2_RESOLVER, isApprovedSignerCall { owner, node, signer }).await
    };
    ensure!(!approved(signers[0]).await? && approved(signers[1]).await?);

    // Another, as deployed elsewhere than on mainnet: "5" until it is told.
    let elsewhere = Address::repeat_byte(0x55);
    install_elsewhere(&world, elsewhere).await?;
    for (contract, before) in [(CCIP2_RESOLVER, "31337"), (elsewhere, "5")] {
        ensure!(world.chain.call(contract, chainIDCall {}).await? == before);
        world.chain.send(owner, contract, updateChainIDCall {}).await?;
        ensure!(world.chain.call(contract, chainIDCall {}).await? == "31337");
    }
    Ok(())
}

/// A resolver as deployed elsewhere than on mainnet: its texts say chain 5.
pub async fn install_elsewhere(world: &World, address: Address) -> Result<()> {
    install_for(world, address, NAME_WRAPPER, "5").await
}

/// A resolver that knows this NameWrapper, and whose texts say this chain.
pub async fn install_for(
    world: &World,
    address: Address,
    wrapper: Address,
    chain_id: &str,
) -> Result<()> {
    let artifact: serde_json::Value = serde_json::from_str(ARTIFACT)?;
    let code: Bytes = artifact["bytecode"].as_str().context("bytecode")?.parse()?;
    let arguments = (REGISTRY, wrapper, GATEWAY_MANAGER, chain_id.to_owned());
    let creation = [&code[..], &arguments.abi_encode_params()].concat();
    Ok(world.chain.install(address, creation.into()).await?)
}
