//! One listener: the routes of all services.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::network::Shared;
use super::reply::{ROUTES, not_found};
use super::{gateway, reply, routing, rpc, w3name};
use crate::web::{OwnHosts, Pages, cors, is_read_only};

/// Every route of the network.
pub(crate) fn router(network: Shared, listen: SocketAddr) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/chain", get(chain))
        .merge(w3name::routes(Arc::clone(&network)))
        .merge(rpc::routes())
        .merge(gateway::routes())
        .merge(routing::routes())
        .fallback(not_found)
        .layer(middleware::from_fn(cors))
        .layer(middleware::from_fn_with_state(OwnHosts::new(listen), check))
        .with_state(network)
}

/// Pages of other sites may read, but for the RPC.
async fn check(State(hosts): State<OwnHosts>, request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    let pages = match uri.path().starts_with("/api/v0") {
        true => Pages::Same,
        false if is_read_only(request.method(), headers) => Pages::Any,
        false => Pages::Own,
    };
    match hosts.check(uri, headers, pages) {
        Ok(()) => next.run(request).await,
        Err(reason) => reply::text(StatusCode::FORBIDDEN, format!("403 - Forbidden: {reason}")),
    }
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
