//! A node in front of the world's, which does what a rule says with each request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use alloy_primitives::{hex, keccak256};
use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::proxy::serve;

/// What is done with a request.
pub enum Do {
    /// The world's node answers it.
    PassOn,
    /// This status and body.
    Answer(u16, String),
    /// Nothing, for ever.
    Nothing,
    /// A transaction is said to be taken, and dropped.
    Drop,
    /// The world's node gets these first (method, parameters), then the request.
    After(Vec<(&'static str, Value)>),
    /// The world's node answers it, and this is done to the answer.
    Edit(fn(&mut Value)),
    /// The world's node gets it, and its answer is lost: this status is seen instead.
    Lose(u16),
}

type Rule = dyn Fn(&str, usize) -> Do + Send + Sync;

struct Shared {
    client: reqwest::Client,
    upstream: String,
    rule: Box<Rule>,
    /// How often each method was asked.
    asked: Mutex<BTreeMap<String, usize>>,
}

/// The node; requests are counted.
pub struct Node {
    pub url: String,
    state: Arc<Shared>,
}

impl Node {
    /// How often a method was asked.
    pub fn asked(&self, method: &str) -> usize {
        let asked = self.state.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get(method).copied().unwrap_or_default()
    }
}

/// A node in front of `upstream`. The rule is told the method, and how often it was asked before.
pub async fn node(
    upstream: &str,
    rule: impl Fn(&str, usize) -> Do + Send + Sync + 'static,
) -> Result<Node> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let upstream = upstream.to_owned();
    let state = Shared { client, upstream, rule: Box::new(rule), asked: Mutex::default() };
    let state = Arc::new(state);
    let addr = serve(Router::new().fallback(answer).with_state(state.clone())).await?;
    Ok(Node { url: format!("http://{addr}"), state })
}

async fn answer(State(state): State<Arc<Shared>>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let method = request["method"].as_str().unwrap_or_default().to_owned();
    let before = {
        let mut asked = state.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(method.clone()).or_default();
        *count += 1;
        *count - 1
    };
    match (state.rule)(&method, before) {
        Do::PassOn => pass_on(&state, &request).await,
        Do::Edit(edit) => match upstream(&state, &request).await {
            Some(mut answer) => {
                edit(&mut answer);
                json(&answer)
            }
            None => StatusCode::BAD_GATEWAY.into_response(),
        },
        Do::Answer(status, body) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            (status, body).into_response()
        }
        Do::Nothing => std::future::pending().await,
        Do::Drop => {
            let raw = request["params"][0].as_str().and_then(|raw| hex::decode(raw).ok());
            let hash = keccak256(raw.unwrap_or_default());
            json(&json!({ "jsonrpc": "2.0", "id": request["id"], "result": hash }))
        }
        Do::After(requests) => {
            for (method, params) in requests {
                let first =
                    json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params });
                pass_on(&state, &first).await;
            }
            pass_on(&state, &request).await
        }
        Do::Lose(status) => {
            pass_on(&state, &request).await;
            StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT).into_response()
        }
    }
}

fn json(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn pass_on(state: &Shared, request: &Value) -> Response {
    match upstream(state, request).await {
        Some(answer) => json(&answer),
        None => StatusCode::BAD_GATEWAY.into_response(),
    }
}

async fn upstream(state: &Shared, request: &Value) -> Option<Value> {
    let answer = state.client.post(&state.upstream).json(request).send().await.ok()?;
    answer.json().await.ok()
}
