//! `key inspect`, `key export`: keys in other tools' forms.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use data_encoding::{BASE64, HEXLOWER};
use namesys::keys::{IpnsKey, SignerKey, file};
use namesys::report::{IpnsKeyReport, KeyExportReport, KeyReport, SignerReport};
use namesys::secret::{SecretBytes, SecretString};

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::export_place;
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
        /// A new file (mode 0600) in place of stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct KeyArgs {
    #[command(flatten)]
    ipns: IpnsKeyArgs,
    #[command(flatten)]
    signer: SignerKeyArgs,
}

/// The forms of a secret key. Each is read back wherever a key is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// 64 hexadecimal digits: the seed of an IPNS key, the scalar of a records signer
    Hex,
    /// 64 bytes, seed and public key, as w3name and libsodium keep them (in JSON: base64)
    Raw,
    /// The libp2p protobuf, binary, as Kubo imports it (in JSON: base64)
    Libp2p,
    /// In one line, for secret stores: of an IPNS key the libp2p protobuf, of a records signer its
    /// 32 bytes
    Base64,
    /// PKCS#8 PEM
    Pem,
}

impl Format {
    /// Whether a terminal cannot show it.
    fn is_binary(self) -> bool {
        matches!(self, Self::Raw | Self::Libp2p)
    }
}

/// Runs `key inspect` or `key export`.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.command {
        Command::Inspect { keys } => inspect(&keys, context),
        Command::Export { keys, format, out } => export(&keys, format, out, context),
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

fn export(
    keys: &KeyArgs,
    format: Format,
    out: Option<PathBuf>,
    context: &Context,
) -> Result<Outcome, CliError> {
    let key = match (keys.ipns.get(context)?, keys.signer.get(context)?) {
        (Some(_), Some(_)) => {
            return Err(CliError::usage("two keys are given, and one is exported at a time")
                .hint("give one of --ipns-key-file and --signer-key-file"));
        }
        (Some(key), None) => encode_ipns(&key, format),
        (None, Some(key)) => encode_signer(&key, format)?,
        (None, None) => return Err(no_key()),
    };
    let name = format.to_possible_value().map(|value| value.get_name().to_owned());
    let format_name = name.unwrap_or_default();
    if let Some(out) = out {
        export_place::refuse_published(&out)?;
        file::create_new(&out, key.expose())?;
        let file = Some(out.display().to_string());
        return Ok(Outcome::done(KeyExportReport { format: format_name, key: None, file }));
    }
    if context.output.is_json() {
        let key = Some(text_of(&key, format));
        return Ok(Outcome::done(KeyExportReport { format: format_name, key, file: None }));
    }
    if format.is_binary() {
        let what = format!("the form {format_name}");
        let instead = "add --out FILE, or --json for base64; --format base64 is a line of text";
        return context.output.binary(key.expose(), &what, instead);
    }
    context.output.raw(key.expose())
}

fn encode_ipns(key: &IpnsKey, format: Format) -> SecretBytes {
    match format {
        Format::Hex => line(SecretString::new(HEXLOWER.encode(key.seed().expose()))),
        Format::Raw => SecretBytes::new(key.to_libp2p().expose()[4..].to_vec()),
        Format::Libp2p => key.to_libp2p(),
        Format::Base64 => line(SecretString::new(BASE64.encode(key.to_libp2p().expose()))),
        Format::Pem => SecretBytes::new(key.to_pem().expose().clone().into_bytes()),
    }
}

fn encode_signer(key: &SignerKey, format: Format) -> Result<SecretBytes, CliError> {
    let scalar = key.scalar();
    match format {
        Format::Hex => Ok(line(SecretString::new(HEXLOWER.encode(scalar.expose())))),
        Format::Base64 => Ok(line(SecretString::new(BASE64.encode(scalar.expose())))),
        Format::Raw | Format::Libp2p | Format::Pem => {
            Err(CliError::usage("a records signer is exported as hex or base64 only")
                .hint("--format hex or base64; raw, libp2p and pem are forms of the IPNS key"))
        }
    }
}

fn line(text: SecretString) -> SecretBytes {
    let mut bytes = Vec::with_capacity(text.expose().len() + 1);
    bytes.extend_from_slice(text.expose().as_bytes());
    bytes.push(b'\n');
    SecretBytes::new(bytes)
}

fn text_of(key: &SecretBytes, format: Format) -> SecretString {
    SecretString::new(match format {
        Format::Raw | Format::Libp2p => BASE64.encode(key.expose()),
        Format::Hex | Format::Base64 | Format::Pem => {
            String::from_utf8_lossy(key.expose()).trim_end().to_owned()
        }
    })
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
