//! `approve`: SIGN 3, kept in `namesys.toml`.

use std::io::{self, Write};
use std::path::PathBuf;

use alloy_primitives::Address;
use namesys::report::{ApproveReport, ErrorKind, RequestReport, RequestsReport};
use namesys::request::Request;
use namesys::wallet::sign_checked;
use namesys::workspace::{Approval, RecordedKeys};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::SignerKeyArgs;
use crate::cli::output::{Human, Outcome};
use crate::cli::session::{DeriveArgs, KeysFor, Session, brought};
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
    let recorded = session.config.recorded_keys()?;
    // Opened once at most: it may ask, or read stdin.
    let mut opened = None;
    let signer = signer(&args, context, &mut session, &recorded, &mut opened)?;
    let wallet = wallet_address(&args, context, &recorded, &mut opened)?;
    let owner = args.owner.or(session.config.owner()?).unwrap_or(wallet);
    let chain_id = session.config.chain_id;
    let request = Request::ApproveSigner { name: &name, chain_id, signer, owner };
    if args.requests {
        if let Some(from) = args.derive.wallet.address()?.filter(|from| *from != wallet) {
            return Err(other_wallet(from, wallet));
        }
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
    let _lock = session.workspace.lock()?;
    session.config = session.workspace.config()?;
    if args.owner.is_some_and(|owner| owner != wallet) {
        session.config.record_owner(owner);
    }
    let shown = format!("{signature:x}");
    session.config.keep_approvals(signer, [(&name, Approval { owner, signature })])?;
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

/// The wallet's address: recorded, of the wallet that is open, given, or of one opened now.
fn wallet_address(
    args: &Args,
    context: &Context,
    recorded: &RecordedKeys,
    opened: &mut Option<OpenWallet>,
) -> Result<Address, CliError> {
    if let Some(wallet) = recorded.wallet {
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

/// The records signer's address: recorded, of the key file, or derived with the wallet, which is
/// left in `opened`.
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
    if let Some(signer) = recorded.signer {
        return Ok(signer);
    }
    let deriver = args.derive.open(context, KeysFor::from(&session.config), recorded)?;
    let (ipns, key) =
        context.block_on(async { Ok((deriver.ipns_key().await?, deriver.signer_key().await?)) })?;
    session.record_keys(&deriver.recorded(Some(&ipns), Some(&key)))?;
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
