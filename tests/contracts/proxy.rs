//! Servers that misbehave: gateways, and a node that lies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use namesys::keys::IpnsName;
use serde_json::Value;

/// What a gateway does with every request.
#[derive(Clone, Copy, Debug)]
pub enum Misbehaviour {
    Html,
    Status(u16),
    Never,
    /// A gigabyte, bit by bit.
    Endless,
    /// A redirect.
    To(&'static str),
    /// `{"data":"0x"}`
    Nothing,
    /// Some other JSON.
    OtherJson,
}

/// A gateway that does that; its address.
pub async fn gateway(what: Misbehaviour) -> Result<SocketAddr> {
    serve(Router::new().fallback(misbehave).with_state(what)).await
}

async fn misbehave(State(what): State<Misbehaviour>) -> Response {
    match what {
        Misbehaviour::Html => ([(header::CONTENT_TYPE, "text/html")], "<html>").into_response(),
        Misbehaviour::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            (status, "no").into_response()
        }
        Misbehaviour::Never => std::future::pending().await,
        Misbehaviour::Endless => {
            let chunk = Bytes::from(vec![b' '; 64 << 10]);
            let chunks = (0..16 << 10).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
            Body::from_stream(futures_util::stream::iter(chunks)).into_response()
        }
        Misbehaviour::To(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Misbehaviour::OtherJson => {
            ([(header::CONTENT_TYPE, "application/json")], r#"{"ok":true}"#).into_response()
        }
        Misbehaviour::Nothing => {
            ([(header::CONTENT_TYPE, "application/json")], r#"{"data":"0x"}"#).into_response()
        }
    }
}

/// A gateway behind which there are two: IPNS records come from `records`, all else from `rest`.
/// Without `records` it knows files alone, whatever form is asked for.
struct Stale {
    client: reqwest::Client,
    records: Option<String>,
    rest: String,
    name: IpnsName,
}

/// A gateway that serves what `rest` has of `name`, under the IPNS records of another, or none:
/// whichever root is asked for, the blocks are of that one.
pub async fn stale(records: Option<&str>, rest: &str, name: IpnsName) -> Result<SocketAddr> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let (records, rest) = (records.map(str::to_owned), rest.to_owned());
    let stale = Arc::new(Stale { client, records, rest, name });
    serve(Router::new().fallback(of_either).with_state(stale)).await
}

async fn of_either(State(stale): State<Arc<Stale>>, uri: Uri, headers: HeaderMap) -> Response {
    let asked = uri.query().unwrap_or_default();
    let (upstream, path) = match &stale.records {
        Some(records) if asked.contains("format=ipns-record") => (records, uri.to_string()),
        Some(_) => match uri.to_string().strip_prefix("/ipfs/") {
            Some(path) => {
                let end = path.find(['/', '?']).unwrap_or(path.len());
                (&stale.rest, format!("/ipns/{}{}", stale.name, &path[end..]))
            }
            None => (&stale.rest, uri.to_string()),
        },
        None => (&stale.rest, uri.path().to_owned()),
    };
    let mut request = stale.client.get(format!("{}{path}", upstream.trim_end_matches('/')));
    if let (Some(accept), Some(_)) = (headers.get(header::ACCEPT), &stale.records) {
        request = request.header(header::ACCEPT, accept);
    }
    passed_on(request).await
}

/// A gateway that passes everything on to `rest`, but serves `record` whatever IPNS record is
/// asked for.
pub async fn with_ipns_record(rest: &str, record: Vec<u8>) -> Result<SocketAddr> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let state = Arc::new((client, rest.trim_end_matches('/').to_owned(), record));
    serve(Router::new().fallback(replaced).with_state(state)).await
}

async fn replaced(
    State(state): State<Arc<(reqwest::Client, String, Vec<u8>)>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (client, rest, record) = &*state;
    if uri.query().unwrap_or_default().contains("format=ipns-record") {
        let kind = "application/vnd.ipfs.ipns-record";
        return ([(header::CONTENT_TYPE, kind)], record.clone()).into_response();
    }
    let accept = headers.get(header::ACCEPT).cloned();
    let accept = accept.unwrap_or_else(|| HeaderValue::from_static("*/*"));
    passed_on(client.get(format!("{rest}{uri}")).header(header::ACCEPT, accept)).await
}

/// What an upstream answers.
async fn passed_on(request: reqwest::RequestBuilder) -> Response {
    let Ok(answer) = request.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
    let kind = kind.unwrap_or_else(|| HeaderValue::from_static("application/json"));
    let body = answer.bytes().await.unwrap_or_default();
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// A web server with record files (path and payload), also as nodes of an IPLD map: it answers
/// `/api/v0/dag/get?arg=<cid>/<path>`.
pub async fn web(files: &[(&str, Vec<u8>)]) -> Result<SocketAddr> {
    let file = |(path, payload): &(&str, Vec<u8>)| {
        let hex = alloy_primitives::hex::encode_prefixed(payload);
        ((*path).to_owned(), serde_json::json!({ "data": hex }).to_string())
    };
    let files: Vec<(String, String)> = files.iter().map(file).collect();
    serve(Router::new().fallback(of_web).with_state(Arc::new(files))).await
}

async fn of_web(State(files): State<Arc<Vec<(String, String)>>>, uri: Uri) -> Response {
    let asked = match uri.query().and_then(|query| query.strip_prefix("arg=")) {
        Some(argument) if uri.path() == "/api/v0/dag/get" => {
            let path = argument.split('?').next().unwrap_or_default();
            path.split_once('/').map(|(_, path)| path).unwrap_or_default()
        }
        _ => uri.path().trim_start_matches('/'),
    };
    match files.iter().find(|(path, _)| path == asked) {
        Some((_, file)) => {
            ([(header::CONTENT_TYPE, "application/json")], file.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What goes wrong between a lookup and its callback.
#[derive(Clone, Debug)]
pub enum Unsteady {
    /// Callbacks (or what else is named) are answered by a node of another fork.
    Fork(String),
    /// So many blocks are mined first.
    Mines(u64),
    /// The newest block is given up: the chain goes back to a snapshot, before any call.
    Reverts(String),
    /// Calls are answered by a node that has not seen the block yet.
    Lags,
}

struct Pool {
    client: reqwest::Client,
    upstream: String,
    what: Unsteady,
    callback: String,
    /// So many times.
    left: AtomicUsize,
}

/// A pool of nodes that are not in step, behind one address: it answers calls from the newest
/// block, whichever is asked for (but where the chain goes back), and `times` times something
/// goes wrong first. `callback` is the selector of callbacks, or of what goes wrong in their
/// place.
pub async fn pool(
    upstream: &str,
    what: Unsteady,
    callback: [u8; 4],
    times: usize,
) -> Result<SocketAddr> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let callback = alloy_primitives::hex::encode_prefixed(callback);
    let (upstream, left) = (upstream.to_owned(), AtomicUsize::new(times));
    let pool = Arc::new(Pool { client, upstream, what, callback, left });
    serve(Router::new().fallback(out_of_step).with_state(pool)).await
}

async fn out_of_step(State(pool): State<Arc<Pool>>, request: Bytes) -> Response {
    let mut asked: Value = serde_json::from_slice(&request).unwrap_or_default();
    let is_call = asked["method"] == "eth_call";
    let input = ["input", "data"].map(|field| asked["params"][0][field].as_str().unwrap_or(""));
    let is_callback = input.iter().any(|data| data.starts_with(&pool.callback));
    let take = || {
        let less = |left: usize| left.checked_sub(1);
        pool.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    };
    let mut upstream = &pool.upstream;
    let post = |url: &String, body: &Value| pool.client.post(url).json(body);
    let mut first = None;
    match &pool.what {
        Unsteady::Fork(other) if is_callback && take() => upstream = other,
        Unsteady::Mines(blocks) if is_callback && take() => {
            first = Some(("anvil_mine", serde_json::json!([blocks])));
        }
        Unsteady::Reverts(snapshot) if is_call && take() => {
            first = Some(("evm_revert", serde_json::json!([snapshot])));
        }
        Unsteady::Lags if is_call && take() => {
            let error = serde_json::json!({"code": -32000, "message": "header not found"});
            let answer = serde_json::json!({"jsonrpc": "2.0", "id": asked["id"], "error": error});
            return axum::Json(answer).into_response();
        }
        _ => {}
    }
    if let Some((method, params)) = first {
        let body =
            serde_json::json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params});
        if post(upstream, &body).send().await.is_err() {
            return StatusCode::BAD_GATEWAY.into_response();
        }
    }
    if is_call && matches!(pool.what, Unsteady::Fork(_) | Unsteady::Mines(_)) {
        asked["params"][1] = "latest".into();
    }
    passed_on(post(upstream, &asked)).await
}

struct Liar {
    client: reqwest::Client,
    upstream: String,
    truth: String,
    lie: String,
}

/// A node that passes everything on to `upstream`, but says `lie` where that says `truth`: two
/// texts of the same length, in its answers to `eth_call`.
pub async fn liar(upstream: &str, truth: &str, lie: &str) -> Result<SocketAddr> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let [upstream, truth, lie] = [upstream, truth, lie].map(str::to_owned);
    let liar = Arc::new(Liar { client, upstream, truth, lie });
    serve(Router::new().fallback(pass_on).with_state(liar)).await
}

async fn pass_on(State(liar): State<Arc<Liar>>, request: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&request).unwrap_or_default();
    let sent = liar.client.post(&liar.upstream).header(header::CONTENT_TYPE, "application/json");
    let answer = async { sent.body(request).send().await?.text().await };
    match answer.await {
        Ok(text) if asked["method"] == "eth_call" => text.replace(&liar.truth, &liar.lie),
        Ok(text) => text,
        Err(_) => return StatusCode::BAD_GATEWAY.into_response(),
    }
    .into_response()
}

struct Pruned {
    client: reqwest::Client,
    upstream: String,
    lacks: String,
}

/// A node that passes everything on to `upstream`, but has lost the state of which calls speak
/// that contain `lacks`, a text of hexadecimal digits.
pub async fn pruned(upstream: &str, lacks: &str) -> Result<SocketAddr> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let [upstream, lacks] = [upstream, lacks].map(str::to_owned);
    let pruned = Arc::new(Pruned { client, upstream, lacks });
    serve(Router::new().fallback(of_pruned).with_state(pruned)).await
}

async fn of_pruned(State(pruned): State<Arc<Pruned>>, request: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&request).unwrap_or_default();
    let call = asked["params"][0].to_string();
    if asked["method"] == "eth_call" && call.contains(&pruned.lacks) {
        let message = "missing trie node 0badc0de (path ) state 0x0badc0de is not available";
        let error = serde_json::json!({"code": -32000, "message": message});
        let answer = serde_json::json!({"jsonrpc": "2.0", "id": asked["id"], "error": error});
        return axum::Json(answer).into_response();
    }
    passed_on(pruned.client.post(&pruned.upstream).json(&asked)).await
}

struct Reverting {
    client: reqwest::Client,
    upstream: String,
    revert: Vec<u8>,
}

/// A node that passes everything on to `upstream`, but says of ENSIP-10's `resolve` that it
/// reverts with `revert`: what a resolver could do, whose name is somebody else's.
pub async fn reverting(upstream: &str, revert: Vec<u8>) -> Result<SocketAddr> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let reverting = Arc::new(Reverting { client, upstream: upstream.to_owned(), revert });
    serve(Router::new().fallback(reverted).with_state(reverting)).await
}

async fn reverted(State(node): State<Arc<Reverting>>, request: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&request).unwrap_or_default();
    let input = ["input", "data"].map(|field| asked["params"][0][field].as_str().unwrap_or(""));
    if asked["method"] != "eth_call" || !input.iter().any(|data| data.starts_with("0x9061b923")) {
        return passed_on(node.client.post(&node.upstream).json(&asked)).await;
    }
    let data = alloy_primitives::hex::encode_prefixed(&node.revert);
    let error = serde_json::json!({"code": 3, "message": "execution reverted", "data": data});
    let answer = serde_json::json!({"jsonrpc": "2.0", "id": asked["id"], "error": error});
    axum::Json(answer).into_response()
}

/// A server on a port of the system's choosing.
pub async fn serve(router: Router) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let addr = listener.local_addr()?;
    // It ends with the runtime of the trial.
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(addr)
}
