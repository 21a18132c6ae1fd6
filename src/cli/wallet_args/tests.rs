//! Every source of a wallet, and what does not open.

use clap::Parser;

use super::*;
use crate::cli::global::GlobalArgs;

#[derive(Debug, Parser)]
struct Probe {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(flatten)]
    wallet: WalletArgs,
}

const WORDS: &str = "test test test test test test test test test test test junk";
const FIRST: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

fn parse(arguments: &[&str]) -> Result<Probe, clap::Error> {
    Probe::try_parse_from([&["probe", "-q"], arguments].concat())
}

fn open(arguments: &[&str]) -> Result<OpenWallet, CliError> {
    let probe = parse(arguments).unwrap();
    probe.wallet.open(&Context::new(probe.global, "probe").unwrap())
}

fn address_of(arguments: &[&str]) -> String {
    open(arguments).unwrap().as_wallet().address().to_string()
}

#[test]
fn every_source_opens() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, contents: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let words = file("words", &format!("{WORDS}\n"));
    for arguments in [
        ["--private-key", key],
        ["--private-key-file", &file("key", &format!("# signer {FIRST}\n0x{key}\n"))],
        ["--mnemonic", WORDS],
        ["--mnemonic", &words],
    ] {
        assert_eq!(address_of(&arguments), FIRST, "{arguments:?}");
    }
    let second = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    assert_eq!(address_of(&["--mnemonic", &words, "--mnemonic-index", "1"]), second);
    assert_eq!(address_of(&["--mnemonic", &words, "--hd-path", "m/44'/60'/0'/0/1"]), second);
    let external = open(&["--from", &FIRST.to_lowercase()]).unwrap();
    assert!(matches!(external, OpenWallet::External(_)));
    assert_eq!(external.as_wallet().address().to_string(), FIRST);
}

#[test]
fn from_must_be_the_wallets() {
    let key = "01".repeat(32);
    let error = open(&["--private-key", &key, "--from", FIRST]).unwrap_err();
    assert_eq!((error.kind, error.exit), (ErrorKind::OtherWallet, Exit::Failed));
}

#[test]
fn what_does_not_open_says_why_and_quotes_no_secret() {
    for (arguments, kind) in [
        (vec!["--private-key", "hunter2"], ErrorKind::BadKey),
        (vec!["--mnemonic", "hunter2"], ErrorKind::BadMnemonic),
        (vec!["--mnemonic", "hunter2 hunter2"], ErrorKind::BadMnemonic),
        (vec!["--account", "hunter2/../x"], ErrorKind::NoAccount),
        (vec!["--private-key-file", "/nowhere"], ErrorKind::Io),
        (vec!["--keystore", "/nowhere"], ErrorKind::Io),
    ] {
        let error = open(&arguments).unwrap_err();
        assert_eq!(error.kind, kind, "{}", error.message);
        assert!(
            kind == ErrorKind::NoAccount || !error.message.contains("hunter2"),
            "{}",
            error.message
        );
    }
}

#[test]
fn flags_that_contradict_are_usage_errors() {
    for arguments in [
        vec!["--private-key", "x", "--mnemonic", "y"],
        vec!["-i", "--keystore", "y"],
        vec!["--mnemonic", "x", "--mnemonic-index", "1", "--hd-path", "m/0"],
        vec!["--from", "0xF39fd6e51aad88F6F4ce6aB8827279cffFb92266"],
        vec!["--from", "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"],
        vec!["--hd-path", "x"],
    ] {
        assert!(parse(&arguments).is_err(), "{arguments:?}");
    }
    let debug = format!("{:?}", parse(&["--private-key", "hunter2"]).unwrap());
    assert!(!debug.contains("hunter2"), "{debug}");
}
