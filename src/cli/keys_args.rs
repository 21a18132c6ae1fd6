//! Derived keys that replace the wallet where it is not needed.

use std::path::{Path, PathBuf};

use clap::Args;
use namesys::keys::file::{self, KeyFileError};
use namesys::keys::{IpnsKey, SignerKey};
use namesys::secret::{SecretBytes, SecretString};

use super::context::Context;
use super::env;
use super::error::CliError;
use super::key_files;

/// The flag of the records signer.
#[derive(Debug, Args)]
pub struct SignerKeyArgs {
    /// The records signer, in place of the wallet: 32 bytes in hex or base64, also encrypted
    /// with age; - for stdin [env: NAMESYS_SIGNER_KEY, the key itself]
    #[arg(long, value_name = "FILE|-", help_heading = "Derived keys")]
    signer_key_file: Option<PathBuf>,
}

/// The flag of the IPNS key.
#[derive(Debug, Args)]
pub struct IpnsKeyArgs {
    /// The IPNS key, in place of the wallet: hex of the seed, libp2p protobuf, seed and public key,
    /// PKCS#8 (PEM or DER), JWK, or Kubo's config; what is binary also in hex or base64; also
    /// encrypted with age; - for stdin [env: NAMESYS_IPNS_KEY, the key itself]
    #[arg(long, value_name = "FILE|-", help_heading = "Derived keys")]
    ipns_key_file: Option<PathBuf>,
}

impl SignerKeyArgs {
    /// Whether the flag gives one.
    pub fn is_file_given(&self) -> bool {
        self.signer_key_file.is_some()
    }

    /// The records signer, where flag or variable give one.
    ///
    /// # Errors
    /// Exit 2 when it is not a key.
    pub fn get(&self, context: &Context) -> Result<Option<SignerKey>, CliError> {
        let key = self.read(context)?;
        key.iter().for_each(|key| context.keep_signer(key));
        Ok(key)
    }

    fn read(&self, context: &Context) -> Result<Option<SignerKey>, CliError> {
        if let Some(file) = &self.signer_key_file {
            let bytes = key_files::read(context, "--signer-key-file", file)?;
            let key = file::parse_signer_key(&bytes);
            return key.map(Some).map_err(|source| match is_stdin(file) {
                true => source.into(),
                false => KeyFileError::Signer { path: file.clone(), source }.into(),
            });
        }
        let Some(text) = env::SIGNER_KEY.key()? else { return Ok(None) };
        let bytes = key_files::open(context, bytes_of(&text), env::SIGNER_KEY.0)?;
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
        let key = self.read(context)?;
        key.iter().for_each(|key| context.keep_secret(key));
        Ok(key)
    }

    fn read(&self, context: &Context) -> Result<Option<IpnsKey>, CliError> {
        if let Some(file) = &self.ipns_key_file {
            let bytes = key_files::read(context, "--ipns-key-file", file)?;
            let key = IpnsKey::parse(bytes.expose());
            return key.map(Some).map_err(|source| match is_stdin(file) {
                true => source.into(),
                false => KeyFileError::Ipns { path: file.clone(), source }.into(),
            });
        }
        let Some(text) = env::IPNS_KEY.key()? else { return Ok(None) };
        let bytes = key_files::open(context, bytes_of(&text), env::IPNS_KEY.0)?;
        let key = IpnsKey::parse(bytes.expose());
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

fn bytes_of(text: &SecretString) -> SecretBytes {
    SecretBytes::new(text.expose().clone().into_bytes())
}

fn in_variable(var: env::Var, error: impl Into<CliError>) -> CliError {
    let error = error.into();
    CliError { message: format!("{}: {}", var.0, error.message), ..error }
}
