//! EIP-137.

use alloy_primitives::{B256, hex, keccak256};

/// The node of a normalised name: `node(l.rest) = keccak256(node(rest) ‖ keccak256(l))`, the
/// node of the root being zero. Of a label `[<hash>]` the hash is taken as it is.
pub fn namehash(normalized: &str) -> B256 {
    if normalized.is_empty() {
        return B256::ZERO;
    }
    normalized.rsplit('.').fold(B256::ZERO, |node, label| {
        let mut both = [0u8; 64];
        both[..32].copy_from_slice(node.as_slice());
        let hash = hash_of(label).unwrap_or_else(|| keccak256(label));
        both[32..].copy_from_slice(hash.as_slice());
        keccak256(both)
    })
}

/// The hash that `label` is, where it is written as one: `[` 64 hexadecimal digits `]`.
pub(super) fn hash_of(label: &str) -> Option<B256> {
    let digits = label.strip_prefix('[')?.strip_suffix(']')?;
    let mut hash = B256::ZERO;
    let is_hash = digits.len() == 64 && hex::decode_to_slice(digits, &mut hash[..]).is_ok();
    is_hash.then_some(hash)
}
