//! The page's server as a hostile client meets it, and the wallet as a page plays it.

use std::sync::Mutex as StdMutex;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::ens::Name;
use crate::keys::SignerKey;
use crate::wallet::{LocalWallet, sign_checked, sign_twice};

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

#[tokio::test]
async fn each_signature_is_shown_asked_for_and_checked() {
    let (config, links) = config();
    let (wallet, tab) = opened(config, &links).await;
    let page = tokio::spawn({
        let tab = tab.clone();
        async move {
            for _ in 0..3 {
                assert_eq!(tab.answers(signed).await.status, 200);
            }
        }
    });
    let twice = sign_twice(&wallet, &sign1()).await.unwrap();
    assert_eq!(sign1().recover(twice.expose()), Ok(wallet.address()));
    let (name, signer) = (name(), Address::ZERO);
    let sign3 = Request::ApproveSigner { name: &name, chain_id: 1, signer, owner: signer };
    sign_checked(&wallet, &sign3).await.unwrap();
    page.await.unwrap();
    let shown = tab.post("/news", &json!({ "seen": 0 })).await;
    let news = shown.json();
    assert_eq!(news["requests"][0]["text"], sign1().to_string());
    assert_eq!(news["requests"][0]["secret"], true);
    assert!(news["requests"][1]["title"].as_str().unwrap().ends_with("again"));
    assert_eq!(
        (&news["requests"][2]["secret"], &news["requests"][2]["progress"]),
        (&json!(false), &json!("done"))
    );
    let signature = format!("{:x}", twice.expose());
    assert!(!shown.body.contains(&signature[2..]), "no signature goes back");
    let address = tab.address.clone();
    let seen = json!({ "seen": 0 });
    let (_, told) = tokio::join!(wallet.close(true), tab.post("/news", &seen));
    assert_eq!(told.status, 200);
    sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(&address).await.is_err(), "the server is gone");
}

#[tokio::test]
async fn what_wallets_answer_is_not_believed() {
    let other = SignerKey::from_hex(&SecretString::new("02".repeat(32))).unwrap();
    let own = format!("{:x}", key().sign_text(&sign1().to_string()));
    let (config, links) = config();
    let (wallet, tab) = opened(config, &links).await;
    let foreign = json!(format!("{:x}", other.sign_text(&sign1().to_string())));
    let leaked = json!({ "error": { "code": -32603, "message": format!("no\u{1b}[2J {own}") } });
    for (answer, kind, words) in [
        (foreign, "ForeignSignature", "recovers to"),
        (json!({ "r": own }), "Unusable", "an object"),
        (json!(null), "Unusable", "nothing"),
        (json!([own]), "Unusable", "a list"),
        (json!("0x"), "Signature", "a signature has"),
        (json!("not hex"), "Signature", "hexadecimal"),
        (json!({ "error": { "code": 4001, "message": own } }), "Declined", "was declined"),
        (leaked, "Unusable", "-32603"),
        (json!({ "error": { "code": {}, "message": [] } }), "Unusable", "no message"),
    ] {
        let page = tokio::spawn({
            let (tab, answer) = (tab.clone(), answer.clone());
            async move { tab.answers(|_| answer).await.status }
        });
        let error = sign_checked(&wallet, &sign1()).await.unwrap_err();
        assert_eq!(page.await.unwrap(), 200);
        let (debug, text) = (format!("{error:?}"), error.to_string());
        assert!(debug.contains(kind) && text.contains(words), "{answer}: {text}");
        for shown in [debug, text] {
            assert!(!shown.contains(&own[2..]) && !shown.contains('\u{1b}'), "{answer}: {shown}");
        }
    }
    let news = tab.post("/news", &json!({ "seen": 0 })).await.json();
    assert!(news["requests"].as_array().unwrap().iter().all(|one| one["progress"] == "refused"));
    // What nobody asked for, or was answered.
    for id in [0, 1, 100] {
        let came = tab.post("/answer", &json!({ "id": id, "result": own })).await;
        assert_eq!(came.status, 409, "{}", came.body);
    }
}

#[tokio::test]
async fn the_account_is_the_one_that_is_wanted_and_stays() {
    let (config, links) = config();
    let config = BrowserConfig { wanted: Some(key().address()), ..config };
    let opening = tokio::spawn(BrowserWallet::open(config));
    let tab = Tab::open(&link(&links, 0).await).await;
    let came = tab.choose(Address::repeat_byte(7)).await;
    assert_eq!(came.status, 409, "{}", came.body);
    assert!(came.body.contains(&key().address().to_string()), "{}", came.body);
    for garbage in [json!("nick.eth"), json!(""), json!("0x12"), json!(7)] {
        assert_eq!(tab.post("/account", &json!({ "address": garbage })).await.status, 400);
    }
    assert_eq!(tab.choose(key().address()).await.status, 200);
    let wallet = opening.await.unwrap().unwrap();
    assert_eq!(wallet.address(), key().address());
    assert_eq!(tab.choose(Address::repeat_byte(7)).await.status, 409);
}

#[tokio::test]
async fn a_link_works_once_and_for_one_tab() {
    let (config, links) = config();
    let (_wallet, tab) = opened(config, &links).await;
    let told = link(&links, 0).await;
    assert_eq!(tab.exchange(&told).await.status, 410, "a second use");
    let mut guess = told.clone();
    guess.pop();
    assert_eq!(tab.exchange(&guess).await.status, 403);
    let stranger = Tab { session: String::new(), ..tab.clone() };
    for (path, body) in [
        ("/news", json!({ "seen": 0 })),
        ("/account", json!({ "address": key().address().to_string() })),
        ("/answer", json!({ "id": 1, "result": "0x" })),
        ("/goes", json!({ "session": "" })),
    ] {
        assert_eq!(stranger.post(path, &body).await.status, 401, "{path}");
    }
    assert_eq!(tab.post("/news", &json!({ "seen": 0 })).await.status, 200, "a reload goes on");
}

#[tokio::test]
async fn a_page_that_was_closed_is_replaced() {
    let (config, links) = config();
    let config = BrowserConfig { silence: Duration::from_millis(800), ..config };
    let (wallet, old) = opened(config, &links).await;
    let signing = tokio::spawn(async move { sign_checked(&wallet, &sign1()).await });
    let tab = Tab::open(&link(&links, 1).await).await;
    assert_eq!(old.post("/news", &json!({ "seen": 0 })).await.status, 401, "the old tab");
    assert_eq!(old.exchange(&link(&links, 0).await).await.status, 403, "the old link");
    assert_eq!(tab.choose(key().address()).await.status, 200);
    assert_eq!(tab.answers(signed).await.status, 200, "what was asked is asked again");
    signing.await.unwrap().unwrap();
}

#[tokio::test]
async fn time_runs_out_where_nobody_does_anything() {
    let (config, links) = config();
    let config = BrowserConfig { patience: Duration::from_secs(1), ..config };
    let error = BrowserWallet::open(config.clone()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nobody did anything in the browser for 1 s, which is asked for the account"
    );
    links.lock().unwrap().clear();
    let (wallet, _tab) = opened(config, &links).await;
    let error = sign_checked(&wallet, &sign1()).await.unwrap_err();
    assert!(matches!(error, WalletError::Browser(BrowserError::TimedOut { .. })), "{error}");
}

#[tokio::test]
async fn other_sites_get_nothing() {
    let (config, links) = config();
    let (_wallet, tab) = opened(config, &links).await;
    let (address, news) = (&tab.address, json!({ "seen": 0 }));
    let port = address.rsplit(':').next().unwrap();
    let own = format!("Origin: http://{address}");
    // DNS rebinding: the page's own address, under a name of another.
    for host in [format!("evil.example:{port}"), "evil.example".to_owned(), String::new()] {
        let get = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(raw(address, get.as_bytes()).await.status, 403, "{host}");
        let origin = format!("Origin: http://{host}");
        assert_eq!(tab.post_with("/news", &[&origin], &host, &news).await.status, 403, "{host}");
    }
    for origin in [
        "Origin: https://evil.example".to_owned(),
        "Origin: null".to_owned(),
        "Origin: http://127.0.0.1:1".to_owned(),
        format!("Origin: http://localhost:{port}"),
        format!("Origin: https://{address}"),
        "X-Nothing: to say".to_owned(),
        format!("{own}\r\nOrigin: https://evil.example"),
    ] {
        assert_eq!(
            tab.post_with("/news", &[&origin], address, &news).await.status,
            403,
            "{origin}"
        );
    }
    assert_eq!(tab.post_with("/news", &[&own], address, &news).await.status, 200);
    let form = format!(
        "POST /news HTTP/1.1\r\nHost: {address}\r\n{own}\r\nContent-Type: text/plain\r\n\
         X-Namesys-Session: {}\r\nConnection: close\r\nContent-Length: 10\r\n\r\n{{\"seen\":0}}",
        tab.session
    );
    assert_eq!(raw(address, form.as_bytes()).await.status, 415, "no form can send it");
}

#[tokio::test]
async fn every_answer_has_the_headers_and_the_page_needs_nothing_else() {
    let (config, links) = config();
    let (_wallet, tab) = opened(config, &links).await;
    let address = &tab.address;
    for path in ["/", "/t/x", "/page.css", "/page.js", "/nothing"] {
        let get = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let came = raw(address, get.as_bytes()).await;
        assert_eq!(came.status, if path == "/nothing" { 404 } else { 200 }, "{path}");
        for field in [
            "content-security-policy: default-src 'none'; script-src 'self';",
            "frame-ancestors 'none'",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "cache-control: no-store",
        ] {
            assert!(came.head.contains(field), "{path} lacks {field}: {}", came.head);
        }
        assert!(!came.head.contains("access-control"), "{path}: {}", came.head);
        assert!(!came.head.contains("unsafe"), "{path}: {}", came.head);
    }
    let html = include_str!("page/index.html");
    assert_eq!(html.matches("<script").count(), 1, "no inline script");
    for inline in ["http:", "https:", "style=", "onclick", "onload", "javascript:", "<style"] {
        assert!(!html.contains(inline), "{inline}");
    }
    for source in [include_str!("page/page.js"), include_str!("page/page.css")] {
        for foreign in ["http:", "https:", "innerHTML", "eval(", "@import", "url("] {
            assert!(!source.contains(foreign), "{foreign}");
        }
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_slow_ones_cut() {
    let (config, links) = config();
    let (_wallet, tab) = opened(config, &links).await;
    let long = json!({ "id": 1, "result": "0".repeat(1 << 20) });
    assert!(matches!(tab.post("/answer", &long).await.status, 0 | 413));
    for garbage in [json!([]), json!(null), json!({ "id": -1 }), json!("x")] {
        assert_eq!(tab.post("/answer", &garbage).await.status, 400, "{garbage}");
    }
    // A hundred that send nothing more do not keep the page out.
    let head = format!(
        "POST /news HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nX-Namesys-Session: {1}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        tab.address, tab.session
    );
    let slow: Vec<_> = (0..40)
        .map(|_| {
            let (address, head) = (tab.address.clone(), head.clone());
            tokio::spawn(async move { raw(&address, head.as_bytes()).await })
        })
        .collect();
    assert_eq!(tab.post("/news", &json!({ "seen": 0 })).await.status, 200);
    for slow in slow {
        let came = timeout(Duration::from_secs(20), slow).await.expect("it is cut").unwrap();
        assert!(matches!(came.status, 0 | 408), "{}", came.head);
    }
}

/// Nodes that are asked for the chain alone.
struct Chain(u64);

#[async_trait]
impl Node for Chain {
    async fn fill(
        &self,
        transaction: TransactionRequest,
    ) -> Result<TransactionRequest, crate::wallet::NodeError> {
        Ok(transaction.with_chain_id(self.0).with_nonce(7))
    }

    async fn broadcast(&self, _raw: &[u8]) -> Result<B256, crate::wallet::NodeError> {
        unreachable!("the wallet sends by itself")
    }
}

#[tokio::test]
async fn transactions_name_their_chain_and_leave_the_nonce_to_the_wallet() {
    let (config, links) = config();
    let config = BrowserConfig { nodes: vec!["http://127.0.0.1:8545".into()], ..config };
    let (wallet, tab) = opened(config, &links).await;
    let transaction = TransactionRequest::default()
        .with_to(Address::repeat_byte(2))
        .with_input(vec![1, 2, 3])
        .with_gas_limit(30_000);
    for (answer, good) in [(B256::repeat_byte(9).to_string(), true), ("0x12".to_owned(), false)] {
        let page = tokio::spawn({
            let tab = tab.clone();
            async move {
                let news = tab.call().await;
                let call = news["call"].clone();
                tab.post("/answer", &json!({ "id": call["id"], "result": answer })).await;
                (call, news["requests"][0].clone())
            }
        });
        wallet.explain("set the resolver");
        let sent = wallet.send(transaction.clone(), &Chain(31_337)).await;
        let (call, request) = page.await.unwrap();
        assert_eq!(sent.is_ok(), good, "{sent:?}");
        assert_eq!(call["method"], "eth_sendTransaction");
        assert_eq!(
            (&call["chain"]["id"], &call["chain"]["add"]["rpcUrls"][0]),
            (&json!("0x7a69"), &json!("http://127.0.0.1:8545"))
        );
        let parameter = &call["params"][0];
        assert_eq!(parameter["from"], format!("{:#x}", key().address()));
        assert!(parameter["nonce"].is_null() && parameter["chainId"] == "0x7a69", "{parameter}");
        assert!(request["why"].as_str().unwrap().contains("set the resolver"), "{request}");
        assert!(request["text"].as_str().unwrap().contains("Data: 0x010203"), "{request}");
    }
}

#[tokio::test]
async fn typed_data_is_the_accounts() {
    let (data, _) = crate::wallet::example_of_typed_data();
    let (config, links) = config();
    let (wallet, tab) = opened(config, &links).await;
    let account = LocalWallet::new(key(), "test");
    let own = account.sign_typed(&data).await.unwrap();
    let answer = json!(format!("{:x}", own.expose()));
    let page = tokio::spawn(async move {
        let call = tab.call().await["call"].clone();
        tab.post("/answer", &json!({ "id": call["id"], "result": answer })).await;
        call
    });
    assert!(wallet.sign_typed(&data).await.unwrap().expose() == own.expose());
    let call = page.await.unwrap();
    assert_eq!(
        (&call["method"], &call["chain"]["id"]),
        (&json!("eth_signTypedData_v4"), &json!("0x1"))
    );
    assert_eq!(call["params"][0], key().address().to_string());
}
