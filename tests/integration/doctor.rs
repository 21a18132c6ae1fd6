//! `doctor` and the services of every kind: what it says when they fail, and that it only asks.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::devnet::Devnet;
use crate::support::sandbox::Sandbox;

/// A web server that answers everything with one status, and keeps the request lines.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(status: u16) -> Result<Self> {
        Self::dated(status, "")
    }

    /// With a further header.
    fn dated(status: u16, header: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                if let Some(line) = lines.next() {
                    kept.lock().unwrap().push(line);
                }
                lines.find(String::is_empty);
                let _ = write!(
                    &stream,
                    "HTTP/1.1 {status} so\r\n{header}content-length: 2\r\nconnection: close\r\n\r\nno"
                );
            }
        });
        Ok(Self { url, seen })
    }
}

fn check<'a>(document: &'a Value, what: &str) -> Result<&'a Value> {
    let all = document["checks"].as_array().context("checks")?;
    let found = all.iter().find(|check| check["what"].as_str().unwrap_or("").starts_with(what));
    found.with_context(|| format!("no check of {what}: {document:#}"))
}

/// Checks that it failed, with these words in what is wrong and in what to do.
fn fails(document: &Value, what: &str, detail: &str, hint: &str) -> Result<()> {
    let check = check(document, what)?;
    ensure!(check["ok"] == false, "{what}: {check}");
    ensure!(check["detail"].as_str().unwrap_or("").contains(detail), "{what}: {check}");
    ensure!(check["hint"].as_str().unwrap_or("").contains(hint), "{what}: {check}");
    Ok(())
}

const KINDS: [(&str, &str, &str); 4] = [
    ("cluster", "upload IPFS Cluster", "NAMESYS_CLUSTER_TOKEN"),
    ("pinning-service", "upload pinning service", "NAMESYS_PINNING_TOKEN"),
    ("pinata", "upload pinata", "PINATA_JWT"),
    ("s3", "upload s3", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
];

fn with_tokens() -> Result<Sandbox> {
    let mut sandbox = Sandbox::new()?;
    for variable in
        ["NAMESYS_PINNING_TOKEN", "PINATA_JWT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    {
        sandbox.set_env(variable, "hunter2");
    }
    Ok(sandbox)
}

fn doctor(sandbox: &Sandbox, uploads: &[String]) -> Result<Value> {
    let flags = uploads.iter().flat_map(|upload| ["--upload", upload]);
    let (code, document) = sandbox.json(["doctor"].into_iter().chain(flags))?;
    ensure!(code == 1, "exit {code}: {document:#}");
    ensure!(!document.to_string().contains("hunter2"), "{document:#}");
    Ok(document)
}

#[test]
fn every_kind_of_upload_says_what_to_do() -> Result<()> {
    let mut sandbox = with_tokens()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    let at = |url: &str| KINDS.map(|(kind, _, _)| format!("{kind}={url}/names"));
    let refused = Server::start(401)?;
    let document = doctor(&sandbox, &at(&refused.url))?;
    for (_, what, credentials) in KINDS {
        fails(&document, what, "401", credentials)?;
    }
    let missing = Server::start(404)?;
    let document = doctor(&sandbox, &at(&missing.url))?;
    for (kind, what, _) in KINDS {
        fails(&document, what, "404", if kind == "s3" { "make the bucket" } else { "address" })?;
    }
    let ill = Server::start(500)?;
    let document = doctor(&sandbox, &at(&ill.url))?;
    for (_, what, _) in KINDS {
        fails(&document, what, "500", "later")?;
    }
    let document = doctor(&sandbox, &at("http://127.0.0.1:1"))?;
    for (_, what, _) in KINDS {
        fails(&document, what, "refuses connections", "--upload")?;
    }
    // Whatever it is asked for, nothing is to stay.
    for server in [refused, missing, ill] {
        let seen = server.seen.lock().unwrap();
        ensure!(seen.len() >= KINDS.len(), "{seen:?}");
        let asks = |line: &String| line.starts_with("GET ") || line.starts_with("HEAD ");
        ensure!(seen.iter().all(asks), "{seen:?}");
    }
    Ok(())
}

/// A service without its token is one failure among the checks, not the end of them.
#[test]
fn what_is_not_set_up_stops_nothing() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    let places = KINDS.map(|(kind, _, _)| format!("{kind}=http://127.0.0.1:1/names"));
    let document = doctor(&sandbox, &places)?;
    fails(&document, "upload pinning-service", "needs a token", "NAMESYS_PINNING_TOKEN")?;
    fails(&document, "upload pinata", "PINATA_JWT is not set", "token_env")?;
    fails(&document, "upload s3", "AWS_ACCESS_KEY_ID is not set", "key_env")?;
    fails(&document, "upload IPFS Cluster", "refuses connections", "--upload")?;
    ensure!(check(&document, "publisher w3name")?["ok"] == true, "{document:#}");
    ensure!(check(&document, "gateway")?["ok"] == true, "{document:#}");
    Ok(())
}

#[test]
fn a_folder_is_looked_at_and_left_alone() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    sandbox.write("pages/index.html", "mine")?;
    sandbox.write("file", "")?;
    let places = ["pages", "new", "file", "no/new"].map(|place| format!("folder={place}"));
    let document = doctor(&sandbox, &places)?;
    let folder = |name: &str| format!("upload folder {}", sandbox.path(name).display());
    for (name, says) in [("pages", "it can be written to"), ("new", "it is made when")] {
        let check = check(&document, &folder(name))?;
        ensure!(check["ok"] == true, "{check}");
        ensure!(check["detail"].as_str().unwrap_or("").starts_with(says), "{check}");
    }
    fails(&document, &folder("file"), "is not a folder", "folder=DIR")?;
    fails(&document, &folder("no"), "is not there", "folder=DIR")?;
    ensure!(std::fs::read_dir(sandbox.path("pages"))?.count() == 1, "something is left there");
    ensure!(!sandbox.path("new").exists() && !sandbox.path("no").exists());
    Ok(())
}

#[test]
fn publishers_and_gateways_say_what_to_do() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    let (busy, ill) = (Server::start(429)?, Server::start(500)?);
    let publishers = [format!("w3name={}", ill.url), format!("routing={}", busy.url)];
    let mut arguments = vec!["doctor", "--gateway", &busy.url, "--gateway", &devnet.urls.gateway];
    arguments.extend(publishers.iter().flat_map(|publisher| ["--publisher", publisher]));
    let (code, document) = sandbox.json(&arguments)?;
    ensure!(code == 1, "{document:#}");
    fails(&document, "publisher w3name", "500", "later")?;
    fails(&document, "publisher delegated", "429", "wait a minute")?;
    fails(&document, &format!("gateway {}", busy.url), "429", "of your own")?;
    ensure!(check(&document, &format!("gateway {}", devnet.urls.gateway))?["ok"] == true);
    Ok(())
}

#[test]
fn a_clock_that_is_off_is_said() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let past = Server::dated(404, "date: Sun, 09 Sep 2001 01:46:40 GMT\r\n")?;
    let at = |kind: &str| format!("{kind}={}", past.url);
    let (publisher, upload) = (at("w3name"), at("kubo"));
    let arguments =
        ["doctor", "--publisher", &publisher, "--upload", &upload, "--gateway", &past.url];
    let (_, document) = sandbox.json(arguments)?;
    fails(&document, "local clock", "s ahead of 127.0.0.1", "set the clock")?;
    Ok(())
}
