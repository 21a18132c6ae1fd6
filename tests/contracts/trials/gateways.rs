//! The URLs that the contract forms are those that the client expects of it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use namesys::devnet::chain::bindings::{CCIP2Resolver, GatewayManager};
use namesys::devnet::chain::{CCIP2_RESOLVER, ChainGateways, GATEWAY_MANAGER};
use namesys::recordhash::Recordhash;
use namesys::resolve::ResolverGateways;

use crate::people::{ipns_key, name, person};
use crate::world::World;

const PATH: &str = "/.well-known/eth/nick/text/avatar";

/// Every form of recordhash, by the manager and by the resolver.
pub async fn urls() -> Result<()> {
    let (owner, nick, key) = (person(1), name("nick.eth"), ipns_key(1));
    let world = World::with_nick(&owner, &key).await?;
    let deployed = ResolverGateways::default();
    let gateways = ChainGateways {
        scheme: "https://".to_owned(),
        primary: deployed.primary.clone(),
        web3: deployed.web3.clone(),
        web2: deployed.web2.clone(),
    };
    world.chain.set_gateways(&gateways).await?;
    let call = CCIP2Resolver::gatewayCall {};
    ensure!(world.chain.call(CCIP2_RESOLVER, call).await? == GATEWAY_MANAGER);
    let call = GatewayManager::listWeb3GatewaysCall {};
    ensure!(world.chain.call(GATEWAY_MANAGER, call).await? == deployed.web3);
    let call = GatewayManager::listWeb2GatewaysCall {};
    ensure!(world.chain.call(GATEWAY_MANAGER, call).await? == deployed.web2);
    let call = GatewayManager::PrimaryGatewayCall {};
    ensure!(world.chain.call(GATEWAY_MANAGER, call).await? == deployed.primary);

    let cid = "0170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f";
    let k51 = "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu";
    for text in [
        format!("0x{}", alloy_primitives::hex::encode(key.name().contenthash())),
        format!("0x{}", alloy_primitives::hex::encode(key.name().public_key())),
        format!("0xe301{cid}"),
        format!("0xe201{cid}"),
        format!("0xe2e501{cid}"),
        k51.to_owned(),
        "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4".to_owned(),
        "https://records.example/nick".to_owned(),
    ] {
        let hash: Recordhash = text.parse()?;
        world.set_recordhash(&nick, owner.address(), hash.stored()).await?;
        let asked = world.lookup_record(&nick, "text/avatar").await?.urls;
        // The web3 gateways are of the block's choosing.
        let expected = deployed.urls(Some(&hash), PATH);
        ensure!(asked.first() == expected.first(), "{text}: {asked:#?}");
        ensure!(asked.last() == expected.last(), "{text}: {asked:#?}");
        ensure!(asked.iter().all(|url| expected.contains(url)), "{text}: {asked:#?}");
    }
    world.set_recordhash(&nick, owner.address(), b"").await?;
    let asked = world.lookup_record(&nick, "text/avatar").await?;
    ensure!(asked.urls == deployed.urls(None, PATH), "{asked:?}");
    ensure!(asked.data.len() == 2, "a minute counter: {asked:?}");
    world.set_recordhash(&nick, owner.address(), b"\x99\x99\x99\x99\x99").await?;
    let error = world.lookup_record(&nick, "text/avatar").await.unwrap_err().to_string();
    ensure!(error.contains("BAD_RECORDHASH"), "{error}");
    Ok(())
}

pub async fn many() -> Result<()> {
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let web3: Vec<String> = (0..5).map(|number| format!("gateway{number}.example")).collect();
    let gateways = ChainGateways { web3: web3.clone(), ..ChainGateways::local("") };
    world.chain.set_gateways(&gateways).await?;
    let mut seen = BTreeSet::new();
    for round in 0..12 {
        let urls = world.lookup_record(&nick, "text/avatar").await?.urls;
        let hosts: Vec<&str> =
            urls.iter().filter_map(|url| url.strip_prefix("http://")?.split('/').next()).collect();
        ensure!(hosts.len() == 3 && hosts.iter().collect::<BTreeSet<_>>().len() == 3, "{urls:?}");
        seen.extend(hosts.into_iter().map(str::to_owned));
        // A block later the choice is another.
        world.set_recordhash(&nick, owner.address(), &ipns_key(round).name().public_key()).await?;
    }
    ensure!(seen.len() == 5, "in twelve blocks only {seen:?}");
    Ok(())
}
