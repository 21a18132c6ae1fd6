//! Derived keys that replace the wallet where it is not needed.

use std::path::{Path, PathBuf};

use clap::Args;
use namesys::keys::{IpnsKey, SignerKey, file};
use namesys::secret::SecretBytes;

use super::context::Context;
use super::env;
use super::error::CliError;
use super::git;
use super::input::MAX_SECRET;

/// The flag of the records signer.
#[derive(Debug, Args)]
pub struct SignerKeyArgs {
    /// The records signer, in place of the wallet: 32 bytes in hex or base64; - for stdin
    /// [env: NAMESYS_SIGNER_KEY, the key itself]
    #[arg(long, value_name = "FILE|-", help_heading = "Derived keys")]
    signer_key_file: Option<PathBuf>,
}

/// The flag of the IPNS key.
#[derive(Debug, Args)]
pub struct IpnsKeyArgs {
    /// The IPNS key, in place of the wallet: hex of the seed, libp2p protobuf, seed and public key,
    /// PKCS#8 (PEM or DER), JWK, or Kubo's config; what is binary also in hex or base64; - for
    /// stdin [env: NAMESYS_IPNS_KEY, the key itself]
    #[arg(long, value_name = "FILE|-", help_heading = "Derived keys")]
    ipns_key_file: Option<PathBuf>,
}

impl SignerKeyArgs {
    /// The records signer, where flag or variable give one.
    ///
    /// # Errors
    /// Exit 2 when it is not a key.
    pub fn get(&self, context: &Context) -> Result<Option<SignerKey>, CliError> {
        if let Some(file) = &self.signer_key_file {
            if is_stdin(file) {
                let bytes = context.stdin.read("--signer-key-file", file, MAX_SECRET)?;
                return Ok(Some(file::parse_signer_key(&bytes)?));
            }
            let (key, note) = file::read_signer_key(file)?;
            warn(context, note);
            git::warn_unignored(context, file);
            return Ok(Some(key));
        }
        let Some(text) = env::SIGNER_KEY.key()? else { return Ok(None) };
        let bytes = SecretBytes::new(text.expose().clone().into_bytes());
        file::parse_signer_key(&bytes)
            .map(Some)
            .map_err(|error| in_variable(env::SIGNER_KEY, error))
    }
}

impl IpnsKeyArgs {
    /// Whether flag or variable give one.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn is_given(&self) -> Result<bool, CliError> {
        Ok(self.ipns_key_file.is_some() || env::IPNS_KEY.key()?.is_some())
    }

    /// The IPNS key, where flag or variable give one.
    ///
    /// # Errors
    /// Exit 2 when it is not a key.
    pub fn get(&self, context: &Context) -> Result<Option<IpnsKey>, CliError> {
        if let Some(file) = &self.ipns_key_file {
            if is_stdin(file) {
                let bytes = context.stdin.read("--ipns-key-file", file, MAX_SECRET)?;
                return Ok(Some(IpnsKey::parse(bytes.expose())?));
            }
            let (key, note) = file::read_ipns_key(file)?;
            warn(context, note);
            git::warn_unignored(context, file);
            return Ok(Some(key));
        }
        let Some(text) = env::IPNS_KEY.key()? else { return Ok(None) };
        let key = IpnsKey::parse(text.expose().as_bytes());
        key.map(Some).map_err(|error| in_variable(env::IPNS_KEY, error))
    }

    /// The IPNS key, for commands that cannot do without.
    ///
    /// # Errors
    /// As [`get`](Self::get), and exit 2 when there is none.
    pub fn require(&self, context: &Context) -> Result<IpnsKey, CliError> {
        self.get(context)?.ok_or_else(|| {
            CliError::usage("an IPNS key is needed")
                .hint("give --ipns-key-file FILE, or set NAMESYS_IPNS_KEY; `namesys keygen --export DIR` writes the file")
        })
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn warn(context: &Context, note: Option<file::PermissionsNote>) {
    if let Some(note) = note {
        context.output.warn(note);
    }
}

fn in_variable(var: env::Var, error: impl Into<CliError>) -> CliError {
    let error = error.into();
    CliError { message: format!("{}: {}", var.0, error.message), ..error }
}
