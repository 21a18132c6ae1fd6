//! Wallets as a person has them: what is asked, and what is said of it.

use anyhow::{Result, ensure};

use crate::support::sandbox::Sandbox;
use crate::typed::typed;

const KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const PASSWORD: &str = "NameSys password";

fn workspace() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.ok(["init", "nick.eth"])?;
    sandbox.ok(["set", "text", "url", "https://example.com"])?;
    sandbox.write("wallet.key", KEY)?;
    Ok(sandbox)
}

const WALLET: [&str; 2] = ["--private-key-file", "wallet.key"];

#[test]
fn the_password_is_explained_typed_twice_and_then_recognised() -> Result<()> {
    let sandbox = workspace()?;
    let keygen = [&["keygen"], &WALLET[..]].concat();
    let (code, shown) = typed(
        &sandbox,
        &keygen,
        &[],
        &[
            (PASSWORD, "correct\r"),
            ("Once more", "corect\r"),
            ("They differ", ""),
            (PASSWORD, "correct\r"),
            ("Once more", "correct\r"),
        ],
    )?;
    ensure!(code == 0, "{code}: {shown}");
    ensure!(shown.contains("cannot be changed or recovered"), "{shown}");
    ensure!(shown.contains("give the same keys"), "{shown}");
    ensure!(!shown.contains("correct"), "{shown}");

    // Now a mistake is seen, and there are three tries.
    let sign = [&["sign"], &WALLET[..]].concat();
    let (code, shown) =
        typed(&sandbox, &sign, &[], &[(PASSWORD, "wrong\r"), ("not the keys", "correct\r")])?;
    ensure!(code == 0 && shown.matches("not the keys").count() == 1, "{code}: {shown}");
    ensure!(!shown.contains("cannot be changed"), "it is chosen already: {shown}");
    let (code, shown) = typed(
        &sandbox,
        &[&sign[..], &["--force"]].concat(),
        &[],
        &[(PASSWORD, "wrong\r"), ("Try again", "wrong\r"), ("Try again", "wrong\r")],
    )?;
    ensure!(code == 1 && shown.matches("Try again").count() == 2, "{code}: {shown}");
    ensure!(shown.contains("not the keys of this workspace"), "{shown}");

    // Whoever gave it is not asked.
    let wrong = [("NAMESYS_KEY_PASSWORD", "wrong")];
    let (code, shown) = typed(&sandbox, &[&sign[..], &["--force"]].concat(), &wrong, &[])?;
    ensure!(code == 1 && !shown.contains("Try again"), "{code}: {shown}");
    Ok(())
}

const WORDS: &str = "test test test test test test test test test test test junk";
const EMPTY: [(&str, &str); 1] = [("NAMESYS_KEY_PASSWORD", "")];

/// Whoever gives no wallet chooses one, and need not the next time.
#[test]
fn a_wallet_is_chosen_and_remembered() -> Result<()> {
    let sandbox = workspace()?;
    let keystore = std::fs::read("tests/cli/wallets.in/keystore.json")?;
    sandbox.write(".foundry/keystores/me", keystore)?;
    let password = ("Password of the keystore", "hunter2\r");
    let (code, shown) = typed(
        &sandbox,
        &["keygen"],
        &EMPTY,
        &[("Which wallet?", "\r"), password, ("from now on", "y\r")],
    )?;
    ensure!(code == 0 && shown.contains("the keystore me"), "{code}: {shown}");
    let config = sandbox.read(".config/namesys/config.toml")?;
    ensure!(config == b"account = \"me\"\n", "{}", String::from_utf8_lossy(&config));
    let (code, shown) = typed(&sandbox, &["keygen"], &EMPTY, &[password])?;
    ensure!(code == 0 && !shown.contains("Which wallet?"), "{code}: {shown}");
    let listed = sandbox.ok(["wallet", "list"])?;
    let first = &listed["wallets"][0];
    ensure!(first["kind"] == "keystore" && first["default"] == true, "{listed}");
    Ok(())
}

/// A mnemonic that is typed is not shown, nor is its passphrase; nothing of it is remembered.
#[test]
fn a_mnemonic_is_typed() -> Result<()> {
    let sandbox = workspace()?;
    let (words, down) = (format!("{WORDS}\r"), "\u{1b}[B");
    let third = format!("{down}{down}\r");
    let typing = [("Mnemonic (", &words[..]), ("BIP-39 passphrase", "TREZOR\r")];
    let chosen = [&[("Which wallet?", &third[..])], &typing[..]].concat();
    let other = "0x9313778B3753108128B9c476EBDd42FbD566F4Ed";
    let (code, shown) = typed(&sandbox, &["wallet", "sign-test"], &[], &chosen)?;
    ensure!(code == 0 && shown.contains(other), "{code}: {shown}");
    ensure!(shown.contains("the same each time"), "{shown}");
    ensure!(!shown.contains("junk") && !shown.contains("TREZOR"), "{shown}");
    ensure!(!sandbox.path(".config/namesys/config.toml").exists());
    let (code, shown) = typed(&sandbox, &["wallet", "address", "--mnemonic"], &[], &typing)?;
    ensure!(code == 0 && shown.contains(other) && !shown.contains("junk"), "{code}: {shown}");
    Ok(())
}

/// What wallets show of a mnemonic, by each of the usual paths.
#[test]
fn addresses_by_path() -> Result<()> {
    let sandbox = workspace()?;
    sandbox.write("words", WORDS)?;
    sandbox.write("passphrase", "TREZOR\n")?;
    let address = ["wallet", "address", "--mnemonic", "words"];
    let found = sandbox.ok([&address[..], &["--count", "2"]].concat())?;
    let wallets = found["wallets"].as_array().cloned().unwrap_or_default();
    let paths: Vec<_> = wallets.iter().map(|one| one["path"].as_str().unwrap_or("")).collect();
    ensure!(
        paths
            == [
                "m/44'/60'/0'/0/0",
                "m/44'/60'/0'/0/1",
                "m/44'/60'/1'/0/0",
                "m/44'/60'/0'/0",
                "m/44'/60'/0'/1"
            ],
        "{paths:?}"
    );
    ensure!(wallets[1]["address"] == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "{found}");
    let with = [&address[..], &["--mnemonic-passphrase-file", "passphrase"]].concat();
    let found = sandbox.ok(with)?;
    let first = &found["wallets"][0]["address"];
    ensure!(first == "0x9313778B3753108128B9c476EBDd42FbD566F4Ed", "{found}");
    Ok(())
}
