//! Blocks of trees: from this disk, then from gateways.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cid::Cid;

use crate::ens::Name;
use crate::ipfs::{BlockSource, CarBlocks, ReadError, TreeBudget, TreeLimits};
use crate::net::Http;
use crate::publish::{LIMITS, Layers};
use crate::resolve::{Gateway, RecordFiles};

/// Parts of a tree that may be missing, at most, before it is taken for gone.
const MAX_GAPS: usize = 1000;

/// Where trees are read from.
pub struct TreeSource {
    /// Asks gateways.
    pub http: Http,
    /// They are asked for blocks that are not on this disk.
    pub gateways: Vec<Gateway>,
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

/// Blocks at gateways, below a root.
pub(super) struct Trees {
    files: RecordFiles,
    name: Name,
    disk: Arc<Vec<CarBlocks>>,
    has_gateways: bool,
    whole: bool,
}

impl TreeSource {
    /// Below `root`, beside what is on this disk. With `whole` most of it is needed.
    pub(super) fn below(self, root: Cid, whole: bool) -> Trees {
        let Self { http, gateways, name, disk } = self;
        let has_gateways = !gateways.is_empty();
        let files = RecordFiles::below(http, gateways, root, LIMITS);
        Trees { files, name, disk: Arc::new(disk), has_gateways, whole }
    }
}

impl Trees {
    /// Reads, from this disk if it has all that is needed.
    ///
    /// # Errors
    /// In words, why that is not possible.
    pub(super) async fn read<T: Send + 'static>(&self, read: &Reader<T>) -> Result<T, String> {
        self.read_around(read, &HashSet::new(), &Arc::default(), false).await
    }

    /// As [`read`](Self::read), of as much as there is.
    ///
    /// # Errors
    /// When there is too little.
    pub(super) async fn read_part<T: Send + 'static>(&self, read: &Reader<T>) -> Result<T, String> {
        let (mut gaps, last) = (HashSet::new(), Arc::<Mutex<Option<Cid>>>::default());
        loop {
            match self.read_around(read, &gaps, &last, true).await {
                Ok(found) => return Ok(found),
                Err(reason) => {
                    let missing = last.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let is_new = missing.is_some_and(|cid| gaps.insert(cid));
                    if !is_new || gaps.len() > MAX_GAPS {
                        return Err(reason);
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
    ) -> Result<T, String> {
        let (gaps, alone) = (Arc::new(gaps.clone()), !self.has_gateways);
        let (disk, from_disk, around, seen) =
            (self.disk.clone(), read.clone(), gaps.clone(), last.clone());
        let on_disk = move || {
            let budget = TreeBudget::new(TreeLimits::WHOLE);
            let inner = &Layers { disk: &disk, then: None };
            let watched = Watched { inner, gaps: &around, last: &seen };
            // What this disk lacks somebody else may have.
            from_disk(&watched, &budget, lenient && alone)
        };
        let outcome = tokio::task::spawn_blocking(on_disk).await;
        match outcome.map_err(|error| format!("reading it failed: {error}"))? {
            Err(ReadError::Missing(_)) if self.has_gateways => {}
            outcome => return outcome.map_err(|error| error.to_string()),
        }
        let (disk, from_gateways, last) = (self.disk.clone(), read.clone(), last.clone());
        let reader = move |blocks: &dyn BlockSource, budget: &TreeBudget| {
            let inner = &Layers { disk: &disk, then: Some(blocks) };
            let watched = Watched { inner, gaps: &gaps, last: &last };
            from_gateways(&watched, budget, lenient)
        };
        let outcome = match self.whole {
            true => self.files.read_all(&self.name, reader).await,
            false => self.files.read(&self.name, reader).await,
        };
        outcome.map_err(|error| error.to_string())
    }
}
