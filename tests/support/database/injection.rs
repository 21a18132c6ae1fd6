//! Names and keys that are something else to a database, a path or a header.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use alloy_primitives::{Address, hex};
use anyhow::{Context, Result, ensure};
use namesys::ens::Name;
use namesys::record::{RecordKey, TextKey};
use serde_json::{Value as Json, json};

use super::{Gateway, Person};

const KEYS: [&str; 16] = [
    "'; DROP TABLE records; --",
    "\" OR \"\"=\"",
    "x' UNION SELECT data FROM records --",
    "$1",
    ":kind",
    "\u{202e}x",
    "名前 🦤",
    "*_`|",
    "..",
    "../../x",
    "a\\b",
    "a\u{0}b",
    "a\r\nset-cookie: x",
    "{data}",
    "%2e%2e",
    "?x#y",
];
const NAMES: [&str; 11] = [
    "'; DROP TABLE names; --.eth",
    "nick.eth' OR '1'='1",
    "\" OR \"\"=\"",
    "../../nick.eth",
    "..",
    "nick..eth",
    "nick.eth\u{0}",
    "nick.eth\n",
    "NICK.eth",
    "a/b.eth",
    "",
];
const PATHS: [&str; 10] = [
    "/.well-known/eth/nick/text/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/.well-known/../../../../etc/passwd",
    "/.well-known/eth/%2e%2e/eth/nick/text/first.json",
    "/.well-known//eth/nick/text/first.json",
    "/.well-known/eth/nick/text/first.json%00",
    "/.well-known/eth/nick'%20OR%20'1'='1/text/first.json",
    "/.well-known/eth/nick/text/%FF.json",
    "/.well-known/eth/nick/text/first%0d%0aset-cookie:x.json",
    "/0xe7d34ec5a36018a07b8c239793c4e7656f9dcb0a/0x59d1d43c'--",
    "/'%20OR%20'1'='1/0x59d1d43c",
];

/// What is taken comes back as it is, what is refused is told, and nothing else happens.
pub async fn keeps_out(database: &str) -> Result<()> {
    let person = Person::new(8)?;
    let flags = ["--name-rate", "0", "--address-rate", "0"];
    let gateway = Gateway::start(database, person.address(), &flags)?;
    let of = Name::parse("nick.eth")?;
    let first = person.text(&of, "first", "1", person.tick())?;
    ensure!(gateway.post("/", first.clone()).await?.0 == 200);
    let good: Json = serde_json::from_str(&first)?;
    let mut taken = 0;
    for key in KEYS {
        if TextKey::parse(key).is_ok() {
            is_kept(&gateway, &person, &of, key).await?;
            taken += 1;
            continue;
        }
        let mut body = good.clone();
        body["records"]["text"][0]["key"] = json!(key);
        let (status, told) = gateway.post("/", body.to_string()).await?;
        ensure!((status, told["error"].is_string()) == (400, true), "{key:?}: {status} {told}");
    }
    ensure!(taken > 5, "{taken} keys are taken");
    for name in NAMES {
        let mut body = good.clone();
        body["ens"] = json!(name);
        let (status, told) = gateway.post("/", body.to_string()).await?;
        ensure!((status, told["error"].is_string()) == (400, true), "{name:?}: {status} {told}");
        let query = "query S($name: String!) { domain(name: $name) { sequence } }";
        let body = json!({ "query": query, "variables": { "name": name } });
        let (status, answer) = gateway.post("/graphql", body.to_string()).await?;
        // A name that is only written otherwise is the same one.
        let is_other = name.to_lowercase() != of.as_str();
        ensure!(status == 200 && answer["data"]["domain"].is_null() == is_other, "{answer}");
    }
    let address = gateway.url.strip_prefix("http://").context("http")?;
    for path in PATHS {
        let answer = raw(address, path)?;
        let status = answer.get(9..12).unwrap_or_default();
        ensure!(["400", "404"].contains(&status), "{path}: {answer}");
        ensure!(!answer.contains("root:") && !answer.to_lowercase().contains("\r\nset-cookie"));
    }
    let body = json!({ "query": "{ domain(name: \"nick.eth\") { sequence } }" });
    let (_, answer) = gateway.post("/graphql", body.to_string()).await?;
    let changes = (taken + 1).to_string();
    ensure!(answer["data"]["domain"]["sequence"] == changes.as_str(), "{answer}");
    Ok(())
}

/// A record of this key is taken, and read by its call.
async fn is_kept(gateway: &Gateway, person: &Person, of: &Name, key: &str) -> Result<()> {
    let key = RecordKey::parse(&format!("text/{key}"))?;
    let record = person.record(of, &key.to_string(), key.to_string().as_str(), person.tick())?;
    let data = hex::encode_prefixed(record.payload.encode());
    let body = person.post(of, vec![record])?.to_json()?;
    let (status, told) = gateway.post("/", body).await?;
    ensure!(status == 200, "{key:?}: {status} {told}");
    let call = hex::encode_prefixed(key.resolver_call(of.node()));
    let question = json!({ "sender": Address::ZERO, "data": call }).to_string();
    let (status, got) = gateway.post("/", question).await?;
    ensure!((status, &got["data"]) == (200, &json!(data)), "{key:?}: {status} {got}");
    Ok(())
}

/// Asks for a path as it is: clients clean paths, attackers do not.
fn raw(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
