//! `wallet list`, `wallet address`, `wallet sign-test`: which wallets are here, whose they are, and
//! whether keys can be derived from them.

use std::io::{self, Write};

use namesys::ens::Name;
use namesys::report::{ErrorKind, WalletReport, WalletsReport};
use namesys::request::Request;
use namesys::wallet::device::UsualPath;
use namesys::wallet::{Address, HdPath, LocalWallet, WalletError, sign_twice};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::found_wallets::found;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::output::{Human, Outcome};
use crate::cli::wallet_args::WalletArgs;

/// Whose approval is signed for the test: a name that nobody can have (RFC 2606).
const NOBODYS: &str = "sign-test.invalid";

/// `wallet …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: WalletCommand,
}

#[derive(Debug, clap::Subcommand)]
enum WalletCommand {
    /// Show the wallets that are found here; none is opened, and nobody asked
    List,
    /// Show the wallet's address; of a mnemonic, a Ledger or a Trezor the first accounts of each of
    /// the usual paths
    Address(Box<AddressArgs>),
    /// Have the wallet sign a text twice that gives no rights to anybody: whether its keys can be
    /// derived, and whose they are
    SignTest(Box<WalletArgs>),
}

#[derive(Debug, clap::Args)]
struct AddressArgs {
    #[command(flatten)]
    wallet: WalletArgs,
    /// So many accounts of each path
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    count: u32,
}

/// Runs one of them.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.command {
        WalletCommand::List => list(context),
        WalletCommand::Address(args) => address(&args, context),
        WalletCommand::SignTest(args) => sign_test(&args, context),
    }
}

fn list(context: &Context) -> Result<Outcome, CliError> {
    let wallets = found(context)?.into_iter().map(|one| WalletReport {
        kind: one.kind.to_owned(),
        source: one.source,
        path: None,
        address: one.address.map(|address| address.to_string()),
        deterministic: None,
        default: one.is_default,
    });
    Ok(Outcome::done(WalletsReport { wallets: wallets.collect() }))
}

fn address(args: &AddressArgs, context: &Context) -> Result<Outcome, CliError> {
    let wallets = if let Some(accounts) = args.wallet.accounts(context, args.count)? {
        let account = |(path, wallet): (HdPath, LocalWallet)| {
            of(&OpenWallet::Local(wallet), Some(path.to_string()))
        };
        accounts.into_iter().map(account).collect()
    } else if let Some((kind, accounts)) = args.wallet.device_accounts(context, args.count)? {
        let account = |(usual, address): (UsualPath, Address)| WalletReport {
            kind: kind.word().to_owned(),
            source: kind.to_string(),
            path: Some(usual.path.to_string()),
            address: Some(address.to_string()),
            deterministic: None,
            default: false,
        };
        accounts.into_iter().map(account).collect()
    } else {
        vec![of(&args.wallet.open(context)?, None)]
    };
    Ok(Outcome::done(WalletsReport { wallets }))
}

fn sign_test(args: &WalletArgs, context: &Context) -> Result<Outcome, CliError> {
    let open = args.open(context)?;
    let address = open.as_wallet().address();
    if !open.is_at_hand() {
        let message = format!("{address} signs elsewhere, and is not here to be tested");
        return Err(CliError::new(Exit::Usage, ErrorKind::SignatureMissing, message)
            .hint("give the wallet itself, such as --browser or --account"));
    }
    let name = Name::parse(NOBODYS)?;
    let request =
        Request::ApproveSigner { name: &name, chain_id: 1, signer: address, owner: address };
    open.announce(2);
    let signed = context.block_on(async { Ok(sign_twice(open.as_wallet(), &request).await) })?;
    let report = |deterministic| WalletsReport {
        wallets: vec![WalletReport { deterministic: Some(deterministic), ..of(&open, None) }],
    };
    match signed {
        Ok(_) => Ok(Outcome::done(report(true))),
        Err(error @ WalletError::NotDeterministic { .. }) => {
            Ok(Outcome::partial(report(false), Some(error.into())))
        }
        Err(error) => Err(error.into()),
    }
}

fn of(open: &OpenWallet, path: Option<String>) -> WalletReport {
    WalletReport {
        kind: open.kind().to_owned(),
        source: open.as_wallet().describe(),
        path,
        address: Some(open.as_wallet().address().to_string()),
        deterministic: None,
        default: false,
    }
}

impl Human for WalletsReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.wallets.is_empty() {
            return writeln!(
                out,
                "none in the environment or ~/.foundry/keystores, nor plugged in; a browser's is \
                 asked with --browser"
            );
        }
        for WalletReport { kind, source, path, address, deterministic, default } in &self.wallets {
            let unknown = match &**kind {
                "keystore" => "(its file does not say whose it is)",
                _ => "(wallet address asks it)",
            };
            let address = address.as_deref().unwrap_or(unknown);
            let place = path.as_ref().unwrap_or(source);
            let used = if *default { "  used where no flag says otherwise" } else { "" };
            let signs = match deterministic {
                Some(true) => "  signs, and the same each time",
                Some(false) => "  signs, but not the same each time",
                None => "",
            };
            writeln!(out, "{address:42}  {kind}  {place}{used}{signs}")?;
        }
        Ok(())
    }
}
