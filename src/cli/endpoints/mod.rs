//! Which services are used: flags; else the tables of `namesys.toml`, or without them the
//! network's own, where the environment may give the URL of a kind.

mod bucket;
mod credentials;
mod databases;
mod places;
mod publishers;
mod sites;
mod uploads;

use std::path::Path;
use std::time::Duration;

use clap::Args;
use namesys::ens::Name;
use namesys::ipns::RecordSource;
use namesys::net::{Http, parse_own_api_address};
use namesys::resolve::{Gateway, GatewayRecords};
use namesys::workspace::{Config, Network, Target};
use url::Url;

pub use self::databases::{ChosenDatabase, DatabaseArgs};
pub use self::publishers::{PublisherArgs, WitnessArgs};
pub use self::sites::{SiteArgs, folder};
pub use self::uploads::{ChosenUpload, UploadArgs};

use super::context::Context;
use super::env::{self, Var};
use super::error::CliError;

/// Where `namesys devnet` listens.
pub const DEVNET: &str = "http://127.0.0.1:5559";
/// The public w3name service.
const MAINNET_W3NAME: &str = "https://name.web3.storage";
/// Where a Kubo node of one's own listens.
const MAINNET_KUBO: &str = "http://127.0.0.1:5001";
/// Most bytes of Kubo's file `api`.
const MAX_API_FILE: u64 = 1024;

/// How long one gateway is waited for, when it is asked what is published.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks each gateway for the IPNS records it sees; `name` is for those that are asked by an ENS
/// name.
pub fn record_sources(
    http: &Http,
    gateways: &[Gateway],
    name: &Name,
) -> Vec<Box<dyn RecordSource>> {
    let records = |gateway: &Gateway| {
        let records = GatewayRecords::new(http.clone(), gateway.clone(), name.clone());
        Box::new(records.with_others().with_patience(PATIENCE)) as Box<dyn RecordSource>
    };
    gateways.iter().map(records).collect()
}

/// The flag of gateways.
#[derive(Debug, Default, Args)]
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
        let chosen = context.settings.gateways(&self.gateway, config)?;
        match chosen {
            Some(chosen) => Ok(chosen),
            None if context.network()?.0 == Network::Devnet => self.get(context, config),
            None => Ok(Vec::new()),
        }
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
        if let Some(chosen) = context.settings.gateways(&self.gateway, config)? {
            return Ok(chosen);
        }
        let own: &[&str] = match context.network()?.0 {
            Network::Mainnet | Network::Sepolia => &["https://ipfs.io", "https://dweb.link"],
            Network::Devnet => &[DEVNET],
        };
        Ok(own.iter().map(|url| url.parse().expect("the constants are gateways")).collect())
    }
}

/// A target, and whether the user said where it is (by flag, by variable, or by leaving it to the
/// network) and not the workspace.
#[derive(Clone)]
struct Chosen<T> {
    target: T,
    by_user: bool,
}

impl<T: Clone> Chosen<T> {
    fn by_flags(targets: &[T]) -> Vec<Self> {
        targets.iter().map(|target| Self { target: target.clone(), by_user: true }).collect()
    }
}

/// Each service once: a variable may give two entries of a kind the same URL. Another bucket,
/// account or name there is another service.
fn distinct<T: PartialEq>(chosen: Vec<Chosen<T>>) -> Vec<Chosen<T>> {
    let mut distinct: Vec<Chosen<T>> = Vec::new();
    for one in chosen {
        match distinct.iter_mut().find(|other| other.target == one.target) {
            Some(other) => other.by_user |= one.by_user,
            None => distinct.push(one),
        }
    }
    distinct
}

/// The network's own, and whether the user chose it: `mainnet`, or the devnet's one address for
/// all.
fn network_url(context: &Context, mainnet: &str) -> Result<(Url, bool), CliError> {
    let (network, source) = context.network()?;
    let url = match network {
        Network::Mainnet | Network::Sepolia => mainnet,
        Network::Devnet => DEVNET,
    };
    Ok((url.parse().expect("the constants are URLs"), source.is_user()))
}

/// Where a kind is at home: there its usual token may go. A network that the workspace chose
/// counts for nothing.
fn home(context: &Context, mainnet: &str) -> Result<Option<Url>, CliError> {
    let (url, by_user) = network_url(context, mainnet)?;
    Ok(by_user.then_some(url))
}

/// Those of the workspace, whose paths are relative to its folder, and lead out of it only where
/// the user allows it.
fn tables<T: Target>(context: &Context, targets: &[T]) -> Result<Vec<Chosen<T>>, CliError> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let workspace = context.workspace()?;
    // What the user bound is absolute too.
    let dir = std::path::absolute(workspace.dir())
        .map_err(|error| CliError::io("the current folder is not there", &error))?;
    let of_table = |target: &T| {
        let target = target.clone().under(&dir);
        places::check(context, &dir, &target)?;
        Ok(Chosen { target, by_user: false })
    };
    targets.iter().map(of_table).collect()
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
        return parse_own_api_address(&text).map(Some).map_err(wrong);
    }
    let Some(folder) = env::IPFS_PATH.get()? else { return Ok(None) };
    let file = Path::new(&folder).join("api");
    if !file.is_file() {
        return Ok(None);
    }
    let text = context.stdin.read(env::IPFS_PATH.0, &file, MAX_API_FILE)?;
    let text = String::from_utf8_lossy(text.expose()).into_owned();
    let url = parse_own_api_address(text.trim());
    url.map(Some).map_err(|error| CliError::usage(format!("{}: {error}", file.display())))
}

fn http_url(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}
