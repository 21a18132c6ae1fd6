//! The tree that a web host has: the files that the manifest there lists, which `publish --to https`
//! leaves. The host's word counts for which files there are; what they say is signed, or is not.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use cid::Cid;
use futures_util::{StreamExt, stream};
use url::Url;

use super::sides::read_sides;
use super::{PullError, TreeFiles};
use crate::ens::Name;
use crate::ipfs::upload::{Manifest, OURS};
use crate::ipfs::{OverBudget, ScratchBlocks, TreeBudget, fingerprint, pack_files};
use crate::net::{Http, NetError, Request, endpoint};
use crate::resolve::FetchLimits;

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// Most bytes of a manifest: some 400,000 files.
const MAX_MANIFEST: usize = 64 << 20;
/// A sha2-256 in hexadecimal.
const SHA256: usize = 64;

/// What a web host has of a name.
pub struct WebTree {
    /// The files.
    pub files: TreeFiles,
    /// The root that its manifest names.
    pub root: Cid,
    /// The root of these files as this program packs them.
    pub packed: Cid,
}

/// Where the manifest of a name is.
pub fn manifest_url(base: &Url, name: &Name) -> Url {
    endpoint(base, [OURS, name.as_str()])
}

/// Fetches all of the tree that was published for `name` at `base`; `scratch` is where it is looked
/// at.
///
/// # Errors
/// [`PullError::NoManifest`] where nobody published there, or not by this program;
/// [`PullError::Unread`] where something that is listed is not served as it is listed;
/// [`PullError::OverBudget`]; [`PullError::Names`] where a name in it is none for a file.
pub async fn web_tree(
    http: &Http,
    base: &Url,
    name: &Name,
    limits: &FetchLimits,
    scratch: &Path,
) -> Result<WebTree, PullError> {
    let (root, listed) = manifest(http, base, name).await?;
    let over = |over: OverBudget| {
        PullError::OverBudget(format!("{over}; the budget of clone and pull: {limits}"))
    };
    let budget = TreeBudget::new(limits.tree);
    for _ in &listed {
        budget.block(0).map_err(over)?;
    }
    let asking = listed.iter().map(|(path, hash)| file(http, base, path, hash, limits.file));
    let mut answers = stream::iter(asking).buffered(AT_ONCE);
    let mut files = BTreeMap::new();
    while let Some(answer) = answers.next().await {
        let (path, bytes) = answer?;
        budget.bytes(bytes.len() as u64).map_err(over)?;
        files.insert(path, bytes);
    }
    drop(answers);
    let scratch = tempfile::tempfile_in(scratch).map_err(|error| unread(&error))?;
    let look = move || look(files, ScratchBlocks::new(scratch), root);
    tokio::task::spawn_blocking(look).await.map_err(|error| unread(&error))?
}

/// What no file can have for a name ends it, as with a tree of blocks.
fn look(
    files: BTreeMap<String, Bytes>,
    mut blocks: ScratchBlocks,
    root: Cid,
) -> Result<WebTree, PullError> {
    let packed = pack_files(files.iter(), &mut blocks).map_err(|error| unread(&error))?.root;
    let budget = TreeBudget::new(crate::ipfs::TreeLimits::WHOLE);
    let sides = read_sides(&blocks, [None, Some(packed), None], &budget, false);
    let sides = sides.map_err(|error| unread(&error))?;
    match sides.bad.is_empty() {
        true => Ok(WebTree { files: TreeFiles(files), root, packed }),
        false => Err(PullError::Names(sides.bad)),
    }
}

/// The root, and the fingerprint of each file.
async fn manifest(
    http: &Http,
    base: &Url,
    name: &Name,
) -> Result<(Cid, BTreeMap<String, String>), PullError> {
    let url = manifest_url(base, name);
    let none = || PullError::NoManifest(crate::net::shown(&url));
    let answer = http.send(&Request::get(url.clone()).max_body(MAX_MANIFEST)).await;
    let answer = answer.map_err(|error| unread(&error))?;
    if matches!(answer.status, 403 | 404 | 410) {
        return Err(none());
    }
    let body = answer.success().map_err(|error| unread(&error))?;
    let manifest = Manifest::parse(std::str::from_utf8(&body).map_err(|_| none())?);
    let listed: BTreeMap<String, String> =
        manifest.files.into_iter().chain(manifest.others).collect();
    match manifest.root {
        Some(root) if !listed.is_empty() => Ok((root, listed)),
        None if manifest.under_way.is_some() => Err(PullError::Unread(format!(
            "{} says that a publication is under way, or was cut short: namesys publish --to https \
             completes it",
            crate::net::shown(&url)
        ))),
        _ => Err(none()),
    }
}

/// A file, as it is listed.
async fn file(
    http: &Http,
    base: &Url,
    path: &str,
    hash: &str,
    longest: usize,
) -> Result<(String, Bytes), PullError> {
    let url = endpoint(base, path.split('/'));
    if hash.starts_with("link-") {
        let reason = "it is a symbolic link".to_owned();
        return Err(PullError::Names(vec![super::BadName { path: path.to_owned(), reason }]));
    }
    // In a bucket the object's tag follows.
    let Some(sha256) = hash.get(..SHA256) else {
        let said = format!("the list at {} has no SHA-256 for {path}", crate::net::shown(base));
        return Err(PullError::Unread(said));
    };
    let answer = http.send(&Request::get(url.clone()).max_body(longest)).await;
    let bytes = match answer {
        Err(NetError::TooLarge { url, limit }) => {
            let said =
                format!("{url} has more than {limit} bytes, the most that is read of a file");
            return Err(PullError::OverBudget(said));
        }
        answer => answer.and_then(|answer| answer.success()).map_err(|error| unread(&error))?,
    };
    if fingerprint(&bytes) != sha256 {
        return Err(PullError::Unread(format!(
            "{} is not what the manifest there lists: a cache may be behind, or a publication under \
             way",
            crate::net::shown(&url)
        )));
    }
    Ok((path.to_owned(), bytes))
}

fn unread(error: &dyn std::fmt::Display) -> PullError {
    PullError::Unread(error.to_string())
}
