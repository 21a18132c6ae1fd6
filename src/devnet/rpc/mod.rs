//! A part of Kubo's RPC (`/api/v0`, POST only): upload, records, and what clients ask first.
//!
//! Errors are `{"Message","Code","Type":"error"}` with status 500, and plain text with 400 when
//! the request itself is malformed, as in go-ipfs-cmds.

mod blocks;
mod import;
mod pin;
mod record;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use serde_json::json;

use super::network::Shared;
use super::reply::{self, Form, Refusal, json_line};

/// The version the answers imitate.
const KUBO_VERSION: &str = "0.44.0";

pub(crate) fn routes() -> Router<Shared> {
    let unlimited = DefaultBodyLimit::disable();
    Router::new()
        .route("/api/v0/dag/import", only_post(post(import::import)).layer(unlimited))
        .route("/api/v0/dag/export", only_post(post(blocks::export)))
        .route("/api/v0/block/get", only_post(post(blocks::get)))
        .route("/api/v0/pin/ls", only_post(post(pin::list)))
        .route("/api/v0/name/put", only_post(post(record::name_put)))
        .route("/api/v0/name/get", only_post(post(record::name_get)))
        .route("/api/v0/routing/put", only_post(post(record::routing_put)))
        .route("/api/v0/routing/get", only_post(post(record::routing_get)))
        .route("/api/v0/version", only_post(post(version)))
        .route("/api/v0/id", only_post(post(id)))
}

/// 405 for other methods, in Kubo's words.
fn only_post(route: MethodRouter<Shared>) -> MethodRouter<Shared> {
    route.fallback(async || {
        let allow = [(header::ALLOW, "OPTIONS, POST")];
        let refused = reply::text(StatusCode::METHOD_NOT_ALLOWED, "405 - Method Not Allowed");
        (allow, refused).into_response()
    })
}

async fn version() -> Response {
    json_line(&json!({
        "Version": KUBO_VERSION,
        "Commit": "",
        "Repo": "18",
        "System": format!("{}/{}", std::env::consts::ARCH, std::env::consts::OS),
        "Golang": "",
    }))
}

/// A node without a key of its own: enough for clients that ask who is there.
async fn id() -> Response {
    json_line(&json!({
        "ID": "",
        "PublicKey": "",
        "Addresses": [],
        "AgentVersion": format!("kubo/{KUBO_VERSION}/namesys-devnet"),
        "Protocols": [],
    }))
}

/// A command that failed.
fn error(text: impl std::fmt::Display) -> Refusal {
    Refusal::internal(Form::Rpc, text)
}

/// A request that is no command.
fn bad_request(text: impl std::fmt::Display) -> Refusal {
    Refusal::bad(Form::Line, text)
}

/// The multipart body a command needs.
fn files(
    multipart: Result<Multipart, MultipartRejection>,
    argument: &str,
) -> Result<Multipart, Refusal> {
    multipart.map_err(|_| bad_request(format!("file argument '{argument}' is required")))
}
