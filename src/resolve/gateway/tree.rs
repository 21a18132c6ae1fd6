//! All record files below a directory at once.

use std::sync::Arc;

use bytes::Bytes;
use cid::Cid;

use super::blocks::{BlockTree, Wanted};
use super::error::{FetchError, GatewayNote};
use super::reading::Reader;
use super::{RecordFiles, Source};
use crate::ens::Name;
use crate::ipfs::{
    BlockSource, Entry, Kind, Met, ReadError, TreeBudget, read_file, resolve, walk_paths,
};

/// A file of a listing, every block of it verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path below the directory listed, parts joined by `/`.
    pub path: String,
    /// Its content.
    pub bytes: Bytes,
}

/// The files below a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Sorted by path.
    pub files: Vec<TreeFile>,
    /// The gateway that served the last block of it.
    pub gateway: String,
    /// What the gateways did that were asked before.
    pub passed_over: Vec<GatewayNote>,
}

/// Which of the entries below a directory are wanted, by the folder's path (empty, or with a slash
/// at its end) and the entry's name.
type Selection = fn(&str, &str) -> bool;

/// Folders of a name's directory that hold its records; beside them are those of its subnames.
const RECORD_FOLDERS: [&str; 5] = ["text", "address", "interface", "abi", "dns"];

impl RecordFiles {
    /// Fetches every file below `directory` (`.well-known/eth/nick`), sorted by path. Links and
    /// files over the bound of a record file are left out.
    ///
    /// # Errors
    /// [`FetchError::NotFound`] when there is no such directory; [`FetchError::Failed`] when no
    /// gateway serves blocks: a directory cannot be listed on anybody's word;
    /// [`FetchError::OverBudget`] when there is more than [`FetchLimits`] allow.
    ///
    /// [`FetchLimits`]: super::FetchLimits
    pub async fn fetch_tree(&self, name: &Name, directory: &str) -> Result<Listing, FetchError> {
        self.fetch_selected(name, directory, |_, _| true).await
    }

    /// As [`fetch_tree`](Self::fetch_tree) of the name's own directory, the files alone that may
    /// be records of it: subnames and whatever else lies there are not read.
    ///
    /// # Errors
    /// As [`fetch_tree`](Self::fetch_tree).
    pub async fn fetch_records(&self, name: &Name) -> Result<Listing, FetchError> {
        self.fetch_selected(name, &name.well_known(), may_be_record).await
    }

    async fn fetch_selected(
        &self,
        name: &Name,
        directory: &str,
        selection: Selection,
    ) -> Result<Listing, FetchError> {
        let what = || format!("the list of {directory}");
        let failed = |notes| FetchError::Failed { what: what(), notes };
        let Source::Blocks(tree) = &self.source else {
            let reason = "files can be listed only where blocks can be checked".to_owned();
            let gateway = self.gateways.first().map(ToString::to_string).unwrap_or_default();
            return Err(failed(vec![GatewayNote { gateway, reason }]));
        };
        let segments: Vec<&str> = directory.split('/').collect();
        let wanted = Wanted { name, path: &segments, scope: "all" };
        let read = self.tree_reader(tree, &segments, selection);
        let search = match self.search(tree, &wanted, &read).await {
            Err(FetchError::OverBudget { reason, .. }) => {
                return Err(FetchError::OverBudget { what: what(), reason });
            }
            search => search?,
        };
        match (search.found, search.denied_by) {
            (Some((files, gateway)), _) => {
                Ok(Listing { files, gateway, passed_over: search.notes })
            }
            (None, _) if search.is_wrong => {
                Err(FetchError::Refuted { what: what(), notes: search.notes })
            }
            (None, Some(gateway)) => {
                let path = directory.to_owned();
                Err(FetchError::NotFound { path, gateway, proven: false })
            }
            (None, None) => Err(failed(search.notes)),
        }
    }

    fn tree_reader(
        &self,
        tree: &Arc<BlockTree>,
        segments: &[&str],
        selection: Selection,
    ) -> Reader<Vec<TreeFile>> {
        let (tree, longest) = (tree.clone(), self.limits.file as u64);
        let full: Vec<String> = tree.path(segments).into_iter().map(str::to_owned).collect();
        Arc::new(move |blocks, budget| {
            let full: Vec<&str> = full.iter().map(String::as_str).collect();
            let top = resolve(blocks, &tree.root, &full)?;
            read_tree(budget, blocks, &top.cid, selection, longest)
        })
    }
}

fn read_tree(
    budget: &TreeBudget,
    blocks: &dyn BlockSource,
    directory: &Cid,
    selection: Selection,
    longest: u64,
) -> Result<Vec<TreeFile>, ReadError> {
    let mut files = Vec::new();
    let mut wanted = |folder: &str, entry: &Entry| {
        // No path leads to what has such a name, and what cannot be read is none of ours.
        let is_name = !matches!(entry.name.as_str(), "" | "." | "..") && !entry.name.contains('/');
        Ok(is_name && entry.cid.is_ok() && selection(folder, &entry.name))
    };
    let mut visit = |Met { path, cid, kind }: Met| {
        if let Kind::File { size } = kind
            && size <= longest
        {
            budget.bytes(size)?;
            files.push(TreeFile { path, bytes: read_file(blocks, &cid, size)? });
        }
        Ok::<(), ReadError>(())
    };
    walk_paths(blocks, directory, budget, &mut wanted, &mut visit)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Whether an entry below a name's directory may be a record of the name, or a folder of such.
fn may_be_record(folder: &str, name: &str) -> bool {
    match folder.strip_suffix('/') {
        None => name.ends_with(".json") || RECORD_FOLDERS.contains(&name),
        Some(folder) => name.ends_with(".json") && RECORD_FOLDERS.contains(&folder),
    }
}
