//! Workspaces that a stranger wrote: links, pipes and endless files in place of what namesys
//! keeps there. No command follows, waits, or takes long, and what links lead to stays as it is.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use namesys::devnet::DevnetHandle;
use serde_json::Value;

use crate::support::process;
use crate::workspace::Workspace;

/// Longer than any command takes that refuses; shorter than anybody waits for a pipe.
const SOON: Duration = Duration::from_secs(20);
/// What a process may have, in KiB: one that reads what is endless ends early.
const MEMORY: u64 = 4 << 20;

/// What works on a workspace, reading or writing.
const COMMANDS: [&[&str]; 10] = [
    &["set", "text", "url", "https://example.com/2"],
    &["list"],
    &["sign"],
    &["publish"],
    &["publish", "--to", "https", "--site", "folder=www"],
    &["status"],
    &["verify"],
    &["pack"],
    &["doctor"],
    &["serve", "--listen", "127.0.0.1:0"],
];

/// A workspace that was published once, its devnet, and files of the user beside it.
struct Scene {
    workspace: Workspace,
    home: PathBuf,
    _devnet: DevnetHandle,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let (folder, devnet, workspace) = Workspace::on_devnet();
        workspace.good(&["publish"]);
        workspace.good(&["publish", "--to", "https", "--site", "folder=www"]);
        let home = folder.path().join("home");
        for name in [".ssh/id_ed25519", ".ssh/write-1", "secret", "eth/nick/text/avatar.json"] {
            fs::create_dir_all(home.join(name).parent().unwrap()).unwrap();
            fs::write(home.join(name), format!("mine: {name}")).unwrap();
        }
        Self { workspace, home, _devnet: devnet, _folder: folder }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.workspace.dir.join(path)
    }

    /// Puts a link in the place of something.
    fn link(&self, path: &str, target: impl AsRef<Path>) {
        self.clear(path);
        symlink(target, self.at(path)).unwrap();
    }

    fn clear(&self, path: &str) {
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        if fs::symlink_metadata(&at).is_ok_and(|found| found.is_dir()) {
            fs::remove_dir_all(at).unwrap();
        } else if fs::symlink_metadata(&at).is_ok() {
            fs::remove_file(at).unwrap();
        }
    }

    /// Every file of the user, and what it holds.
    fn mine(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut files, mut folders) = (Vec::new(), vec![self.home.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        files.sort();
        files
    }

    /// Runs a command with bounds on time and memory; a server that starts counts as well ended.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let mut command = Command::new("/bin/sh");
        let limited = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
        let namesys = self.workspace.command(env!("CARGO_BIN_EXE_namesys"));
        command.env_clear().envs(namesys.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.current_dir(&self.workspace.dir).args([OsStr::new("-c"), limited.as_ref()]);
        command.arg(namesys.get_program()).args(["--json", "--timeout", "5s"]).args(arguments);
        if arguments[0] == "serve" {
            let seconds = SOON / 4;
            let run = process::Server::start::<Value>(&mut command, seconds);
            return match run {
                Ok(_) => (Some(0), Value::Null, String::new()),
                Err(error) => (None, Value::Null, format!("{error:#}")),
            };
        }
        let done = process::run(&mut command, b"", SOON).unwrap();
        let json = serde_json::from_str(&done.stdout).unwrap_or(Value::Null);
        (done.status.code(), json, done.stderr)
    }

    /// Every command ends soon, in order, and leaves the user's files as they are. Those of
    /// `refused` fail with one of `kinds`.
    fn assert_harmless(&self, what: &str, refused: &[&str], kinds: &[&str]) {
        let before = self.mine();
        for command in COMMANDS {
            let began = Instant::now();
            let (code, json, stderr) = self.run(command);
            let said = format!("{what}: {command:?} exits {code:?}: {json} {stderr}");
            assert!(began.elapsed() < SOON, "{said}");
            assert_eq!(self.mine(), before, "{said}");
            assert!(!stderr.contains("panicked"), "{said}");
            if refused.contains(&command[0]) && command[0] != "serve" {
                let kind = json["error"]["kind"].as_str().unwrap_or_default();
                assert!(code.is_some_and(|code| code != 0), "{said}");
                assert!(kinds.contains(&kind), "{said}");
            }
        }
    }
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

const LOCKING: [&str; 3] = ["set", "sign", "publish"];
const ALL: [&str; 9] =
    ["set", "list", "sign", "publish", "status", "verify", "pack", "doctor", "serve"];
const OF_RECORDS: [&str; 3] = ["set", "list", "sign"];
const OF_TREE: [&str; 4] = ["sign", "publish", "verify", "pack"];

/// Tables that name what is the user's: nothing is written there, whatever asks.
#[test]
fn a_table_writes_nothing_outside_the_workspace() {
    let scene = Scene::new();
    let config = fs::read_to_string(scene.at("namesys.toml")).unwrap();
    let home = scene.home.display();
    fs::create_dir_all(scene.at(".git/hooks")).unwrap();
    symlink(&scene.home, scene.at("elsewhere")).unwrap();
    symlink(scene.home.join("new"), scene.at("nowhere")).unwrap();
    let site = |dir: &str| format!("\n[[sites]]\nkind = \"folder\"\ndir = {dir:?}\n");
    let upload = |dir: &str| format!("\n[[uploads]]\nkind = \"folder\"\ndir = {dir:?}\n");
    let file = |file: &str| format!("\n[[publishers]]\nkind = \"file\"\nfile = {file:?}\n");
    let https = &["publish", "--to", "https"][..];
    let git = |dir: &str| fs::read_dir(scene.at(dir)).unwrap().count();
    for (table, command) in [
        (site(&format!("{home}/.ssh")), https),
        (site("../home/www"), https),
        (site("new/../../home"), https),
        (site("elsewhere/www"), https),
        (site("nowhere"), https),
        (site(".git/hooks"), https),
        (upload(&format!("{home}/pages")), &["publish"]),
        (upload("elsewhere"), &["publish"]),
        (file(&format!("{home}/.ssh/authorized_keys")), &["publish"]),
        (file("elsewhere/record"), &["renew"]),
        (file(".git/config"), &["publish"]),
    ] {
        fs::write(scene.at("namesys.toml"), format!("{config}{table}")).unwrap();
        let before = scene.mine();
        let (code, json, stderr) = scene.run(command);
        assert_eq!(scene.mine(), before, "{table}");
        assert_eq!(
            (code, &json["error"]["kind"]),
            (Some(2), &"outside-folder".into()),
            "{table}: {json} {stderr}"
        );
        let hint = json["error"]["hint"].as_str().unwrap();
        assert!(hint.contains("NAMESYS_FOLDERS=/") && hint.contains("folders = [\"/"), "{hint}");
        assert_eq!((git(".git"), git(".git/hooks")), (1, 0), "{table}");
        scene.run(&["status"]);
        scene.run(&["doctor"]);
        assert_eq!(scene.mine(), before, "{table}");
    }
    // Where the user says so it is written: by flag, variable, or the user's file.
    fs::write(scene.at("namesys.toml"), format!("{config}{}", site("../home/www"))).unwrap();
    let www = scene.home.join("www");
    let (code, json, _) = scene.run(&["publish", "--to", "https", "--site", "folder=../home/flag"]);
    assert_eq!(code, Some(0), "{json}");
    let binary = env!("CARGO_BIN_EXE_namesys");
    let with = |variable: &str, value: &Path| {
        let mut command = scene.workspace.command(binary);
        command.args(https).env(variable, value).output().unwrap().status.success()
    };
    assert!(!with("NAMESYS_FOLDERS", &scene.home.join("ww")));
    assert!(!www.exists() && with("NAMESYS_FOLDERS", &www));
    let settings = scene.home.join("settings/namesys/config.toml");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    fs::write(&settings, format!("folders = [{:?}]\n", scene.home.display().to_string())).unwrap();
    assert!(with("XDG_CONFIG_HOME", &scene.home.join("settings")));
    // Not by the workspace itself.
    let line = format!("folders = [{:?}]\n{config}", scene.home.display().to_string());
    fs::write(scene.at("namesys.toml"), line).unwrap();
    let (code, json, _) = scene.run(https);
    assert_eq!((code, &json["error"]["kind"]), (Some(2), &"bad-config".into()), "{json}");
}

#[test]
fn a_link_for_all_of_the_state() {
    let scene = Scene::new();
    scene.link(".namesys", &scene.home);
    scene.assert_harmless(".namesys -> home", &LOCKING, &["linked"]);
    scene.link(".namesys", "nowhere");
    scene.assert_harmless(".namesys -> nowhere", &LOCKING, &["linked"]);
}

#[test]
fn a_link_for_the_folder_of_temporary_files_empties_nothing() {
    let scene = Scene::new();
    scene.link(".namesys/tmp", scene.home.join(".ssh"));
    scene.assert_harmless(".namesys/tmp -> .ssh", &LOCKING, &["linked"]);
    assert!(scene.home.join(".ssh/write-1").is_file());
}

#[test]
fn a_lock_that_is_a_link_or_a_pipe() {
    let scene = Scene::new();
    scene.link(".namesys/lock", scene.home.join("secret"));
    scene.assert_harmless("lock -> secret", &LOCKING, &["linked"]);
    scene.clear(".namesys/lock");
    pipe(&scene.at(".namesys/lock"));
    scene.assert_harmless("a pipe as lock", &LOCKING, &["not-a-file"]);
    scene.clear(".namesys/lock");
    fs::create_dir(scene.at(".namesys/lock")).unwrap();
    scene.assert_harmless("a folder as lock", &LOCKING, &["not-a-file"]);
}

#[test]
fn what_was_published_behind_a_link_or_a_pipe() {
    let scene = Scene::new();
    let history = fs::read_dir(scene.at(".namesys/history")).unwrap().next().unwrap().unwrap();
    let record = fs::read_dir(history.path()).unwrap().next().unwrap().unwrap().path();
    let record = record.strip_prefix(&scene.workspace.dir).unwrap().to_str().unwrap();
    scene.link(record, scene.home.join("secret"));
    scene.assert_harmless("a linked record", &["status"], &["linked"]);
    scene.clear(record);
    pipe(&scene.at(record));
    scene.assert_harmless("a pipe as record", &["status"], &["not-a-file"]);
    scene.link(".namesys/history", &scene.home);
    scene.assert_harmless("a linked history", &["status"], &["linked"]);
    scene.clear(".namesys/history");
    scene.link(".namesys/sites.jsonl", "/dev/zero");
    scene.link(".namesys/sites", &scene.home);
    scene.assert_harmless("linked sites", &[], &[]);
}

#[test]
fn a_linked_configuration_is_refused() {
    let scene = Scene::new();
    fs::copy(scene.at("namesys.toml"), scene.at("elsewhere.toml")).unwrap();
    for target in ["elsewhere.toml", "/dev/zero", "nowhere", "."] {
        scene.link("namesys.toml", target);
        scene.assert_harmless(&format!("namesys.toml -> {target}"), &ALL, &["linked"]);
        let (code, json, _) = scene.run(&["-C", ".", "list"]);
        assert_eq!((code, &json["error"]["kind"]), (Some(2), &"linked".into()), "{json}");
        assert!(json["error"]["hint"].is_string(), "{json}");
    }
    scene.clear("namesys.toml");
    pipe(&scene.at("namesys.toml"));
    scene.assert_harmless("a pipe as namesys.toml", &ALL, &["not-a-file"]);
    scene.clear("namesys.toml");
    fs::create_dir(scene.at("namesys.toml")).unwrap();
    scene.assert_harmless("a folder as namesys.toml", &ALL, &["not-a-file"]);
}

#[test]
fn linked_records_are_refused() {
    let scene = Scene::new();
    for target in [scene.home.join("secret"), "/dev/zero".into(), "nowhere".into()] {
        scene.link("records.toml", &target);
        scene.assert_harmless(&format!("records.toml -> {target:?}"), &OF_RECORDS, &["linked"]);
    }
}

/// What was published last, as the repository has it.
#[test]
fn a_linked_base_is_refused() {
    let scene = Scene::new();
    for target in [scene.home.join("secret"), "/dev/zero".into(), "nowhere".into()] {
        scene.link("published.toml", &target);
        let ipfs = scene.run(&["publish"]);
        assert_eq!(ipfs.1["error"]["kind"], "linked", "-> {target:?}: {ipfs:?}");
        scene.assert_harmless(&format!("published.toml -> {target:?}"), &[], &[]);
    }
    scene.clear("published.toml");
    pipe(&scene.at("published.toml"));
    let ipfs = scene.run(&["publish"]);
    assert_eq!(ipfs.1["error"]["kind"], "not-a-file", "a pipe: {ipfs:?}");
    scene.assert_harmless("a pipe as published.toml", &[], &[]);
}

#[test]
fn records_that_are_a_pipe_or_endless() {
    let scene = Scene::new();
    scene.clear("records.toml");
    pipe(&scene.at("records.toml"));
    scene.assert_harmless("a pipe as records.toml", &OF_RECORDS, &["not-a-file"]);
    for file in ["records.toml", "namesys.toml"] {
        scene.clear(file);
        fs::File::create(scene.at(file)).unwrap().set_len(1 << 40).unwrap();
        scene.assert_harmless(&format!("an endless {file}"), &OF_RECORDS, &["bad-file"]);
    }
}

#[test]
fn a_linked_tree_is_refused() {
    let scene = Scene::new();
    fs::rename(scene.at(".well-known"), scene.at("moved")).unwrap();
    for target in [Path::new("moved"), &scene.home, Path::new("/dev/zero")] {
        scene.link(".well-known", target);
        let refused = if target.starts_with("/dev") { &OF_TREE[2..] } else { &OF_TREE[..] };
        scene.assert_harmless(&format!("-> {target:?}"), refused, &["bad-tree", "linked"]);
    }
}

#[test]
fn a_linked_folder_of_the_tree_is_refused() {
    let scene = Scene::new();
    scene.link(".well-known/eth", scene.home.join("eth"));
    scene.assert_harmless("eth -> home", &OF_TREE, &["bad-tree", "linked"]);
}

#[test]
fn files_of_the_tree_that_are_links_pipes_or_endless() {
    let scene = Scene::new();
    let record = ".well-known/eth/nick/text/avatar.json";
    scene.link(record, scene.home.join("secret"));
    scene.assert_harmless("a linked record", &["verify", "pack"], &["bad-tree"]);
    scene.link(record, "/dev/zero");
    scene.assert_harmless("-> /dev/zero", &["verify", "pack"], &["bad-tree"]);
    scene.clear(record);
    pipe(&scene.at(record));
    // A file of the record's own is put in its place.
    let (code, json, _) = scene.run(&["verify"]);
    assert_eq!((code, &json["error"]["kind"]), (Some(3), &"invalid".into()), "{json}");
    scene.assert_harmless("a pipe as record", &[], &[]);
    assert!(scene.at(record).is_file());
    scene.clear(record);
    fs::File::create(scene.at(record)).unwrap().set_len(1 << 40).unwrap();
    let (code, json, _) = scene.run(&["verify"]);
    assert_eq!((code, &json["error"]["kind"]), (Some(3), &"invalid".into()), "{json}");
    // What no record is is published as it is: a pipe is nothing to publish.
    pipe(&scene.at(".well-known/security.txt"));
    let (code, json, _) = scene.run(&["pack"]);
    assert_eq!((code, &json["error"]["kind"]), (Some(2), &"bad-tree".into()), "{json}");
}

#[test]
fn what_says_what_was_brought_to_a_folder_is_no_link() {
    let scene = Scene::new();
    let https = ["publish", "--to", "https", "--site", "folder=www"];
    for (path, target) in [
        ("www/.namesys-files", scene.home.clone()),
        ("www/.namesys-files/nick.eth", scene.home.join("secret")),
        ("www/.namesys-files/nick.eth", "/dev/zero".into()),
        ("www/.namesys-files/.writing", scene.home.join(".ssh")),
        ("www/.well-known", scene.home.clone()),
        ("www/.well-known/eth/nick", scene.home.join("eth/nick")),
    ] {
        scene.clear("www");
        scene.workspace.good(&https);
        scene.link(path, &target);
        let before = scene.mine();
        let (code, json, stderr) = scene.run(&https);
        assert_eq!(scene.mine(), before, "{path} -> {target:?}");
        assert_eq!(code, Some(1), "{path} -> {target:?}: {json} {stderr}");
        let said = json["uploads"][0]["error"].as_str().unwrap_or_default().to_owned();
        let is_told = said.contains("symbolic link") || said.contains("is not namesys's");
        assert!(is_told, "{path} -> {target:?}: {json}");
        let (_, json, _) = scene.run(&["status", "--site", "folder=www"]);
        assert!(!json.is_null(), "{path} -> {target:?}");
    }
}
