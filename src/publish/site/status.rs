//! What sites have, and whether it is served.

use cid::Cid;

use super::publish::{SeenAt, sample};
use super::read_back::{Expected, read_back};
use super::{Held, Site, SiteError, SiteUrl};
use crate::net::{Http, beside};
use crate::publish::Patience;

/// What a site has, and whether its address serves it.
#[derive(Debug)]
pub struct SiteStatus {
    /// Kind and place.
    pub from: String,
    /// What was brought last.
    pub held: Result<Held, SiteError>,
    /// What is served of some of these files; none without an address.
    pub seen: Option<SeenAt>,
}

/// Asks a site what it has, and its address for some of these files.
pub async fn site_status(site: &Site, http: &Http) -> SiteStatus {
    let held = site.store.held().await;
    let mut seen = None;
    if let (Some(url), Ok(held)) = (&site.url, &held) {
        let wanted = sample(&held.files);
        let wanted: Vec<Expected> = wanted
            .map(|(path, sha256)| Expected { path: path.clone(), sha256: Some(sha256.clone()) })
            .collect();
        let asked = read_back(http, url.url(), &wanted, Patience::ONCE, &|_| ()).await;
        seen = Some(SeenAt { url: url.clone(), seen: asked });
    }
    SiteStatus { from: site.store.describe(), held, seen }
}

/// The worst that is to be said of sites.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteFault {
    /// What it has is not known.
    #[error("{from}: {}", beside(from, reason))]
    Unreachable {
        /// The site.
        from: String,
        /// Why not.
        reason: String,
    },
    /// Its address does not serve what it has.
    #[error("{url}: {}", beside(&url.to_string(), reason))]
    NotServed {
        /// The address.
        url: SiteUrl,
        /// What is served instead.
        reason: String,
    },
    /// It has no tree.
    #[error("{from} has no tree, or not all of one")]
    NotPublished {
        /// The site.
        from: String,
    },
    /// Two have different trees.
    #[error("{first} and {other} have different trees")]
    Drift {
        /// The first.
        first: String,
        /// One that has another than that.
        other: String,
    },
}

impl SiteStatus {
    /// The root of the tree that it has, whole.
    pub fn root(&self) -> Option<Cid> {
        self.held.as_ref().ok()?.root
    }
}

/// All that is to be said, the worst first: not known, not served, nothing there, not the same.
pub fn site_faults(sites: &[SiteStatus]) -> Vec<SiteFault> {
    let from = |site: &SiteStatus| site.from.clone();
    let unreachable = sites.iter().filter_map(|site| {
        let reason = site.held.as_ref().err()?.to_string();
        Some(SiteFault::Unreachable { from: from(site), reason })
    });
    let not_served = sites.iter().filter_map(|site| {
        let SeenAt { url, seen } = site.seen.as_ref()?;
        Some(SiteFault::NotServed { url: url.clone(), reason: seen.error()? })
    });
    let answers = || sites.iter().filter(|site| site.held.is_ok());
    let nothing = answers().filter(|site| site.root().is_none());
    let nothing = nothing.map(|site| SiteFault::NotPublished { from: from(site) });
    let with_tree = || answers().filter(|site| site.root().is_some());
    let first = with_tree().next();
    let other = with_tree().find(|site| first.is_some_and(|first| first.root() != site.root()));
    let drift = first.zip(other);
    let drift =
        drift.map(|(first, other)| SiteFault::Drift { first: from(first), other: from(other) });
    unreachable.chain(not_served).chain(nothing).chain(drift).collect()
}
