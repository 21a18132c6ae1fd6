//! The services that keep blocks.

use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use namesys::ipfs::upload::{
    Cluster, Folder, Kubo, Origins, Pinata, PinningService, S3, S3Config, Upload,
};
use namesys::workspace::Config;
use url::Url;

use super::{Endpoint, Kind, MAINNET_KUBO, Place, distinct, kubo_url, secret_of, tables};
use crate::cli::context::Context;
use crate::cli::env::{self, Var};
use crate::cli::error::CliError;

/// The region most services that are not AWS take.
const USUAL_REGION: &str = "us-east-1";

/// Kinds of services that keep blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UploadKind {
    /// The RPC of a Kubo node
    Kubo,
    /// The REST API of IPFS Cluster
    Cluster,
    /// A service of the IPFS Pinning Service API, which fetches the blocks itself
    PinningService,
    /// Pinata
    Pinata,
    /// A bucket that unpacks CAR files, as Filebase's: URL/BUCKET
    S3,
    /// A folder that gets the tree unpacked
    Folder,
}

impl Kind for UploadKind {
    fn only_url(self) -> Option<&'static str> {
        (self == Self::Pinata).then_some(Pinata::UPLOADS)
    }

    fn is_path(self) -> bool {
        self == Self::Folder
    }

    fn is_kubo(self) -> bool {
        self == Self::Kubo
    }
}

/// The flag of the services that keep blocks.
#[derive(Debug, Args)]
pub struct UploadArgs {
    /// A service that keeps blocks: kubo=URL, cluster=URL, pinning-service=URL, pinata=URL,
    /// s3=URL/BUCKET or folder=DIR; may be given more than once
    /// [env: NAMESYS_KUBO_URL, or IPFS_PATH]
    #[arg(long, value_name = "KIND=URL")]
    upload: Vec<Endpoint<UploadKind>>,
}

impl UploadArgs {
    /// The services that get the blocks.
    ///
    /// # Errors
    /// Exit 2 when a table's entry or a variable is not an endpoint, or a token is missing.
    pub fn get(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Box<dyn Upload>>, CliError> {
        let mut chosen = self.upload.clone();
        if chosen.is_empty() {
            chosen = tables(context, config.map(|config| &config.uploads[..]))?;
            if chosen.is_empty() {
                chosen.push(Endpoint::of_network(context, UploadKind::Kubo, MAINNET_KUBO));
            }
            let kubo = kubo_url(context)?;
            let kubos = chosen.iter_mut().filter(|endpoint| endpoint.kind == UploadKind::Kubo);
            kubos.for_each(|endpoint| endpoint.replace_url(kubo.clone()));
        }
        let chosen = distinct(chosen);
        let owner = config.map_or("namesys", |config| config.name.as_str());
        let provider = chosen.iter().find(|endpoint| endpoint.kind == UploadKind::Kubo);
        chosen.iter().map(|endpoint| open(endpoint, provider, owner, context)).collect()
    }
}

fn open(
    endpoint: &Endpoint<UploadKind>,
    provider: Option<&Endpoint<UploadKind>>,
    owner: &str,
    context: &Context,
) -> Result<Box<dyn Upload>, CliError> {
    let http = context.http()?;
    let name = endpoint.more.name.as_deref().unwrap_or(owner);
    let url = match &endpoint.place {
        Place::Url(url) => url.clone(),
        Place::Path(path) => return folder(path, owner),
    };
    Ok(match endpoint.kind {
        UploadKind::Kubo => Box::new(kubo(endpoint, url, context)?),
        UploadKind::Cluster => {
            Box::new(Cluster::new(http, url, endpoint.token(context, env::CLUSTER_TOKEN)?))
        }
        UploadKind::PinningService => {
            let token = endpoint.needed_token(context, env::PINNING_TOKEN)?;
            let origins = match provider.map(|node| (node, &node.place)) {
                Some((node, Place::Url(url))) if endpoint.more.origins.is_empty() => {
                    Origins::Node(Arc::new(kubo(node, url.clone(), context)?))
                }
                _ => Origins::Addresses(endpoint.more.origins.clone()),
            };
            Box::new(PinningService::new(http, url, token, name, origins))
        }
        UploadKind::Pinata => {
            let token = endpoint.needed_token(context, env::PINATA_JWT)?;
            Box::new(Pinata::new(http, url, token, name))
        }
        UploadKind::S3 => {
            let config = s3(endpoint, url, context)?;
            Box::new(S3::new(http, config).map_err(|error| CliError::usage(error.to_string()))?)
        }
        UploadKind::Folder => unreachable!("a folder's place is a path"),
    })
}

fn folder(path: &Path, owner: &str) -> Result<Box<dyn Upload>, CliError> {
    let folder = Folder::new(path, owner).map_err(|error| CliError::usage(error.to_string()))?;
    Ok(Box::new(folder))
}

fn kubo(endpoint: &Endpoint<UploadKind>, url: Url, context: &Context) -> Result<Kubo, CliError> {
    Ok(Kubo::new(context.http()?, url, endpoint.token(context, env::KUBO_TOKEN)?))
}

fn s3(
    endpoint: &Endpoint<UploadKind>,
    mut url: Url,
    context: &Context,
) -> Result<S3Config, CliError> {
    let more = &endpoint.more;
    let bucket = match &more.bucket {
        Some(bucket) => bucket.clone(),
        None => {
            let path = url.path().trim_matches('/').to_owned();
            let (above, bucket) = path.rsplit_once('/').unwrap_or(("", &path));
            if bucket.is_empty() {
                return Err(CliError::usage("s3 needs a bucket")
                    .hint("bucket = \"…\" in namesys.toml, or --upload s3=URL/BUCKET"));
            }
            url.set_path(above);
            bucket.to_owned()
        }
    };
    let region = match &more.region {
        Some(region) => region.clone(),
        None => env::AWS_REGION.get()?.unwrap_or_else(|| USUAL_REGION.to_owned()),
    };
    let (key_id, secret) = if more.token_env.is_some() || more.token_file.is_some() {
        let pair = endpoint.needed_token(context, env::AWS_SECRET)?;
        let (key_id, secret) = pair.expose().split_once(':').ok_or_else(|| {
            CliError::usage("the token of s3 has the form KEY-ID:SECRET")
                .hint("or name two variables: key_env and secret_env")
        })?;
        (key_id.to_owned(), secret.to_owned().into())
    } else {
        let get = |name: &Option<String>, usual: Var| {
            let name = name.as_deref().unwrap_or(usual.0);
            secret_of(name)?.ok_or_else(|| {
                CliError::usage(format!("s3 needs an access key: the variable {name} is not set"))
                    .hint("key_env and secret_env in namesys.toml name other variables")
            })
        };
        let key_id = get(&more.key_env, env::AWS_KEY_ID)?;
        (key_id.expose().clone(), get(&more.secret_env, env::AWS_SECRET)?)
    };
    Ok(S3Config { endpoint: url, bucket, region, key_id, secret })
}
