//! Secret keys in the forms of other tools. Each is read back wherever a key is taken.

use clap::{Args, ValueEnum};
use data_encoding::{BASE64, HEXLOWER};
use namesys::invoice::PrivateKey;
use namesys::keys::sealed::{self, Recipient, SealTo};
use namesys::keys::{IpnsKey, NostrKey, SignerKey, file};
use namesys::secret::{SecretBytes, SecretString};

use super::context::Context;
use super::error::CliError;
use super::{key_files, prompt};

/// The forms of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
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
    /// Encrypted with age, to --recipient or else to a passphrase
    Age,
    /// nsec1… of a nostr key (NIP-19)
    Nsec,
}

impl Format {
    /// Whether a terminal cannot show it.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Raw | Self::Libp2p)
    }

    /// As it is typed.
    pub fn word(self) -> String {
        let value = self.to_possible_value();
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// To whom a key is encrypted.
#[derive(Debug, Args)]
pub struct SealArgs {
    /// With --format age: the public key to encrypt to; may be given more than once. Without one, it
    /// is encrypted to the passphrase (--passphrase-file, NAMESYS_PASSPHRASE, a prompt), which is also
    /// the one that opens key files
    #[arg(long, value_name = "age1…")]
    pub recipient: Vec<Recipient>,
}

impl SealArgs {
    /// To whom: the recipients, or a passphrase (given, or asked for twice). `None` for a form that
    /// is not encrypted.
    ///
    /// # Errors
    /// Exit 2 for recipients of what is not encrypted, and without a terminal to ask on.
    pub fn get(&self, context: &Context, format: Format) -> Result<Option<SealTo>, CliError> {
        if format != Format::Age {
            if let Some(recipient) = self.recipient.first() {
                return Err(CliError::usage(format!(
                    "--recipient {recipient} is given, and the form {} is not encrypted",
                    format.word()
                ))
                .hint("add --format age, or leave --recipient out"));
            }
            return Ok(None);
        }
        if !self.recipient.is_empty() {
            return Ok(Some(SealTo::Recipients(self.recipient.clone())));
        }
        let passphrase = match key_files::given_passphrase(context)? {
            Some(passphrase) => passphrase,
            None => prompt::new_password("Passphrase of the key files", &key_files::instead())?,
        };
        if passphrase.expose().is_empty() {
            return Err(CliError::usage("the passphrase is empty, and would encrypt nothing")
                .hint(format!("give {}; or --recipient", key_files::instead())));
        }
        Ok(Some(SealTo::Passphrase(passphrase)))
    }
}

/// An IPNS key in a form, `to` whom where that is encrypted.
///
/// # Errors
/// Exit 2 for an empty passphrase.
pub fn of_ipns(
    key: &IpnsKey,
    format: Format,
    to: Option<&SealTo>,
) -> Result<SecretBytes, CliError> {
    Ok(match format {
        Format::Hex => line(SecretString::new(HEXLOWER.encode(key.seed().expose()))),
        Format::Raw => SecretBytes::new(key.to_libp2p().expose()[4..].to_vec()),
        Format::Libp2p => key.to_libp2p(),
        Format::Base64 => line(SecretString::new(BASE64.encode(key.to_libp2p().expose()))),
        Format::Pem => SecretBytes::new(key.to_pem().expose().clone().into_bytes()),
        Format::Age => sealed(&file::ipns_key_text(key), to)?,
        Format::Nsec => return Err(not_of_nostr()),
    })
}

/// A records signer in a form, `to` whom where that is encrypted.
///
/// # Errors
/// Exit 2 for a form of IPNS keys, and for an empty passphrase.
pub fn of_signer(
    key: &SignerKey,
    format: Format,
    to: Option<&SealTo>,
) -> Result<SecretBytes, CliError> {
    let scalar = key.scalar();
    match format {
        Format::Hex => Ok(line(SecretString::new(HEXLOWER.encode(scalar.expose())))),
        Format::Base64 => Ok(line(SecretString::new(BASE64.encode(scalar.expose())))),
        Format::Age => sealed(&file::signer_key_text(key), to),
        Format::Nsec => Err(not_of_nostr()),
        Format::Raw | Format::Libp2p | Format::Pem => {
            Err(CliError::usage("a records signer is exported as hex, base64 or age only")
                .hint("--format hex, base64 or age; raw, libp2p and pem are forms of the IPNS key"))
        }
    }
}

/// A nostr key in a form, `to` whom where that is encrypted.
///
/// # Errors
/// Exit 2 for a form of other keys, and for an empty passphrase.
pub fn of_nostr(
    key: &NostrKey,
    format: Format,
    to: Option<&SealTo>,
) -> Result<SecretBytes, CliError> {
    match format {
        Format::Nsec => Ok(line(key.nsec())),
        Format::Hex => Ok(line(key.hex())),
        Format::Age => sealed(&line(key.nsec()), to),
        Format::Raw | Format::Libp2p | Format::Base64 | Format::Pem => {
            Err(CliError::usage("a nostr key is exported as nsec, hex or age only")
                .hint("--format nsec, hex or age"))
        }
    }
}

/// An invoice key in a form: its seed, `to` whom where that is encrypted.
///
/// # Errors
/// Exit 2 for a form of other keys, and for an empty passphrase.
pub fn of_invoice(
    key: &PrivateKey,
    format: Format,
    to: Option<&SealTo>,
) -> Result<SecretBytes, CliError> {
    check_invoice(format)?;
    let text = line(SecretString::new(HEXLOWER.encode(key.seed().expose())));
    match format {
        Format::Age => sealed(&text, to),
        _ => Ok(text),
    }
}

/// Whether an invoice key has this form.
///
/// # Errors
/// Exit 2.
pub fn check_invoice(format: Format) -> Result<(), CliError> {
    match format {
        Format::Hex | Format::Age => Ok(()),
        other => Err(CliError::usage(format!(
            "an invoice key is written as hex or age only, not as {}",
            other.word()
        ))
        .hint("--format hex or age")),
    }
}

fn not_of_nostr() -> CliError {
    CliError::usage("nsec is the form of a nostr key, and this is another")
        .hint("add --nostr, or give another --format")
}

/// A key's text, encrypted.
///
/// # Errors
/// Exit 2 for an empty passphrase.
pub fn sealed(text: &SecretBytes, to: Option<&SealTo>) -> Result<SecretBytes, CliError> {
    let nobody = SealTo::Recipients(Vec::new());
    let sealed = sealed::seal(text, to.unwrap_or(&nobody));
    let sealed = sealed.map_err(|error| key_files::of_sealed("--format age", error))?;
    Ok(SecretBytes::new(sealed.into_bytes()))
}

fn line(text: SecretString) -> SecretBytes {
    let mut bytes = Vec::with_capacity(text.expose().len() + 1);
    bytes.extend_from_slice(text.expose().as_bytes());
    bytes.push(b'\n');
    SecretBytes::new(bytes)
}

/// A form as text: what is binary in base64.
pub fn text_of(key: &SecretBytes, format: Format) -> SecretString {
    SecretString::new(match format.is_binary() {
        true => BASE64.encode(key.expose()),
        false => String::from_utf8_lossy(key.expose()).trim_end().to_owned(),
    })
}
