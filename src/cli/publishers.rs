//! Which services keep the IPNS records: flag, environment, then the network's own.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use namesys::ipns::{DelegatedRouting, Publisher, W3name};
use namesys::net::Http;
use url::Url;

use super::context::Context;
use super::env;
use super::error::CliError;
use super::global::Network;

/// Kinds of services that keep IPNS records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PublisherKind {
    /// The API of name.web3.storage
    W3name,
    /// Delegated routing (`/routing/v1/ipns`)
    Routing,
}

/// `--publisher KIND=URL`
#[derive(Clone, Debug)]
pub struct PublisherFlag {
    kind: PublisherKind,
    url: Url,
}

impl FromStr for PublisherFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "it has the form KIND=URL, KIND being w3name or routing";
        let (kind, url) = text.split_once('=').ok_or(form)?;
        let kind = PublisherKind::from_str(kind, false).map_err(|_| form)?;
        let url = http_url(url).ok_or("the URL starts with http:// or https://")?;
        Ok(Self { kind, url })
    }
}

/// The flag.
#[derive(Debug, Args)]
pub struct PublisherArgs {
    /// A service that keeps IPNS records; may be given more than once
    /// [env: NAMESYS_W3NAME_URL, NAMESYS_ROUTING_URL]
    #[arg(long, value_name = "KIND=URL")]
    publisher: Vec<PublisherFlag>,
}

impl PublisherArgs {
    /// The services to ask.
    ///
    /// # Errors
    /// Exit 2 when a variable is not a URL.
    pub fn get(&self, context: &Context) -> Result<Vec<Box<dyn Publisher>>, CliError> {
        let http = context.http()?;
        let mut flags = self.publisher.clone();
        if flags.is_empty() {
            flags = from_environment()?;
        }
        if flags.is_empty() {
            let url = match context.network.unwrap_or(Network::Mainnet) {
                Network::Mainnet => "https://name.web3.storage",
                Network::Devnet => "http://127.0.0.1:5559",
            };
            let url = url.parse().expect("both are URLs");
            flags.push(PublisherFlag { kind: PublisherKind::W3name, url });
        }
        Ok(flags.into_iter().map(|flag| open(flag, http.clone())).collect())
    }
}

fn open(flag: PublisherFlag, http: Http) -> Box<dyn Publisher> {
    match flag.kind {
        PublisherKind::W3name => Box::new(W3name::new(http, flag.url)),
        PublisherKind::Routing => Box::new(DelegatedRouting::new(http, flag.url)),
    }
}

fn from_environment() -> Result<Vec<PublisherFlag>, CliError> {
    let kinds =
        [(env::W3NAME_URL, PublisherKind::W3name), (env::ROUTING_URL, PublisherKind::Routing)];
    let mut found = Vec::new();
    for (var, kind) in kinds {
        if let Some(url) = var.get()? {
            let wrong = || CliError::usage(format!("{} is not an http:// or https:// URL", var.0));
            found.push(PublisherFlag { kind, url: http_url(&url).ok_or_else(wrong)? });
        }
    }
    Ok(found)
}

/// A URL that can be asked over HTTP.
fn http_url(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}
