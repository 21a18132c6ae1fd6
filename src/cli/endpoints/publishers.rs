//! The services that keep IPNS records.

use clap::{Args, ValueEnum};
use namesys::ipns::{DelegatedRouting, KuboPublisher, Publisher, RecordFile, W3name};
use namesys::workspace::Config;

use super::{Endpoint, Kind, MAINNET_W3NAME, Place, distinct, kubo_url, tables, url_of};
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::CliError;

/// Kinds of services that keep IPNS records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PublisherKind {
    /// The API of name.web3.storage
    W3name,
    /// Delegated routing (`/routing/v1/ipns`)
    Routing,
    /// The RPC of a Kubo node
    Kubo,
    /// A file, or a folder that gets `<name>.ipns-record`
    File,
}

impl Kind for PublisherKind {
    fn is_path(self) -> bool {
        self == Self::File
    }

    fn is_kubo(self) -> bool {
        self == Self::Kubo
    }
}

/// The flag of the services that keep IPNS records.
#[derive(Debug, Args)]
pub struct PublisherArgs {
    /// A service that keeps IPNS records: w3name=URL, routing=URL, kubo=URL or file=PATH; may be
    /// given more than once [env: NAMESYS_W3NAME_URL, NAMESYS_ROUTING_URL, NAMESYS_KUBO_URL]
    #[arg(long, value_name = "KIND=URL")]
    publisher: Vec<Endpoint<PublisherKind>>,
}

impl PublisherArgs {
    /// Whether a flag says which.
    pub fn are_given(&self) -> bool {
        !self.publisher.is_empty()
    }

    /// The services that publish a workspace's name.
    ///
    /// # Errors
    /// Exit 2 when a table's entry or a variable is not an endpoint.
    pub fn get(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Box<dyn Publisher>>, CliError> {
        let mut chosen = self.publisher.clone();
        if chosen.is_empty() {
            chosen = tables(context, config.map(|config| &config.publishers[..]))?;
            if chosen.is_empty() {
                chosen.push(Endpoint::of_network(context, PublisherKind::W3name, MAINNET_W3NAME));
            }
            for endpoint in &mut chosen {
                endpoint.replace_url(match endpoint.kind {
                    PublisherKind::W3name => url_of(env::W3NAME_URL)?,
                    PublisherKind::Routing => url_of(env::ROUTING_URL)?,
                    PublisherKind::Kubo => kubo_url(context)?,
                    PublisherKind::File => None,
                });
            }
        }
        open(chosen, context)
    }

    /// The services that are asked for single records: also delegated routing, where a variable
    /// alone gives it.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn for_single_records(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Box<dyn Publisher>>, CliError> {
        let has_tables = config.is_some_and(|config| !config.publishers.is_empty());
        if has_tables || !self.publisher.is_empty() {
            return self.get(context, config);
        }
        let Some(url) = url_of(env::ROUTING_URL)? else { return self.get(context, config) };
        let mut chosen = vec![Endpoint::at(PublisherKind::Routing, url)];
        if let Some(url) = url_of(env::W3NAME_URL)? {
            chosen.push(Endpoint::at(PublisherKind::W3name, url));
        }
        open(chosen, context)
    }
}

/// The flag of publishers that are asked for IPNS records beside the gateways.
#[derive(Debug, Args)]
pub struct WitnessArgs {
    /// Ask a publisher for the IPNS record too: w3name=URL, routing=URL, kubo=URL or file=PATH.
    /// The newest record of all who are asked counts. May be given more than once
    #[arg(long, value_name = "KIND=URL")]
    publisher: Vec<Endpoint<PublisherKind>>,
}

impl WitnessArgs {
    /// The publishers.
    ///
    /// # Errors
    /// When a file's folder or a token cannot be read.
    pub fn open(&self, context: &Context) -> Result<Vec<Box<dyn Publisher>>, CliError> {
        open(self.publisher.clone(), context)
    }
}

fn open(
    chosen: Vec<Endpoint<PublisherKind>>,
    context: &Context,
) -> Result<Vec<Box<dyn Publisher>>, CliError> {
    let http = context.http()?;
    let mut publishers: Vec<Box<dyn Publisher>> = Vec::new();
    for endpoint in distinct(chosen) {
        let http = http.clone();
        publishers.push(match (endpoint.kind, &endpoint.place) {
            (PublisherKind::File, Place::Path(path)) => Box::new(RecordFile::new(path)?),
            (PublisherKind::Routing, Place::Url(url)) => {
                Box::new(DelegatedRouting::new(http, url.clone()))
            }
            (PublisherKind::Kubo, Place::Url(url)) => {
                let token = endpoint.token(context, env::KUBO_TOKEN)?;
                Box::new(KuboPublisher::new(http, url.clone(), token))
            }
            (PublisherKind::W3name, Place::Url(url)) => Box::new(W3name::new(http, url.clone())),
            (_, Place::Url(_) | Place::Path(_)) => unreachable!("places are of their kind"),
        });
    }
    Ok(publishers)
}
