//! Mnemonics: the words and the passphrase; and the accounts of the usual paths, of a device too.

use std::path::Path;

use namesys::report::ErrorKind;
use namesys::secret::SecretString;
use namesys::wallet::device::{DeviceKind, UsualPath, usual_paths};
use namesys::wallet::{Address, HdPath, LocalWallet, MnemonicError, open_mnemonic_with};

use super::WalletArgs;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::{git, key_files, prompt};

/// Whose device it is, and its addresses.
pub type DeviceAccounts = (DeviceKind, Vec<(UsualPath, Address)>);

impl WalletArgs {
    /// The first accounts of the usual paths, where a mnemonic is given and no path or number.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn accounts(
        &self,
        context: &Context,
        count: u32,
    ) -> Result<Option<Vec<(HdPath, LocalWallet)>>, CliError> {
        let is_said = self.hd_path.is_some() || self.mnemonic_index.is_some();
        let Some(given) = self.mnemonic.as_ref().filter(|_| !is_said) else {
            return Ok(None);
        };
        let (words, passphrase) = self.mnemonic_words(context, given)?;
        let usual = usual_paths(None, count).into_iter().map(|usual| {
            let wallet = open_mnemonic_with(&words, &passphrase, &usual.path)?;
            Ok((usual.path, wallet))
        });
        usual.collect::<Result<_, CliError>>().map(Some)
    }

    /// The addresses of a device by the usual paths, where one is given and no path or number.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn device_accounts(
        &self,
        context: &Context,
        count: u32,
    ) -> Result<Option<DeviceAccounts>, CliError> {
        let is_said = self.device_path()?.is_some() || self.from.is_some();
        match self.device.kind().filter(|_| !is_said) {
            Some(kind) => Ok(Some((kind, context.device_accounts(kind, count)?))),
            None => Ok(None),
        }
    }

    pub(super) fn open_mnemonic(
        &self,
        context: &Context,
        given: &SecretString,
    ) -> Result<LocalWallet, CliError> {
        let path = match &self.hd_path {
            Some(path) => path.clone(),
            None => HdPath::ethereum(self.mnemonic_index.unwrap_or(0))?,
        };
        let (words, passphrase) = self.mnemonic_words(context, given)?;
        Ok(open_mnemonic_with(&words, &passphrase, &path)?)
    }

    /// The words and the passphrase, which is empty where there is none.
    fn mnemonic_words(
        &self,
        context: &Context,
        given: &SecretString,
    ) -> Result<(SecretString, SecretString), CliError> {
        let file = Path::new(given.expose());
        let is_typed = given.expose().is_empty();
        let words = if is_typed {
            prompt::password("Mnemonic (what is typed is not shown)", "--mnemonic FILE")?
        } else if given.expose() == "-" || file.is_file() {
            let bytes = key_files::read(context, &self.flag("mnemonic"), file)?;
            let words =
                std::str::from_utf8(bytes.expose()).map(|text| SecretString::new(text.to_owned()));
            words.map_err(|_| MnemonicError::NotText)?
        } else if !given.expose().trim().contains(char::is_whitespace) {
            // Not quoted: it may be a word of the mnemonic.
            let message = "what --mnemonic names is neither a file nor a mnemonic";
            return Err(CliError::new(Exit::Usage, ErrorKind::BadMnemonic, message)
                .hint("give the path of a file that holds the words"));
        } else {
            context.output.warn(
                "--mnemonic with the words shows them to other users of this machine and keeps \
                 them in the shell's history; prefer a file",
            );
            given.clone()
        };
        let passphrase = match &self.mnemonic_passphrase_file {
            Some(file) => {
                if file.as_path() != Path::new("-") {
                    git::warn_unignored(context, file);
                }
                context.stdin.read_line("--mnemonic-passphrase-file", file)?
            }
            None if is_typed || self.mnemonic_passphrase => prompt::password(
                "BIP-39 passphrase of the mnemonic (empty where it has none)",
                "--mnemonic-passphrase-file FILE",
            )?,
            None => SecretString::new(String::new()),
        };
        Ok((words, passphrase))
    }
}
