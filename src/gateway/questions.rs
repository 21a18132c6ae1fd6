//! What a question asks for, apart from the database: for whoever has to see that no bytes do harm.

use alloy_primitives::B256;
use serde_json::Value;

use super::asked::{Asked, of_call, of_path};
use super::version::GraphQl;
use crate::json;
use crate::record::RecordKey;

/// The node and the record that a call of EIP-3668 asks for; none of another call.
pub fn question_of_call(call: &[u8]) -> Option<(B256, RecordKey)> {
    of_call(call).ok().map(|Asked { node, key }| (node, key))
}

/// The node and the record of each file that `path` (decoded) can be.
pub fn questions_of_path(path: &str) -> Vec<(B256, RecordKey)> {
    of_path(path).into_iter().map(|Asked { node, key }| (node, key)).collect()
}

/// The answer to a body of GraphQL, of a name whose records changed so often.
///
/// # Errors
/// What is wrong with the body, in words.
pub fn version_answer(body: &[u8], changes: Option<u64>) -> Result<Value, String> {
    let asked: GraphQl = json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(asked.read()?.answer(changes))
}
