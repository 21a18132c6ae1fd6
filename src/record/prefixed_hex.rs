//! Bytes as `0x` and pairs of hexadecimal digits, as values have them.

use alloy_primitives::hex;

/// The bytes of `0x` and pairs of hexadecimal digits.
pub(super) fn prefixed_bytes(text: &str) -> Option<Vec<u8>> {
    prefixed(text).and_then(|digits| hex::decode(digits).ok())
}

/// What follows `0x`, unless that is another `0x`, which the decoder would skip too.
pub(super) fn prefixed(text: &str) -> Option<&str> {
    text.strip_prefix("0x").filter(|digits| !digits.starts_with("0x"))
}
