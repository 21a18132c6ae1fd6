//! Web3 Secret Storage (keystore v3) files, as foundry, geth, ethers, brownie and others write them.

mod aes128;
mod file;
mod scrypt;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::Address;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use self::file::Keystore;
use super::error::{KeystoreError, WalletError};
use super::local::LocalWallet;
use crate::keys::SignerKey;
use crate::secret::{SecretBytes, SecretString};

/// Largest keystore file that is read, bytes.
const MAX_FILE: u64 = 64 << 10;

/// Opens the keystore file at `path`.
///
/// # Errors
/// [`KeystoreError::WrongPassword`], and the others of [`KeystoreError`] for files that are not
/// keystores or ask for more work than any wallet writes.
pub fn open_keystore(path: &Path, password: &SecretString) -> Result<LocalWallet, WalletError> {
    let keystore = read(path)?;
    let format = |reason| KeystoreError::Format { path: path.to_owned(), reason };
    let mut key = keystore.open(password.expose().as_bytes()).map_err(format)?;
    if key.is_none() {
        // As ethers has it; geth and foundry take the bytes as they are typed.
        let composed = Zeroizing::new(password.expose().nfkc().collect::<String>());
        if *composed != *password.expose() {
            key = keystore.open(composed.as_bytes()).map_err(format)?;
        }
    }
    let key = key.ok_or_else(|| KeystoreError::WrongPassword(path.to_owned()))?;
    Ok(LocalWallet::new(key, format!("keystore {}", path.display())))
}

/// A keystore file with `key`, as foundry writes it: scrypt with n = 8192.
///
/// # Errors
/// When there is no folder for temporary files.
pub fn keystore_text(key: &SignerKey, password: &SecretString) -> io::Result<SecretBytes> {
    use k256::elliptic_curve::rand_core::OsRng;
    // What is there meanwhile is encrypted, and the folder the user's own.
    let folder = tempfile::tempdir()?;
    let scalar = Zeroizing::new(*key.scalar().expose());
    let (password, name) = (password.expose(), Some("key"));
    PrivateKeySigner::encrypt_keystore(folder.path(), &mut OsRng, *scalar, password, name)
        .map_err(io::Error::other)?;
    Ok(SecretBytes::new(std::fs::read(folder.path().join("key"))?))
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
/// a password for, or would take for ever.
///
/// # Errors
/// [`KeystoreError::Read`] and [`KeystoreError::Format`].
pub fn check_keystore(path: &Path) -> Result<(), KeystoreError> {
    read(path).map(drop)
}

/// Whose the keystore file at `path` says that it is, where it says so; only its password shows
/// whether that is true.
///
/// # Errors
/// As [`check_keystore`].
pub fn keystore_address(path: &Path) -> Result<Option<Address>, KeystoreError> {
    read(path).map(|keystore| keystore.address)
}

fn read(path: &Path) -> Result<Keystore, KeystoreError> {
    let read = |source| KeystoreError::Read { path: path.to_owned(), source };
    let format = |reason| KeystoreError::Format { path: path.to_owned(), reason };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format("it is larger than 64 KiB".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| format("it is not UTF-8".to_owned()))?;
    Keystore::parse(&text).map_err(format)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::Wallet;
    use alloy::signers::local::PrivateKeySigner;

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

    /// The definition's other example, with r = 1 and the same key and password.
    const SCRYPT: &str = r#"{"crypto":{"cipher":"aes-128-ctr",
        "cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
        "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
        "kdf":"scrypt","kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,
        "salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
        "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},
        "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;

    #[test]
    fn the_definitions_scrypt_example() {
        let wallet = open(SCRYPT, "testpassword").unwrap();
        assert_eq!(
            wallet.address().to_string().to_lowercase(),
            "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b"
        );
    }

    /// As ethers 6 writes it, with a cheaper derivation; the password is `pw`.
    const ETHERS: &str = r#"{"address":"d12fb81549e91aca6c9afb516b94ca4ad7ff3563","Crypto":{
        "cipher":"aes-128-ctr","cipherparams":{"iv":"28262f1d0f8d9dd61cbfe51ae9c5dbe0"},
        "ciphertext":"d10fd32dd8b6474d3b8a46273f61ee7f12f171e068d42bed1276762bfddb7a8d",
        "kdf":"pbkdf2","kdfparams":{"dklen":32,"c":1000,"prf":"hmac-sha256",
        "salt":"b4b6324e4955c8bf565cdfc5e7f81a8005482f225f9563c0bd251b637fce5c84"},
        "mac":"12ec29c46e1ea972b90eb299d0845576f6ac15a265a38d1400d475d0906a6414"},
        "id":"ae09869b-60e3-4802-8655-56c13ef82d52","version":3}"#;

    #[test]
    fn keystores_as_the_world_writes_them() {
        const ID: &str = "\"id\":\"ae09869b-60e3-4802-8655-56c13ef82d52\",";
        for (what, from, to) in [
            ("Crypto", "", ""),
            ("crypto", "Crypto", "crypto"),
            ("no id", ID, ""),
            ("an id that is no UUID", ID, "\"id\":\"1\","),
            ("an id that is none", ID, "\"id\":null,"),
            ("no address", "\"address\":\"d12fb81549e91aca6c9afb516b94ca4ad7ff3563\",", ""),
            ("an empty address", "d12fb81549e91aca6c9afb516b94ca4ad7ff3563", ""),
            ("an address with 0x", "\"d12fb81549e91aca", "\"0xD12fb81549E91aCa"),
            ("no dklen", "\"dklen\":32,", ""),
            ("a longer dklen", "\"dklen\":32,", "\"dklen\":64,"),
            ("KDF", "pbkdf2", "PBKDF2"),
            ("PRF", "hmac-sha256", "HMAC-SHA256"),
            ("no prf", "\"prf\":\"hmac-sha256\",", ""),
            ("CIPHER", "aes-128-ctr", "AES-128-CTR"),
            ("0x of an iv", "\"28262f", "\"0x28262F"),
            ("0x of a mac", "\"12ec", "\"0x12ec"),
            ("a version in quotes", "\"version\":3", "\"version\":\"3\""),
            ("a byte order mark", "{\"address\"", "\u{feff}{\"address\""),
        ] {
            let text = ETHERS.replacen(from, to, usize::from(!from.is_empty()));
            assert!(from.is_empty() || text != ETHERS, "{what}");
            let wallet = open(&text, "pw").unwrap_or_else(|error| panic!("{what}: {error}"));
            let address = "0xd12fb81549E91aCa6c9aFb516b94Ca4ad7FF3563";
            assert_eq!(wallet.address().to_string(), address, "{what}");
        }
        let other = ETHERS.replacen("d12fb815", "d12fb816", 1);
        let error = open(&other, "pw").unwrap_err().to_string();
        assert!(error.contains("it says its address is"), "{error}");
    }

    #[test]
    fn passwords_are_taken_as_typed_or_composed() {
        use k256::elliptic_curve::rand_core::OsRng;
        let folder = tempfile::tempdir().unwrap();
        // Composed, as ethers does before it encrypts.
        let encrypt = |name: &str, password: &str| {
            let dir = folder.path();
            PrivateKeySigner::encrypt_keystore(dir, &mut OsRng, [1; 32], password, Some(name))
                .unwrap();
            dir.join(name)
        };
        let (composed, typed) = (encrypt("composed", "\u{e9}"), encrypt("typed", "e\u{301}"));
        for path in [&composed, &typed] {
            open_keystore(path, &SecretString::new("e\u{301}".into())).unwrap();
        }
        assert!(open_keystore(&typed, &SecretString::new("\u{e9}".into())).is_err());
    }

    #[test]
    fn what_is_wrong_is_told_in_words() {
        for (from, to, told) in [
            ("\"version\":3", "\"version\":1", "its version is 1"),
            ("aes-128-ctr", "aes-128-cbc", "the cipher \"aes-128-cbc\" is not known"),
            ("\"mac\"", "\"mak\"", "crypto has no mac"),
            ("\"c\":1000", "\"c\":\"many\"", "its c is no number"),
            ("\"c\":1000", "\"c\":4000000000", "excessive"),
            ("\"c\":1000", "\"c\":0", "are none"),
            ("28262f1d", "", "its iv has 12 bytes, and not 16"),
            ("{\"address\"", "[\"address\"", "it is not JSON"),
            ("\"Crypto\":", "\"Crypto\":1,\"x\":", "crypto is no object"),
        ] {
            let text = ETHERS.replacen(from, to, 1);
            let error = open(&text, "pw").unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        for (n, r, p) in
            [(1_u64 << 31, 8, 1), (1 << 20, 8, 2), (1 << 14, 8, 128), (1 << 22, 1_u64 << 40, 1)]
        {
            let scrypt =
                format!("\"kdf\":\"scrypt\",\"kdfparams\":{{\"n\":{n},\"r\":{r},\"p\":{p},");
            let text = ETHERS.replacen("\"kdf\":\"pbkdf2\",\"kdfparams\":{", &scrypt, 1);
            let text = text.replace('\n', "");
            let error = open(&text, "pw").unwrap_err().to_string();
            assert!(error.contains("excessive"), "n = {n}, r = {r}, p = {p}: {error}");
        }
    }

    #[test]
    fn malformed_and_excessive_files_are_refused() {
        for (from, to) in [
            ("\"version\":3", "\"version\":1"),
            ("aes-128-ctr", "aes-256-ctr"),
            ("262144", "4000000000"),
            ("\"dklen\":32", "\"dklen\":16"),
            ("6087dab2", ""),
            ("5318b4d5", "5318b4d500"),
            ("\"salt\":\"ae", "\"salt\":\"zz"),
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
