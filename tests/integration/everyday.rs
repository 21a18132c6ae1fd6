//! Looking at records, and editing them by hand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use namesys::devnet::DevnetHandle;
use namesys::report::{EditReport, ErrorKind, FilesReport, GetReport, RecordsReport};
use serde_json::Value;

use crate::support::reports::{kind, report};
use crate::workspace::Workspace;

/// A published record, and its workspace.
fn scene() -> (tempfile::TempDir, DevnetHandle, Workspace) {
    let (folder, devnet, workspace) = Workspace::on_devnet();
    workspace.good(&["publish"]);
    (folder, devnet, workspace)
}

/// Edits with a shell script that gets the file as `$1`.
fn edit(workspace: &Workspace, script: &str) -> (Option<i32>, Value) {
    let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
    command.current_dir(&workspace.dir).args(["edit", "--json"]);
    command.stdin(Stdio::null());
    if !script.is_empty() {
        command.env("VISUAL", format!("f() {{ {script}; }}; f")).env("EDITOR", "false");
    }
    let output = command.output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

fn drafts(workspace: &Workspace) -> Vec<PathBuf> {
    let entries = fs::read_dir(workspace.dir.join(".namesys")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_string_lossy().contains("records.draft")).collect()
}

#[test]
fn what_an_editor_leaves_is_saved_only_where_it_is_sound() {
    let (_folder, _devnet, workspace) = scene();
    let file = workspace.dir.join("records.toml");
    let before = fs::read_to_string(&file).unwrap();
    let (code, json) = edit(&workspace, "echo '# mine' >> $1");
    assert_eq!(code, Some(0), "{json}");
    assert!(report::<EditReport>(&json).changed && drafts(&workspace).is_empty());
    let commented = fs::read_to_string(&file).unwrap();
    assert_eq!(commented, format!("{before}# mine\n"));

    // What it holds is looked at as `set` would, and the editor is told no key.
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    let script = format!(
        "test -z \"$ETH_PRIVATE_KEY$NAMESYS_KUBO_TOKEN$MINE$AWS_SESSION_TOKEN$NAMESYS_KUBO_URL\" && echo '\"text/w\" = \"{token}\"' >> $1"
    );
    let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
    command
        .current_dir(&workspace.dir)
        .arg("edit")
        .env("NAMESYS_KUBO_TOKEN", "a token")
        .env("NAMESYS_CREDENTIALS", "kubo.example=MINE")
        .env("MINE", "a token of another name")
        .env("AWS_SESSION_TOKEN", "a token of a session")
        .env("NAMESYS_KUBO_URL", "http://user:password@127.0.0.1:1")
        .env("EDITOR", format!("f() {{ {script}; }}; f"));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && stderr.contains("a record is for everyone"), "{stderr}");
    fs::write(&file, &commented).unwrap();

    let (code, json) = edit(&workspace, "echo text = >> $1");
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::BadRecord)), "{json}");
    let message = json["error"]["message"].as_str().unwrap();
    let line = commented.lines().count() + 1;
    assert!(message.contains(&format!("records.toml:{line}:")), "{message}");
    // Nothing that was written is lost.
    let kept = drafts(&workspace);
    let hint = json["error"]["hint"].as_str().unwrap();
    assert!(kept.len() == 1 && hint.contains(kept[0].to_str().unwrap()), "{hint} {kept:?}");
    assert!(fs::read_to_string(&kept[0]).unwrap().ends_with("text =\n"));
    assert_eq!(fs::metadata(&kept[0]).unwrap().permissions().mode() & 0o777, 0o600);

    let meanwhile = format!("echo '# theirs' >> {}; echo '# again' >> $1", file.display());
    let (code, json) = edit(&workspace, &meanwhile);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    let (code, json) = edit(&workspace, "exit 3");
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::NotConfirmed)), "{json}");
    // Nobody waits where nobody can type.
    let (code, json) = edit(&workspace, "");
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::Usage)), "{json}");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{commented}# theirs\n"));
    assert_eq!(drafts(&workspace).len(), 3);
}

#[test]
fn a_record_is_shown_as_it_is_wanted_signed_and_live() {
    let (_folder, devnet, workspace) = scene();
    let get = |arguments: &[&str]| {
        let report: GetReport = workspace.report(&[&["get"], arguments].concat());
        report.records.into_iter().next().unwrap()
    };
    workspace.change("https://example.com/1");
    workspace.good(&["set", "text", "avatar", "https://example.com/2"]);
    let text = |n| Some(format!("https://example.com/{n}"));
    let found = get(&["text", "avatar"]);
    assert_eq!((found.wanted, found.signed, found.live), (text(2), text(1), text(0)));
    // What does not verify, and what nobody answers, is not known.
    let path = workspace.dir.join(".well-known/eth/nick/text/avatar.json");
    let broken = fs::read_to_string(&path).unwrap().replace("2f31", "2f33");
    fs::write(&path, broken).unwrap();
    drop(devnet);
    let (code, json, _) = workspace.run(&["get", "text", "avatar"]);
    assert_eq!((code, kind(&json)), (Some(3), Some(ErrorKind::Unverified)), "{json}");
    let found = report::<GetReport>(&json).records.remove(0);
    assert_eq!((found.wanted, found.signed, found.live), (text(2), None, None));
    assert!(found.signed_error.is_some() && found.live_error.is_some());
    // A node that does not answer hides nothing of what is here.
    let node = ["get", "text", "avatar", "--rpc-url", "http://127.0.0.1:1"];
    let found = report::<GetReport>(&workspace.run(&node).1).records.remove(0);
    assert!(found.wanted == text(2) && found.live_error.is_some(), "{found:?}");
    let (code, json, _) = workspace.run(&["get", "text", "none", "--offline"]);
    assert_eq!((code, kind(&json)), (Some(4), Some(ErrorKind::NoRecord)), "{json}");
    // Of the names of records.toml alone.
    let (code, json, _) = workspace.run(&["get", "--name", "other.eth"]);
    assert_eq!(code, Some(2), "{json}");
}

#[test]
fn both_files_are_checked_at_once() {
    let (_folder, _devnet, workspace) = scene();
    assert!(workspace.report::<FilesReport>(&["check"]).faults.is_empty());
    for (file, text) in [("namesys.toml", "[gateway]\n"), ("records.toml", "\"text/b\" = 1\n")] {
        let path = workspace.dir.join(file);
        fs::write(&path, fs::read_to_string(&path).unwrap() + text).unwrap();
    }
    let (code, json, _) = workspace.run(&["check"]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::BadConfig)), "{json}");
    let faults = report::<FilesReport>(&json).faults;
    let files: Vec<&str> = faults.iter().map(|fault| &*fault.file).collect();
    assert_eq!(files, ["namesys.toml", "records.toml"], "{json}");
}

#[test]
fn a_difference_has_an_exit_code_of_its_own() {
    let (_folder, _devnet, workspace) = scene();
    assert_eq!(workspace.run(&["diff", "--exit-code"]).0, Some(0));
    workspace.good(&["set", "text", "avatar", "https://example.com/2"]);
    let (code, json, _) = workspace.run(&["diff", "--exit-code"]);
    let record = &report::<RecordsReport>(&json).records[0];
    assert_eq!((code, record.old.as_deref()), (Some(10), Some("https://example.com/0")), "{json}");
    assert_eq!(workspace.run(&["diff", "address", "--exit-code"]).0, Some(0));
    assert_eq!(workspace.run(&["diff"]).0, Some(0));
}
