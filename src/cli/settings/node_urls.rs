//! URLs of Ethereum nodes as they are given: never shown, for they hold their owner's key.

use crate::cli::env;
use crate::cli::error::CliError;

/// A URL that cannot be asked is refused, also by commands that do not ask the chain.
pub fn check(flags: &[String]) -> Result<(), CliError> {
    // Not quoted: these URLs hold their owner's token.
    if !flags.iter().all(|url| is_node_url(url)) {
        return Err(not_a_node("--rpc-url"));
    }
    match env::RPC_URL.get()? {
        Some(urls) if flags.is_empty() && !urls.split(',').all(|url| is_node_url(url.trim())) => {
            Err(not_a_node(env::RPC_URL.0))
        }
        _ => Ok(()),
    }
}

/// Whether a node can be asked there, or is refused with a reason of its own (WebSockets).
pub fn is_node_url(text: &str) -> bool {
    let schemes = ["http", "https", "ws", "wss"];
    url::Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()))
}

fn not_a_node(what: &str) -> CliError {
    let message = format!("{what}: {}", namesys::chain::RpcUrlError::NotHttp);
    CliError::usage(message).hint("such as http://127.0.0.1:8545; several are separated by commas in the variable, and --rpc-url is given more than once")
}
