//! The wallet: foundry's flags and variables.

mod chosen;
mod mnemonic;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use namesys::keys::{SignerKey, SignerKeyError, file};
use namesys::report::ErrorKind;
use namesys::request::{AddressFormError, parse_address};
use namesys::secret::SecretString;
use namesys::wallet::device::PathStyle;
use namesys::wallet::{
    Address, ExternalWallet, HdPath, LocalWallet, Wallet, account_path, check_keystore,
    open_keystore,
};

use super::context::Context;
use super::devices::DeviceArgs;
use super::error::{CliError, Exit};
use super::open_wallet::OpenWallet;
use super::values::duration;
use super::{env, key_files, prompt};

/// The flags of the wallet.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Wallet")]
pub struct WalletArgs {
    /// The private key itself; other users of this machine can see it: prefer a file
    /// [env: ETH_PRIVATE_KEY]
    #[arg(long, value_name = "KEY", value_parser = secret, group = "wallet")]
    pub(super) private_key: Option<SecretString>,
    /// A file with the private key in hex; - for stdin
    #[arg(long, value_name = "FILE|-", group = "wallet")]
    pub(super) private_key_file: Option<PathBuf>,
    /// A file with a BIP-39 mnemonic (- for stdin), or its words; without a value it is asked for
    #[arg(long, value_name = "WORDS|FILE|-", value_parser = secret, group = "wallet",
          num_args = 0..=1, default_missing_value = "")]
    pub(super) mnemonic: Option<SecretString>,
    /// A file with the mnemonic's BIP-39 passphrase, if it has one; - for stdin
    #[arg(long, value_name = "FILE|-", requires = "mnemonic")]
    pub(super) mnemonic_passphrase_file: Option<PathBuf>,
    /// Ask for the mnemonic's BIP-39 passphrase
    #[arg(long, requires = "mnemonic", conflicts_with = "mnemonic_passphrase_file")]
    pub(super) mnemonic_passphrase: bool,
    /// The account: m/44'/60'/0'/0/<INDEX> of a mnemonic, m/44'/60'/<INDEX>'/0/0 of a Ledger or a
    /// Trezor [default: 0]
    #[arg(long, value_name = "INDEX", conflicts_with = "hd_path")]
    pub(super) mnemonic_index: Option<u32>,
    /// The derivation path in a mnemonic, a Ledger or a Trezor
    #[arg(long, value_name = "PATH")]
    pub(super) hd_path: Option<HdPath>,
    /// A keystore file [env: ETH_KEYSTORE]
    #[arg(long, value_name = "PATH", group = "wallet")]
    pub(super) keystore: Option<PathBuf>,
    /// A keystore by its name in ~/.foundry/keystores [env: ETH_KEYSTORE_ACCOUNT]
    /// [default: account of config.toml]
    #[arg(long, value_name = "NAME", group = "wallet")]
    pub(super) account: Option<String>,
    /// A file with the keystore's password; - for stdin [env: ETH_PASSWORD, a file]
    #[arg(long, value_name = "FILE|-")]
    pub(super) password_file: Option<PathBuf>,
    /// Ask for the private key
    #[arg(short, long, group = "wallet")]
    pub(super) interactive: bool,
    /// A wallet's extension, in a browser: a page on this machine asks it, and its link is printed
    #[arg(long, group = "wallet")]
    pub(super) browser: bool,
    /// How long nobody may do anything in the browser [default: 10m]
    #[arg(long, value_name = "DURATION", requires = "browser", value_parser = duration)]
    pub(super) browser_wait: Option<Duration>,
    #[command(flatten)]
    pub(super) device: DeviceArgs,
    /// The wallet's address, where its signatures are made elsewhere [env: ETH_FROM]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(super) from: Option<Address>,
    /// Whether the flags begin with `--new-`, and no variable stands in for one
    #[arg(skip)]
    pub(super) is_new: bool,
}

impl WalletArgs {
    /// Opens the wallet: flags, then variables, then the account of the user's file.
    ///
    /// # Errors
    /// Exit 2 when none is given, or a key or mnemonic is not one; 1 for a wrong password.
    pub fn open(&self, context: &Context) -> Result<OpenWallet, CliError> {
        self.open_as(context, None)
    }

    /// As [`open`](Self::open); where a person chooses the account, it has to be `wanted`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_as(
        &self,
        context: &Context,
        wanted: Option<Address>,
    ) -> Result<OpenWallet, CliError> {
        if self.is_new {
            return self.open_anew(context, wanted);
        }
        // The page serves the whole command, and looks which account is wanted.
        if let Some(wallet) = context.given.wallet().filter(|_| !self.browser) {
            return Ok(wallet);
        }
        let wallet = self.open_anew(context, wanted)?;
        context.given.keep_wallet(&wallet);
        Ok(wallet)
    }

    fn open_anew(
        &self,
        context: &Context,
        wanted: Option<Address>,
    ) -> Result<OpenWallet, CliError> {
        self.refuse_path(context)?;
        if self.browser {
            let wanted = self.from.or(wanted);
            return context.browser(wanted, self.browser_wait).map(OpenWallet::Browser);
        }
        if let Some(kind) = self.device.kind() {
            let wanted = self.from.or(wanted);
            let wallet = context.device(kind, self.device_path()?, wanted)?;
            self.refuse_other(wallet.address())?;
            return Ok(OpenWallet::Device(wallet));
        }
        if let Some(wallet) = self.by_flags(context)? {
            self.refuse_other(wallet.address())?;
            return Ok(OpenWallet::Local(wallet));
        }
        if let Some(from) = self.from {
            return Ok(OpenWallet::External(ExternalWallet::new(from)));
        }
        if let Some(wallet) = self.by_variables(context)? {
            return Ok(OpenWallet::Local(wallet));
        }
        if let Some(from) = from_variable()? {
            return Ok(OpenWallet::External(ExternalWallet::new(from)));
        }
        if let Some(name) = context.settings.account() {
            let path = account_path(&env::keystores()?, name)?;
            return self.open_keystore(context, &path).map(OpenWallet::Local);
        }
        if let Some(wallet) = self.remembered_or_chosen(context, wanted)? {
            return Ok(wallet);
        }
        Err(CliError::new(Exit::Usage, ErrorKind::NoWallet, "a wallet is needed").hint(
            "give one of --private-key-file, --mnemonic, --keystore, --account, --interactive, \
             --browser, --ledger, --trezor, or --from ADDRESS with signatures made elsewhere; or \
             set ETH_PRIVATE_KEY, ETH_KEYSTORE, ETH_KEYSTORE_ACCOUNT or ETH_FROM",
        ))
    }

    /// Whether a person is sent somewhere else to confirm.
    pub fn asks_a_person(&self, context: &Context) -> bool {
        let settings = &context.settings;
        let is_remembered = settings.asked_wallet().is_some() && settings.account().is_none();
        let is_flag = self.browser || self.device.kind().is_some();
        is_flag || is_remembered && self.is_given().is_ok_and(|given| !given)
    }

    /// The account of a device, where it is said which.
    fn device_path(&self) -> Result<Option<HdPath>, CliError> {
        match (&self.hd_path, self.mnemonic_index) {
            (Some(path), _) => Ok(Some(path.clone())),
            (None, Some(index)) => Ok(Some(PathStyle::Live.path(index)?)),
            (None, None) => Ok(None),
        }
    }

    /// The wallet is the one that `--from` names.
    fn refuse_other(&self, opened: Address) -> Result<(), CliError> {
        match self.from.filter(|from| *from != opened) {
            None => Ok(()),
            Some(from) => {
                let message = format!("the wallet is {opened}, not {from}");
                Err(CliError::new(Exit::Failed, ErrorKind::OtherWallet, message)
                    .hint("leave --from out, or give the wallet of that address"))
            }
        }
    }

    /// The wallet's address without opening a keystore or asking, where `--from` or `ETH_FROM`
    /// give it.
    ///
    /// # Errors
    /// Exit 2 when the variable is not an address.
    pub fn address(&self) -> Result<Option<Address>, CliError> {
        match self.from {
            Some(from) => Ok(Some(from)),
            None => from_variable(),
        }
    }

    /// Whether there is a wallet to open: given, or the one of the user's file.
    ///
    /// # Errors
    /// Exit 2 when a variable is not UTF-8.
    pub fn is_at_hand(&self, context: &Context) -> Result<bool, CliError> {
        let settings = &context.settings;
        Ok(self.is_given()? || settings.account().is_some() || settings.asked_wallet().is_some())
    }

    /// Whether a flag or a variable gives a wallet. The account of the user's file is opened, and its
    /// password asked for, only where a wallet is needed.
    ///
    /// # Errors
    /// Exit 2 when a variable is not UTF-8.
    pub fn is_given(&self) -> Result<bool, CliError> {
        if self.is_given_by_flag() {
            return Ok(true);
        }
        for var in [env::PRIVATE_KEY, env::KEYSTORE, env::KEYSTORE_ACCOUNT, env::FROM] {
            if var.secret()?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a flag gives a wallet.
    pub fn is_given_by_flag(&self) -> bool {
        self.private_key.is_some()
            || self.private_key_file.is_some()
            || self.mnemonic.is_some()
            || self.keystore.is_some()
            || self.account.is_some()
            || self.interactive
            || self.browser
            || self.device.kind().is_some()
            || self.from.is_some()
    }

    fn flag(&self, name: &str) -> String {
        format!("--{}{name}", if self.is_new { "new-" } else { "" })
    }

    fn by_flags(&self, context: &Context) -> Result<Option<LocalWallet>, CliError> {
        let wallet = if let Some(key) = &self.private_key {
            context.output.warn(
                "--private-key shows the key to other users of this machine and keeps it in the \
                 shell's history; prefer --private-key-file, a keystore, or --interactive",
            );
            LocalWallet::from_hex(key).map_err(|error| named("--private-key", error))?
        } else if let Some(file) = &self.private_key_file {
            LocalWallet::new(
                read_private_key(context, &self.flag("private-key-file"), file)?,
                "private key",
            )
        } else if let Some(mnemonic) = &self.mnemonic {
            self.open_mnemonic(context, mnemonic)?
        } else if let Some(path) = &self.keystore {
            self.open_keystore(context, path)?
        } else if let Some(name) = &self.account {
            self.open_keystore(context, &account_path(&env::keystores()?, name)?)?
        } else if self.interactive {
            typed_key()?
        } else {
            return Ok(None);
        };
        Ok(Some(wallet))
    }

    fn by_variables(&self, context: &Context) -> Result<Option<LocalWallet>, CliError> {
        if let Some(key) = env::PRIVATE_KEY.key()? {
            let wallet = LocalWallet::from_hex(&key);
            return wallet.map(Some).map_err(|error| named(env::PRIVATE_KEY.0, error));
        }
        if let Some(path) = env::KEYSTORE.get()? {
            return self.open_keystore(context, Path::new(&path)).map(Some);
        }
        if let Some(name) = env::KEYSTORE_ACCOUNT.get()? {
            let path = account_path(&env::keystores()?, &name)?;
            return self.open_keystore(context, &path).map(Some);
        }
        Ok(None)
    }

    fn open_keystore(&self, context: &Context, path: &Path) -> Result<LocalWallet, CliError> {
        check_keystore(path)?;
        let flag = self.flag("password-file");
        let variable = if self.is_new { None } else { env::KEYSTORE_PASSWORD_FILE.get()? };
        let password = if let Some(file) = &self.password_file {
            context.stdin.read_line(&flag, file)?
        } else if let Some(file) = variable {
            let variable = env::KEYSTORE_PASSWORD_FILE.0;
            // Not quoted: some put the password itself there.
            context.stdin.read_line(variable, Path::new(&file)).map_err(|error| {
                let message = format!("the file that {variable} names cannot be read");
                CliError { message, ..error }
                    .hint(format!("{variable} is the path of a file that holds the password"))
            })?
        } else {
            let question = format!("Password of the keystore {}", path.display());
            let or = if self.is_new { "" } else { ", or set ETH_PASSWORD to a file" };
            prompt::password(&question, &format!("{flag} FILE{or}"))?
        };
        Ok(open_keystore(path, &password)?)
    }
}

fn typed_key() -> Result<LocalWallet, CliError> {
    let key = prompt::password("Private key", "--private-key-file FILE")?;
    Ok(LocalWallet::from_hex(&key)?)
}

fn read_private_key(context: &Context, flag: &str, file: &Path) -> Result<SignerKey, CliError> {
    let bytes = key_files::read(context, flag, file)?;
    let key = file::parse_signer_key(&bytes);
    key.map_err(|error| named(&format!("{flag} {}", file.display()), error))
}

/// `error`, with where the offending input stood.
fn named(place: &str, error: SignerKeyError) -> CliError {
    let error = CliError::from(error);
    CliError { message: format!("{place}: {}", error.message), ..error }
}

fn from_variable() -> Result<Option<Address>, CliError> {
    let Some(text) = env::FROM.get()? else { return Ok(None) };
    let parsed = address(&text);
    parsed.map(Some).map_err(|_| CliError::usage(format!("{} is not an address", env::FROM.0)))
}

/// What may be a secret, from the command line.
pub fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::new(text.to_owned()))
}

/// An EVM address: in one case accepted as it is, in mixed case only with its checksum.
pub fn address(text: &str) -> Result<Address, AddressFormError> {
    parse_address(text)
}

#[cfg(test)]
mod tests;
