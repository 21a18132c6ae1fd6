//! Records that were signed ahead, published each in its time by a machine without keys.

use std::fs;
use std::path::Path;
use std::process::Command;

use namesys::devnet::DevnetHandle;
use namesys::report::{ErrorKind, IpnsPutReport, KeygenReport, PublishReport, StatusReport};
use serde_json::Value;

use crate::support::reports::kind;
use crate::workspace::Workspace;

struct Scene {
    _folder: tempfile::TempDir,
    _devnet: DevnetHandle,
    here: Workspace,
    name: String,
    root: String,
}

impl Scene {
    fn new() -> Self {
        let (folder, devnet, here) = Workspace::on_devnet();
        let root = here.report::<PublishReport>(&["publish"]).root;
        let name = here.report::<KeygenReport>(&["keygen"]).ipns.name;
        Self { _folder: folder, _devnet: devnet, here, name, root }
    }

    /// Signs three more of what is published, in the workspace.
    fn sign(&self, every: &str) {
        let value = format!("/ipfs/{}", self.root);
        let series = ["--sequence", "1", "--count", "3", "--every", every, "--out", "series"];
        self.here.good(&[&["ipns", "sign", "--value", &value], &series[..]].concat());
    }

    /// Without the keys.
    fn put(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let mut command = self.here.command(env!("CARGO_BIN_EXE_namesys"));
        command.env_remove("NAMESYS_IPNS_KEY").env_remove("ETH_PRIVATE_KEY");
        end(command.current_dir(&self.here.dir).args(["--json", "ipns", "put"]).args(arguments))
    }

    fn published(&self) -> u64 {
        let json = self.here.good(&["ipns", "get", &self.name]);
        json["sequence"].as_u64().unwrap()
    }
}

fn end(command: &mut Command) -> (Option<i32>, Value) {
    let output = command.output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn each_is_published_in_its_time() {
    let scene = Scene::new();
    scene.sign("1s");
    let names = files(&scene.here.dir.join("series"));
    assert!(names.len() == 3 && names[2].starts_with("00000000000000000003-"), "{names:?}");
    // The base moves with them, and the workspace knows that their sequences are taken.
    let (code, json) = scene.put(&["--due", "series", "--watch"]);
    assert_eq!((code, &json["sequence"]), (Some(0), &3.into()), "{json}");
    assert_eq!(scene.published(), 3);
    scene.here.change("https://example.com/next");
    assert_eq!(scene.here.report::<PublishReport>(&["publish"]).sequence, 4);
    // Nothing of it is left to send.
    let (code, json) = scene.put(&["--due", "series"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Outdated)), "{json}");
}

#[test]
fn only_what_the_series_was_made_over_is_replaced() {
    let scene = Scene::new();
    scene.sign("30d");
    let known = fs::read_to_string(scene.here.dir.join("published.toml")).unwrap();
    assert_eq!(known.matches("ahead = true").count(), 3, "{known}");
    // Published by somebody who does not know of the series.
    let other = scene.here.checkout(scene.here.dir.with_extension("other"));
    fs::remove_file(other.dir.join("published.toml")).unwrap();
    other.change("https://example.com/other");
    other.good(&["publish", "--replace"]);
    let sequence = scene.published();
    let (code, json) = scene.put(&["--due", "series"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    assert_eq!(scene.published(), sequence);
    // The next of the workspace leaves their sequences alone.
    let status: StatusReport = {
        let (_, json, _) = scene.here.run(&["status"]);
        crate::support::reports::report(&json)
    };
    assert_eq!(status.ahead_in_vain, [1, 2, 3]);
}

/// What the series was made over is what stood then, not what was taken over since.
#[test]
fn what_was_pulled_since_is_not_what_it_was_made_over() {
    let scene = Scene::new();
    scene.sign("1s");
    let (code, json) = scene.put(&["--due", "series"]);
    assert_eq!(code, Some(0), "{json}");
    let other = scene.here.checkout(scene.here.dir.with_extension("other"));
    other.good(&["set", "text", "note", "theirs"]);
    other.good(&["sign"]);
    // It goes on from the first of them.
    let published: PublishReport = other.report(&["publish", "--sequence", "4"]);
    scene.here.good(&["pull"]);
    for file in files(&scene.here.dir.join("series")).into_iter().take(1) {
        fs::remove_file(scene.here.dir.join("series").join(file)).unwrap();
    }
    let value = format!("/ipfs/{}", scene.root);
    let late = ["--sequence", "9", "--count", "1", "--every", "30d", "--out", "late"];
    scene.here.good(&[&["ipns", "sign", "--value", &value], &late[..]].concat());
    other.good(&["set", "text", "note", "again"]);
    other.good(&["sign"]);
    let published_again: PublishReport = other.report(&["publish"]);
    assert!(published_again.sequence > published.sequence);
    scene.here.good(&["pull"]);
    let (code, json) = scene.put(&["--due", "late"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    assert_eq!(scene.published(), published_again.sequence);
}

#[test]
fn without_a_workspace_a_name_is_given() {
    let scene = Scene::new();
    scene.sign("30d");
    let elsewhere = tempfile::tempdir().unwrap();
    let series = scene.here.dir.join("series");
    let put = |more: &[&str]| {
        let mut command = scene.here.command(env!("CARGO_BIN_EXE_namesys"));
        command.env_remove("NAMESYS_IPNS_KEY").env_remove("ETH_PRIVATE_KEY");
        let due = ["--json", "ipns", "put", "--due", series.to_str().unwrap()];
        end(command.current_dir(elsewhere.path()).args(due).args(more))
    };
    assert_eq!(put(&[]).0, Some(2));
    let (code, json) = put(&["--name", &scene.name]);
    assert_eq!(code, Some(0), "{json}");
    let report: IpnsPutReport = crate::support::reports::report(&json);
    assert!(report.fields.sequence == 1 && report.publications[0].read_back, "{json}");
    // Again: it is there.
    assert_eq!(put(&["--name", &scene.name]).0, Some(0));
    // One of another key.
    let first = files(&series).remove(0);
    let path = series.join(first);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(put(&["--name", &scene.name]).0, Some(3));
}
