//! The nodes: one question to all of them in order, or to each.

use std::fmt;
use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use alloy::providers::{Provider, RootProvider};
use alloy::rpc::client::RpcClient;
use alloy::transports::{TransportError, TransportResult};
use alloy_primitives::B256;
use futures_util::future::join_all;

use super::answer::{Answer, Heard, Witness};
use super::answers::Answers;
use super::contracts::Contracts;
use super::error::{ChainError, Reason};
use super::node::{Node, quoted};
use super::pool::{Failures, Pool};
use super::quorum::agreement;
use super::url::RpcUrl;
use crate::net::{Http, Timeouts};

/// What an [`Rpc`] is made of.
#[derive(Clone, Debug)]
pub struct RpcConfig {
    /// The nodes, the first one preferred.
    pub urls: Vec<RpcUrl>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How often a request that every node refused for the moment is sent again.
    pub retries: u32,
    /// How many nodes must agree on what decides: owner, resolver, recordhash, approvals, values
    /// kept on chain.
    pub quorum: usize,
    /// Where ENS is.
    pub contracts: Contracts,
}

impl Default for RpcConfig {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            timeout: Duration::from_secs(20),
            retries: 4,
            quorum: 1,
            contracts: Contracts::default(),
        }
    }
}

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// When it was made, seconds since 1970.
    pub timestamp: u64,
}

/// What nodes must agree on.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, hash, timestamp } = self;
        write!(f, "block {number}, {hash}, of second {timestamp}")
    }
}

/// Whom a question is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// All nodes, of which the first that answers is believed.
    Any,
    /// One alone, by number.
    One(usize),
}

/// Nodes that stand in for each other, and what they answered.
#[derive(Clone)]
struct Nodes {
    nodes: Arc<[Arc<Node>]>,
    answers: Arc<Answers>,
}

impl Nodes {
    fn new(nodes: impl IntoIterator<Item = Arc<Node>>) -> Self {
        Self { nodes: nodes.into_iter().collect(), answers: Arc::default() }
    }
}

/// One or more nodes of one chain. Clones share their connections.
#[derive(Clone)]
pub struct Rpc {
    all: Nodes,
    each: Arc<[Nodes]>,
    /// The chain that all must be on, once it is known.
    expected: Arc<OnceLock<u64>>,
    retries: u32,
    quorum: usize,
    contracts: Contracts,
}

impl Rpc {
    /// Prepares the connections; nothing is sent yet.
    ///
    /// # Errors
    /// [`ChainError::NoRpc`] without URLs, [`ChainError::TooFewNodes`] for a quorum above their
    /// number.
    pub fn new(http: &Http, config: RpcConfig) -> Result<Self, ChainError> {
        let RpcConfig { urls, timeout, retries, quorum, contracts } = config;
        if urls.is_empty() {
            return Err(ChainError::NoRpc);
        }
        if quorum > urls.len() || quorum == 0 {
            return Err(ChainError::TooFewNodes { quorum, given: urls.len() });
        }
        let expected = Arc::new(OnceLock::new());
        let node = |url: RpcUrl| {
            Arc::new(Node {
                client: http.client_of(&url.url).clone(),
                url,
                timeout,
                connect_timeout: Timeouts::default().connect,
                expected: expected.clone(),
                chain: Mutex::default(),
                tells_reverts: OnceLock::new(),
                is_down: AtomicBool::default(),
            })
        };
        let all = Nodes::new(urls.into_iter().map(node));
        let each = all.nodes.iter().map(|node| Nodes::new([node.clone()])).collect();
        Ok(Self { all, each, expected, retries, quorum, contracts })
    }

    /// The same nodes, each asked once: for what is asked in another way where it is refused.
    pub fn without_retries(&self) -> Self {
        Self { retries: 0, ..self.clone() }
    }

    /// How many nodes must say the same.
    pub(super) fn quorum(&self) -> usize {
        self.quorum
    }

    /// Each node by itself.
    pub(super) fn each(&self) -> impl Iterator<Item = (Whom, RpcUrl)> {
        self.all
            .nodes
            .iter()
            .enumerate()
            .map(|(number, node)| (Whom::One(number), node.url.clone()))
    }

    fn nodes(&self, whom: Whom) -> &Nodes {
        match whom {
            Whom::Any => &self.all,
            Whom::One(number) => &self.each[number],
        }
    }

    pub(super) fn answers(&self, whom: Whom) -> &Answers {
        &self.nodes(whom).answers
    }

    /// The provider of one question, which tells `heard` who answers.
    pub(super) fn provider(&self, whom: Whom, heard: Heard) -> RootProvider {
        let nodes = self.nodes(whom).nodes.clone();
        RootProvider::new(RpcClient::new(Pool { nodes, retries: self.retries, heard }, false))
    }

    /// Asks the nodes in order. `what` names the question in errors.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] with what every node did, or with the error that one answered.
    pub async fn ask<T, R>(
        &self,
        what: &str,
        question: impl FnOnce(RootProvider) -> R,
    ) -> Result<Answer<T>, ChainError>
    where
        R: Future<Output = TransportResult<T>>,
    {
        self.ask_of(Whom::Any, what, question).await
    }

    pub(super) async fn ask_of<T, R>(
        &self,
        whom: Whom,
        what: &str,
        question: impl FnOnce(RootProvider) -> R,
    ) -> Result<Answer<T>, ChainError>
    where
        R: Future<Output = TransportResult<T>>,
    {
        let heard = Heard::default();
        let answer = question(self.provider(whom, heard.clone())).await;
        let by = heard.witness();
        match answer {
            Ok(value) => Ok(Answer { value, by }),
            Err(error) => Err(self.error(what, &error, &by)),
        }
    }

    /// The contracts.
    pub fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// Asks for the chain id; with a quorum, every node. From then on a node that is on another
    /// chain, and stands in for one that failed, counts as failed too.
    ///
    /// # Errors
    /// [`ChainError::OtherChain`] when it is not `expected`; a node that cannot be asked.
    pub async fn check_chain_id(&self, expected: Option<u64>) -> Result<u64, ChainError> {
        let what = "its chain id";
        let asked = |whom| self.ask_of(whom, what, |node| async move { node.get_chain_id().await });
        let answers = match self.quorum {
            1 => vec![asked(Whom::Any).await],
            _ => join_all(self.each().map(|(whom, _)| asked(whom))).await,
        };
        let mut chain_id = expected;
        let mut failure = None;
        for answer in answers {
            match answer {
                Ok(Answer { value, .. }) if chain_id.is_none_or(|expected| expected == value) => {
                    chain_id = Some(value);
                }
                Ok(Answer { value: found, by }) => {
                    let expected = chain_id.unwrap_or_default();
                    return Err(ChainError::OtherChain { node: by.to_string(), found, expected });
                }
                Err(error) => failure = Some(error),
            }
        }
        // With a quorum, nodes that fail now fail again where agreement counts.
        let found = match (chain_id, failure) {
            (Some(found), None) => found,
            (Some(found), Some(_)) if self.quorum > 1 => found,
            (_, Some(error)) => return Err(error),
            (None, None) => return Err(ChainError::NoRpc),
        };
        // Another one would have been refused before: it stays the first.
        let _ = self.expected.set(found);
        Ok(found)
    }

    /// A question that is of no block: the answer of the first node that has one, or, with a
    /// quorum, of every node, of which so many must answer the same.
    ///
    /// # Errors
    /// [`ChainError::Disagreement`] names the answers when too few are the same; else as
    /// [`ask`](Self::ask).
    pub(crate) async fn agreed<T, R>(
        &self,
        what: &str,
        question: impl Fn(RootProvider) -> R,
    ) -> Result<Answer<T>, ChainError>
    where
        T: PartialEq + fmt::Display,
        R: Future<Output = TransportResult<T>>,
    {
        if self.quorum == 1 {
            return self.ask(what, question).await;
        }
        let asked = self.each().map(|(whom, node)| {
            let answer = self.ask_of(whom, what, &question);
            async move { (node, answer.await.map(|answer| answer.value)) }
        });
        agreement(what, self.quorum, join_all(asked).await)
    }

    /// Forgets what contracts answered: nodes that are not in step may have answered from other
    /// blocks than those asked about.
    pub fn forget(&self) {
        self.each.iter().chain([&self.all]).for_each(|nodes| nodes.answers.clear());
    }

    /// The error of a request: what every node did, or the error that `by` answered.
    pub(super) fn error(&self, what: &str, error: &TransportError, by: &Witness) -> ChainError {
        if let Some(failures) = Failures::of(error) {
            return failures.to_error(what);
        }
        let nodes = &self.all.nodes;
        let said = nodes.iter().fold(error.to_string(), |text, node| node.redact(&text));
        let reasons = vec![Reason { node: by.to_string(), said: quoted(&said) }];
        ChainError::Rpc { what: what.to_owned(), reasons }
    }
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<RpcUrl> = self.each().map(|(_, url)| url).collect();
        f.debug_struct("Rpc").field("urls", &urls).field("quorum", &self.quorum).finish()
    }
}

#[cfg(test)]
#[path = "rpc_tests.rs"]
mod tests;
