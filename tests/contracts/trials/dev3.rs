//! The Dev3 dialect: records on the web server of a name, signed for that host and the
//! resolver, by signers whom the chain approves for a node.

use std::path::Path;

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, Bytes, address};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::{CHAIN_ID, REGISTRY};
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::record::RecordFile;
use namesys::report::ErrorKind;
use namesys::request::{Caip10, Dev3Request, Extradata, SignedRecord, dev3_record_type};
use serde_json::Value;

use crate::cli::{Run, accepted, record, refused};
use crate::people::{key, name, person, value};
use crate::reports::kind;
use crate::trials::signers::RECORDS;
use crate::trials::web::{Served, certificates, serve};
use crate::world::{Failure, World};

const ARTIFACT: &str = include_str!("../../../src/devnet/contracts/artifacts/Dev3Resolver.json");
/// Where it is on mainnet.
const RESOLVER: Address = address!("37ca355e75a72F4f467f780916DdF5dD90A46592");
const AVATAR: &str = "text/avatar";
/// Nobody listens there.
const DEAD: &str = "127.0.0.1:1";

mod calls {
    alloy::sol! {
        function setSpace(bytes32 node, bool core, string gateway, string fallback_);
        function approve(bytes32 node, address signer, bool approved);
    }
}

/// A chain with the resolver, and a web server.
struct Scene {
    world: World,
    folder: tempfile::TempDir,
    _served: Served,
    /// Host and port of the web server.
    host: String,
}

impl Scene {
    async fn start() -> Result<Self> {
        let world = World::start().await?;
        let artifact: Value = serde_json::from_str(ARTIFACT)?;
        let code: Bytes = artifact["bytecode"].as_str().context("bytecode")?.parse()?;
        let arguments = (REGISTRY, "https://", CHAIN_ID.to_string()).abi_encode_params();
        world.chain.install(RESOLVER, [&code[..], &arguments].concat().into()).await?;
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join(".well-known"))?;
        let dir = folder.path().to_str().context("UTF-8")?.to_owned();
        let (served, url) = serve(folder.path(), Some(&dir))?;
        let host = url.strip_prefix("https://").context("https")?.to_owned();
        Ok(Self { world, folder, _served: served, host })
    }

    async fn register(&self, of: &Name, by: Address, core: bool, hosts: [&str; 2]) -> Result<()> {
        self.world.chain.register(of, by, RESOLVER).await?;
        let [gateway, fallback_] = hosts.map(str::to_owned);
        let call = calls::setSpaceCall { node: of.node(), core, gateway, fallback_ };
        Ok(self.world.chain.send(by, RESOLVER, call).await?)
    }

    async fn approve(&self, of: &Name, by: Address, signer: &SignerKey) -> Result<()> {
        let signer = signer.address();
        let call = calls::approveCall { node: of.node(), signer, approved: true };
        Ok(self.world.chain.send(by, RESOLVER, call).await?)
    }

    fn put(&self, of: &Name, record: &str, payload: &[u8]) -> Result<()> {
        let record_type = dev3_record_type(of, &key(record));
        let path = Path::new(&of.well_known()).join(format!("{record_type}.json"));
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        Ok(std::fs::write(path, RecordFile::new(payload).to_json())?)
    }

    async fn ask(&self, of: &str, record: &str, ends: i32) -> Result<Value> {
        let ca = certificates("ca.pem");
        let ca = ca.to_str().context("UTF-8")?;
        let run = Run::resolve(&[of, record, "--allow-private-gateways", "--ca-file", ca]);
        run.env("ETH_RPC_URL", self.world.chain.rpc_url()).ends(ends).await
    }
}

/// Signed for `gateway`, approved by `approver` where there is one.
fn signed(
    gateway: &str,
    of: &Name,
    record: &str,
    text: &str,
    signer: &SignerKey,
    approver: Option<&SignerKey>,
) -> SignedRecord {
    let account = |address| Caip10::new(CHAIN_ID, address);
    let (resolver, by) = (account(RESOLVER), account(signer.address()));
    let result = value(record, text).abi_encode();
    let (record_type, extradata) =
        (dev3_record_type(of, &key(record)), Extradata::of_result(&result));
    let record_type = &record_type;
    let update =
        Dev3Request::UpdateRecord { gateway, resolver, record_type, extradata, signer: by };
    let approve = Dev3Request::ApproveSigner { gateway, resolver, signer: by };
    let approval = approver.map(|approver| approver.sign_text(&approve.to_string()));
    let signature = signer.sign_text(&update.to_string());
    SignedRecord::new(signer.address(), &signature, approval.as_ref(), result)
}

/// Every record type of a name, and of one below it.
pub async fn good() -> Result<()> {
    let scene = Scene::start().await?;
    let (owner, signer, nick) = (person(1).address(), person(2), name("nick.eth"));
    let host = &scene.host;
    scene.register(&nick, owner, false, [host, ""]).await?;
    scene.approve(&nick, owner, &signer).await?;
    for of in [&nick, &name("deep.below.nick.eth")] {
        for (kind, text) in RECORDS {
            scene.put(of, kind, &signed(host, of, kind, text, &signer, None).encode())?;
            let document = scene.ask(of.as_str(), kind, 0).await?;
            accepted(&document, text)?;
            let found = record(&document)?;
            ensure!(found["signer"] == signer.address().to_string(), "{document:#}");
            ensure!(found["gateway"] == format!("https://{host}/"), "{document:#}");
            ensure!(found["freshness"] == "unproven", "{document:#}");
            ensure!(document["resolver_kind"] == "dev3", "{document:#}");
            let space = &document["dev3"];
            ensure!(space["gateway"] == host.as_str() && space["of"] == "nick.eth", "{document:#}");
            ensure!(space["core"] == false && document["recordhash"].is_null(), "{document:#}");
        }
    }
    // The gateway is down: the fallback has the same files, signed for the gateway.
    let down = name("down.eth");
    scene.register(&down, owner, false, [DEAD, host]).await?;
    scene.approve(&down, owner, &signer).await?;
    scene.put(&down, AVATAR, &signed(DEAD, &down, AVATAR, "back", &signer, None).encode())?;
    let document = scene.ask("down.eth", AVATAR, 0).await?;
    accepted(&document, "back")?;
    ensure!(record(&document)?["gateway"] == format!("https://{host}/"), "{document:#}");
    Ok(())
}

/// What neither the contract nor this program takes, and what is not there.
pub async fn bad() -> Result<()> {
    let scene = Scene::start().await?;
    let (owner, signer, nick) = (person(1).address(), person(2), name("nick.eth"));
    let host = &scene.host;
    scene.register(&nick, owner, false, [host, ""]).await?;
    scene.approve(&nick, owner, &signer).await?;
    let mut changed = signed(host, &nick, AVATAR, "good", &signer, None);
    changed.result = value(AVATAR, "evil").abi_encode().into();
    let redirect = [&[0xc2, 0x01, 0x17, 0xa4], &changed.encode()[4..]].concat();
    let sign = |gateway: &str, kind: &str, by: &SignerKey, approver: Option<&SignerKey>| {
        signed(gateway, &nick, kind, "good", by, approver).encode()
    };
    for (payload, why) in [
        (changed.encode(), "its signature (SIGN 4) is not by its signer"),
        (sign("other.example", AVATAR, &signer, None), "its signature (SIGN 4) is not by"),
        (sign(host, "text/url", &signer, None), "its signature (SIGN 4) is not by"),
        (sign(host, AVATAR, &person(3), None), "is not approved on chain"),
        (sign(host, AVATAR, &person(3), Some(&person(4))), "who approved it"),
        (sign("other.example", AVATAR, &person(3), Some(&signer)), "who approved it"),
        (redirect, "a signed redirect"),
    ] {
        scene.put(&nick, AVATAR, &payload)?;
        let document = scene.ask("nick.eth", AVATAR, 3).await?;
        refused(&document)?;
        let found = record(&document)?;
        let refusals = ["local", "contract"].map(|who| found["verdicts"][who].to_string());
        ensure!(refusals.iter().all(|said| said.contains("refused: ")), "{why}: {document:#}");
        ensure!(refusals[0].contains(why), "{why}: {document:#}");
        ensure!(kind(&document) == Some(ErrorKind::Unverified), "{document:#}");
    }
    // Approved by somebody who is.
    scene.put(&nick, AVATAR, &sign(host, AVATAR, &person(3), Some(&signer)))?;
    accepted(&scene.ask("nick.eth", AVATAR, 0).await?, "good")?;
    refused(&scene.ask("nick.eth", "text/none", 4).await?)?;
    // Nothing at or above it has a gateway.
    let other = name("other.eth");
    scene.world.chain.register(&other, owner, RESOLVER).await?;
    let document = scene.ask("other.eth", AVATAR, 4).await?;
    ensure!(record(&document)?["error"].to_string().contains("INVALID_DOMAIN"), "{document:#}");
    Ok(())
}

/// The resolver's own names: every record needs an approval, and names below are GitHub accounts.
pub async fn core() -> Result<()> {
    let scene = Scene::start().await?;
    let (admin, signer, approver) = (scene.world.chain.accounts()[0], person(2), person(3));
    let (dev3, host) = (name("dev3.eth"), &scene.host);
    scene.register(&dev3, admin, true, [host, ""]).await?;
    scene.approve(&dev3, admin, &signer).await?;
    scene.approve(&dev3, admin, &approver).await?;
    scene.put(&dev3, AVATAR, &signed(host, &dev3, AVATAR, "core", &signer, None).encode())?;
    let document = scene.ask("dev3.eth", AVATAR, 3).await?;
    refused(&document)?;
    let found = &record(&document)?["verdicts"];
    ensure!(found["local"].to_string().contains("which every record of this name needs"));
    ensure!(found["contract"].to_string().contains("BAD_CORE_APPROVER"), "{document:#}");
    let approved = signed(host, &dev3, AVATAR, "core", &person(4), Some(&approver));
    scene.put(&dev3, AVATAR, &approved.encode())?;
    let document = scene.ask("dev3.eth", AVATAR, 0).await?;
    accepted(&document, "core")?;
    ensure!(document["dev3"]["core"] == true, "{document:#}");
    let manager = format!("approved by the manager {}", approver.address());
    ensure!(record(&document)?["approval"].to_string().contains(&manager), "{document:#}");

    // GitHub itself is not asked here: where the contract sends its clients, and what it takes.
    let alice = name("blog.alice.dev3.eth");
    let [wire, request] = [alice.dns(), key(AVATAR).resolver_call_of(&alice)].map(Bytes::from);
    let resolve = (wire, request);
    let call = [&[0x90, 0x61, 0xb9, 0x23], &resolve.abi_encode_params()[..]].concat();
    let Err(Failure::Lookup(lookup)) = scene.world.call(RESOLVER, call).await? else {
        anyhow::bail!("no lookup");
    };
    let path = "/.well-known/eth/dev3/alice/blog/text/avatar.json?{data}";
    let raw = "https://raw.githubusercontent.com/alice/alice.github.io/main";
    let urls = [format!("https://alice.github.io{path}"), format!("{raw}{path}")];
    ensure!(lookup.urls == urls, "{:?}", lookup.urls);
    let sign = |gateway| signed(gateway, &alice, AVATAR, "me", &person(4), Some(&approver));
    let verdict = scene.world.callback(&lookup, &sign("alice.github.io").encode()).await?;
    ensure!(verdict == Ok(value(AVATAR, "me").abi_encode().into()), "{verdict:?}");
    ensure!(scene.world.callback(&lookup, &sign(host).encode()).await?.is_err());
    Ok(())
}
