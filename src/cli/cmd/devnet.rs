//! `devnet`: the embedded network.

use std::future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use namesys::devnet::{Devnet, DevnetConfig, DevnetUrls};

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
}

/// Serves until Ctrl-C.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let ended = context.block_on(async {
        let config = DevnetConfig { listen: args.listen, dir: args.dir, ..DevnetConfig::default() };
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
