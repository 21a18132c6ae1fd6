//! What the services of a devnet share.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use super::names::Names;
use super::store::Store;
use crate::web::{RateLimit, RateLimiter};

/// What every request handler shares.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) store: Store,
    pub(crate) names: Names,
    pub(crate) limiter: Option<RateLimiter<IpAddr>>,
    /// The RPC of the chain that runs beside, once it does.
    pub(crate) chain: OnceLock<String>,
    /// Becomes true when the devnet stops.
    pub(crate) stopped: watch::Receiver<bool>,
}

/// The state of the router.
pub(crate) type Shared = Arc<Network>;

impl Network {
    pub(crate) fn new(
        store: Store,
        rate_limit: Option<RateLimit>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let limiter = rate_limit.map(RateLimiter::new);
        Self { store, names: Names::new(), limiter, chain: OnceLock::new(), stopped }
    }
}

/// Runs file access off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down: this task ends with it.
            Err(_) => std::future::pending().await,
        },
    }
}
