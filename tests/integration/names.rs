//! Several names in one workspace of wallet storage: one key, one tree.

use std::fs;
use std::path::Path;
use std::process::Command;

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::report::{ErrorKind, NamesReport, PublishReport, SignReport, VerifyReport};

use crate::support::reports::{error, kind};
use crate::workspace::Workspace;

const BOTH: [&str; 4] = ["nick.eth", "other.eth", "--storage", "wallet"];

struct Scene {
    folder: tempfile::TempDir,
    devnet: DevnetHandle,
}

impl Scene {
    fn new() -> Self {
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), devnet }
    }

    fn workspace(&self, name: &str, init: &[&str]) -> Workspace {
        Workspace::init(self.folder.path().join(name), self.devnet.urls(), init)
    }

    /// Both names, each with a signed avatar.
    fn both(&self, name: &str) -> Workspace {
        let workspace = self.workspace(name, &BOTH);
        for of in ["nick.eth", "other.eth"] {
            workspace.good(&["set", "text", "avatar", of, "--name", of]);
        }
        workspace.good(&["sign"]);
        workspace
    }
}

fn avatar(workspace: &Workspace, name: &str) -> std::path::PathBuf {
    workspace.dir.join(format!(".well-known/eth/{name}/text/avatar.json"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn one_tree_and_one_sequence_serve_all_names() {
    let scene = Scene::new();
    let workspace = scene.both("w");
    let checked: VerifyReport = workspace.report(&["verify"]);
    assert_eq!((checked.valid, checked.invalid), (2, 0));
    let published: PublishReport = workspace.report(&["publish"]);
    assert_eq!(published.sequence, 0);
    let hash = format!("ipns://{}", published.ipns_name);
    for name in ["nick.eth", "other.eth"] {
        let by_hand = ["resolve", name, "text/avatar", "--recordhash", &hash];
        let owner = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";
        let found = workspace.good(&[&by_hand[..], &["--owner", owner]].concat());
        assert_eq!(found["records"][0]["value"], name, "{found}");
    }
    // A change of one leaves the other as it is, and what is removed of either is so on purpose.
    let other = text(&avatar(&workspace, "other"));
    workspace.good(&["set", "text", "url", "x", "--name", "nick.eth"]);
    workspace.good(&["unset", "text", "avatar", "--name", "nick.eth"]);
    let signed: SignReport = workspace.report(&["sign"]);
    assert_eq!((signed.signed, signed.unchanged, signed.removed), (1, 1, 1));
    assert_eq!(text(&avatar(&workspace, "other")), other);
    let again: PublishReport = workspace.report(&["publish"]);
    assert_eq!((again.sequence, again.removed.len(), again.lost.len()), (1, 1, 0));
}

#[test]
fn what_changes_one_name_wants_to_be_told_which() {
    let scene = Scene::new();
    let workspace = scene.both("w");
    for command in [&["set", "text", "url", "x"][..], &["unset", "text", "avatar"], &["approve"]] {
        for name in [&[][..], &["--name", "pay"]] {
            let (code, json, _) = workspace.run(&[command, name].concat());
            assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::Usage)), "{json}");
            let message = error(&json).unwrap().message;
            assert!(message.contains("nick.eth, other.eth"), "{message}");
        }
    }
    workspace.good(&["set", "text", "url", "x", "--name", "pay.other.eth"]);
    let (code, json, _) = workspace.run(&["set", "text", "url", "x", "--name", "third.eth"]);
    assert_eq!(code, Some(2), "{json}");
    assert!(error(&json).unwrap().hint.unwrap().contains("name add third.eth"), "{json}");
    // With one name a label is enough.
    let one = scene.workspace("one", &["nick.eth"]);
    let set = one.good(&["set", "text", "url", "x", "--name", "pay"]);
    assert_eq!(set["name"], "pay.nick.eth");
}

/// Files of names that are not the workspace's are published and left alone; `name add` makes them
/// its own, with not a byte of them changed.
#[test]
fn files_of_other_names_are_carried_until_they_are_added() {
    let scene = Scene::new();
    let both = scene.both("both");
    let workspace = scene.workspace("one", &["nick.eth", "--storage", "wallet"]);
    workspace.good(&["set", "text", "url", "x"]);
    let carried = avatar(&workspace, "other");
    fs::create_dir_all(carried.parent().unwrap()).unwrap();
    fs::copy(avatar(&both, "other"), &carried).unwrap();
    let bad = carried.with_file_name("url.json");
    fs::write(&bad, "{\"data\":\"0x00\"}").unwrap();
    let bytes = text(&carried);
    let signed: SignReport = workspace.report(&["sign", "--force"]);
    assert_eq!((signed.signed, signed.removed), (1, 0));
    let published: PublishReport = workspace.report(&["publish", "--allow-invalid"]);
    assert_eq!(text(&carried), bytes);

    let added: NamesReport = workspace.report(&["name", "add", "other.eth"]);
    assert_eq!(added.names, ["nick.eth", "other.eth"]);
    assert_eq!(added.taken.len(), 1);
    assert_eq!(added.invalid, [".well-known/eth/other/text/url.json"]);
    let records = text(&workspace.dir.join("records.toml"));
    assert!(records.contains("[\"other.eth\"]\n\"text/avatar\" = \"other.eth\""), "{records}");
    assert!(
        text(&workspace.dir.join("namesys.toml")).contains("names = [\"nick.eth\", \"other.eth\"]")
    );
    let signed: SignReport = workspace.report(&["sign"]);
    assert_eq!((signed.signed, signed.unchanged, signed.removed), (0, 2, 0), "as it is");
    assert_eq!(text(&carried), bytes);
    assert!(bad.exists(), "what does not verify is somebody's");
    let again: PublishReport = workspace.report(&["publish", "--allow-invalid"]);
    assert_eq!(again.root, published.root);
}

#[test]
fn a_name_goes_when_nothing_of_it_is_left_or_stays_published() {
    let scene = Scene::new();
    let workspace = scene.both("w");
    workspace.good(&["publish"]);
    let left = |expected: &str| {
        let (code, json, _) = workspace.run(&["name", "remove", "other.eth"]);
        assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::RecordsLeft)), "{json}");
        assert!(error(&json).unwrap().message.contains(expected), "{json}");
    };
    left("wants 1 records");
    workspace.good(&["unset", "text", "avatar", "--name", "other.eth"]);
    left("1 files of other.eth are still signed");
    workspace.good(&["sign"]);
    left("last seen published");
    workspace.good(&["publish"]);
    let removed: NamesReport = workspace.report(&["name", "remove", "other.eth"]);
    assert_eq!(removed.names, ["nick.eth"]);

    let kept = scene.both("kept");
    let bytes = text(&avatar(&kept, "other"));
    let removed: NamesReport = kept.report(&["name", "remove", "other.eth", "--keep"]);
    assert_eq!((removed.names.len(), removed.kept.len()), (1, 1));
    assert!(!text(&kept.dir.join("records.toml")).contains("other.eth"));
    kept.good(&["sign"]);
    assert_eq!(text(&avatar(&kept, "other")), bytes);
    // Back again, it is signed as it was.
    kept.good(&["name", "add", "other.eth"]);
    let signed: SignReport = kept.report(&["sign"]);
    assert_eq!((signed.signed, signed.unchanged), (0, 2));
}

/// What a `remove` or an `add` that was killed between its two files left, the same command ends.
#[test]
fn a_name_that_is_half_there_is_completed() {
    let scene = Scene::new();
    let workspace = scene.both("w");
    let config = workspace.dir.join("namesys.toml");
    let whole = text(&config);
    fs::write(&config, whole.replace(", \"other.eth\"", "")).unwrap();
    assert_eq!(workspace.run(&["sign"]).0, Some(2), "nothing is removed meanwhile");
    workspace.good(&["name", "remove", "other.eth", "--keep"]);
    workspace.good(&["sign"]);
    let (code, json, _) = workspace.run(&["name", "remove", "other.eth"]);
    assert_eq!(code, Some(2), "{json}");

    // Of an `add` neither the name nor the approval is there yet.
    let other = scene.both("other");
    let is_there = |line: &&str| !line.starts_with("\"other.eth\"");
    let before: Vec<&str> = whole.lines().filter(is_there).collect();
    assert!(before.len() < whole.lines().count(), "{whole}");
    let before = before.join("\n").replace(", \"other.eth\"", "") + "\n";
    fs::write(other.dir.join("namesys.toml"), before).unwrap();
    other.good(&["name", "add", "other.eth"]);
    let signed: SignReport = other.report(&["sign"]);
    assert_eq!((signed.unchanged, signed.removed), (2, 0));
}

/// What stays published is what is wanted; what is wanted and not signed is not forgotten.
#[test]
fn a_name_does_not_go_with_what_is_not_signed() {
    let scene = Scene::new();
    let workspace = scene.both("w");
    let remove = ["name", "remove", "other.eth", "--keep"];
    for (set, of) in [("avatar", "stale"), ("url", "unsigned")] {
        workspace.good(&["set", "text", set, "https://new.example", "--name", "other.eth"]);
        let wanted = text(&workspace.dir.join("records.toml"));
        let (code, json, _) = workspace.run(&remove);
        assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::RecordsLeft)), "{of}: {json}");
        assert!(error(&json).unwrap().message.contains(&format!("text/{set}")), "{of}: {json}");
        assert_eq!(text(&workspace.dir.join("records.toml")), wanted, "{of}");
        workspace.good(&["sign"]);
    }
    workspace.good(&remove);
}

/// Where no owner is known nothing can be taken over, and nothing is promised.
#[test]
fn a_name_is_not_added_to_files_that_nobody_can_verify() {
    let scene = Scene::new();
    let signed = scene.both("w");
    let workspace = scene.workspace("fresh", &["nick.eth", "--storage", "wallet"]);
    let tree = [signed.dir.join(".well-known"), workspace.dir.clone()];
    assert!(Command::new("cp").arg("-r").args(tree).status().unwrap().success());
    let before = text(&workspace.dir.join("namesys.toml"));
    let (code, json, _) = workspace.run(&["name", "add", "other.eth"]);
    assert_eq!(code, Some(2), "{json}");
    assert!(error(&json).unwrap().message.contains("signed files of other.eth"), "{json}");
    assert_eq!(text(&workspace.dir.join("namesys.toml")), before);
    workspace.good(&["name", "add", "third.eth"]);
}
