//! The services that keep IPNS records.

use clap::Args;
use namesys::ipns::{DelegatedRouting, KuboPublisher, Publisher, RecordFile, W3name};
use namesys::net::Guard;
use namesys::publish::backend::NamesysBackend;
use namesys::workspace::{Config, DatabaseAddress, Network, Place, PublisherTarget, Target};

use super::credentials::Access;
use super::databases::check as check_guarded;
use super::{
    Chosen, MAINNET_KUBO, MAINNET_W3NAME, distinct, home, kubo_url, network_url, tables, url_of,
};
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::CliError;

/// The flag of the services that keep IPNS records.
#[derive(Debug, Default, Args)]
pub struct PublisherArgs {
    /// A service that keeps IPNS records: w3name=URL, routing=URL, kubo=URL or file=PATH; may be
    /// given more than once. namesys=URL, experimental, is told of it by publish and apply: the
    /// deployed NameSys backend, for its web client to go on after this program
    /// [env: NAMESYS_W3NAME_URL, NAMESYS_ROUTING_URL, NAMESYS_KUBO_URL]
    #[arg(long, value_name = "KIND=URL")]
    publisher: Vec<PublisherTarget>,
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
        let mut chosen = Chosen::by_flags(&self.publisher);
        if chosen.is_empty() {
            chosen = tables(context, config.map_or(&[][..], |config| &config.publishers[..]))?;
            if chosen.is_empty() {
                let (url, by_user) = network_url(context, MAINNET_W3NAME)?;
                chosen.push(Chosen { target: PublisherTarget::W3name { url }, by_user });
            }
            chosen.iter_mut().try_for_each(|one| replace_url(one, context))?;
        }
        let backends = chosen.len();
        chosen.retain(|one| !is_backend(&one.target));
        if chosen.is_empty() && backends > 0 {
            return Err(no_records());
        }
        open(chosen, context)
    }

    /// The backends that are told of a publication. Without TLS, or on this machine, only where
    /// that is allowed; on a private address only where a flag names it.
    ///
    /// # Errors
    /// Exit 2 for one that is not to be told.
    pub fn backends(
        &self,
        context: &Context,
        config: Option<&Config>,
        allow_loopback: bool,
    ) -> Result<Vec<NamesysBackend>, CliError> {
        let by_flag = !self.publisher.is_empty();
        let tables = config.map_or(&[][..], |config| &config.publishers[..]);
        let chosen = if by_flag { &self.publisher[..] } else { tables };
        let mut urls: Vec<DatabaseAddress> = Vec::new();
        for target in chosen.iter().filter(|target| is_backend(target)) {
            let Place::Url(url) = target.place() else { continue };
            let address = url.as_str().parse::<DatabaseAddress>();
            let address = address.map_err(|_| {
                CliError::usage("the address of a NameSys backend is an https:// one, no more")
                    .hint("no user, password, query or fragment")
            })?;
            if !urls.contains(&address) {
                urls.push(address);
            }
        }
        if urls.is_empty() {
            return Ok(Vec::new());
        }
        let may_loop = allow_loopback || context.network()?.0 == Network::Devnet;
        urls.iter().try_for_each(|address| check_guarded(address, may_loop))?;
        let is_trusted = |address: &&DatabaseAddress| by_flag || address.is_loopback();
        let trusted = urls.iter().filter(is_trusted).map(|address| address.url().clone());
        let http = context.http_guarded(Some(Guard::trusting(trusted)))?;
        let urls = urls.iter().map(|address| address.url().clone());
        Ok(urls.map(|url| NamesysBackend::new(url, http.clone())).collect())
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
        let mut chosen = vec![PublisherTarget::Routing { url }];
        chosen.extend(url_of(env::W3NAME_URL)?.map(|url| PublisherTarget::W3name { url }));
        open(Chosen::by_flags(&chosen), context)
    }
}

/// The flag of publishers that are asked for IPNS records beside the gateways.
#[derive(Debug, Args)]
pub struct WitnessArgs {
    /// Ask a publisher for the IPNS record too: w3name=URL, routing=URL, kubo=URL or file=PATH.
    /// The newest record of all who are asked counts. May be given more than once
    #[arg(long, value_name = "KIND=URL")]
    publisher: Vec<PublisherTarget>,
}

impl WitnessArgs {
    /// The publishers.
    ///
    /// # Errors
    /// When a file's folder or a token cannot be read.
    pub fn open(&self, context: &Context) -> Result<Vec<Box<dyn Publisher>>, CliError> {
        open(Chosen::by_flags(&self.publisher), context)
    }
}

/// The URL of a variable in place of the table's.
fn replace_url(chosen: &mut Chosen<PublisherTarget>, context: &Context) -> Result<(), CliError> {
    let (place, given) = match &mut chosen.target {
        PublisherTarget::W3name { url } => (url, url_of(env::W3NAME_URL)?),
        PublisherTarget::Routing { url } => (url, url_of(env::ROUTING_URL)?),
        PublisherTarget::Kubo { url, .. } => (url, kubo_url(context)?),
        PublisherTarget::Namesys { .. } | PublisherTarget::File { .. } => return Ok(()),
    };
    if let Some(given) = given {
        *place = given;
        chosen.by_user = true;
    }
    Ok(())
}

fn no_records() -> CliError {
    CliError::usage("a NameSys backend keeps no IPNS records: it is told of one that is kept")
        .hint("name a publisher beside it: --publisher w3name=URL, or another [[publishers]]")
}

fn is_backend(target: &PublisherTarget) -> bool {
    matches!(target, PublisherTarget::Namesys { .. })
}

fn open(
    chosen: Vec<Chosen<PublisherTarget>>,
    context: &Context,
) -> Result<Vec<Box<dyn Publisher>>, CliError> {
    let http = context.http()?;
    let mut publishers: Vec<Box<dyn Publisher>> = Vec::new();
    for one in distinct(chosen) {
        let http = http.clone();
        publishers.push(match &one.target {
            PublisherTarget::W3name { url } => Box::new(W3name::new(http, url.clone())),
            PublisherTarget::Routing { url } => Box::new(DelegatedRouting::new(http, url.clone())),
            PublisherTarget::Kubo { url, .. } => {
                let home = home(context, MAINNET_KUBO)?;
                let access = Access::to(&one, Some(env::KUBO_TOKEN), home.as_ref());
                let token = access.token(context)?;
                Box::new(KuboPublisher::new(http, url.clone(), token))
            }
            PublisherTarget::Namesys { .. } => return Err(no_records()),
            PublisherTarget::File { file } => Box::new(RecordFile::new(file)?),
        });
    }
    Ok(publishers)
}
