//! The Ethereum nodes: flags, then the environment.

use std::time::Duration;

use clap::Args;
use namesys::chain::{Header, Rpc, RpcConfig, RpcUrl};
use namesys::net::{Http, Request, endpoint};
use namesys::report::ErrorKind;
use serde::Deserialize;
use url::Url;

use super::context::Context;
use super::endpoints::DEVNET;
use super::env;
use super::error::{CliError, Exit};
use super::global::Network;

/// How the nodes of `--rpc-url` are asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ethereum nodes (--rpc-url)")]
pub struct RpcArgs {
    /// How many of the nodes must agree on owner, resolver, recordhash, approvals, and values kept
    /// on chain
    #[arg(long, value_name = "N", default_value_t = 1)]
    rpc_quorum: usize,
    /// A header for every node, "Name: value"; may be given more than once
    /// [env: ETH_RPC_HEADERS, separated by newlines]
    #[arg(long, value_name = "HEADER")]
    rpc_header: Vec<String>,
    /// How long one answer of a node may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20,
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
        Network::Mainnet => "give --rpc-url URL, or set ETH_RPC_URL",
        Network::Devnet => {
            "the devnet runs without a chain, or not at all: start namesys devnet --chain, or give \
             --rpc-url URL"
        }
    }
}

/// Where a devnet has its chain.
#[derive(Deserialize)]
struct Announced {
    rpc: String,
}

/// The node of the devnet at `devnet`; none where it runs without a chain, or not at all.
async fn of_devnet(http: &Http, devnet: &Url) -> Option<String> {
    let request = Request::get(endpoint(devnet, ["chain"])).max_body(1 << 12).attempts(1);
    let answer = http.send(&request).await.ok()?.success().ok()?;
    serde_json::from_slice(&answer).ok().map(|Announced { rpc }| rpc)
}

impl RpcArgs {
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

    fn config(&self, context: &Context, http: &Http) -> Result<Option<RpcConfig>, CliError> {
        let mut urls = context.rpc_urls.clone();
        let mut from = "--rpc-url";
        if urls.is_empty() {
            from = env::RPC_URL.0;
            let list = env::RPC_URL.get()?.unwrap_or_default();
            let given = list.split(',').map(str::trim).filter(|url| !url.is_empty());
            urls = given.map(str::to_owned).collect();
        }
        if urls.is_empty() && context.network() == Network::Devnet {
            from = "the devnet's chain";
            let devnet = DEVNET.parse().expect("the constant is a URL");
            urls.extend(context.block_on(async { Ok(of_devnet(http, &devnet).await) })?);
        }
        if urls.is_empty() {
            return Ok(None);
        }
        let named =
            |error: &dyn std::fmt::Display, from: &str| CliError::usage(format!("{from}: {error}"));
        let urls = urls.iter().map(|url| url.parse().map_err(|error| named(&error, from)));
        let urls = urls.collect::<Result<Vec<RpcUrl>, _>>()?;
        let mut headers = self.rpc_header.clone();
        let mut from = "--rpc-header";
        if headers.is_empty() {
            from = env::RPC_HEADERS.0;
            let list = env::RPC_HEADERS.get()?.unwrap_or_default();
            headers =
                list.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        }
        let headers = headers.iter().map(|text| text.parse().map_err(|error| named(&error, from)));
        let headers = headers.collect::<Result<Vec<Header>, _>>()?;
        let timeout = Duration::from_secs(self.rpc_timeout);
        let quorum = self.rpc_quorum;
        Ok(Some(RpcConfig { urls, headers, timeout, quorum, ..RpcConfig::default() }))
    }
}

#[cfg(all(test, feature = "devnet"))]
mod tests {
    use namesys::devnet::{Devnet, DevnetConfig};
    use namesys::net::HttpConfig;

    use super::*;

    #[tokio::test]
    async fn a_devnet_says_where_its_chain_is() {
        let http = Http::new(HttpConfig::default()).unwrap();
        let devnet = Devnet::start(DevnetConfig::ephemeral()).await.unwrap();
        let url = devnet.urls().gateway.parse().unwrap();
        assert_eq!(of_devnet(&http, &url).await, None, "without a chain");
        devnet.announce_chain("http://127.0.0.1:8545");
        assert_eq!(of_devnet(&http, &url).await.as_deref(), Some("http://127.0.0.1:8545"));
        devnet.stop().await;
        assert_eq!(of_devnet(&http, &url).await, None, "not at all");
    }
}
