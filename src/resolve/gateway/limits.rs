//! Bounds on what gateways may make us read.

use std::fmt;

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
    /// Whether a record that is not where the resolver asks is looked for in the older flat layout
    /// ([records](crate::spec::records)) too: no other client sees it there.
    pub flat: bool,
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
            flat: false,
        }
    }
}

impl FetchLimits {
    /// For whole trees, which a workspace is made of: hundreds of thousands of subnames.
    pub const WHOLE: Self = Self {
        file: 16 << 20,
        car: 1 << 30,
        received: 4 << 30,
        single_blocks: 1 << 20,
        tree: TreeLimits {
            directories: 1 << 20,
            entries: 1 << 23,
            blocks: 1 << 20,
            bytes: 1 << 30,
        },
        lenient: true,
        flat: false,
    };
}

/// What is read at most, for a person.
impl fmt::Display for FetchLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TreeLimits { directories, blocks, bytes, .. } = self.tree;
        let mib = |bytes: u64| bytes >> 20;
        write!(
            f,
            "{blocks} blocks, {directories} directories, {} MiB of blocks and files, {} MiB from \
             one server, {} blocks one by one",
            mib(bytes),
            mib(self.received),
            self.single_blocks
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The help of `clone`, the README and the spec say the same numbers.
    #[test]
    fn the_budget_of_whole_trees_is_said() {
        let said = "1048576 blocks, 1048576 directories, 1024 MiB of blocks and files, 4096 MiB from \
                    one server, 1048576 blocks one by one";
        assert_eq!(FetchLimits::WHOLE.to_string(), said);
        let page = include_str!("../../spec/published.md");
        assert!(page.contains("1,048,576 blocks or directories, 1 GiB of blocks and"));
    }
}
