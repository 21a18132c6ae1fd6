//! `serve --database` on a chain: whose records are taken is what the chain says, at its newest
//! block; and what was taken resolves, by an https:// recordhash.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use alloy_primitives::Bytes;
use anyhow::{Context, Result, bail, ensure};
use namesys::devnet::chain::bindings::Registry;
use namesys::devnet::chain::{CHAIN_ID, REGISTRY};
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::report::ServeReport;
use namesys::request::{PostForm, PostedRecord, RecordsPost, Signature};
use tempfile::TempDir;

use crate::cli::{Run, accepted};
use crate::node::{Do, Node, node};
use crate::people::{approval, ipns_key, key, name, person, signed, value};
use crate::process::Server;
use crate::trials::web::certificates;
use crate::world::World;

const AVATAR: &str = "text/avatar";
/// For a gateway to see a new block, and a node to be given up.
const SOON: Duration = Duration::from_secs(30);

/// A gateway with TLS, which asks a node that can be switched off.
struct Gateway {
    url: String,
    client: reqwest::Client,
    is_down: Arc<AtomicBool>,
    now: u64,
    node: Node,
    _folder: TempDir,
    _server: Server,
}

impl Gateway {
    async fn start(world: &World) -> Result<Self> {
        let is_down = Arc::new(AtomicBool::new(false));
        let switch = is_down.clone();
        let rule = move |_: &str, _| match switch.load(Ordering::SeqCst) {
            true => Do::Answer(503, String::new()),
            false => Do::PassOn,
        };
        let node = node(world.chain.rpc_url(), rule).await?;
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.env_clear().env("HOME", folder.path()).current_dir(folder.path());
        command.args(["--json", "serve", "--database", "sqlite:x.db", "--listen", "127.0.0.1:0"]);
        command.args(["--rpc-url", &node.url, "--tls-cert"]).arg(certificates("server.pem"));
        command.arg("--tls-key").arg(certificates("server.key"));
        // It asks the node which chain this is, which is answered on this thread.
        let start = move || Server::start::<ServeReport>(&mut command, SOON);
        let (server, report) = tokio::task::spawn_blocking(start).await??;
        let ca = reqwest::Certificate::from_pem(&std::fs::read(certificates("ca.pem"))?)?;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build()?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() - 100_000;
        let (_folder, _server) = (folder, server);
        Ok(Self { url: report.url, client, is_down, now, node, _folder, _server })
    }

    /// What it says of these records of `of`, each newer than what was posted before.
    async fn post_all(
        &mut self,
        of: &Name,
        records: &[(&str, &str, &SignerKey)],
        sign3: Option<&Signature>,
    ) -> Result<u16> {
        self.now += 1;
        let posted = records.iter().map(|(record, text, signer)| PostedRecord {
            key: key(record),
            value: value(record, text),
            timestamp: self.now,
            payload: signed(of, record, text, signer, sign3),
        });
        let approval = sign3.map(|sign3| Bytes::copy_from_slice(sign3.as_bytes()));
        let approval = approval.unwrap_or_default();
        let (form, posted) = (PostForm::Ensip19, posted.collect());
        let body = RecordsPost::new(form, of.clone(), CHAIN_ID, approval, posted)?.to_json()?;
        let answer = self.client.post(&self.url).body(body).send().await?;
        Ok(answer.status().as_u16())
    }

    async fn post(
        &mut self,
        of: &Name,
        text: &str,
        signer: &SignerKey,
        sign3: Option<&Signature>,
    ) -> Result<u16> {
        self.post_all(of, &[(AVATAR, text, signer)], sign3).await
    }

    /// Posts until it says `status`, in place of `before`.
    async fn soon(
        &mut self,
        (before, status): (u16, u16),
        of: &Name,
        signer: &SignerKey,
        sign3: Option<&Signature>,
    ) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < SOON {
            match self.post(of, "again", signer, sign3).await? {
                found if found == status => return Ok(()),
                found => ensure!(found == before, "{found}, where {before} turns into {status}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("{before} does not turn into {status}")
    }
}

/// The owner's signer, one that is approved on chain, strangers, a node that does not answer, and
/// the name in other hands.
pub async fn owners() -> Result<()> {
    let (owner, buyer, signer, stranger) = (person(1), person(2), person(3), person(4));
    let nick = name("nick.eth");
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let mut gateway = Gateway::start(&world).await?;
    let sign3 = approval(&nick, signer.address(), owner.address(), &owner);
    ensure!(gateway.post(&nick, "first", &signer, Some(&sign3)).await? == 200);
    ensure!(gateway.post(&nick, "x", &stranger, None).await? == 401);
    let own_word = approval(&nick, stranger.address(), owner.address(), &stranger);
    ensure!(gateway.post(&nick, "x", &stranger, Some(&own_word)).await? == 401);
    // Below a registered level its owner's, and below none nobody's.
    ensure!(gateway.post(&name("nobodys.eth"), "x", &owner, None).await? == 401);
    ensure!(gateway.post(&name("nobodys.nothing"), "x", &owner, None).await? == 403);
    // Anybody can write down as many accounts as they like.
    let many: Vec<SignerKey> = (10..19).map(person).collect();
    let keys: Vec<String> = (0..many.len()).map(|number| format!("text/{number}")).collect();
    let records = keys.iter().map(String::as_str).zip(&many);
    let records: Vec<_> = records.map(|(key, by)| (key, "x", by)).collect();
    let asked = gateway.node.asked("eth_call");
    let status = gateway.post_all(&nick, &records, None).await?;
    ensure!([400, 401].contains(&status), "{status}");
    let asked = gateway.node.asked("eth_call") - asked;
    ensure!(asked < records.len(), "{asked} questions to the node for one body");

    ensure!(gateway.post(&nick, "x", &signer, None).await? == 401, "nothing is on chain yet");
    world.chain.approve(owner.address(), &nick, signer.address()).await?;
    gateway.soon((401, 200), &nick, &signer, None).await?;
    resolves(&world, &gateway, &owner, "again").await?;

    gateway.is_down.store(true, Ordering::SeqCst);
    // Of this name the chain's word may still be known for a moment, and is good then.
    gateway.soon((200, 503), &nick, &signer, None).await?;
    ensure!(gateway.post(&nick, "x", &stranger, None).await? == 503, "nobody can say");
    gateway.is_down.store(false, Ordering::SeqCst);
    gateway.soon((503, 200), &nick, &signer, Some(&sign3)).await?;

    // The same signatures under another approval: the new owner lets the signer stay.
    let transfer = Registry::setOwnerCall { node: nick.node(), owner: buyer.address() };
    world.chain.send(owner.address(), REGISTRY, transfer).await?;
    gateway.soon((200, 401), &nick, &signer, Some(&sign3)).await?;
    ensure!(gateway.post(&nick, "x", &owner, None).await? == 401);
    ensure!(gateway.post(&nick, "x", &signer, None).await? == 401);
    let stays = approval(&nick, signer.address(), buyer.address(), &buyer);
    ensure!(gateway.post(&nick, "again", &signer, Some(&stays)).await? == 200);
    resolves(&world, &gateway, &buyer, "again").await?;
    ensure!(gateway.post(&nick, "bought", &buyer, None).await? == 200);
    resolves(&world, &gateway, &buyer, "bought").await
}

/// The gateway as an https:// recordhash: its record is what the contract accepts.
async fn resolves(world: &World, gateway: &Gateway, owner: &SignerKey, text: &str) -> Result<()> {
    world.set_recordhash(&name("nick.eth"), owner.address(), gateway.url.as_bytes()).await?;
    let ca = certificates("ca.pem");
    let run = Run::resolve(&["nick.eth", AVATAR, "--ca-file", ca.to_str().context("UTF-8")?]);
    let run = run.env("ETH_RPC_URL", world.chain.rpc_url());
    accepted(&run.env("NAMESYS_GATEWAY_URL", &gateway.url).ends(0).await?, text)
}
