//! One listener: the routes of all services.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::network::Shared;
use super::reply::{ROUTES, not_found};
use super::{gateway, reply, routing, rpc, w3name};
use crate::web::cors;

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
