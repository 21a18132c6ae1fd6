//! What is known of a workspace's files from before: never in the way of what is there now.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use namesys::report::{PublishReport, StatusReport, VerifyReport};
use serde_json::Value;

use crate::workspace::Workspace;

const AVATAR: &str = ".well-known/eth/nick/text/avatar.json";

/// The index of a workspace, which is kept for nobody else.
fn index(workspace: &Workspace) -> PathBuf {
    let folder = workspace.cache().join("namesys/index");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let file = files.pop().unwrap();
    assert!(files.is_empty(), "{files:?}");
    for (path, mode) in [(&file, 0o600), (&folder, 0o700)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
    }
    file
}

/// Until what was written before is older than an index made now.
fn tick() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Other bytes, of the same size and time of change, in a file of its own.
fn disguise(path: &Path, change: impl FnOnce(&mut [u8])) {
    let before = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    let other = path.with_extension("other");
    fs::write(&other, bytes).unwrap();
    fs::File::options().write(true).open(&other).unwrap().set_modified(before).unwrap();
    fs::rename(other, path).unwrap();
}

/// A digit of the signature.
fn spoil(bytes: &mut [u8]) {
    let digit = &mut bytes[600];
    *digit = if *digit == b'1' { b'2' } else { b'1' };
}

#[test]
fn a_file_that_was_replaced_in_disguise_is_seen_by_every_command() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    workspace.good(&["publish"]);
    tick();
    for command in ["verify", "status", "diff", "sign"] {
        workspace.good(&[command]);
    }
    index(&workspace);
    let path = workspace.dir.join(AVATAR);
    let whole = fs::read(&path).unwrap();
    tick();
    disguise(&path, spoil);
    let (code, json, stderr) = workspace.run(&["verify"]);
    assert_eq!(code, Some(3), "{json} {stderr}");
    let status: StatusReport = crate::support::reports::report(&workspace.run(&["status"]).1);
    assert_eq!((status.unsigned, status.unpublished), (1, Some(true)));
    let (code, json, _) = workspace.run(&["publish"]);
    assert_eq!(code, Some(3), "{json}");
    let diff = workspace.good(&["diff"]);
    assert_eq!(diff["records"][0]["state"], "stale", "{diff}");
    // Touched alone it is what it was.
    fs::write(&path, whole).unwrap();
    workspace.good(&["verify"]);
    let same: StatusReport = workspace.report(&["status"]);
    assert_eq!((same.unsigned, same.unpublished), (0, Some(false)));
}

/// The same with the index, without it, and with another workspace's or a damaged one.
#[test]
fn what_becomes_of_the_index_changes_nothing() {
    let (folder, devnet, workspace) = Workspace::on_devnet();
    let other = Workspace::new(folder.path().join("other"), devnet.urls());
    other.change("https://example.com/other");
    other.good(&["verify"]);
    workspace.good(&["publish"]);
    let all = || {
        let commands = [["verify"], ["status"], ["diff"], ["list"]];
        let reports: Vec<Value> = commands.iter().map(|command| workspace.run(command).1).collect();
        reports
    };
    let before = all();
    let file = index(&workspace);
    let whole = fs::read(&file).unwrap();
    let strangers = fs::read(index(&other)).unwrap();
    for bytes in [&b""[..], b"namesys index 2\n", &whole[..whole.len() - 1], &strangers] {
        fs::write(&file, bytes).unwrap();
        assert_eq!(all(), before);
    }
    fs::remove_dir_all(workspace.cache()).unwrap();
    assert_eq!(all(), before);
    assert_eq!(index(&workspace), file, "it is there again");
    // Somebody else may have written it.
    fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    assert_eq!(all(), before);
    // A file stands where the folder should.
    fs::remove_dir_all(workspace.cache()).unwrap();
    fs::write(workspace.cache(), "x").unwrap();
    assert_eq!(all(), before);
    workspace.change("https://example.com/1");
    let published: PublishReport = workspace.report(&["publish"]);
    assert_eq!(published.sequence, 1);
}

/// What verified verifies no more when the approval in the file is another, or the owner is.
#[test]
fn what_was_found_of_a_file_is_not_said_of_another_fact() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    for _ in 0..2 {
        let report: VerifyReport = workspace.report(&["verify"]);
        assert_eq!((report.valid, report.invalid), (1, 0));
    }
    let owner = "0x000000000000000000000000000000000000dEaD";
    let (code, json, _) = workspace.run(&["verify", "--owner", owner]);
    assert_eq!((code, &json["invalid"]), (Some(3), &1.into()), "{json}");
    // The kept approval is removed: the record is signed anew, though its file is right.
    workspace.good(&["diff"]);
    let file = workspace.dir.join("namesys.toml");
    let text = fs::read_to_string(&file).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("\"nick.eth\"")).collect();
    assert!(kept.len() < text.lines().count(), "{text}");
    fs::write(&file, kept.join("\n")).unwrap();
    let diff = workspace.good(&["diff"]);
    assert_eq!(diff["records"][0]["state"], "stale", "{diff}");
    workspace.good(&["sign"]);
    assert_eq!(workspace.good(&["diff"])["records"].as_array().unwrap().len(), 0);
}
