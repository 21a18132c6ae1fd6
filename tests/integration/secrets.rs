//! No secret appears in what the program writes: not in results, JSON, notes, errors or logs at
//! any verbosity, whether it succeeds or fails.

use std::path::Path;
use std::process::Command;

use alloy_primitives::hex;
use namesys::ens::Name;
use namesys::keys::{Compat, Derivation, KeyPlan, SignerKey, Storage};
use namesys::request::{Caip10, EncryptionKey};
use namesys::secret::SecretString;

const KEY: &str = "57b581c85e486de738b3464a77f84b5228aad1aad140d86eaf69ca241b954131";
const PASSWORD: &str = "correct-horse-battery-staple";
const PASSPHRASE: &str = "open-sesame-to-the-key-files";
const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
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
        let encryption = key.sign(&plan.sign_encryption(EncryptionKey::default(), &password));
        let invoices = plan.invoice_seed(&encryption, &password);
        let seed = plan.ipns_seed(&sign1, &password);
        let signer = plan.signer(&sign2, &password).unwrap().scalar();
        Self(vec![
            ("the wallet's key", KEY.into()),
            ("the password", PASSWORD.into()),
            ("the passphrase", PASSPHRASE.into()),
            ("the mnemonic", "legal winner".into()),
            ("SIGN 1", hex::encode(&sign1.as_bytes()[..64])),
            ("SIGN 2", hex::encode(&sign2.as_bytes()[..64])),
            ("the signature of the invoice key", hex::encode(&encryption.as_bytes()[..64])),
            ("the invoice key", hex::encode(invoices.expose())),
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

    assert_eq!(run(&[], &with(&["invoice", "key"])), 0);
    std::fs::write(dir.join("invoice.key"), secrets.get("the invoice key")).unwrap();
    std::fs::write(dir.join("envelope"), format!("AAAA?{}=", "A".repeat(43))).unwrap();
    let show = ["invoice", "show", "--text", "wallet.key", "--invoice-key-file"];
    assert_eq!(run(&[], &[&show[..], &["invoice.key"]].concat()), 1, "no invoice");
    let show = ["invoice", "show", "--text", "envelope", "--invoice-key-file"];
    assert_eq!(run(&[], &[&show[..], &["invoice.key"]].concat()), 1, "of another key");
    assert_eq!(run(&[], &[&show[..], &["password"]].concat()), 2, "no key");

    // Keys that are remembered, and key files that are encrypted.
    let runtime = dir.join("run");
    std::fs::create_dir(&runtime).unwrap();
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&runtime, closed).unwrap();
    let remembered = [("XDG_RUNTIME_DIR", runtime.to_str().unwrap())];
    assert_eq!(run(&remembered, &with(&["keygen", "--remember", "1h"])), 0);
    assert_eq!(run(&remembered, &["sign", "--force"]), 0);
    assert_eq!(run(&remembered, &["lock"]), 0);
    assert_eq!(run(&remembered, &["sign", "--force"]), 2, "it is forgotten");
    let passphrase = [("NAMESYS_PASSPHRASE", PASSPHRASE)];
    let key = ["--signer-key-file", "keys/signer.key"];
    let export = ["key", "export", "--format", "age", "--out", "sealed"];
    assert_eq!(run(&passphrase, &[&export[..], &key].concat()), 1, "there from the second time on");
    let sealed = ["key", "inspect", "--signer-key-file", "sealed"];
    assert_eq!(run(&passphrase, &sealed), 0);
    assert_eq!(run(&[("NAMESYS_PASSPHRASE", PASSWORD)], &sealed), 1);
    assert_eq!(run(&[("NAMESYS_IDENTITY", PASSPHRASE)], &sealed), 2, "it is a passphrase's");
    // One that stands where the path of a file belongs.
    let recipient = ["--format", "age", "--recipient", RECIPIENT, "--out", "for-recipient"];
    let export = [&["key", "export"][..], &recipient, &key].concat();
    assert_eq!(run(&[], &export), 1, "there from the second time on");
    let sealed = ["key", "inspect", "--signer-key-file", "for-recipient"];
    assert_eq!(run(&[("NAMESYS_IDENTITY", PASSPHRASE)], &sealed), 2);
    assert_eq!(run(&[("NAMESYS_IDENTITY", KEY)], &sealed), 2);
    assert_eq!(run(&password, &["keygen", "--format", "age", "--recipient", KEY]), 2);

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
    assert_eq!(run(&by_variables, &["wallet", "list"]), 0);
    assert_eq!(run(&[], &["wallet", "sign-test", "--private-key-file", "wallet.key"]), 0);
    let mnemonic = ["wallet", "address", "--mnemonic", "words"];
    assert_eq!(run(&[], &[&mnemonic[..], &["--mnemonic-passphrase-file", "password"]].concat()), 0);
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

/// Forms that nothing public has, and a key in hexadecimal, which looks like a hash.
fn forms() -> Vec<String> {
    let seed = [7; 32];
    let key = namesys::keys::IpnsKey::from_seed(&seed.into());
    let libp2p = data_encoding::BASE64.encode(key.to_libp2p().expose());
    vec![
        KEY.to_owned(),
        format!("0x{KEY}"),
        WORDS.to_owned(),
        key.to_pem().expose().clone(),
        libp2p,
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX".to_owned(),
        "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5".to_owned(),
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi".to_owned(),
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlc2lnbmF0dXJl".to_owned(),
    ]
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let namesys = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.current_dir(dir).env_clear().env("HOME", dir).env("NO_COLOR", "1");
        command.envs(variables.iter().copied()).args(arguments);
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    };
    assert_eq!(namesys(&[], &["init", "nick.eth"]).0, 0);
    let config = std::fs::read_to_string(dir.join("namesys.toml")).unwrap();
    for secret in forms() {
        // Of PEM a line of its base64, which is shown with its lines escaped or not.
        let core = secret.lines().find(|line| !line.contains("-----")).unwrap();
        let core = core.trim_start_matches("0x");
        let checked = |place: &str, (code, told): (i32, String)| {
            assert_ne!(code, 0, "{place}: {told}");
            assert!(!told.contains(core), "{place}: {told}");
        };
        for arguments in [
            &["set", "contenthash", &secret][..],
            &["set", "address", "btc", &secret],
            &["set", "address", "xlm", &secret],
            &["set", "address", &secret, "x"],
            &["set", "name", &secret],
            &["set", "pubkey", &secret],
            &["set", &secret, "x"],
            &["resolve", &secret],
            &["init", &secret],
            &["verify", &secret],
            &["pack", &secret],
            &["import", &secret],
            &["-C", &secret, "list"],
            &["frobnicate", &secret],
            &[&secret],
            &["list", &secret],
            &["list", "--network", &secret],
            &["sign", "--private-key-file", &secret],
            &["sign", "--key-password-file", &secret, "--private-key", &"01".repeat(32)],
            &["sign", "--keystore", &secret],
            &["sign", "--account", &secret],
            &["sign", "--from", &secret],
            &["sign", "--signer-key-file", &secret],
            &["publish", "--ipns-key-file", &secret],
            &["ipns", "get", &secret],
            &["publish", "--upload", &secret],
            &["doctor", "--credential", &secret],
        ] {
            checked(&format!("{arguments:?}"), namesys(&[], arguments));
            checked(&format!("{arguments:?}"), namesys(&[], &[&["--json"], arguments].concat()));
        }
        for variable in ["NAMESYS_DIR", "NAMESYS_NETWORK", "NAMESYS_TIMEOUT", "NAMESYS_CREDENTIALS"]
        {
            checked(variable, namesys(&[(variable, &secret)], &["doctor"]));
        }
        let line = secret.replace('\n', "\\n");
        for entry in [
            format!("\"{line}\" = 1\n"),
            format!("ipns_name = \"{line}\"\n"),
            format!("signer = \"{line}\"\n"),
            format!("[[uploads]]\nkind = \"{line}\"\n"),
            format!("{line}\n"),
        ] {
            std::fs::write(dir.join("namesys.toml"), format!("{config}\n{entry}")).unwrap();
            checked(&entry, namesys(&[], &["list"]));
        }
        std::fs::write(dir.join("namesys.toml"), &config).unwrap();
        for entry in [
            format!("[\"nick.eth\"]\n\"{line}\" = \"x\"\n"),
            format!("[\"nick.eth\"]\n\"contenthash\" = \"{line}\"\n"),
            format!("[\"{line}\"]\n"),
        ] {
            std::fs::write(dir.join("records.toml"), &entry).unwrap();
            checked(&entry, namesys(&[], &["list"]));
        }
        std::fs::write(dir.join("records.toml"), "").unwrap();
        // A hash looks like a key, and a signed statement is a JWT: these are for the user to say.
        let text = namesys(&[], &["set", "text", "note", &secret]);
        if secret.contains(KEY) || secret.starts_with("eyJ") {
            assert_eq!(text.0, 0, "{}", text.1);
            std::fs::write(dir.join("records.toml"), "").unwrap();
        } else {
            checked("text", text);
            checked("key", namesys(&[], &["set", "text", secret.trim_end(), "x"]));
        }
    }
}

/// The memory of a process that ends badly is written nowhere.
#[cfg(target_os = "linux")]
#[test]
fn there_are_no_core_dumps() -> anyhow::Result<()> {
    use std::io::{BufRead, BufReader};
    let mut serve = Command::new(env!("CARGO_BIN_EXE_namesys"));
    serve.args(["devnet", "--listen", "127.0.0.1:0"]).stdout(std::process::Stdio::piped());
    let mut serve = serve.spawn()?;
    let mut line = String::new();
    let read = BufReader::new(serve.stdout.take().unwrap()).read_line(&mut line);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", serve.id()));
    serve.kill()?;
    serve.wait()?;
    read?;
    let limits = limits?;
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    anyhow::ensure!(words[4..6] == ["1", "1"], "{core}");
    Ok(())
}

/// Bytes would drive a terminal, and a key would stay in what it keeps: the flag to use is named.
#[cfg(target_os = "linux")]
#[test]
fn bytes_go_to_no_terminal() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("seed"), KEY)?;
    let namesys = env!("CARGO_BIN_EXE_namesys");
    let sign = "ipns sign --value /ipfs/bafkqaaa --sequence 1";
    for command in ["key export --format raw", "key export --format libp2p", sign] {
        // A terminal is what util-linux's script makes.
        let line = format!("{namesys} {command} --ipns-key-file seed");
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(folder.path());
        script.env_clear().env("HOME", folder.path()).env("PATH", "/usr/bin:/bin");
        let output = match script.stdin(std::process::Stdio::null()).output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            output => output?,
        };
        let told = String::from_utf8_lossy(&output.stdout);
        anyhow::ensure!(output.status.code() == Some(2), "{command}: {told}");
        anyhow::ensure!(told.contains("stdout is a terminal"), "{command}: {told}");
        anyhow::ensure!(told.contains("--out FILE"), "{command}: {told}");
    }
    Ok(())
}
