//! One listener: state, routes, and the answer to unknown paths.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use tokio::sync::watch;

use super::names::Names;
use super::rate_limit::{RateLimit, RateLimiter};
use super::store::Store;
use super::{gateway, reply, routing, rpc, w3name};
use crate::web::cors;

/// What every request handler shares.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) store: Store,
    pub(crate) names: Names,
    pub(crate) limiter: Option<RateLimiter>,
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

/// Every route of the network.
pub(crate) fn router(network: Shared) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/chain", get(chain))
        .merge(w3name::routes(Arc::clone(&network)))
        .merge(rpc::routes())
        .merge(gateway::routes())
        .merge(routing::routes())
        .fallback(not_found)
        .layer(middleware::from_fn(cors))
        .with_state(network)
}

async fn index() -> Response {
    let message = "namesys devnet: w3name API, Kubo upload, IPFS gateway, delegated routing";
    reply::json(StatusCode::OK, &json!({ "message": message, "routes": ROUTES }))
}

/// Where the chain is, for whoever knows the devnet's address alone.
async fn chain(State(network): State<Shared>) -> Response {
    match network.chain.get() {
        Some(url) => reply::json(StatusCode::OK, &json!({ "rpc": url })),
        None => {
            let message = "this devnet runs without a chain: start it with --chain";
            reply::json(StatusCode::NOT_FOUND, &json!({ "message": message }))
        }
    }
}

/// What there is, for people who look.
const ROUTES: [&str; 9] = [
    "GET|POST /name/<key>",
    "GET /name/<key>/watch (websocket)",
    "POST /api/v0/dag/import, /api/v0/pin/ls",
    "POST /api/v0/name/put, /api/v0/name/get, /api/v0/routing/put, /api/v0/version, /api/v0/id",
    "GET /ipfs/<cid>[/path][?format=raw|car]",
    "GET /ipns/<name>[/path][?format=raw|car]",
    "GET /ipns/<name>?format=ipns-record",
    "GET|PUT /routing/v1/ipns/<name>",
    "GET /chain (where its Ethereum node is)",
];

/// 404 in w3name's form, with what there is instead.
pub(crate) async fn not_found(uri: Uri) -> Response {
    let hint = format!("the devnet has no {}; it has: {}", uri.path(), ROUTES.join("; "));
    reply::json(StatusCode::NOT_FOUND, &json!({ "message": "Not Found", "hint": hint }))
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
