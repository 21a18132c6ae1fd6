//! SIGN 3, where a name lacks one that stands.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use rayon::prelude::*;

use super::plan::Change;
use super::sign_request::{SignError, SignOutcome, SignRequest};
use super::{Approval, Config};
use crate::ens::Name;
use crate::request::Request;
use crate::wallet::{WalletError, sign_checked};

/// Whether `config` keeps a SIGN 3 of `signer` for `name` by its owner, or by the wallet as the
/// owner's manager. Another is made anew by [`sign`](super::sign()).
pub fn approval_stands(config: &Config, name: &Name, signer: Address) -> bool {
    let Some(kept) = config.approval(name, signer) else { return false };
    let (chain_id, owner) = (config.chain_id, kept.owner);
    let request = Request::ApproveSigner { name, chain_id, signer, owner };
    let by = request.recover(&kept.signature).ok();
    by.is_some() && (by == Some(owner) || by == config.keys().wallet)
}

/// Makes and keeps SIGN 3 for every name of `changes` that has none that stands. Where nobody can,
/// the name is among the unapproved of `outcome`.
pub(super) async fn approve_missing(
    request: &SignRequest<'_>,
    config: &mut Config,
    owner: Address,
    changes: &[Change],
    outcome: &mut SignOutcome,
) -> Result<(), SignError> {
    let signer = request.signer.address();
    let chain_id = config.chain_id;
    let approval = |name, owner| Request::ApproveSigner { name, chain_id, signer, owner };
    let names: BTreeSet<&Name> = changes.iter().map(|change| &change.name).collect();
    let names: Vec<&Name> = names.into_iter().collect();
    let stands = |name| approval_stands(config, name, signer);
    let missing: Vec<&Name> = names.into_par_iter().filter(|name| !stands(*name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let Some(wallet) = request.wallet else {
        outcome.unapproved = missing.into_iter().cloned().collect();
        return Ok(());
    };
    let kept = |signature| Approval { owner, signature };
    if let Some(key) = wallet.local_key() {
        let signatures = missing.par_iter().map(|name| key.sign(&approval(name, owner)));
        let approvals: Vec<Approval> = signatures.map(kept).collect();
        config.keep_approvals(signer, missing.iter().copied().zip(approvals));
        request.workspace.save_config(config)?;
        outcome.approvals = missing.len() as u64;
        return Ok(());
    }
    for name in &missing {
        if request.stop.is_asked() {
            return Err(SignError::Stopped);
        }
        let signature = match sign_checked(wallet, &approval(name, owner)).await {
            Ok(signature) => signature.expose().clone(),
            // It is elsewhere, and this one has not been brought.
            Err(WalletError::SignatureMissing { .. }) => {
                outcome.unapproved.push((*name).clone());
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        // At once: it cost a person a confirmation, and Ctrl-C or a refusal may be next.
        config.keep_approvals(signer, [(*name, kept(signature))]);
        request.workspace.save_config(config)?;
        outcome.approvals += 1;
    }
    Ok(())
}
