//! `publish --ahead` and what follows it, by the commands. Time passes by moving everything that is
//! to come into the past: no file that is signed says when it is due.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ens::Name;
use namesys::record::{RecordKey, flat_path};
use namesys::report::{ErrorKind, PublishReport};
use serde_json::Value;

use crate::support::reports::{error, kind};
use crate::workspace::{WALLET, Workspace};

const OLD: &str = "https://example.com/0";
const NEW: &str = "https://example.com/new";
const AHEAD: &str = "phases/ipns";
const PEM: &str = "-----BEGIN PRIVATE KEY-----\n";

/// A workspace whose avatar changes in 2100, and the devnet that it publishes to.
struct Scene {
    folder: tempfile::TempDir,
    devnet: DevnetHandle,
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
        Self { folder, devnet, workspace }
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
        for file in ["records.toml", "published.toml"] {
            let Ok(text) = fs::read_to_string(self.path(file)) else { continue };
            fs::write(self.path(file), text.replace(&format!("{year}-01-01"), "2020-01-01"))
                .unwrap();
        }
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

/// What is signed for later and nothing else is to be done: plan shows it, apply does it.
#[test]
fn plan_and_apply_do_what_is_to_come() {
    let scene = Scene::new();
    let workspace = &scene.workspace;
    let first = scene.publishes(&["publish", "--ahead"]);
    assert_eq!(workspace.good(&["plan"])["to_do"], false);
    assert_eq!(workspace.good(&["status"])["next_turn"], "2100-01-01T00:00:00Z");
    let old = scene.folder.path().join("old");
    copy(&scene.path(AHEAD), &old);
    let newer = "https://example.com/newer";
    workspace.good(&["set", "text", "avatar", newer, "--starts", "2100-01-01T00:00:00Z"]);
    let planned = workspace.good(&["plan", "--out", "plan.json"]);
    assert_eq!((&planned["to_do"], &planned["unsigned"]), (&true.into(), &1.into()), "{planned}");
    assert_eq!((&planned["sequence"], &planned["new_record"]), (&2.into(), &true.into()));
    // A plan does not permit another value for later.
    workspace.good(&["set", "text", "avatar", NEW, "--starts", "2100-01-01T00:00:00Z"]);
    let found = workspace.run(&["apply", "plan.json", "--yes"]);
    assert_eq!(failed(1, &found), ErrorKind::Changed);
    workspace.good(&["set", "text", "avatar", newer, "--starts", "2100-01-01T00:00:00Z"]);
    let applied = workspace.good(&["apply", "plan.json", "--yes"]);
    assert_eq!(applied["sign"]["signed"], 1, "{applied}");
    let published = &applied["publish"];
    assert_eq!((&published["root"], &published["sequence"]), (&first.root.into(), &2.into()));
    assert_eq!(published["validity"], planned["validity"], "{planned} {applied}");
    assert_ne!(published["ahead"][0]["root"], *first.ahead[0].root, "{applied}");
    let done = workspace.good(&["plan"]);
    assert_eq!(done["to_do"], false, "{done}");
    let found = workspace.run(&["ipns", "put", "--due", old.to_str().unwrap()]);
    assert_eq!(failed(1, &found), ErrorKind::Outdated);
    // Signed by hand, it is still to be published.
    workspace.good(&["unset", "text", "avatar", "--phase", "2100-01-01T00:00:00Z"]);
    workspace.good(&["set", "text", "avatar", OLD]);
    workspace.good(&["sign"]);
    assert_eq!(workspace.good(&["plan"])["sequence"], 4);
    let applied = workspace.good(&["apply", "--yes"]);
    assert_eq!(applied["publish"]["sequence"], 4, "{applied}");
    assert!(!scene.path(AHEAD).exists(), "nothing is to come");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The files of a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

/// `published.toml` knows the turns: a folder that is not as it was loses none of them.
#[test]
fn what_is_signed_ahead_is_not_lost_with_its_folder() {
    let scene = Scene::new();
    let first = scene.publishes(&["publish", "--ahead"]);
    let turned = first.ahead[0].root.as_str();
    let mut sequence = 0;
    let mut renewed = |year: i32| {
        let validity = format!("{year}-01-01T00:00:00Z");
        let renewed = scene.publishes(&["renew", "--validity", &validity]);
        sequence += 2;
        let ahead: Vec<(u64, &str)> =
            renewed.ahead.iter().map(|one| (one.sequence, one.root.as_str())).collect();
        assert_eq!((renewed.sequence, ahead), (sequence, vec![(sequence + 1, turned)]));
        assert_eq!(files(&scene.path(AHEAD)).len(), 2);
    };
    fs::remove_dir_all(scene.path(AHEAD)).unwrap();
    renewed(2101);
    // A command that was cut short while it wrote.
    let last = files(&scene.path(AHEAD)).pop().unwrap();
    fs::remove_file(scene.path(AHEAD).join(&last)).unwrap();
    renewed(2102);
    // What is no record of the name is neither taken for nothing nor removed.
    let before = files(&scene.path(AHEAD));
    scene.write("phases/ipns/other.ipns-record", "no record");
    for command in
        [&["renew", "--validity", "2103-01-01T00:00:00Z"][..], &["rollback"], &["publish"]]
    {
        let found = scene.workspace.run(command);
        assert_eq!(failed(3, &found), ErrorKind::BadIpnsRecord, "{command:?}");
        let hint = error(&found.1).unwrap().hint.unwrap();
        assert!(hint.contains("nothing was sent") && hint.contains("publish --ahead"), "{hint}");
    }
    fs::remove_file(scene.path("phases/ipns/other.ipns-record")).unwrap();
    assert_eq!(files(&scene.path(AHEAD)), before);
    // An older published.toml: what it does not know is not renewed, and does not win.
    let known = fs::read_to_string(scene.path("published.toml")).unwrap();
    let older = known[..known.find("\n[[").unwrap()].to_owned();
    fs::write(scene.path("published.toml"), older).unwrap();
    let found = scene.workspace.run(&["renew", "--validity", "2103-01-01T00:00:00Z"]);
    assert_eq!(failed(1, &found), ErrorKind::BadPublication);
    scene.workspace.good(&["set", "text", "notice", "x"]);
    scene.workspace.good(&["sign"]);
    let published = scene.publishes(&["publish"]);
    assert_eq!((published.sequence, published.ahead[0].sequence), (6, 7));
}

/// A machine was off at a turn: what is renewed is what is out, and the turn follows.
#[test]
fn a_renewal_goes_on_to_the_turn_that_was_missed() {
    let scene = Scene::new();
    let first = scene.publishes(&["publish", "--ahead"]);
    scene.passes("2100");
    let renewed = scene.publishes(&["renew", "--validity", "2101-01-01T00:00:00Z"]);
    assert_eq!((&renewed.root, renewed.sequence, renewed.ahead.len()), (&first.root, 2, 1));
    let put = scene.workspace.good(&["ipns", "put", "--due", AHEAD]);
    assert_eq!(put["value"], format!("/ipfs/{}", first.ahead[0].root));
    // What is to be sent later is not what --sign-only sends now.
    let other = Scene::new();
    let turned = other.publishes(&["publish", "--ahead"]).ahead[0].root.clone();
    let records = fs::read_to_string(other.path("records.toml")).unwrap();
    fs::write(other.path("records.toml"), records.replace("2100-", "2020-")).unwrap();
    other.renames("phases", "2100");
    let parcel = scene.folder.path().join("parcel");
    let signed = other.publishes(&["publish", "--sign-only", parcel.to_str().unwrap()]);
    assert_eq!((signed.root, signed.sequence), (turned, 2));
}

/// In `phases/` nothing goes that is somebody else's, and no phase without being counted.
#[test]
fn what_goes_of_the_phases_is_ours_and_is_counted() {
    let scene = Scene::new();
    let phase = "phases/21000101T000000Z/.well-known/eth/nick/text/avatar.json";
    let foreign = "phases/21000101T000000Z/.well-known/eth/nick/text/theirs.json";
    scene.write(foreign, r#"{"data":"0x00"}"#);
    let records = fs::read_to_string(scene.path("records.toml")).unwrap();
    fs::write(scene.path("records.toml"), "").unwrap();
    let found = scene.workspace.run(&["sign"]);
    assert_eq!(failed(1, &found), ErrorKind::NothingWanted, "{}", found.1);
    assert!(scene.path(phase).exists());
    fs::write(scene.path("records.toml"), records).unwrap();
    scene.workspace.good(&["set", "text", "avatar", OLD]);
    let diff = scene.workspace.good(&["diff"]);
    assert_eq!(diff["records"][0]["state"], "removed", "{diff}");
    assert_eq!(diff["records"][0]["starts"], "2100-01-01T00:00:00Z", "{diff}");
    let signed = scene.workspace.good(&["sign"]);
    assert_eq!((&signed["signed"], &signed["removed"]), (&0.into(), &1.into()), "{signed}");
    assert!(!scene.path(phase).exists() && scene.path(foreign).exists());
    for (file, line) in [(".gitignore", "!phases/**"), (".gitattributes", "phases/** -text")] {
        assert!(fs::read_to_string(scene.path(file)).unwrap().lines().any(|one| one == line));
    }
}

/// A copy in the flat layout turns with its record, where it is ours.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_in_the_flat_layout_turns_with_its_record() {
    let scene = Scene::new();
    let flat = |record: &str| {
        flat_path(&Name::parse("nick.eth").unwrap(), &RecordKey::parse(record).unwrap()).unwrap()
    };
    let (ours, theirs) = (flat("text/avatar"), flat("text/notice"));
    let set = |value: &[&str]| scene.workspace.good(&[&["set", "text", "notice"], value].concat());
    set(&["one"]);
    set(&["two", "--starts", "2100-01-01T00:00:00Z"]);
    scene.write(&theirs, "theirs");
    scene.workspace.good(&["sign", "--flat"]);
    let ahead = scene.publishes(&["publish", "--ahead", "--allow-invalid"]).ahead;
    let gateway = scene.devnet.urls().gateway;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let read = async |path: &str| {
        let url = format!("{gateway}/ipfs/{}/{path}", ahead[0].root);
        let answer = reqwest::get(url).await.unwrap().error_for_status().unwrap();
        answer.text().await.unwrap()
    };
    let phase = "phases/21000101T000000Z/.well-known/eth/nick/text/avatar.json";
    let expected = fs::read_to_string(scene.path(phase)).unwrap();
    assert_eq!(read(&ours).await, expected);
    assert_eq!(read(".well-known/eth/nick/text/avatar.json").await, expected);
    assert_eq!(read(&theirs).await, "theirs");
}

/// Who waits for a turn takes what the folder holds by then, and is not stopped by half of one.
#[test]
fn a_watcher_outlives_what_passes() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    let second = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let starts = (second + SignedDuration::from_secs(6)).to_string();
    workspace.good(&["set", "text", "avatar", NEW, "--starts", &starts]);
    workspace.good(&["sign"]);
    workspace.good(&["publish", "--ahead"]);
    let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
    command.args(["--json", "ipns", "put", "--due", AHEAD, "--watch"]).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Another value for then: the folder is another.
    workspace.good(&["set", "text", "avatar", "https://example.com/newer", "--starts", &starts]);
    workspace.good(&["sign"]);
    let published: PublishReport = workspace.report(&["publish"]);
    let half = workspace.dir.join("phases/ipns/half.ipns-record");
    fs::write(&half, "half").unwrap();
    let left = starts.parse::<Timestamp>().unwrap().duration_since(Timestamp::now());
    let left = left + SignedDuration::from_millis(500);
    std::thread::sleep(Duration::try_from(left).unwrap_or_default());
    fs::remove_file(half).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let put: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(put["sequence"], published.ahead[0].sequence, "{put} {stderr}");
}
