//! Where the tree is uploaded, who keeps IPNS records, and whom to read from: flags, then the
//! environment, then `namesys.toml`, then the network's own.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use namesys::ipfs::upload::{Kubo, Upload, parse_api_address};
use namesys::ipns::{DelegatedRouting, Publisher, W3name};
use namesys::net::Http;
use namesys::resolve::Gateway;
use namesys::workspace::{Config, Target};
use url::Url;

use super::context::Context;
use super::env::{self, Var};
use super::error::CliError;
use super::global::Network;

/// Kinds of services that take the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UploadKind {
    /// A Kubo node's RPC, or a service that speaks it
    Kubo,
}

/// Kinds of services that keep IPNS records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PublisherKind {
    /// The API of name.web3.storage
    W3name,
    /// Delegated routing (`/routing/v1/ipns`)
    Routing,
}

/// `KIND=URL`
#[derive(Clone, Debug)]
pub struct KindUrl<K> {
    kind: K,
    url: Url,
}

/// A kind by its name on the command line.
pub trait Kind: ValueEnum + Copy {
    /// A URL, or another form this kind's addresses have.
    fn url(self, text: &str) -> Result<Url, String>;

    /// All kinds, for errors.
    fn names() -> String {
        let values = Self::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        values.map(|value| value.get_name().to_owned()).collect::<Vec<_>>().join(", ")
    }
}

impl Kind for UploadKind {
    fn url(self, text: &str) -> Result<Url, String> {
        parse_api_address(text).map_err(|error| error.to_string())
    }
}

impl Kind for PublisherKind {
    fn url(self, text: &str) -> Result<Url, String> {
        let url: Option<Url> = text.parse().ok();
        url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| format!("{text:?} is not an http:// or https:// URL"))
    }
}

impl<K: Kind> KindUrl<K> {
    fn new(kind: &str, url: &str) -> Result<Self, String> {
        let kind = K::from_str(kind, false)
            .map_err(|_| format!("{kind:?} is not one of the kinds: {}", K::names()))?;
        let url = kind.url(url)?;
        Ok(Self { kind, url })
    }
}

impl<K: Kind> FromStr for KindUrl<K> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, url) = text.split_once('=').ok_or_else(|| {
            format!("it has the form KIND=URL, KIND being one of: {}", K::names())
        })?;
        Self::new(kind, url)
    }
}

/// The flag of uploads.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct UploadArgs {
    /// A service that takes the tree, in place of namesys.toml's; may be given more than once
    /// [env: NAMESYS_KUBO_URL, or IPFS_PATH/api]
    #[arg(long, value_name = "KIND=URL")]
    upload: Vec<KindUrl<UploadKind>>,
}

/// The flag of publishers.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct PublisherArgs {
    /// A service that keeps IPNS records, in place of namesys.toml's; may be given more than
    /// once [env: NAMESYS_W3NAME_URL, NAMESYS_ROUTING_URL]
    #[arg(long, value_name = "KIND=URL")]
    publisher: Vec<KindUrl<PublisherKind>>,
}

/// The flag of gateways.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct GatewayArgs {
    /// A gateway to read from, https://ipfs.io or a template such as
    /// https://{ipns}.ipns.dweb.link; may be given more than once [env: NAMESYS_GATEWAY_URL]
    #[arg(long, value_name = "URL")]
    gateway: Vec<Gateway>,
}

const DEVNET: &str = "http://127.0.0.1:5559";

impl UploadArgs {
    /// The services to upload to.
    ///
    /// # Errors
    /// Exit 2 when a variable or an entry of `namesys.toml` is not an address.
    pub fn get(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Box<dyn Upload>>, CliError> {
        let http = context.http()?;
        let open = |target: KindUrl<UploadKind>, token| -> Box<dyn Upload> {
            match target.kind {
                UploadKind::Kubo => Box::new(Kubo::new(http.clone(), target.url, token)),
            }
        };
        if !self.upload.is_empty() {
            return Ok(self.upload.iter().cloned().map(|target| open(target, None)).collect());
        }
        let variable = kubo_variable()?;
        let tables = config.map(|config| config.uploads.as_slice()).unwrap_or_default();
        let mut uploads = Vec::new();
        for table in tables {
            let mut target = table_target::<UploadKind>("uploads", table)?;
            if let Some(url) = &variable {
                target.url = url.clone();
            }
            let token = table.token_env.as_deref().map(Var::token).transpose()?.flatten();
            uploads.push(open(target, token));
        }
        if uploads.is_empty() {
            let url = match (variable, context.network.unwrap_or(Network::Mainnet)) {
                (Some(url), _) => url,
                (None, Network::Mainnet) => fixed("http://127.0.0.1:5001"),
                (None, Network::Devnet) => fixed(DEVNET),
            };
            uploads.push(open(KindUrl { kind: UploadKind::Kubo, url }, None));
        }
        Ok(uploads)
    }
}

impl PublisherArgs {
    /// The services that keep IPNS records.
    ///
    /// # Errors
    /// Exit 2 when a variable or an entry of `namesys.toml` is not a URL.
    pub fn get(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Box<dyn Publisher>>, CliError> {
        let http = context.http()?;
        let targets = if self.publisher.is_empty() {
            self.configured(context, config)?
        } else {
            self.publisher.clone()
        };
        Ok(targets.into_iter().map(|target| open_publisher(target, http.clone())).collect())
    }

    fn configured(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<KindUrl<PublisherKind>>, CliError> {
        let w3name = url_variable(env::W3NAME_URL)?;
        let routing = url_variable(env::ROUTING_URL)?;
        let tables = config.map(|config| config.publishers.as_slice()).unwrap_or_default();
        let mut targets = Vec::new();
        for table in tables {
            let mut target = table_target::<PublisherKind>("publishers", table)?;
            let variable = match target.kind {
                PublisherKind::W3name => &w3name,
                PublisherKind::Routing => &routing,
            };
            if let Some(url) = variable {
                target.url = url.clone();
            }
            targets.push(target);
        }
        if targets.is_empty() {
            let of = |kind, url: Option<Url>| url.map(|url| KindUrl { kind, url });
            targets.extend(of(PublisherKind::W3name, w3name));
            targets.extend(of(PublisherKind::Routing, routing));
        }
        if targets.is_empty() {
            let url = fixed(match context.network.unwrap_or(Network::Mainnet) {
                Network::Mainnet => "https://name.web3.storage",
                Network::Devnet => DEVNET,
            });
            targets.push(KindUrl { kind: PublisherKind::W3name, url });
        }
        Ok(targets)
    }
}

fn open_publisher(target: KindUrl<PublisherKind>, http: Http) -> Box<dyn Publisher> {
    match target.kind {
        PublisherKind::W3name => Box::new(W3name::new(http, target.url)),
        PublisherKind::Routing => Box::new(DelegatedRouting::new(http, target.url)),
    }
}

impl GatewayArgs {
    /// The gateways to read from.
    ///
    /// # Errors
    /// Exit 2 when a variable or an entry of `namesys.toml` is not a gateway.
    pub fn get(
        &self,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Vec<Gateway>, CliError> {
        if !self.gateway.is_empty() {
            return Ok(self.gateway.clone());
        }
        if let Some(text) = env::GATEWAY_URL.get()? {
            let named = |error| CliError::usage(format!("{}: {error}", env::GATEWAY_URL.0));
            let gateways = text.split(',').map(|gateway| gateway.trim().parse().map_err(named));
            return gateways.collect();
        }
        let configured = config.map(|config| config.gateways.as_slice()).unwrap_or_default();
        let network = match context.network.unwrap_or(Network::Mainnet) {
            Network::Mainnet => &["https://ipfs.io", "https://dweb.link"][..],
            Network::Devnet => &[DEVNET],
        };
        let texts: Vec<&str> = if configured.is_empty() {
            network.to_vec()
        } else {
            configured.iter().map(String::as_str).collect()
        };
        let named = |error| CliError::usage(format!("namesys.toml: gateways.ipfs: {error}"));
        texts.into_iter().map(|text| text.parse().map_err(named)).collect()
    }
}

fn table_target<K: Kind>(list: &str, table: &Target) -> Result<KindUrl<K>, CliError> {
    KindUrl::new(&table.kind, &table.url)
        .map_err(|error| CliError::usage(format!("namesys.toml: [[{list}]]: {error}")))
}

fn url_variable(var: Var) -> Result<Option<Url>, CliError> {
    let Some(text) = var.get()? else { return Ok(None) };
    let url = PublisherKind::W3name.url(&text);
    url.map(Some).map_err(|error| CliError::usage(format!("{}: {error}", var.0)))
}

/// `NAMESYS_KUBO_URL`, or the address in the file `api` of `IPFS_PATH`.
fn kubo_variable() -> Result<Option<Url>, CliError> {
    if let Some(text) = env::KUBO_URL.get()? {
        let url = parse_api_address(&text);
        return url
            .map(Some)
            .map_err(|error| CliError::usage(format!("{}: {error}", env::KUBO_URL.0)));
    }
    let Some(folder) = env::IPFS_PATH.get()? else { return Ok(None) };
    let path = std::path::Path::new(&folder).join("api");
    // The file is there while the node runs.
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
    let url = parse_api_address(text.trim());
    url.map(Some).map_err(|error| CliError::usage(format!("{}: {error}", path.display())))
}

fn fixed(url: &str) -> Url {
    url.parse().expect("a URL written here is one")
}
