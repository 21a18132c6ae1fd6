//! One node: which answers count as its failure, and how that is said.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use alloy::rpc::json_rpc::{ErrorPayload, RequestPacket, ResponsePacket, RpcError};
use alloy::transports::http::Http as HttpTransport;
use alloy::transports::layers::{RateLimitRetryPolicy, RetryPolicy};
use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use reqwest::header::HeaderMap;
use tower_service::Service;

use super::url::RpcUrl;
use super::view::is_execution_failure;
use crate::net::NetError;

/// No wait that a node asks for is longer.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// EIP-1474: the block does not exist here.
const RESOURCE_NOT_FOUND: i64 = -32001;
/// How much of a node's message is quoted, in characters.
const QUOTED: usize = 200;

/// What the nodes did last.
#[derive(Debug, Default)]
pub(super) struct Doings {
    /// Who answered last, by number.
    answered: Mutex<usize>,
    /// How each failed last.
    failed: Mutex<Vec<Doing>>,
}

/// How a node failed last.
#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub(super) number: usize,
    pub(super) said: String,
    /// Whether it does not have the block that was asked about.
    pub(super) lacks_block: bool,
}

impl Doings {
    pub(super) fn answered(&self) -> usize {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn failures(&self) -> Vec<Doing> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, number: usize, failure: Option<&NodeFailure>) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|other| other.number != number);
        match failure {
            Some(NodeFailure { reason, lacks_block, .. }) => {
                let (said, lacks_block) = (reason.clone(), *lacks_block);
                failed.push(Doing { number, said, lacks_block });
            }
            None => *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = number,
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

/// One node.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) number: usize,
    pub(super) url: RpcUrl,
    pub(super) inner: HttpTransport<reqwest::Client>,
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
            RpcError::Transport(TransportErrorKind::HttpError(error)) => status(&error),
            RpcError::Transport(TransportErrorKind::HttpErrorWithRetryAfter { error, .. }) => {
                status(&error)
            }
            RpcError::ErrorResp(error) => quoted(&error.message),
            RpcError::DeserError { text, .. } => {
                format!("it answers with something else than JSON-RPC: {:?}", quoted(&text))
            }
            other => quoted(&other.to_string()),
        };
        let (reason, retry) = (self.url.redact(&reason), retry.map(|wait| wait.min(MAX_WAIT)));
        NodeFailure { reason, retry, lacks_block }
    }
}

fn status(error: &alloy::transports::HttpError) -> String {
    let hint = match error.status {
        401 | 403 => " (access is refused; is the key in its URL right?)",
        429 => " (too many requests)",
        _ => "",
    };
    let body = quoted(&error.body);
    match body.is_empty() {
        true => format!("it answers {}{hint}", error.status),
        false => format!("it answers {}: {body:?}{hint}", error.status),
    }
}

fn quoted(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").chars().take(QUOTED).collect()
}

/// Whether another node, or the same one later, may do better: it is over its limits, or has not
/// seen the block yet.
fn is_passing(error: &ErrorPayload) -> bool {
    if is_execution_failure(error) {
        return false;
    }
    error.is_retry_err() || is_unseen(error)
}

/// Whether a node does not have the block that was asked about: not yet, or no longer, after a
/// fork. What geth and its like say, or the code of EIP-1474 for what does not exist.
fn is_unseen(error: &ErrorPayload) -> bool {
    let message = error.message.to_ascii_lowercase();
    let texts = ["header not found", "unknown block", "block not found", "could not find block"];
    !is_execution_failure(error)
        && (error.code == RESOURCE_NOT_FOUND || texts.iter().any(|text| message.contains(text)))
}

impl Service<RequestPacket> for Node {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: RequestPacket) -> Self::Future {
        if let RequestPacket::Single(request) = &mut request
            && !self.headers.is_empty()
        {
            request.headers_mut().extend(self.headers.clone());
        }
        let mut node = self.clone();
        Box::pin(async move {
            let failure = match tokio::time::timeout(node.timeout, node.inner.call(request)).await {
                Ok(Ok(answer)) => match answer.as_error().filter(|error| is_passing(error)) {
                    None => {
                        node.doings.note(node.number, None);
                        return Ok(answer);
                    }
                    Some(error) => NodeFailure {
                        retry: Some(Duration::ZERO),
                        ..node.failure(RpcError::ErrorResp(error.clone()))
                    },
                },
                Ok(Err(error)) => node.failure(error),
                Err(_) => {
                    let reason = format!("no answer for {} s", node.timeout.as_secs());
                    NodeFailure { reason, retry: None, lacks_block: false }
                }
            };
            node.doings.note(node.number, Some(&failure));
            Err(TransportErrorKind::custom(failure))
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
