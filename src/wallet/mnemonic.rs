//! BIP-39 mnemonics (English).

use alloy::signers::local::coins_bip39::{English, Wordlist};
use alloy::signers::local::{LocalSignerError, MnemonicBuilder};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use super::error::{MnemonicError, WalletError};
use super::hd_path::HdPath;
use super::local::LocalWallet;
use crate::keys::SignerKey;
use crate::secret::{Secret, SecretString};

/// The account of `phrase` at `path`: English BIP-39 words in any case, any white space between
/// them. Lines that start with `#` do not count, and neither do numbers.
///
/// # Errors
/// [`MnemonicError`] for what is not a mnemonic: its length, the places of words that are not in
/// the list, and its checksum apart.
pub fn open_mnemonic(phrase: &SecretString, path: &HdPath) -> Result<LocalWallet, WalletError> {
    open_mnemonic_with(phrase, &SecretString::new(String::new()), path)
}

/// As [`open_mnemonic`], with the passphrase of BIP-39, which some call the 25th word: another one
/// gives other accounts, and the empty one is none. It is taken in Unicode's form NFKD.
///
/// # Errors
/// As [`open_mnemonic`].
pub fn open_mnemonic_with(
    phrase: &SecretString,
    passphrase: &SecretString,
    path: &HdPath,
) -> Result<LocalWallet, WalletError> {
    let joined = joined(phrase)?;
    let count = joined.split(' ').count();
    let passphrase = Zeroizing::new(passphrase.expose().nfkd().collect::<String>());
    let signer = MnemonicBuilder::from_phrase(joined.as_str())
        .derivation_path(path.to_string())
        .map_err(|_| MnemonicError::Path(path.to_string()))?
        .password(passphrase.as_str())
        .build()
        .map_err(|_: LocalSignerError| MnemonicError::Checksum { words: count })?;
    let mut scalar = signer.to_bytes();
    let key = SignerKey::from_scalar(&Secret::new(scalar.0));
    scalar.0.zeroize();
    Ok(LocalWallet::new(key?, format!("mnemonic account {path}")))
}

/// The words with one space between them, all of which are in the list.
fn joined(phrase: &SecretString) -> Result<Zeroizing<String>, MnemonicError> {
    let text = phrase.expose().trim_start_matches('\u{feff}');
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let is_number = |word: &&str| word.trim_end_matches(['.', ')', ':']).parse::<u8>().is_ok();
    let words = lines.flat_map(str::split_whitespace).filter(|word| !is_number(word));
    let mut joined = Zeroizing::new(String::with_capacity(text.len()));
    let (mut count, mut places) = (0, Vec::new());
    for word in words {
        let lower = Zeroizing::new(word.to_lowercase());
        count += 1;
        if English::get_index(&lower).is_err() {
            places.push(count);
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&lower);
    }
    if !matches!(count, 12 | 15 | 18 | 21 | 24) {
        return Err(MnemonicError::Length { words: count });
    }
    if !places.is_empty() {
        return Err(MnemonicError::Words { words: count, places });
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::Wallet;

    const PHRASE: &str = "test test test test test test test test test test test junk";

    fn address(phrase: &str, path: &str) -> Result<String, WalletError> {
        let wallet = open_mnemonic(&SecretString::new(phrase.into()), &path.parse()?)?;
        Ok(wallet.address().to_string())
    }

    #[test]
    fn foundry_test_accounts() {
        let first = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        assert_eq!(address(PHRASE, "m/44'/60'/0'/0/0").unwrap(), first);
        assert_eq!(address(PHRASE, "m/44h/60h/0h/0/0").unwrap(), first);
        assert_eq!(
            address(&format!(" {} \n", PHRASE.replace(' ', "  ")), "m/44'/60'/0'/0/0").unwrap(),
            first
        );
        let second =
            open_mnemonic(&SecretString::new(PHRASE.into()), &HdPath::ethereum(1).unwrap());
        assert_eq!(
            second.unwrap().describe(),
            "mnemonic account m/44'/60'/0'/0/1 (0x70997970C51812dc3A010C7d01b50e0d17dc79C8)"
        );
    }

    /// The address is computed by a program of its own from BIP-39 and BIP-32.
    #[test]
    fn a_passphrase_gives_other_accounts() {
        let open = |passphrase: &str| {
            let (words, passphrase) = (PHRASE.to_owned().into(), passphrase.to_owned().into());
            open_mnemonic_with(&words, &passphrase, &HdPath::ethereum(0).unwrap()).unwrap()
        };
        assert_eq!(open("").address().to_string(), address(PHRASE, "m/44'/60'/0'/0/0").unwrap());
        assert_eq!(
            open("TREZOR").address().to_string(),
            "0x9313778B3753108128B9c476EBDd42FbD566F4Ed"
        );
        // Both ways to write the letter.
        assert_eq!(open("caf\u{e9}").address(), open("cafe\u{301}").address());
        assert_eq!(
            open("caf\u{e9}").address().to_string(),
            "0x58c961550A6716E5Fb412ad23b918745F55B5cE5"
        );
    }

    #[test]
    fn phrases_as_people_write_them_down() {
        let first = address(PHRASE, "m/44'/60'/0'/0/0").unwrap();
        let numbered: Vec<String> =
            PHRASE.split(' ').enumerate().map(|(at, word)| format!("{}. {word}", at + 1)).collect();
        for phrase in [
            PHRASE.to_uppercase(),
            format!("# of the old laptop\n{PHRASE}\n"),
            format!("\u{feff}{}", PHRASE.replace(' ', "\r\n")),
            PHRASE.replace(' ', "\u{3000}"),
            numbered.join("\n"),
        ] {
            assert_eq!(address(&phrase, "m/44'/60'/0'/0/0").unwrap(), first, "{phrase}");
        }
    }

    #[test]
    fn bad_phrases_are_refused_and_not_quoted() {
        for (bad, told) in [
            (String::new(), "it has 0 words"),
            ("test junk".to_owned(), "it has 2 words"),
            (PHRASE.replace("junk", "test"), "checksum is wrong"),
            (PHRASE.replace("junk", "namesys"), "of its 12 words number 12 is not in"),
            (PHRASE.replacen("test", "tset", 2), "numbers 1 and 2 are not in"),
        ] {
            let error = address(&bad, "m/44'/60'/0'/0/0").unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
            for word in ["test", "tset", "junk", "namesys"] {
                assert!(!error.contains(word), "{error}");
            }
        }
    }

    #[test]
    fn bad_paths_are_refused() {
        let long = format!("m{}", "/0".repeat(17));
        for bad in ["", "m", "m/", "44'/60'", "m/x", "m/-1", "m/2147483648", "m/1''", "m/+1", &long]
        {
            assert_eq!(bad.parse::<HdPath>(), Err(MnemonicError::Path(bad.into())), "{bad}");
        }
        assert!(HdPath::ethereum(1 << 31).is_err());
    }
}
