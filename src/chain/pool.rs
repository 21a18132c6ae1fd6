//! Nodes as one: a request goes to them in order, and again after a while where that may help.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket, RpcError};
use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use tokio::time::sleep;
use tower_service::Service;

use super::answer::Heard;
use super::error::{ChainError, Reason};
use super::node::{Node, NodeFailure};
use super::url::RpcUrl;

/// Waits between attempts where no node names one.
const BACKOFF: Duration = Duration::from_millis(400);

/// The transport of one question.
#[derive(Clone)]
pub(super) struct Pool {
    /// The first is preferred.
    pub(super) nodes: Arc<[Arc<Node>]>,
    /// How often a request that all of them refused for the moment is sent again.
    pub(super) retries: u32,
    /// Who answered the requests of this question.
    pub(super) heard: Heard,
}

impl Pool {
    async fn send(&self, request: RequestPacket) -> Result<ResponsePacket, Failures> {
        let mut failures = Failures::default();
        for attempt in 0..=self.retries {
            for node in self.in_order() {
                if failures.is_final(&node.url) {
                    continue;
                }
                match node.ask(request.clone()).await {
                    Ok(answer) => {
                        self.heard.add([node.url.clone()]);
                        return Ok(answer);
                    }
                    Err(failure) => failures.put(&node.url, failure),
                }
            }
            match failures.wait() {
                Some(wait) if attempt < self.retries => sleep(wait).await,
                _ => break,
            }
        }
        Err(failures)
    }

    /// Those that were down come last.
    fn in_order(&self) -> Vec<&Node> {
        let mut nodes: Vec<&Node> = self.nodes.iter().map(Arc::as_ref).collect();
        nodes.sort_by_key(|node| node.is_down.load(Ordering::Relaxed));
        nodes
    }
}

impl Service<RequestPacket> for Pool {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        let pool = self.clone();
        Box::pin(async move { pool.send(request).await.map_err(TransportErrorKind::custom) })
    }
}

/// How every node failed one request.
#[derive(Clone, Debug, Default, thiserror::Error)]
#[error("every node failed")]
pub(super) struct Failures(Vec<(RpcUrl, NodeFailure)>);

impl Failures {
    /// Those behind the error of a request; `None` where a node answered with it.
    pub(super) fn of(error: &TransportError) -> Option<&Self> {
        match error {
            RpcError::Transport(TransportErrorKind::Custom(error)) => error.downcast_ref(),
            _ => None,
        }
    }

    fn put(&mut self, node: &RpcUrl, failure: NodeFailure) {
        self.0.retain(|(other, _)| other != node);
        self.0.push((node.clone(), failure));
    }

    /// Whether it is of no use to ask a node again.
    fn is_final(&self, node: &RpcUrl) -> bool {
        self.0.iter().any(|(other, failure)| other == node && failure.retry.is_none())
    }

    /// When the next node may answer; `None` when none will.
    fn wait(&self) -> Option<Duration> {
        let waits = self.0.iter().filter_map(|(_, failure)| failure.retry);
        waits.map(|wait| if wait.is_zero() { BACKOFF } else { wait }).min()
    }

    pub(super) fn to_error(&self, what: &str) -> ChainError {
        let what = what.to_owned();
        let reason = |(node, failure): &(RpcUrl, NodeFailure)| Reason {
            node: node.to_string(),
            said: failure.said.clone(),
        };
        let reasons = self.0.iter().map(reason).collect();
        match self.0.iter().all(|(_, failure)| failure.lacks_block) {
            true => ChainError::LostBlock { what, reasons },
            false => ChainError::Rpc { what, reasons },
        }
    }
}
