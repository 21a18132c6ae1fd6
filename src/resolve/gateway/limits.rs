//! Bounds on what gateways may make us read.

use crate::ipfs::TreeLimits;

/// Bounds on what gateways may make us read.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// The longest record file, in bytes.
    pub file: usize,
    /// The longest CAR, in bytes; what is longer is asked for block by block.
    pub car: usize,
    /// All that one gateway sends for one recordhash, in bytes; then the next is asked.
    pub received: u64,
    /// Blocks asked for one by one for one file or listing.
    pub single_blocks: usize,
    /// What all that is read below one recordhash may cost.
    pub tree: TreeLimits,
    /// Whether the next gateway is asked after a 4xx too; EIP-3668 ends there.
    pub lenient: bool,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            file: 1 << 20,
            car: 64 << 20,
            received: 512 << 20,
            single_blocks: 1024,
            tree: TreeLimits::default(),
            lenient: false,
        }
    }
}
