//! Web3 Secret Storage (keystore v3) files, as foundry, geth and MetaMask write them.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use alloy::signers::local::{LocalSignerError, PrivateKeySigner};
use serde::Deserialize;
use zeroize::Zeroize;

use super::error::{KeystoreError, WalletError};
use super::local::LocalWallet;
use crate::json;
use crate::keys::SignerKey;
use crate::secret::{Secret, SecretString};

/// Largest keystore file that is read, bytes.
const MAX_FILE: u64 = 64 << 10;
/// Most memory scrypt may ask for, bytes: four times what geth's keystores take.
const MAX_SCRYPT_MEMORY: u64 = 1 << 30;
/// Most scrypt parallelisation, and most PBKDF2 rounds.
const MAX_SCRYPT_P: u64 = 16;
const MAX_PBKDF2_ROUNDS: u64 = 10_000_000;

#[derive(Deserialize)]
struct Header {
    version: u64,
    crypto: Crypto,
}

#[derive(Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParams,
    ciphertext: String,
    kdf: String,
    kdfparams: KdfParams,
}

#[derive(Deserialize)]
struct CipherParams {
    iv: String,
}

#[derive(Deserialize)]
struct KdfParams {
    dklen: u64,
    n: Option<u64>,
    r: Option<u64>,
    p: Option<u64>,
    c: Option<u64>,
    prf: Option<String>,
}

impl KdfParams {
    fn is_bounded_scrypt(&self) -> bool {
        let (Some(n), Some(r), Some(p), None) = (self.n, self.r, self.p, self.c) else {
            return false;
        };
        let memory = n.checked_mul(r).and_then(|blocks| blocks.checked_mul(128));
        n.is_power_of_two()
            && n > 1
            && r > 0
            && (1..=MAX_SCRYPT_P).contains(&p)
            && memory.is_some_and(|bytes| bytes <= MAX_SCRYPT_MEMORY)
    }

    fn is_bounded_pbkdf2(&self) -> bool {
        self.prf.as_deref() == Some("hmac-sha256")
            && self.c.is_some_and(|rounds| (1..=MAX_PBKDF2_ROUNDS).contains(&rounds))
    }
}

/// Opens the keystore file at `path`.
///
/// # Errors
/// [`KeystoreError::WrongPassword`], and the others of [`KeystoreError`] for files that are not
/// keystores or ask for more work than any wallet writes.
pub fn open_keystore(path: &Path, password: &SecretString) -> Result<LocalWallet, WalletError> {
    check_keystore(path)?;
    let signer = PrivateKeySigner::decrypt_keystore(path, password.expose().as_bytes())
        .map_err(|error| decryption_error(path, &error))?;
    let mut scalar = signer.to_bytes();
    let key = SignerKey::from_scalar(&Secret::new(scalar.0));
    scalar.0.zeroize();
    Ok(LocalWallet::new(key?, format!("keystore {}", path.display())))
}

/// The file of foundry's account `name` in the keystores folder (`~/.foundry/keystores`).
///
/// # Errors
/// [`KeystoreError::NoAccount`], listing the accounts that are there.
pub fn account_path(folder: &Path, name: &str) -> Result<PathBuf, KeystoreError> {
    let mut parts = Path::new(name).components();
    let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    let path = folder.join(name);
    if plain && path.is_file() {
        return Ok(path);
    }
    let mut known: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .take(100)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    known.sort();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(KeystoreError::NoAccount { name: name.to_owned(), folder: folder.to_owned(), known })
}

/// Whether the file at `path` can be opened as a keystore at all: what there is no point in asking
/// a password for, eth-keystore would choke on, or take for ever over.
///
/// # Errors
/// [`KeystoreError::Read`] and [`KeystoreError::Format`].
pub fn check_keystore(path: &Path) -> Result<(), KeystoreError> {
    let read = |source| KeystoreError::Read { path: path.to_owned(), source };
    let format =
        |reason: &str| KeystoreError::Format { path: path.to_owned(), reason: reason.into() };
    let mut text = String::new();
    let mut file = File::open(path).map_err(read)?.take(MAX_FILE + 1);
    file.read_to_string(&mut text).map_err(read)?;
    if text.len() as u64 > MAX_FILE {
        return Err(format("it is larger than 64 KiB"));
    }
    let header: Header = json::from_str(&text).map_err(|error| format(&error.to_string()))?;
    let params = &header.crypto.kdfparams;
    let work = match header.crypto.kdf.as_str() {
        "scrypt" => params.is_bounded_scrypt(),
        "pbkdf2" => params.is_bounded_pbkdf2(),
        other => return Err(format(&format!("key derivation {other:?} is not known"))),
    };
    if header.version != 3 {
        return Err(format(&format!("its version is {}", header.version)));
    }
    if header.crypto.cipher != "aes-128-ctr" {
        return Err(format(&format!("cipher {:?} is not known", header.crypto.cipher)));
    }
    // eth-keystore panics on an IV of another length, and pads shorter keys.
    if header.crypto.cipherparams.iv.len() != 32 || header.crypto.ciphertext.len() != 64 {
        return Err(format("its IV has not 16 bytes, or its ciphertext not 32"));
    }
    if params.dklen != 32 || !work {
        return Err(format("its key derivation parameters are missing, malformed or excessive"));
    }
    Ok(())
}

fn decryption_error(path: &Path, error: &LocalSignerError) -> KeystoreError {
    let reason = error.to_string();
    if reason.contains("Mac Mismatch") {
        KeystoreError::WrongPassword(path.to_owned())
    } else {
        KeystoreError::Format { path: path.to_owned(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::Wallet;

    /// From the Web3 Secret Storage definition; the password is `testpassword`.
    const PBKDF2: &str = r#"{"crypto":{"cipher":"aes-128-ctr",
        "cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256",
        "salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
        "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
        "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;

    fn open(text: &str, password: &str) -> Result<LocalWallet, WalletError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        std::fs::write(&path, text).unwrap();
        open_keystore(&path, &SecretString::new(password.into()))
    }

    /// As foundry writes it: scrypt with n = 8192.
    fn written_by_eth_keystore(folder: &Path) -> &'static str {
        use k256::elliptic_curve::rand_core::OsRng;
        PrivateKeySigner::encrypt_keystore(folder, &mut OsRng, [1; 32], "pw", Some("me")).unwrap();
        "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1"
    }

    #[test]
    fn round_trip_and_wrong_password() {
        let folder = tempfile::tempdir().unwrap();
        let address = written_by_eth_keystore(folder.path());
        let path = account_path(folder.path(), "me").unwrap();
        let wallet = open_keystore(&path, &SecretString::new("pw".into())).unwrap();
        assert_eq!(wallet.address().to_string(), address);
        let error = open_keystore(&path, &SecretString::new("wrong".into())).unwrap_err();
        assert!(matches!(error, WalletError::Keystore(KeystoreError::WrongPassword(_))), "{error}");
    }

    #[test]
    fn the_definitions_pbkdf2_example() {
        // Its key is 7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d.
        let wallet = open(PBKDF2, "testpassword").unwrap();
        assert_eq!(
            wallet.address().to_string().to_lowercase(),
            "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b"
        );
    }

    #[test]
    fn malformed_and_excessive_files_are_refused() {
        for (from, to) in [
            ("\"version\":3", "\"version\":1"),
            ("aes-128-ctr", "aes-256-ctr"),
            ("262144", "4000000000"),
            ("\"dklen\":32", "\"dklen\":16"),
            ("6087dab2", ""),
            ("5318b4d5", ""),
            ("\"pbkdf2\"", "\"scrypt\""),
            ("hmac-sha256", "hmac-sha1"),
            ("{\"crypto\"", "{\"krypto\""),
        ] {
            let text = PBKDF2.replacen(from, to, 1);
            assert_ne!(text, PBKDF2);
            let error = open(&text, "testpassword").unwrap_err();
            assert!(
                matches!(error, WalletError::Keystore(KeystoreError::Format { .. })),
                "{from}: {error}"
            );
        }
        let scrypt =
            r#""kdf":"scrypt","kdfparams":{"n":2147483648,"r":8,"p":1,"dklen":32,"salt":"00"}"#;
        let huge = PBKDF2.split("\"kdf\"").next().unwrap().to_owned()
            + scrypt
            + r#","mac":"00"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
        assert!(open(&huge, "").unwrap_err().to_string().contains("excessive"));
        assert!(open(&" ".repeat(70_000), "").unwrap_err().to_string().contains("64 KiB"));
    }

    #[test]
    fn account_names_do_not_leave_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("alice"), "{}").unwrap();
        assert!(account_path(folder.path(), "alice").is_ok());
        for bad in ["../alice", "", ".", "/etc/passwd", "bob"] {
            let error = account_path(folder.path(), bad).unwrap_err();
            assert!(error.to_string().ends_with("it has: alice"), "{error}");
        }
    }
}
