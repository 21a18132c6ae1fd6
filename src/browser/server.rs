//! The page's server, on loopback alone: who is answered, with what headers, and how much is read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;
use zeroize::{Zeroize, Zeroizing};

use super::state::{Answer, Refusal, Shared};
use crate::request::parse_address;
use crate::secret::{SecretBytes, SecretString};
use crate::web::{OwnHosts, Pages};

/// What the tab keeps comes in this header.
const SESSION: HeaderName = HeaderName::from_static("x-namesys-session");
/// The longest body: an answer of a wallet is some hundred bytes.
const MAX_BODY: usize = 16 << 10;
/// How long a body may take.
const SLOW: Duration = Duration::from_secs(5);
/// How long a question for news waits.
const NEWS: Duration = Duration::from_secs(20);

/// Nothing but what this server has; icons of wallets come as data from the extension.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin-allow-popups"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// What every route has.
#[derive(Clone)]
struct Desk {
    shared: Arc<Shared>,
    /// After how long a silent page counts as closed.
    silence: Duration,
}

pub(super) fn router(shared: Arc<Shared>, listen: SocketAddr, silence: Duration) -> Router {
    let page = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, kind)], text) })
    };
    let html = || page("text/html; charset=utf-8", include_str!("page/index.html"));
    let script = |text: &'static str| page("text/javascript; charset=utf-8", text);
    Router::new()
        .route("/", html())
        .route("/t/{link}", html())
        .route("/page.css", page("text/css; charset=utf-8", include_str!("page/page.css")))
        .route("/server.js", script(include_str!("page/server.js")))
        .route("/wallet.js", script(include_str!("page/wallet.js")))
        .route("/page.js", script(include_str!("page/page.js")))
        .route("/session", post(session))
        .route("/news", post(news))
        .route("/account", post(account))
        .route("/answer", post(answer))
        .route("/handed", post(handed))
        .route("/goes", post(goes))
        .fallback(|| async { refused(StatusCode::NOT_FOUND, "missing", "there is no such page") })
        .layer(middleware::from_fn_with_state(OwnHosts::new(listen), check))
        .layer(middleware::map_response(with_headers))
        .with_state(Desk { shared, silence })
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// By DNS rebinding `Host` is another's name; whatever writes comes from the page itself.
async fn check(State(hosts): State<OwnHosts>, request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    let writes = request.method() != Method::GET && request.method() != Method::HEAD;
    let pages = if writes { Pages::Same } else { Pages::Any };
    let checked = hosts.check(uri, headers, pages).and_then(|()| match writes {
        true => is_own_page(headers),
        false => Ok(()),
    });
    match checked {
        Ok(()) => next.run(request).await,
        Err(why) => refused(StatusCode::FORBIDDEN, "foreign", &why),
    }
}

/// A browser always says which page writes: the one that `Host` has.
fn is_own_page(headers: &HeaderMap) -> Result<(), String> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) if origin.strip_prefix("http://") == Some(host) => Ok(()),
        (Some(origin), _) => Err(format!("Origin {origin:?} is another page")),
        (None, _) => Err("there is no Origin: only the page itself may ask this".to_owned()),
    }
}

fn refused(status: StatusCode, reason: &str, message: &str) -> Response {
    (status, Json(json!({ "reason": reason, "message": message }))).into_response()
}

/// A body of JSON, bounded in size and time. What is in it is not repeated.
async fn read<T: DeserializeOwned>(request: Request) -> Result<T, Response> {
    let is_json = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.to_str().is_ok_and(|kind| kind.split(';').next() == Some("application/json"))
    });
    if !is_json {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(refused(status, "form", "the body is to be application/json"));
    }
    let read = timeout(SLOW, wiped(request.into_body())).await;
    let Ok(read) = read else {
        let response = refused(StatusCode::REQUEST_TIMEOUT, "slow", "the body came too slowly");
        return Err(([(header::CONNECTION, "close")], response).into_response());
    };
    let bytes = read.ok_or_else(|| {
        refused(StatusCode::PAYLOAD_TOO_LARGE, "long", "the body is too long, or was cut off")
    })?;
    crate::json::from_slice(bytes.expose())
        .map_err(|_| refused(StatusCode::BAD_REQUEST, "form", "the body is not what is asked for"))
}

/// A body may hold a signature that makes a key: it is read into one place, which is wiped. The HTTP
/// library's own buffer is out of reach, and goes with the connection.
async fn wiped(body: Body) -> Option<SecretBytes> {
    let mut parts = body.into_data_stream();
    // It never grows, which would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BODY));
    while let Some(part) = parts.next().await {
        let part = part.ok()?;
        if bytes.len() + part.len() > MAX_BODY {
            return None;
        }
        bytes.extend_from_slice(&part);
    }
    Some(SecretBytes::new(std::mem::take(&mut *bytes)))
}

/// Wipes what is not used.
fn wipe(value: Value) {
    match value {
        Value::String(mut text) => text.zeroize(),
        Value::Array(values) => values.into_iter().for_each(wipe),
        Value::Object(fields) => fields.into_iter().for_each(|(_, value)| wipe(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether it is the tab that has the session.
fn knows(desk: &Desk, headers: &HeaderMap) -> bool {
    let given = headers.get(SESSION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    desk.shared.hears(given)
}

fn unknown() -> Response {
    let message = "this page has no session, or another link took its place";
    refused(StatusCode::UNAUTHORIZED, "session", message)
}

#[derive(Deserialize)]
struct LinkBody {
    link: String,
}

async fn session(State(desk): State<Desk>, request: Request) -> Result<Response, Response> {
    let LinkBody { link } = read(request).await?;
    match desk.shared.exchange(&link) {
        Ok(session) => Ok(Json(json!({ "session": session })).into_response()),
        Err(Refusal::Used) => {
            let message = "this link was opened before, and works once";
            Err(refused(StatusCode::GONE, "used", message))
        }
        Err(Refusal::Stale) => {
            let message = "this link is none of the command that runs now";
            Err(refused(StatusCode::FORBIDDEN, "stale", message))
        }
    }
}

#[derive(Deserialize)]
struct NewsBody {
    seen: u64,
}

/// What there is to show, once it is another version than the page has seen.
async fn news(State(desk): State<Desk>, request: Request) -> Result<Response, Response> {
    if !knows(&desk, request.headers()) {
        return Err(unknown());
    }
    let headers = request.headers().clone();
    let NewsBody { seen } = read(request).await?;
    let mut watch = desk.shared.watch();
    let version = match timeout(NEWS, watch.wait_for(|version| *version != seen)).await {
        Ok(Ok(version)) => *version,
        _ => seen,
    };
    // It may have lost its session meanwhile.
    if !knows(&desk, &headers) {
        return Err(unknown());
    }
    Ok(Json(desk.shared.shown(version)).into_response())
}

#[derive(Deserialize)]
struct AccountBody {
    address: String,
}

async fn account(State(desk): State<Desk>, request: Request) -> Result<Response, Response> {
    if !knows(&desk, request.headers()) {
        return Err(unknown());
    }
    let AccountBody { address } = read(request).await?;
    let Ok(address) = parse_address(&address) else {
        let message = "what the wallet gave as its account is no address";
        return Err(refused(StatusCode::BAD_REQUEST, "address", message));
    };
    let wrong = |wanted: Address| {
        let message = format!("the account {address} is not the one that is wanted, {wanted}");
        refused(StatusCode::CONFLICT, "account", &message)
    };
    desk.shared.choose(address).map_err(wrong)?;
    Ok(Json(json!({})).into_response())
}

#[derive(Deserialize)]
struct AnswerBody {
    id: usize,
    result: Option<Value>,
    error: Option<ErrorBody>,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: Option<Value>,
    message: Option<Value>,
}

impl From<ErrorBody> for Answer {
    fn from(ErrorBody { code, message }: ErrorBody) -> Self {
        let message = match message {
            Some(Value::String(message)) => message,
            _ => "no message".to_owned(),
        };
        Self::Error { code: code.and_then(|code| code.as_i64()).unwrap_or_default(), message }
    }
}

fn of_result(result: Value) -> Answer {
    let kind = match result {
        Value::String(text) => return Answer::Text(SecretString::new(text)),
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::Number(_) => "a number",
        Value::Bool(_) => "true or false",
        Value::Null => "nothing",
    };
    wipe(result);
    Answer::Other(kind)
}

async fn answer(State(desk): State<Desk>, request: Request) -> Result<Response, Response> {
    if !knows(&desk, request.headers()) {
        return Err(unknown());
    }
    let AnswerBody { id, result, error } = read(request).await?;
    let answer = match error {
        Some(error) => {
            result.into_iter().for_each(wipe);
            error.into()
        }
        None => of_result(result.unwrap_or_default()),
    };
    match desk.shared.answer(id, answer) {
        true => Ok(Json(json!({})).into_response()),
        false => {
            let message = "no answer to that request is waited for";
            Err(refused(StatusCode::CONFLICT, "answered", message))
        }
    }
}

#[derive(Deserialize)]
struct HandedBody {
    id: usize,
}

async fn handed(State(desk): State<Desk>, request: Request) -> Result<Response, Response> {
    if !knows(&desk, request.headers()) {
        return Err(unknown());
    }
    let HandedBody { id } = read(request).await?;
    match desk.shared.hand(id) {
        true => Ok(Json(json!({})).into_response()),
        false => {
            let message = "that request is not asked any more";
            Err(refused(StatusCode::CONFLICT, "answered", message))
        }
    }
}

#[derive(Deserialize)]
struct GoesBody {
    session: String,
}

/// A page that goes cannot set headers.
async fn goes(State(desk): State<Desk>, request: Request) -> Result<Response, Response> {
    let GoesBody { session } = read(request).await?;
    if !desk.shared.hears(&session) {
        return Err(unknown());
    }
    desk.shared.goes(desk.silence);
    Ok(Json(json!({})).into_response())
}
