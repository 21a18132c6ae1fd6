//! `devnet`: the embedded network.

use std::future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::Address;
use namesys::devnet::chain::{ChainConfig, ChainDevnet, ChainGateways};
use namesys::devnet::{Devnet, DevnetConfig, RateLimit};
use namesys::ens::Name;
use namesys::report::{DevnetReport, DevnetUrls};

use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome};
use crate::cli::wallet_args::address;

/// `devnet`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5559")]
    listen: SocketAddr,
    /// Where it keeps blocks and records; default: a temporary folder, removed at the end
    // In place of the global flag: a workspace (NAMESYS_DIR) is no folder for it.
    #[arg(short = 'C', long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How many requests the w3name API takes from one address, and in how many seconds: beyond
    /// it answers 429
    #[arg(long, value_name = "N/SECONDS", default_value = "30/10", value_parser = rate_limit)]
    rate_limit: RateLimit,
    /// Run a chain too (anvil, chain id 31337), with ENS at mainnet's addresses; its resolver
    /// sends clients to this devnet's gateway, and --network devnet finds it
    #[arg(long)]
    chain: bool,
    /// The loopback port of the chain's RPC; port 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8545, requires = "chain")]
    chain_port: u16,
    /// Register a name on the chain, and give its owner ether; may be given more than once
    #[arg(long, value_name = "NAME=OWNER", requires = "chain", value_parser = registration)]
    register: Vec<Registration>,
    /// As --register, and wrap it in the NameWrapper
    #[arg(long, value_name = "NAME=OWNER", requires = "chain", value_parser = registration)]
    register_wrapped: Vec<Registration>,
}

/// `nick.eth=0x…`
#[derive(Clone, Debug)]
struct Registration {
    name: Name,
    owner: Address,
}

fn registration(text: &str) -> Result<Registration, String> {
    let (name, owner) = text.split_once('=').ok_or("it has the form NAME=OWNER")?;
    let name = Name::parse(name).map_err(|error| error.to_string())?;
    let owner = address(owner).map_err(|error| error.to_string())?;
    Ok(Registration { name, owner })
}

/// `30/10`
fn rate_limit(text: &str) -> Result<RateLimit, String> {
    let parsed = text.split_once('/').and_then(|(requests, seconds)| {
        let requests = requests.parse().ok().filter(|requests| *requests > 0)?;
        let seconds = seconds.parse().ok().filter(|seconds| (1..=86_400).contains(seconds))?;
        Some(RateLimit { requests, window: Duration::from_secs(seconds) })
    });
    parsed.ok_or_else(|| "it has the form 30/10: requests, and seconds up to a day".to_owned())
}

/// Serves until Ctrl-C.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let ended = context.block_on(async {
        let config = DevnetConfig {
            listen: args.listen,
            dir: args.dir.clone(),
            rate_limit: Some(args.rate_limit),
        };
        let devnet = Devnet::start(config).await?;
        if !devnet.addr().ip().is_loopback() {
            context.output.warn("others on the network can reach this devnet, and write to it");
        }
        let chain = match args.chain {
            true => Some(chain(&args, devnet.addr()).await?),
            false => None,
        };
        let rpc = chain.as_ref().map(|chain| chain.rpc_url().to_owned());
        if let Some(url) = &rpc {
            devnet.announce_chain(url);
        }
        context.output.first_line(DevnetReport { services: devnet.urls(), rpc })?;
        context.output.note("it runs until Ctrl-C");
        future::pending::<()>().await;
        Ok(Outcome::written())
    });
    match ended {
        // Ctrl-C is how it is meant to end: no error to speak of.
        Err(error) if error.exit == Exit::Interrupted => Ok(Outcome::stopped()),
        ended => ended,
    }
}

/// A chain whose resolver sends clients to `gateway`, with the names that were asked for.
async fn chain(args: &Args, gateway: SocketAddr) -> Result<ChainDevnet, CliError> {
    let gateways = ChainGateways::local(gateway.to_string());
    let config = ChainConfig { anvil: env::anvil()?, port: args.chain_port, gateways };
    let chain = ChainDevnet::start(config).await?;
    for Registration { name, owner } in args.register.iter().chain(&args.register_wrapped) {
        chain.register(name, *owner, Address::ZERO).await?;
        chain.fund(*owner).await?;
    }
    for Registration { name, .. } in &args.register_wrapped {
        chain.wrap(name).await?;
    }
    Ok(chain)
}

impl Human for DevnetReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let DevnetUrls { w3name, kubo, gateway, routing } = &self.services;
        writeln!(out, "w3name   {w3name}")?;
        writeln!(out, "kubo     {kubo}")?;
        writeln!(out, "gateway  {gateway}")?;
        writeln!(out, "routing  {routing}")?;
        self.rpc.iter().try_for_each(|rpc| writeln!(out, "rpc      {rpc}"))
    }
}
