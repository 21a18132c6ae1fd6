//! Secret files that are encrypted with age, to a passphrase or to recipients: [keys at
//! rest](crate::spec::keys), <https://age-encryption.org/v1>.

use std::fmt;
use std::io::{self, Read, Write};
use std::iter;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor};

use super::file::MAX_KEY_FILE;
use crate::secret::{Secret, SecretBytes, SecretString};

/// The first line of an age file, and of one in PEM.
const HEADS: [&[u8]; 2] = [b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----"];
/// The work that a passphrase costs, log2: that of the first age, a second and 256 MiB.
const WORK: u8 = 18;
/// The most that is spent on somebody else's file, log2: 1 GiB.
const MAX_WORK: u8 = 20;

/// Whom a file is encrypted to: an X25519 public key, `age1…`.
#[derive(Clone)]
pub struct Recipient(age::x25519::Recipient);

impl std::str::FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if crate::secret::is_or_holds(text).is_some()
            || text.to_ascii_uppercase().starts_with(IDENTITY)
        {
            return Err("this is a secret; the recipient is the public half, age1…");
        }
        text.trim().parse().map(Self).map_err(
            |_| "a recipient is an age public key, age1 and 58 characters, as age-keygen prints it",
        )
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

const IDENTITY: &str = "AGE-SECRET-KEY-1";

/// The secret halves that open what was encrypted to recipients. Not shown.
pub struct Identities(Vec<age::x25519::Identity>);

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identities({})", self.0.len())
    }
}

impl Identities {
    /// Reads what `age-keygen` writes: a line `AGE-SECRET-KEY-1…` for each; empty lines and those
    /// that begin with `#` do not count.
    ///
    /// # Errors
    /// [`SealedError::Identity`] with the number of the line, which is not quoted.
    pub fn parse(text: &SecretString) -> Result<Self, SealedError> {
        let mut found = Vec::new();
        for (index, line) in text.expose().lines().enumerate() {
            let line = line.trim().trim_start_matches('\u{feff}');
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let identity = line.parse().map_err(|_| SealedError::Identity { line: index + 1 })?;
            found.push(identity);
        }
        match found.is_empty() {
            true => Err(SealedError::NoIdentity),
            false => Ok(Self(found)),
        }
    }
}

/// To whom a file is encrypted.
#[derive(Debug)]
pub enum SealTo {
    /// Whoever knows it.
    Passphrase(SecretString),
    /// Whoever has the secret half of one of these.
    Recipients(Vec<Recipient>),
}

/// What opens an encrypted file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The passphrase.
    Passphrase,
    /// A secret half of a recipient.
    Identity,
}

/// Why a file was not encrypted or opened. Neither it nor the secret is quoted.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// No such line in a file of identities.
    #[error("line {line} is no age identity (AGE-SECRET-KEY-1…, as age-keygen writes it)")]
    Identity {
        /// From one on.
        line: usize,
    },
    /// An empty file.
    #[error("there is no age identity in it (AGE-SECRET-KEY-1…, as age-keygen writes it)")]
    NoIdentity,
    /// Nobody to encrypt to, or an empty passphrase.
    #[error("an empty passphrase encrypts nothing")]
    EmptyPassphrase,
    /// The passphrase is another one.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// It was encrypted to others.
    #[error("it is encrypted to none of these identities")]
    NoMatch,
    /// The passphrase costs more than is spent on a file.
    #[error("its passphrase costs 2^{0} units of work; at most 2^{MAX_WORK} is spent on a file")]
    TooMuchWork(u8),
    /// Cut, or changed, or of a later version.
    #[error("the encrypted file is damaged, or of a version of age that is not known here: {0}")]
    Damaged(String),
    /// What it holds is too large for a key file.
    #[error("it holds more than {MAX_KEY_FILE} bytes")]
    TooLarge,
}

/// Whether these are the bytes of an age file, binary or in PEM.
pub fn is_sealed(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    HEADS.iter().any(|head| bytes.starts_with(head))
}

/// What opens the file.
///
/// # Errors
/// [`SealedError::Damaged`] where its head cannot be read.
pub fn needs(bytes: &[u8]) -> Result<Needs, SealedError> {
    Ok(match decryptor(bytes)?.is_scrypt() {
        true => Needs::Passphrase,
        false => Needs::Identity,
    })
}

/// Opens a file that is encrypted to a passphrase.
///
/// # Errors
/// As [`SealedError`] says.
pub fn open_with_passphrase(
    bytes: &[u8],
    passphrase: &SecretString,
) -> Result<SecretBytes, SealedError> {
    let mut identity = age::scrypt::Identity::new(passphrase.expose().as_str().into());
    identity.set_max_work_factor(MAX_WORK);
    let opened = decryptor(bytes)?.decrypt(iter::once(&identity as &dyn age::Identity));
    read(opened.map_err(|error| match error {
        DecryptError::DecryptionFailed
        | DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys => SealedError::WrongPassphrase,
        error => damaged(error),
    })?)
}

/// Opens a file that is encrypted to recipients.
///
/// # Errors
/// As [`SealedError`] says.
pub fn open_with_identities(
    bytes: &[u8],
    identities: &Identities,
) -> Result<SecretBytes, SealedError> {
    let identities = identities.0.iter().map(|identity| identity as &dyn age::Identity);
    let opened = decryptor(bytes)?.decrypt(identities);
    read(opened.map_err(|error| match error {
        DecryptError::NoMatchingKeys => SealedError::NoMatch,
        error => damaged(error),
    })?)
}

/// Encrypts `contents`, in age's PEM: lines of text.
///
/// # Errors
/// [`SealedError::EmptyPassphrase`]; also where no recipient is given.
pub fn seal(contents: &SecretBytes, to: &SealTo) -> Result<String, SealedError> {
    let encryptor = match to {
        SealTo::Passphrase(passphrase) if passphrase.expose().is_empty() => {
            return Err(SealedError::EmptyPassphrase);
        }
        SealTo::Passphrase(passphrase) => {
            let mut recipient = age::scrypt::Recipient::new(passphrase.expose().as_str().into());
            recipient.set_work_factor(WORK);
            Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
        }
        SealTo::Recipients(recipients) => Encryptor::with_recipients(
            recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient),
        ),
    };
    let encryptor = encryptor.map_err(|_| SealedError::EmptyPassphrase)?;
    let sealed = || -> io::Result<Vec<u8>> {
        let armour = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armour)?;
        writer.write_all(contents.expose())?;
        writer.finish()?.finish()
    };
    let sealed = sealed().map_err(|error| SealedError::Damaged(error.to_string()))?;
    String::from_utf8(sealed).map_err(|error| SealedError::Damaged(error.to_string()))
}

fn decryptor(bytes: &[u8]) -> Result<Decryptor<ArmoredReader<io::BufReader<&[u8]>>>, SealedError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    Decryptor::new(ArmoredReader::new(bytes)).map_err(damaged)
}

fn read(opened: impl Read) -> Result<SecretBytes, SealedError> {
    // With its whole size at once: no smaller buffer is left behind with half of a key.
    let mut bytes = Vec::with_capacity(MAX_KEY_FILE as usize + 1);
    let read = opened.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes);
    let bytes = Secret::new(bytes);
    read.map_err(|error| SealedError::Damaged(error.to_string()))?;
    match bytes.expose().len() as u64 > MAX_KEY_FILE {
        true => Err(SealedError::TooLarge),
        false => Ok(bytes),
    }
}

fn damaged(error: DecryptError) -> SealedError {
    match error {
        DecryptError::ExcessiveWork { required, .. } => SealedError::TooMuchWork(required),
        error => SealedError::Damaged(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretBytes {
        SecretBytes::new(text.as_bytes().to_vec())
    }

    fn pass(text: &str) -> SecretString {
        SecretString::new(text.to_owned())
    }

    /// As `seal`, cheap.
    fn sealed_cheaply(contents: &str, passphrase: &str, work: u8) -> Vec<u8> {
        let mut recipient = age::scrypt::Recipient::new(passphrase.into());
        recipient.set_work_factor(work);
        let encryptor =
            Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient)).unwrap();
        let mut sealed = Vec::new();
        let mut writer = encryptor.wrap_output(&mut sealed).unwrap();
        writer.write_all(contents.as_bytes()).unwrap();
        writer.finish().unwrap();
        sealed
    }

    #[test]
    fn a_passphrase_opens_what_it_closed() {
        let sealed = seal(&secret("the key"), &SealTo::Passphrase(pass("correct"))).unwrap();
        assert!(sealed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"), "{sealed}");
        assert!(is_sealed(format!("\u{feff}\n{sealed}").as_bytes()));
        assert_eq!(needs(sealed.as_bytes()).unwrap(), Needs::Passphrase);
        let opened = open_with_passphrase(sealed.as_bytes(), &pass("correct")).unwrap();
        assert_eq!(opened.expose(), b"the key");
        let empty = seal(&secret("the key"), &SealTo::Passphrase(pass("")));
        assert!(matches!(empty, Err(SealedError::EmptyPassphrase)));
    }

    #[test]
    fn what_does_not_open_says_why() {
        let sealed = sealed_cheaply("the key", "correct", 4);
        let wrong = open_with_passphrase(&sealed, &pass("battery")).unwrap_err();
        assert!(matches!(wrong, SealedError::WrongPassphrase), "{wrong}");
        for cut in [0, 10, sealed.len() / 2, sealed.len() - 1] {
            let cut = open_with_passphrase(&sealed[..cut], &pass("correct")).unwrap_err();
            assert!(matches!(cut, SealedError::Damaged(_)), "{cut}");
        }
        let large = sealed_cheaply(&"x".repeat(MAX_KEY_FILE as usize + 1), "correct", 4);
        let large = open_with_passphrase(&large, &pass("correct")).unwrap_err();
        assert!(matches!(large, SealedError::TooLarge), "{large}");
        // As a hostile file has it: what is spent is decided here, not there.
        let text = String::from_utf8_lossy(&sealed).into_owned();
        let salt = text.lines().nth(1).unwrap().split(' ').nth(2).unwrap().to_owned();
        let costly =
            [b"age-encryption.org/v1\n-> scrypt ".as_slice(), salt.as_bytes(), b" 30\n"].concat();
        let rest = sealed.split(|byte| *byte == b'\n').skip(2).collect::<Vec<_>>().join(&b'\n');
        let costly = [costly, rest].concat();
        let refused = open_with_passphrase(&costly, &pass("correct")).unwrap_err();
        assert!(matches!(refused, SealedError::TooMuchWork(30)), "{refused}");
    }

    #[test]
    fn recipients_open_it_and_nobody_else() {
        let [ours, other] = [(); 2].map(|()| age::x25519::Identity::generate());
        let to: Recipient = ours.to_public().to_string().parse().unwrap();
        let sealed = seal(&secret("the key"), &SealTo::Recipients(vec![to])).unwrap();
        assert_eq!(needs(sealed.as_bytes()).unwrap(), Needs::Identity);
        let file = |identity: &age::x25519::Identity| {
            use age::secrecy::ExposeSecret;
            let line = identity.to_string();
            Identities::parse(&pass(&format!("# created\n\n{}\n", line.expose_secret()))).unwrap()
        };
        let opened = open_with_identities(sealed.as_bytes(), &file(&ours)).unwrap();
        assert_eq!(opened.expose(), b"the key");
        let refused = open_with_identities(sealed.as_bytes(), &file(&other)).unwrap_err();
        assert!(matches!(refused, SealedError::NoMatch), "{refused}");
        let nobody = seal(&secret("x"), &SealTo::Recipients(Vec::new()));
        assert!(nobody.is_err());
    }

    #[test]
    fn what_is_no_identity_and_no_recipient_is_told_and_not_quoted() {
        for (text, told) in [("", "no age identity"), ("# a\nhunter2\n", "line 2")] {
            let error = Identities::parse(&pass(text)).unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
        }
        use age::secrecy::ExposeSecret;
        let identity = age::x25519::Identity::generate().to_string();
        let secret_half = identity.expose_secret().parse::<Recipient>().unwrap_err();
        assert!(secret_half.contains("secret"), "{secret_half}");
        assert!("age1xyz".parse::<Recipient>().is_err());
    }
}
