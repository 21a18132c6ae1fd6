//! Whether the wallet's address is a contract: it has no key that signs texts, and nothing can be
//! derived from it. Only the chain knows; without a node it is said that nobody asked.

use namesys::report::ErrorKind;
use namesys::wallet::Address;

use super::context::Context;
use super::error::{CliError, Exit};
use super::rpc_args::RpcArgs;

const DECIDES: &str = "two signatures are compared, and who made them is recovered";

/// Refuses a contract, before anything is signed. `Some(false)` where the chain says that it is
/// none, `None` where it was not asked or did not answer. `is_key_here` is whether the key of the
/// address is at hand, so that it is known what it is.
///
/// # Errors
/// Exit 1 for a contract, 2 for what is wrong with the nodes that were given.
pub fn refuse_contract(
    context: &Context,
    rpc: &RpcArgs,
    (address, chain_id): (Address, u64),
    is_key_here: bool,
) -> Result<Option<bool>, CliError> {
    let not_checked = |why: &str| {
        if !is_key_here {
            context.output.note(format_args!(
                "not checked whether {address} is a contract, which has no key to derive from: \
                 {why}; {DECIDES}"
            ));
        }
        Ok(None)
    };
    if !rpc.is_given(context)? {
        return not_checked("no Ethereum node is given (--rpc-url)");
    }
    let Some(rpc) = rpc.open(context, &context.http()?)? else {
        return not_checked("no Ethereum node is given (--rpc-url)");
    };
    let asked = context.block_on(async {
        rpc.check_chain_id(Some(chain_id)).await?;
        Ok(rpc.at(rpc.latest().await?.value).is_contract(address).await?.value)
    });
    match asked {
        Ok(false) => Ok(Some(false)),
        Ok(true) => Err(contract(address)),
        Err(error) if error.exit == Exit::Interrupted => Err(error),
        Err(error) => not_checked(&error.message),
    }
}

fn contract(address: Address) -> CliError {
    let message = format!("{address} is a contract: it has no key, so no keys follow from it");
    CliError::new(Exit::Failed, ErrorKind::ContractWallet, message).hint(
        "derive them from an account that has a key, such as one of the contract's owners (give its \
         wallet), sign with --approval on-chain, and have the contract approve that signer: namesys \
         setup --approve-signer --safe FILE",
    )
}
