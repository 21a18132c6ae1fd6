//! The web hosts that have the tree.

use std::path::Path;

use clap::{Args, ValueEnum};
use namesys::publish::site::{BucketStore, Folder, Settings, Site, SiteUrl, Store};
use namesys::workspace::Config;

use super::bucket::bucket;
use super::{Endpoint, Kind, Place, distinct, tables};
use crate::cli::context::Context;
use crate::cli::error::CliError;

/// Kinds of web hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SiteKind {
    /// A folder that a web server has, or that rsync or git take to one
    Folder,
    /// An S3-compatible bucket that a web host serves: URL/BUCKET
    S3,
}

impl Kind for SiteKind {
    fn is_path(self) -> bool {
        self == Self::Folder
    }
}

/// The flags of web hosts.
#[derive(Debug, Args)]
pub struct SiteArgs {
    /// A web host for an https:// recordhash: folder=DIR or s3=URL/BUCKET; may be given more than
    /// once [default: [[sites]] of namesys.toml]
    #[arg(long, value_name = "KIND=TARGET")]
    site: Vec<Endpoint<SiteKind>>,
    /// Where that site is served, to read it back: what setup --https takes; one for each --site,
    /// in their order
    #[arg(long, value_name = "URL", requires = "site")]
    site_url: Vec<SiteUrl>,
}

impl SiteArgs {
    /// Whether a flag says which.
    pub fn are_given(&self) -> bool {
        !self.site.is_empty()
    }

    /// The web hosts; none where neither flags nor tables say any.
    ///
    /// # Errors
    /// Exit 2 when a table's entry cannot be used, or a key is missing.
    pub fn get(&self, context: &Context, config: &Config) -> Result<Vec<Site>, CliError> {
        if self.site_url.len() > self.site.len() {
            let message = "there are more --site-url than --site";
            return Err(CliError::usage(message).hint("give one for each, in the same order"));
        }
        let mut chosen = self.site.clone();
        for (endpoint, url) in chosen.iter_mut().zip(&self.site_url) {
            endpoint.more.served = Some(url.to_string());
        }
        if chosen.is_empty() {
            chosen = tables(context, Some(&config.sites))?;
        }
        let owner = config.name.as_str();
        distinct(chosen).iter().map(|endpoint| open(endpoint, owner, context)).collect()
    }
}

fn open(endpoint: &Endpoint<SiteKind>, owner: &str, context: &Context) -> Result<Site, CliError> {
    let served = endpoint.more.served.as_deref().map(str::parse::<SiteUrl>);
    let url = served
        .transpose()
        .map_err(|error| CliError::usage(format!("namesys.toml: sites: url: {error}")))?;
    let store: Box<dyn Store> = match &endpoint.place {
        Place::Path(path) => Box::new(folder(path, owner)?),
        Place::Url(address) => {
            let bucket = bucket(endpoint, address.clone(), context)?;
            let prefix = endpoint.more.prefix.clone().unwrap_or_default();
            let settings = Settings { bucket, prefix, owner: owner.to_owned() };
            let store = BucketStore::new(context.http()?, settings);
            Box::new(store.map_err(|error| CliError::usage(error.to_string()))?)
        }
    };
    Ok(Site { store, url })
}

/// A folder that gets the files of `owner`.
///
/// # Errors
/// Exit 2 when it cannot be used.
pub fn folder(path: &Path, owner: &str) -> Result<Folder, CliError> {
    Folder::new(path, owner).map_err(|error| CliError::usage(error.to_string()))
}
