//! The wallet where neither a flag nor a variable gives one: the user's file names it, or a person
//! on a terminal chooses.

use namesys::secret::SecretString;
use namesys::wallet::{Address, account_path};

use super::{WalletArgs, typed_key};
use crate::cli::choose_wallet::{choose, offer_to_remember};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::found_wallets::Choice;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::settings::Asked;
use crate::cli::{env, prompt};

impl WalletArgs {
    /// Nothing where nobody says which.
    pub(super) fn remembered_or_chosen(
        &self,
        context: &Context,
        wanted: Option<Address>,
    ) -> Result<Option<OpenWallet>, CliError> {
        if let Some(asked) = context.settings.asked_wallet() {
            return self.open_asked(asked, context, wanted).map(Some);
        }
        if !prompt::has_terminal() {
            return Ok(None);
        }
        let choice = choose(context)?;
        let wallet = match &choice {
            Choice::Account(name) => {
                let path = account_path(&env::keystores()?, name)?;
                OpenWallet::Local(self.open_keystore(context, &path)?)
            }
            Choice::Asked(asked) => self.open_asked(*asked, context, wanted)?,
            Choice::Key => OpenWallet::Local(typed_key()?),
            Choice::Mnemonic => {
                OpenWallet::Local(self.open_mnemonic(context, &SecretString::new(String::new()))?)
            }
        };
        offer_to_remember(&choice, wallet.as_wallet(), context)?;
        Ok(Some(wallet))
    }

    fn open_asked(
        &self,
        asked: Asked,
        context: &Context,
        wanted: Option<Address>,
    ) -> Result<OpenWallet, CliError> {
        match asked {
            Asked::Browser => context.browser(wanted, None).map(OpenWallet::Browser),
            Asked::Device(kind) => {
                context.device(kind, self.device_path()?, wanted).map(OpenWallet::Device)
            }
        }
    }

    /// Only some wallets have accounts to say one of; of the flags for a new one clap knows.
    pub(super) fn refuse_path(&self, context: &Context) -> Result<(), CliError> {
        let flag = match (&self.hd_path, self.mnemonic_index) {
            (Some(_), _) => "--hd-path",
            (None, Some(_)) => "--mnemonic-index",
            (None, None) => return Ok(()),
        };
        if self.is_new || self.mnemonic.is_some() || self.device.kind().is_some() {
            return Ok(());
        }
        let settings = &context.settings;
        if !self.is_given()? && settings.account().is_none() {
            match settings.asked_wallet() {
                Some(Asked::Device(_)) => return Ok(()),
                None if prompt::has_terminal() => return Ok(()),
                Some(Asked::Browser) | None => {}
            }
        }
        let message = format!("{flag} says which account of a mnemonic, a Ledger or a Trezor");
        Err(CliError::usage(message)
            .hint("give --mnemonic, --ledger or --trezor with it, or leave it out"))
    }
}
