//! Which services are used: flags; else the tables of `namesys.toml`, or without them the
//! network's own, where the environment may give the URL of a kind.

mod bucket;
mod publishers;
mod sites;
mod uploads;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use namesys::net::parse_api_address;
use namesys::resolve::Gateway;
use namesys::secret::SecretString;
use namesys::workspace::{Config, Target};
use url::Url;

pub use self::publishers::{PublisherArgs, WitnessArgs};
pub use self::sites::{SiteArgs, folder};
pub use self::uploads::{ChosenUpload, UploadArgs, UploadKind};

use super::context::Context;
use super::env::{self, Var};
use super::error::CliError;
use super::global::Network;

/// Where `namesys devnet` listens.
pub const DEVNET: &str = "http://127.0.0.1:5559";
/// The public w3name service.
const MAINNET_W3NAME: &str = "https://name.web3.storage";
/// Where a Kubo node of one's own listens.
const MAINNET_KUBO: &str = "http://127.0.0.1:5001";
/// Most bytes of Kubo's file `api`.
const MAX_API_FILE: u64 = 1024;

/// What a kind of service is.
pub trait Kind: ValueEnum + Copy {
    /// Where it is when nobody says, for a kind that is one service.
    fn only_url(self) -> Option<&'static str> {
        None
    }

    /// Whether it is a path and not a URL.
    fn is_path(self) -> bool {
        false
    }

    /// Whether it is a Kubo RPC, whose address may be a multiaddr.
    fn is_kubo(self) -> bool {
        false
    }
}

/// Where a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Url(Url),
    Path(PathBuf),
}

/// `KIND=URL`, `KIND=PATH` or a table of `namesys.toml`.
#[derive(Clone, Debug)]
pub struct Endpoint<K> {
    kind: K,
    place: Place,
    /// What the table says beside kind and place.
    more: Target,
}

impl<K: Kind> Endpoint<K> {
    /// Paths are relative to `base`.
    fn new(target: Target, base: &Path) -> Result<Self, String> {
        let kind = K::from_str(&target.kind, false).map_err(|_| {
            let known = K::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let known: Vec<String> = known.map(|kind| kind.get_name().to_owned()).collect();
            format!("{:?} is not a kind known here; known: {}", target.kind, known.join(", "))
        })?;
        let place = target.place.as_deref().or(kind.only_url()).unwrap_or_default();
        let place = match kind.is_path() {
            true if place.is_empty() => return Err(format!("{} needs a path", target.kind)),
            true => Place::Path(base.join(place)),
            false if kind.is_kubo() => {
                Place::Url(parse_api_address(place).map_err(|error| error.to_string())?)
            }
            false => Place::Url(
                http_url(place)
                    .ok_or_else(|| format!("{place:?} is not an http:// or https:// URL"))?,
            ),
        };
        Ok(Self { kind, place, more: target })
    }
}

impl<K: Kind> FromStr for Endpoint<K> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, place) = text.split_once('=').ok_or("it has the form KIND=URL")?;
        Self::new(Target::at(kind, place), Path::new(""))
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

impl<K: Kind> Endpoint<K> {
    /// Kind and place, for a person; of a URL not more than can be shown.
    fn describe(&self) -> String {
        let kind = self.kind.to_possible_value();
        let kind = kind.as_ref().map(|kind| kind.get_name()).unwrap_or_default();
        match &self.place {
            Place::Url(url) => format!("{kind} at {}", namesys::net::shown(url)),
            Place::Path(path) => format!("{kind} {}", path.display()),
        }
    }
}

impl<K> Endpoint<K> {
    fn replace_url(&mut self, url: Option<Url>) {
        if let Some(url) = url {
            self.place = Place::Url(url);
        }
    }

    fn at(kind: K, url: Url) -> Self {
        Self { kind, place: Place::Url(url), more: Target::default() }
    }

    /// The network's own: `mainnet`, or the devnet's one address for all.
    fn of_network(context: &Context, kind: K, mainnet: &str) -> Self {
        let url = match context.network() {
            Network::Mainnet => mainnet,
            Network::Devnet => DEVNET,
        };
        Self::at(kind, url.parse().expect("the constants are URLs"))
    }

    /// The token: from the variable or the file that the table names, else from `usual`.
    fn token(&self, context: &Context, usual: Var) -> Result<Option<SecretString>, CliError> {
        if let Some(name) = &self.more.token_env {
            return secret_of(name);
        }
        let Some(file) = &self.more.token_file else { return Var::token(usual.0) };
        let path = workspace_dir(context)?.join(file);
        context.stdin.read_line("token_file", &path).map(Some)
    }

    /// As [`token`](Self::token), for services that do nothing without.
    fn needed_token(&self, context: &Context, usual: Var) -> Result<SecretString, CliError> {
        self.token(context, usual)?.ok_or_else(|| {
            let name = self.more.token_env.as_deref().unwrap_or(usual.0);
            let what = &self.more.kind;
            CliError::usage(format!("{what} needs a token, and the variable {name} is not set"))
                .hint(format!("set {name}, or name another variable or a file in namesys.toml: token_env, token_file"))
        })
    }
}

/// Each service once: a variable may give two entries of a kind the same URL.
fn distinct<K: PartialEq>(chosen: Vec<Endpoint<K>>) -> Vec<Endpoint<K>> {
    let mut distinct: Vec<Endpoint<K>> = Vec::new();
    for endpoint in chosen {
        let same = |other: &Endpoint<K>| {
            // Another bucket, account or name there is another service.
            let of = |endpoint: &Endpoint<K>| Target { place: None, ..endpoint.more.clone() };
            other.kind == endpoint.kind
                && other.place == endpoint.place
                && of(other) == of(&endpoint)
        };
        if !distinct.iter().any(same) {
            distinct.push(endpoint);
        }
    }
    distinct
}

/// The value of a variable that `namesys.toml` names. Never one of our own secrets: the file may
/// come from somebody else.
fn secret_of(name: &str) -> Result<Option<SecretString>, CliError> {
    if env::SECRETS.iter().any(|var| var.0 == name) {
        let message = format!("namesys.toml: {name} is a key or password, not a service's token");
        return Err(CliError::usage(message).hint("keep the token in a variable of its own"));
    }
    Var::token(name)
}

fn tables<K: Kind>(
    context: &Context,
    targets: Option<&[Target]>,
) -> Result<Vec<Endpoint<K>>, CliError> {
    let targets = targets.unwrap_or_default();
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let base = workspace_dir(context)?;
    let endpoint = |target: &Target| {
        Endpoint::new(target.clone(), &base)
            .map_err(|reason| CliError::usage(format!("namesys.toml: {reason}")))
    };
    targets.iter().map(endpoint).collect()
}

/// What relative paths of `namesys.toml` are relative to; without one, the current folder.
fn workspace_dir(context: &Context) -> Result<PathBuf, CliError> {
    match context.config()? {
        Some(_) => Ok(context.workspace()?.dir().to_owned()),
        None => Ok(PathBuf::new()),
    }
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
    use super::publishers::PublisherKind;
    use super::uploads::UploadKind;
    use super::*;

    #[test]
    fn endpoints_are_parsed_at_the_edge() {
        let endpoint: Endpoint<PublisherKind> = "routing=https://example.org/x".parse().unwrap();
        assert_eq!(endpoint.kind, PublisherKind::Routing);
        assert!(matches!(endpoint.place, Place::Url(url) if url.path() == "/x"));
        let endpoint: Endpoint<UploadKind> = "folder=../pages".parse().unwrap();
        assert!(matches!(endpoint.place, Place::Path(path) if path == Path::new("../pages")));
        let endpoint: Endpoint<UploadKind> = "pinning-service=http://a/psa".parse().unwrap();
        assert_eq!(endpoint.kind, UploadKind::PinningService);
        for bad in ["", "routing", "s3=http://a", "w3name=", "w3name=ftp://a", "w3name=a", "file="]
        {
            assert!(bad.parse::<Endpoint<PublisherKind>>().is_err(), "{bad}");
        }
        let multiaddr: Endpoint<UploadKind> = "kubo=/dns4/a.example/tcp/443/https".parse().unwrap();
        assert!(matches!(multiaddr.place, Place::Url(url) if url.as_str() == "https://a.example/"));
        assert!("kubo=/ip6/::1/tcp/5001".parse::<Endpoint<PublisherKind>>().is_ok());
        for bad in ["kubo=", "kubo=5001", "kubo=/ip4/127.0.0.1", "cluster=/ip4/127.0.0.1/tcp/9094"]
        {
            assert!(bad.parse::<Endpoint<UploadKind>>().is_err(), "{bad}");
        }
        let error = "w3name=http://a".parse::<Endpoint<UploadKind>>().unwrap_err();
        assert_eq!(
            error,
            "\"w3name\" is not a kind known here; known: kubo, cluster, pinning-service, pinata, \
             s3, folder"
        );
    }

    #[test]
    fn our_own_secrets_are_no_tokens() {
        for name in ["ETH_PRIVATE_KEY", "NAMESYS_SIGNER_KEY", "NAMESYS_KEY_PASSWORD"] {
            assert!(secret_of(name).unwrap_err().message.contains("not a service's token"));
        }
        assert!(secret_of("NAMESYS_NO_SUCH_VARIABLE").unwrap().is_none());
    }
}
