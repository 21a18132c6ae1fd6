//! One node: which answers count as its failure, and how that is said.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use alloy::rpc::json_rpc::{Id, Request, RequestPacket, ResponsePacket, RpcError};
use alloy::transports::layers::{RateLimitRetryPolicy, RetryPolicy};
use alloy::transports::{HttpError, TransportError, TransportErrorKind};
use alloy_primitives::U64;

use super::dialect::{Meaning, as_revert, is_unseen, meaning, reverted_result, tells_data};
use super::http::post;
use super::url::RpcUrl;
use crate::net::NetError;

/// No wait that a node asks for is longer.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// How much of a node's message is quoted, in characters.
const QUOTED: usize = 200;
/// How the chain id is asked for.
const CHAIN_ID: &str = "eth_chainId";
/// How contracts are.
const CALL: &str = "eth_call";
/// The code of a contract that reverts with a selector and a word when it is made:
/// `revert(0, 36)`.
const REVERTING: &str = "0x60246000fd";

/// How a node did not answer.
#[derive(Clone, Debug)]
pub(super) struct NodeFailure {
    /// In words, without secrets.
    pub(super) said: String,
    /// When to try again, zero where the node does not say; `None` when that would not help.
    pub(super) retry: Option<Duration>,
    /// Whether it does not have the block that was asked about.
    pub(super) lacks_block: bool,
    /// Whether it would fail at anything else that is asked.
    is_down: bool,
}

impl NodeFailure {
    /// One that asking again would not mend, whatever is asked.
    fn of(said: String) -> Self {
        Self { said, retry: None, lacks_block: false, is_down: true }
    }
}

/// One node.
pub(super) struct Node {
    pub(super) url: RpcUrl,
    pub(super) client: reqwest::Client,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    /// The chain that all nodes must be on, once it is known.
    pub(super) expected: Arc<OnceLock<u64>>,
    /// The chain that it says it is on.
    pub(super) chain: Mutex<Option<u64>>,
    /// Whether it tells what contracts revert with, once that mattered and was seen.
    pub(super) tells_reverts: OnceLock<bool>,
    /// Whether it was down when it was asked last: others are asked before it.
    pub(super) is_down: AtomicBool,
}

impl Node {
    /// One request, sent once.
    pub(super) async fn ask(&self, request: RequestPacket) -> Result<ResponsePacket, NodeFailure> {
        let request = self.with_headers(request);
        let asked = match self.on_its_chain(&request).await {
            Ok(()) => self.send(request).await,
            Err(failure) => Err(failure),
        };
        let is_down = asked.as_ref().is_err_and(|failure| failure.is_down);
        self.is_down.store(is_down, Ordering::Relaxed);
        asked
    }

    fn failure(&self, error: TransportError) -> NodeFailure {
        let limits = RateLimitRetryPolicy::default();
        let retry =
            limits.should_retry(&error).then(|| limits.backoff_hint(&error).unwrap_or_default());
        let lacks_block = error.as_error_resp().is_some_and(is_unseen);
        let is_down = retry.is_none() && !error.is_error_resp();
        let said = match error {
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
        let said = self.redact(&said);
        NodeFailure { said, retry: retry.map(|wait| wait.min(MAX_WAIT)), lacks_block, is_down }
    }

    /// What the node says, short, without what it repeats of the address: left out before it is
    /// cut, or a part of a key might stay.
    fn quoted(&self, text: &str) -> String {
        quoted(&self.redact(text))
    }

    /// `text` without the secrets of its address and headers.
    pub(super) fn redact(&self, text: &str) -> String {
        self.url.redact(text)
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

    async fn send(&self, request: RequestPacket) -> Result<ResponsePacket, NodeFailure> {
        let (asks_for_chain, is_call) = (asks_for_chain(&request), method(&request) == CALL);
        match tokio::time::timeout(self.timeout, post(&self.client, &self.url.url, request)).await {
            Ok(Ok(answer)) => {
                if let (true, Some(found)) = (asks_for_chain, read_chain(&answer)) {
                    *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                }
                self.judged(answer, is_call).await
            }
            Ok(Err(error)) => Err(self.failure(error)),
            Err(_) => Err(NodeFailure::of(format!("no answer for {} s", self.timeout.as_secs()))),
        }
    }

    /// An error that another node, or this one later, need not give is the node's failure; any
    /// other is its answer.
    async fn judged(
        &self,
        answer: ResponsePacket,
        is_call: bool,
    ) -> Result<ResponsePacket, NodeFailure> {
        if is_call && let Some(data) = reverted_result(&answer) {
            return Ok(as_revert(answer, &data));
        }
        let Some(error) = answer.as_error() else { return Ok(answer) };
        let retry = match meaning(error, is_call) {
            Meaning::Execution(Some(data)) if is_call => return Ok(as_revert(answer, &data)),
            Meaning::Execution(None) if is_call => {
                self.check_tells_reverts(&error.message).await?;
                return Ok(as_revert(answer, &[]));
            }
            Meaning::Execution(_) | Meaning::Request => return Ok(answer),
            Meaning::Wordless => {
                let drops = self.tells_reverts().await? == Some(false);
                let said = self.quoted(&error.message);
                let said = match drops {
                    true => format!(
                        "it says only {said:?}, as it does of a call that is known to revert: it \
                         drops the data that contracts revert with, or is in trouble"
                    ),
                    false => said,
                };
                let retry = Some(Duration::ZERO);
                return Err(NodeFailure { said, retry, lacks_block: false, is_down: false });
            }
            Meaning::Passing => Some(Duration::ZERO),
            Meaning::Refusal => None,
        };
        Err(NodeFailure { retry, ..self.failure(RpcError::ErrorResp(error.clone())) })
    }

    /// A call failed without data. Whether the node would have told it is asked once: one that
    /// drops what contracts revert with hides lookups, and cannot be believed that there is none.
    async fn check_tells_reverts(&self, message: &str) -> Result<(), NodeFailure> {
        let tells = match self.tells_reverts.get() {
            Some(tells) => Some(*tells),
            None => self.tells_reverts().await?,
        };
        // What shows nothing is not kept: the next answer may.
        let Some(tells) = tells else { return Ok(()) };
        if *self.tells_reverts.get_or_init(|| tells) {
            return Ok(());
        }
        let said = format!(
            "it drops the data that contracts revert with, and says only {:?}",
            self.quoted(message)
        );
        Err(NodeFailure { said, retry: None, lacks_block: false, is_down: false })
    }

    /// Whether it tells what a contract reverts with that is known to; `None` where its answer is
    /// about something else.
    async fn tells_reverts(&self) -> Result<Option<bool>, NodeFailure> {
        let call = serde_json::json!({ "input": REVERTING, "data": REVERTING });
        let request = Request::new(CALL, Id::Number(0), (call, "latest")).serialize();
        let request = request.map_err(|error| self.failure(RpcError::SerError(error)))?;
        let request = self.with_headers(request.into());
        let asked = tokio::time::timeout(self.timeout, post(&self.client, &self.url.url, request));
        let answer = match asked.await {
            Ok(answer) => answer.map_err(|error| self.failure(error))?,
            Err(_) => return Err(NodeFailure::of("no answer in time".to_owned())),
        };
        let Some(error) = answer.as_error() else {
            return Ok(reverted_result(&answer).map(|_| true));
        };
        match meaning(error, true) {
            // It is over its limits, say: that is no answer to this question, nor to the other.
            Meaning::Passing => {
                let failure = self.failure(RpcError::ErrorResp(error.clone()));
                Err(NodeFailure { retry: Some(Duration::ZERO), ..failure })
            }
            _ => Ok(tells_data(error)),
        }
    }

    /// Whether the node is on the chain of the others, which is asked once: one that stands in
    /// for another must not answer for another chain.
    async fn on_its_chain(&self, request: &RequestPacket) -> Result<(), NodeFailure> {
        let Some(&expected) = self.expected.get() else { return Ok(()) };
        if asks_for_chain(request) {
            return Ok(());
        }
        let known = *self.chain.lock().unwrap_or_else(PoisonError::into_inner);
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
        let answer = self.send(self.with_headers(request.into())).await?;
        read_chain(&answer).ok_or_else(|| {
            let said = answer.as_error().map(|error| self.quoted(&error.message));
            let said = said.unwrap_or_default();
            NodeFailure::of(format!("it does not say on which chain it is: {said:?}"))
        })
    }

    fn with_headers(&self, mut request: RequestPacket) -> RequestPacket {
        if let RequestPacket::Single(request) = &mut request
            && !self.url.headers.is_empty()
        {
            request.headers_mut().extend(self.url.headers.clone());
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

fn asks_for_chain(request: &RequestPacket) -> bool {
    method(request) == CHAIN_ID
}

fn method(request: &RequestPacket) -> &str {
    match request {
        RequestPacket::Single(request) => request.method(),
        RequestPacket::Batch(_) => "",
    }
}

fn read_chain(answer: &ResponsePacket) -> Option<u64> {
    let ResponsePacket::Single(answer) = answer else { return None };
    Some(serde_json::from_str::<U64>(answer.payload.as_success()?.get()).ok()?.to())
}
