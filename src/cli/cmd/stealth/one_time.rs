//! The key of one address.

use alloy_primitives::Address;
use namesys::keys::SignerKey;
use namesys::report::ErrorKind;
use namesys::stealth::{PublicKey, StealthFiles};

use super::key_args::KeyArgs;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::Session;
use crate::cli::wallet_args::address;

/// Which address, and the keys that lead to it.
#[derive(Debug, clap::Args)]
pub struct OneTimeArgs {
    /// The address, as stealth scan shows it
    #[arg(value_name = "ADDRESS", value_parser = address)]
    pub address: Address,
    /// The ephemeral public key that was announced [default: what stealth scan found]
    #[arg(long, value_name = "KEY")]
    ephemeral: Option<PublicKey>,
    #[command(flatten)]
    pub keys: KeyArgs,
}

impl OneTimeArgs {
    /// The key, which is remembered as one that must not be published.
    pub fn get(&self, rpc: &RpcArgs, context: &Context) -> Result<SignerKey, CliError> {
        let keys = self.keys.both(rpc, context)?;
        let ephemeral = match self.ephemeral {
            Some(ephemeral) => ephemeral,
            None => {
                let session = Session::open(context)?;
                let files = StealthFiles(&session.workspace);
                let state = files.scan(session.config.chain_id, &keys.meta_address())?;
                let found = state.as_ref().and_then(|state| state.of(self.address));
                found.map(|found| found.ephemeral_public_key).ok_or_else(|| {
                    let message =
                        format!("no payment to {} was found with these keys", self.address);
                    CliError::new(Exit::NotFound, ErrorKind::NotFound, message).hint(
                        "namesys stealth scan finds them; or give the ephemeral public key that \
                         was announced: --ephemeral 0x…",
                    )
                })?
            }
        };
        let key = keys.one_time(&ephemeral, self.address)?;
        context.keep_signer(&key);
        Ok(key)
    }
}
