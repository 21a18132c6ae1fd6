//! What was seen at each address (`.namesys/sites/<hash>`). Without it everything is read back
//! again.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use cid::Cid;

use super::SiteUrl;
use super::read_back::{Expected, Miss};
use crate::ipfs::fingerprint;
use crate::ipfs::upload::Manifest;
use crate::workspace::{Workspace, WorkspaceError};

/// What was seen at an address: which version of which file.
pub(super) struct SiteState {
    path: PathBuf,
    was: Manifest,
    seen: Manifest,
}

impl SiteState {
    pub(super) fn load(
        workspace: &Workspace,
        to: &str,
        url: &SiteUrl,
    ) -> Result<Self, WorkspaceError> {
        // Another store behind the same address is another site.
        let file = &fingerprint(format!("{to}\n{url}").as_bytes())[..32];
        let path = Path::new(".namesys/sites").join(file);
        let was = Manifest::read(workspace.folder(), &path).map_err(workspace.failed(&path))?;
        Ok(Self { path, seen: was.clone(), was })
    }

    /// The version that was seen of a file.
    pub(super) fn seen(&self, path: &str) -> Option<&String> {
        self.seen.files.get(path).filter(|sha256| *sha256 != UNSEEN)
    }

    /// Every file that was seen, or that was there and has not been seen to be gone.
    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        self.seen.files.keys()
    }

    /// What was written or removed has to be seen again.
    pub(super) fn forget(&mut self, written: &[String], removed: &[String]) {
        for path in written.iter().chain(removed) {
            self.seen.files.insert(path.clone(), UNSEEN.to_owned());
        }
    }

    /// Takes in the answers to `wanted`: all that are not among `misses` were as they should be.
    pub(super) fn update(
        &mut self,
        wanted: &[Expected],
        misses: &[Miss],
        files: &BTreeMap<String, String>,
        root: Cid,
    ) {
        let missed: HashSet<&String> = misses.iter().map(|miss| &miss.path).collect();
        for Expected { path, sha256 } in wanted {
            match (missed.contains(path), sha256) {
                (true, _) => _ = self.seen.files.insert(path.clone(), UNSEEN.to_owned()),
                (false, Some(sha256)) => {
                    self.seen.files.insert(path.clone(), sha256.clone());
                }
                (false, None) => _ = self.seen.files.remove(path),
            }
        }
        self.seen.root = (self.seen.files == *files).then_some(root);
    }

    pub(super) fn save(&self, workspace: &Workspace) -> Result<(), WorkspaceError> {
        if self.seen == self.was {
            return Ok(());
        }
        workspace.write(&self.path, self.seen.to_text().as_bytes())
    }
}

/// Stands where a version would, of a file that is to be asked for.
const UNSEEN: &str = "unseen";
