//! What the deployed client's own library made, byte for byte.

use alloy_primitives::hex;
use serde_json::Value;

use super::{Invoice, PrivateKey, PublicKey, open, seal};
use crate::ens::Name;
use crate::keys::{Compat, Derivation, KeyPlan, SignerKey, Storage};
use crate::request::{Caip10, EncryptionKey};
use crate::secret::{Secret, SecretString};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors/stealth.json")).unwrap()
}

#[test]
fn stealth_vectors() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    // Searching primes takes its time where nothing is optimised: one thread for each.
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || check(case));
        }
    });
}

fn check(case: &Value) {
    let field = |name: &str| case[name].as_str().unwrap();
    let wallet = SignerKey::from_hex(&SecretString::new(field("wallet_private_key").into()));
    let wallet = wallet.unwrap();
    let storage = match field("storage") {
        "recordhash" => Storage::Domain,
        _ => Storage::Wallet,
    };
    let plan = KeyPlan {
        name: Name::parse(field("ens")).unwrap(),
        storage,
        signer_storage: storage,
        wallet: Caip10::new(case["chain_id"].as_u64().unwrap(), wallet.address()),
        derivation: Derivation::default(),
        compat: Compat::default(),
    };
    let password = SecretString::new(field("password").into());
    let request = plan.sign_encryption(EncryptionKey::Rsa2048, &password);
    assert_eq!(request.to_string(), field("text"));
    assert!(request.step().gives_keys());
    let signature = wallet.sign(&request);
    assert_eq!(format!("{signature:x}"), field("signature"));
    let seed = plan.invoice_seed(&signature, &password);
    assert_eq!(hex::encode(seed.expose()), field("rsa_seed_hex"));

    let key = PrivateKey::from_seed(seed);
    assert_eq!(key.primes.map(|prime| format!("{prime:x}")), ["p", "q"].map(field));
    assert_eq!(key.exponent().trim_start_matches('0'), field("d"));
    assert_eq!(key.public().to_string(), field("text_rsa"));
    let with_more = format!("{}|anything", field("text_rsa"));
    assert_eq!(with_more.parse::<PublicKey>(), Ok(key.public()));

    let opened = open(field("text_stealth_example"), &key).unwrap();
    assert_eq!(opened.to_string(), field("invoice"));
    let sealed = seal(&opened, &key.public()).unwrap();
    assert_eq!(open(&sealed.to_string(), &key), Ok(opened));
    assert!(!format!("{key:?}").contains(field("rsa_seed_hex")));
}

#[test]
fn the_text_of_2023_and_the_other_key() {
    let name = Name::parse("nick.eth").unwrap();
    let wallet = Caip10::new(1, alloy_primitives::Address::repeat_byte(7));
    let plan = KeyPlan {
        name,
        storage: Storage::Wallet,
        signer_storage: Storage::Wallet,
        wallet,
        derivation: Derivation::default(),
        compat: Compat::default(),
    };
    let text = |kind| plan.sign_encryption(kind, &SecretString::new(String::new())).to_string();
    let (now, then) = (text(EncryptionKey::Rsa2048), text(EncryptionKey::Rsa1048));
    assert_eq!(then, now.replace("RSA-2048", "RSA-1048"));
    assert!(then.contains("\n\nOrigin: nick.eth\nKey Type: RSA-1048\nExtradata: 0x"), "{then}");
}

/// A key of a vector, for the tests of what is encrypted to it.
pub fn example() -> (PrivateKey, Value) {
    let case = vectors()["cases"][0].clone();
    let seed = hex::decode(case["rsa_seed_hex"].as_str().unwrap()).unwrap();
    let key = PrivateKey::from_seed(Secret::new(seed.try_into().unwrap()));
    (key, case)
}

#[test]
fn an_invoice_for_another() {
    let other = &vectors()["cases"][1]["text_stealth_example"];
    let (key, _) = example();
    let error = open(other.as_str().unwrap(), &key).unwrap_err();
    assert_eq!(error, super::OpenError::OtherKey);
}

#[test]
fn an_invoice_reads_as_it_is_written() {
    let text = r#"{"payer":"nick.eth","payee":"shop.alice.eth","amount":"0.420"}"#;
    assert_eq!(text.parse::<Invoice>().unwrap().to_string(), text);
}
