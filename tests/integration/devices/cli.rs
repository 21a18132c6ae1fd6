//! The whole command line with a device.

use std::time::Duration;

use anyhow::{Result, ensure};
use namesys::report::ErrorKind;

use super::fake_ledger::{FakeLedger, Person as Hand, Seen, Setup, address_at};
use super::fake_trezor::{self as trezor, FakeTrezor};
use super::seed::WORDS;
use crate::support::process::{self, Finished};
use crate::support::reports;
use crate::support::sandbox::Sandbox;
use crate::traces::forms;

const LIMIT: Duration = Duration::from_secs(60);

fn sandbox(variables: &[(&str, String)]) -> Result<Sandbox> {
    let mut sandbox = Sandbox::new()?;
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "password");
    sandbox.write("words", WORDS)?;
    variables.iter().for_each(|(name, value)| sandbox.set_env(name, value));
    Ok(sandbox)
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Result<Finished> {
    process::run(&mut sandbox.namesys(arguments), b"", LIMIT)
}

#[test]
fn a_ledger_gives_the_keys_of_its_mnemonic() -> Result<()> {
    let ledger = FakeLedger::start(Setup::default());
    let sandbox = sandbox(&ledger.variables())?;
    let by_words = sandbox.ok(["keygen", "nick.eth", "--mnemonic", "words"])?;
    let by_device = sandbox.ok(["keygen", "nick.eth", "--ledger"])?;
    ensure!(by_words == by_device, "{by_words} {by_device}");
    ensure!(ledger.seen().len() == 4, "both are signed twice and compared");

    for (arguments, path) in [
        (["--mnemonic-index", "1"], "m/44'/60'/1'/0/0"),
        (["--hd-path", "m/44'/60'/0'/1"], "m/44'/60'/0'/1"),
        (["--from", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"], "m/44'/60'/0'/0/1"),
    ] {
        let keys = sandbox.ok([&["keygen", "nick.eth", "-l"][..], &arguments].concat())?;
        ensure!(keys["wallet"] == address_at(path).to_string(), "{path}: {keys}");
    }
    Ok(())
}

/// One device serves a whole command, and every command that takes a wallet takes it.
#[test]
fn a_workspace_of_a_ledger() -> Result<()> {
    let ledger = FakeLedger::start(Setup::default());
    let sandbox = sandbox(&ledger.variables())?;
    sandbox.ok(["init", "nick.eth"])?;
    // The second of BIP-44's: found by its address from then on.
    let keys = sandbox.ok(["keygen", "--ledger", "--hd-path", "m/44'/60'/0'/0/1"])?;
    sandbox.ok(["set", "text", "avatar", "https://example.com/a.png"])?;
    ensure!(sandbox.ok(["approve", "--ledger"])?["signer"] == keys["signer"]["address"]);
    ensure!(sandbox.ok(["sign", "--ledger"])?["signed"] == 1);
    let verified = sandbox.ok(["verify"])?;
    ensure!(verified["valid"] == 1, "{verified}");
    let (code, other) = sandbox.json(["sign", "--ledger", "--mnemonic-index", "0"])?;
    ensure!((code, &other["error"]["kind"]) == (1, &"other-wallet".into()), "{other}");
    let out = run(&sandbox, &["rotate", "--ledger", "--new-key-password-file", "words"])?;
    ensure!(out.status.code() == Some(2), "{}", out.stderr);
    ensure!(out.stderr.contains("confirmed each time"), "{}", out.stderr);
    Ok(())
}

#[test]
fn a_trezor_gives_the_keys_of_its_mnemonic() -> Result<()> {
    let trezor = FakeTrezor::start(trezor::Setup::default());
    let sandbox = sandbox(&[trezor.variable()])?;
    let by_words = sandbox.ok(["keygen", "nick.eth", "--mnemonic", "words"])?;
    let by_device = sandbox.ok(["keygen", "nick.eth", "--trezor"])?;
    ensure!(by_words == by_device, "{by_words} {by_device}");
    ensure!(trezor.log().texts.len() == 4, "both are signed twice and compared");
    let keys = sandbox.ok(["keygen", "nick.eth", "-t", "--mnemonic-index", "1"])?;
    ensure!(keys["wallet"] == address_at("m/44'/60'/1'/0/0").to_string(), "{keys}");
    ensure!(trezor.log().kinds.last() == Some(&83), "the session ends: {:?}", trezor.log().kinds);

    // Neither a PIN nor a passphrase is asked for without a terminal.
    for setup in [
        trezor::Setup { pin: Some(("1", "123456789")), ..trezor::Setup::default() },
        trezor::Setup { passphrase: true, ..trezor::Setup::default() },
    ] {
        let trezor = FakeTrezor::start(setup);
        let sandbox = self::sandbox(&[trezor.variable()])?;
        let (code, document) = sandbox.json(["keygen", "nick.eth", "--trezor"])?;
        let error = reports::error(&document).expect("an error");
        ensure!((code, error.kind) == (2, ErrorKind::NoTerminal), "{document}");
        ensure!(trezor.log().kinds.contains(&20), "it is not left waiting");
    }
    let trezor = FakeTrezor::start(trezor::Setup { thp: true, ..trezor::Setup::default() });
    let sandbox = self::sandbox(&[trezor.variable()])?;
    let out = run(&sandbox, &["keygen", "nick.eth", "--trezor"])?;
    ensure!(out.status.code() == Some(1) && out.stderr.contains("THP"), "{}", out.stderr);
    Ok(())
}

#[test]
fn what_to_do_next_is_told() -> Result<()> {
    let ledger = FakeLedger::start(Setup::default());
    let sandbox = sandbox(&ledger.variables())?;
    for (setup, kind, told) in [
        (Setup { locked: Some(0x5515), ..Setup::default() }, "device", "unlock it with its PIN"),
        (Setup { app: "Bitcoin", ..Setup::default() }, "device", "open the app Ethereum on it"),
        (
            Setup { person: Hand::Refuses(0x6985), ..Setup::default() },
            "not-confirmed",
            "run the same command again",
        ),
        (Setup { person: Hand::Unplugs, ..Setup::default() }, "device", "plug it in"),
    ] {
        ledger.set(|now| *now = setup);
        let (code, document) = sandbox.json(["keygen", "nick.eth", "--ledger"])?;
        let error = reports::error(&document).expect("an error");
        let found = serde_json::to_value(error.kind)?;
        ensure!((code, &found) == (1, &kind.into()), "{document}");
        ensure!(error.hint.is_some_and(|hint| hint.contains(told)), "{document}");
    }
    Ok(())
}

/// Its accounts by every usual path; on a terminal it is offered, and remembered by its name.
#[test]
fn a_ledger_is_listed_and_chosen() -> Result<()> {
    let ledger = FakeLedger::start(Setup::default());
    let variables = ledger.variables();
    let sandbox = sandbox(&variables)?;
    let found = sandbox.ok(["wallet", "address", "--ledger", "--count", "2"])?;
    let accounts: Vec<_> = found["wallets"].as_array().expect("a list").iter().collect();
    ensure!(accounts.len() == 5, "{found}");
    for account in accounts {
        let path = account["path"].as_str().expect("a path");
        ensure!(account["address"] == address_at(path).to_string(), "{account}");
    }
    let listed = sandbox.ok(["wallet", "list"])?;
    let wallets = listed["wallets"].as_array().expect("a list");
    let one = wallets.iter().find(|one| one["kind"] == "ledger").expect("the emulator");
    let place = format!("emulator at {}", ledger.place());
    ensure!(one["source"] == place.as_str() && one["default"] == false, "{listed}");

    let [(address, host), (port, number)] = &variables;
    let variables = [(*address, &host[..]), (*port, &number[..])];
    // The first that is offered, and of its accounts the second.
    let answers =
        [("Which wallet?", "\r"), ("Which account", "\u{1b}[B\r"), ("from now on", "y\r")];
    let test = ["wallet", "sign-test"];
    let (code, shown) = crate::typed::typed(&sandbox, &test, &variables, &answers)?;
    let second = address_at("m/44'/60'/1'/0/0").to_string();
    ensure!(code == 0 && shown.contains(&second), "{code}: {shown}");
    let config = sandbox.read(".config/namesys/config.toml")?;
    ensure!(config == b"wallet = \"ledger\"\n", "{}", String::from_utf8_lossy(&config));
    let listed = sandbox.ok(["wallet", "list"])?;
    ensure!(listed["wallets"][0]["default"] == true, "{listed}");
    // Without a terminal too, and the account can be said.
    let tested = sandbox.ok(["wallet", "sign-test", "--mnemonic-index", "1"])?;
    ensure!(tested["wallets"][0]["address"] == second.as_str(), "{tested}");
    ensure!(tested["wallets"][0]["deterministic"] == true, "{tested}");
    Ok(())
}

/// At `-vvv` nothing of what was signed is shown.
#[test]
fn no_signature_in_any_trace() -> Result<()> {
    let ledger = FakeLedger::start(Setup::default());
    let sandbox = sandbox(&ledger.variables())?;
    let out = run(&sandbox, &["-vvv", "keygen", "nick.eth", "--ledger"])?;
    ensure!(out.status.success(), "{}", out.stderr);
    ensure!(out.stderr.contains("Look at the Ledger and confirm: SIGN 1"), "{}", out.stderr);
    let texts = ledger.seen().into_iter().filter_map(|seen| match seen {
        Seen::Text(text) => Some(text),
        _ => None,
    });
    let shown = out.stdout + &out.stderr;
    no_signature(&shown, texts.collect(), "")?;

    // With a PIN and a passphrase, which are typed on a terminal.
    let (pin, places, passphrase) = ("13791379", "79137913", "a-passphrase-for-nobody");
    let setup = trezor::Setup {
        pin: Some((pin, "123456789")),
        passphrase: true,
        ..trezor::Setup::default()
    };
    let trezor = FakeTrezor::start(setup);
    let place = trezor.variable();
    let arguments = ["-vvv", "keygen", "nick.eth", "--trezor", "--mnemonic-index", "0"];
    let variables = [("NAMESYS_KEY_PASSWORD", "password"), (place.0, &place.1)];
    let (pin_typed, typed_passphrase) = (format!("{places}\r"), format!("{passphrase}\r"));
    let answers = [
        ("PIN of the Trezor", &pin_typed[..]),
        ("Passphrase of the Trezor", &typed_passphrase[..]),
    ];
    let (code, shown) = crate::typed::typed(&sandbox, &arguments, &variables, &answers)?;
    ensure!(code == 0 && trezor.log().passphrases == [passphrase], "{code}: {shown}");
    no_signature(&shown, trezor.log().texts, passphrase)?;
    for secret in [pin, places, passphrase] {
        ensure!(!shown.contains(secret), "{secret}");
        for form in forms(secret.as_bytes()) {
            ensure!(!shown.contains(&form), "{secret} as {form}");
        }
    }
    Ok(())
}

/// What the first account's key signed of `texts` stands nowhere in `shown`.
fn no_signature(shown: &str, texts: Vec<Vec<u8>>, passphrase: &str) -> Result<()> {
    ensure!(texts.len() == 4, "both are signed twice");
    let key = super::seed::key(&super::seed::levels(super::PATH), passphrase);
    for text in texts {
        let digest = namesys::request::eip191_digest(std::str::from_utf8(&text)?);
        let (signature, _) = key.sign_prehash_recoverable(digest.as_slice())?;
        let signature = signature.to_bytes();
        for form in [forms(&signature[..32]), forms(&signature[32..])].concat() {
            ensure!(!shown.contains(&form), "a signature as {form}");
        }
    }
    Ok(())
}
