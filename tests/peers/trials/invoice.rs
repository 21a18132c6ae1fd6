//! Invoices, by the library that the deployed client has them from.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use namesys::invoice::{Invoice, PrivateKey, open, seal};
use namesys::secret::Secret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::runtime;
use crate::support::process;
use crate::support::sandbox::Sandbox;

/// It searches primes without a compiler's help.
const LIMIT: Duration = Duration::from_secs(300);

/// Of new keys each time: they are the same, it reads ours, we read its.
pub fn both_ways() -> Result<()> {
    let mut okms = [[0_u8; 42]; 2];
    okms.iter_mut().try_for_each(|okm| getrandom::fill(okm))?;
    let seeds = okms.map(|okm| <[u8; 32]>::from(Sha256::digest(okm)));
    let keys = seeds.map(|seed| PrivateKey::from_seed(Secret::new(seed)));
    let invoices = [
        r#"{"payer":"nick.eth","payee":"0x839B3B540A9572448FD1B2335e0EB09Ac1A02885","amount":"0.42"}"#,
        r#"{"payer":"bücher.eth","payee":"ñandú.eth","amount":"1"}"#,
    ];
    let mut cases = Vec::new();
    for ((okm, key), text) in okms.iter().zip(&keys).zip(invoices) {
        let stealth = seal(&text.parse::<Invoice>()?, &key.public())?.to_string();
        let okm = alloy_primitives::hex::encode(okm);
        cases.push(json!({ "okm": okm, "invoice": text, "stealth": stealth }));
    }
    let input = json!({ "cases": cases }).to_string();
    let mut client = Command::new("node");
    let ended = process::run(client.arg(runtime::cryptico()?), input.as_bytes(), LIMIT)?;
    ensure!(ended.status.success(), "{}", ended.stderr);
    let answers: Vec<Value> = serde_json::from_str(&ended.stdout)?;
    ensure!(answers.len() == 2, "{answers:?}");
    for ((answer, key), text) in answers.iter().zip(&keys).zip(invoices) {
        ensure!(answer["rsa"] == key.public().to_string(), "another key: {answer}");
        ensure!(answer["read"]["plaintext"] == text, "{answer}");
        let theirs = answer["stealth"].as_str().context("stealth")?;
        ensure!(open(theirs, key)?.to_string() == text, "{answer}");
    }
    by_the_program(&seeds[0], &answers[0])
}

/// The same by its command, with the key as a file.
fn by_the_program(seed: &[u8; 32], answer: &Value) -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("invoice.key", alloy_primitives::hex::encode(seed))?;
    sandbox.write("stealth.txt", answer["stealth"].as_str().context("stealth")?)?;
    let key = ["--invoice-key-file", "invoice.key"];
    let shown = sandbox.ok(["invoice", "show", "--text", "stealth.txt", key[0], key[1]])?;
    ensure!(shown["payer"] == "nick.eth" && shown["amount"] == "0.42", "{shown}");
    Ok(())
}
