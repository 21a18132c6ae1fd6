//! EIP-137.

use alloy_primitives::{B256, keccak256};

/// The node of a normalised name: `node(l.rest) = keccak256(node(rest) ‖ keccak256(l))`, the
/// node of the root being zero.
pub fn namehash(normalized: &str) -> B256 {
    if normalized.is_empty() {
        return B256::ZERO;
    }
    normalized.rsplit('.').fold(B256::ZERO, |node, label| {
        let mut both = [0u8; 64];
        both[..32].copy_from_slice(node.as_slice());
        both[32..].copy_from_slice(keccak256(label).as_slice());
        keccak256(both)
    })
}
