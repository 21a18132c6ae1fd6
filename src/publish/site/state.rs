//! What was seen at each address (`.namesys/sites/<hash>`), and the history of publications
//! (`.namesys/sites.jsonl`). Without them everything is read back again.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;

use cid::Cid;
use serde::{Deserialize, Serialize};

use super::SiteUrl;
use super::read_back::{Expected, Miss};
use crate::ipfs::fingerprint;
use crate::ipfs::upload::Manifest;
use crate::workspace::{Workspace, WorkspaceError, write_atomic};

const HISTORY: &str = "sites.jsonl";
/// Publications that are kept.
const MAX_HISTORY: usize = 1000;

/// What was seen at an address: which version of which file.
pub(super) struct SiteState {
    path: PathBuf,
    was: Manifest,
    seen: Manifest,
}

fn failed(path: &std::path::Path) -> impl FnOnce(io::Error) -> WorkspaceError {
    let path = path.to_owned();
    move |error| WorkspaceError::Io { path, error }
}

impl SiteState {
    pub(super) fn load(
        workspace: &Workspace,
        to: &str,
        url: &SiteUrl,
    ) -> Result<Self, WorkspaceError> {
        // Another store behind the same address is another site.
        let file = &fingerprint(format!("{to}\n{url}").as_bytes())[..32];
        let path = workspace.state_dir().join("sites").join(file);
        let was = Manifest::read(&path).map_err(failed(&path))?;
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
        let temporary = workspace.temporary_dir()?;
        self.seen.write(&temporary, &self.path).map_err(failed(&self.path))
    }
}

/// Stands where a version would, of a file that is to be asked for.
const UNSEEN: &str = "unseen";

/// A publication: the tree was brought, and read back where the site has an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteEntry {
    /// When, RFC 3339.
    pub time: String,
    /// Kind and place.
    pub to: String,
    /// Where it is served; none when it could not be read back.
    pub url: Option<String>,
    /// The tree.
    pub root: String,
    /// Files that were new or changed.
    pub written: u64,
    /// Files that were removed.
    pub removed: u64,
}

/// Publications to sites, oldest first. Lines that are none are left out.
///
/// # Errors
/// When the history cannot be read.
pub fn site_history(workspace: &Workspace) -> Result<Vec<SiteEntry>, WorkspaceError> {
    let path = workspace.state_dir().join(HISTORY);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(failed(&path))?,
    };
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Adds to the history. Hold the lock.
pub(super) fn keep_entry(workspace: &Workspace, entry: &SiteEntry) -> Result<(), WorkspaceError> {
    let path = workspace.state_dir().join(HISTORY);
    let mut entries = site_history(workspace)?;
    entries.push(entry.clone());
    let mut text = String::new();
    for entry in entries.iter().skip(entries.len().saturating_sub(MAX_HISTORY)) {
        text.push_str(&serde_json::to_string(entry).expect("texts and numbers always serialize"));
        text.push('\n');
    }
    let temporary = workspace.temporary_dir()?;
    write_atomic(&temporary, &path, text.as_bytes(), true).map_err(failed(&path))
}
