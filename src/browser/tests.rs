//! A page as far as the server can tell, and its links.

mod server;
mod wallet;

use std::sync::Mutex as StdMutex;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use alloy_primitives::hex;

use super::*;
use crate::ens::Name;
use crate::keys::SignerKey;
use crate::request::Request;
use crate::wallet::{LocalWallet, Wallet, sign_checked, sign_twice};

/// The links that were told.
type Links = Arc<StdMutex<Vec<String>>>;

fn config() -> (BrowserConfig, Links) {
    let links = Links::default();
    let told = links.clone();
    let tell: Tell = Arc::new(move |what: Told<'_>| {
        let (Told::Open(url) | Told::Again(url)) = what;
        told.lock().unwrap().push(url.to_owned());
    });
    (BrowserConfig::new("namesys test", tell), links)
}

async fn link(links: &Links, number: usize) -> String {
    for _ in 0..1_000 {
        if let Some(link) = links.lock().unwrap().get(number) {
            return link.clone();
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("no link was told");
}

fn key() -> SignerKey {
    SignerKey::from_hex(&SecretString::new("01".repeat(32))).unwrap()
}

fn name() -> Name {
    Name::parse("nick.eth").unwrap()
}

fn sign1() -> Request<'static> {
    use crate::request::{Caip10, Extradata, Origin};
    let address = key().address();
    let extradata = Extradata::of_password(&SecretString::new(String::new()), address);
    let (origin, wallet) = (Origin::Wallet(address), Caip10::new(1, address));
    Request::GenerateIpnsKey { origin, extradata, wallet }
}

/// What came: status, head and body.
struct Came {
    status: u16,
    head: String,
    body: String,
}

impl Came {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Sends these bytes and reads to the end.
async fn raw(address: &str, bytes: &[u8]) -> Came {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut came = Vec::new();
    // Whoever cuts the connection has said what there is to say.
    let _ = stream.read_to_end(&mut came).await;
    let came = String::from_utf8_lossy(&came).into_owned();
    let (head, body) = came.split_once("\r\n\r\n").unwrap_or((&came, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Came { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// A page, as far as the server can tell.
#[derive(Clone)]
struct Tab {
    address: String,
    session: String,
}

impl Tab {
    async fn open(link: &str) -> Self {
        let (address, _) = parts(link);
        let mut tab = Self { address, session: String::new() };
        let came = tab.exchange(link).await;
        assert_eq!(came.status, 200, "{}", came.body);
        tab.session = came.json()["session"].as_str().unwrap().to_owned();
        tab
    }

    async fn exchange(&self, link: &str) -> Came {
        self.post("/session", &json!({ "link": parts(link).1 })).await
    }

    async fn post(&self, path: &str, body: &Value) -> Came {
        let origin = format!("Origin: http://{}", self.address);
        self.post_with(path, &[&origin], &self.address, body).await
    }

    async fn post_with(&self, path: &str, fields: &[&str], host: &str, body: &Value) -> Came {
        let (body, session) = (body.to_string(), &self.session);
        let fields = fields.join("\r\n");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\nX-Namesys-Session: {session}\r\n\
             Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(&self.address, request.as_bytes()).await
    }

    async fn choose(&self, account: Address) -> Came {
        self.post("/account", &json!({ "address": account.to_string() })).await
    }

    /// The call that is to be answered now.
    async fn call(&self) -> Value {
        let mut seen = 0;
        loop {
            let news = self.post("/news", &json!({ "seen": seen })).await.json();
            if !news["call"].is_null() {
                return news;
            }
            seen = news["version"].as_u64().unwrap();
        }
    }

    /// Answers the next call.
    async fn answers(&self, answer: impl FnOnce(&str) -> Value) -> Came {
        let news = self.call().await;
        let call = &news["call"];
        let (id, mut body) = (call["id"].as_u64().unwrap(), json!({}));
        let text = news["requests"][id as usize - 1]["text"].as_str().unwrap();
        assert_eq!(call["method"], "personal_sign");
        assert_eq!(call["params"][0], hex::encode_prefixed(text), "what is shown is signed");
        body["id"] = id.into();
        let answer = answer(text);
        match answer.get("error") {
            Some(error) => body["error"] = error.clone(),
            None => body["result"] = answer,
        }
        self.post("/answer", &body).await
    }
}

fn parts(link: &str) -> (String, String) {
    let rest = link.strip_prefix("http://").unwrap();
    let (address, link) = rest.split_once("/t/").unwrap();
    (address.to_owned(), link.to_owned())
}

fn signed(text: &str) -> Value {
    json!(format!("{:x}", key().sign_text(text)))
}

/// A wallet that is open, and its page.
async fn opened(config: BrowserConfig, links: &Links) -> (BrowserWallet, Tab) {
    let opening = tokio::spawn(BrowserWallet::open(config));
    let tab = Tab::open(&link(links, 0).await).await;
    assert_eq!(tab.choose(key().address()).await.status, 200);
    (opening.await.unwrap().unwrap(), tab)
}
