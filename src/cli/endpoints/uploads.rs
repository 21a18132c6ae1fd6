//! The services that keep blocks.

use std::sync::Arc;

use clap::Args;
use namesys::ipfs::upload::{Cluster, Kubo, Origins, Pinata, PinningService, S3, Upload};
use namesys::resolve::BlockNode;
use namesys::workspace::{Config, UploadTarget};
use url::Url;

use super::bucket::bucket;
use super::credentials::Access;
use super::sites::folder;
use super::{Chosen, MAINNET_KUBO, distinct, home, kubo_url, network_url, tables};
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::CliError;

/// The flag of the services that keep blocks.
#[derive(Debug, Default, Args)]
pub struct UploadArgs {
    /// A service that keeps blocks: kubo=URL, cluster=URL, pinning-service=URL, pinata=URL,
    /// s3=URL/BUCKET or folder=DIR; may be given more than once
    /// [env: NAMESYS_KUBO_URL, or IPFS_PATH]
    #[arg(long, value_name = "KIND=URL")]
    upload: Vec<UploadTarget>,
}

/// A service that was chosen, whether or not it can be used.
pub struct ChosenUpload {
    /// Which.
    pub target: UploadTarget,
    /// Where its credentials come from, for a person; empty where there are none.
    pub credentials: String,
    /// What is missing, such as a token.
    pub upload: Result<Box<dyn Upload>, CliError>,
}

impl UploadArgs {
    /// Whether a flag says which.
    pub fn are_given(&self) -> bool {
        !self.upload.is_empty()
    }

    /// The services that get the blocks.
    ///
    /// # Errors
    /// Exit 2 when a table's entry or a variable is not an endpoint, or a token is missing.
    pub fn get(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Box<dyn Upload>>, CliError> {
        self.each(context, config)?.into_iter().map(|chosen| chosen.upload).collect()
    }

    /// As [`get`](Self::get), with those that cannot be used as they are.
    ///
    /// # Errors
    /// Exit 2 when a table's entry or a variable is not an endpoint.
    pub fn each(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<ChosenUpload>, CliError> {
        let chosen = self.chosen(context, config)?;
        let owner = config.map_or("namesys", |config| config.name().as_str());
        let is_kubo = |one: &&Chosen<_>| matches!(one.target, UploadTarget::Kubo { .. });
        let provider = chosen.iter().find(is_kubo);
        let each = chosen.iter().map(|one| {
            Ok(ChosenUpload {
                target: one.target.clone(),
                credentials: access(one, context)?.describe(context),
                upload: open(one, provider, owner, context),
            })
        });
        each.collect()
    }

    /// Those among them whose blocks can be read: Kubo nodes. Nobody is asked about their tokens.
    ///
    /// # Errors
    /// Exit 2 when a table's entry or a variable is not an endpoint.
    pub fn readable(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Arc<BlockNode>>, CliError> {
        let mut nodes = Vec::new();
        for one in self.chosen(context, config)? {
            if let UploadTarget::Kubo { url, .. } = &one.target {
                let token = access(&one, context)?.known_token(context)?;
                nodes.push(Arc::new(BlockNode::new(context.http()?, url.clone(), token)));
            }
        }
        Ok(nodes)
    }

    fn chosen(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Chosen<UploadTarget>>, CliError> {
        let mut chosen = Chosen::by_flags(&self.upload);
        if chosen.is_empty() {
            chosen = tables(context, config.map_or(&[][..], |config| &config.uploads[..]))?;
            if chosen.is_empty() {
                let (url, by_user) = network_url(context, MAINNET_KUBO)?;
                let target = UploadTarget::Kubo { url, token_env: None, token_file: None };
                chosen.push(Chosen { target, by_user });
            }
            if let Some(node) = kubo_url(context)? {
                for Chosen { target, by_user } in &mut chosen {
                    if let UploadTarget::Kubo { url, .. } = target {
                        (*url, *by_user) = (node.clone(), true);
                    }
                }
            }
        }
        Ok(distinct(chosen))
    }
}

/// What the service is shown.
fn access<'a>(chosen: &'a Chosen<UploadTarget>, context: &Context) -> Result<Access<'a>, CliError> {
    let (usual, home) = match &chosen.target {
        UploadTarget::Kubo { .. } => (Some(env::KUBO_TOKEN), home(context, MAINNET_KUBO)?),
        UploadTarget::Cluster { .. } => (Some(env::CLUSTER_TOKEN), None),
        UploadTarget::PinningService { .. } => (Some(env::PINNING_TOKEN), None),
        UploadTarget::Pinata { .. } => (Some(env::PINATA_JWT), Pinata::UPLOADS.parse().ok()),
        UploadTarget::S3 { .. } => (Some(env::AWS_SECRET), None),
        UploadTarget::Folder { .. } => (None, None),
    };
    Ok(Access::to(chosen, usual, home.as_ref()))
}

fn open(
    chosen: &Chosen<UploadTarget>,
    provider: Option<&Chosen<UploadTarget>>,
    owner: &str,
    context: &Context,
) -> Result<Box<dyn Upload>, CliError> {
    let (http, access) = (context.http()?, access(chosen, context)?);
    Ok(match &chosen.target {
        UploadTarget::Kubo { url, .. } => Box::new(kubo(chosen, url, context)?),
        UploadTarget::Cluster { url, .. } => {
            Box::new(Cluster::new(http, url.clone(), access.token(context)?))
        }
        UploadTarget::PinningService { url, name, origins, .. } => {
            let token = access.needed_token(context)?;
            let origins = match provider {
                Some(node @ Chosen { target: UploadTarget::Kubo { url, .. }, .. })
                    if origins.is_empty() =>
                {
                    Origins::Node(Arc::new(kubo(node, url, context)?))
                }
                _ => Origins::Addresses(origins.clone()),
            };
            let name = name.as_deref().unwrap_or(owner);
            Box::new(PinningService::new(http, url.clone(), token, name, origins))
        }
        UploadTarget::Pinata { url, name, .. } => {
            let (token, name) = (access.needed_token(context)?, name.as_deref());
            Box::new(Pinata::new(http, url.clone(), token, name.unwrap_or(owner)))
        }
        UploadTarget::S3 { url, bucket: name, region, .. } => {
            let config = bucket(url, name, region, &access, context)?;
            Box::new(S3::new(http, config).map_err(|error| CliError::usage(error.to_string()))?)
        }
        UploadTarget::Folder { dir } => Box::new(folder(dir, owner)?),
    })
}

fn kubo(chosen: &Chosen<UploadTarget>, url: &Url, context: &Context) -> Result<Kubo, CliError> {
    Ok(Kubo::new(context.http()?, url.clone(), access(chosen, context)?.token(context)?))
}
