//! `approve`: SIGN 3, kept in `namesys.toml`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use alloy_primitives::Address;
use namesys::ens::Name;
use namesys::report::{ApprovalsReport, ApproveReport, ErrorKind, RequestReport, RequestsReport};
use namesys::request::{Request, Signature};
use namesys::wallet::sign_checked;
use namesys::workspace::{Approval, RecordedKeys, approval_stands};

use crate::cli::claims;
use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::SignerKeyArgs;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::output::{Human, Outcome};
use crate::cli::prompt;
use crate::cli::session::Session;
use crate::cli::signature_files::{check_brought, read_signature};
use crate::cli::wallet_args::address;

/// `approve …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name whose records the signer may sign: the workspace's, or one under it; may be given
    /// more than once
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    name: Vec<String>,
    /// Every name of records.toml that lacks an approval
    #[arg(long)]
    all: bool,
    /// The owner, where the wallet is a manager whom the owner approved on chain
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    owner: Option<Address>,
    /// The signer, where it is neither derived here nor given as a key: as keygen showed it
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    signer: Option<Address>,
    /// Print the text to sign elsewhere, and sign nothing
    #[arg(long, conflicts_with = "signature")]
    requests: bool,
    /// A signature of SIGN 3 made elsewhere; may be given more than once, in any order
    #[arg(long, value_name = "FILE")]
    signature: Vec<PathBuf>,
    #[command(flatten)]
    signer_key: SignerKeyArgs,
    #[command(flatten)]
    derive: DeriveArgs,
}

/// Makes or takes the approvals and keeps them.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    let named = named(&args, context, &session)?;
    let recorded = session.config.keys().clone();
    if let (Some(from), Some(wallet)) = (args.derive.wallet.address()?, recorded.wallet)
        && args.requests
        && from != wallet
    {
        return Err(other_wallet(from, wallet));
    }
    // Opened once at most: it may ask, or read stdin.
    let mut opened = None;
    let signer = signer(&args, context, &mut session, &recorded, &mut opened)?;
    let wallet = wallet_address(&args, context, &recorded, &mut opened)?;
    let owner = owner(&args, &session, wallet)?;
    let is_one = named.as_ref().is_some_and(|names| names.len() == 1);
    let names = match named {
        Some(names) => names,
        None => lacking(&session, signer)?,
    };
    // A signature of a name that is approved already may be there again.
    let all = if args.all { of_records(&session)? } else { names.clone() };
    let chain_id = session.config.chain_id;
    let request = |name| Request::ApproveSigner { name, chain_id, signer, owner };
    if args.requests {
        let requests = names.iter().map(|name| RequestReport::from(request(name))).collect();
        return Ok(Outcome::done(RequestsReport { requests }));
    }
    let by = By { signer, wallet, owner, is_given: args.owner.is_some() };
    let made = match args.signature.is_empty() {
        false => {
            let taken = taken(&args.signature, wallet, &all, &request, context)?;
            let taken: Made<'_> = taken
                .into_iter()
                .filter_map(|(name, signature)| {
                    let name = names.iter().find(|lacking| **lacking == name)?;
                    Some((name, signature))
                })
                .collect();
            match taken.is_empty() {
                true => context.output.note("they are kept already"),
                false => keep(&mut session, by, &taken)?,
            }
            taken
        }
        true if names.is_empty() => {
            context.output.note("every name of records.toml has an approval of this signer");
            Vec::new()
        }
        true => {
            let opened = match opened {
                Some(opened) => opened,
                None => args.derive.wallet.open_as(context, Some(wallet))?,
            };
            if opened.as_wallet().address() != wallet {
                return Err(other_wallet(opened.as_wallet().address(), wallet));
            }
            make(&mut session, by, &names, &opened, &request, context)?
        }
    };
    Ok(report(by, &names, &made, is_one))
}

/// Whose approval it is.
#[derive(Clone, Copy)]
struct By {
    signer: Address,
    wallet: Address,
    owner: Address,
    /// Whether a flag names the owner.
    is_given: bool,
}

type Made<'a> = Vec<(&'a Name, Signature)>;

/// Those that are named, each once; none where all that lack one are meant.
fn named(args: &Args, context: &Context, session: &Session) -> Result<Option<Vec<Name>>, CliError> {
    if args.all {
        return Ok(None);
    }
    if args.name.is_empty() {
        return Ok(Some(vec![session.name(context, None)?]));
    }
    let mut names = Vec::new();
    for name in &args.name {
        let name = session.name_given(context, name)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(Some(names))
}

/// The names of `records.toml`.
fn of_records(session: &Session) -> Result<Vec<Name>, CliError> {
    let records = session.workspace.records(&session.config)?;
    let names: BTreeSet<&Name> = records.all().map(|(name, _, _)| name).collect();
    Ok(names.into_iter().cloned().collect())
}

/// Those of them that have no approval of `signer` that stands.
fn lacking(session: &Session, signer: Address) -> Result<Vec<Name>, CliError> {
    let mut names = of_records(session)?;
    names.retain(|name| !approval_stands(&session.config, name, signer));
    Ok(names)
}

/// Has the wallet sign. What costs a person a confirmation is kept at once.
fn make<'a>(
    session: &mut Session,
    by: By,
    names: &'a [Name],
    opened: &OpenWallet,
    request: &dyn Fn(&'a Name) -> Request<'a>,
    context: &Context,
) -> Result<Made<'a>, CliError> {
    let mut made = Made::new();
    opened.announce(names.len());
    let wallet = opened.as_wallet();
    for name in names {
        let signing = async { Ok(sign_checked(wallet, &request(name)).await?.expose().clone()) };
        made.push((name, context.block_on(signing)?));
        if wallet.local_key().is_none() {
            keep(session, by, &made[made.len() - 1..])?;
        }
    }
    if wallet.local_key().is_some() {
        keep(session, by, &made)?;
    }
    Ok(made)
}

/// Signatures that were made elsewhere, each of the name whose text it signs.
fn taken<'a>(
    files: &[PathBuf],
    wallet: Address,
    names: &'a [Name],
    request: &dyn Fn(&'a Name) -> Request<'a>,
    context: &Context,
) -> Result<Vec<(Name, Signature)>, CliError> {
    let mut taken = Vec::new();
    for file in files {
        let read = read_signature(context, file)?;
        let mut refused = None;
        let found = names.iter().find_map(|name| {
            let signature = check_brought(wallet, &request(name), read.clone(), file);
            let signature = signature.map_err(|error| refused = Some(error)).ok()?;
            Some((name.clone(), signature.expose().clone()))
        });
        match (found, refused) {
            (Some(found), _) => taken.push(found),
            (None, Some(error)) => return Err(error),
            (None, None) => {
                let message = "records.toml has no name that could be approved";
                return Err(CliError::usage(message).hint("namesys set, then approve again"));
            }
        }
    }
    Ok(taken)
}

fn keep(session: &mut Session, by: By, made: &[(&Name, Signature)]) -> Result<(), CliError> {
    let By { signer, wallet, owner, is_given } = by;
    let keys =
        RecordedKeys { wallet: Some(wallet), signer: Some(signer), ..RecordedKeys::default() };
    session.record_keys(&keys)?;
    let _lock = session.lock()?;
    if is_given && owner != wallet {
        session.config.record_owner(owner);
    }
    let approval = |signature: &Signature| Approval { owner, signature: signature.clone() };
    let approvals = made.iter().map(|(name, signature)| (*name, approval(signature)));
    session.config.keep_approvals(signer, approvals);
    Ok(session.workspace.save_config(&session.config)?)
}

fn report(by: By, names: &[Name], made: &[(&Name, Signature)], is_one: bool) -> Outcome {
    let one = |(name, signature): &(&Name, Signature)| ApproveReport {
        name: name.to_string(),
        signer: by.signer.to_string(),
        owner: by.owner.to_string(),
        signature: format!("{signature:x}"),
    };
    match made {
        [only] if is_one => Outcome::done(one(only)),
        _ => {
            let is_made = |name: &&Name| made.iter().any(|(made, _)| made == name);
            let left: Vec<String> =
                names.iter().filter(|name| !is_made(name)).map(ToString::to_string).collect();
            let error = lacking_still(&left);
            let report = ApprovalsReport {
                signer: by.signer.to_string(),
                approvals: made.iter().map(one).collect(),
                unapproved: left,
            };
            Outcome::partial(report, error)
        }
    }
}

fn lacking_still(left: &[String]) -> Option<CliError> {
    let message = match left {
        [] => return None,
        [one] => format!("{one} still lacks an approval"),
        more => format!("{} names still lack an approval", more.len()),
    };
    let hint = "namesys approve --all --requests prints the texts to sign; with the wallet here, \
                namesys approve --all";
    Some(CliError::new(Exit::Failed, ErrorKind::NoApproval, message).hint(hint))
}

fn other_wallet(given: Address, wallet: Address) -> CliError {
    let message = format!("the wallet is {given}, this workspace's is {wallet}");
    CliError::new(Exit::Failed, ErrorKind::OtherWallet, message)
        .hint("give the wallet of this workspace; a manager names the owner with --owner")
}

/// The owner: given, the wallet itself, or another that the file claims. What was signed elsewhere
/// names it.
fn owner(args: &Args, session: &Session, wallet: Address) -> Result<Address, CliError> {
    let claimed = session.config.owner().filter(|owner| *owner != wallet);
    match (args.owner, claimed) {
        (Some(owner), _) => Ok(owner),
        (None, None) => Ok(wallet),
        (None, Some(owner)) => {
            if args.signature.is_empty() {
                claims::confirm("the owner", &owner, "give the owner: --owner ADDRESS")?;
            }
            Ok(owner)
        }
    }
}

/// The wallet's address: recorded, of the wallet that is open, given, or of one opened now.
fn wallet_address(
    args: &Args,
    context: &Context,
    recorded: &RecordedKeys,
    opened: &mut Option<OpenWallet>,
) -> Result<Address, CliError> {
    if let Some(wallet) = recorded.wallet {
        if args.requests && opened.is_none() && args.derive.wallet.address()?.is_none() {
            claims::confirm("the wallet", &wallet, "give its address: --from ADDRESS")?;
        }
        return Ok(wallet);
    }
    let elsewhere = args.requests || !args.signature.is_empty();
    if opened.is_none()
        && elsewhere
        && let Some(from) = args.derive.wallet.address()?
    {
        return Ok(from);
    }
    let wallet = match opened.take() {
        Some(wallet) => wallet,
        None => args.derive.wallet.open(context)?,
    };
    Ok(opened.insert(wallet).as_wallet().address())
}

/// What proves the signer.
const PROOF: &str = "give its address as namesys keygen showed it: --signer ADDRESS; or the NameSys \
                     password, with which the wallet derives it: --key-password-file FILE, or \
                     NAMESYS_KEY_PASSWORD";

/// The records signer's address: of the key file, given, derived with the wallet (which is left in
/// `opened`), or the one that the file claims: what was signed elsewhere names it.
fn signer(
    args: &Args,
    context: &Context,
    session: &mut Session,
    recorded: &RecordedKeys,
    opened: &mut Option<OpenWallet>,
) -> Result<Address, CliError> {
    if let Some(key) = args.signer_key.get(context)? {
        let keys = RecordedKeys { signer: Some(key.address()), ..RecordedKeys::default() };
        session.record_keys(&keys)?;
        return Ok(key.address());
    }
    if let Some(signer) = args.signer {
        let keys = RecordedKeys { signer: Some(signer), ..RecordedKeys::default() };
        session.record_keys(&keys)?;
        return Ok(signer);
    }
    let elsewhere = args.requests || !args.signature.is_empty();
    let wallet = &args.derive.wallet;
    let is_here = wallet.address()?.is_none() && wallet.is_at_hand(context)?;
    let signs = match args.requests {
        true => is_here || !args.derive.signer_signature.is_empty(),
        false => !elsewhere || !args.derive.signer_signature.is_empty(),
    };
    let derives = signs && (args.derive.password.is_given()? || prompt::has_terminal());
    if let Some(signer) = recorded.signer.filter(|_| !derives) {
        if !elsewhere {
            let wallet = args.derive.wallet.open_as(context, recorded.wallet)?;
            let wallet = opened.insert(wallet).as_wallet().address();
            if let Some(other) = recorded.wallet.filter(|recorded| *recorded != wallet) {
                return Err(other_wallet(wallet, other));
            }
        }
        if args.signature.is_empty() {
            claims::confirm("the records signer", &signer, PROOF)?;
        }
        return Ok(signer);
    }
    let mut deriver = args.derive.open(context, KeysFor::from(&session.config), recorded)?;
    // The first time both keys are derived, so that a mistyped password is caught from then on.
    let (ipns, key) = match recorded.ipns_name {
        Some(_) if !args.derive.wants_both(&deriver) => (None, deriver.signer_key(context)?),
        _ => deriver.both(context).map(|(ipns, key)| (Some(ipns), key))?,
    };
    session.record_keys(&deriver.recorded(ipns.as_ref(), Some(&key)))?;
    args.derive.remember.keep(context, ipns.as_ref(), Some(&key))?;
    *opened = Some(deriver.wallet);
    Ok(key.address())
}

impl Human for ApprovalsReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.approvals.iter().try_for_each(|approval| approval.human(out))?;
        self.unapproved.iter().try_for_each(|name| writeln!(out, "{name} still lacks an approval"))
    }
}

impl Human for ApproveReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{} may sign the records of {} (kept in namesys.toml)",
            self.signer, self.name
        )
    }
}
