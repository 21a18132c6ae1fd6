//! The signed tree on web hosts, for names whose recordhash is `https://…`: a folder that a web
//! server has (or rsync, or git takes to one), or a bucket. Neither IPFS nor IPNS nor a key is
//! needed; a publication counts when it was read back from the address that clients ask.
//!
//! | file | what it does |
//! | --- | --- |
//! | `folder` | a folder as a [`Store`] |
//! | `bucket`, `bucket_manifest` | an S3-compatible bucket as a [`Store`]: one object a file |
//! | `files` | what a web server must answer, path by path |
//! | `read_back` | asks the address for files, and that what is removed is gone |
//! | `publish` | [`publish_sites`]: brings, reads back |
//! | `over` | what a publication may replace |
//! | `status` | [`site_status`]: what sites have, and whether it is served |
//! | `state` | what was seen at each address, under `.namesys/` |

mod bucket;
mod bucket_entry;
mod bucket_manifest;
mod files;
mod folder;
mod over;
mod publish;
mod read_back;
mod state;
mod status;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use async_trait::async_trait;
use cid::Cid;
use url::Url;

pub use self::bucket::{BucketStore, Settings};
pub use self::over::Over;
pub use self::publish::{
    SeenAt, SiteOutcome, SiteRequest, SiteStopped, SitesOutcome, publish_sites,
};
pub use self::read_back::{Miss, Seen};
pub use self::status::{SiteFault, SiteStatus, site_faults, site_status};
use crate::ipfs::upload::UploadError;
use crate::net::{NetError, Progress, beside};
use crate::recordhash::{Recordhash, RecordhashError, Target};

pub use crate::ipfs::upload::{Changes, Folder};

/// Where the files of a site are kept. The tree of a name replaces that name's former one; files
/// that are not the name's are never touched.
#[async_trait]
pub trait Store: Send + Sync {
    /// Kind and place, for a person: `folder /srv/www`.
    fn describe(&self) -> String;

    /// Makes the store hold the tree of `root`, which is in the CAR file `car`: what is new first,
    /// what is no longer part of it goes last. Doing it again completes what was cut short. Nothing
    /// is changed where `over` does not permit it over what is there.
    async fn bring(
        &self,
        car: &Path,
        root: &Cid,
        over: &Over,
        progress: Option<Progress>,
    ) -> Result<Changes, SiteError>;

    /// What was brought last.
    async fn held(&self) -> Result<Held, SiteError>;

    /// Writes, reads and removes something, and leaves nothing: in words, that it can be written.
    async fn probe(&self) -> Result<String, SiteError>;
}

/// What a store was brought last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The root of the tree; none when nothing was brought, or not all of it.
    pub root: Option<Cid>,
    /// The root of a publication that is under way, or was cut short.
    pub under_way: Option<Cid>,
    /// Path and sha2-256 (hexadecimal) of each file.
    pub files: BTreeMap<String, String>,
}

/// A web host.
pub struct Site {
    /// Where its files are kept.
    pub store: Box<dyn Store>,
    /// Where they are served; without it nothing can be read back.
    pub url: Option<SiteUrl>,
}

/// The address before `/.well-known/…`, the recordhash of the names that are kept there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteUrl(Url);

/// Why a text is not the address of a site.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteUrlError {
    /// No recordhash at all.
    #[error(transparent)]
    Recordhash(#[from] RecordhashError),
    /// Another kind of recordhash.
    #[error("{0:?} is not an https:// address, which is what setup --https takes")]
    NotHttps(String),
}

impl FromStr for SiteUrl {
    type Err = SiteUrlError;

    fn from_str(text: &str) -> Result<Self, SiteUrlError> {
        let not_https = || SiteUrlError::NotHttps(text.chars().take(200).collect());
        if !text.starts_with("https://") {
            return Err(not_https());
        }
        match text.parse::<Recordhash>()?.target() {
            Target::Https(url) => Ok(Self(url.clone())),
            _ => Err(not_https()),
        }
    }
}

impl SiteUrl {
    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for SiteUrl {
    /// Without a slash at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Why a site does not have the tree.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SiteError {
    /// A folder's, or about the packed tree.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The network, or the service's refusal.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The settings do not fit together.
    #[error("{to} cannot be used: {reason}")]
    Settings {
        /// The site.
        to: String,
        /// Why.
        reason: String,
    },
    /// Somebody else's object where a file is to be.
    #[error(
        "{to}: {key:?} is not namesys's and stands where the tree needs the place; move it away or \
         choose another prefix"
    )]
    Foreign {
        /// The site.
        to: String,
        /// The object.
        key: String,
    },
    /// What somebody else brought there would go.
    #[error("{to} has what was not brought from here and would go ({count}): {first}")]
    WouldLose {
        /// The site.
        to: String,
        /// How many.
        count: usize,
        /// One of them.
        first: String,
    },
    /// A link, which a web host does not have.
    #[error(
        "the link {path:?} leads to a folder, to nothing or in a circle; on a web host it can only \
         stand for a file: copy what it leads to in its place"
    )]
    Link {
        /// The link.
        path: String,
    },
    /// Others publish into the same place, again and again.
    #[error(
        "{to}: another publication of the same name came in between {times} times; run this again \
         when that one is done"
    )]
    InBetween {
        /// The site.
        to: String,
        /// How often it was tried.
        times: u32,
    },
    /// A file of the packed tree cannot be read.
    #[error("{path:?} of the packed tree cannot be read: {reason}")]
    Packed {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// What was written does not come back.
    #[error("{to} took a file and does not give it back: {}", beside(to, reason))]
    NotKept {
        /// The site.
        to: String,
        /// What it gives.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_a_recordhash() {
        let url: SiteUrl = "https://nick.example/ens/".parse().unwrap();
        assert_eq!(url.to_string(), "https://nick.example/ens");
        for bad in ["http://a.example", "ipns://k51", "https://a.example/?x", "", "https://"] {
            assert!(bad.parse::<SiteUrl>().is_err(), "{bad}");
        }
    }
}
