//! Invoices the whole way on a chain: the payer's key and the payee's invoice are resolved by it,
//! and the payment is sent there.

use alloy::providers::Provider;
use alloy_primitives::{Address, U256, address};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::CCIP2_RESOLVER;
use namesys::report::ErrorKind;
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::Run;
use crate::people::{ipns_key, name, person, signed};
use crate::place::Place;
use crate::reports::kind;

const ALICE: &str = "alice.eth";
/// What alice.eth has as address.
const ACCOUNT: Address = address!("00000000000000000000000000000000000a11ce");

/// nick.eth, who is asked, and alice.eth, who asks.
struct Scene {
    nick: Place,
    alice: TempDir,
}

impl Scene {
    async fn start() -> Result<Self> {
        let nick = Place::new(1, &[]).await?;
        let key = nick.ends(0, &["invoice", "key"]).await?;
        ensure!(key["rsa"].as_str().is_some_and(|rsa| rsa.len() == 344), "{key}");
        for command in [&["sign"][..], &["publish"], &["setup", "--yes"]] {
            nick.ends(0, command).await?;
        }
        let (chain, owner) = (&nick.world.chain, person(2).address());
        chain.register(&name(ALICE), owner, Address::ZERO).await?;
        chain.fund(owner).await?;
        let scene = Self { nick, alice: tempfile::tempdir()? };
        scene.alice(&["init", ALICE, "--chain-id", "31337"]).ends(0).await?;
        scene.alice(&["set", "address", "eth", &ACCOUNT.to_string()]).ends(0).await?;
        Ok(scene)
    }

    fn alice(&self, arguments: &[&str]) -> Run {
        let dir = self.alice.path().to_string_lossy().into_owned();
        let urls = self.nick.world.devnet.urls();
        Run::namesys(&[&["-C", &dir], arguments].concat())
            .on(&self.nick.world)
            .env("NAMESYS_W3NAME_URL", &urls.w3name)
            .env("NAMESYS_KUBO_URL", &urls.kubo)
            .env("NAMESYS_KEY_PASSWORD", "hers")
            .env("ETH_PRIVATE_KEY", &"02".repeat(32))
    }

    /// alice.eth asks nick.eth, and publishes that.
    async fn ask(&self, arguments: &[&str]) -> Result<Value> {
        let request = [&["invoice", "request", "nick.eth"], arguments].concat();
        let asked = self.alice(&request).ends(0).await?;
        for command in [&["sign"][..], &["publish"]] {
            self.alice(command).ends(0).await?;
        }
        Ok(asked)
    }

    async fn pay(&self, code: i32, more: &[&str]) -> Result<Value> {
        self.nick.ends(code, &[&["invoice", "pay", ALICE], more].concat()).await
    }

    async fn balance(&self, of: Address) -> Result<U256> {
        Ok(self.nick.world.chain.provider().get_balance(of).await?)
    }
}

/// Asked, shown, confirmed, paid; what is not agreed to is not sent, nor what does not verify.
pub async fn paid() -> Result<()> {
    let scene = Scene::start().await?;
    let asked = scene.ask(&["0.0200"]).await?;
    ensure!(asked["payee"] == ALICE && asked["amount"] == "0.0200", "{asked}");
    scene.alice(&["setup", "--yes"]).ends(0).await?;
    let unasked = scene.pay(2, &[]).await?;
    ensure!(kind(&unasked) == Some(ErrorKind::NoTerminal), "{unasked}");
    ensure!(unasked["transactions"][0]["state"] == "not-sent", "{unasked}");
    ensure!(unasked["transactions"][0]["gas"].is_u64(), "{unasked}");
    let dear = scene.pay(1, &["--yes", "--max-cost", "0.02"]).await?;
    ensure!(kind(&dear) == Some(ErrorKind::MaxCost), "{dear}");
    let from = person(1).address().to_string();
    let elsewhere = ["invoice", "pay", ALICE, "--yes", "--from", &from, "--invoice-key-file"];
    let file = scene.nick.dir.path().join("invoice.key").to_string_lossy().into_owned();
    scene.nick.ends(0, &["invoice", "key", "--out", &file]).await?;
    let elsewhere = [&elsewhere[..], &[&file]].concat();
    let elsewhere = scene.nick.without_wallet(&elsewhere).ends(2).await?;
    ensure!(kind(&elsewhere) == Some(ErrorKind::NoTransactions), "{elsewhere}");
    let shown = scene.pay(0, &["--calldata"]).await?;
    let uri = format!("ethereum:{ACCOUNT}@31337?value=20000000000000000");
    ensure!(shown["uri"] == uri && shown["address"] == ACCOUNT.to_string(), "{shown}");
    ensure!(scene.balance(ACCOUNT).await?.is_zero(), "something was sent");

    let paid = at_once(&scene).await?;
    ensure!(paid["transactions"][0]["state"] == "mined", "{paid}");
    ensure!(paid["payer"] == "nick.eth" && paid["name"] == ALICE, "{paid}");
    ensure!(scene.balance(ACCOUNT).await? == U256::from(20_000_000_000_000_000_u64));
    again(&scene).await?;
    payees(&scene).await
}

/// Of three commands at a time one pays. The others find it claimed, or wait for it.
async fn at_once(scene: &Scene) -> Result<Value> {
    let pay = || scene.nick.run(&["invoice", "pay", ALICE, "--yes"]).run();
    let (one, two, three) = tokio::join!(pay(), pay(), pay());
    let mut paid = None;
    for ended in [one?, two?, three?] {
        let (code, document, _) = ended;
        match code {
            0 => paid = Some(document),
            _ => ensure!(kind(&document) == Some(ErrorKind::PaidBefore), "{document}"),
        }
    }
    paid.context("none paid")
}

/// The same invoice is not paid twice, unless that is said.
async fn again(scene: &Scene) -> Result<()> {
    let before = scene.balance(ACCOUNT).await?;
    let same = scene.pay(0, &["--yes"]).await?;
    ensure!(same["transactions"][0]["state"] == "mined", "{same}");
    ensure!(scene.balance(ACCOUNT).await? == before, "it was paid twice");
    // Whoever has it printed would pay it elsewhere.
    let printed = scene.pay(1, &["--calldata"]).await?;
    ensure!(kind(&printed) == Some(ErrorKind::PaidBefore), "{printed}");
    ensure!(printed["uri"].is_null() && printed["transactions"].is_null(), "{printed}");
    // As after a run that ended between keeping and sending.
    let file = scene.nick.dir.path().join(".namesys/invoices.json");
    let text = std::fs::read_to_string(&file)?;
    let hash = same["transactions"][0]["hash"].to_string();
    ensure!(text.contains(&hash), "{text}");
    std::fs::write(&file, text.replace(&hash, "null"))?;
    let unsure = scene.pay(1, &["--yes"]).await?;
    ensure!(kind(&unsure) == Some(ErrorKind::PaidBefore), "{unsure}");
    // A stranger's file says that another transaction paid it.
    let block = scene.nick.world.chain.provider().get_block_by_number(1.into()).await?;
    let foreign = block.and_then(|block| block.transactions.hashes().next()).context("a hash")?;
    std::fs::write(&file, text.replace(hash.trim_matches('"'), &foreign.to_string()))?;
    let other = scene.pay(1, &["--yes"]).await?;
    ensure!(kind(&other) == Some(ErrorKind::BadFile), "{other}");
    std::fs::write(&file, "{}")?;
    let unread = scene.pay(1, &["--yes"]).await?;
    ensure!(kind(&unread) == Some(ErrorKind::BadFile), "{unread}");
    ensure!(scene.balance(ACCOUNT).await? == before, "it was paid twice");
    std::fs::write(&file, text)?;
    scene.pay(0, &["--yes", "--again"]).await?;
    ensure!(scene.balance(ACCOUNT).await? == before + before, "--again pays again");
    Ok(())
}

/// A payee that is another name: without an address, and with one that somebody else signed.
async fn payees(scene: &Scene) -> Result<()> {
    let world = &scene.nick.world;
    scene.ask(&["0.01", "--payee", "bob.eth"]).await?;
    let nobody = scene.pay(4, &["--yes"]).await?;
    ensure!(nobody["transactions"].is_null(), "{nobody}");
    let (bob, owner, stranger) = (name("bob.eth"), person(3), person(4));
    world.chain.register(&bob, owner.address(), CCIP2_RESOLVER).await?;
    world.set_recordhash(&bob, owner.address(), &ipns_key(3).name().contenthash()).await?;
    let to = address!("0000000000000000000000000000000000000b0b");
    let record = |by| signed(&bob, "address/60", &to.to_string(), by, None);
    world.publish(&ipns_key(3), &[(&bob, "address/60", record(&stranger))]).await?;
    let refuted = scene.pay(3, &["--yes"]).await?;
    ensure!(refuted["transactions"].is_null(), "{refuted}");
    ensure!(scene.balance(to).await?.is_zero(), "something was sent");
    world.publish_revision(&ipns_key(3), &[(&bob, "address/60", record(&owner))], 1).await?;
    let (code, text) = scene.nick.run(&["invoice", "pay", ALICE, "--yes"]).text().await?;
    ensure!(code == 0, "{text}");
    ensure!(
        text.contains("the payee is bob.eth, and the invoice is published by alice.eth"),
        "{text}"
    );
    ensure!(scene.balance(to).await? == U256::from(10_000_000_000_000_000_u64));
    // Who was paid is kept: it is not who would be paid now.
    let later = address!("0000000000000000000000000000000000000b1b");
    let changed = signed(&bob, "address/60", &later.to_string(), &owner, None);
    world.publish_revision(&ipns_key(3), &[(&bob, "address/60", changed)], 2).await?;
    let before = scene.pay(0, &["--yes"]).await?;
    ensure!(before["address"] == to.to_string(), "{before}");
    ensure!(before["transactions"][0]["to"] == to.to_string(), "{before}");
    Ok(())
}
