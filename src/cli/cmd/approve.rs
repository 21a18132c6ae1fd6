//! `approve`: SIGN 3, kept in `namesys.toml`.

use std::io::{self, Write};
use std::path::PathBuf;

use alloy_primitives::Address;
use namesys::report::{ApproveReport, ErrorKind, RequestReport, RequestsReport};
use namesys::request::Request;
use namesys::wallet::sign_checked;
use namesys::workspace::{Approval, RecordedKeys};

use crate::cli::claims;
use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor, brought};
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::SignerKeyArgs;
use crate::cli::output::{Human, Outcome};
use crate::cli::prompt;
use crate::cli::session::Session;
use crate::cli::wallet_args::{OpenWallet, address};

/// `approve …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name whose records the signer may sign: the workspace's, or one under it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The owner, where the wallet is a manager whom the owner approved on chain
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    owner: Option<Address>,
    /// The signer, where it is neither derived here nor given as a key: as keygen showed it
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    signer: Option<Address>,
    /// Print the text to sign elsewhere, and sign nothing
    #[arg(long, conflicts_with = "signature")]
    requests: bool,
    /// A signature of SIGN 3 made elsewhere
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    #[command(flatten)]
    signer_key: SignerKeyArgs,
    #[command(flatten)]
    derive: DeriveArgs,
}

/// Makes or takes the approval and keeps it.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    let name = session.name(context, args.name.as_deref())?;
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
    let chain_id = session.config.chain_id;
    let request = Request::ApproveSigner { name: &name, chain_id, signer, owner };
    if args.requests {
        let requests = vec![RequestReport::from(request)];
        return Ok(Outcome::done(RequestsReport { requests }));
    }
    let signature = match (&args.signature, opened) {
        (Some(file), _) => brought(context, wallet, &request, file)?.expose().clone(),
        (None, opened) => {
            let opened = match opened {
                Some(opened) => opened,
                None => args.derive.wallet.open(context)?,
            };
            let opened = opened.as_wallet();
            if opened.address() != wallet {
                return Err(other_wallet(opened.address(), wallet));
            }
            context
                .block_on(async { Ok(sign_checked(opened, &request).await?.expose().clone()) })?
        }
    };
    let keys =
        RecordedKeys { wallet: Some(wallet), signer: Some(signer), ..RecordedKeys::default() };
    session.record_keys(&keys)?;
    let _lock = session.lock()?;
    if args.owner.is_some_and(|owner| owner != wallet) {
        session.config.record_owner(owner);
    }
    let shown = format!("{signature:x}");
    session.config.keep_approvals(signer, [(&name, Approval { owner, signature })]);
    session.workspace.save_config(&session.config)?;
    Ok(Outcome::done(ApproveReport {
        name: name.to_string(),
        signer: signer.to_string(),
        owner: owner.to_string(),
        signature: shown,
    }))
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
            if args.signature.is_none() {
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
    let elsewhere = args.requests || args.signature.is_some();
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
    let elsewhere = args.requests || args.signature.is_some();
    let wallet = &args.derive.wallet;
    let is_here = wallet.address()?.is_none() && wallet.is_at_hand(context)?;
    let signs = match args.requests {
        true => is_here || !args.derive.signer_signature.is_empty(),
        false => !elsewhere || !args.derive.signer_signature.is_empty(),
    };
    let derives = signs && (args.derive.password.is_given()? || prompt::has_terminal());
    if let Some(signer) = recorded.signer.filter(|_| !derives) {
        if !elsewhere {
            let wallet = opened.insert(args.derive.wallet.open(context)?).as_wallet().address();
            if let Some(other) = recorded.wallet.filter(|recorded| *recorded != wallet) {
                return Err(other_wallet(wallet, other));
            }
        }
        if args.signature.is_none() {
            claims::confirm("the records signer", &signer, PROOF)?;
        }
        return Ok(signer);
    }
    let deriver = args.derive.open(context, KeysFor::from(&session.config), recorded)?;
    // The first time both keys are derived, so that a mistyped password is caught from then on.
    let (ipns, key) = context.block_on(async {
        let ipns = match recorded.ipns_name {
            None => Some(deriver.ipns_key().await?),
            Some(_) => None,
        };
        Ok((ipns, deriver.signer_key().await?))
    })?;
    session.record_keys(&deriver.recorded(ipns.as_ref(), Some(&key)))?;
    *opened = Some(deriver.wallet);
    Ok(key.address())
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
