//! The web hosts that have the tree.

use std::path::Path;

use clap::Args;
use namesys::publish::site::{BucketStore, Folder, Settings, Site, SiteUrl, Store};
use namesys::workspace::{Config, SiteTarget};

use super::bucket::bucket;
use super::credentials::Access;
use super::{Chosen, distinct, tables};
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::CliError;

/// The flags of web hosts.
#[derive(Debug, Args)]
pub struct SiteArgs {
    /// A web host for an https:// recordhash: folder=DIR or s3=URL/BUCKET; may be given more than
    /// once [default: [[sites]] of namesys.toml]
    #[arg(long, value_name = "KIND=TARGET")]
    site: Vec<SiteTarget>,
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
        let mut chosen = Chosen::by_flags(&self.site);
        for (one, address) in chosen.iter_mut().zip(&self.site_url) {
            match &mut one.target {
                SiteTarget::Folder { url, .. } | SiteTarget::S3 { url, .. } => {
                    *url = Some(address.to_string());
                }
            }
        }
        if chosen.is_empty() {
            chosen = tables(context, &config.sites)?;
        }
        let owner = config.name().as_str();
        distinct(chosen).iter().map(|one| open(one, owner, context)).collect()
    }
}

fn open(chosen: &Chosen<SiteTarget>, owner: &str, context: &Context) -> Result<Site, CliError> {
    let (SiteTarget::Folder { url, .. } | SiteTarget::S3 { url, .. }) = &chosen.target;
    let url = url.as_deref().map(str::parse::<SiteUrl>).transpose();
    let url = url.map_err(|error| CliError::usage(format!("namesys.toml: sites: url: {error}")))?;
    let store: Box<dyn Store> = match &chosen.target {
        SiteTarget::Folder { dir, .. } => Box::new(folder(dir, owner)?),
        SiteTarget::S3 { endpoint, bucket: name, prefix, region, .. } => {
            let access = Access::to(chosen, Some(env::AWS_SECRET), None);
            let bucket = bucket(endpoint, name, region, &access, context)?;
            let prefix = prefix.clone().unwrap_or_default();
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
