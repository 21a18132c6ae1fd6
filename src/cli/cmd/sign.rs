//! `sign`: what is wanted becomes what is signed.

use std::io::{self, Write};

use alloy_primitives::Address;
use jiff::Timestamp;
use namesys::ens::Name;
use namesys::keys::{IpnsKey, SignerKey};
use namesys::report::{SignReport, SignedFileReport};
use namesys::wallet::Wallet;
use namesys::workspace::{
    ApprovalMode, RecordedKeys, Records, Removal, SignOutcome, SignRequest, Signer,
    approval_stands, sign_into, turn_of,
};

use crate::cli::claims;
use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::SignerKeyArgs;
use crate::cli::mass_removal::{MassRemovalArgs, ask};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::output::{Human, Outcome};
use crate::cli::progress::Unit;
use crate::cli::session::Session;
use crate::cli::suggest::words;
use crate::cli::wallet_args::address;

/// Records shown to a person; JSON has them all.
const SHOWN: usize = 40;

/// `sign …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the records of this name, and of those under it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Sign also what is right already
    #[arg(long)]
    force: bool,
    /// Why the resolver accepts the signer: wallet (SIGN 3, the owner's approval of the signer, for
    /// each name), on-chain (the owner approved it there) or owner (the wallet itself signs each
    /// record) [default: the last used, wallet at first]
    #[arg(long, value_name = "MODE", hide_possible_values = true,
          value_parser = words(&["wallet", "on-chain", "owner"], str::parse::<ApprovalMode>))]
    approval: Option<ApprovalMode>,
    /// The owner, where the wallet is a manager whom the owner approved on chain
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    owner: Option<Address>,
    /// Copy every record into the older flat layout (ENSIP-XX) too; copies that are there are kept
    /// up to date without it
    #[arg(long)]
    flat: bool,
    /// Write the deployed backend's other fields too; the files then differ with each run
    #[arg(long)]
    metadata: bool,
    #[command(flatten)]
    mass_removal: MassRemovalArgs,
    #[command(flatten)]
    signer_key: SignerKeyArgs,
    #[command(flatten)]
    derive: DeriveArgs,
}

/// Whoever can sign here.
enum Hand {
    Key(SignerKey, Option<OpenWallet>),
    Owner(OpenWallet),
}

/// Whether what is to be signed by now is what was agreed to.
pub type Agreed<'a> = &'a dyn Fn(&Session, &Records) -> Result<(), CliError>;

/// What is signed, how, and with what.
pub struct Signing<'a> {
    /// Only this name, and those under it.
    pub only: Option<&'a Name>,
    /// Also what is right already.
    pub force: bool,
    /// Why the resolver accepts the signer; none as the workspace has it.
    pub approval: Option<ApprovalMode>,
    /// The owner, where the wallet is a manager.
    pub owner: Option<Address>,
    /// Into the older flat layout too.
    pub flat: bool,
    /// With the deployed backend's other fields.
    pub metadata: bool,
    /// What may go.
    pub removal: Removal<'a>,
    /// What is asked under the lock, before anything is signed of what is wanted then.
    pub agreed: Option<Agreed<'a>>,
    /// The signer in place of the wallet.
    pub signer_key: &'a SignerKeyArgs,
    /// The wallet.
    pub derive: &'a DeriveArgs,
    /// Whether the IPNS key is wanted too, where the wallet derives keys.
    pub with_ipns: bool,
}

/// What was signed, and what was derived beside it.
pub struct Signed {
    /// What was done.
    pub report: SignReport,
    /// What was not.
    pub error: Option<CliError>,
    /// The IPNS key, where it was derived too.
    pub ipns: Option<IpnsKey>,
    /// The records signer, where it is not the wallet itself.
    pub signer: Option<SignerKey>,
}

/// Signs what is new or changed.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    let only = args.name.as_deref().map(|name| session.name_given(context, name)).transpose()?;
    let signing = Signing {
        only: only.as_ref(),
        force: args.force,
        approval: args.approval,
        owner: args.owner,
        flat: args.flat,
        metadata: args.metadata,
        removal: args.mass_removal.removal(&ask),
        agreed: None,
        signer_key: &args.signer_key,
        derive: &args.derive,
        with_ipns: false,
    };
    let Signed { report, error, .. } = sign(&signing, context, &mut session)?;
    Ok(Outcome::partial(report, error))
}

/// Signs what is new or changed of a workspace.
///
/// # Errors
/// Those before which nothing was done.
pub fn sign(
    args: &Signing<'_>,
    context: &Context,
    session: &mut Session,
) -> Result<Signed, CliError> {
    let mode = args.approval.or(session.config.approval_mode()).unwrap_or_default();
    let (hand, ipns) = hand(args, context, session, mode)?;
    let _lock = session.lock()?;
    let records = session.workspace.wanted(&session.config)?;
    args.agreed.map_or(Ok(()), |agreed| agreed(session, &records))?;
    if records.is_empty() {
        context.output.note("there are no records to sign; set one: namesys set text avatar URL");
    }
    owner(args, session, &records, &hand, mode)?;
    let (signer, wallet): (Signer<'_>, Option<&dyn Wallet>) = match &hand {
        Hand::Key(key, wallet) => (Signer::Key(key), wallet.as_ref().map(OpenWallet::as_wallet)),
        Hand::Owner(wallet) => (Signer::Owner(wallet.as_wallet()), Some(wallet.as_wallet())),
    };
    let request = SignRequest {
        workspace: &session.workspace,
        records: &records,
        signer,
        mode,
        wallet,
        force: args.force,
        only: args.only,
        removal: args.removal,
        flat: args.flat,
        stop: context.stop()?,
        metadata: args.metadata.then(|| Timestamp::now().as_second()),
    };
    let bar = context.output.progress("comparing", Unit::Things("records"));
    let progress = |done, total| {
        if done == 1 {
            bar.phase("signing");
        }
        bar.at(done, total);
    };
    let mut outcome = SignOutcome::default();
    let (config, done) = (&mut session.config, &mut outcome);
    let ended = context.block_on(async { Ok(sign_into(&request, config, &progress, done).await?) });
    bar.finish();
    let report = report(&outcome, signer);
    let is_begun = report.signed + report.removed + report.approvals > 0;
    let is_begun = is_begun || !report.unapproved.is_empty();
    let error = match ended {
        Err(error) if !is_begun && error.exit != Exit::Interrupted => return Err(error),
        ended => ended.err(),
    };
    // Only now: a choice with which nothing could be signed is not kept.
    let is_new = args.approval.is_some() && session.config.approval_mode() != args.approval;
    if is_new && error.is_none() {
        session.config.record_approval_mode(mode);
        session.workspace.save_config(&session.config)?;
    }
    let signer = match hand {
        Hand::Key(key, _) => Some(key),
        Hand::Owner(_) => None,
    };
    Ok(Signed { report, error, ipns, signer })
}

/// Who owns the names, where the wallet is to approve the signer in another's place: given, or
/// claimed by the file and confirmed.
fn owner(
    args: &Signing<'_>,
    session: &mut Session,
    records: &Records,
    hand: &Hand,
    mode: ApprovalMode,
) -> Result<(), CliError> {
    if let Some(owner) = args.owner.filter(|owner| session.config.owner() != Some(*owner)) {
        session.config.record_owner(owner);
        session.workspace.save_config(&session.config)?;
    }
    let (ApprovalMode::Wallet, Hand::Key(key, Some(wallet))) = (mode, hand) else { return Ok(()) };
    let wallet = wallet.as_wallet().address();
    let claimed = session.config.owner().filter(|owner| *owner != wallet && args.owner.is_none());
    let lacks = |name| !approval_stands(&session.config, name, key.address());
    match claimed {
        Some(owner) if records.all().any(|(name, _, _)| lacks(name)) => {
            claims::confirm("the owner", &owner, "give the owner: --owner ADDRESS")
        }
        _ => Ok(()),
    }
}

/// The signer and, where it is needed and there, the wallet; and the IPNS key, where the wallet
/// derives it too. Keys are checked against those of the workspace.
fn hand(
    args: &Signing<'_>,
    context: &Context,
    session: &mut Session,
    mode: ApprovalMode,
) -> Result<(Hand, Option<IpnsKey>), CliError> {
    if mode == ApprovalMode::Owner {
        let wanted = session.config.keys().wallet;
        let wallet = args.derive.wallet.open_as(context, wanted)?;
        let address = wallet.as_wallet().address();
        session.record_keys(&RecordedKeys { wallet: Some(address), ..RecordedKeys::default() })?;
        return Ok((Hand::Owner(wallet), None));
    }
    let recorded = session.config.keys().clone();
    if let Some(key) = args.derive.signer_at_hand(args.signer_key, context, &recorded)? {
        let wallet = match needs_wallet(args, context, session, mode, &key)? {
            true => Some(args.derive.wallet.open_as(context, recorded.wallet)?),
            false => None,
        };
        let address = wallet.as_ref().map(|wallet| wallet.as_wallet().address());
        session.record_keys(&RecordedKeys {
            wallet: address,
            signer: Some(key.address()),
            ..RecordedKeys::default()
        })?;
        args.derive.remember.keep(context, None, Some(&key))?;
        return Ok((Hand::Key(key, wallet), None));
    }
    let mut deriver = args.derive.open(context, KeysFor::from(&session.config), &recorded)?;
    // The first time both keys are derived, so that a mistyped password is caught from then on.
    let (ipns, key) = match recorded.ipns_name {
        // What is remembered is for a day's work: both.
        Some(_) if !args.with_ipns && !args.derive.wants_both(&deriver) => {
            (None, deriver.signer_key(context)?)
        }
        _ => deriver.both(context).map(|(ipns, key)| (Some(ipns), key))?,
    };
    session.record_keys(&deriver.recorded(ipns.as_ref(), Some(&key)))?;
    args.derive.remember.keep(context, ipns.as_ref(), Some(&key))?;
    Ok((Hand::Key(key, Some(deriver.wallet)), ipns))
}

/// Whether the wallet is opened beside a signer's key: where it is given, and the one of the user's
/// file where a name lacks an approval.
fn needs_wallet(
    args: &Signing<'_>,
    context: &Context,
    session: &Session,
    mode: ApprovalMode,
    signer: &SignerKey,
) -> Result<bool, CliError> {
    if args.derive.wallet.is_given()? {
        return Ok(true);
    }
    if mode != ApprovalMode::Wallet || !args.derive.wallet.is_at_hand(context)? {
        return Ok(false);
    }
    let records = session.workspace.wanted(&session.config)?;
    let stands = |name| approval_stands(&session.config, name, signer.address());
    Ok(records.all().any(|(name, _, _)| !stands(name)))
}

/// The report of what was signed.
pub fn report(outcome: &SignOutcome, signer: Signer<'_>) -> SignReport {
    let signer = signer.address().to_string();
    let records = outcome.signed.iter();
    let records =
        records.map(|file| SignedFileReport { file: file.clone(), signer: signer.clone() });
    SignReport {
        signed: outcome.signed.len() as u64,
        unchanged: outcome.unchanged,
        removed: outcome.removed.len() as u64,
        approvals: outcome.approvals,
        unapproved: outcome.unapproved.iter().map(ToString::to_string).collect(),
        records: records.collect(),
        removed_records: outcome.removed.clone(),
    }
}

impl Human for SignReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for SignedFileReport { file, .. } in self.records.iter().take(SHOWN) {
            let from = turn_of(&file.path).map(|turn| format!(", from {turn}")).unwrap_or_default();
            writeln!(out, "signed   {} {}{from}", file.name, file.key)?;
        }
        if self.records.len() > SHOWN {
            writeln!(out, "         … and {} more", self.records.len() - SHOWN)?;
        }
        for file in self.removed_records.iter().take(SHOWN) {
            let from = turn_of(&file.path).map(|turn| format!(", from {turn}")).unwrap_or_default();
            writeln!(out, "removed  {} {}{from}", file.name, file.key)?;
        }
        if self.removed_records.len() > SHOWN {
            writeln!(out, "         … and {} more", self.removed_records.len() - SHOWN)?;
        }
        for name in self.unapproved.iter().take(SHOWN) {
            writeln!(out, "waits    {name}: not approved")?;
        }
        if self.unapproved.len() > SHOWN {
            writeln!(out, "         … and {} more", self.unapproved.len() - SHOWN)?;
        }
        writeln!(
            out,
            "{} signed, {} unchanged, {} removed",
            self.signed, self.unchanged, self.removed
        )
    }
}
