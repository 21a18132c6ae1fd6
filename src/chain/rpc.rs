//! The nodes: tried in order, with retry and time-out; a block pinned for all calls of one
//! resolution; agreement of several where it is asked for.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use alloy::eips::BlockId;
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::RpcError;
use alloy::transports::TransportError;
use alloy::transports::layers::{FallbackService, RetryBackoffLayer};
use alloy_primitives::B256;
use futures_util::future::join_all;
use reqwest::header::HeaderMap;

use super::Contracts;
use super::answers::Answers;
use super::error::{ChainError, Reason};
use super::quorum::agreement;
use super::transport::{Doing, Doings, Node, Retry, quoted};
use super::url::{Header, RpcUrl};
use super::view::ChainView;
use crate::net::{Http, Timeouts};

/// Waits between attempts where a node names none, in milliseconds.
const BACKOFF: u64 = 400;
/// Requests are not spread out: this is far above what is sent.
const UNITS_PER_SECOND: u64 = 1_000_000;
/// What is asked: each node in turn, never several at a time.
const METHODS: [&str; 13] = [
    "eth_call",
    "eth_chainId",
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
    "eth_blockNumber",
    "eth_estimateGas",
    "eth_feeHistory",
    "eth_getBalance",
    "eth_getCode",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_sendRawTransaction",
];

/// What an [`Rpc`] is made of.
#[derive(Clone, Debug)]
pub struct RpcConfig {
    /// The nodes, the first one preferred.
    pub urls: Vec<RpcUrl>,
    /// Sent to each of them.
    pub headers: Vec<Header>,
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
            headers: Vec::new(),
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

/// Nodes that are asked as one, and what they answered.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    /// Which, where it is one alone.
    pub(super) number: Option<usize>,
    pub(super) provider: RootProvider,
    pub(super) answers: Arc<Answers>,
}

impl Nodes {
    fn new(number: Option<usize>, provider: RootProvider) -> Self {
        Self { number, provider, answers: Arc::default() }
    }
}

/// One or more nodes of one chain. Clones share their connections.
#[derive(Clone)]
pub struct Rpc {
    urls: Arc<[RpcUrl]>,
    /// All of them, in order.
    all: Nodes,
    /// Each by itself.
    each: Arc<[Nodes]>,
    doings: Arc<Doings>,
    headers: HeaderMap,
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
        let RpcConfig { urls, headers, timeout, retries, quorum, contracts } = config;
        if urls.is_empty() {
            return Err(ChainError::NoRpc);
        }
        if quorum > urls.len() || quorum == 0 {
            return Err(ChainError::TooFewNodes { quorum, given: urls.len() });
        }
        let mut header_map = HeaderMap::new();
        header_map.extend(headers.into_iter().map(|Header(name, value)| (name, value)));
        let doings = Arc::new(Doings::default());
        let node = |(number, url): (usize, &RpcUrl)| Node {
            number,
            url: url.clone(),
            client: http.client().clone(),
            headers: header_map.clone(),
            timeout,
            connect_timeout: Timeouts::default().connect,
            doings: doings.clone(),
        };
        let nodes: Vec<Node> = urls.iter().enumerate().map(node).collect();
        let retry =
            || RetryBackoffLayer::new_with_policy(retries, BACKOFF, UNITS_PER_SECOND, Retry);
        let single = |node: &Node| {
            let client = RpcClient::builder().layer(retry()).transport(node.clone(), false);
            Nodes::new(Some(node.number), RootProvider::new(client))
        };
        let each = nodes.iter().map(single).collect();
        let count = nodes.len();
        let methods = METHODS.into_iter().map(str::to_owned).collect();
        let all = FallbackService::new_with_sequential_methods(nodes, count, methods);
        let client = RpcClient::builder().layer(retry()).transport(all, false);
        let all = Nodes::new(None, RootProvider::new(client));
        let urls = urls.into();
        Ok(Self { urls, all, each, doings, headers: header_map, quorum, contracts })
    }

    /// The provider over all nodes, for what is not a read at a pinned block.
    pub fn provider(&self) -> &RootProvider {
        &self.all.provider
    }

    /// The contracts.
    pub fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// The node that answered last, by scheme, host and port.
    pub fn answered_by(&self) -> String {
        self.urls.get(self.doings.answered()).map(ToString::to_string).unwrap_or_default()
    }

    /// Asks for the chain id; with a quorum, every node. From then on a node that is on another
    /// chain, and stands in for one that failed, counts as failed too.
    ///
    /// # Errors
    /// [`ChainError::OtherChain`] when it is not `expected`; a node that cannot be asked.
    pub async fn check_chain_id(&self, expected: Option<u64>) -> Result<u64, ChainError> {
        let nodes = match self.quorum {
            1 => std::slice::from_ref(&self.all),
            _ => &self.each,
        };
        let answers =
            join_all(nodes.iter().map(|node| async { node.provider.get_chain_id().await }));
        let mut chain_id = expected;
        let mut failures = Vec::new();
        for (number, answer) in answers.await.into_iter().enumerate() {
            let node = match self.quorum {
                1 => self.answered_by(),
                _ => self.urls[number].to_string(),
            };
            match answer {
                Ok(found) if chain_id.is_none_or(|expected| expected == found) => {
                    chain_id = Some(found);
                }
                Ok(found) => {
                    let expected = chain_id.unwrap_or_default();
                    return Err(ChainError::OtherChain { node, found, expected });
                }
                Err(error) => failures.push(error),
            }
        }
        // With a quorum, nodes that fail now fail again where agreement counts.
        let found = match failures.into_iter().next() {
            Some(error) if self.quorum == 1 => return Err(self.error("its chain id", error)),
            _ => chain_id.ok_or_else(|| self.no_answer("its chain id"))?,
        };
        self.doings.expect(found);
        Ok(found)
    }

    /// The newest block; with a quorum, the newest that all nodes have, of those that answer.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn latest(&self) -> Result<Block, ChainError> {
        let what = "its newest block";
        let id = if self.quorum == 1 {
            BlockId::latest()
        } else {
            let numbers =
                self.each.iter().map(|node| async { node.provider.get_block_number().await });
            let numbers = join_all(numbers).await;
            let lowest = numbers.into_iter().filter_map(Result::ok).min();
            BlockId::number(lowest.ok_or_else(|| self.no_answer(what))?)
        };
        let block = self.provider().get_block(id).await.map_err(|error| self.error(what, error))?;
        let block = block.ok_or_else(|| self.no_answer(what))?;
        let header = &block.header;
        Ok(Block { number: header.number, hash: header.hash, timestamp: header.timestamp })
    }

    /// Forgets what contracts answered: nodes that are not in step may have answered from other
    /// blocks than those asked about.
    pub fn forget(&self) {
        self.each.iter().chain([&self.all]).for_each(|nodes| nodes.answers.clear());
    }

    /// Everything at `block`, through all nodes in order.
    pub fn at(&self, block: Block) -> ChainView {
        ChainView::new(self.clone(), self.all.clone(), block)
    }

    /// Runs `query` at `block`: by itself, or, with a quorum, on every node, of which so many
    /// must give the same answer.
    ///
    /// # Errors
    /// [`ChainError::Disagreement`] names the answers when too few are the same; else those of
    /// `query`.
    pub async fn agreed<T, F, R>(&self, what: &str, block: Block, query: F) -> Result<T, ChainError>
    where
        T: PartialEq + fmt::Display,
        F: Fn(ChainView) -> R,
        R: Future<Output = Result<T, ChainError>>,
    {
        if self.quorum == 1 {
            return query(self.at(block)).await;
        }
        let asked = self.each.iter().enumerate().map(|(number, node)| {
            let view = ChainView::new(self.clone(), node.clone(), block);
            let answer = query(view);
            async move { (self.urls[number].to_string(), answer.await) }
        });
        agreement(what, self.quorum, join_all(asked).await)
    }

    /// The error of a request that every node failed, with what each of them did.
    pub(crate) fn error(&self, what: &str, error: TransportError) -> ChainError {
        self.error_of(what, error, None)
    }

    /// As [`error`](Self::error), of one node alone where only that was asked.
    pub(super) fn error_of(
        &self,
        what: &str,
        error: TransportError,
        node: Option<usize>,
    ) -> ChainError {
        let failures = match &error {
            // The nodes themselves answered: what they did before is of no interest.
            RpcError::ErrorResp(_) => Vec::new(),
            _ => self.doings.failures(),
        };
        let is_asked = |doing: &Doing| node.is_none_or(|node| node == doing.number);
        let failures: Vec<Doing> = failures.into_iter().filter(is_asked).collect();
        let lack_block = !failures.is_empty() && failures.iter().all(|doing| doing.lacks_block);
        let mut reasons = self.reasons(failures);
        if lack_block {
            return ChainError::LostBlock { what: what.to_owned(), reasons };
        }
        if reasons.is_empty() {
            let said = self
                .urls
                .iter()
                .fold(error.to_string(), |text, url| url.redact(&text, &self.headers));
            let said = quoted(&said);
            let node = node.map_or_else(|| self.answered_by(), |node| self.urls[node].to_string());
            reasons.push(Reason { node, said });
        }
        ChainError::Rpc { what: what.to_owned(), reasons }
    }

    fn no_answer(&self, what: &str) -> ChainError {
        ChainError::Rpc { what: what.to_owned(), reasons: self.reasons(self.doings.failures()) }
    }

    fn reasons(&self, failures: Vec<Doing>) -> Vec<Reason> {
        let node = |number: usize| self.urls[number].to_string();
        let reason = |doing: Doing| Reason { node: node(doing.number), said: doing.said };
        failures.into_iter().map(reason).collect()
    }
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rpc").field("urls", &self.urls).field("quorum", &self.quorum).finish()
    }
}
