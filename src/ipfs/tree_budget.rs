//! What reading a tree may cost.
//!
//! Whoever publishes a tree chooses its shape: 8 KB of directories that link to the same child are
//! more paths than can be walked in a lifetime, and 2 MB of links to one file more bytes than any
//! machine has. Nothing of that is a fault of a block, so whoever reads a tree sets a budget, and
//! shares it among everything that is read of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a block costs beside its bytes: its CID, and its place in an index.
pub const BLOCK_OVERHEAD: u64 = 256;

/// Bounds on reading one tree. The default is for the records of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeLimits {
    /// Directories listed; one that lies at two paths counts twice.
    pub directories: u64,
    /// Entries of the directories listed, links between parts of a HAMT included.
    pub entries: u64,
    /// Distinct blocks.
    pub blocks: u64,
    /// Bytes of distinct blocks, [`BLOCK_OVERHEAD`] for each, and bytes of files; a file that lies
    /// at two paths counts twice.
    pub bytes: u64,
}

impl Default for TreeLimits {
    fn default() -> Self {
        Self { directories: 10_000, entries: 250_000, blocks: 100_000, bytes: 128 << 20 }
    }
}

impl TreeLimits {
    /// For a whole published tree on this machine's disk: what the largest has, many times over.
    pub const WHOLE: Self =
        Self { directories: 1 << 22, entries: 1 << 24, blocks: 1 << 24, bytes: 1 << 36 };
}

/// More than a budget allows: nothing is known to be wrong, it cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {} would have to be read of the tree", Amount(*limit, what))]
pub struct OverBudget {
    /// Of what.
    pub what: &'static str,
    /// How much is read.
    pub limit: u64,
}

/// What is left to be read of a tree; shared by all who read it.
#[derive(Debug, Default)]
pub struct TreeBudget {
    limits: TreeLimits,
    directories: AtomicU64,
    entries: AtomicU64,
    blocks: AtomicU64,
    bytes: AtomicU64,
    /// The budget that this is a part of.
    whole: Option<Arc<TreeBudget>>,
}

/// One of the four bounds.
#[derive(Clone, Copy)]
enum Kind {
    Directories,
    Entries,
    Blocks,
    Bytes,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Directories, Self::Entries, Self::Blocks, Self::Bytes];

    fn name(self) -> &'static str {
        match self {
            Self::Directories => "directories",
            Self::Entries => "entries of directories",
            Self::Blocks => "blocks",
            Self::Bytes => "bytes of blocks and files",
        }
    }
}

impl TreeBudget {
    /// Nothing is spent yet.
    pub fn new(limits: TreeLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// What one attempt to read spends of `whole`: [`give_back`](Self::give_back) undoes it, so
    /// that the same read again does not spend twice.
    pub fn attempt(whole: &Arc<Self>) -> Self {
        Self { limits: whole.limits, whole: Some(whole.clone()), ..Self::default() }
    }

    /// The attempt has failed: what it spent is there for another.
    pub fn give_back(&self) {
        let Some(whole) = &self.whole else { return };
        for kind in Kind::ALL {
            let spent = self.spent(kind).0.swap(0, Ordering::Relaxed);
            whole.spent(kind).0.fetch_sub(spent, Ordering::Relaxed);
        }
    }

    fn spent(&self, kind: Kind) -> (&AtomicU64, u64) {
        match kind {
            Kind::Directories => (&self.directories, self.limits.directories),
            Kind::Entries => (&self.entries, self.limits.entries),
            Kind::Blocks => (&self.blocks, self.limits.blocks),
            Kind::Bytes => (&self.bytes, self.limits.bytes),
        }
    }

    fn spend(&self, kind: Kind, amount: u64) -> Result<(), OverBudget> {
        // Counted here in any case: it is what would be given back.
        let whole = self.whole.as_ref().map_or(Ok(()), |whole| whole.spend(kind, amount));
        let (spent, limit) = self.spent(kind);
        let before = spent.fetch_add(amount, Ordering::Relaxed);
        match before.checked_add(amount) {
            Some(now) if now <= limit => whole,
            _ => Err(OverBudget { what: kind.name(), limit }),
        }
    }

    /// A directory is listed.
    ///
    /// # Errors
    /// [`OverBudget`], here and below, also for whatever comes later of the same kind.
    pub fn directory(&self) -> Result<(), OverBudget> {
        self.spend(Kind::Directories, 1)
    }

    /// So many entries are met.
    ///
    /// # Errors
    /// [`OverBudget`]
    pub fn entries(&self, count: usize) -> Result<(), OverBudget> {
        self.spend(Kind::Entries, count as u64)
    }

    /// A block that was not met before, of `length` bytes.
    ///
    /// # Errors
    /// [`OverBudget`]
    pub fn block(&self, length: usize) -> Result<(), OverBudget> {
        self.spend(Kind::Blocks, 1)?;
        self.bytes(length as u64 + BLOCK_OVERHEAD)
    }

    /// So many bytes of a file.
    ///
    /// # Errors
    /// [`OverBudget`]
    pub fn bytes(&self, count: u64) -> Result<(), OverBudget> {
        self.spend(Kind::Bytes, count)
    }
}

/// `128 MiB of blocks and files`, `10000 directories`.
struct Amount<'a>(u64, &'a str);

impl fmt::Display for Amount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(limit, what) = self;
        match what.strip_prefix("bytes") {
            Some(rest) if *limit >= 1 << 20 => write!(f, "{} MiB{rest}", limit >> 20),
            _ => write!(f, "{limit} {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_that_fails_spends_nothing() {
        let limits = TreeLimits { directories: 2, entries: 10, blocks: 3, bytes: 1000 };
        let whole = Arc::new(TreeBudget::new(limits));
        for _ in 0..3 {
            let attempt = TreeBudget::attempt(&whole);
            attempt.bytes(700).and_then(|()| attempt.directory()).unwrap();
            attempt.give_back();
        }
        let attempt = TreeBudget::attempt(&whole);
        attempt.bytes(700).unwrap();
        drop(attempt);
        let other = TreeBudget::attempt(&whole);
        assert!(other.bytes(301).is_err(), "one that did not is of the same budget");
        other.give_back();
        TreeBudget::attempt(&whole).bytes(300).unwrap();
    }

    #[test]
    fn what_is_spent_stays_spent_and_the_bound_is_named() {
        let limits = TreeLimits { directories: 2, entries: 10, blocks: 3, bytes: 1000 };
        let budget = TreeBudget::new(limits);
        budget.directory().and_then(|()| budget.directory()).unwrap();
        let error = budget.directory().unwrap_err();
        assert_eq!(error.to_string(), "more than 2 directories would have to be read of the tree");
        budget.entries(10).unwrap();
        assert!(budget.entries(1).is_err() && budget.entries(usize::MAX).is_err());
        // Of empty blocks the third is over: their places count.
        budget.block(0).and_then(|()| budget.block(0)).and_then(|()| budget.block(0)).unwrap();
        assert_eq!(budget.block(0).unwrap_err().what, "blocks");
        budget.bytes(232).unwrap();
        let error = budget.bytes(1).unwrap_err().to_string();
        assert!(error.starts_with("more than 1000 bytes of blocks and files would"), "{error}");
        let error = TreeBudget::default().bytes(u64::MAX).unwrap_err().to_string();
        assert!(error.starts_with("more than 128 MiB of blocks and files would"), "{error}");
    }
}
