//! The payee's keys, derived from the wallet.

use namesys::stealth::StealthKeys;

use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::CliError;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::Session;

/// The record that has the meta-address.
pub const RECORD: &str = "text/stealth-meta-address";

/// The keys that the wallet gives, and the wallet.
pub fn derived(
    derive: &DeriveArgs,
    rpc: &RpcArgs,
    context: &Context,
) -> Result<(StealthKeys, OpenWallet), CliError> {
    let session = Session::open(context)?;
    let (keys_for, recorded) = (KeysFor::from(&session.config), session.config.keys());
    let deriver = derive.open_asking(context, rpc, keys_for, recorded)?.always_twice();
    let keys = deriver.stealth_keys(context)?;
    [&keys.spending, &keys.viewing].into_iter().for_each(|key| context.keep_signer(key));
    Ok((keys, deriver.wallet))
}
