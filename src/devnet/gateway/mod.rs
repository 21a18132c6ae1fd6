//! The path gateway (<https://specs.ipfs.tech/http-gateways/path-gateway/>) and the trustless one
//! in it, answering as boxo's handler, which is Kubo's, does.

mod body;
mod dag_cbor;
mod format;
mod mutable;
mod path;
mod trustless;
mod unixfs;

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use cid::Cid;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::network::{Network, Shared, blocking};
use super::reply::{self, Form, Refusal, set};
use crate::keys::IpnsName;

use format::Format;
pub(crate) use format::query;
use path::{ContentPath, Root};
pub(crate) use trustless::whole;

/// What may change never again.
const IMMUTABLE: &str = "public, max-age=29030400, immutable";
/// Escaped in a `Location`, beside what is not ASCII.
const ESCAPED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');
/// Escaped in a file name, too.
const QUOTED: &AsciiSet = &ESCAPED.add(b'\\').add(b'/').add(b';').add(b'\'');

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/ipfs", any(serve))
        .route("/ipfs/{*path}", any(serve))
        .route("/ipns", any(serve))
        .route("/ipns/{*path}", any(serve))
}

/// A request, parsed.
struct Ask {
    path: ContentPath,
    query: HashMap<String, String>,
    raw_query: Option<String>,
    headers: HeaderMap,
    format: Format,
}

/// The path, or what it leads to, cannot be resolved.
fn unresolved(status: StatusCode, path: &ContentPath, reason: impl std::fmt::Display) -> Refusal {
    let path = path.to_string();
    let text = format!("failed to resolve {}: {reason}", path.escape_debug());
    Refusal::new(Form::Line, status, text)
}

/// A path whose root cannot change any more.
struct Target {
    root: Cid,
    segments: Vec<String>,
    /// How long the way here may be cached, for mutable paths.
    ttl: Option<Duration>,
}

async fn serve(
    State(network): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let refused = format!("Method {method} not allowed: read only access");
        let allow = [(header::ALLOW, "GET, HEAD, OPTIONS")];
        return (allow, reply::text(StatusCode::METHOD_NOT_ALLOWED, refused)).into_response();
    }
    let bad = |error: &dyn std::fmt::Display| Refusal::bad(Form::Line, error).into_response();
    let path = match ContentPath::from_url(uri.path()) {
        Ok(path) => path,
        Err(error) => return bad(&error),
    };
    let raw_query = uri.query().map(str::to_owned);
    let query = query(uri.query());
    let format = match Format::negotiate(&query, &headers) {
        Ok(format) => format,
        Err(error) => return bad(&error),
    };
    blocking(move || {
        let ask = Ask { path, query, raw_query, headers, format };
        let mut response = answer(&network, &ask).unwrap_or_else(Refusal::into_response);
        finish(&ask, response.headers_mut());
        response
    })
    .await
}

fn answer(network: &Shared, ask: &Ask) -> Result<Response, Refusal> {
    if let Some(location) = canonical_name(ask) {
        return Ok(redirect(StatusCode::FOUND, &location));
    }
    if ask.format == Format::IpnsRecord {
        return trustless::ipns_record(network, ask);
    }
    let target = locate(network, &ask.path)?;
    if asks_for_cached(&ask.headers) && !is_here(network, &target) {
        let text = format!("{} not in local datastore", ask.path);
        return Err(Refusal::new(Form::Line, StatusCode::PRECONDITION_FAILED, text));
    }
    match ask.format {
        Format::Raw => trustless::raw(network, ask, &target),
        Format::Car(params) => trustless::car(network, ask, &target, params),
        Format::Web | Format::IpnsRecord => unixfs::serve(network, ask, &target),
    }
}

/// `Cache-Control: only-if-cached`: what is not here is not to be fetched from elsewhere. Nothing
/// ever is, but the answer is another.
fn asks_for_cached(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CACHE_CONTROL).iter();
    let mut directives = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    directives.any(|directive| directive.trim().eq_ignore_ascii_case("only-if-cached"))
}

/// Whether what the path leads to is in the store, its own block at least.
fn is_here(network: &Network, target: &Target) -> bool {
    match target.segments.is_empty() {
        true => network.store.blocks.has(&target.root),
        false => unixfs::find(network.store.blocks.as_ref(), target).is_ok(),
    }
}

/// An IPNS key in another form than base36 is redirected to that form, as boxo does.
fn canonical_name(ask: &Ask) -> Option<String> {
    let Root::Ipns(text) = &ask.path.root else { return None };
    let name = text.parse::<IpnsName>().ok()?.to_string();
    if name == *text {
        return None;
    }
    Some(with_query(&ask.path.with_root("ipns", &name), ask.raw_query.as_deref()))
}

/// The immutable path behind the path.
fn locate(network: &Network, path: &ContentPath) -> Result<Target, Refusal> {
    match &path.root {
        Root::Ipfs(cid) => Ok(Target { root: *cid, segments: path.segments.clone(), ttl: None }),
        Root::Ipns(_) => mutable::resolve(network, path),
    }
}

/// A path, percent-encoded, and a query.
fn with_query(path: &str, query: Option<&str>) -> String {
    let path = utf8_percent_encode(path, ESCAPED);
    query.map_or_else(|| path.to_string(), |query| format!("{path}?{query}"))
}

fn redirect(status: StatusCode, location: &str) -> Response {
    let mut response = status.into_response();
    set(response.headers_mut(), header::LOCATION, location);
    response
}

/// 304 with the validator that matched and the policy a 200 would have.
fn not_modified(etag: &str, cache_control: Option<String>) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    set(response.headers_mut(), header::ETAG, etag);
    if let Some(value) = cache_control {
        set(response.headers_mut(), header::CACHE_CONTROL, value);
    }
    response
}

/// `Cache-Control` of content; `None` leaves it to the client.
fn cache_control(ttl: Option<Duration>, path: &ContentPath) -> Option<String> {
    match (path.mutable(), ttl.map(|ttl| ttl.as_secs())) {
        (false, _) => Some(IMMUTABLE.to_owned()),
        (true, Some(seconds)) if seconds > 0 => Some(format!("public, max-age={seconds}")),
        (true, _) => None,
    }
}

/// `Content-Disposition` of downloads; `?filename=` goes before `name`.
fn attachment(ask: &Ask, headers: &mut HeaderMap, name: &str) {
    let name = ask.query.get("filename").map_or(name, String::as_str);
    disposition(headers, "attachment", name);
}

fn disposition(headers: &mut HeaderMap, kind: &str, name: &str) {
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let (ascii, full) = (utf8_percent_encode(&ascii, QUOTED), utf8_percent_encode(name, QUOTED));
    let value = format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{full}");
    set(headers, header::CONTENT_DISPOSITION, value);
}

/// `X-Ipfs-Path`, and where the same answer is to be had without an `Accept` header.
fn finish(ask: &Ask, headers: &mut HeaderMap) {
    set(headers, header::HeaderName::from_static("x-ipfs-path"), ask.path.to_string());
    let Some(format) = ask.format.query_value() else { return };
    if ask.query.get("format").is_none_or(|asked| asked != format) {
        let mut query = ask.raw_query.clone().unwrap_or_default();
        if !query.is_empty() {
            query.push('&');
        }
        query += &format!("format={format}");
        let location = with_query(&ask.path.to_string(), Some(&query));
        set(headers, header::CONTENT_LOCATION, location);
    }
}

/// `X-Ipfs-Roots`: the CIDs the segments of the path lead to.
fn set_roots(headers: &mut HeaderMap, roots: &[Cid]) {
    let roots: Vec<String> = roots.iter().map(Cid::to_string).collect();
    set(headers, header::HeaderName::from_static("x-ipfs-roots"), roots.join(","));
}
