//! What `-v` tells, on stderr above the progress bars.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::output::Output;
use super::progress::AboveBars;

/// Logs of this program, and from `-vv` of its HTTP stack; never those of wallets' signers:
/// they log signatures, which are key seeds here.
pub fn log_to_stderr(verbose: u8) {
    let targets = match verbose {
        0 => return,
        1 => Targets::new().with_target("namesys", LevelFilter::INFO),
        2 => Targets::new()
            .with_target("namesys", LevelFilter::DEBUG)
            .with_targets([("reqwest", LevelFilter::DEBUG), ("hyper_util", LevelFilter::DEBUG)]),
        _ => Targets::new()
            .with_default(LevelFilter::DEBUG)
            .with_target("namesys", LevelFilter::TRACE)
            .with_targets(
                ["alloy", "alloy_signer", "alloy_signer_local", "alloy_signer_ledger"]
                    .into_iter()
                    .chain(["alloy_signer_trezor", "coins_ledger", "trezor_client"])
                    // It tells what it does not understand of a URL or a file of passwords.
                    .chain(["sqlx_postgres::options"])
                    .map(|target| (target, LevelFilter::OFF)),
            ),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(|| AboveBars)
        .with_ansi(Output::colours_stderr())
        .with_target(verbose > 1)
        .without_time();
    // Fails only when a subscriber is set already, and this is the only place that sets one.
    let _ = tracing_subscriber::registry().with(targets).with(layer).try_init();
}
