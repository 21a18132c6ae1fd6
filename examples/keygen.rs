//! Derives both keys of a name from a wallet, as `namesys keygen` does.
//!
//! `cargo run --example keygen` uses the key of anvil's first account, which everybody knows.

#![allow(clippy::print_stdout)]

use namesys::ens::Name;
use namesys::keys::{Compat, Derivation, IpnsKey, KeyPlan, SignerKey, Storage};
use namesys::request::Caip10;
use namesys::secret::SecretString;

const WALLET: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wallet = SignerKey::from_hex(&SecretString::new(WALLET.to_owned()))?;
    let password = SecretString::new(String::new());
    let plan = KeyPlan {
        name: Name::parse("nick.eth")?,
        storage: Storage::Domain,
        signer_storage: Storage::Domain,
        wallet: Caip10::new(1, wallet.address()),
        derivation: Derivation::Noble17,
        compat: Compat::Specification,
    };
    // What a wallet shows to a person before it signs.
    let (sign1, sign2) = (plan.sign1(&password), plan.sign2(&password));
    println!("{sign1}\n\n{sign2}\n");

    let ipns = IpnsKey::from_seed(&plan.ipns_seed(&wallet.sign(&sign1), &password));
    let signer = plan.signer(&wallet.sign(&sign2), &password)?;
    println!("IPNS name  {}", ipns.name());
    println!("signer     {}", signer.address());
    Ok(())
}
