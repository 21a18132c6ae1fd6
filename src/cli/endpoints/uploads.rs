//! The services that keep blocks.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use namesys::ipfs::upload::{Cluster, Kubo, Origins, Pinata, PinningService, S3, Upload};
use namesys::workspace::Config;
use url::Url;

use super::bucket::bucket;
use super::sites::folder;
use super::{Endpoint, Kind, MAINNET_KUBO, Place, distinct, kubo_url, tables};

use crate::cli::context::Context;
use crate::cli::env::{self, Var};
use crate::cli::error::CliError;

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

/// A service that was chosen, whether or not it can be used.
pub struct ChosenUpload {
    /// Kind and place, for a person.
    pub what: String,
    pub kind: UploadKind,
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
        let each = chosen.iter().map(|endpoint| ChosenUpload {
            what: endpoint.describe(),
            kind: endpoint.kind,
            credentials: credentials(endpoint),
            upload: open(endpoint, provider, owner, context),
        });
        Ok(each.collect())
    }
}

fn credentials(endpoint: &Endpoint<UploadKind>) -> String {
    let more = &endpoint.more;
    let pair = |name: &Option<String>, usual: Var| name.as_deref().unwrap_or(usual.0).to_owned();
    let usual = match endpoint.kind {
        UploadKind::Kubo => env::KUBO_TOKEN,
        UploadKind::Cluster => env::CLUSTER_TOKEN,
        UploadKind::PinningService => env::PINNING_TOKEN,
        UploadKind::Pinata => env::PINATA_JWT,
        UploadKind::S3 => env::AWS_SECRET,
        UploadKind::Folder => return String::new(),
    };
    match (&more.token_env, &more.token_file, endpoint.kind) {
        (Some(name), _, _) => format!("the variable {name}"),
        (None, Some(file), _) => format!("the file {file}"),
        (None, None, UploadKind::S3) => format!(
            "the variables {} and {}",
            pair(&more.key_env, env::AWS_KEY_ID),
            pair(&more.secret_env, env::AWS_SECRET)
        ),
        _ => format!("the variable {}", usual.0),
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
        Place::Path(path) => return Ok(Box::new(folder(path, owner)?)),
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
            let config = bucket(endpoint, url, context)?;
            Box::new(S3::new(http, config).map_err(|error| CliError::usage(error.to_string()))?)
        }
        UploadKind::Folder => unreachable!("a folder's place is a path"),
    })
}

fn kubo(endpoint: &Endpoint<UploadKind>, url: Url, context: &Context) -> Result<Kubo, CliError> {
    Ok(Kubo::new(context.http()?, url, endpoint.token(context, env::KUBO_TOKEN)?))
}
