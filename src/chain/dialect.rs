//! What the errors of nodes mean, in the codes and words of clients and providers.

use alloy::rpc::json_rpc::ErrorPayload;

/// EIP-1474: the block does not exist here.
const RESOURCE_NOT_FOUND: i64 = -32001;
/// Method not found, not supported (JSON-RPC, EIP-1474).
const METHOD_UNKNOWN: [i64; 2] = [-32601, -32004];

/// Whether an error is about the call, not about the node: a revert, or code that cannot run
/// (old contracts end unknown functions with an invalid opcode).
pub(crate) fn is_execution_failure(error: &ErrorPayload) -> bool {
    let words = ["revert", "invalid opcode", "out of gas", "stack underflow", "invalid jump"];
    let others = ["opcodenotfound", "bad instruction", "vm execution error"];
    error.code == 3 || says(error, &words) || says(error, &others)
}

/// Whether another node, or the same one later, may do better: it is over its limits, or has not
/// seen the block yet.
pub(super) fn is_passing(error: &ErrorPayload) -> bool {
    error.is_retry_err() || is_unseen(error)
}

/// Whether a node does not have the block that was asked about: not yet, or no longer, after a
/// fork. What geth and its like say, or the code of EIP-1474 for what does not exist.
pub(super) fn is_unseen(error: &ErrorPayload) -> bool {
    let texts = ["header not found", "unknown block", "block not found", "could not find block"];
    !is_execution_failure(error) && (error.code == RESOURCE_NOT_FOUND || says(error, &texts))
}

/// Whether another node may do better, but not the same one later: it does not let us in, does
/// not know the method, or does not keep the state of the block.
pub(super) fn is_refusal(error: &ErrorPayload) -> bool {
    let closed =
        ["unauthorized", "authenticat", "forbidden", "access denied", "api key", "api-key"];
    let stateless =
        ["missing trie node", "state not available", "state is not available", "state unavailable"];
    METHOD_UNKNOWN.contains(&error.code) || says(error, &closed) || says(error, &stateless)
}

fn says(error: &ErrorPayload, texts: &[&str]) -> bool {
    let message = error.message.to_ascii_lowercase();
    texts.iter().any(|text| message.contains(text))
}
