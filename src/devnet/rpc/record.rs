//! `name/put`, `name/get`, `routing/put`, `routing/get`.

use axum::body::Bytes;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde_json::json;

use super::{bad_request, error, files};
use crate::devnet::gateway::query;
use crate::devnet::names::{Put, PutError};
use crate::devnet::reply::{IPNS_RECORD, Refusal, json_line};
use crate::devnet::server::{Shared, blocking};
use crate::ipns::{MAX_RECORD_BYTES, RecordError, UnverifiedRecord, VerifiedRecord};
use crate::keys::IpnsName;

/// The kind of event that carries a record (`routing.Value` in go-libp2p).
const VALUE_EVENT: u8 = 5;

type Upload = Result<Multipart, MultipartRejection>;

/// Stricter than the others: an equal sequence is refused whatever the validity.
pub(super) async fn name_put(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
    upload: Upload,
) -> Result<Response, Refusal> {
    let (name, record) = arguments(text.as_deref(), "name", "record", upload).await?;
    let sequences = |offered, stored| {
        error(format!(
            "existing IPNS record has sequence {stored} >= new record sequence {offered}, \
             use 'ipfs name put --force' to skip this check"
        ))
    };
    let invalid = |reason: RecordError| error(format!("record validation failed: {reason}"));
    let offered = UnverifiedRecord::parse(&record).map_err(invalid)?.fields().sequence;
    let put = blocking(move || {
        let stored = network.names.get(&network.store, &name)?;
        match stored.map(|stored| (stored.fields().sequence, stored.bytes() == record)) {
            Some((stored, false)) if stored >= offered => {
                Err(PutError::Outdated { offered, stored })
            }
            _ => network.names.put(&network.store, &name, &record),
        }
    });
    match put.await {
        Ok(Put::Stored(record) | Put::Same(record)) => {
            let value = &record.fields().value;
            Ok(json_line(&json!({ "Name": name.to_string(), "Value": value })))
        }
        Err(PutError::Outdated { offered, stored }) => Err(sequences(offered, stored)),
        Err(PutError::Invalid(reason)) => Err(invalid(reason)),
        Err(PutError::Io(reason)) => Err(error(reason)),
    }
}

pub(super) async fn routing_put(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
    upload: Upload,
) -> Result<Response, Refusal> {
    let (name, record) = arguments(text.as_deref(), "key", "value-file", upload).await?;
    match blocking(move || network.names.put(&network.store, &name, &record)).await {
        Ok(_) => Ok(json_line(&json!({
            "Extra": "", "ID": peer_id(&name), "Responses": null, "Type": VALUE_EVENT
        }))),
        Err(PutError::Outdated { .. }) => {
            Err(error("can't replace a newer value with an older value"))
        }
        Err(reason) => Err(error(reason)),
    }
}

pub(super) async fn name_get(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    let record = stored(network, text.as_deref(), "name").await?;
    let kind = [(header::CONTENT_TYPE, IPNS_RECORD)];
    Ok((kind, record.bytes().to_vec()).into_response())
}

pub(super) async fn routing_get(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    let record = stored(network, text.as_deref(), "key").await?;
    let record = BASE64.encode(record.bytes());
    Ok(json_line(&json!({
        "Extra": record, "ID": "", "Responses": null, "Type": VALUE_EVENT
    })))
}

async fn stored(
    network: Shared,
    text: Option<&str>,
    argument: &str,
) -> Result<VerifiedRecord, Refusal> {
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
fn name_argument(text: Option<&str>, argument: &str) -> Result<IpnsName, Refusal> {
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
) -> Result<(IpnsName, Bytes), Refusal> {
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
