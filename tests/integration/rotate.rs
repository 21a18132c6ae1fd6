//! `rotate`: nothing of what is published is lost, and until all is done the workspace is as it was.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::thread;

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::report::{ErrorKind, PublishReport, RotateReport, StatusReport};
use serde_json::Value;

use crate::support::reports::{kind, report};
use crate::workspace::{SEED, WALLET, Workspace};

const OTHER: &str = "2222222222222222222222222222222222222222222222222222222222222222";

/// nick.eth, published, whose keys are derived.
struct Scene {
    folder: tempfile::TempDir,
    devnet: DevnetHandle,
    workspace: Workspace,
}

impl Scene {
    fn new() -> Self {
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["nick.eth", "--storage", "domain"];
        let workspace = Workspace::init(folder.path().join("w"), devnet.urls(), &arguments);
        workspace.change("https://example.com/0");
        workspace.good(&["publish"]);
        std::fs::write(folder.path().join("password"), "another one").unwrap();
        std::fs::write(folder.path().join("other.key"), OTHER).unwrap();
        Self { folder, devnet, workspace }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn rotate(&self, more: &[&str]) -> (Option<i32>, Value) {
        let password = self.path("password");
        let rotate = ["rotate", "--new-key-password-file", &password];
        let (code, json, _) = self.workspace.run(&[&rotate, more].concat());
        (code, json)
    }

    fn rotated(&self, more: &[&str]) -> RotateReport {
        let (code, json) = self.rotate(more);
        assert_eq!(code, Some(0), "{json}");
        report(&json)
    }

    /// With the new password, and the wallet of `key`.
    fn later(&self, key: &str, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let mut command = self.workspace.command(env!("CARGO_BIN_EXE_namesys"));
        command.env("NAMESYS_KEY_PASSWORD", "another one").env("ETH_PRIVATE_KEY", key);
        let Output { status, stdout, stderr } =
            command.arg("--json").args(arguments).output().unwrap();
        let json = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
        (status.code(), json, String::from_utf8(stderr).unwrap())
    }

    /// All but what can be rebuilt.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = files(&self.workspace.dir);
        files.retain(|path, _| !path.starts_with(self.workspace.dir.join(".namesys")));
        files
    }
}

/// Every file below `dir`.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => _ = files.insert(path.clone(), std::fs::read(path).unwrap()),
            }
        }
    }
    files
}

/// Another workspace of the same keys publishes a record that this one has not seen.
fn publishes_elsewhere(scene: &Scene, dir: &str) {
    let other = scene.workspace.checkout(scene.folder.path().join(dir));
    other.good(&["set", "text", "email", "a@example.com"]);
    other.good(&["sign"]);
    other.good(&["publish"]);
}

#[test]
fn what_was_not_seen_is_not_lost() {
    let scene = Scene::new();
    publishes_elsewhere(&scene, "elsewhere");
    let before = scene.files();
    let (code, json) = scene.rotate(&[]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::WouldLose)), "{json}");
    let refused: RotateReport = report(&json);
    let publish = refused.publish.unwrap();
    assert_eq!((refused.rotated, publish.lost.len(), publish.new_record), (false, 1, false));
    assert!(publish.uploads.is_empty() && refused.sign.is_none(), "{json}");
    assert_eq!(scene.files(), before, "as it was");
    // Only while that is published.
    let (code, json) = scene.rotate(&["--replace", "--expect", "0"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    assert_eq!(scene.files(), before, "as it was");

    scene.workspace.good(&["pull"]);
    let rotated = scene.rotated(&[]);
    assert_eq!((rotated.rotated, rotated.sign.unwrap().signed), (true, 2));
    let (code, json, _) = scene.later(WALLET, &["publish"]);
    let published: PublishReport = report(&json);
    assert_eq!((code, published.new_record), (Some(0), false), "{json}");
    assert_eq!(published.ipns_name, rotated.ipns_name);
    assert!(!scene.workspace.dir.join(".namesys/rotation").exists());
    // The former password derives others by now, and no name is left twice.
    let (code, json, _) = scene.workspace.run(&["publish"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::OtherKeys)), "{json}");
    let again = scene.rotated(&[]);
    assert_eq!((again.former, again.sign.is_none()), (rotated.former, true));
    assert!(!again.rotated, "nothing is rotated by it");
}

/// A port that a devnet answers at; before the first connection is passed on, `first` is done.
fn before_the_first(devnet: &str, first: impl FnOnce() + Send + 'static) -> String {
    let to = devnet.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut first = Some(first);
        for client in listener.incoming().map_while(Result::ok) {
            first.take().into_iter().for_each(|first| first());
            let server = TcpStream::connect(&to).unwrap();
            for (from, to) in [(&client, &server), (&server, &client)] {
                let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    url
}

/// Somebody publishes under the old name while the new tree is uploaded.
#[test]
fn what_is_published_meanwhile_is_noticed() {
    let scene = Scene::new();
    let elsewhere = scene.workspace.checkout(scene.folder.path().join("elsewhere"));
    elsewhere.good(&["set", "text", "email", "a@example.com"]);
    elsewhere.good(&["sign"]);
    let publish = move || drop(elsewhere.good(&["publish"]));
    let upload = before_the_first(&scene.devnet.urls().kubo, publish);
    let config = std::fs::read(scene.workspace.dir.join("namesys.toml")).unwrap();
    let (code, json) = scene.rotate(&["--upload", &format!("kubo={upload}")]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    assert!(json["error"]["hint"].to_string().contains("namesys pull"), "{json}");
    assert_eq!(json["rotated"], false, "{json}");
    assert_eq!(std::fs::read(scene.workspace.dir.join("namesys.toml")).unwrap(), config);
    // As the hint says.
    scene.workspace.good(&["pull"]);
    assert_eq!(scene.rotated(&[]).sign.unwrap().signed, 2);
    let (code, json, _) = scene.later(WALLET, &["publish"]);
    assert_eq!((code, json["new_record"].as_bool()), (Some(0), Some(false)), "{json}");
}

/// Another wallet owns the names from then on; what the former signer left is still this
/// workspace's, and goes when it is not wanted.
#[test]
fn another_wallet() {
    let scene = Scene::new();
    let config = scene.workspace.dir.join("namesys.toml");
    let with_site = std::fs::read_to_string(&config).unwrap()
        + "\n[[sites]]\nkind = \"folder\"\ndir = \"www\"\n";
    std::fs::write(&config, with_site).unwrap();
    scene.workspace.good(&["set", "text", "note", "one", "--name", "pay"]);
    scene.workspace.good(&["sign"]);
    scene.workspace.good(&["unset", "text", "note", "--name", "pay"]);
    let key = scene.path("other.key");
    let rotated = scene.rotated(&["--new-private-key-file", &key, "--replace"]);
    assert_eq!(rotated.sites_left, ["folder www"], "what the former keys signed is there");
    let signed = rotated.sign.unwrap();
    assert_eq!((signed.signed, signed.removed), (1, 1), "what is not wanted is not signed anew");
    let (code, json, _) = scene.later(OTHER, &["sign"]);
    assert_eq!((code, json["unchanged"].as_u64()), (Some(0), Some(1)), "{json}");
    let (code, json, _) = scene.later(OTHER, &["verify"]);
    assert_eq!((code, json["valid"].as_u64()), (Some(0), Some(1)), "{json}");
    let (code, json, _) = scene.later(OTHER, &["publish", "--strict"]);
    assert_eq!((code, json["ipns_name"].as_str()), (Some(0), Some(&*rotated.ipns_name)), "{json}");
}

/// What was published last under the former name is kept alive: known to `status` and `renew`.
#[test]
fn the_former_name_is_kept_alive() {
    let scene = Scene::new();
    let rotated = scene.rotated(&["--validity", "400d"]);
    let status: StatusReport = report(&scene.later(WALLET, &["status"]).1);
    let [former] = &status.former[..] else { panic!("{status:?}") };
    assert_eq!((former.ipns_name.clone(), former.sequence), (rotated.former.clone(), Some(1)));
    assert_eq!(former.validity, rotated.former_validity, "renewed with the rotation");
    assert!(former.days_left.unwrap() >= 399 && former.in_use.is_none(), "{former:?}");
    let (code, json, _) = scene.later(WALLET, &["status", "--warn-days", "500"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::ExpiresSoon)), "{json}");
    // With the new keys that of the new name, with the former ones that of the former.
    let (code, json, _) = scene.later(WALLET, &["renew", "--validity", "600d"]);
    assert_eq!((code, json["ipns_name"].as_str()), (Some(0), Some(&*rotated.ipns_name)), "{json}");
    // Whether anybody reads it is not known here: it is said, and no fault.
    let (code, json, text) = scene.later(WALLET, &["status", "--warn-days", "500"]);
    assert_eq!(code, Some(0), "{json}");
    assert!(text.contains(&format!("the last record of {}", rotated.former)), "{text}");
    let (code, json, _) = scene.later(WALLET, &["renew", "--former", "--validity", "600d"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::OtherKeys)), "{json}");
    let renewed: PublishReport =
        scene.workspace.report(&["renew", "--former", "--validity", "600d"]);
    assert_eq!((renewed.ipns_name, renewed.sequence), (rotated.former.clone(), 2));
    let (code, json, _) = scene.later(WALLET, &["status", "--warn-days", "500"]);
    assert_eq!(code, Some(0), "{json}");
    let (code, json, _) = scene.workspace.run(&["renew", "--former", &rotated.ipns_name]);
    assert_eq!((code, kind(&json)), (Some(4), Some(ErrorKind::NoIpnsName)), "{json}");
}

/// The same keys; a key in place of the wallet that derives it; nothing to leave.
#[test]
fn what_cannot_be_rotated() {
    let scene = Scene::new();
    std::fs::write(scene.path("empty"), "").unwrap();
    let before = scene.files();
    let empty = scene.path("empty");
    let (code, json, _) = scene.workspace.run(&["rotate", "--new-key-password-file", &empty]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::Usage)), "{json}");
    // The old keys are proven: a wrong password leaves nothing.
    let (code, json, _) =
        scene.later(WALLET, &["rotate", "--new-key-password-file", &scene.path("other.key")]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::OtherKeys)), "{json}");
    assert_eq!(scene.files(), before, "as it was");
    let new = Workspace::init(
        scene.folder.path().join("new"),
        scene.devnet.urls(),
        &["nick.eth", "--storage", "domain"],
    );
    let (code, json, _) = new.run(&["rotate", "--new-key-password-file", &empty]);
    assert_eq!((code, kind(&json)), (Some(4), Some(ErrorKind::NoIpnsName)), "{json}");
    // A key in place of the old wallet's derivation does not make another wallet the workspace's.
    let seed = scene.path("seed.key");
    std::fs::write(&seed, SEED).unwrap();
    let rotate = ["rotate", "--ipns-key-file", &seed, "--new-key-password-file", &empty];
    let (code, json, _) = scene.later(OTHER, &rotate);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::OtherWallet)), "{json}");
    assert_eq!(scene.files(), before, "as it was");
    // The new wallet's flags need each other.
    let (code, json, _) = scene.workspace.run(&["rotate", "--new-password-file", &empty]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::Usage)), "{json}");
    // What may be the words is not told again.
    let words = "test test test test test test test test test test test junk";
    let (code, json, stderr) = scene.workspace.run(&["rotate", "--new-mnemonic", words]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::BadMnemonic)), "{json}");
    assert!(!json.to_string().contains("junk") && !stderr.contains("junk"), "{json} {stderr}");
    // With the old key as a file, the old wallet is not needed beside another one.
    let key = scene.path("other.key");
    let mut command = scene.workspace.command(env!("CARGO_BIN_EXE_namesys"));
    command.env_remove("ETH_PRIVATE_KEY").env_remove("NAMESYS_KEY_PASSWORD");
    command.args(["rotate", "--ipns-key-file", &seed, "--new-private-key-file", &key]);
    let output = command.args(["--new-key-password-file", &empty]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
}
