//! Bounds on what gateways may make us read.

/// Bounds on what gateways may make us read.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// The longest record file, in bytes.
    pub file: usize,
    /// The longest CAR, in bytes.
    pub car: usize,
    /// All blocks kept at a time, in bytes.
    pub memory: usize,
    /// Blocks asked for one by one for one file or listing.
    pub single_blocks: usize,
    /// Files of one listing.
    pub tree_files: usize,
    /// Whether the next gateway is asked after a 4xx too; EIP-3668 ends there.
    pub lenient: bool,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            file: 1 << 20,
            car: 64 << 20,
            memory: 256 << 20,
            single_blocks: 1024,
            tree_files: 100_000,
            lenient: false,
        }
    }
}
