//! One node: which answers count as its failure, and how that is said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use alloy::rpc::json_rpc::{ErrorPayload, Id, Request, RequestPacket, ResponsePacket, RpcError};
use alloy::transports::layers::{RateLimitRetryPolicy, RetryPolicy};
use alloy::transports::{HttpError, TransportError, TransportErrorKind, TransportFut};
use alloy_primitives::U64;
use reqwest::header::HeaderMap;
use tower_service::Service;

use super::http::post;
use super::url::RpcUrl;
use super::view::is_execution_failure;
use crate::net::NetError;

/// No wait that a node asks for is longer.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// EIP-1474: the block does not exist here.
const RESOURCE_NOT_FOUND: i64 = -32001;
/// How much of a node's message is quoted, in characters.
const QUOTED: usize = 200;

/// Method not found, not supported (JSON-RPC, EIP-1474).
const METHOD_UNKNOWN: [i64; 2] = [-32601, -32004];
/// How the chain id is asked for.
const CHAIN_ID: &str = "eth_chainId";

/// What the nodes did last.
#[derive(Debug, Default)]
pub(super) struct Doings {
    /// Who answered last, by number.
    answered: Mutex<usize>,
    /// How each failed last.
    failed: Mutex<Vec<Doing>>,
    /// The chain that all must be on, once it is known.
    expected: OnceLock<u64>,
    /// The chain that each said it is on.
    chains: Mutex<BTreeMap<usize, u64>>,
}

/// How a node failed last.
#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub(super) number: usize,
    pub(super) said: String,
    /// Whether it does not have the block that was asked about.
    pub(super) lacks_block: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Doings {
    pub(super) fn answered(&self) -> usize {
        *locked(&self.answered)
    }

    pub(super) fn failures(&self) -> Vec<Doing> {
        locked(&self.failed).clone()
    }

    /// From now on a node is asked only when it is on this chain, which the first time it is
    /// asked itself.
    pub(super) fn expect(&self, chain_id: u64) {
        // Another one would have been refused before: it stays the first.
        let _ = self.expected.set(chain_id);
    }

    fn note(&self, number: usize, failure: Option<&NodeFailure>) {
        let mut failed = locked(&self.failed);
        failed.retain(|other| other.number != number);
        match failure {
            Some(NodeFailure { reason, lacks_block, .. }) => {
                let (said, lacks_block) = (reason.clone(), *lacks_block);
                failed.push(Doing { number, said, lacks_block });
            }
            None => *locked(&self.answered) = number,
        }
    }
}

/// A node that did not answer. Never shows more of its URL than the host.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct NodeFailure {
    reason: String,
    /// When to try again; `None` when that would not help.
    retry: Option<Duration>,
    /// Whether it does not have the block that was asked about.
    lacks_block: bool,
}

impl NodeFailure {
    /// One that asking again would not mend.
    fn of(reason: String) -> Self {
        Self { reason, retry: None, lacks_block: false }
    }
}

/// One node.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) number: usize,
    pub(super) url: RpcUrl,
    pub(super) client: reqwest::Client,
    pub(super) headers: HeaderMap,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) doings: Arc<Doings>,
}

impl Node {
    fn failure(&self, error: TransportError) -> NodeFailure {
        let limits = RateLimitRetryPolicy::default();
        let retry =
            limits.should_retry(&error).then(|| limits.backoff_hint(&error).unwrap_or_default());
        let lacks_block = error.as_error_resp().is_some_and(is_unseen);
        let reason = match error {
            RpcError::Transport(TransportErrorKind::Custom(error)) => {
                match error.downcast::<reqwest::Error>() {
                    Ok(error) => {
                        let origin = self.url.origin();
                        NetError::from_reqwest(&origin, &error, self.connect_timeout).to_string()
                    }
                    Err(error) => error.to_string(),
                }
            }
            RpcError::Transport(TransportErrorKind::HttpError(error)) => self.status(&error),
            RpcError::Transport(TransportErrorKind::HttpErrorWithRetryAfter { error, .. }) => {
                self.status(&error)
            }
            RpcError::ErrorResp(error) => self.quoted(&error.message),
            RpcError::DeserError { text, .. } => {
                format!("it answers with something else than JSON-RPC: {:?}", self.quoted(&text))
            }
            other => self.quoted(&other.to_string()),
        };
        let reason = self.url.redact(&reason, &self.headers);
        NodeFailure { reason, retry: retry.map(|wait| wait.min(MAX_WAIT)), lacks_block }
    }

    /// What a node says, short, without what it repeats of the address: left out before it is
    /// cut, or a part of a key might stay.
    fn quoted(&self, text: &str) -> String {
        quoted(&self.url.redact(text, &self.headers))
    }

    fn status(&self, error: &HttpError) -> String {
        let hint = match error.status {
            401 | 403 => " (access is refused; is the key in its URL right?)",
            429 => " (too many requests)",
            300..=399 => " (redirects of nodes are not followed: give the address it leads to)",
            _ => "",
        };
        let body = self.quoted(&error.body);
        match body.is_empty() {
            true => format!("it answers {}{hint}", error.status),
            false => format!("it answers {}: {body:?}{hint}", error.status),
        }
    }

    /// One request, sent once.
    async fn ask(&self, request: RequestPacket) -> Result<ResponsePacket, NodeFailure> {
        match tokio::time::timeout(self.timeout, post(&self.client, &self.url.0, request)).await {
            Ok(Ok(answer)) => {
                let error = answer.as_error().filter(|error| !is_execution_failure(error));
                let Some(error) = error else { return Ok(answer) };
                let retry = match (is_passing(error), is_refusal(error)) {
                    (true, _) => Some(Duration::ZERO),
                    (false, true) => None,
                    (false, false) => return Ok(answer),
                };
                Err(NodeFailure { retry, ..self.failure(RpcError::ErrorResp(error.clone())) })
            }
            Ok(Err(error)) => Err(self.failure(error)),
            Err(_) => Err(NodeFailure::of(format!("no answer for {} s", self.timeout.as_secs()))),
        }
    }

    /// Whether the node is on the chain of the others, which is asked once: one that stands in
    /// for another must not answer for another chain.
    async fn on_its_chain(&self, request: &RequestPacket) -> Result<(), NodeFailure> {
        let Some(&expected) = self.doings.expected.get() else { return Ok(()) };
        if asks_for_chain(request) {
            return Ok(());
        }
        let known = locked(&self.doings.chains).get(&self.number).copied();
        let found = match known {
            Some(found) => found,
            None => self.chain_id().await?,
        };
        if found == expected {
            return Ok(());
        }
        Err(NodeFailure::of(format!("it is on chain {found}, not on chain {expected}")))
    }

    async fn chain_id(&self) -> Result<u64, NodeFailure> {
        let request = Request::new(CHAIN_ID, Id::Number(0), ()).serialize();
        let request = request.map_err(|error| self.failure(RpcError::SerError(error)))?;
        let answer = self.ask(self.with_headers(request.into())).await?;
        self.note_chain(&answer).ok_or_else(|| {
            let said = answer.as_error().map(|error| self.quoted(&error.message));
            let said = said.unwrap_or_default();
            NodeFailure::of(format!("it does not say on which chain it is: {said:?}"))
        })
    }

    /// Keeps which chain the node says it is on.
    fn note_chain(&self, answer: &ResponsePacket) -> Option<u64> {
        let ResponsePacket::Single(answer) = answer else { return None };
        let text = answer.payload.as_success()?.get();
        let found = serde_json::from_str::<U64>(text).ok()?.to();
        locked(&self.doings.chains).insert(self.number, found);
        Some(found)
    }

    fn with_headers(&self, mut request: RequestPacket) -> RequestPacket {
        if let RequestPacket::Single(request) = &mut request
            && !self.headers.is_empty()
        {
            request.headers_mut().extend(self.headers.clone());
        }
        request
    }
}

/// On one line, and not too long.
pub(super) fn quoted(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").chars().take(QUOTED).collect()
}

/// Whether another node, or the same one later, may do better: it is over its limits, or has not
/// seen the block yet.
fn is_passing(error: &ErrorPayload) -> bool {
    error.is_retry_err() || is_unseen(error)
}

/// Whether a node does not have the block that was asked about: not yet, or no longer, after a
/// fork. What geth and its like say, or the code of EIP-1474 for what does not exist.
pub(super) fn is_unseen(error: &ErrorPayload) -> bool {
    let message = error.message.to_ascii_lowercase();
    let texts = ["header not found", "unknown block", "block not found", "could not find block"];
    !is_execution_failure(error)
        && (error.code == RESOURCE_NOT_FOUND || texts.iter().any(|text| message.contains(text)))
}

/// Whether another node may do better, but not the same one later: it does not let us in, or does
/// not know the method.
fn is_refusal(error: &ErrorPayload) -> bool {
    let message = error.message.to_ascii_lowercase();
    let closed =
        ["unauthorized", "authenticat", "forbidden", "access denied", "api key", "api-key"];
    METHOD_UNKNOWN.contains(&error.code) || closed.iter().any(|text| message.contains(text))
}

fn asks_for_chain(request: &RequestPacket) -> bool {
    matches!(request, RequestPacket::Single(request) if request.method() == CHAIN_ID)
}

impl Service<RequestPacket> for Node {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        let request = self.with_headers(request);
        let node = self.clone();
        Box::pin(async move {
            let asks_for_chain = asks_for_chain(&request);
            let asked = match node.on_its_chain(&request).await {
                Ok(()) => node.ask(request).await,
                Err(failure) => Err(failure),
            };
            if let (true, Ok(answer)) = (asks_for_chain, &asked) {
                node.note_chain(answer);
            }
            node.doings.note(node.number, asked.as_ref().err());
            asked.map_err(TransportErrorKind::custom)
        })
    }
}

/// When a request that every node failed is sent again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry;

fn node_failure(error: &TransportError) -> Option<&NodeFailure> {
    match error {
        RpcError::Transport(TransportErrorKind::Custom(error)) => error.downcast_ref(),
        _ => None,
    }
}

impl RetryPolicy for Retry {
    fn should_retry(&self, error: &TransportError) -> bool {
        node_failure(error).is_some_and(|failure| failure.retry.is_some())
    }

    fn backoff_hint(&self, error: &TransportError) -> Option<Duration> {
        node_failure(error)?.retry.filter(|wait| !wait.is_zero())
    }
}
