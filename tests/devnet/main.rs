//! The embedded network, used as its clients use it: over HTTP.

#![allow(clippy::unwrap_used)]

mod gateway;
mod mutable;
mod promises;
mod routing;
mod rpc;
mod server;
mod trustless;
mod w3name;

use std::io::Cursor;
use std::time::Duration;

use cid::Cid;
use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{Devnet, DevnetConfig};
use namesys::ipfs::{BlockSink, CarWriter, MemoryBlocks, pack_files};
use namesys::ipns;
use namesys::keys::IpnsKey;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

/// A value for records whose content does not matter.
const VALUE: &str = "/ipfs/bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";

/// A devnet and a client that follows no redirects.
struct Net {
    devnet: Devnet,
    http: Client,
    url: String,
}

impl Net {
    async fn start() -> Self {
        Self::with(DevnetConfig::ephemeral()).await
    }

    async fn with(config: DevnetConfig) -> Self {
        // An error says that another test has installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let devnet = Devnet::start(config).await.unwrap();
        let url = devnet.urls().gateway;
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Self { devnet, http, url }
    }

    async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    async fn get_with(&self, path: &str, header: &str, value: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.url)).header(header, value);
        request.send().await.unwrap()
    }

    /// Publishes a record over the w3name API.
    async fn publish(&self, name: &str, record: &[u8]) -> Response {
        let body = BASE64.encode(record);
        self.http.post(format!("{}/name/{name}", self.url)).body(body).send().await.unwrap()
    }

    async fn import(&self, query: &str, car: Vec<u8>) -> Response {
        let part = reqwest::multipart::Part::bytes(car).file_name("tree.car");
        let form = reqwest::multipart::Form::new().part("file", part);
        let url = format!("{}/api/v0/dag/import{query}", self.url);
        self.http.post(url).multipart(form).send().await.unwrap()
    }

    /// Packs and uploads files; returns the root.
    async fn add(&self, files: &[(&str, &str)]) -> Cid {
        let (root, blocks) = pack(files);
        let response = self.import("", car(&root, &blocks)).await;
        assert_eq!(response.status(), StatusCode::OK);
        root
    }
}

fn pack<P: AsRef<str>, C: AsRef<[u8]>>(files: &[(P, C)]) -> (Cid, MemoryBlocks) {
    let mut blocks = MemoryBlocks::new();
    let files = files.iter().map(|(path, content)| (path.as_ref(), content.as_ref()));
    let packed = pack_files(files, &mut blocks).unwrap();
    (packed.root, blocks)
}

fn car(root: &Cid, blocks: &MemoryBlocks) -> Vec<u8> {
    let mut car = CarWriter::new(Cursor::new(Vec::new())).unwrap();
    for (cid, data) in blocks.iter() {
        car.put(cid, data).unwrap();
    }
    car.finish(root).unwrap().into_inner()
}

fn key(seed: u8) -> IpnsKey {
    IpnsKey::from_seed(&[seed; 32].into())
}

/// A record that is good for so many hours, which may be negative.
fn record_for(key: &IpnsKey, value: &str, sequence: u64, hours: i64) -> Vec<u8> {
    let validity = Timestamp::now() + SignedDuration::from_hours(hours);
    ipns::create(key, value, sequence, validity, Duration::from_secs(300)).unwrap()
}

fn record(key: &IpnsKey, value: &str, sequence: u64) -> Vec<u8> {
    record_for(key, value, sequence, 24)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name).unwrap_or_else(|| panic!("no header {name}"));
    value.to_str().unwrap()
}

async fn message(response: Response) -> String {
    let body: Value = response.json().await.unwrap();
    body["message"].as_str().unwrap().to_owned()
}
