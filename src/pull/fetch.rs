//! Blocks of trees: from this disk, then from nodes that the tree is sent to, then from gateways.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cid::Cid;

use super::PullError;
use crate::ens::Name;
use crate::ipfs::{AnyOf, BlockSource, CarBlocks, FirstOf, ReadError, TreeBudget, TreeLimits};
use crate::net::Http;
use crate::resolve::{BlockServers, FetchError, FetchLimits, RecordFiles};

/// Parts of a tree that may be missing, at most, before it is taken for gone.
const MAX_GAPS: usize = 1000;

/// Where trees are read from.
pub struct TreeSource {
    /// Asks nodes and gateways.
    pub http: Http,
    /// They are asked for blocks that are not on this disk.
    pub servers: BlockServers,
    /// Any ENS name of the trees, for gateways that are asked by name.
    pub name: Name,
    /// CAR files of this disk.
    pub disk: Vec<CarBlocks>,
}

/// Reads what is wanted from blocks; told whether missing ones may be left out.
pub(super) type Reader<T> =
    Arc<dyn Fn(&dyn BlockSource, &TreeBudget, bool) -> Result<T, ReadError> + Send + Sync>;

/// Blocks of `inner` without those that are known to be missing; it remembers what was asked last.
struct Watched<'a> {
    inner: &'a dyn BlockSource,
    gaps: &'a HashSet<Cid>,
    last: &'a Mutex<Option<Cid>>,
}

impl BlockSource for Watched<'_> {
    fn get(&self, cid: &Cid) -> io::Result<Option<Bytes>> {
        if self.gaps.contains(cid) {
            return Ok(None);
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(*cid);
        self.inner.get(cid)
    }
}

/// Blocks at nodes and gateways, below a root.
pub(super) struct Trees {
    files: RecordFiles,
    name: Name,
    disk: Arc<Vec<CarBlocks>>,
    limits: FetchLimits,
    has_servers: bool,
    whole: bool,
}

impl TreeSource {
    /// Below `root`, beside what is on this disk. With `whole` most of it is needed.
    pub(super) fn below(self, root: Cid, whole: bool) -> Trees {
        let Self { http, servers, name, disk } = self;
        let (has_servers, limits) = (!servers.is_empty(), servers.limits);
        let files = RecordFiles::below(http, servers, root);
        Trees { files, name, disk: Arc::new(disk), limits, has_servers, whole }
    }
}

impl Trees {
    /// Reads, from this disk if it has all that is needed.
    ///
    /// # Errors
    /// [`PullError::Unread`], [`PullError::OverBudget`].
    pub(super) async fn read<T: Send + 'static>(&self, read: &Reader<T>) -> Result<T, PullError> {
        self.read_around(read, &HashSet::new(), &Arc::default(), false).await
    }

    /// As [`read`](Self::read), of as much as there is.
    ///
    /// # Errors
    /// When there is too little.
    pub(super) async fn read_part<T: Send + 'static>(
        &self,
        read: &Reader<T>,
    ) -> Result<T, PullError> {
        let (mut gaps, last) = (HashSet::new(), Arc::<Mutex<Option<Cid>>>::default());
        loop {
            match self.read_around(read, &gaps, &last, true).await {
                Ok(found) => return Ok(found),
                Err(error) => {
                    let missing = last.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let is_new = missing.is_some_and(|cid| gaps.insert(cid));
                    if !is_new || gaps.len() > MAX_GAPS {
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn read_around<T: Send + 'static>(
        &self,
        read: &Reader<T>,
        gaps: &HashSet<Cid>,
        last: &Arc<Mutex<Option<Cid>>>,
        lenient: bool,
    ) -> Result<T, PullError> {
        let (gaps, alone) = (Arc::new(gaps.clone()), !self.has_servers);
        let (disk, from_disk, around, seen) =
            (self.disk.clone(), read.clone(), gaps.clone(), last.clone());
        let on_disk = move || {
            let budget = TreeBudget::new(TreeLimits::WHOLE);
            let inner = &AnyOf(&disk);
            let watched = Watched { inner, gaps: &around, last: &seen };
            // What this disk lacks somebody else may have.
            from_disk(&watched, &budget, lenient && alone)
        };
        let outcome = tokio::task::spawn_blocking(on_disk).await;
        let unread = |error: &dyn std::fmt::Display| PullError::Unread(error.to_string());
        match outcome.map_err(|error| unread(&format_args!("reading it failed: {error}")))? {
            Err(ReadError::Missing(_)) if self.has_servers => {}
            outcome => return outcome.map_err(|error| unread(&error)),
        }
        let (disk, from_gateways, last) = (self.disk.clone(), read.clone(), last.clone());
        let reader = move |blocks: &dyn BlockSource, budget: &TreeBudget| {
            let inner = &FirstOf(AnyOf(&disk), blocks);
            let watched = Watched { inner, gaps: &gaps, last: &last };
            from_gateways(&watched, budget, lenient)
        };
        let outcome = match self.whole {
            true => self.files.read_all(&self.name, reader).await,
            false => self.files.read(&self.name, reader).await,
        };
        outcome.map_err(|error| match error {
            FetchError::OverBudget { .. } => PullError::OverBudget(format!(
                "{error}; the budget of clone and pull: {}",
                self.limits
            )),
            error => unread(&error),
        })
    }
}
