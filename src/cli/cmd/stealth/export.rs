//! `stealth export`: the private key of one address.

use std::path::PathBuf;

use namesys::keys::{SignerKey, file};
use namesys::report::KeyExportReport;
use namesys::secret::SecretBytes;
use namesys::wallet::keystore_text;

use super::one_time::OneTimeArgs;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::export_place;
use crate::cli::git;
use crate::cli::key_files::{given_passphrase, instead};
use crate::cli::key_forms::{Format, SealArgs, of_signer};
use crate::cli::output::Outcome;
use crate::cli::prompt;
use crate::cli::rpc_args::RpcArgs;
use crate::cli::suggest::words;

/// `stealth export`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    of: OneTimeArgs,
    /// hex (the default), base64, age (encrypted), or keystore (encrypted, as wallets import it;
    /// with the passphrase of key files)
    #[arg(long, value_name = "FORMAT", value_parser = words(&["hex", "base64", "age", "keystore"], form))]
    format: Option<Form>,
    #[command(flatten)]
    seal: SealArgs,
    /// A new file, mode 0600, never below .well-known
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
enum Form {
    Key(Format),
    Keystore,
}

fn form(word: &str) -> Result<Form, String> {
    match word {
        "hex" => Ok(Form::Key(Format::Hex)),
        "base64" => Ok(Form::Key(Format::Base64)),
        "age" => Ok(Form::Key(Format::Age)),
        "keystore" => Ok(Form::Keystore),
        _ => Err("the forms are hex, base64, age and keystore".to_owned()),
    }
}

/// Writes it.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let out = &args.out;
    export_place::refuse_published(out)?;
    file::check_new(out)?;
    let form = args.format.unwrap_or(Form::Key(Format::Hex));
    let (bytes, word) = match form {
        Form::Key(format) => {
            let seal = args.seal.get(context, format)?;
            let key = args.of.get(&RpcArgs::default(), context)?;
            (of_signer(&key, format, seal.as_ref())?, format.word())
        }
        Form::Keystore => (keystore(args, context)?, "keystore".to_owned()),
    };
    file::create_new(out, bytes.expose())?;
    git::warn_unignored(context, out);
    let file = Some(out.display().to_string());
    Ok(Outcome::done(KeyExportReport { format: word, key: None, file }))
}

fn keystore(args: &Args, context: &Context) -> Result<SecretBytes, CliError> {
    args.seal.get(context, Format::Hex)?;
    let passphrase = match given_passphrase(context)? {
        Some(passphrase) => passphrase,
        None => prompt::new_password("Passphrase of the keystore", &instead())?,
    };
    if passphrase.expose().is_empty() {
        return Err(CliError::usage("the passphrase is empty, and would encrypt nothing")
            .hint(format!("give {}", instead())));
    }
    let key: SignerKey = args.of.get(&RpcArgs::default(), context)?;
    keystore_text(&key, &passphrase)
        .map_err(|error| CliError::io("the keystore cannot be made", &std::io::Error::other(error)))
}
