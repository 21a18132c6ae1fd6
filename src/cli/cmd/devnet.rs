//! `devnet`: the embedded network.

use std::future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use namesys::devnet::{Devnet, DevnetConfig, DevnetUrls, RateLimit};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome};

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
        let config =
            DevnetConfig { listen: args.listen, dir: args.dir, rate_limit: Some(args.rate_limit) };
        let devnet = Devnet::start(config).await?;
        if !devnet.addr().ip().is_loopback() {
            context.output.warn("others on the network can reach this devnet, and write to it");
        }
        context.output.first_line(devnet.urls())?;
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

impl Human for DevnetUrls {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "w3name   {}", self.w3name)?;
        writeln!(out, "kubo     {}", self.kubo)?;
        writeln!(out, "gateway  {}", self.gateway)?;
        writeln!(out, "routing  {}", self.routing)
    }
}
