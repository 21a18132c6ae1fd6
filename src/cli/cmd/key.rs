//! `key inspect`, `key export`: keys in other tools' forms.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;
use namesys::keys::{NostrUsername, file};
use namesys::report::{IpnsKeyReport, KeyExportReport, KeyReport, SignerReport};
use namesys::secret::SecretBytes;

use super::nostr;
use crate::cli::context::Context;
use crate::cli::deriver::DeriveArgs;
use crate::cli::error::CliError;
use crate::cli::export_place;
use crate::cli::key_forms::{Format, SealArgs, of_ipns, of_nostr, of_signer, text_of};
use crate::cli::keys_args::{IpnsKeyArgs, SignerKeyArgs};
use crate::cli::output::{Human, Outcome};

/// `key …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the public half of a key
    Inspect {
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Write a secret key in another tool's form
    Export {
        #[command(flatten)]
        keys: KeyArgs,
        /// The form
        #[arg(long, value_enum)]
        format: Format,
        #[command(flatten)]
        seal: SealArgs,
        /// A new file (mode 0600) in place of stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The nostr key, which the wallet gives (nsec, hex or age)
        #[arg(long)]
        nostr: bool,
        /// Whose nostr key: a petname, a domain, or name@domain [default: the workspace's name]
        #[arg(long, value_name = "USERNAME", requires = "nostr")]
        username: Option<NostrUsername>,
        #[command(flatten)]
        derive: Box<DeriveArgs>,
    },
}

#[derive(Debug, clap::Args)]
struct KeyArgs {
    #[command(flatten)]
    ipns: IpnsKeyArgs,
    #[command(flatten)]
    signer: SignerKeyArgs,
}

/// Runs `key inspect` or `key export`.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.command {
        Command::Inspect { keys } => inspect(&keys, context),
        Command::Export { keys, format, seal, out, nostr, username, derive } => {
            let key = match nostr {
                true => {
                    let to = seal.get(context, format)?;
                    let key = nostr::of_wallet(&derive, username.as_ref(), context)?;
                    of_nostr(&key, format, to.as_ref())?
                }
                false => of_files(&keys, format, &seal, context)?,
            };
            export(&key, format, out, context)
        }
    }
}

fn inspect(keys: &KeyArgs, context: &Context) -> Result<Outcome, CliError> {
    let (ipns, signer) = (keys.ipns.get(context)?, keys.signer.get(context)?);
    if ipns.is_none() && signer.is_none() {
        return Err(no_key());
    }
    let ipns = ipns.map(|key| IpnsKeyReport::from(&key.name()));
    let signer = signer.map(|key| SignerReport { address: key.address().to_string() });
    Ok(Outcome::done(KeyReport { ipns, signer }))
}

/// The key of the files, in its form.
fn of_files(
    keys: &KeyArgs,
    format: Format,
    seal: &SealArgs,
    context: &Context,
) -> Result<SecretBytes, CliError> {
    match (keys.ipns.get(context)?, keys.signer.get(context)?) {
        (Some(_), Some(_)) => {
            Err(CliError::usage("two keys are given, and one is exported at a time")
                .hint("give one of --ipns-key-file and --signer-key-file"))
        }
        (Some(key), None) => of_ipns(&key, format, seal.get(context, format)?.as_ref()),
        (None, Some(key)) => of_signer(&key, format, seal.get(context, format)?.as_ref()),
        (None, None) => Err(no_key()),
    }
}

fn export(
    key: &SecretBytes,
    format: Format,
    out: Option<PathBuf>,
    context: &Context,
) -> Result<Outcome, CliError> {
    let format_name = format.word();
    if let Some(out) = out {
        export_place::refuse_published(&out)?;
        file::create_new(&out, key.expose())?;
        let file = Some(out.display().to_string());
        return Ok(Outcome::done(KeyExportReport { format: format_name, key: None, file }));
    }
    if context.output.is_json() {
        let key = Some(text_of(key, format));
        return Ok(Outcome::done(KeyExportReport { format: format_name, key, file: None }));
    }
    if format.is_binary() {
        let what = format!("the form {format_name}");
        let instead = "add --out FILE, or --json for base64; --format base64 is a line of text";
        return context.output.binary(key.expose(), &what, instead);
    }
    context.output.raw(key.expose())
}

fn no_key() -> CliError {
    CliError::usage("a key is needed").hint(
        "give --ipns-key-file FILE or --signer-key-file FILE, or set NAMESYS_IPNS_KEY or \
         NAMESYS_SIGNER_KEY",
    )
}

impl Human for KeyReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(ipns) = &self.ipns {
            writeln!(out, "IPNS name    {}", ipns.name)?;
            writeln!(out, "contenthash  {}", ipns.contenthash)?;
            writeln!(out, "public key   {}", ipns.public_key)?;
        }
        if let Some(signer) = &self.signer {
            writeln!(out, "signer       {}", signer.address)?;
        }
        Ok(())
    }
}

impl Human for KeyExportReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.file.iter().try_for_each(|file| writeln!(out, "{file}"))
    }
}
