//! Where trees are read from, to see what a publication would lose: this disk, then nodes that the
//! tree is sent to, then gateways.

use std::path::Path;
use std::sync::Arc;

use crate::ens::Name;
use crate::ipfs::{AnyOf, BlockSource, CarBlocks, FirstOf, ReadError, TreeBudget, TreeLimits};
use crate::net::Http;
use crate::published::{Judge, Judged, Roots};
use crate::resolve::{BlockServers, RecordFiles};
use crate::workspace::Workspace;

/// Compares trees.
pub struct Trees {
    /// Asks nodes and gateways.
    pub http: Http,
    /// They are asked for blocks that are not on this disk.
    pub servers: BlockServers,
    /// Any ENS name of the trees, for gateways that are asked by name.
    pub name: Name,
    /// Has [`KEPT_TREE`](crate::workspace::KEPT_TREE), whose blocks need not be fetched; one that
    /// cannot be read is none.
    pub workspace: Option<Workspace>,
    /// Decides what is lost.
    pub judge: Arc<Judge>,
    /// Has the tree that would be published, where that is in no file.
    pub here: Option<Arc<dyn BlockSource>>,
}

impl Trees {
    /// What would be lost; `car` holds the tree that would be published, where it is on this disk.
    /// Where nobody has the base any more, it is empty.
    ///
    /// # Errors
    /// In words, why what is published cannot be read.
    pub(super) async fn judge(&self, roots: Roots, car: Option<&Path>) -> Result<Judged, String> {
        let outcome = self.read(roots, car).await;
        let without = Roots { base: None, ..roots };
        match outcome {
            Err(_) if roots != without && roots.base != Some(roots.there) => {
                self.read(without, car).await
            }
            outcome => outcome,
        }
    }

    async fn read(&self, roots: Roots, car: Option<&Path>) -> Result<Judged, String> {
        let (judge, workspace) = (self.judge.clone(), self.workspace.clone());
        let (car, here) = (car.map(Path::to_owned), self.here.clone());
        let on_disk = move || {
            let kept = workspace.and_then(|workspace| workspace.kept_tree());
            let car = car.and_then(|car| CarBlocks::open(&car).ok()).map(Arc::new);
            let disk: Vec<Arc<CarBlocks>> = [car, kept].into_iter().flatten().collect();
            let budget = TreeBudget::new(TreeLimits::WHOLE);
            let outcome = judge.judge(&FirstOf(here, AnyOf(&disk)), &roots, &budget);
            (Arc::new(disk), outcome)
        };
        let read = tokio::task::spawn_blocking(on_disk).await;
        let (disk, outcome) = read.map_err(|error| format!("reading it failed: {error}"))?;
        match outcome {
            Err(ReadError::Missing(_)) if !self.servers.is_empty() => {}
            outcome => return outcome.map_err(|error| error.to_string()),
        }
        let files = RecordFiles::below(self.http.clone(), self.servers.clone(), roots.there);
        let (judge, here) = (self.judge.clone(), self.here.clone());
        let read = files.read(&self.name, move |blocks, budget| {
            let all = FirstOf(here.clone(), FirstOf(AnyOf(&disk), blocks));
            judge.judge(&all, &roots, budget)
        });
        read.await.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{BlockSink, CarWriter, RAW, sha256_cid};
    use std::fs::File;

    #[test]
    fn a_damaged_block_on_this_disk_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (path, data) = (dir.path().join("kept.car"), b"a block of a tree".to_vec());
        let cid = sha256_cid(RAW, &data);
        let mut writer = CarWriter::create(&path).unwrap();
        writer.put(&cid, &data).unwrap();
        writer.finish(&cid).unwrap();
        let found = |path: &Path| {
            let disk = [CarBlocks::unchecked(File::open(path).unwrap()).unwrap()];
            AnyOf(&disk).get(&cid).unwrap()
        };
        assert_eq!(found(&path).as_deref(), Some(&data[..]));
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(found(&path), None);
    }
}
