//! The Ethereum nodes: how they are asked, and with which headers.

use std::time::Duration;

use clap::Args;
use namesys::chain::{Contracts, Header, Rpc, RpcConfig, RpcUrl};
use namesys::net::{Http, Request, endpoint};
use namesys::report::ErrorKind;
use namesys::workspace::Network;
use serde::Deserialize;
use url::{Host, Url};

use super::context::Context;
use super::endpoints::DEVNET;
use super::env;
use super::error::{CliError, Exit};
use super::settings::{Host as Server, NodeUrls, Source};

/// How long one answer of a node may take, in seconds.
const RPC_TIMEOUT: u64 = 20;

/// How the nodes of `--rpc-url` are asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ethereum nodes (--rpc-url)")]
pub struct RpcArgs {
    /// How many of the nodes must agree on owner, resolver, recordhash, approvals, and values kept
    /// on chain
    #[arg(long, value_name = "N", default_value_t = 1)]
    rpc_quorum: usize,
    /// A header for the node, "Name: value"; where there are several, for the one at HOST:
    /// HOST="Name: value"; may be given more than once [env: ETH_RPC_HEADERS, separated by
    /// newlines, for the nodes of ETH_RPC_URL]
    #[arg(long, value_name = "HEADER")]
    rpc_header: Vec<String>,
    /// How long one answer of a node may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = RPC_TIMEOUT,
          value_parser = clap::value_parser!(u64).range(1..=600))]
    rpc_timeout: u64,
}

/// No node is given to ask for `what`.
pub fn no_rpc(what: &str, context: &Context) -> CliError {
    let message = format!("no Ethereum node is given to ask for {what}");
    CliError::new(Exit::Usage, ErrorKind::NoRpc, message).hint(how_to_give(context))
}

/// How a node is given.
pub fn how_to_give(context: &Context) -> &'static str {
    match context.network() {
        Ok((Network::Devnet, _)) => {
            "the devnet runs without a chain, or not at all: start namesys devnet --chain, or give \
             --rpc-url URL"
        }
        _ => {
            "give --rpc-url URL, or set ETH_RPC_URL: your own node's, or a public one's such as \
             https://ethereum-rpc.publicnode.com or https://eth.drpc.org"
        }
    }
}

/// Where a devnet has its chain.
#[derive(Deserialize)]
struct Announced {
    rpc: String,
}

/// The node of the devnet at `devnet`; none where it runs without a chain, or not at all. Whatever
/// listens there is believed only where it names this machine: a workspace may have chosen the
/// network, and another user the port.
async fn of_devnet(http: &Http, devnet: &Url) -> Option<String> {
    let request = Request::get(endpoint(devnet, ["chain"])).max_body(1 << 12).attempts(1);
    let answer = http.send(&request).await.ok()?.success().ok()?;
    let Announced { rpc } = namesys::json::from_slice(&answer).ok()?;
    is_loopback(&rpc).then_some(rpc)
}

fn is_loopback(url: &str) -> bool {
    url.parse().is_ok_and(|url: Url| match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    })
}

impl Default for RpcArgs {
    /// Of a command that has no flags for it.
    fn default() -> Self {
        Self { rpc_quorum: 1, rpc_header: Vec::new(), rpc_timeout: RPC_TIMEOUT }
    }
}

impl RpcArgs {
    /// Whether a node is given, so that a command that needs none may ask it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn is_given(&self, context: &Context) -> Result<bool, CliError> {
        Ok(!context.settings.node_urls()?.urls.is_empty())
    }

    /// The nodes; `None` when none is given.
    ///
    /// # Errors
    /// Exit 2 for what is no URL or header (which is not repeated: it may hold a key), and for a
    /// quorum above the number of nodes.
    pub fn open(&self, context: &Context, http: &Http) -> Result<Option<Rpc>, CliError> {
        let config = self.config(context, http)?;
        Ok(config.map(|config| Rpc::new(http, config)).transpose()?)
    }

    /// Each node by itself.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_each(
        &self,
        context: &Context,
        http: &Http,
    ) -> Result<Vec<(RpcUrl, Rpc)>, CliError> {
        let Some(config) = self.config(context, http)? else { return Ok(Vec::new()) };
        let urls = config.urls.clone();
        let open = |url: RpcUrl| {
            let config =
                RpcConfig { urls: vec![url.clone()], quorum: 1, retries: 0, ..config.clone() };
            Ok((url, Rpc::new(http, config)?))
        };
        urls.into_iter().map(open).collect()
    }

    /// These nodes alone, which stand in for each other, and agree where the quorum says so.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_some(
        &self,
        urls: Vec<RpcUrl>,
        context: &Context,
        http: &Http,
    ) -> Result<Rpc, CliError> {
        let config =
            self.config(context, http)?.ok_or_else(|| no_rpc("that chain says", context))?;
        Ok(Rpc::new(http, RpcConfig { urls, ..config })?)
    }

    fn config(&self, context: &Context, http: &Http) -> Result<Option<RpcConfig>, CliError> {
        let NodeUrls { mut urls, source } = context.settings.node_urls()?;
        if urls.is_empty() && context.network()?.0 == Network::Devnet {
            let devnet = DEVNET.parse().expect("the constant is a URL");
            urls.extend(context.block_on(async { Ok(of_devnet(http, &devnet).await) })?);
        }
        if urls.is_empty() {
            return Ok(None);
        }
        let from = match source {
            Some(Source::Flag) => "--rpc-url",
            Some(Source::Environment) => env::RPC_URL.0,
            Some(_) => "rpc_url of config.toml",
            None => "the devnet's chain",
        };
        let urls = urls.iter().map(|url| url.parse().map_err(|error| named(&error, from)));
        let mut urls = urls.collect::<Result<Vec<RpcUrl>, _>>()?;
        for header in self.headers()? {
            header.give(source, &mut urls, context)?;
        }
        let timeout = Duration::from_secs(self.rpc_timeout);
        let contracts = match context.network()?.0 {
            Network::Sepolia => Contracts::sepolia(),
            Network::Mainnet | Network::Devnet => Contracts::default(),
        };
        Ok(Some(RpcConfig {
            urls,
            timeout,
            quorum: self.rpc_quorum,
            contracts,
            ..RpcConfig::default()
        }))
    }

    /// Those of the flags, else of the variable.
    fn headers(&self) -> Result<Vec<NodeHeader>, CliError> {
        let list = env::RPC_HEADERS.get()?.unwrap_or_default();
        let lines = list.lines().filter(|line| !line.trim().is_empty());
        let (texts, from): (Vec<&str>, _) = match self.rpc_header.is_empty() {
            true => (lines.collect(), env::RPC_HEADERS.0),
            false => (self.rpc_header.iter().map(String::as_str).collect(), "--rpc-header"),
        };
        texts.into_iter().map(|text| NodeHeader::parse(text, from)).collect()
    }
}

fn named(error: &dyn std::fmt::Display, from: &str) -> CliError {
    CliError::usage(format!("{from}: {error}"))
}

/// `Name: value`, or `HOST=Name: value`, and where it stood.
#[derive(Debug)]
struct NodeHeader {
    host: Option<Server>,
    header: Header,
    from: &'static str,
}

impl NodeHeader {
    fn parse(text: &str, from: &'static str) -> Result<Self, CliError> {
        if let Some((host, header)) = text.split_once('=')
            && let (Ok(host), Ok(header)) = (host.parse(), header.parse())
        {
            return Ok(Self { host: Some(host), header, from });
        }
        let header = text.parse().map_err(|error| named(&error, from))?;
        Ok(Self { host: None, header, from })
    }

    /// Gives it to its node: the one it names; without a name the one node there is, if it was
    /// given by flag or both are of the environment.
    fn give(
        &self,
        nodes_of: Option<Source>,
        urls: &mut [RpcUrl],
        context: &Context,
    ) -> Result<(), CliError> {
        let Self { host, header, from } = self;
        let is_theirs = match nodes_of {
            None => false,
            Some(Source::Environment) => true,
            Some(_) => *from != env::RPC_HEADERS.0,
        };
        let count = urls.len();
        if host.is_none() && !is_theirs {
            context.output.note(format_args!(
                "{from} was not given with this node, and is not sent to it; if it shall be: \
                 --rpc-header HOST=\"Name: value\""
            ));
            return Ok(());
        }
        if host.is_none() && count > 1 {
            let message = format!("{from}: there are {count} nodes, whose header is it?");
            return Err(CliError::usage(message)
                .hint("say whose: --rpc-header HOST=\"Name: value\", or HOST:PORT=…"));
        }
        let mut is_there = false;
        for url in urls {
            if host.as_ref().is_none_or(|host| host.is_at(&url.origin())) {
                url.add_header(header.clone()).map_err(|error| named(&error, from))?;
                is_there = true;
            }
        }
        match host {
            Some(host) if !is_there => Err(named(&format!("no node is at {host}"), from)),
            _ => Ok(()),
        }
    }
}

#[cfg(all(test, feature = "devnet"))]
mod tests {
    use namesys::devnet::{Devnet, DevnetConfig};
    use namesys::net::HttpConfig;

    use super::*;

    /// A header may name its node; its own `=` and `:` are none of that, and nothing is repeated.
    #[test]
    fn headers_name_their_node() {
        for (text, host) in [
            ("X-Key: abc", None),
            ("X-Key:abc=", None),
            ("Authorization: Basic dXNlcjpwYXNz=", None),
            ("rpc.example=X-Key: abc=", Some("rpc.example")),
            ("127.0.0.1:8545=Authorization: Bearer a", Some("127.0.0.1:8545")),
        ] {
            let header = NodeHeader::parse(text, "x").unwrap();
            assert_eq!(header.host.map(|host| host.to_string()).as_deref(), host, "{text}");
        }
        for bad in ["hunter2", "rpc.example=hunter2"] {
            let error = NodeHeader::parse(bad, "x").unwrap_err();
            assert!(!error.message.contains("hunter2"), "{}", error.message);
        }
    }

    #[tokio::test]
    async fn a_devnet_says_where_its_chain_is() {
        let http = Http::new(HttpConfig::default()).unwrap();
        let devnet = Devnet::start(DevnetConfig::ephemeral()).await.unwrap();
        let url = devnet.urls().gateway.parse().unwrap();
        assert_eq!(of_devnet(&http, &url).await, None, "without a chain");
        devnet.announce_chain("http://127.0.0.1:8545");
        assert_eq!(of_devnet(&http, &url).await.as_deref(), Some("http://127.0.0.1:8545"));
        for elsewhere in ["https://rpc.evil.example", "http://192.0.2.1:8545", "http://localhost.x"]
        {
            let other = Devnet::start(DevnetConfig::ephemeral()).await.unwrap();
            other.announce_chain(elsewhere);
            let url = other.urls().gateway.parse().unwrap();
            assert_eq!(of_devnet(&http, &url).await, None, "{elsewhere}");
            other.stop().await;
        }
        devnet.stop().await;
        assert_eq!(of_devnet(&http, &url).await, None, "not at all");
    }
}
