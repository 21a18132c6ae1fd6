//! A wallet in a browser: a page on loopback asks the wallet's extension (EIP-1193, found by
//! EIP-6963) to sign and to send, and a person confirms each there. No key ever comes here, and
//! every signature is checked before it is used.
//!
//! One page serves a whole command. Its link has 256 random bits and is exchanged once for a
//! session that one tab keeps: a reload goes on, a second tab is refused. The server answers its
//! own page alone (`Host`, `Origin`), and is gone when the command ends.
//!
//! | part | what it is |
//! | --- | --- |
//! | `key` | the link, and what it is exchanged for |
//! | `state` | what is asked, and how far it is |
//! | `wallet` | the requests of a wallet in the words of EIP-1193 |
//! | `words` | what the page says of each request |
//! | `server` | routes, headers, bounds |
//! | `page/` | the page: HTML, CSS and JavaScript as a browser reads them |

mod key;
mod server;
mod state;
mod wallet;
mod words;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy_primitives::Address;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::request::Signature;
use crate::secret::redaction::redacted_digits;
use crate::secret::{Secret, SecretString};
use crate::wallet::{BrowserError, WalletError};
use crate::web::{self, ServeLimits};
use state::{Answer, Call, Shared};
use words::Words;

/// How often it is looked whether the page is still there.
const LOOK: Duration = Duration::from_millis(500);
/// How long the page has to hear that the command ended.
const FAREWELL: Duration = Duration::from_secs(2);
/// The longest message of a wallet that is repeated, in characters.
const MAX_MESSAGE: usize = 200;
/// A person's no (EIP-1193).
const DECLINED: i64 = 4001;

/// What is told while it is waited for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// The link, to be opened in the browser that has the wallet.
    Open(&'a str),
    /// The page was closed; the link with which it goes on.
    Again(&'a str),
}

/// What hears [`Told`].
pub type Tell = Arc<dyn Fn(Told<'_>) + Send + Sync>;

/// What a browser's wallet is asked for, and how long it may take.
#[derive(Clone)]
pub struct BrowserConfig {
    /// What the page calls the command, such as `namesys keygen`.
    pub command: String,
    /// The account that has to sign; any where none is given.
    pub wanted: Option<Address>,
    /// How long nobody may do anything.
    pub patience: Duration,
    /// After how long a page that is not heard counts as closed.
    pub silence: Duration,
    /// Nodes by chain, for a wallet that does not know the chain yet: the page shows them to it.
    pub nodes: Vec<String>,
    /// Hears the link.
    pub tell: Tell,
}

impl BrowserConfig {
    /// For `command`: any account, ten minutes, and pages that are asked for news every 20 seconds.
    pub fn new(command: impl Into<String>, tell: Tell) -> Self {
        Self {
            command: command.into(),
            wanted: None,
            patience: Duration::from_secs(600),
            silence: Duration::from_secs(60),
            nodes: Vec::new(),
            tell,
        }
    }
}

/// A wallet that signs in a browser.
#[derive(Clone)]
pub struct BrowserWallet(Arc<Inner>);

struct Inner {
    config: BrowserConfig,
    account: Address,
    desk: Desk,
    /// What the next transaction or typed data is for.
    explained: Mutex<Option<String>>,
    /// One request after the other.
    turn: tokio::sync::Mutex<()>,
}

/// The server and what it shows. The server ends with it.
struct Desk {
    shared: Arc<Shared>,
    listen: SocketAddr,
    stop: Mutex<Option<oneshot::Sender<()>>>,
}

impl fmt::Debug for BrowserWallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BrowserWallet").field(&self.0.account).finish()
    }
}

impl Desk {
    async fn open(config: &BrowserConfig) -> Result<Self, BrowserError> {
        let shared = Shared::new(config.command.clone(), config.wanted);
        let shared = Arc::new(shared.map_err(BrowserError::Listen)?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(BrowserError::Listen)?;
        let listen = listener.local_addr().map_err(BrowserError::Listen)?;
        let limits = ServeLimits {
            connections: 64,
            per_address: ServeLimits::ANY,
            grace: Duration::from_secs(1),
            ..ServeLimits::default()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let app = server::router(shared.clone(), listen, config.silence);
        // Dropped is stopped as well.
        let stopped = async { drop(stopped.await) };
        tokio::spawn(web::serve(listener, None, app, limits, stopped));
        Ok(Self { shared, listen, stop: Mutex::new(Some(stop)) })
    }

    fn url(&self) -> String {
        format!("http://{}/t/{}", self.listen, self.shared.link())
    }

    /// Waits for `done`, and meanwhile looks after the page and the time.
    async fn wait<T>(
        &self,
        config: &BrowserConfig,
        what: &str,
        done: impl Future<Output = T>,
    ) -> Result<T, BrowserError> {
        let mut done = std::pin::pin!(done);
        loop {
            if let Ok(done) = timeout(LOOK, done.as_mut()).await {
                return Ok(done);
            }
            if self.shared.idle() >= config.patience {
                let waited = config.patience;
                return Err(BrowserError::TimedOut { what: what.to_owned(), waited });
            }
            if self.shared.renewed(config.silence).map_err(BrowserError::Listen)? {
                (config.tell)(Told::Again(&self.url()));
            }
        }
    }

    async fn account(&self, config: &BrowserConfig) -> Result<Address, BrowserError> {
        let mut watch: watch::Receiver<u64> = self.shared.watch();
        let chosen = async {
            loop {
                if let Some(account) = self.shared.account() {
                    return account;
                }
                // It fails when nothing can change any more: then the time runs out.
                if watch.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        self.wait(config, "the account", chosen).await
    }
}

impl BrowserWallet {
    /// Serves the page, tells its link, and waits until a person has chosen the account.
    ///
    /// To be called in a runtime, which the server stays in.
    ///
    /// # Errors
    /// [`BrowserError::Listen`], [`BrowserError::TimedOut`].
    pub async fn open(config: BrowserConfig) -> Result<Self, BrowserError> {
        let desk = Desk::open(&config).await?;
        (config.tell)(Told::Open(&desk.url()));
        let account = desk.account(&config).await?;
        let (explained, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self(Arc::new(Inner { config, account, desk, explained, turn })))
    }

    /// So many requests are to come: the page says how far it is.
    pub fn announce(&self, count: usize) {
        self.0.desk.shared.announce(count);
    }

    /// What the next transaction or typed data is for, in words that the page shows.
    pub fn explain(&self, what: &str) {
        *self.0.explained.lock().unwrap_or_else(PoisonError::into_inner) = Some(what.to_owned());
    }

    fn explained(&self) -> Option<String> {
        self.0.explained.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Tells the page that the command ended, and how; then the server is gone.
    pub async fn close(&self, good: bool) {
        let desk = &self.0.desk;
        desk.shared.end(good);
        let until = Instant::now() + FAREWELL;
        while desk.shared.is_untold() && Instant::now() < until {
            sleep(Duration::from_millis(20)).await;
        }
        // What it was told goes out before the connections are cut.
        sleep(Duration::from_millis(50)).await;
        drop(desk.stop.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Asks, and hands what was answered to `check`: what passes it was used, all else was not.
    async fn ask<T>(
        &self,
        words: Words,
        text: String,
        call: Call,
        check: impl FnOnce(&SecretString) -> Result<T, WalletError>,
    ) -> Result<T, WalletError> {
        let _turn = self.0.turn.lock().await;
        let Inner { config, desk, .. } = &*self.0;
        let what = words.title.clone();
        tracing::debug!("the browser's wallet is asked for {what}");
        let (number, answered) = desk.shared.ask(words, text, call);
        let answer = desk.wait(config, &what, answered).await;
        let checked = match answer {
            Err(error) => Err(error.into()),
            Ok(answer) => self.text(&what, answer).and_then(|text| check(&text)),
        };
        desk.shared.settle(number, checked.is_ok());
        checked
    }

    fn text(
        &self,
        what: &str,
        answer: Result<Answer, oneshot::error::RecvError>,
    ) -> Result<SecretString, WalletError> {
        let what = what.to_owned();
        let unusable = |why: String| BrowserError::Unusable { what: what.clone(), why };
        match answer {
            Ok(Answer::Text(text)) => Ok(text),
            Ok(Answer::Error { code: DECLINED, .. }) => Err(BrowserError::Declined { what }.into()),
            Ok(Answer::Error { code, message }) => {
                let message = plain(&message);
                Err(unusable(format!("its wallet answered with the error {code}: {message}"))
                    .into())
            }
            Ok(Answer::Other(kind)) => {
                Err(unusable(format!("its wallet answered with {kind}, where a text is due"))
                    .into())
            }
            Err(_) => Err(unusable("nobody answers it any more".to_owned()).into()),
        }
    }

    /// What a wallet answered as a signature, once it is known to be this account's.
    fn signature(
        &self,
        text: &SecretString,
        signer: impl FnOnce(&Signature) -> Result<Address, crate::request::SignatureError>,
    ) -> Result<Secret<Signature>, WalletError> {
        let signature = Secret::new(Signature::from_wallet(text.expose().trim())?);
        match signer(signature.expose())? {
            recovered if recovered == self.0.account => Ok(signature),
            recovered => Err(WalletError::ForeignSignature { wallet: self.0.account, recovered }),
        }
    }

    /// The chain that a call needs, as wallets name it (EIP-695), with what EIP-3085 wants to know
    /// of one that the wallet does not have.
    fn chain(&self, id: u64) -> Value {
        let nodes = &self.0.config.nodes;
        let add = (!nodes.is_empty()).then(|| {
            json!({
                "chainId": format!("{id:#x}"),
                "chainName": format!("Chain {id}"),
                "nativeCurrency": { "name": "Ether", "symbol": "ETH", "decimals": 18 },
                "rpcUrls": nodes,
            })
        });
        json!({ "id": format!("{id:#x}"), "number": id, "add": add })
    }
}

/// A wallet's message: one line, not long, and without digits that can be a signature.
fn plain(message: &str) -> String {
    let line: String = message
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let hidden = redacted_digits(&line);
    match hidden.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", &hidden[..end]),
        None => hidden,
    }
}

#[cfg(test)]
mod tests;
