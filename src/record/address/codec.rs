//! Chains whose addresses are like no other's: each has its own reading and writing.

use super::reason::Reason;

/// How the addresses of one chain, or of a few, are read and written.
pub(super) struct Codec {
    /// The stored bytes of a text.
    pub parse: fn(&str) -> Result<Vec<u8>, Reason>,
    /// The text of stored bytes; `None` where they are no address.
    pub display: fn(&[u8]) -> Option<String>,
    /// What addresses look like.
    pub expected: &'static str,
    /// Whether they are written `0x` and hexadecimal.
    pub is_hex: bool,
}

/// What every wrong checksum is told as.
pub(super) const CHECKSUM: &str = "its checksum is wrong: check every character";
