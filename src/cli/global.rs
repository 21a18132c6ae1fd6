//! The flags every command takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args};
use namesys::workspace::Network;

use super::output::Color;
use super::values::duration;

/// The flags every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The workspace; default: the nearest folder upward with namesys.toml [env: NAMESYS_DIR]
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
    /// Write exactly one JSON document to stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// No notes and no progress
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say what is being done; twice for more
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// When to use colours (NO_COLOR is honoured)
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true)]
    pub color: Color,
    /// An Ethereum node; may be given more than once: tried in order [env: ETH_RPC_URL,
    /// separated by commas] [default: rpc_url of config.toml; with --network devnet, the devnet's
    /// chain]
    #[arg(short, long, value_name = "URL", global = true)]
    pub rpc_url: Vec<String>,
    /// Whose endpoints apply where nothing else says: mainnet; sepolia, whose chain is then expected;
    /// or devnet, which is 127.0.0.1:5559 [env: NAMESYS_NETWORK] [default: network of namesys.toml or config.toml,
    /// else mainnet]
    #[arg(long, value_name = "NETWORK", global = true,
          value_parser = PossibleValuesParser::new(Network::WORDS).try_map(|word| word.parse::<Network>()))]
    pub network: Option<Network>,
    /// The variable that holds the token of a service, sent to that host (or host:port) alone; an
    /// access key needs two, or one with KEY-ID:SECRET; may be given more than once
    /// [env: NAMESYS_CREDENTIALS, separated by spaces] [default: [[credentials]] of config.toml]
    #[arg(long, value_name = "HOST=VARIABLE", global = true)]
    pub credential: Vec<String>,
    /// Certificates trusted beside the system's roots
    #[arg(long, value_name = "PEM", global = true)]
    pub ca_file: Option<PathBuf>,
    /// The passphrase of key files that are encrypted with age; - for stdin
    /// [env: NAMESYS_PASSPHRASE, the passphrase itself]
    #[arg(long, value_name = "FILE|-", global = true, hide_short_help = true)]
    pub passphrase_file: Option<PathBuf>,
    /// The age identity that opens key files encrypted to recipients; - for stdin
    /// [env: NAMESYS_IDENTITY, the file or the identity itself]
    #[arg(long, value_name = "FILE|-", global = true, hide_short_help = true)]
    pub identity: Option<PathBuf>,
    /// Give up a server that makes no progress for so long [default: 30s, 5m for uploads, 3m for
    /// records through Kubo]. One that has failed for ten times as long in all (with the default
    /// 5m) is not asked again, nor is any that fails after thirty times (15m). After sixty times
    /// (30m) of waiting for servers a command ends; what --wait says comes on top, and neither the
    /// first second of an answer nor an upload that moves counts [env: NAMESYS_TIMEOUT]
    #[arg(long, value_name = "DURATION", value_parser = patience, global = true)]
    pub timeout: Option<Duration>,
}

/// How long a server may make no progress.
///
/// # Errors
/// When it is no duration, or none at all.
pub fn patience(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("no server answers in no time; give 30s for instance".to_owned()),
        patience => Ok(patience),
    }
}
