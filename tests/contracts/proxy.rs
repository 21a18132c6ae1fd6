//! Servers that misbehave: gateways, and a node that lies.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// What a gateway does with every request.
#[derive(Clone, Copy, Debug)]
pub enum Misbehaviour {
    Html,
    Status(u16),
    Never,
    /// A gigabyte, bit by bit.
    Endless,
    ToLinkLocal,
    /// `{"data":"0x"}`
    Nothing,
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
        Misbehaviour::ToLinkLocal => {
            let to = "http://169.254.169.254/latest/meta-data/";
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Misbehaviour::Nothing => {
            ([(header::CONTENT_TYPE, "application/json")], r#"{"data":"0x"}"#).into_response()
        }
    }
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

async fn serve(router: Router) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let addr = listener.local_addr()?;
    // It ends with the runtime of the trial.
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(addr)
}
