//! The gateway of the binary under test on a database, and what any database has to pass.

pub mod injection;
pub mod postgres;
pub mod suite;

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alloy_primitives::{Address, Bytes};
use anyhow::{Context, Result, ensure};
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::record::{RecordKey, Value};
use namesys::report::ServeReport;
use namesys::request::{Freshness, PostForm, PostedRecord, RecordsPost, Request, Signature};
use namesys::secret::Secret;
use serde_json::Value as Json;

use super::process::Server;

const START_LIMIT: Duration = Duration::from_secs(60);
/// The chain id in the texts.
pub const CHAIN: u64 = 1;

/// A gateway that runs until it is dropped, which ends it with SIGKILL.
pub struct Gateway {
    /// Where it is.
    pub url: String,
    server: Server,
    client: reqwest::Client,
}

impl Gateway {
    /// Starts one on `database`; the owner of every name is `owner`.
    pub fn start(database: &str, owner: Address, flags: &[&str]) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.env_clear().env("NAMESYS_DATABASE", database).env("HOME", "/nonexistent");
        command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--owner"]);
        command.arg(owner.to_string()).args(flags);
        let (server, report) = Server::start::<ServeReport>(&mut command, START_LIMIT)?;
        // Nothing here is encrypted, and the client wants to know how it would be.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { url: report.url, server, client })
    }

    /// Ends it with SIGKILL.
    pub fn kill_now(&self) -> Result<()> {
        let pid = self.server.id().to_string();
        ensure!(Command::new("kill").args(["-KILL", &pid]).status()?.success(), "kill");
        Ok(())
    }

    /// Posts a body to `path`.
    pub async fn post(&self, path: &str, body: String) -> Result<(u16, Json)> {
        let answer = self.client.post(format!("{}{path}", self.url)).body(body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// What is at `path`.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// The payload of a record, as its file has it.
    pub async fn payload(&self, name: &Name, key: &RecordKey) -> Result<Option<Bytes>> {
        let path = format!("/{}/{}", name.well_known(), key.file_name());
        match self.get(&path).await? {
            (404, _) => Ok(None),
            (200, text) => {
                let file: Json = serde_json::from_str(&text)?;
                Ok(Some(file["data"].as_str().context("data")?.parse()?))
            }
            (status, text) => anyhow::bail!("{status} {text}"),
        }
    }
}

/// An owner, and the signer of their records.
pub struct Person {
    owner: SignerKey,
    signer: SignerKey,
    clock: AtomicU64,
}

impl Person {
    /// Number `n`.
    pub fn new(n: u8) -> Result<Self> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        Ok(Self {
            owner: SignerKey::from_scalar(&Secret::new([n; 32]))?,
            signer: SignerKey::from_scalar(&Secret::new([n + 100; 32]))?,
            clock: AtomicU64::new(now - 100_000),
        })
    }

    /// The same signer, of the owner number `n`.
    pub fn moved_to(self, n: u8) -> Result<Self> {
        Ok(Self { owner: SignerKey::from_scalar(&Secret::new([n; 32]))?, ..self })
    }

    /// Their address.
    pub fn address(&self) -> Address {
        self.owner.address()
    }

    /// A time that is newer than each before.
    pub fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// A record, signed, of this time.
    pub fn record(
        &self,
        name: &Name,
        key: &str,
        value: &str,
        timestamp: u64,
    ) -> Result<PostedRecord> {
        let key = RecordKey::parse(key)?;
        let value = Value::parse(&key, value)?;
        let approval = self.approval(name);
        let payload = self.signer.sign_record(name, &key, &value, CHAIN, Some(&approval));
        Ok(PostedRecord { key, value, timestamp, payload })
    }

    fn approval(&self, name: &Name) -> Signature {
        let (signer, owner) = (self.signer.address(), self.owner.address());
        self.owner.sign(&Request::ApproveSigner { name, chain_id: CHAIN, signer, owner })
    }

    /// The body of these.
    pub fn post(&self, name: &Name, records: Vec<PostedRecord>) -> Result<RecordsPost> {
        let approval = Bytes::copy_from_slice(self.approval(name).as_bytes());
        Ok(RecordsPost::new(PostForm::Ensip19, name.clone(), CHAIN, approval, records)?)
    }

    /// The body of one text record.
    pub fn text(&self, name: &Name, key: &str, value: &str, timestamp: u64) -> Result<String> {
        let record = self.record(name, &format!("text/{key}"), value, timestamp)?;
        Ok(self.post(name, vec![record])?.to_json()?)
    }

    /// The same body with the signer's word for when it is posted.
    pub fn fresh(&self, post: RecordsPost, timestamp: u64) -> Result<String> {
        let signature = self.signer.sign(&post.freshness_request(timestamp, self.signer.address()));
        Ok(post.with_freshness(Freshness { timestamp, signature }).to_json()?)
    }
}
