//! What a wallet that signs here needs of a chain's nodes to send a transaction.

use alloy::rpc::types::TransactionRequest;
use alloy_primitives::B256;
use async_trait::async_trait;

/// Why the nodes did not do what a wallet asked of them.
pub type NodeError = Box<dyn std::error::Error + Send + Sync>;

/// The nodes of one chain. A wallet that has nodes of its own, such as a browser's, asks
/// them for what is lacking at most, and sends by itself.
#[async_trait]
pub trait Node: Send + Sync {
    /// Gives a transaction that has a sender what it lacks of nonce, chain id, gas limit and fees
    /// (EIP-1559). What it has stays: a person may have agreed to it.
    ///
    /// # Errors
    /// When the nodes fail.
    async fn fill(&self, transaction: TransactionRequest) -> Result<TransactionRequest, NodeError>;

    /// Sends a signed transaction, as the bytes that `eth_sendRawTransaction` takes. Its hash,
    /// the keccak256 of them.
    ///
    /// # Errors
    /// When the nodes fail; it may have reached one of them.
    async fn broadcast(&self, raw: &[u8]) -> Result<B256, NodeError>;
}
