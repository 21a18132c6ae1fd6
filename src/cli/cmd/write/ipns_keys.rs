//! Whether the keys that a resolver names are those of a workspace.

use namesys::report::ErrorKind;
use namesys::workspace::ApprovalMode;

use super::course::IpnsHandler;
use crate::cli::error::{CliError, Exit};
use crate::cli::session::Session;

/// The keys that the resolver names are those of the workspace.
pub fn check_keys(session: &Session, handler: &IpnsHandler<'_>) -> Result<(), CliError> {
    let other = |what: &str, wanted: String, own: Option<String>| {
        let own = own.map_or_else(|| "it has none".to_owned(), |own| format!("its own is {own}"));
        let message = format!(
            "the resolver takes what is published by the {what} {wanted}, which is not this \
             workspace's: {own}"
        );
        Err(CliError::new(Exit::Failed, ErrorKind::OtherKeys, message).hint(
            "no record was signed, and nothing was sent: the password or the wallet is another one (check \
                 --key-password-file, the wallet, --storage)",
        ))
    };
    let keys = session.config.keys();
    if keys.ipns_name != Some(handler.ipns) {
        let own = keys.ipns_name.map(|own| own.to_string());
        return other("IPNS key", handler.ipns.to_string(), own);
    }
    let mode = session.config.approval_mode().unwrap_or_default();
    let signer = match mode {
        ApprovalMode::Owner => keys.wallet,
        ApprovalMode::Wallet | ApprovalMode::OnChain => keys.signer,
    };
    if handler.signer.is_zero() && mode == ApprovalMode::OnChain {
        let message = "the resolver names no records signer, so that the owner's approval has to \
                       travel along, and this workspace has it on chain alone";
        return Err(CliError::new(Exit::Failed, ErrorKind::OtherKeys, message).hint(
            "nothing of this name was signed or sent; namesys sign --approval wallet makes approvals that do",
        ));
    }
    if !handler.signer.is_zero() && signer != Some(handler.signer) {
        let own = signer.map(|own| own.to_string());
        return other("records signer", handler.signer.to_string(), own);
    }
    Ok(())
}
