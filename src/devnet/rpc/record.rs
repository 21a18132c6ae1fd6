//! `name/put`, `name/get`, `routing/put`, `routing/get`.

use axum::body::Bytes;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde_json::json;

use super::{bad_request, error, files, one_json};
use crate::devnet::gateway::query;
use crate::devnet::names::{Put, PutError};
use crate::devnet::reply::IPNS_RECORD;
use crate::devnet::server::Shared;
use crate::devnet::w3name::blocking;
use crate::ipns::{MAX_RECORD_BYTES, VerifiedRecord};
use crate::keys::IpnsName;

type Upload = Result<Multipart, MultipartRejection>;

pub(super) async fn name_put(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
    upload: Upload,
) -> Response {
    let (name, record) = match arguments(text.as_deref(), "name", "record", upload).await {
        Ok(arguments) => arguments,
        Err(response) => return response,
    };
    match blocking(move || network.names.put(&network.store, &name, &record)).await {
        Ok(Put::Stored(record) | Put::Same(record)) => {
            one_json(&json!({ "Name": name.to_string(), "Value": record.fields().value }))
        }
        Err(PutError::Outdated { offered, stored }) => error(format!(
            "existing IPNS record has sequence {stored} >= new record sequence {offered}, \
             use 'ipfs name put --force' to skip this check"
        )),
        Err(PutError::Invalid(reason)) => error(format!("record validation failed: {reason}")),
        Err(PutError::Io(reason)) => error(reason),
    }
}

pub(super) async fn routing_put(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
    upload: Upload,
) -> Response {
    let (name, record) = match arguments(text.as_deref(), "key", "value-file", upload).await {
        Ok(arguments) => arguments,
        Err(response) => return response,
    };
    match blocking(move || network.names.put(&network.store, &name, &record)).await {
        Ok(_) => one_json(&json!({
            "Extra": "", "ID": peer_id(&name), "Responses": null, "Type": 5
        })),
        Err(PutError::Outdated { .. }) => error("can't replace a newer value with an older value"),
        Err(reason) => error(reason),
    }
}

pub(super) async fn name_get(State(network): State<Shared>, RawQuery(text): RawQuery) -> Response {
    match stored(network, text.as_deref(), "name").await {
        Ok(record) => {
            let kind = [(header::CONTENT_TYPE, IPNS_RECORD)];
            (kind, record.bytes().to_vec()).into_response()
        }
        Err(response) => response,
    }
}

pub(super) async fn routing_get(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
) -> Response {
    match stored(network, text.as_deref(), "key").await {
        Ok(record) => one_json(&json!({
            "Extra": BASE64.encode(record.bytes()), "ID": "", "Responses": null, "Type": 5
        })),
        Err(response) => response,
    }
}

async fn stored(
    network: Shared,
    text: Option<&str>,
    argument: &str,
) -> Result<VerifiedRecord, Response> {
    let name = name_argument(text, argument)?;
    match blocking(move || network.names.get(&network.store, &name)).await {
        Ok(Some(record)) => Ok(record),
        Ok(None) => Err(error("routing: not found")),
        Err(reason) => Err(error(reason)),
    }
}

/// The name as libp2p writes peers: base58 of the CID's multihash.
fn peer_id(name: &IpnsName) -> String {
    bs58::encode(name.cid().hash().to_bytes()).into_string()
}

/// `?arg=<name>`, with or without `/ipns/`.
fn name_argument(text: Option<&str>, argument: &str) -> Result<IpnsName, Response> {
    let query = query(text);
    let name = query
        .get("arg")
        .ok_or_else(|| bad_request(format!("argument \"{argument}\" is required")))?;
    name.parse().map_err(|reason| error(format!("invalid IPNS name: {reason}")))
}

async fn arguments(
    text: Option<&str>,
    name: &str,
    file: &str,
    upload: Upload,
) -> Result<(IpnsName, Bytes), Response> {
    let name = name_argument(text, name)?;
    let mut files = files(upload, file)?;
    let Some(mut field) = files.next_field().await.map_err(error)? else {
        return Err(bad_request(format!("file argument '{file}' is required")));
    };
    let mut record = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(error)? {
        record.extend_from_slice(&chunk);
        if record.len() > MAX_RECORD_BYTES {
            let limit = MAX_RECORD_BYTES;
            return Err(error(format!("record exceeds maximum size of {limit} bytes")));
        }
    }
    if record.is_empty() {
        return Err(error("record is empty"));
    }
    Ok((name, record.into()))
}
