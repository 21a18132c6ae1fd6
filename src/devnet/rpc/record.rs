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
use crate::devnet::network::{Shared, blocking};
use crate::devnet::reply::{IPNS_RECORD, Refusal, json_line};
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
    let name = name_argument(text.as_deref())?;
    let force = query(text.as_deref()).get("force").is_some_and(|value| value == "true");
    let record = file_argument("record", upload).await?;
    if record.is_empty() {
        return Err(error("record is empty"));
    }
    if record.len() > MAX_RECORD_BYTES {
        let limit = MAX_RECORD_BYTES;
        return Err(error(format!(
            "record exceeds maximum size of {limit} bytes, use --force to skip size check"
        )));
    }
    let sequences = |offered, stored| {
        error(format!(
            "existing IPNS record has sequence {stored} >= new record sequence {offered}, \
             use 'ipfs name put --force' to skip this check"
        ))
    };
    let invalid = |reason: RecordError| error(format!("record validation failed: {reason}"));
    let malformed = |reason| error(format!("invalid IPNS record: {reason}"));
    let offered = UnverifiedRecord::parse(&record).map_err(malformed)?.fields().sequence;
    let put = blocking(move || {
        if force {
            return network.names.force(&network.store, &name, &record);
        }
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

/// 200 also for what it does not keep: Kubo's usual routers swallow what each of them says.
pub(super) async fn routing_put(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
    upload: Upload,
) -> Result<Response, Refusal> {
    let name = key_argument(text.as_deref())?;
    let record = file_argument("value-file", upload).await?;
    match blocking(move || network.names.put(&network.store, &name, &record)).await {
        Ok(_) | Err(PutError::Invalid(_) | PutError::Outdated { .. }) => Ok(json_line(&json!({
            "Extra": "", "ID": peer_id(&name), "Responses": null, "Type": VALUE_EVENT
        }))),
        Err(PutError::Io(reason)) => Err(error(reason)),
    }
}

pub(super) async fn name_get(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    let record = stored(network, name_argument(text.as_deref())?).await?;
    let kind = [(header::CONTENT_TYPE, IPNS_RECORD)];
    Ok((kind, record.bytes().to_vec()).into_response())
}

pub(super) async fn routing_get(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    let record = stored(network, key_argument(text.as_deref())?).await?;
    let record = BASE64.encode(record.bytes());
    Ok(json_line(&json!({
        "Extra": record, "ID": "", "Responses": null, "Type": VALUE_EVENT
    })))
}

async fn stored(network: Shared, name: IpnsName) -> Result<VerifiedRecord, Refusal> {
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

/// `?arg=…`
fn argument(text: Option<&str>, argument: &str) -> Result<String, Refusal> {
    let missing = || bad_request(format!("argument \"{argument}\" is required"));
    query(text).remove("arg").ok_or_else(missing)
}

/// `?arg=<name>`, with or without `/ipns/`.
fn name_argument(text: Option<&str>) -> Result<IpnsName, Refusal> {
    let name = argument(text, "name")?;
    name.parse().map_err(|reason| error(format!("invalid IPNS name: {reason}")))
}

/// `?arg=/ipns/<name>`, nothing shorter.
fn key_argument(text: Option<&str>) -> Result<IpnsName, Refusal> {
    let key = argument(text, "key")?;
    let name = key.strip_prefix("/ipns/").and_then(|name| name.parse().ok());
    name.ok_or_else(|| error("invalid key"))
}

/// The one file of the body, of which a byte more than a record may have is read.
async fn file_argument(argument: &str, upload: Upload) -> Result<Bytes, Refusal> {
    let mut files = files(upload, argument)?;
    let Some(mut field) = files.next_field().await.map_err(error)? else {
        return Err(bad_request(format!("file argument '{argument}' is required")));
    };
    let mut record = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(error)? {
        record.extend_from_slice(&chunk);
        if record.len() > MAX_RECORD_BYTES {
            break;
        }
    }
    Ok(record.into())
}
