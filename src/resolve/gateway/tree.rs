//! All record files below a directory at once.

use bytes::Bytes;

use super::blocks::{BlockCache, BlockTree, Wanted};
use super::error::{FetchError, GatewayNote};
use super::{RecordFiles, Source};
use crate::ens::Name;
use crate::ipfs::{BlockSource, Kind, ReadError, list, read_file, resolve};

/// Directories in directories.
const MAX_DEPTH: usize = 64;

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

impl RecordFiles {
    /// Fetches every file below `directory` (`.well-known/eth/nick`), sorted by path. Links and
    /// files over the bound of a record file are left out.
    ///
    /// # Errors
    /// [`FetchError::NotFound`] when there is no such directory; [`FetchError::Failed`] when no
    /// gateway serves blocks: a directory cannot be listed on anybody's word.
    pub async fn fetch_tree(&self, name: &Name, directory: &str) -> Result<Listing, FetchError> {
        let failed = |notes| FetchError::Failed { what: format!("the list of {directory}"), notes };
        let Source::Blocks(tree) = &self.source else {
            let reason = "files can be listed only where blocks can be checked".to_owned();
            let gateway = self.gateways.first().map(ToString::to_string).unwrap_or_default();
            return Err(failed(vec![GatewayNote { gateway, reason }]));
        };
        let segments: Vec<&str> = directory.split('/').collect();
        let read = |blocks: &BlockCache| self.read_tree(tree, blocks, &segments);
        let wanted = Wanted { name, path: &segments, scope: "all" };
        let search = self.search(tree, &wanted, &read).await?;
        match (search.found, search.denied_by) {
            (Some((files, gateway)), _) => {
                Ok(Listing { files, gateway, passed_over: search.notes })
            }
            (None, _) if search.is_wrong => {
                let what = format!("the list of {directory}");
                Err(FetchError::Refuted { what, notes: search.notes })
            }
            (None, Some(gateway)) => {
                let path = directory.to_owned();
                Err(FetchError::NotFound { path, gateway, proven: false })
            }
            (None, None) => Err(failed(search.notes)),
        }
    }

    fn read_tree(
        &self,
        tree: &BlockTree,
        blocks: &dyn BlockSource,
        segments: &[&str],
    ) -> Result<Vec<TreeFile>, ReadError> {
        let top = resolve(blocks, &tree.root, &tree.path(segments))?;
        let mut files = Vec::new();
        let mut left = vec![(String::new(), top.cid, 0)];
        while let Some((path, cid, depth)) = left.pop() {
            if depth > MAX_DEPTH {
                return Err(ReadError::Bound { cid, what: "levels" });
            }
            for entry in list(blocks, &cid)? {
                let path = match path.as_str() {
                    "" => entry.name,
                    parent => format!("{parent}/{}", entry.name),
                };
                match resolve(blocks, &entry.cid, &[])?.kind {
                    Kind::Directory => left.push((path, entry.cid, depth + 1)),
                    Kind::File { size } if size <= self.limits.file as u64 => {
                        let file = read_file(blocks, &entry.cid, size)?;
                        files.push(TreeFile { path, bytes: file.bytes });
                    }
                    Kind::File { .. } | Kind::Symlink { .. } => {}
                }
                if files.len() > self.limits.tree_files || left.len() > self.limits.tree_files {
                    return Err(ReadError::Bound { cid, what: "files" });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}
