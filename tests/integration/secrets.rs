//! No secret appears in what the program writes: not in results, JSON, notes, errors or logs at
//! any verbosity, whether it succeeds or fails.

use std::path::Path;
use std::process::Command;

use alloy_primitives::hex;
use namesys::ens::Name;
use namesys::keys::{Compat, Derivation, KeyPlan, SignerKey, Storage};
use namesys::request::Caip10;
use namesys::secret::SecretString;

const KEY: &str = "57b581c85e486de738b3464a77f84b5228aad1aad140d86eaf69ca241b954131";
const PASSWORD: &str = "correct-horse-battery-staple";
const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// What must not be shown, with a name for the failure's message. Hex is looked for without
/// `0x` and in either case.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn new() -> Self {
        let key = SignerKey::from_hex(&SecretString::new(KEY.into())).unwrap();
        let password = SecretString::new(PASSWORD.into());
        let plan = KeyPlan {
            name: Name::parse("nick.eth").unwrap(),
            storage: Storage::Domain,
            signer_storage: Storage::Domain,
            wallet: Caip10::new(1, key.address()),
            derivation: Derivation::default(),
            compat: Compat::default(),
        };
        let sign1 = key.sign(&plan.sign1(&password));
        let sign2 = key.sign(&plan.sign2(&password));
        let seed = plan.ipns_seed(&sign1, &password);
        let signer = plan.signer(&sign2, &password).unwrap().scalar();
        Self(vec![
            ("the wallet's key", KEY.into()),
            ("the password", PASSWORD.into()),
            ("the mnemonic", "legal winner".into()),
            ("SIGN 1", hex::encode(&sign1.as_bytes()[..64])),
            ("SIGN 2", hex::encode(&sign2.as_bytes()[..64])),
            ("the IPNS seed", hex::encode(seed.expose())),
            ("the signer's key", hex::encode(signer.expose())),
        ])
    }

    fn get(&self, what: &str) -> &str {
        &self.0.iter().find(|(name, _)| *name == what).unwrap().1
    }

    fn assert_absent(&self, arguments: &[&str], text: &str) {
        let text = text.to_lowercase();
        for (what, secret) in &self.0 {
            assert!(!text.contains(&secret.to_lowercase()), "{what} in {arguments:?}:\n{text}");
        }
    }
}

/// Runs `namesys` in `dir`, with every verbosity and in both renderings, and looks at all it
/// writes. Gives the exit code of the last run.
fn run(secrets: &Secrets, dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> i32 {
    let mut code = -1;
    for extra in [&["-vvv"][..], &["-vv", "--json"], &[]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.current_dir(dir).env_clear().env("HOME", dir).env("NO_COLOR", "1");
        command.envs(variables.iter().copied()).args(extra).args(arguments);
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        secrets.assert_absent(arguments, &String::from_utf8_lossy(&output.stdout));
        secrets.assert_absent(arguments, &String::from_utf8_lossy(&output.stderr));
        code = output.status.code().unwrap();
    }
    code
}

#[test]
fn no_secret_is_ever_shown() {
    let secrets = Secrets::new();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    std::fs::write(dir.join("wallet.key"), KEY).unwrap();
    std::fs::write(dir.join("words"), WORDS).unwrap();
    std::fs::write(dir.join("broken-words"), format!("{WORDS} zoo")).unwrap();
    std::fs::write(dir.join("password"), PASSWORD).unwrap();
    let with_v = |what, v| format!("0x{}{v}", secrets.get(what));
    // Of both v is 28.
    let (either, other) = (with_v("SIGN 1", "1c"), with_v("SIGN 2", "1c"));
    std::fs::write(dir.join("sign-1"), &either).unwrap();
    std::fs::write(dir.join("sign-2"), &other).unwrap();
    std::fs::write(dir.join("sign-1.other-v"), with_v("SIGN 1", "1b")).unwrap();
    std::fs::write(dir.join("sign-1.half"), &either[..100]).unwrap();
    let wallet = "0xdA87a099a80fcE4778310474AaeB64b820c871a0";
    let by_variables = [("ETH_PRIVATE_KEY", KEY), ("NAMESYS_KEY_PASSWORD", PASSWORD)];
    let password = [("NAMESYS_KEY_PASSWORD", PASSWORD)];
    let run =
        |variables: &[(&str, &str)], arguments: &[&str]| run(&secrets, dir, variables, arguments);
    let file = ["--private-key-file", "wallet.key", "--key-password-file", "password"];
    let with = |command: &[&'static str]| [command, &file[..]].concat();

    // The way through, as a person goes.
    assert_eq!(run(&[], &["init", "nick.eth"]), 1, "the second and third time it exists");
    assert_eq!(run(&[], &["set", "text", "avatar", "https://example.com"]), 0);
    assert_eq!(run(&by_variables, &["keygen"]), 0);
    assert_eq!(run(&[], &with(&["keygen"])), 0);
    assert_eq!(run(&[], &with(&["keygen", "--export", "keys"])), 0);
    assert!(dir.join("keys/ipns.key").is_file());
    assert_eq!(run(&[], &with(&["approve"])), 0);
    assert_eq!(run(&[], &with(&["sign", "--force"])), 0);
    assert_eq!(run(&[], &with(&["sign", "--force", "--approval", "owner"])), 0);
    assert_eq!(
        run(&[], &["sign", "--approval", "wallet", "--signer-key-file", "keys/signer.key"]),
        0
    );
    assert_eq!(run(&[], &["verify"]), 0);
    assert_eq!(run(&password, &["keygen", "--requests", "--from", wallet]), 0);
    assert_eq!(run(&[], &["key", "inspect", "--ipns-key-file", "keys/ipns.key"]), 0);

    // Signatures made elsewhere, and what goes wrong on the way.
    let signatures = ["--ipns-signature", "sign-1", "--signer-signature", "sign-2"];
    let external = [&["keygen", "--from", wallet], &signatures[..]].concat();
    assert_eq!(run(&password, &external), 0);
    let changed = ["--ipns-signature", "sign-1.other-v", "--signer-signature", "sign-2"];
    assert_eq!(run(&password, &[&["keygen", "--from", wallet], &changed[..]].concat()), 3);
    assert_eq!(run(&[("NAMESYS_KEY_PASSWORD", "x")], &external), 3);
    assert_eq!(run(&password, &["keygen", "--from", wallet, "--ipns-signature", "sign-1.half"]), 2);
    assert_eq!(run(&password, &["keygen", "--from", wallet, "--ipns-signature", &either]), 1);
    assert_eq!(run(&password, &["approve", "--signature", "sign-1"]), 3);
    assert_eq!(run(&password, &["keygen", "--mnemonic", "words"]), 1, "another wallet");
    assert_eq!(run(&password, &["keygen", "other.eth", "--mnemonic", "words"]), 0);
    assert_eq!(run(&password, &["keygen", "--mnemonic", "broken-words"]), 2);
    assert_eq!(run(&password, &["keygen", "other.eth", "--mnemonic", WORDS]), 0);
    assert_eq!(run(&password, &["keygen", "--private-key", KEY]), 0);
    assert_eq!(run(&password, &["keygen", "--private-key", &KEY[1..]]), 2);
    assert_eq!(run(&password, &["keygen", "--keystore", KEY]), 1);
    assert_eq!(run(&password, &["keygen", "--private-key-file", KEY]), 1);
    assert_eq!(run(&password, &["keygen", KEY]), 2);
    assert_eq!(run(&password, &["sign", KEY]), 2);
    assert_eq!(run(&[("NAMESYS_SIGNER_KEY", KEY)], &["sign"]), 1, "another signer");
    assert_eq!(run(&[("NAMESYS_SIGNER_KEY", PASSWORD)], &["sign"]), 2);
    assert_eq!(run(&[("ETH_FROM", KEY)], &["sign"]), 2);
    std::fs::copy("tests/cli/wallets.in/keystore.json", dir.join("keystore.json")).unwrap();
    let keystore = ["keygen", "--keystore", "keystore.json"];
    assert_eq!(run(&[("ETH_PASSWORD", PASSWORD)], &keystore), 1, "no file of that name");
    assert_eq!(run(&[("ETH_PASSWORD", "password")], &keystore), 1, "not that password");
}
