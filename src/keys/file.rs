//! Key files: written once, readable by their owner only; read with a bound on their size.
//!
//! A file starts with a comment line that holds the public half, so that it can be told whose it
//! is without decoding the secret: `# signer 0x…` before the hex of the records signer, and
//! `# ipns k51…` before the PEM of the IPNS key (PEM readers skip text before `BEGIN`).

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use alloy_primitives::hex;
use data_encoding::BASE64;
use zeroize::{Zeroize, Zeroizing};

use super::{IpnsKey, IpnsKeyError, SignerKey, SignerKeyError};
use crate::secret::{self, Secret, SecretBytes, SecretString};
use crate::temporary::Temporary;

/// Largest key file that is read, bytes. The longest form is Kubo's whole configuration.
pub const MAX_KEY_FILE: u64 = 64 << 10;

/// Why a key file was not written or read. Its contents are not quoted.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Something of that name is there; key files are never overwritten.
    #[error("{} exists, and key files are never overwritten; move it away or choose another folder", .0.display())]
    Exists(PathBuf),
    /// The file could not be written.
    #[error("the key file {} cannot be written: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file could not be read.
    #[error("the key file {} cannot be read: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Larger than [`MAX_KEY_FILE`].
    #[error("{} is not a key file: it has more than {MAX_KEY_FILE} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Not the hex of a records signer.
    #[error("{} holds no records signer: {source}", .path.display())]
    Signer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SignerKeyError,
    },
    /// Not an IPNS key.
    #[error("{} holds no IPNS key: {source}", .path.display())]
    Ipns {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: IpnsKeyError,
    },
}

/// Others than the owner can read a key file: worth telling the person, as ssh does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionsNote {
    /// The file.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
}

impl fmt::Display for PermissionsNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(f, "{path} can be read by others (mode {:04o}); run: chmod 600 {path}", self.mode)
    }
}

/// Whether a new file can be made at `path`, before a wallet is asked for what goes into it.
///
/// # Errors
/// [`KeyFileError::Exists`] when something of that name is there.
pub fn check_new(path: &Path) -> Result<(), KeyFileError> {
    match path.symlink_metadata() {
        Ok(_) => Err(KeyFileError::Exists(path.to_owned())),
        Err(_) => Ok(()),
    }
}

/// Writes `contents` to a new file at `path` with mode 0600, whole or not at all.
///
/// # Errors
/// [`KeyFileError::Exists`] when something of that name is there, also when it appears meanwhile.
pub fn create_new(path: &Path, contents: &[u8]) -> Result<(), KeyFileError> {
    let failed = |source| KeyFileError::Write { path: path.to_owned(), source };
    check_new(path)?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    write_new(folder, path, contents).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => failed(error),
    })?;
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(())
}

/// Mode 0600. Where the system can, the file has no name before it is whole, so that nothing
/// secret stays behind when the process ends amid this.
fn write_new(folder: &Path, path: &Path, contents: &[u8]) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let mut file = tempfile::tempfile_in(folder)?;
        // It is made as the umask says; nobody can open it before it has a name.
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        file.write_all(contents)?;
        file.sync_all()?;
        match give_name(&file, path) {
            // The file system knows no files without a name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            named => return named,
        }
    }
    // A name nobody can guess.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let _temporary = Temporary::new(file.path());
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

#[cfg(target_os = "linux")]
fn give_name(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, unnamed, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// Writes the records signer as `# signer <address>` and a line of 64 hexadecimal digits.
///
/// # Errors
/// As [`create_new`].
pub fn write_signer_key(path: &Path, key: &SignerKey) -> Result<(), KeyFileError> {
    create_new(path, signer_key_text(key).expose())
}

/// What [`write_signer_key`] writes.
pub fn signer_key_text(key: &SignerKey) -> SecretBytes {
    let mut hex_digits = hex::encode(key.scalar().expose());
    let text = format!("# signer {}\n{hex_digits}\n", key.address());
    hex_digits.zeroize();
    Secret::new(text.into_bytes())
}

/// Writes the IPNS key as `# ipns <name>` and its PKCS#8 PEM.
///
/// # Errors
/// As [`create_new`].
pub fn write_ipns_key(path: &Path, key: &IpnsKey) -> Result<(), KeyFileError> {
    create_new(path, ipns_key_text(key).expose())
}

/// What [`write_ipns_key`] writes.
pub fn ipns_key_text(key: &IpnsKey) -> SecretBytes {
    Secret::new(format!("# ipns {}\n{}", key.name(), key.to_pem().expose()).into_bytes())
}

/// Reads a key file of any form, with a note when others can read it too.
///
/// # Errors
/// [`KeyFileError::Read`] and [`KeyFileError::TooLarge`].
pub fn read(path: &Path) -> Result<(SecretBytes, Option<PermissionsNote>), KeyFileError> {
    let failed = |source| KeyFileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let note = permissions_note(path, &file).map_err(failed)?;
    let mut bytes = Vec::with_capacity(MAX_KEY_FILE as usize + 1);
    let result = file.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes);
    let bytes = Secret::new(bytes);
    result.map_err(failed)?;
    if bytes.expose().len() as u64 > MAX_KEY_FILE {
        return Err(KeyFileError::TooLarge(path.to_owned()));
    }
    Ok((bytes, note))
}

/// Reads a records signer: 64 hexadecimal digits, `0x` and lines starting with `#` allowed.
///
/// # Errors
/// As [`read`], and [`KeyFileError::Signer`].
pub fn read_signer_key(path: &Path) -> Result<(SignerKey, Option<PermissionsNote>), KeyFileError> {
    let (bytes, note) = read(path)?;
    let key = parse_signer_key(&bytes)
        .map_err(|source| KeyFileError::Signer { path: path.to_owned(), source })?;
    Ok((key, note))
}

/// Reads an IPNS key in any of the forms of [`IpnsKey::parse`].
///
/// # Errors
/// As [`read`], and [`KeyFileError::Ipns`].
pub fn read_ipns_key(path: &Path) -> Result<(IpnsKey, Option<PermissionsNote>), KeyFileError> {
    let (bytes, note) = read(path)?;
    let key = IpnsKey::parse(bytes.expose())
        .map_err(|source| KeyFileError::Ipns { path: path.to_owned(), source })?;
    Ok((key, note))
}

/// The records signer in the contents of a key file: 64 hexadecimal digits or base64 of 32 bytes.
/// White space does not count, and neither do lines that start with `#`; where all is one line,
/// what follows our own comment.
///
/// # Errors
/// As [`SignerKey::from_hex`]; what is known for something else is named.
pub fn parse_signer_key(contents: &SecretBytes) -> Result<SignerKey, SignerKeyError> {
    if super::ipns_forms::is_utf16(contents.expose()) {
        return Err(SignerKeyError::Other("a text in UTF-16: save it as UTF-8"));
    }
    let text = std::str::from_utf8(contents.expose()).map_err(|_| SignerKeyError::Hex)?;
    if let Some(form) = secret::is_or_holds(text) {
        return Err(SignerKeyError::Other(form.words()));
    }
    let text = super::ipns_forms::without_comments(text.trim_start_matches('\u{feff}'));
    if text.is_empty() {
        return Err(SignerKeyError::Empty);
    }
    // 44 characters with their padding, which no hex has; and padding has nothing behind it, where
    // whoever looks for keys would not look.
    let is_base64 = text.len() == 44 && text.find('=') == Some(43);
    if is_base64
        && let Ok(bytes) = BASE64.decode(text.as_bytes()).map(Zeroizing::new)
        && let Ok(scalar) = <[u8; 32]>::try_from(bytes.as_slice())
    {
        return SignerKey::from_scalar(&Secret::new(scalar));
    }
    SignerKey::from_hex(&SecretString::new(text.to_string()))
}

#[cfg(unix)]
fn permissions_note(path: &Path, file: &File) -> io::Result<Option<PermissionsNote>> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode() & 0o7777;
    // Pipes, as of a shell's process substitution, have no permissions that matter.
    let open = metadata.is_file() && mode & 0o077 != 0;
    Ok(open.then(|| PermissionsNote { path: path.to_owned(), mode }))
}

#[cfg(not(unix))]
fn permissions_note(_path: &Path, _file: &File) -> io::Result<Option<PermissionsNote>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SignerKey {
        SignerKey::from_hex(&SecretString::new("01".repeat(32))).unwrap()
    }

    #[test]
    fn signer_round_trip_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signer.key");
        write_signer_key(&path, &key()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let comment = "# signer 0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1\n";
        assert_eq!(text, format!("{comment}{}\n", "01".repeat(32)));
        let (read, note) = read_signer_key(&path).unwrap();
        assert_eq!((read.address(), note), (key().address(), None));
        let again = write_signer_key(&path, &key()).unwrap_err();
        assert!(matches!(again, KeyFileError::Exists(_)), "{again}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn ipns_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ipns.key");
        let key = IpnsKey::from_seed(&[7; 32].into());
        write_ipns_key(&path, &key).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let comment = format!("# ipns {}\n-----BEGIN PRIVATE KEY-----\n", key.name());
        assert!(text.starts_with(&comment), "{text}");
        assert_eq!(read_ipns_key(&path).unwrap().0.name(), key.name());
        std::fs::write(&path, "# ipns k51\n").unwrap();
        assert!(matches!(read_ipns_key(&path), Err(KeyFileError::Ipns { .. })));
    }

    #[test]
    fn a_signer_in_every_form_it_is_carried_in() {
        let address = key().address();
        let digits = "01".repeat(32);
        let base64 = data_encoding::BASE64.encode(&[1; 32]);
        let padded_amid = "0x0S070707070707070=707070707077070607070707";
        assert!(data_encoding::BASE64.decode(padded_amid.as_bytes()).is_ok());
        let parse = |text: &str| parse_signer_key(&SecretBytes::new(text.as_bytes().to_vec()));
        assert!(parse(padded_amid).is_err(), "whoever looks for keys would not find it");
        for form in [
            digits.clone(),
            format!("0x{digits}\r\n"),
            format!("\u{feff}{digits}"),
            format!("{}\n{}\n", &digits[..30], &digits[30..]),
            format!("# signer {address}\n{digits}\n"),
            format!("# signer {address} {digits} "),
            base64.clone(),
            format!("{}\n{}\n", &base64[..20], &base64[20..]),
        ] {
            assert_eq!(parse(&form).unwrap().address(), address, "{form}");
        }
        let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        for (bad, told) in [("", "empty"), ("# a comment\n", "empty"), (words, "a mnemonic")] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("winner"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn modes() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signer.key");
        write_signer_key(&path, &key()).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (_, note) = read(&path).unwrap();
        assert!(note.unwrap().to_string().contains("mode 0644"));
        let link = folder.path().join("link.key");
        std::os::unix::fs::symlink("/nowhere", &link).unwrap();
        assert!(matches!(create_new(&link, b"x"), Err(KeyFileError::Exists(_))));
    }

    #[test]
    fn what_is_not_a_key_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let read_with = |contents: &str| {
            std::fs::write(&path, contents).unwrap();
            read_signer_key(&path).unwrap_err()
        };
        assert!(matches!(read_with(&"0".repeat(70_000)), KeyFileError::TooLarge(_)));
        for bad in ["", "# signer 0x00\n", "01", &format!("{0}\n{0}\n", "01".repeat(32))] {
            let error = read_with(bad);
            assert!(matches!(error, KeyFileError::Signer { .. }), "{error}");
            assert!(!error.to_string().contains("0101"), "{error}");
        }
        let missing = read(&folder.path().join("missing")).unwrap_err();
        assert!(matches!(missing, KeyFileError::Read { .. }));
        let nowhere = create_new(&folder.path().join("no/such/key"), b"x").unwrap_err();
        assert!(matches!(nowhere, KeyFileError::Write { .. }));
    }
}
