//! What is refused before anything is sent: keys that are not the workspace's, and records that
//! would not verify for the owner on chain.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use namesys::chain::ChainView;
use namesys::chain::setup::{SetupRequest, SetupTransaction, SignerStanding, Standing};
use namesys::ens::Name;
use namesys::keys::IpnsName;
use namesys::report::ErrorKind;
use namesys::request::ApprovalBasis;
use namesys::workspace::{CheckedFile, RecordedKeys, Verdict, check_tree};

use super::args::Args;
use crate::cli::claims;
use crate::cli::context::Context;
use crate::cli::deriver::KeysFor;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::prompt;
use crate::cli::session::Session;

/// Subnames of the tree that are looked up in the registry at most.
const MAX_LOOKED_UP: usize = 200;

/// What only `namesys.toml` says of keys that are to be set or approved.
#[derive(Default)]
pub struct Claims {
    ipns_name: Option<IpnsName>,
    signer: Option<Address>,
    /// What names the signer by its address.
    flag: &'static str,
}

/// What else proves a key.
const PROOF: &str = "or its key file; or the NameSys password, with which the wallet derives it: \
                     --key-password-file FILE, or NAMESYS_KEY_PASSWORD";

impl Claims {
    /// Whether nothing is only claimed.
    pub fn is_empty(&self) -> bool {
        self.ipns_name.is_none() && self.signer.is_none()
    }

    /// Has each confirmed, before it goes anywhere.
    ///
    /// # Errors
    /// Exit 2 when one is not.
    pub fn confirm(&self) -> Result<(), CliError> {
        let instead = |flag: &str, value: String| {
            format!("give it, if it is what namesys keygen showed: {flag} {value}; {PROOF}")
        };
        if let Some(name) = &self.ipns_name {
            let instead = instead("--recordhash", format!("ipns://{name}"));
            claims::confirm("the IPNS name", name, &instead)?;
        }
        if let Some(signer) = &self.signer {
            let instead = instead(self.flag, signer.to_string());
            claims::confirm("the records signer", signer, &instead)?;
        }
        Ok(())
    }
}

/// Checks the keys that are to be set or approved against what is recorded: those of key files,
/// and those that wallet and password give, where both are at hand. What only the file says is
/// left to be confirmed.
pub fn keys(
    session: Option<Session>,
    args: &Args,
    wallet: Option<&OpenWallet>,
    context: &Context,
) -> Result<(Option<Session>, Claims), CliError> {
    let Some(mut session) = session else { return Ok((None, Claims::default())) };
    let given = args.pointer.given_name();
    let sets_name = args.sets_own_name();
    let approves = args.signers.mean_own();
    let ipns_name = match sets_name || given.is_some() {
        true => args.ipns_key.get(context)?.map(|key| key.name()),
        false => None,
    };
    let signer = match approves {
        true => args.signer_key.get(context)?.map(|key| key.address()),
        false => None,
    };
    session.record_keys(&RecordedKeys { ipns_name, signer, ..RecordedKeys::default() })?;
    let wanted =
        (ipns_name.is_none() && (sets_name || given.is_some()), signer.is_none() && approves);
    let derived = derived(&session, args, wanted, wallet, context)?;
    session.record_keys(&derived)?;
    let own = session.config.keys();
    if let (Some(given), Some(own)) = (given, own.ipns_name)
        && *given != own
    {
        return Err(other_key(given, &own));
    }
    let proven_name = ipns_name.or(derived.ipns_name).is_some() || !sets_name;
    let proven_signer = signer.or(derived.signer).is_some() || !approves;
    let claims = Claims {
        ipns_name: own.ipns_name.filter(|_| !proven_name),
        signer: own.signer.filter(|_| !proven_signer),
        flag: args.signers.flag(),
    };
    Ok((Some(session), claims))
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

/// Those of IPNS name and signer that are wanted, from wallet and password, where both are at hand
/// or nothing is recorded yet.
fn derived(
    session: &Session,
    args: &Args,
    (name, signer): (bool, bool),
    wallet: Option<&OpenWallet>,
    context: &Context,
) -> Result<RecordedKeys, CliError> {
    let recorded = session.config.keys();
    let wallet = match wallet.filter(|_| name || signer) {
        Some(wallet) if wallet.is_at_hand() => wallet.clone(),
        Some(_) | None => return Ok(RecordedKeys::default()),
    };
    let address = wallet.as_wallet().address();
    // A manager, or a new owner, who cannot derive this workspace's keys.
    if recorded.wallet.is_some_and(|recorded| recorded != address) {
        return Ok(RecordedKeys::default());
    }
    let is_known =
        (!name || recorded.ipns_name.is_some()) && (!signer || recorded.signer.is_some());
    let may_ask = prompt::has_terminal() && (args.sets_own_name() || signer);
    if is_known && !may_ask && !args.derive.password.is_given()? {
        return Ok(RecordedKeys::default());
    }
    let keys_for = KeysFor::from(&session.config);
    let mut deriver = args.derive.derive_with(wallet, context, keys_for, recorded)?;
    let both = args.derive.wants_both(&deriver);
    let (ipns, signer) = match (name || both, signer || both) {
        (true, true) => deriver.both(context).map(|(ipns, key)| (Some(ipns), Some(key)))?,
        (true, false) => (Some(deriver.ipns_key(context)?), None),
        (false, _) => (None, Some(deriver.signer_key(context)?)),
    };
    let keys = deriver.recorded(ipns.as_ref(), signer.as_ref());
    // Those of another password are not remembered.
    session.config.unrecorded_keys(&keys)?;
    args.derive.remember.keep(context, ipns.as_ref(), signer.as_ref())?;
    Ok(keys)
}

/// Checks the workspace's signed records of the name as the resolver will: for the owner that
/// the chain names, and the signers it has approved or is about to. Says what relies on an approval
/// that is taken back.
pub async fn tree(
    session: Option<&Session>,
    view: &ChainView,
    request: &SetupRequest,
    standing: &Standing,
    chain_id: u64,
    seen: &[SetupTransaction],
    context: &Context,
) -> Result<Vec<String>, CliError> {
    let Some(session) = session else { return Ok(Vec::new()) };
    let texts = standing.text_chain_id.unwrap_or(chain_id);
    let (level, owner) = (&standing.base.name, standing.base.owner());
    let mut approved = approved_by(session, view, request, standing, owner, level).await?;
    approved.extend(approved_now(request));
    let checked = check(session, texts, standing.base.owner(), &approved)?;
    let of_name = |file: &&CheckedFile| {
        file.name.as_ref().is_some_and(|name| name.is_or_is_under(&request.name))
    };
    let revoked = revoked(standing, seen);
    let mut lost = Vec::new();
    for one in &revoked {
        lost.extend(match one.name == *level {
            true => relying(&request.name, one.signer, checked.iter().filter(of_name)),
            false => elsewhere(session, texts, request, standing, one)?,
        });
    }
    let only_takes = request.pointer.is_none() && approved_now(request).next().is_none();
    if only_takes && !request.set_resolver {
        return Ok(lost);
    }
    let names: BTreeSet<&Name> =
        checked.iter().filter(of_name).filter_map(|file| file.name.as_ref()).collect();
    if names.is_empty() {
        context.output.note(format_args!(
            "no record of {} is signed here yet: namesys sign, then namesys publish",
            request.name
        ));
    }
    let own = registered(session, view, request, standing, &names, texts).await?;
    let of_own = |name: &Name| own.iter().find(|(own, _)| *own == name).map(|(_, files)| files);
    let bad = checked.iter().filter(of_name).find_map(|file| {
        let name = file.name.as_ref()?;
        let file = match of_own(name) {
            Some(files) => files.iter().find(|other| other.path == file.path)?,
            None => file,
        };
        match &file.verdict {
            Verdict::Invalid(reason) => Some((name.clone(), file.path.clone(), reason.clone())),
            Verdict::Valid(_) | Verdict::Known(_) | Verdict::Foreign => None,
        }
    });
    match bad {
        None => Ok(lost),
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
    request: &SetupRequest,
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
            let approved = approved_by(session, view, request, standing, owner, name).await?;
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

/// Who is about to be approved.
fn approved_now(request: &SetupRequest) -> impl Iterator<Item = Address> {
    request.signers.iter().filter(|change| change.approved).map(|change| change.signer)
}

/// Whom the owner approved of those the workspace knows, or the request names.
async fn approved_by(
    session: &Session,
    view: &ChainView,
    request: &SetupRequest,
    standing: &Standing,
    owner: Address,
    level: &Name,
) -> Result<Vec<Address>, CliError> {
    let keys = session.config.keys();
    let named = request.signers.iter().map(|change| change.signer);
    let asked: BTreeSet<Address> =
        [keys.signer, keys.wallet].into_iter().flatten().chain(named).collect();
    let mut found = Vec::new();
    for signer in asked {
        let (resolver, node) = (standing.resolver, level.node());
        if view.is_approved_signer(resolver, owner, node, signer).await?.value {
            found.push(signer);
        }
    }
    Ok(found)
}

/// Approvals that are taken back, of all names of the transaction; but for those `seen` does.
pub fn revoked<'a>(standing: &'a Standing, seen: &[SetupTransaction]) -> Vec<&'a SignerStanding> {
    let is_new = |one: &SignerStanding| !seen.iter().any(|tx| tx.revokes(&one.name, one.signer));
    let all = standing.signers.iter();
    all.filter(|one| one.is_approved && !one.wanted && is_new(one)).collect()
}

/// What of another name of the same owner no longer verifies: the transaction is of all of them.
fn elsewhere(
    session: &Session,
    texts: u64,
    request: &SetupRequest,
    standing: &Standing,
    revoked: &SignerStanding,
) -> Result<Option<String>, CliError> {
    let name = &revoked.name;
    let stands = standing.signers.iter().filter(|one| one.name == *name && one.is_approved);
    let approved: Vec<Address> =
        stands.map(|one| one.signer).chain(approved_now(request)).collect();
    let checked = check(session, texts, standing.base.owner(), &approved)?;
    let of_name =
        |file: &&CheckedFile| file.name.as_ref().is_some_and(|its| its.is_or_is_under(name));
    Ok(relying(name, revoked.signer, checked.iter().filter(of_name)))
}

/// What no longer verifies once the approval of `revoked` is taken back.
fn relying<'a>(
    name: &Name,
    revoked: Address,
    files: impl Iterator<Item = &'a CheckedFile>,
) -> Option<String> {
    let relies = |file: &&CheckedFile| {
        let record = file.verdict.record();
        record.is_some_and(|(_, signer, basis)| relies_on(signer, basis, revoked))
    };
    let mut files = files.filter(relies).map(|file| file.path.as_str());
    let first = files.next()?;
    Some(no_longer(name, revoked, 1 + files.count(), first))
}

/// Whether a record stands only for as long as `revoked` is approved on chain.
pub fn relies_on(signer: Address, basis: ApprovalBasis, revoked: Address) -> bool {
    match basis {
        ApprovalBasis::OnChain => signer == revoked,
        ApprovalBasis::SignedByManager(manager) => manager == revoked,
        ApprovalBasis::Owner | ApprovalBasis::SignedByOwner => false,
    }
}

/// What is said of records that stand only for as long as `signer` is approved.
pub fn no_longer(name: &Name, signer: Address, count: usize, first: &str) -> String {
    let lost = match count {
        1 => format!("{first} of {name} no longer verifies once {signer} is revoked"),
        _ => format!(
            "{count} records of {name} no longer verify once {signer} is revoked, {first} among them"
        ),
    };
    format!(
        "{lost}: namesys sign --approval wallet has the owner approve a signer by SIGN 3 instead; \
         then namesys publish"
    )
}
