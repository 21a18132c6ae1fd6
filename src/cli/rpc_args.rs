//! The Ethereum nodes: flags, then the environment.

use std::time::Duration;

use clap::Args;
use namesys::chain::{Header, Rpc, RpcConfig, RpcUrl};
use namesys::net::Http;

use super::context::Context;
use super::env;
use super::error::{CliError, Exit};

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
pub fn no_rpc(what: &str) -> CliError {
    let message = format!("no Ethereum node is given to ask for {what}");
    CliError::new(Exit::Usage, "no-rpc", message).hint("give --rpc-url URL, or set ETH_RPC_URL")
}

impl RpcArgs {
    /// The nodes; `None` when none is given.
    ///
    /// # Errors
    /// Exit 2 for what is no URL or header (which is not repeated: it may hold a key), and for a
    /// quorum above the number of nodes.
    pub fn open(&self, context: &Context, http: &Http) -> Result<Option<Rpc>, CliError> {
        let config = self.config(context)?;
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
        let Some(config) = self.config(context)? else { return Ok(Vec::new()) };
        let urls = config.urls.clone();
        let open = |url: RpcUrl| {
            let config =
                RpcConfig { urls: vec![url.clone()], quorum: 1, retries: 0, ..config.clone() };
            Ok((url, Rpc::new(http, config)?))
        };
        urls.into_iter().map(open).collect()
    }

    fn config(&self, context: &Context) -> Result<Option<RpcConfig>, CliError> {
        let mut urls = context.rpc_urls.clone();
        let mut from = "--rpc-url";
        if urls.is_empty() {
            from = env::RPC_URL.0;
            let list = env::RPC_URL.get()?.unwrap_or_default();
            let given = list.split(',').map(str::trim).filter(|url| !url.is_empty());
            urls = given.map(str::to_owned).collect();
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
