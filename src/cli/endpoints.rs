//! Which services are used: flags; else the tables of `namesys.toml`, or without them the
//! network's own, where the environment may give the URL of a kind.

use std::path::Path;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use namesys::ipfs::upload::{Kubo, Upload, parse_api_address};
use namesys::ipns::{DelegatedRouting, Publisher, W3name};
use namesys::resolve::Gateway;
use namesys::workspace::{Config, Target};
use url::Url;

use super::context::Context;
use super::env::{self, Var};
use super::error::CliError;
use super::global::Network;

/// Where `namesys devnet` listens.
const DEVNET: &str = "http://127.0.0.1:5559";
/// The public w3name service.
const MAINNET_W3NAME: &str = "https://name.web3.storage";
/// Where a Kubo node of one's own listens.
const MAINNET_KUBO: &str = "http://127.0.0.1:5001";
/// Most bytes of Kubo's file `api`.
const MAX_API_FILE: u64 = 1024;

/// Kinds of services that keep IPNS records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PublisherKind {
    /// The API of name.web3.storage
    W3name,
    /// Delegated routing (`/routing/v1/ipns`)
    Routing,
}

/// Kinds of services that keep blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UploadKind {
    /// The RPC of a Kubo node
    Kubo,
}

/// `KIND=URL`
#[derive(Clone, Debug)]
pub struct Endpoint<K> {
    kind: K,
    url: Url,
    token_env: Option<String>,
}

impl<K: ValueEnum> Endpoint<K> {
    fn new(kind: &str, url: &str) -> Result<Self, String> {
        let kind = K::from_str(kind, false).map_err(|_| {
            let known = K::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let known: Vec<String> = known.map(|kind| kind.get_name().to_owned()).collect();
            format!("{kind:?} is not a kind known here; known: {}", known.join(", "))
        })?;
        let url =
            http_url(url).ok_or_else(|| format!("{url:?} is not an http:// or https:// URL"))?;
        Ok(Self { kind, url, token_env: None })
    }
}

impl<K: ValueEnum> FromStr for Endpoint<K> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, url) = text.split_once('=').ok_or("it has the form KIND=URL")?;
        Self::new(kind, url)
    }
}

/// The flag of the services that keep IPNS records.
#[derive(Debug, Args)]
pub struct PublisherArgs {
    /// A service that keeps IPNS records: w3name=URL or routing=URL; may be given more than once
    /// [env: NAMESYS_W3NAME_URL, NAMESYS_ROUTING_URL]
    #[arg(long, value_name = "KIND=URL")]
    publisher: Vec<Endpoint<PublisherKind>>,
}

/// The flag of the services that keep blocks.
#[derive(Debug, Args)]
pub struct UploadArgs {
    /// A service that keeps blocks: kubo=URL; may be given more than once
    /// [env: NAMESYS_KUBO_URL, or IPFS_PATH]
    #[arg(long, value_name = "KIND=URL")]
    upload: Vec<Endpoint<UploadKind>>,
}

impl PublisherArgs {
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
            chosen = tables(config.map(|config| &config.publishers[..]))?;
            if chosen.is_empty() {
                chosen.push(Endpoint::of_network(context, PublisherKind::W3name, MAINNET_W3NAME));
            }
            for endpoint in &mut chosen {
                endpoint.replace_url(match endpoint.kind {
                    PublisherKind::W3name => url_of(env::W3NAME_URL)?,
                    PublisherKind::Routing => url_of(env::ROUTING_URL)?,
                });
            }
        }
        open_publishers(chosen, context)
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
        let mut chosen = vec![Endpoint { kind: PublisherKind::Routing, url, token_env: None }];
        if let Some(url) = url_of(env::W3NAME_URL)? {
            chosen.push(Endpoint { kind: PublisherKind::W3name, url, token_env: None });
        }
        open_publishers(chosen, context)
    }
}

impl UploadArgs {
    /// The services that get the blocks.
    ///
    /// # Errors
    /// As [`PublisherArgs::get`].
    pub fn get(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Box<dyn Upload>>, CliError> {
        let mut chosen = self.upload.clone();
        if chosen.is_empty() {
            chosen = tables(config.map(|config| &config.uploads[..]))?;
            if chosen.is_empty() {
                chosen.push(Endpoint::of_network(context, UploadKind::Kubo, MAINNET_KUBO));
            }
            let kubo = kubo_url(context)?;
            chosen.iter_mut().for_each(|endpoint| endpoint.replace_url(kubo.clone()));
        }
        let http = context.http()?;
        let mut uploads: Vec<Box<dyn Upload>> = Vec::new();
        for Endpoint { kind: UploadKind::Kubo, url, token_env } in distinct(chosen) {
            let token = token_env.map(|name| Var::token(&name)).transpose()?.flatten();
            uploads.push(Box::new(Kubo::new(http.clone(), url, token)));
        }
        Ok(uploads)
    }
}

/// The flag of gateways.
#[derive(Debug, Args)]
pub struct GatewayArgs {
    /// A gateway to read from, https://ipfs.io or a template such as
    /// https://{ipns}.ipns.dweb.link; may be given more than once [env: NAMESYS_GATEWAY_URL]
    #[arg(long, value_name = "URL")]
    gateway: Vec<Gateway>,
}

impl GatewayArgs {
    /// The gateways that somebody chose: by flag, variable, table, or `--network devnet`. None
    /// otherwise: the chain names others then.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn chosen(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Gateway>, CliError> {
        let table = config.is_some_and(|config| !config.gateways.is_empty());
        let variable = env::GATEWAY_URL.get()?.is_some();
        let devnet = context.network() == Network::Devnet;
        if table || variable || devnet || !self.gateway.is_empty() {
            return self.get(context, config);
        }
        Ok(Vec::new())
    }

    /// The gateways to read from.
    ///
    /// # Errors
    /// Exit 2 when one of the table or the variable is not a gateway.
    pub fn get(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Gateway>, CliError> {
        if !self.gateway.is_empty() {
            return Ok(self.gateway.clone());
        }
        if let Some(text) = env::GATEWAY_URL.get()? {
            let named = |e| CliError::usage(format!("{}: {e}", env::GATEWAY_URL.0));
            return text.split(',').map(|url| url.trim().parse().map_err(named)).collect();
        }
        let table = config.map(|config| &config.gateways[..]).unwrap_or_default();
        let listed: Vec<&str> = table.iter().map(String::as_str).collect();
        let own: &[&str] = match context.network() {
            Network::Mainnet => &["https://ipfs.io", "https://dweb.link"],
            Network::Devnet => &[DEVNET],
        };
        let chosen = if listed.is_empty() { own } else { &listed };
        let named = |e| CliError::usage(format!("namesys.toml: gateways.ipfs: {e}"));
        chosen.iter().map(|text| text.parse().map_err(named)).collect()
    }
}

impl<K: Copy> Endpoint<K> {
    fn replace_url(&mut self, url: Option<Url>) {
        if let Some(url) = url {
            self.url = url;
        }
    }
}

impl<K> Endpoint<K> {
    /// The network's own: `mainnet`, or the devnet's one address for all.
    fn of_network(context: &Context, kind: K, mainnet: &str) -> Self {
        let url = match context.network() {
            Network::Mainnet => mainnet,
            Network::Devnet => DEVNET,
        };
        Self { kind, url: url.parse().expect("the constants are URLs"), token_env: None }
    }
}

/// Each service once: a variable may give two entries of a kind the same URL.
fn distinct<K: PartialEq>(chosen: Vec<Endpoint<K>>) -> Vec<Endpoint<K>> {
    let mut distinct: Vec<Endpoint<K>> = Vec::new();
    for endpoint in chosen {
        if !distinct.iter().any(|other| other.kind == endpoint.kind && other.url == endpoint.url) {
            distinct.push(endpoint);
        }
    }
    distinct
}

fn open_publishers(
    chosen: Vec<Endpoint<PublisherKind>>,
    context: &Context,
) -> Result<Vec<Box<dyn Publisher>>, CliError> {
    let http = context.http()?;
    let open = |endpoint: Endpoint<PublisherKind>| -> Box<dyn Publisher> {
        match endpoint.kind {
            PublisherKind::W3name => Box::new(W3name::new(http.clone(), endpoint.url)),
            PublisherKind::Routing => Box::new(DelegatedRouting::new(http.clone(), endpoint.url)),
        }
    };
    Ok(distinct(chosen).into_iter().map(open).collect())
}

fn tables<K: ValueEnum>(targets: Option<&[Target]>) -> Result<Vec<Endpoint<K>>, CliError> {
    let endpoint = |target: &Target| {
        let endpoint = Endpoint::new(&target.kind, &target.url)
            .map_err(|reason| CliError::usage(format!("namesys.toml: {reason}")))?;
        Ok(Endpoint { token_env: target.token_env.clone(), ..endpoint })
    };
    targets.unwrap_or_default().iter().map(endpoint).collect()
}

fn url_of(var: Var) -> Result<Option<Url>, CliError> {
    let Some(text) = var.get()? else { return Ok(None) };
    let wrong = || CliError::usage(format!("{} is not an http:// or https:// URL", var.0));
    http_url(&text).map(Some).ok_or_else(wrong)
}

/// `NAMESYS_KUBO_URL`, else the address in `IPFS_PATH/api`, which a running Kubo writes.
fn kubo_url(context: &Context) -> Result<Option<Url>, CliError> {
    if let Some(text) = env::KUBO_URL.get()? {
        let wrong = |_| CliError::usage(format!("{} is not a Kubo RPC address", env::KUBO_URL.0));
        return parse_api_address(&text).map(Some).map_err(wrong);
    }
    let Some(folder) = env::IPFS_PATH.get()? else { return Ok(None) };
    let file = Path::new(&folder).join("api");
    if !file.is_file() {
        return Ok(None);
    }
    let text = context.stdin.read(env::IPFS_PATH.0, &file, MAX_API_FILE)?;
    let text = String::from_utf8_lossy(text.expose()).into_owned();
    let url = parse_api_address(text.trim());
    url.map(Some).map_err(|error| CliError::usage(format!("{}: {error}", file.display())))
}

fn http_url(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_parsed_at_the_edge() {
        let endpoint: Endpoint<PublisherKind> = "routing=https://example.org/x".parse().unwrap();
        assert_eq!(endpoint.kind, PublisherKind::Routing);
        assert_eq!(endpoint.url.as_str(), "https://example.org/x");
        for bad in ["", "routing", "kubo=http://a", "w3name=", "w3name=ftp://a", "w3name=a"] {
            assert!(bad.parse::<Endpoint<PublisherKind>>().is_err(), "{bad}");
        }
        let error = "s3=http://a".parse::<Endpoint<UploadKind>>().unwrap_err();
        assert_eq!(error, "\"s3\" is not a kind known here; known: kubo");
    }
}
