//! Reports about web hosts: `publish --to https`, and their part of `status`.

use serde::{Deserialize, Serialize};

use crate::published::Loss;

/// `publish --to https`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SitePublishReport {
    /// The tree's CID, to compare what sites have.
    pub root: String,
    /// What others brought to a site and would go, or with `--replace` went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Loss>,
    /// Whether each site has the files.
    pub uploads: Vec<SiteUploadReport>,
    /// Whether each address serves them; sites without an address are not among these.
    pub publications: Vec<SiteSeenReport>,
    /// With `--dry-run`: the folder written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<String>,
}

/// What changed at one site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SiteUploadReport {
    /// Kind and place.
    pub to: String,
    /// Whether it has the tree.
    pub ok: bool,
    /// Whether anything changed now.
    pub sent: bool,
    /// Files that are new or changed.
    pub written: u64,
    /// Files that were as they should be.
    pub unchanged: u64,
    /// Files that were removed.
    pub removed: u64,
    /// Why not.
    pub error: Option<String>,
}

/// What one address serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SiteSeenReport {
    /// The address.
    pub to: String,
    /// Whether all that was asked for is as it should be.
    pub ok: bool,
    /// The same: nothing else makes it a publication.
    pub read_back: bool,
    /// Files that were asked for.
    pub asked: u64,
    /// How many are not as they should be.
    pub missing: u64,
    /// Whether web pages of elsewhere may read the files (CORS).
    pub cors: bool,
    /// The first of what is not as it should be.
    pub error: Option<String>,
}

/// `status`: one site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SiteStatusReport {
    /// Kind and place.
    pub from: String,
    /// The tree it was brought last; none when there is none, or not all of it.
    pub root: Option<String>,
    /// Whether that is what is signed here.
    pub current: bool,
    /// Where it is served.
    pub url: Option<String>,
    /// Whether some of its files, asked for there, are served; none without an address.
    pub served: Option<bool>,
    /// What is wrong.
    pub error: Option<String>,
}
