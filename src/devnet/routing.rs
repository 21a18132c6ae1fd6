//! Delegated routing of IPNS records, <https://specs.ipfs.tech/routing/http-routing-v1/>, with
//! the status codes of boxo's server (IPIP-513: nothing found is 200 and plain text).

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cid::Cid;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::names::PutError;
use super::network::{Shared, blocking};
use super::reply::{self, Form, IPNS_RECORD, Refusal};
use crate::ipns::{MAX_RECORD_BYTES, VerifiedRecord};
use crate::keys::{IpnsName, IpnsNameError};

/// How long an answer may be used after it is stale, in seconds: records live 48 h on the DHT.
const MAX_STALE: i64 = 48 * 3600;
/// How long "nothing found" may be cached, in seconds.
const MAX_AGE_NOTHING: i64 = 15;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/routing/v1/ipns/{name}", get(get_record).put(put_record))
}

/// A CID of an ed25519 key in any multibase; 400 otherwise.
fn parse_name(text: &str) -> Result<IpnsName, Refusal> {
    Cid::try_from(text).map_err(|error| bad(format!("unable to parse CID: {error}")))?;
    text.parse().map_err(|error: IpnsNameError| bad(format!("peer ID CID is not valid: {error}")))
}

fn bad(text: impl std::fmt::Display) -> Refusal {
    Refusal::bad(Form::Bare, text)
}

fn delegate_error(error: impl std::fmt::Display) -> Refusal {
    Refusal::internal(Form::Bare, format!("delegate error: {error}"))
}

async fn get_record(
    State(network): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let accept: Vec<_> =
        headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()).collect();
    let accepts = |kind: &str| accept.iter().any(|value| value.contains(kind));
    if !accept.is_empty() && !accepts("*/*") && !accepts(IPNS_RECORD) {
        let text =
            format!("content type in 'Accept' header is not supported, retry with '{IPNS_RECORD}'");
        return Err(Refusal::new(Form::Bare, StatusCode::NOT_ACCEPTABLE, text));
    }
    let name = parse_name(&name)?;
    let now = Timestamp::now();
    let record = blocking(move || network.names.get(&network.store, &name)).await;
    match record.map_err(delegate_error)? {
        Some(record) if !record.is_expired(now) => Ok(record_response(&record, now)),
        _ => {
            let mut response = reply::text(StatusCode::OK, "delegate error: routing: not found");
            cache(response.headers_mut(), MAX_AGE_NOTHING, MAX_STALE);
            Ok(response)
        }
    }
}

/// The record, cacheable for its TTL and never beyond its validity.
fn record_response(record: &VerifiedRecord, now: Timestamp) -> Response {
    let mut response = Body::from(record.bytes().to_vec()).into_response();
    let headers = response.headers_mut();
    reply::set(headers, header::CONTENT_TYPE, IPNS_RECORD);
    let left = record.fields().validity().as_second() - now.as_second();
    let ttl = i64::try_from(record.fields().ttl_ns / 1_000_000_000).unwrap_or(i64::MAX);
    let max_age = ttl.min(left);
    if left > 0 {
        cache(headers, max_age, left - max_age);
    } else {
        reply::set(headers, header::CACHE_CONTROL, "no-store");
    }
    if let Some(expires) = reply::http_date(record.fields().validity()) {
        reply::set(headers, header::EXPIRES, expires);
    }
    if let Some(modified) = reply::http_date(now) {
        reply::set(headers, header::LAST_MODIFIED, modified);
    }
    reply::set(headers, header::ETAG, record_etag(record));
    let file = format!("attachment; filename=\"{}.ipns-record\"", record.name());
    reply::set(headers, header::CONTENT_DISPOSITION, file);
    reply::set(headers, header::VARY, "Accept");
    response
}

/// An entity tag that changes with the record's bytes.
pub(crate) fn record_etag(record: &VerifiedRecord) -> String {
    let hash = Sha256::digest(record.bytes());
    format!("\"{}\"", data_encoding::HEXLOWER.encode(&hash[..8]))
}

fn cache(headers: &mut HeaderMap, max_age: i64, stale: i64) {
    let value = format!(
        "public, max-age={max_age}, stale-while-revalidate={stale}, stale-if-error={stale}"
    );
    reply::set(headers, header::CACHE_CONTROL, value);
}

async fn put_record(
    State(network): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| kind.contains(IPNS_RECORD)) {
        // 415 would be the word for it; boxo says 406.
        let text = "content type in 'Content-Type' header is missing or not supported";
        return Err(Refusal::new(Form::Bare, StatusCode::NOT_ACCEPTABLE, text));
    }
    let name = parse_name(&name)?;
    let record = to_bytes(body, MAX_RECORD_BYTES)
        .await
        .map_err(|_| bad(format!("provided record is too long: over {MAX_RECORD_BYTES} bytes")))?;
    match blocking(move || network.names.put(&network.store, &name, &record)).await {
        Ok(_) => Ok(StatusCode::OK),
        Err(PutError::Invalid(error)) => Err(bad(format!("provided record is invalid: {error}"))),
        // What Kubo's own record store says comes first.
        Err(error @ PutError::Outdated { .. }) => {
            Err(delegate_error(format!("can't replace a newer value with an older value: {error}")))
        }
        Err(PutError::Io(error)) => Err(delegate_error(error)),
    }
}
