//! What others published is merged: taken, kept, removed, refused, or told as a conflict.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::report::{ErrorKind, PublishReport, PullReport};

use crate::gateway;
use crate::support::reports::{error, kind, report};
use crate::workspace::Workspace;

pub const AVATAR: &str = ".well-known/eth/nick/text/avatar.json";

/// A workspace that has published, and a clone of what git has of it.
pub struct Scene {
    pub folder: tempfile::TempDir,
    pub devnet: DevnetHandle,
    pub here: Workspace,
    pub there: Workspace,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        let here = Workspace::new(folder.path().join("here"), devnet.urls());
        sets(&here, "url", "https://example.com");
        here.good(&["publish"]);
        let there = here.checkout(folder.path().join("there"));
        Self { folder, devnet, here, there }
    }
}

pub fn sets(workspace: &Workspace, key: &str, value: &str) {
    workspace.good(&["set", "text", key, value]);
    workspace.good(&["sign"]);
}

fn unsets(workspace: &Workspace, key: &str) {
    workspace.good(&["unset", "text", key]);
    workspace.good(&["sign"]);
}

pub fn wanted(workspace: &Workspace) -> String {
    read(workspace, "records.toml")
}

pub fn read(workspace: &Workspace, path: &str) -> String {
    std::fs::read_to_string(workspace.dir.join(path)).unwrap()
}

pub fn write(workspace: &Workspace, path: &str, text: &str) {
    let path = workspace.dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub fn pulls(workspace: &Workspace, flags: &[&str]) -> PullReport {
    workspace.report(&[&["pull"], flags].concat())
}

pub fn publishes(workspace: &Workspace) -> PublishReport {
    workspace.report(&["publish"])
}

fn records(items: &[namesys::pull::Item]) -> Vec<&str> {
    items.iter().map(|item| item.record.as_deref().unwrap_or(&item.path)).collect()
}

/// Every file of what git has.
pub fn state(workspace: &Workspace) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![workspace.dir.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with(".namesys") => {}
                true => folders.push(path),
                false => {
                    let bytes = std::fs::read(&path).unwrap();
                    files.insert(path.strip_prefix(&workspace.dir).unwrap().to_owned(), bytes);
                }
            }
        }
    }
    files
}

#[test]
fn two_that_set_different_records_lose_nothing() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    sets(here, "email", "here@example.com");
    let first = publishes(here);
    // Comments and layout stay.
    let text = format!("# mine\n{}\n# the end\n", wanted(there));
    write(there, "records.toml", &text);
    sets(there, "note", "there");
    let (code, json, _) = there.run(&["publish"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::WouldLose)), "{json}");
    let hint = error(&json).unwrap().hint.unwrap();
    assert!(hint.contains("namesys pull"), "{hint}");
    let pulled = pulls(there, &[]);
    assert_eq!((pulled.root.as_str(), pulled.sequence), (first.root.as_str(), 1));
    assert_eq!(records(&pulled.merged), ["text/email"]);
    assert!(pulled.base.is_some() && pulled.removed.is_empty() && pulled.refused.is_empty());
    let merged = wanted(there);
    assert!(merged.starts_with("# mine\n") && merged.ends_with("# the end\n"), "{merged}");
    assert!(merged.contains("here@example.com") && merged.contains("\"there\""), "{merged}");
    let email = ".well-known/eth/nick/text/email.json";
    assert_eq!(read(there, email), read(here, email), "the file as it is");
    // It counts as signed, with its approval.
    assert_eq!(there.good(&["sign"])["signed"], 0);
    assert_eq!(there.good(&["verify"])["valid"], 4);
    assert_eq!(publishes(there).sequence, 2);
    // And the other way round: both agree, and nothing is left to publish.
    assert_eq!(records(&pulls(here, &[]).merged), ["text/note"]);
    assert_eq!(here.good(&["sign"])["signed"], 0);
    let again = publishes(here);
    assert!(!again.new_record && again.sequence == 2, "{again:?}");
    let nothing = pulls(there, &[]);
    assert!(nothing.merged.is_empty() && nothing.removed.is_empty(), "{nothing:?}");
}

#[test]
fn a_record_changed_in_both_places_is_a_conflict() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    here.change("https://example.com/here");
    publishes(here);
    there.change("https://example.com/there");
    let before = state(there);
    let (code, json, _) = there.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Conflict)), "{json}");
    assert!(error(&json).unwrap().hint.unwrap().contains("--theirs"), "{json}");
    let PullReport { conflicts, .. } = report(&json);
    let [conflict] = &conflicts[..] else { panic!("{json}") };
    let of = |end: &str| Some(format!("https://example.com/{end}"));
    assert_eq!(conflict.record.as_deref(), Some("text/avatar"));
    let values = (&conflict.base, &conflict.ours, &conflict.theirs);
    assert_eq!(values, (&of("0"), &of("there"), &of("here")));
    let signers = &conflict.signers;
    assert!(signers.base.is_some() && signers.base == signers.ours, "{json}");
    assert_eq!(signers.theirs, signers.base);
    assert_eq!(state(there), before, "nothing is written");
    // Theirs.
    let theirs = there.checkout(there.dir.with_file_name("theirs"));
    assert_eq!(records(&pulls(&theirs, &["--theirs"]).merged), ["text/avatar"]);
    assert!(wanted(&theirs).contains("https://example.com/here"));
    assert!(!publishes(&theirs).new_record, "it is what is published");
    // Ours, which goes out without a loss.
    assert_eq!(pulls(there, &["--ours"]).merged, []);
    assert!(wanted(there).contains("https://example.com/there"));
    let published = publishes(there);
    assert_eq!((published.sequence, published.lost.len()), (2, 0));
}

/// Where ours is not signed yet, theirs stands among the signed files, so that none is older.
#[test]
fn no_signed_file_is_older_than_what_is_published() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    here.change("https://example.com/here");
    publishes(here);
    there.good(&["set", "text", "avatar", "https://example.com/unsigned"]);
    pulls(there, &["--ours"]);
    assert_eq!(read(there, AVATAR), read(here, AVATAR));
    assert!(wanted(there).contains("https://example.com/unsigned"));
    let old = there.dir.join(AVATAR);
    std::fs::remove_file(&old).unwrap();
    pulls(there, &[]);
    assert!(old.exists(), "a file that is merely missing comes back");
}

#[test]
fn what_was_removed_in_one_place_stays_removed() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    unsets(here, "url");
    publishes(here);
    // Here something else is removed.
    unsets(there, "avatar");
    let pulled = pulls(there, &[]);
    assert_eq!((records(&pulled.removed), pulled.merged.len()), (vec!["text/url"], 0));
    assert!(!there.dir.join(".well-known/eth/nick/text/url.json").exists());
    assert!(!wanted(there).contains("text/url") && !wanted(there).contains("example.com/0"));
    sets(there, "note", "left");
    let published = publishes(there);
    assert_eq!(published.removed, [AVATAR]);
    assert_eq!(records(&pulls(here, &[]).removed), ["text/avatar"]);
    // Removed there, changed here.
    here.change("https://example.com/back");
    publishes(here);
    pulls(there, &[]);
    unsets(there, "avatar");
    publishes(there);
    here.change("https://example.com/again");
    let (code, json, _) = here.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Conflict)), "{json}");
    assert_eq!(report::<PullReport>(&json).conflicts[0].theirs, None);
    assert_eq!(records(&pulls(here, &["--theirs"]).removed), ["text/avatar"]);
}

#[test]
fn other_files_are_merged_whole() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    write(here, ".well-known/security.txt", "Contact: me");
    write(here, "root/index.html", "<p>");
    write(here, "root/deep/er/file", "1");
    publishes(here);
    let pulled = pulls(there, &[]);
    let took = [".well-known/security.txt", "deep/er/file", "index.html"];
    assert_eq!(records(&pulled.merged), took);
    assert_eq!(read(there, "root/deep/er/file"), "1");
    write(there, ".well-known/security.txt", "Contact: you");
    std::fs::remove_file(there.dir.join("root/index.html")).unwrap();
    // What is merely missing was not removed by anybody.
    let (code, json, _) = there.run(&["publish"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::WouldLose)), "{json}");
    assert_eq!(records(&pulls(there, &[]).merged), ["index.html"]);
    assert_eq!(publishes(there).sequence, 2);
    std::fs::remove_dir_all(here.dir.join("root/deep")).unwrap();
    here.good(&["publish", "--replace"]);
    let pulled = pulls(there, &["--ours"]);
    assert_eq!(records(&pulled.removed), ["deep/er/file"]);
    assert!(!there.dir.join("root/deep").exists(), "and the folders it leaves empty");
    write(here, ".well-known/security.txt", "Contact: us");
    write(there, ".well-known/security.txt", "Contact: them");
    here.good(&["publish", "--replace"]);
    let (code, json, _) = there.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Conflict)), "{json}");
    let conflict = &report::<PullReport>(&json).conflicts[0];
    assert_eq!((&conflict.name, conflict.path.as_str()), (&None, ".well-known/security.txt"));
}

#[test]
fn what_does_not_verify_leaves_ours() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    let avatar = read(here, AVATAR);
    let broken = avatar.replacen("68747470", "68747471", 1);
    assert_ne!(broken, avatar);
    write(here, AVATAR, &broken);
    write(here, ".well-known/eth/nick/text/note.json", "{\"data\":\"0x\"}");
    here.good(&["publish", "--allow-invalid"]);
    sets(here, "email", "a@example.com");
    write(here, AVATAR, &broken);
    here.good(&["publish", "--allow-invalid"]);
    let (code, json, stderr) = there.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(3), Some(ErrorKind::Unverified)), "{json} {stderr}");
    let pulled: PullReport = report(&json);
    assert_eq!(records(&pulled.merged), ["text/email"], "the rest is merged");
    let of = |path: &str| pulled.refused.iter().find(|refused| refused.path == path).unwrap();
    assert!(!of(AVATAR).carried && !of(AVATAR).reason.is_empty());
    assert!(of(".well-known/eth/nick/text/note.json").carried, "nothing here is in its place");
    assert_eq!(read(there, AVATAR), avatar);
    assert!(!wanted(there).contains("text/note"));
    // It was seen, and ours takes its place.
    assert_eq!(pulls(there, &[]).merged, []);
}

#[test]
fn a_private_key_is_never_taken() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    let tree = there.dir.with_file_name("tree");
    std::fs::create_dir_all(tree.join(".well-known")).unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(here.dir.join(".well-known/eth"))
        .arg(tree.join(".well-known"))
        .status();
    assert!(copied.unwrap().success());
    std::fs::write(
        tree.join("version.json"),
        format!("{{\"key\":\"{}\"}}", crate::workspace::SEED),
    )
    .unwrap();
    let car = tree.with_extension("car");
    let root = crate::tree::pack_as_it_is(&tree, &car);
    crate::tree::publish_as_it_is(here, &car, &root, 7);
    let (code, json, stderr) = there.run(&["pull"]);
    assert_eq!(code, Some(3), "{json} {stderr}");
    let pulled: PullReport = report(&json);
    assert_eq!(pulled.refused[0].path, "version.json");
    assert!(pulled.refused[0].reason.contains("a private key"), "{json}");
    assert!(!there.dir.join("root/version.json").exists());
    // What was refused is not to be published again, and so is no loss.
    sets(there, "note", "mine");
    assert_eq!(publishes(there).sequence, 8);
}

#[test]
fn a_missing_block_stops_it_unless_a_part_will_do() {
    let scene = Scene::new();
    let Scene { here, devnet, .. } = &scene;
    let there = &scene.there.without_node();
    sets(here, "note", "kept back");
    sets(here, "email", "a@example.com");
    unsets(here, "url");
    publishes(here);
    let note = here.dir.join(".well-known/eth/nick/text/note.json");
    let cid = namesys::ipfs::sha256_cid(namesys::ipfs::RAW, &std::fs::read(note).unwrap());
    let url = gateway::before(&devnet.urls().gateway, move |path| !path.contains(&cid.to_string()));
    let gateway = ["--gateway", &url];
    let before = state(there);
    let (code, json, _) = there.run(&[&["pull"], &gateway[..]].concat());
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    assert!(error(&json).unwrap().hint.unwrap().contains("--partial"), "{json}");
    assert_eq!(state(there), before, "nothing is written");
    let base = read(there, "published.toml");
    let pulled = pulls(there, &[&["--partial"], &gateway[..]].concat());
    assert_eq!(records(&pulled.merged), ["text/email"]);
    assert_eq!(pulled.unread, [".well-known/eth/nick/text/note.json"]);
    assert!(pulled.removed.is_empty() && wanted(there).contains("text/url"));
    assert_eq!(read(there, "published.toml"), base, "not all was seen");
    // Once it is there again.
    let whole = pulls(there, &[]);
    assert_eq!(
        (records(&whole.merged), records(&whole.removed)),
        (vec!["text/note"], vec!["text/url"])
    );
}

#[test]
fn records_that_are_edited_meanwhile_stop_it() {
    let scene = Scene::new();
    let Scene { here, devnet, .. } = &scene;
    let there = &scene.there.without_node();
    sets(here, "note", "new");
    publishes(here);
    let (file, asked) = (there.dir.join("records.toml"), Arc::new(AtomicU32::new(0)));
    let (edited, counter) = (file.clone(), asked.clone());
    let url = gateway::before(&devnet.urls().gateway, move |path| {
        if path.contains("format=raw") && counter.fetch_add(1, Ordering::Relaxed) == 0 {
            let text = std::fs::read_to_string(&edited).unwrap();
            std::fs::write(&edited, format!("# edited\n{text}")).unwrap();
        }
        true
    });
    let before = state(there);
    let (code, json, _) = there.run(&["pull", "--gateway", &url]);
    assert!(asked.load(Ordering::Relaxed) > 0);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    let mut after = state(there);
    assert!(after.remove(Path::new("records.toml")).unwrap().starts_with(b"# edited\n"));
    assert_eq!(after.len() + 1, before.len());
    assert!(after.iter().all(|(path, bytes)| before[path] == *bytes), "nothing else is written");
    assert_eq!(records(&pulls(there, &[]).merged), ["text/note"]);
    assert!(wanted(there).starts_with("# edited\n"));
}

/// The files of another name of the wallet are passed on.
#[test]
fn files_of_other_names_are_carried() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let of = |name: &str| {
        let arguments = [name, "--storage", "wallet"];
        let workspace = Workspace::init(folder.path().join(name), devnet.urls(), &arguments);
        sets(&workspace, "avatar", name);
        workspace
    };
    let (first, second) = (of("nick.eth"), of("other.eth"));
    publishes(&first);
    let (code, json, _) = second.run(&["publish"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::WouldLose)), "{json}");
    assert_eq!(records(&pulls(&second, &[]).merged), [AVATAR]);
    assert!(!wanted(&second).contains("\n[\"nick.eth"), "{}", wanted(&second));
    assert_eq!(publishes(&second).sequence, 1);
    // What sign does not touch.
    second.good(&["sign", "--force"]);
    assert_eq!(read(&second, AVATAR), read(&first, AVATAR));
    assert_eq!(records(&pulls(&first, &[]).merged), [".well-known/eth/other/text/avatar.json"]);
    first.change("nick.eth again");
    assert_eq!(publishes(&first).sequence, 2);
}

#[test]
fn without_what_is_wanted_or_published_nothing_is_pulled() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let here = Workspace::new(folder.path().join("here"), devnet.urls());
    let (code, json, _) = here.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(4), Some(ErrorKind::NotPublished)), "{json}");
    publishes(&here);
    std::fs::remove_file(here.dir.join("records.toml")).unwrap();
    let (code, json, _) = here.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::NoRecords)), "{json}");
}
