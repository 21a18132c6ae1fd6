//! A workspace of a person, on a world's devnet and chain.

use std::time::Duration;

use alloy::providers::Provider;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use anyhow::{Context, Result, bail, ensure};
use namesys::devnet::chain::bindings::CCIP2Resolver::recordhashCall;
use namesys::devnet::chain::bindings::Registry::resolverCall;
use namesys::devnet::chain::{CCIP2_RESOLVER, REGISTRY};
use namesys::keys::IpnsName;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Run;
use crate::people::{name, person};
use crate::world::World;

pub const NICK: &str = "nick.eth";

/// A world, and a workspace of nick.eth in it.
pub struct Place {
    pub world: World,
    pub dir: TempDir,
    number: u8,
}

impl Place {
    /// nick.eth of the person `number`, without a resolver, and an empty workspace of it.
    pub async fn new(number: u8, init: &[&str]) -> Result<Self> {
        let world = World::start().await?;
        let owner = person(number).address();
        world.chain.register(&name(NICK), owner, Address::ZERO).await?;
        world.chain.fund(owner).await?;
        let place = Self { world, dir: tempfile::tempdir()?, number };
        place.ends(0, &[&["init", NICK, "--chain-id", "31337"], init].concat()).await?;
        Ok(place)
    }

    /// As [`new`](Self::new), with a text record, signed and published.
    pub async fn published(number: u8, init: &[&str]) -> Result<Self> {
        let place = Self::new(number, init).await?;
        place.ends(0, &["set", "text", "avatar", "https://a.example/me.png"]).await?;
        place.ends(0, &["sign"]).await?;
        place.ends(0, &["publish"]).await?;
        Ok(place)
    }

    /// The same person and world, with an empty folder.
    pub fn elsewhere(self) -> Result<Self> {
        Ok(Self { dir: tempfile::tempdir()?, ..self })
    }

    /// A command in the workspace, with the person's wallet and an empty password.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.as_person(self.number, arguments).env("NAMESYS_KEY_PASSWORD", "")
    }

    /// The same by another person, who knows no password.
    pub fn as_person(&self, number: u8, arguments: &[&str]) -> Run {
        let key = hex::encode([number; 32]);
        self.without_wallet(arguments).env("ETH_PRIVATE_KEY", &key)
    }

    /// The same by nobody.
    pub fn without_wallet(&self, arguments: &[&str]) -> Run {
        let dir = self.dir.path().to_string_lossy().into_owned();
        let urls = self.world.devnet.urls();
        Run::namesys(&[&["-C", &dir], arguments].concat())
            .on(&self.world)
            .env("NAMESYS_W3NAME_URL", &urls.w3name)
            .env("NAMESYS_KUBO_URL", &urls.kubo)
    }

    pub async fn ends(&self, code: i32, arguments: &[&str]) -> Result<Value> {
        self.run(arguments).ends(code).await
    }

    /// The workspace's IPNS name.
    pub async fn ipns(&self) -> Result<IpnsName> {
        let document = self.ends(0, &["keygen"]).await?;
        Ok(document["ipns"]["name"].as_str().context("ipns.name")?.parse()?)
    }

    pub async fn recordhash(&self, key: B256) -> Result<Bytes> {
        Ok(self.world.chain.call(CCIP2_RESOLVER, recordhashCall { node: key }).await?)
    }

    pub async fn resolver(&self) -> Result<Address> {
        let node = name(NICK).node();
        Ok(self.world.chain.call(REGISTRY, resolverCall { node }).await?)
    }

    pub async fn set_balance(&self, account: Address, wei: U256) -> Result<()> {
        let request = serde_json::json!([account, wei]);
        let provider = self.world.chain.provider();
        let _: Option<Value> = provider.raw_request("anvil_setBalance".into(), request).await?;
        Ok(())
    }

    /// Checks that nothing was changed on chain.
    pub async fn untouched(&self) -> Result<()> {
        ensure!(self.resolver().await?.is_zero(), "the resolver was set");
        ensure!(self.recordhash(name(NICK).node()).await?.is_empty(), "the recordhash was set");
        Ok(())
    }
}

/// Checks that all transactions were sent, and gives what they do.
pub fn sent(document: &Value) -> Result<Vec<String>> {
    let transactions = document["transactions"].as_array().context("transactions")?;
    let described = transactions.iter().map(|transaction| {
        ensure!(transaction["hash"].is_string(), "not sent: {transaction}");
        Ok(transaction["description"].as_str().context("description")?.to_owned())
    });
    described.collect()
}

/// Puts code at an address.
pub async fn set_code(provider: &impl Provider, address: Address, code: &[u8]) -> Result<()> {
    let request = serde_json::json!([address, hex::encode_prefixed(code)]);
    let _: Option<Value> = provider.raw_request("anvil_setCode".into(), request).await?;
    Ok(())
}

/// Sends a transaction of a report as the owner, without its key.
pub async fn apply(place: &Place, owner: Address, transaction: &Value) -> Result<()> {
    let provider = place.world.chain.provider();
    let _: Option<Value> =
        provider.raw_request("anvil_impersonateAccount".into(), json!([owner])).await?;
    let request = json!([{
        "from": owner,
        "to": transaction["to"],
        "data": transaction["data"],
        "value": format!("{:#x}", transaction["value"].as_str().context("value")?.parse::<U256>()?),
    }]);
    let hash: B256 = provider.raw_request("eth_sendTransaction".into(), request).await?;
    for _ in 0..500 {
        if let Some(receipt) = provider.get_transaction_receipt(hash).await? {
            ensure!(receipt.status(), "{transaction} reverted");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("{hash} was not mined")
}
