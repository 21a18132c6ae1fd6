//! A client no one here wrote, alloy, through the Universal Resolver: ENSIP-10, ENSIP-21's batch
//! answered by the client, primary names.

use alloy::providers::{CcipReadClient, HttpCcipReadGateway};
use alloy::sol_types::{SolCall, SolValue};
use alloy_ens::{EnsError, ProviderEnsExt};
use alloy_primitives::Bytes;
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::{PlainResolver, UniversalResolver};
use namesys::devnet::chain::{CCIP2_RESOLVER, PLAIN_RESOLVER, UNIVERSAL_RESOLVER};

use crate::people::{ipns_key, key, name, person, signed};
use crate::world::{Failure, World};

fn client() -> Result<CcipReadClient<HttpCcipReadGateway>> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    Ok(CcipReadClient::new(HttpCcipReadGateway::new(client)))
}

pub async fn alloy() -> Result<()> {
    let (owner, nick, sub) = (person(1), name("nick.eth"), name("alice.nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let address = owner.address();
    let eth = |of| signed(of, "address/60", &address.to_string(), &owner, None);
    let files = [
        (&nick, "address/60", eth(&nick)),
        (&sub, "address/60", eth(&sub)),
        (&nick, "text/avatar", signed(&nick, "text/avatar", "mine", &owner, None)),
        (&nick, "address/0", signed(&nick, "address/0", BITCOIN, &owner, None)),
    ];
    world.publish(&ipns_key(1), &files).await?;
    let (ens, client) = (world.chain.provider(), &client()?);
    ensure!(ens.resolve_name_with_ccip_read("nick.eth", client).await? == address);
    ensure!(ens.resolve_name_with_ccip_read("alice.nick.eth", client).await? == address);
    ensure!(ens.lookup_txt_with_ccip_read("nick.eth", "avatar", client).await? == "mine");
    let bitcoin = ens.resolve_name_for_coin_type_with_ccip_read("nick.eth", 0, client).await?;
    ensure!(bitcoin.len() == 22, "{bitcoin}");

    ensure!(
        ens.lookup_address_with_ccip_read(&address, client).await.is_err(),
        "no reverse record"
    );
    world.chain.set_primary_name(address, &nick).await?;
    ensure!(ens.lookup_address_with_ccip_read(&address, client).await? == "nick.eth");
    let other = person(2).address();
    world.chain.set_primary_name(other, &nick).await?;
    let error = ens.lookup_address_with_ccip_read(&other, client).await.unwrap_err();
    // ReverseAddressMismatch(string,bytes)
    ensure!(format!("{error:?}").contains("ef9c03ce"), "{error:?}");
    let error = ens.resolve_name_with_ccip_read("missing.test", client).await.unwrap_err();
    ensure!(matches!(error, EnsError::ResolverNotFound(_)), "{error:?}");

    let plain = name("plain.eth");
    world.chain.register(&plain, address, PLAIN_RESOLVER).await?;
    let set = PlainResolver::setTextCall {
        node: plain.node(),
        key: "url".to_owned(),
        value: "https://example.com".to_owned(),
    };
    world.chain.send(address, PLAIN_RESOLVER, set).await?;
    ensure!(
        ens.lookup_txt_with_ccip_read("plain.eth", "url", client).await? == "https://example.com"
    );
    let error = ens.lookup_txt_with_ccip_read("sub.plain.eth", "url", client).await.unwrap_err();
    ensure!(matches!(error, EnsError::ResolverNotFound(_)), "no wildcard: {error:?}");
    Ok(())
}

const BITCOIN: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

/// Several records in one call; a lookup that fails is the error of its record alone.
pub async fn batch() -> Result<()> {
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let record = signed(&nick, "text/avatar", "mine", &owner, None);
    let (result, payload) = (record.result.clone(), record.encode());
    let asks = ["text/avatar", "text/url"].map(|kind| key(kind).resolver_call_of(&nick));
    let data = PlainResolver::multicallCall { data: asks.map(Bytes::from).to_vec() };
    let call = UniversalResolver::resolveWithGatewaysCall {
        name: nick.dns().into(),
        data: data.abi_encode().into(),
        gateways: vec!["x-batch-gateway:true".to_owned()],
    };
    let Err(Failure::Lookup(lookup)) = world.call(UNIVERSAL_RESOLVER, call.abi_encode()).await?
    else {
        anyhow::bail!("no lookup");
    };
    ensure!(lookup.urls == ["x-batch-gateway:true"]);
    ensure!(lookup.data[..4] == [0xa7, 0x80, 0xba, 0xb6], "query: {}", lookup.data);
    // HttpError(404, "")
    let missing = [&[0x01, 0x80, 0x01, 0x52][..], &(404u16, String::new()).abi_encode_params()];
    let missing = Bytes::from(missing.concat());
    let answer = |responses: Vec<Bytes>, failures: Vec<bool>| {
        let response = Bytes::from((failures, responses).abi_encode_params());
        let arguments = (response, lookup.extra.clone()).abi_encode_params();
        world.call(UNIVERSAL_RESOLVER, [&lookup.callback[..], &arguments].concat())
    };
    let both = answer(vec![payload.into(), missing.clone()], vec![false, true]).await?;
    let both = both.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    let both = UniversalResolver::resolveWithGatewaysCall::abi_decode_returns(&both)?;
    ensure!(both.resolver == CCIP2_RESOLVER);
    let values = Vec::<Bytes>::abi_decode(&both.result).context("bytes[]")?;
    // What the extended resolver returned, and what the gateway failed with.
    ensure!(values == [result, missing], "{values:?}");
    let short = answer(vec![Bytes::new()], vec![true]).await?;
    ensure!(short.is_err(), "a batch of one for two");
    Ok(())
}
