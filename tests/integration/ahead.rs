//! `publish --ahead` and what follows it, by the commands. Time passes by moving everything that is
//! to come into the past: no file that is signed says when it is due.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::report::{ErrorKind, PublishReport};
use serde_json::Value;

use crate::support::reports::{error, kind};
use crate::workspace::{WALLET, Workspace};

const NEW: &str = "https://example.com/new";
const AHEAD: &str = "phases/ipns";
const PEM: &str = "-----BEGIN PRIVATE KEY-----\n";

/// A workspace whose avatar changes in 2100, and the devnet that it publishes to.
struct Scene {
    folder: tempfile::TempDir,
    _devnet: DevnetHandle,
    workspace: Workspace,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = Some(folder.path().join("devnet"));
        let devnet =
            DevnetHandle::spawn(DevnetConfig { dir, ..DevnetConfig::ephemeral() }).unwrap();
        let workspace = Workspace::new(folder.path().join("w"), devnet.urls());
        workspace.good(&["set", "text", "avatar", NEW, "--starts", "2100-01-01T00:00:00Z"]);
        workspace.good(&["sign"]);
        Self { folder, _devnet: devnet, workspace }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.workspace.dir.join(relative)
    }

    /// All that was ever uploaded.
    fn uploaded(&self) -> u64 {
        fs::metadata(self.folder.path().join("devnet/blocks.car")).unwrap().len()
    }

    fn write(&self, relative: &str, text: &str) {
        fs::create_dir_all(self.path(relative).parent().unwrap()).unwrap();
        fs::write(self.path(relative), text).unwrap();
    }

    fn publishes(&self, arguments: &[&str]) -> PublishReport {
        self.workspace.report(arguments)
    }

    /// What was to come in a year has come long ago, by what the workspace's files say.
    fn passes(&self, year: &str) {
        let records = fs::read_to_string(self.path("records.toml")).unwrap();
        fs::write(self.path("records.toml"), records.replace(&format!("{year}-"), "2020-"))
            .unwrap();
        self.renames("phases", year);
        self.renames(AHEAD, &format!("-{year}"));
    }

    fn renames(&self, folder: &str, what: &str) {
        let to = what.replace(|digit: char| digit.is_ascii_digit(), "").to_owned() + "2020";
        for entry in fs::read_dir(self.path(folder)).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with(what) || what.starts_with('-') && name.contains(what) {
                let renamed = entry.path().with_file_name(name.replacen(what, &to, 1));
                fs::rename(entry.path(), renamed).unwrap();
            }
        }
    }
}

/// The kind of error, where a command fails with this exit code.
fn failed(code: i32, found: &(Option<i32>, Value, String)) -> ErrorKind {
    assert_eq!(found.0, Some(code), "{} {}", found.1, found.2);
    kind(&found.1).unwrap()
}

#[test]
fn a_private_key_is_found_before_anything_is_sent() {
    let scene = Scene::new();
    let before = scene.uploaded();
    for place in [
        ".well-known/eth/nick/notes.txt",
        "root/notes.txt",
        "phases/21000101T000000Z/.well-known/eth/nick/notes.txt",
    ] {
        scene.write(place, PEM);
        let found = scene.workspace.run(&["publish", "--ahead"]);
        assert_eq!(failed(1, &found), ErrorKind::PrivateKey, "{place}");
        assert!(error(&found.1).unwrap().message.contains("notes.txt"), "{}", found.1);
        assert_eq!(scene.uploaded(), before, "{place}: something was sent");
        fs::remove_file(scene.path(place)).unwrap();
    }
    assert_eq!(scene.publishes(&["publish", "--ahead"]).ahead.len(), 1);
    assert!(scene.uploaded() > before);
}

/// What is to come is not sent where what holds now may not be; where a loss is permitted, it is
/// signed over that.
#[test]
fn what_is_to_come_follows_what_holds_now() {
    let scene = Scene::new();
    let other = scene.workspace.at_dir(scene.folder.path().join("other"));
    fs::create_dir(&other.dir).unwrap();
    other.good(&["init", "nick.eth"]);
    other.good(&["set", "text", "theirs", "x"]);
    other.good(&["sign"]);
    other.good(&["publish"]);
    let before = scene.uploaded();
    let found = scene.workspace.run(&["publish", "--ahead"]);
    assert_eq!(failed(1, &found), ErrorKind::WouldLose);
    assert_eq!(scene.uploaded(), before, "something was sent");
    assert!(!scene.path(AHEAD).exists());
    let published = scene.publishes(&["publish", "--ahead", "--replace"]);
    assert_eq!((published.lost.len(), published.sequence), (1, 1));
    let ahead: Vec<u64> = published.ahead.iter().map(|one| one.sequence).collect();
    assert_eq!(ahead, [2]);
    // So it is where an older tree is published again over a loss.
    other.good(&["publish", "--replace"]);
    let back = scene.publishes(&["rollback", &published.root, "--replace", "--force"]);
    let ahead: Vec<(u64, &str)> =
        back.ahead.iter().map(|one| (one.sequence, one.root.as_str())).collect();
    assert_eq!((back.lost.is_empty(), back.sequence), (false, 3));
    assert_eq!(ahead, [(4, published.ahead[0].root.as_str())]);
}

#[test]
fn a_turn_that_has_come_is_not_taken_back() {
    let scene = Scene::new();
    let first = scene.publishes(&["publish", "--ahead"]);
    let (old, turned) = (first.root, first.ahead[0].root.clone());
    scene.passes("2100");
    let put = scene.workspace.good(&["ipns", "put", "--due", AHEAD]);
    assert_eq!(put["value"], format!("/ipfs/{turned}"));
    // A web host gets what holds now, without a signature.
    let copy = scene.workspace.checkout(scene.folder.path().join("copy"));
    let host = scene.folder.path().join("host");
    let to = format!("folder={}", host.display());
    fs::create_dir(&host).unwrap();
    let brought = copy.good(&["publish", "--to", "https", "--site", &to]);
    assert_eq!(brought["root"], *turned, "{brought}");
    // Nor does it go under the name.
    let again = scene.publishes(&["publish"]);
    assert_eq!((again.root.as_str(), again.new_record), (&*turned, false), "not {old}");
    assert!(again.ahead.is_empty());
    scene.workspace.good(&["diff", "--exit-code"]);
    // What was signed in advance is gone: then nothing is sent.
    let lost = copy.at_dir(scene.folder.path().join("copy"));
    for gone in ["phases/20200101T000000Z", ".well-known/eth/nick/text"] {
        fs::remove_dir_all(lost.dir.join(gone)).unwrap();
    }
    let found = lost.run(&["publish"]);
    assert_eq!(failed(1, &found), ErrorKind::Unsigned);
    assert!(error(&found.1).unwrap().hint.unwrap().contains("namesys sign"), "{}", found.1);
}

/// A command is of one time: what was shown is what is done, though a turn comes meanwhile.
#[test]
fn a_turn_amid_a_command_does_not_stop_it() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    let second = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let starts = second + SignedDuration::from_secs(3);
    workspace.good(&["set", "text", "notice", "x"]);
    workspace.good(&["set", "text", "avatar", NEW, "--starts", &starts.to_string()]);
    let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
    command.args(["--json", "apply", "--yes", "--private-key-file", "-"]);
    command.env_remove("ETH_PRIVATE_KEY").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let left = starts.duration_since(Timestamp::now()) + SignedDuration::from_millis(200);
    std::thread::sleep(Duration::try_from(left).unwrap_or_default());
    child.stdin.take().unwrap().write_all(WALLET.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr} {}", String::from_utf8_lossy(&output.stdout));
    let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(applied["publish"]["new_record"], true, "{applied}");
}
