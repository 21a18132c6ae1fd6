//! Nothing secret leaves the process: neither in what it writes, at any verbosity, nor in what the
//! programs get that it starts, with each kind of wallet.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k256::ecdsa::SigningKey;
use namesys::ens::Name;
use namesys::keys::{Compat, Derivation, KeyPlan, SignerKey, Storage};
use namesys::request::Caip10;
use namesys::secret::{Secret, SecretString};

use super::fake_ledger::{FakeLedger, Setup};
use super::fake_trezor::{self as trezor, FakeTrezor};
use super::seed::{self, WORDS};
use crate::support::process;
use crate::support::sandbox::Sandbox;
use crate::traces::forms;

const LIMIT: Duration = Duration::from_secs(60);
/// A name that the workspace does not have.
const OTHER: &str = "other.eth";
const PASSWORD: &str = "correct-horse-battery-staple";
const PASSPHRASE: &str = "the-25th-word-of-nobody";
/// Of the keystore, whose password is this.
const KEYSTORE: ([u8; 32], &str) = ([1; 32], "hunter2");
/// What services get, in variables of every kind.
const TOKENS: [(&str, &str); 8] = [
    ("NAMESYS_KUBO_TOKEN", "token-of-the-kubo"),
    ("NAMESYS_CLUSTER_TOKEN", "token-of-the-cluster"),
    ("NAMESYS_PINNING_TOKEN", "token-of-the-pinning"),
    ("PINATA_JWT", "token-of-the-pinata"),
    ("AWS_SECRET_ACCESS_KEY", "secret-of-the-bucket"),
    ("BOUND_TOKEN", "token-that-the-user-bound"),
    ("OWN_TOKEN", "token-that-the-workspace-names"),
    ("NAMESYS_PASSPHRASE", "passphrase-of-key-files"),
];
/// Notes what it is started with, and what with; git then does its work.
const SHIM: &str = "#!/bin/sh
{ echo \"$0 $*\"; tr '\\0' '\\n' < /proc/$$/environ; } >> \"LOG\"
case \"$0\" in */git) exec /usr/bin/git \"$@\";; esac
";

/// Everything that was seen.
struct Spy {
    sandbox: Sandbox,
    seen: Vec<(String, String)>,
}

impl Spy {
    fn new(variables: &[(&str, &str)]) -> Result<Self> {
        let mut sandbox = Sandbox::new()?;
        let bin = sandbox.path("bin");
        let log = sandbox.path("children").display().to_string();
        for program in ["git", "xdg-open", "editor"] {
            let file = sandbox.write(&format!("bin/{program}"), SHIM.replace("LOG", &log))?;
            std::fs::set_permissions(file, PermissionsExt::from_mode(0o755))?;
        }
        std::fs::create_dir(sandbox.path("run"))?;
        std::fs::set_permissions(sandbox.path("run"), PermissionsExt::from_mode(0o700))?;
        sandbox.set_env("PATH", &format!("{}:/usr/bin:/bin", bin.display()));
        sandbox.set_env("EDITOR", &bin.join("editor").display().to_string());
        sandbox.set_env("XDG_RUNTIME_DIR", &sandbox.path("run").display().to_string());
        for (name, value) in [
            ("DISPLAY", ":0"),
            ("NAMESYS_KEY_PASSWORD", PASSWORD),
            ("NAMESYS_CREDENTIALS", "kubo.example=BOUND_TOKEN own.example=OWN_TOKEN"),
        ] {
            sandbox.set_env(name, value);
        }
        variables.iter().chain(&TOKENS).for_each(|(name, value)| sandbox.set_env(name, value));
        Ok(Self { sandbox, seen: Vec::new() })
    }

    /// At every verbosity it has, and as JSON where it `fails`.
    fn run(&mut self, arguments: &[&str], code: i32) -> Result<String> {
        let said =
            [if code == 0 { &["-vvv"][..] } else { &["-vvv", "--json"] }, arguments].concat();
        let out = process::run(&mut self.sandbox.namesys(&said), b"", LIMIT)?;
        ensure!(out.status.code() == Some(code), "{said:?}: {}{}", out.stdout, out.stderr);
        let told = out.stdout + &out.stderr;
        self.seen.push((format!("{said:?}"), told.clone()));
        Ok(told)
    }

    /// What the processes were given that stay behind: the agent.
    fn look_at_agents(&mut self) -> Result<()> {
        let runtime = self.sandbox.path("run").display().to_string();
        let before = self.seen.len();
        for process in std::fs::read_dir("/proc")?.flatten() {
            let read = |what: &str| std::fs::read(process.path().join(what)).unwrap_or_default();
            let environment = String::from_utf8_lossy(&read("environ")).into_owned();
            if environment.contains(&runtime) {
                let line = String::from_utf8_lossy(&read("cmdline")).into_owned();
                self.seen.push(("the agent".to_owned(), format!("{line}\n{environment}")));
            }
        }
        ensure!(self.seen.len() > before, "there is an agent");
        Ok(())
    }
}

fn plan(key: &SigningKey, name: &str) -> Result<(SignerKey, KeyPlan)> {
    let key = SignerKey::from_scalar(&Secret::new(key.to_bytes().into()))?;
    let wallet = Caip10::new(1, key.address());
    let plan = KeyPlan {
        name: Name::parse(name)?,
        storage: Storage::Domain,
        signer_storage: Storage::Domain,
        wallet,
        derivation: Derivation::default(),
        compat: Compat::default(),
    };
    Ok((key, plan))
}

/// The wallet's key, both signatures, and the keys that they make.
fn secrets(key: &SigningKey, name: &str) -> Result<Vec<Vec<u8>>> {
    let password = SecretString::new(PASSWORD.into());
    let (key, plan) = plan(key, name)?;
    let (sign1, sign2) = (key.sign(&plan.sign1(&password)), key.sign(&plan.sign2(&password)));
    let mut all = vec![
        key.scalar().expose().to_vec(),
        plan.ipns_seed(&sign1, &password).expose().to_vec(),
        plan.signer(&sign2, &password)?.scalar().expose().to_vec(),
    ];
    for signature in [sign1, sign2] {
        all.extend([signature.as_bytes()[..32].to_vec(), signature.as_bytes()[32..64].to_vec()]);
    }
    Ok(all)
}

#[test]
fn nothing_secret_leaves_the_process() -> Result<()> {
    let (ledger, trezor) =
        (FakeLedger::start(Setup::default()), FakeTrezor::start(trezor::Setup::default()));
    let [(address, host), (port, number)] = ledger.variables();
    let place = trezor.variable();
    let mut spy = Spy::new(&[(address, &host), (port, &number), (place.0, &place.1)])?;
    let at = |path: &str, passphrase: &str| seed::key(&seed::levels(path), passphrase);
    let (by_hand, second) = (at("m/44'/60'/0'/7", ""), "m/44'/60'/0'/0/1");
    let (signer, brought) = plan(&by_hand, OTHER)?;
    let password = SecretString::new(PASSWORD.into());
    for (file, request) in [("one", brought.sign1(&password)), ("two", brought.sign2(&password))] {
        let signature = signer.sign(&request);
        spy.sandbox.write(file, alloy_primitives::hex::encode(signature.as_bytes()))?;
    }
    let keystore = std::fs::read("tests/cli/wallets.in/keystore.json")?;
    for (file, content) in [
        ("keystore.json", &keystore[..]),
        ("pw", KEYSTORE.1.as_bytes()),
        ("words", WORDS.as_bytes()),
        ("passphrase", PASSPHRASE.as_bytes()),
    ] {
        spy.sandbox.write(file, content)?;
    }

    let mut git = std::process::Command::new("/usr/bin/git");
    let made = git.args(["init", "-q"]).current_dir(spy.sandbox.path(".")).status();
    let made = made.context("git")?;
    ensure!(made.success());
    spy.run(&["init", "nick.eth"], 0)?;
    let config = String::from_utf8(spy.sandbox.read("namesys.toml")?)?;
    let upload = "[[uploads]]\nkind = \"kubo\"\nurl = \"https://own.example\"\n";
    spy.sandbox.write("namesys.toml", format!("{config}\n{upload}token_env = \"OWN_TOKEN\"\n"))?;

    let by_keystore = ["--keystore", "keystore.json", "--password-file", "pw"];
    let with = |arguments: &[&'static str]| [arguments, &by_keystore[..]].concat();
    spy.run(&with(&["keygen", "--remember", "1h"]), 0)?;
    spy.look_at_agents()?;
    spy.run(&["set", "text", "url", "https://example.com"], 0)?;
    spy.run(&with(&["approve"]), 0)?;
    spy.run(&["sign"], 0)?;
    spy.run(&["edit"], 0)?;
    spy.run(&["lock"], 0)?;
    spy.run(&with(&["wallet", "sign-test"]), 0)?;
    spy.run(&["wallet", "list"], 0)?;
    let passphrase = ["--mnemonic-passphrase-file", "passphrase"];
    spy.run(&[&["keygen", OTHER, "--mnemonic", "words"][..], &passphrase].concat(), 0)?;
    spy.run(&["keygen", "--mnemonic", "words"], 1)?;
    spy.run(&["keygen", OTHER, "--ledger"], 0)?;
    spy.run(&["keygen", OTHER, "--trezor", "--hd-path", second], 0)?;
    let wallet = signer.address().to_string();
    let external = ["keygen", OTHER, "--from", &wallet, "--ipns-signature"];
    spy.run(&[&external[..], &["one", "--signer-signature", "two"]].concat(), 0)?;
    spy.run(&[&external[..], &["two", "--signer-signature", "one"]].concat(), 3)?;
    spy.run(&["keygen", "--keystore", "keystore.json", "--password-file", "words"], 1)?;
    let told = spy.run(&["keygen", OTHER, "--browser", "--browser-wait", "1s"], 1)?;
    let (_, link) = told.split_once("/t/").context("a link")?;
    let link = link.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next();

    let children = String::from_utf8_lossy(&spy.sandbox.read("children")?).into_owned();
    for program in ["/git ", "/xdg-open ", "/editor "] {
        ensure!(children.contains(program), "{program} was started: {children}");
    }
    ensure!(!children.contains(link.context("a token")?), "the page's link is for the browser");
    spy.seen.push(("a program it started".to_owned(), children));

    let mut all: Vec<Vec<u8>> = Vec::new();
    let keystore = SigningKey::from_slice(&KEYSTORE.0)?;
    all.extend(secrets(&keystore, "nick.eth")?);
    for key in [by_hand, at(super::PATH, PASSPHRASE), at(super::PATH, ""), at(second, "")] {
        all.extend(secrets(&key, OTHER)?);
    }
    let texts = [PASSWORD, PASSPHRASE, WORDS, KEYSTORE.1].into_iter();
    let texts: Vec<&str> = texts.chain(TOKENS.iter().map(|(_, token)| *token)).collect();
    all.extend(texts.iter().map(|text| text.as_bytes().to_vec()));
    for (place, shown) in &spy.seen {
        for text in &texts {
            ensure!(!shown.contains(text), "{text} in {place}");
        }
        for form in all.iter().flat_map(|secret| forms(secret)) {
            ensure!(!shown.contains(&form), "{form} in {place}");
        }
    }
    Ok(())
}
