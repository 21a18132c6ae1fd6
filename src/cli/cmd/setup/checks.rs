//! What is refused before anything is sent: keys that are not the workspace's, and records that
//! would not verify for the owner on chain.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use namesys::chain::ChainView;
use namesys::chain::setup::{SetupRequest, Standing};
use namesys::ens::Name;
use namesys::keys::IpnsName;
use namesys::report::ErrorKind;
use namesys::workspace::{CheckedFile, RecordedKeys, Verdict, check_tree};

use super::Args;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::session::{KeysFor, Session};
use crate::cli::wallet_args::OpenWallet;

/// Subnames of the tree that are looked up in the registry at most.
const MAX_LOOKED_UP: usize = 200;

/// Checks the IPNS name that is to be set: against what is recorded, the key file that is given,
/// and the key that wallet and password give, where both are at hand.
pub fn keys(
    session: Option<Session>,
    args: &Args,
    wallet: Option<&OpenWallet>,
    context: &Context,
) -> Result<Option<Session>, CliError> {
    let Some(mut session) = session else { return Ok(None) };
    let recorded = session.config.recorded_keys()?;
    let given = args.pointer.given_name();
    if given.is_none() && !args.pointer.is_workspaces() {
        return Ok(Some(session));
    }
    let keys = match args.ipns_key.get(context)? {
        Some(key) => Some(RecordedKeys { ipns_name: Some(key.name()), ..RecordedKeys::default() }),
        None => derived(&session, &recorded, args, wallet, context)?,
    };
    if let Some(keys) = keys {
        session.record_keys(&keys)?;
    }
    let own = session.config.recorded_keys()?.ipns_name;
    match (given, own) {
        (Some(given), Some(own)) if *given != own => Err(other_key(given, &own)),
        _ => Ok(Some(session)),
    }
}

fn other_key(given: &IpnsName, own: &IpnsName) -> CliError {
    let message = format!(
        "these are not the keys of this workspace: ipns_name is {given}, namesys.toml says {own}"
    );
    CliError::new(Exit::Failed, ErrorKind::OtherKeys, message).hint(
        "leave --recordhash out to set the workspace's own; for a name whose records are kept \
         elsewhere, run this outside of the workspace",
    )
}

/// The key of wallet and password: when the password is given, or nothing is recorded yet.
fn derived(
    session: &Session,
    recorded: &RecordedKeys,
    args: &Args,
    wallet: Option<&OpenWallet>,
    context: &Context,
) -> Result<Option<RecordedKeys>, CliError> {
    let Some(OpenWallet::Local(wallet)) = wallet else { return Ok(None) };
    let address = namesys::wallet::Wallet::address(wallet);
    // A manager, or a new owner, who cannot derive this workspace's keys.
    if recorded.wallet.is_some_and(|recorded| recorded != address) {
        return Ok(None);
    }
    if recorded.ipns_name.is_some() && !args.derive.password.is_given()? {
        return Ok(None);
    }
    let deriver = args.derive.derive_with(
        OpenWallet::Local(wallet.clone()),
        context,
        KeysFor::from(&session.config),
        recorded,
    )?;
    let key = context.block_on(deriver.ipns_key())?;
    Ok(Some(deriver.recorded(Some(&key), None)))
}

/// The signer that is to be approved.
pub fn signer(args: &Args, session: Option<&Session>) -> Result<Option<Address>, CliError> {
    match (args.approve_signer, session) {
        (None, _) => Ok(None),
        (Some(Some(signer)), _) => Ok(Some(signer)),
        (Some(None), Some(session)) => match session.config.recorded_keys()?.signer {
            Some(signer) => Ok(Some(signer)),
            None => Err(CliError::new(
                Exit::NotFound,
                ErrorKind::NoSigner,
                "the records signer is not derived yet",
            )
            .hint("namesys keygen derives it; or give its address: --approve-signer ADDRESS")),
        },
        (Some(None), None) => Err(CliError::usage("which signer? There is no workspace here")
            .hint("give its address: --approve-signer ADDRESS")),
    }
}

/// Checks the workspace's signed records of the name as the resolver will: for the owner that
/// the chain names, and the signers it has approved or is about to.
pub async fn tree(
    session: Option<&Session>,
    view: &ChainView,
    request: &SetupRequest,
    standing: &Standing,
    chain_id: u64,
    context: &Context,
) -> Result<(), CliError> {
    let Some(session) = session else { return Ok(()) };
    let texts = standing.text_chain_id.unwrap_or(chain_id);
    let approved = approved(session, view, request, standing, &standing.base.name).await?;
    let checked = check(session, texts, standing.base.owner(), &approved)?;
    let of_name = |file: &&CheckedFile| {
        file.name.as_ref().is_some_and(|name| name.is_or_is_under(&request.name))
    };
    let names: BTreeSet<&Name> =
        checked.iter().filter(of_name).filter_map(|file| file.name.as_ref()).collect();
    if names.is_empty() {
        context.output.note(format_args!(
            "no record of {} is signed here yet: namesys sign, then namesys publish",
            request.name
        ));
    }
    let own = registered(session, view, standing, &names, texts).await?;
    let of_own = |name: &Name| own.iter().find(|(own, _)| *own == name).map(|(_, files)| files);
    let bad = checked.iter().filter(of_name).find_map(|file| {
        let name = file.name.as_ref()?;
        let file = match of_own(name) {
            Some(files) => files.iter().find(|other| other.path == file.path)?,
            None => file,
        };
        match &file.verdict {
            Verdict::Invalid(reason) => Some((name.clone(), file.path.clone(), reason.clone())),
            Verdict::Valid(_) | Verdict::Foreign => None,
        }
    });
    match bad {
        None => Ok(()),
        Some((name, path, reason)) => Err(CliError::new(
            Exit::Unverified,
            ErrorKind::Invalid,
            format!("{path} would not verify for the owner of {name} on chain: {reason}"),
        )
        .hint("namesys sign with the owner's wallet, or namesys approve; --approve-signer approves the signer on chain")),
    }
}

/// Names below that the registry has: each has an owner of its own, for whom it is checked again.
async fn registered<'a>(
    session: &Session,
    view: &ChainView,
    standing: &Standing,
    names: &BTreeSet<&'a Name>,
    texts: u64,
) -> Result<Vec<(&'a Name, Vec<CheckedFile>)>, CliError> {
    let mut own = Vec::new();
    for name in names.iter().copied().take(MAX_LOOKED_UP) {
        if *name == standing.base.name {
            continue;
        }
        let owner = view.owner(name.node()).await?.value;
        if !owner.is_zero() {
            let approved = approved_by(session, view, standing, owner, name).await?;
            own.push((name, check(session, texts, owner, &approved)?));
        }
    }
    Ok(own)
}

fn check(
    session: &Session,
    chain_id: u64,
    owner: Address,
    approved: &[Address],
) -> Result<Vec<CheckedFile>, CliError> {
    Ok(check_tree(session.workspace.dir(), chain_id, &|_| owner, approved, &|| ())?)
}

/// Whom the owner approved of those the workspace knows, and who is about to be.
async fn approved(
    session: &Session,
    view: &ChainView,
    request: &SetupRequest,
    standing: &Standing,
    level: &Name,
) -> Result<Vec<Address>, CliError> {
    let mut found = approved_by(session, view, standing, standing.base.owner(), level).await?;
    found.extend(request.approve);
    Ok(found)
}

async fn approved_by(
    session: &Session,
    view: &ChainView,
    standing: &Standing,
    owner: Address,
    level: &Name,
) -> Result<Vec<Address>, CliError> {
    let keys = session.config.recorded_keys()?;
    let mut found = Vec::new();
    for signer in [keys.signer, keys.wallet].into_iter().flatten() {
        let (resolver, node) = (standing.resolver, level.node());
        if view.is_approved_signer(resolver, owner, node, signer).await?.value {
            found.push(signer);
        }
    }
    Ok(found)
}
