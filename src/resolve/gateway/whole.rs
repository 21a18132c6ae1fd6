//! A tree by its root, for who reads its blocks in another way than by the paths of records.

use std::path::PathBuf;
use std::sync::Arc;

use cid::Cid;

use super::blocks::{BlockTree, Wanted};
use super::error::FetchError;
use super::reading::Reader;
use super::{BlockNode, FetchLimits, Gateway, RecordFiles, Source};
use crate::ens::Name;
use crate::ipfs::{BlockSource, ReadError, TreeBudget};
use crate::net::Http;

/// Who is asked for the blocks of a tree, and where they are kept meanwhile.
#[derive(Clone, Default)]
pub struct BlockServers {
    /// Nodes that the tree is sent to: they are asked first.
    pub nodes: Vec<Arc<BlockNode>>,
    /// Then these.
    pub gateways: Vec<Gateway>,
    /// The folder for what is read of large trees, in files without names; in memory without.
    pub scratch: Option<PathBuf>,
    /// What is read at most.
    pub limits: FetchLimits,
}

impl BlockServers {
    /// Of whole trees ([`FetchLimits::WHOLE`]).
    pub fn new(nodes: Vec<Arc<BlockNode>>, gateways: Vec<Gateway>, scratch: PathBuf) -> Self {
        Self { nodes, gateways, scratch: Some(scratch), limits: FetchLimits::WHOLE }
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.gateways.is_empty()
    }
}

/// Gateways alone, for whole trees, which are kept in memory.
impl From<Vec<Gateway>> for BlockServers {
    fn from(gateways: Vec<Gateway>) -> Self {
        Self { gateways, limits: FetchLimits::WHOLE, ..Self::default() }
    }
}

impl RecordFiles {
    /// What lies below `root`, at `servers`: nobody is asked yet.
    pub fn below(http: Http, servers: BlockServers, root: Cid) -> Self {
        let BlockServers { nodes, gateways, scratch, limits } = servers;
        let count = nodes.len() + gateways.len();
        let tree = BlockTree::new(root, Vec::new(), None, count, &limits);
        let source = Source::Blocks(Arc::new(tree.in_scratch(scratch.as_deref())));
        let (notes, refuted, ipns_record) = (Vec::new(), Vec::new(), None);
        Self { http, nodes, gateways, limits, source, notes, refuted, ipns_record }
    }

    /// Reads with `read` from blocks that nodes and gateways serve, one after the other until one
    /// serves all that are needed; each is checked, and what one has served stays known. `read`
    /// begins anew with each of them. `name` is any ENS name of the tree.
    ///
    /// # Errors
    /// [`FetchError::Failed`] when no gateway serves all of them, or the tree is not one;
    /// [`FetchError::OverBudget`] when there is more than [`FetchLimits`] allow.
    pub async fn read<T: Send + 'static>(
        &self,
        name: &Name,
        read: impl Fn(&dyn BlockSource, &TreeBudget) -> Result<T, ReadError> + Send + Sync + 'static,
    ) -> Result<T, FetchError> {
        self.read_in(name, "entity", read).await
    }

    /// As [`read`](Self::read), where most of the tree is needed: it is asked for at once.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn read_all<T: Send + 'static>(
        &self,
        name: &Name,
        read: impl Fn(&dyn BlockSource, &TreeBudget) -> Result<T, ReadError> + Send + Sync + 'static,
    ) -> Result<T, FetchError> {
        self.read_in(name, "all", read).await
    }

    async fn read_in<T: Send + 'static>(
        &self,
        name: &Name,
        scope: &'static str,
        read: impl Fn(&dyn BlockSource, &TreeBudget) -> Result<T, ReadError> + Send + Sync + 'static,
    ) -> Result<T, FetchError> {
        let what = || match self.root() {
            Some(root) => format!("the tree {root}"),
            None => "the tree".to_owned(),
        };
        let failed = |notes| FetchError::Failed { what: what(), notes };
        let Source::Blocks(tree) = &self.source else { return Err(failed(Vec::new())) };
        // That there is no such entry would be taken for an answer.
        let read: Reader<Result<T, ReadError>> =
            Arc::new(move |blocks, budget| match read(blocks, budget) {
                Err(error @ (ReadError::NotFound { .. } | ReadError::NotDirectory(_))) => {
                    Ok(Err(error))
                }
                other => other.map(Ok),
            });
        let search = self.search(tree, &Wanted { name, path: &[], scope }, &read).await?;
        match search.found {
            Some((Ok(value), _)) => Ok(value),
            Some((Err(error), gateway)) => {
                let reason = error.to_string();
                Err(failed(vec![super::GatewayNote { gateway, reason }]))
            }
            None => Err(failed(search.notes)),
        }
    }
}
