//! The new side of a rotation: another password, another wallet. The usual flags and variables are
//! the old side's.

use std::path::{Path, PathBuf};

use namesys::report::ErrorKind;
use namesys::secret::SecretString;
use namesys::wallet::{Address, LocalWallet};

use super::context::Context;
use super::error::{CliError, Exit};
use super::open_wallet::OpenWallet;
use super::password_args::PERMANENT;
use super::wallet_args::WalletArgs;
use super::{git, prompt};

const PASSWORD: &str = "--new-key-password-file";

/// The flags of the new side.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "New keys")]
pub struct NewArgs {
    /// The new NameSys password: a file, or - for stdin [default: it is asked for, twice]
    #[arg(long, value_name = "FILE|-")]
    new_key_password_file: Option<PathBuf>,
    /// A file with the new wallet's private key in hex; - for stdin [default: the same wallet]
    #[arg(long, value_name = "FILE|-", group = "new_wallet")]
    new_private_key_file: Option<PathBuf>,
    /// A file with the new wallet's mnemonic; - for stdin
    #[arg(long, value_name = "FILE|-", group = "new_wallet",
          value_parser = super::wallet_args::secret)]
    new_mnemonic: Option<SecretString>,
    /// The new mnemonic's account: m/44'/60'/0'/0/<INDEX>
    #[arg(long, value_name = "INDEX", default_value_t = 0, requires = "new_mnemonic")]
    new_mnemonic_index: u32,
    /// The new wallet's keystore file
    #[arg(long, value_name = "PATH", groups = ["new_wallet", "new_stored"])]
    new_keystore: Option<PathBuf>,
    /// The new wallet's keystore, by its name in ~/.foundry/keystores
    #[arg(long, value_name = "NAME", groups = ["new_wallet", "new_stored"])]
    new_account: Option<String>,
    /// A file with the password of the new wallet's keystore; - for stdin [default: it is asked for]
    #[arg(long, value_name = "FILE|-", requires = "new_stored")]
    new_password_file: Option<PathBuf>,
}

impl NewArgs {
    /// Whether another wallet is given.
    pub fn has_wallet(&self) -> bool {
        self.new_private_key_file.is_some()
            || self.new_mnemonic.is_some()
            || self.new_keystore.is_some()
            || self.new_account.is_some()
    }

    /// The new wallet, where another is given. No variable gives it: those are the old wallet's.
    ///
    /// # Errors
    /// Those of the wallet.
    pub fn wallet(&self, context: &Context) -> Result<Option<LocalWallet>, CliError> {
        if !self.has_wallet() {
            return Ok(None);
        }
        let words = self.new_mnemonic.clone();
        let is_file =
            |words: &SecretString| words.expose() == "-" || Path::new(words.expose()).is_file();
        if words.as_ref().is_some_and(|words| !is_file(words)) {
            // Not quoted: it may be the mnemonic.
            let message = "what --new-mnemonic names is no file";
            return Err(CliError::new(Exit::Usage, ErrorKind::BadMnemonic, message)
                .hint("give the path of a file that holds the words"));
        }
        let flags = WalletArgs {
            private_key_file: self.new_private_key_file.clone(),
            mnemonic: words,
            mnemonic_index: Some(self.new_mnemonic_index),
            keystore: self.new_keystore.clone(),
            account: self.new_account.clone(),
            password_file: self.new_password_file.clone(),
            is_new: true,
            ..WalletArgs::default()
        };
        local(flags.open(context)?).map(Some)
    }

    /// The new password. The empty one is allowed, and said.
    ///
    /// # Errors
    /// Exit 2 where nobody gives it.
    pub fn password(&self, context: &Context) -> Result<SecretString, CliError> {
        let password = match &self.new_key_password_file {
            Some(file) => {
                if file.as_path() != Path::new("-") {
                    git::warn_unignored(context, file);
                }
                context.stdin.read_line(PASSWORD, file)?
            }
            None => {
                if prompt::has_terminal() {
                    context.output.ask_about(PERMANENT);
                }
                prompt::new_password(
                    "New NameSys password (empty is allowed)",
                    "--new-key-password-file FILE",
                )?
            }
        };
        if password.expose().is_empty() {
            context.output.note("the new password is empty: the wallet alone gives the keys");
        }
        Ok(password)
    }
}

/// A wallet that signs here: a rotation has too much to be signed for one that is elsewhere.
///
/// # Errors
/// Exit 2 for one that is elsewhere.
pub fn local(wallet: OpenWallet) -> Result<LocalWallet, CliError> {
    match wallet {
        OpenWallet::Local(wallet) => Ok(wallet),
        OpenWallet::External(wallet) => {
            let address = namesys::wallet::Wallet::address(&wallet);
            let message = format!("rotate has the wallet sign, and {address} is elsewhere");
            Err(CliError::new(Exit::Usage, ErrorKind::SignatureMissing, message)
                .hint("give the wallet itself, such as --private-key-file or --account"))
        }
        OpenWallet::Browser(_) | OpenWallet::Device(_) => Err(asks_too_often()),
    }
}

/// The new keys are of the workspace's wallet, unless a flag names another for them.
///
/// # Errors
/// Exit 1 for another wallet.
pub fn refuse_other(opened: Address, own: Address) -> Result<(), CliError> {
    if opened == own {
        return Ok(());
    }
    let message = format!("the wallet is {opened}, this workspace's is {own}");
    Err(CliError::new(Exit::Failed, ErrorKind::OtherWallet, message).hint(
        "give the wallet of this workspace; another one for the new keys is named by a flag of its \
         own: --new-private-key-file, --new-mnemonic, --new-keystore or --new-account",
    ))
}

/// Nobody is sent to a browser, or a device, for a wallet that [`local`] then refuses.
///
/// # Errors
/// Exit 2 for one of those.
pub fn refuse_asking(wallet: &WalletArgs, context: &Context) -> Result<(), CliError> {
    if wallet.asks_a_person(context) { Err(asks_too_often()) } else { Ok(()) }
}

fn asks_too_often() -> CliError {
    let message = "rotate has the wallet sign too much for one that is confirmed each time";
    CliError::new(Exit::Usage, ErrorKind::SignatureMissing, message)
        .hint("give the wallet itself, such as --private-key-file or --account")
}
