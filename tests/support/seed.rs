//! The keys of the devices in the tests: BIP-32 over foundry's words, by alloy.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use alloy::signers::local::MnemonicBuilder;
use alloy::signers::local::coins_bip39::English;
use alloy_primitives::Address;
use k256::ecdsa::SigningKey;

pub const WORDS: &str = "test test test test test test test test test test test junk";

/// What was stretched before.
type Known = HashMap<(Vec<u32>, String), SigningKey>;

/// The key at a path, hardened levels with the highest bit.
pub fn key(path: &[u32], passphrase: &str) -> SigningKey {
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    let made = || {
        let level = |level: &u32| match level.checked_sub(1 << 31) {
            Some(hardened) => format!("/{hardened}'"),
            None => format!("/{level}"),
        };
        let text: String = path.iter().map(level).collect();
        let builder = MnemonicBuilder::<English>::default().phrase(WORDS).password(passphrase);
        let signer = builder.derivation_path(format!("m{text}")).unwrap().build().unwrap();
        SigningKey::from_slice(signer.to_bytes().as_slice()).unwrap()
    };
    known.entry((path.to_vec(), passphrase.to_owned())).or_insert_with(made).clone()
}

pub fn address(key: &SigningKey) -> Address {
    Address::from_private_key(key)
}

/// A path as numbers.
pub fn levels(path: &str) -> Vec<u32> {
    let level = |text: &str| match text.strip_suffix('\'') {
        Some(hardened) => hardened.parse::<u32>().unwrap() | 1 << 31,
        None => text.parse().unwrap(),
    };
    path.split('/').skip(1).map(level).collect()
}
