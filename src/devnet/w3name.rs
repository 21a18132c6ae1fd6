//! The w3name API ([IPNS](crate::spec::ipns)), with the messages of the published service.

use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cid::Cid;
use data_encoding::{BASE64, BASE64_NOPAD};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::names::{Put, PutError};
use super::network::{Shared, blocking};
use super::reply::{Form, Refusal, json, not_found};
use crate::ipns::{MAX_RECORD_BYTES, RecordError, VerifiedRecord};
use crate::keys::{IpnsName, IpnsNameError};

/// Multicodec of a public key, which every IPNS name is.
const LIBP2P_KEY: u64 = 0x72;
/// A body is read this far: a record in base64 is shorter.
const MAX_BODY: usize = 2 * MAX_RECORD_BYTES;
/// No name in base36 is longer.
const MAX_KEY: usize = 128;
const OUTDATED: &str = "invalid record: the record is outdated.";

pub(crate) fn routes(network: Shared) -> Router<Shared> {
    Router::new()
        .route("/name/{key}", get(resolve).post(publish).fallback(not_found))
        .route("/name/{key}/watch", get(watch).fallback(not_found))
        .route_layer(middleware::from_fn_with_state(network, limit))
}

/// 429 for an address that asks too often.
async fn limit(
    State(network): State<Shared>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let admitted = match &network.limiter {
        Some(limiter) => limiter.admit(client.ip(), Instant::now()),
        None => Ok(()),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let text = format!("too many requests: try again in {seconds} seconds");
            let retry = [(header::RETRY_AFTER, seconds.max(1).to_string())];
            (retry, Refusal::new(Form::Message, StatusCode::TOO_MANY_REQUESTS, text))
                .into_response()
        }
    }
}

/// A base36 CID of a public key, as the service checks it; 400 otherwise.
fn key_cid(key: &str) -> Result<Cid, Refusal> {
    let cid = match key.strip_prefix('k') {
        Some(_) if key.len() <= MAX_KEY => Cid::try_from(key).ok(),
        _ => None,
    };
    let cid = cid.ok_or_else(|| bad("Invalid key: cannot parse CID."))?;
    match cid.codec() {
        LIBP2P_KEY => Ok(cid),
        codec => {
            Err(bad(format!("Invalid key, expected: {LIBP2P_KEY} codec code but got: {codec}")))
        }
    }
}

fn bad(text: impl std::fmt::Display) -> Refusal {
    Refusal::bad(Form::Message, text)
}

async fn resolve(
    State(network): State<Shared>,
    Path(key): Path<String>,
) -> Result<Response, Refusal> {
    let cid = key_cid(&key)?;
    // A key of another kind is a good key that nobody could publish under.
    let record = match cid.to_string().parse::<IpnsName>() {
        Ok(name) => blocking(move || network.names.get(&network.store, &name)).await,
        Err(_) => Ok(None),
    };
    let record = record.map_err(|error| {
        Refusal::internal(Form::Message, format!("Unable to retrieve name. {error}"))
    })?;
    let record = record.ok_or_else(|| {
        let text = format!(
            "record not found for key: {key}. Only keys published using the w3name API may be \
             resolved here."
        );
        Refusal::new(Form::Message, StatusCode::NOT_FOUND, text)
    })?;
    Ok(json(
        StatusCode::OK,
        &json!({ "value": record.fields().value, "record": BASE64.encode(record.bytes()) }),
    ))
}

async fn publish(
    State(network): State<Shared>,
    Path(key): Path<String>,
    body: Body,
) -> Result<Response, Refusal> {
    let cid = key_cid(&key)?;
    let invalid = |reason: &dyn std::fmt::Display| bad(format!("invalid ipns entry: {reason}"));
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
        invalid(&format!("the body is over {MAX_BODY} bytes, more than any record in base64"))
    })?;
    let record = decode(&body).map_err(|error| invalid(&error))?;
    let name: IpnsName = cid.to_string().parse().map_err(|error| invalid(&error))?;
    match blocking(move || network.names.put(&network.store, &name, &record)).await {
        Ok(Put::Stored(_)) => Ok(json(StatusCode::ACCEPTED, &json!({ "id": key }))),
        // The service refuses even the record it has.
        Ok(Put::Same(_)) | Err(PutError::Outdated { .. }) => Err(bad(OUTDATED)),
        Err(PutError::Invalid(RecordError::PublicKey(_))) => {
            Err(bad("embedded public key mismatch"))
        }
        Err(PutError::Invalid(error)) => Err(invalid(&reason(&error))),
        Err(PutError::Io(error)) => {
            Err(Refusal::internal(Form::Message, format!("please try again: {error}")))
        }
    }
}

/// Base64 with or without padding, nothing around it: what the service's decoder takes.
fn decode(body: &[u8]) -> Result<Bytes, String> {
    let end = body.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    if end == 0 {
        return Err("the body is empty; it must be the record in base64".into());
    }
    match BASE64_NOPAD.decode(&body[..end]) {
        Ok(record) => Ok(record.into()),
        Err(error) => Err(format!("Non-base64pad character at {}", error.position)),
    }
}

/// The words of the service's validator where it has them.
fn reason(error: &RecordError) -> String {
    match error {
        RecordError::Expired { .. } => "record has expired".into(),
        RecordError::Signature(_) => "record signature verification failed".into(),
        RecordError::TooLarge(_) => format!("record too large: {error}"),
        other => other.to_string(),
    }
}

/// Sends `{"key","value","record"}` on each update of the key, or of every key for `*`.
async fn watch(
    State(network): State<Shared>,
    Path(key): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let wanted: Option<IpnsName> = match key.as_str() {
        "*" => None,
        _ => Some(key_cid(&key)?.to_string().parse().map_err(|error: IpnsNameError| bad(error))?),
    };
    let upgrade = upgrade.map_err(|_| Refusal::bad(Form::Bare, "expected websocket upgrade"))?;
    let updates = network.names.watch();
    let stopped = network.stopped.clone();
    drop(network);
    Ok(upgrade
        .max_message_size(1024)
        .on_upgrade(move |socket| send_updates(socket, wanted, updates, stopped)))
}

async fn send_updates(
    mut socket: WebSocket,
    wanted: Option<IpnsName>,
    mut updates: tokio::sync::broadcast::Receiver<VerifiedRecord>,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) {
    loop {
        let update = tokio::select! {
            update = updates.recv() => update,
            message = socket.recv() => match message {
                // Pings are answered by the library, other messages mean nothing here.
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let record = match update {
            Ok(record) => record,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if wanted.is_some_and(|name| name != *record.name()) {
            continue;
        }
        let text = json!({
            "key": record.name().to_string(),
            "value": record.fields().value,
            "record": BASE64.encode(record.bytes()),
        });
        if socket.send(Message::text(text.to_string())).await.is_err() {
            return;
        }
    }
}
