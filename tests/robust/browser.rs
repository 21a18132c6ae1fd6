//! The listener of `--browser`, with bytes of whoever finds its port.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use namesys::browser::{BrowserConfig, BrowserWallet, Told};
use namesys::keys::SignerKey;
use namesys::request::{Caip10, Extradata, Origin, Request};
use namesys::secret::SecretString;
use namesys::wallet::{Wallet, sign_checked};

/// How long an answer may take that comes at all.
const SOON: Duration = Duration::from_millis(100);

/// A page that is open, and a wallet that asks it to sign for as long as the test runs.
struct Page {
    address: String,
    link: String,
    session: String,
    /// Whether a signature was taken.
    signed: Arc<AtomicBool>,
    _runtime: tokio::runtime::Runtime,
}

fn page() -> &'static Page {
    static PAGE: OnceLock<Page> = OnceLock::new();
    PAGE.get_or_init(open)
}

fn open() -> Page {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (tell, told) = mpsc::channel();
    let tell = Arc::new(move |what: Told<'_>| {
        let (Told::Open(url) | Told::Again(url)) = what;
        tell.send(url.to_owned()).ok();
    });
    // Only what follows it is of interest: nobody has to be quick.
    let long = Duration::from_secs(3_600);
    let config = BrowserConfig::new("namesys test", tell);
    let opening = runtime.spawn(BrowserWallet::open(BrowserConfig {
        patience: long,
        silence: long,
        ..config
    }));
    let url = told.recv().unwrap();
    let (address, link) = url.strip_prefix("http://").unwrap().split_once("/t/").unwrap();
    let mut page = Page {
        address: address.to_owned(),
        link: link.to_owned(),
        session: String::new(),
        signed: Arc::default(),
        _runtime: runtime,
    };
    let came = send(&page, &page.request("/session", &format!(r#"{{"link":"{link}"}}"#)));
    let (_, session) = came.split_once(r#""session":""#).unwrap();
    page.session = session.split('"').next().unwrap().to_owned();
    let account = SignerKey::from_hex(&SecretString::new("01".repeat(32))).unwrap().address();
    let came = send(&page, &page.request("/account", &format!(r#"{{"address":"{account}"}}"#)));
    assert!(came.starts_with("HTTP/1.1 200"), "{came}");
    let signed = Arc::clone(&page.signed);
    page._runtime.spawn(async move {
        let wallet = opening.await.unwrap().unwrap();
        let address = wallet.address();
        let extradata = Extradata::of_password(&SecretString::new(String::new()), address);
        let (origin, caip10) = (Origin::Wallet(address), Caip10::new(1, address));
        let request = Request::GenerateIpnsKey { origin, extradata, wallet: caip10 };
        loop {
            signed.fetch_or(sign_checked(&wallet, &request).await.is_ok(), Ordering::Relaxed);
        }
    });
    page
}

impl Page {
    fn request(&self, path: &str, body: &str) -> Vec<u8> {
        let (address, session) = (&self.address, &self.session);
        format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
             X-Namesys-Session: {session}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// What comes soon.
fn send(page: &Page, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(&page.address).expect("the page is served still");
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut came = Vec::new();
    // Whoever is cut off while it writes has been answered.
    let _ = stream.write_all(bytes);
    let mut some = [0; 4096];
    loop {
        match stream.read(&mut some) {
            Ok(count) if count > 0 => came.extend(&some[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return String::from_utf8_lossy(&came).into_owned(),
        }
        if came.ends_with(b"}") {
            return String::from_utf8_lossy(&came).into_owned();
        }
    }
}

/// No bytes end the server or have it fail, and none become a signature.
pub fn browser_page(input: &[u8]) {
    let page = page();
    let came = send(page, input);
    let status = came.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    assert!(status.is_none_or(|status| (200..500).contains(&status)), "{came}");
    assert!(!page.signed.load(Ordering::Relaxed), "a signature was taken from {input:?}");
}

/// What the page itself sends, and what others would.
pub fn seeds() -> Vec<Vec<u8>> {
    let page = page();
    let (address, link) = (&page.address, &page.link);
    let signature = "ab".repeat(65);
    let mut seeds: Vec<Vec<u8>> = [
        ("/session", format!(r#"{{"link":"{link}"}}"#)),
        ("/news", r#"{"seen":0}"#.to_owned()),
        ("/account", r#"{"address":"0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1"}"#.to_owned()),
        ("/answer", format!(r#"{{"id":1,"result":"0x{signature}"}}"#)),
        ("/answer", r#"{"id":2,"error":{"code":4001,"message":"no"}}"#.to_owned()),
        ("/answer", r#"{"id":3,"result":{"r":["0x"]}}"#.to_owned()),
        ("/goes", r#"{"session":""}"#.to_owned()),
    ]
    .iter()
    .map(|(path, body)| page.request(path, body))
    .collect();
    let host = format!("GET /t/{link} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let rebound = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned();
    let chunked = format!(
        "POST /news HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
         a\r\n{{\"seen\":0}}\r\n0\r\n\r\n"
    );
    seeds.extend([host, rebound, chunked].map(String::into_bytes));
    seeds
}
