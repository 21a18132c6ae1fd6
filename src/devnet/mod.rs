//! The embedded network: everything `namesys` publishes to and reads from, on one listener.
//!
//! | path | what it is |
//! | --- | --- |
//! | `/name/…` | the w3name API ([IPNS](crate::spec::ipns)), rate limit included |
//! | `/api/v0/…` | a part of Kubo's RPC: `dag/import`, `name/put`, `routing/put`, … |
//! | `/ipfs/…`, `/ipns/…` | a path and trustless gateway that answers as Kubo's does |
//! | `/routing/v1/ipns/…` | a delegated routing server for IPNS records |
//! | `/chain` | `{"rpc": URL}` of the [`chain`] beside it, 404 where there is none |
//!
//! w3name, RPC and routing share one store: what one accepts, the others serve. Blocks and
//! records are kept in a folder (`store`), by default a temporary one. Where a real server
//! differs from this one, this one is wrong.
//!
//! Web pages of other sites may read (`/api/v0` not even that, as with Kubo), and nothing else:
//! what would write and has a foreign `Origin` is refused, and so is every `Host` that is neither
//! a loopback name or address nor the address it listens on.

pub mod chain;
mod gateway;
mod handle;
mod names;
mod network;
mod reply;
mod routing;
mod rpc;
mod server;
mod store;
mod w3name;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use crate::report::DevnetUrls;
pub use crate::web::RateLimit;
pub use handle::DevnetHandle;
pub use store::StoreError;

use network::Network;
use store::Store;

use crate::temporary::Temporary;
use crate::web::{self, ServeLimits};

/// How long [`Devnet::stop`] waits for requests under way.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Uploads may take long, and clients keep connections for a minute or so.
const LIMITS: ServeLimits = ServeLimits {
    connections: 512,
    // They all come from this machine.
    per_address: ServeLimits::ANY,
    head: Duration::from_secs(100),
    connection: Duration::from_secs(24 * 3600),
    grace: STOP_TIMEOUT,
};

/// How a devnet is started.
#[derive(Clone, Debug)]
pub struct DevnetConfig {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where it keeps blocks and records; `None` is a temporary folder, removed at the end.
    pub dir: Option<PathBuf>,
    /// Of the w3name API, for each client address; `None` is no limit.
    pub rate_limit: Option<RateLimit>,
}

impl Default for DevnetConfig {
    /// `127.0.0.1:5559`, a temporary folder, w3name's own limit.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 5559)),
            dir: None,
            rate_limit: Some(RateLimit::default()),
        }
    }
}

impl DevnetConfig {
    /// For tests: a port of the system's choosing, a temporary folder, no rate limit.
    pub fn ephemeral() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { listen, dir: None, rate_limit: None }
    }
}

/// Why a devnet did not start.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {addr}: {source}; choose another address with --listen")]
    Listen {
        /// What was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No temporary folder can be made.
    #[error("cannot make a temporary folder: {0}; name a folder with --dir")]
    Temporary(io::Error),
    /// The folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread or runtime of a [`DevnetHandle`] could not be made.
    #[error("cannot start the devnet's thread: {0}")]
    Thread(io::Error),
}

/// A running embedded network.
///
/// ```
/// use namesys::devnet::{Devnet, DevnetConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let devnet = Devnet::start(DevnetConfig::ephemeral()).await?;
/// assert!(devnet.urls().gateway.starts_with("http://127.0.0.1:"));
/// devnet.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Devnet {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    network: Arc<Network>,
    _temporary: Option<(Temporary, tempfile::TempDir)>,
}

impl Devnet {
    /// Opens the folder, listens, and serves in the background of the current tokio runtime.
    ///
    /// # Errors
    /// [`DevnetError`]; nothing runs then.
    pub async fn start(config: DevnetConfig) -> Result<Self, DevnetError> {
        let temporary = match config.dir {
            Some(_) => None,
            None => {
                let folder = tempfile::tempdir().map_err(DevnetError::Temporary)?;
                Some((Temporary::new(folder.path()), folder))
            }
        };
        let dir = match (&config.dir, &temporary) {
            (Some(dir), _) => dir.clone(),
            (None, Some((_, temporary))) => temporary.path().to_path_buf(),
            (None, None) => unreachable!("without a folder a temporary one was made"),
        };
        let store = Store::open(&dir, config.dir.is_some())?;
        let failed = |source| DevnetError::Listen { addr: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;

        let (stop, stopped) = watch::channel(false);
        let network = Arc::new(Network::new(store, config.rate_limit, stopped));
        let app = server::router(Arc::clone(&network), addr);
        let mut stopping = stop.subscribe();
        let task = tokio::spawn(web::serve(listener, None, app, LIMITS, async move {
            // An error says the devnet was dropped, which ends it too.
            let _ = stopping.wait_for(|stop| *stop).await;
        }));
        Ok(Self { addr, stop, task, network, _temporary: temporary })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The addresses to give to clients.
    pub fn urls(&self) -> DevnetUrls {
        let mut addr = self.addr;
        if addr.ip().is_unspecified() {
            // 0.0.0.0 is every address of the machine, but none to connect to.
            addr.set_ip(match addr {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        let url = format!("http://{addr}");
        DevnetUrls { w3name: url.clone(), kubo: url.clone(), gateway: url.clone(), routing: url }
    }

    /// From now on `/chain` names this URL of a chain's RPC. The first one stays.
    pub fn announce_chain(&self, rpc_url: &str) {
        let _ = self.network.chain.set(rpc_url.to_owned());
    }

    /// Lets requests under way finish (five seconds at most), then frees address and folder.
    pub async fn stop(self) {
        // It fails only when nobody listens any more, that is when the server has ended.
        let _ = self.stop.send(true);
        let network = self.network;
        let ended = async {
            let _ = self.task.await;
            // Watchers and CAR streams notice a moment later.
            while Arc::strong_count(&network) > 1 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(STOP_TIMEOUT, ended).await.is_err() {
            tracing::warn!("the devnet stopped with requests under way");
        }
    }
}
