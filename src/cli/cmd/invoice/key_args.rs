//! The key that invoices are encrypted to: from the wallet, or from its file.

use std::path::{Path, PathBuf};

use namesys::ens::Name;
use namesys::invoice::PrivateKey;
use namesys::keys::file::parse_signer_key;
use namesys::request::EncryptionKey;

use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::CliError;
use crate::cli::key_files;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::{Session, parse_name};

/// Which text the wallet signs.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct KindArgs {
    /// The key of September 2023, for which the wallet signs RSA-1048 in place of RSA-2048
    #[arg(long)]
    rsa_1048: bool,
}

impl KindArgs {
    /// The text's word.
    pub fn kind(self) -> EncryptionKey {
        match self.rsa_1048 {
            true => EncryptionKey::Rsa1048,
            false => EncryptionKey::Rsa2048,
        }
    }
}

/// The key of whoever is asked to pay.
#[derive(Debug, clap::Args)]
pub struct InvoiceKeyArgs {
    /// Whose key it is, the payer: the workspace's name, or a name under it [default: the
    /// workspace's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The key as `invoice key --out` writes it, in place of the wallet; also encrypted with age; -
    /// for stdin
    #[arg(long, value_name = "FILE|-", help_heading = "Derived keys")]
    invoice_key_file: Option<PathBuf>,
    #[command(flatten)]
    kind: KindArgs,
    #[command(flatten)]
    pub derive: DeriveArgs,
}

/// Whoever is asked.
pub struct Payer {
    pub key: PrivateKey,
    /// Whose key it is; not known where a file is given without `--name`, outside of a workspace.
    pub name: Option<Name>,
    /// The wallet, where it gave the key.
    pub wallet: Option<OpenWallet>,
}

impl InvoiceKeyArgs {
    /// The key, and whose it is.
    ///
    /// # Errors
    /// Those of the wallet; exit 2 for what is no key file.
    pub fn get(
        &self,
        session: Option<&Session>,
        rpc: &RpcArgs,
        context: &Context,
    ) -> Result<Payer, CliError> {
        let name = match (session, &self.name) {
            (Some(session), name) => Some(session.name(context, name.as_deref())?),
            (None, Some(name)) => Some(parse_name(context, name)?),
            (None, None) => None,
        };
        if let Some(file) = &self.invoice_key_file {
            return Ok(Payer { key: of_file(file, context)?, name, wallet: None });
        }
        let (Some(session), Some(payer)) = (session, &name) else {
            return Err(CliError::usage("which key? There is no workspace here").hint(
                "give --invoice-key-file FILE and --name NAME; or -C DIR for the workspace whose \
                 wallet derives it",
            ));
        };
        let (key, wallet) = derived(&self.derive, self.kind, session, payer, rpc, context)?;
        Ok(Payer { key, name, wallet: Some(wallet) })
    }
}

/// The key that the wallet gives for a name of the workspace.
pub fn derived(
    derive: &DeriveArgs,
    kind: KindArgs,
    session: &Session,
    name: &Name,
    rpc: &RpcArgs,
    context: &Context,
) -> Result<(PrivateKey, OpenWallet), CliError> {
    let keys_for =
        KeysFor { name: name.clone(), unrecorded: true, ..KeysFor::from(&session.config) };
    let deriver = derive.open_asking(context, rpc, keys_for, session.config.keys())?;
    let deriver = deriver.always_twice();
    let key = deriver.invoice_key(kind.kind(), context)?;
    Ok((key, deriver.wallet))
}

fn of_file(file: &Path, context: &Context) -> Result<PrivateKey, CliError> {
    let bytes = key_files::read(context, "--invoice-key-file", file)?;
    // The seed is written as a signer's scalar is.
    let seed = parse_signer_key(&bytes).map_err(|_| {
        CliError::usage(format!("{} is no invoice key: 64 hexadecimal digits", file.display()))
            .hint("namesys invoice key --out FILE writes one")
    })?;
    Ok(PrivateKey::from_seed(seed.scalar()))
}
