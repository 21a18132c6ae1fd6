//! What a pull must not do: bring old values back, take what is nobody's record, tell a key, call
//! silence an answer, or write over what is in its way.

use std::path::{Path, PathBuf};

use namesys::report::{ErrorKind, PullReport};

use crate::pull::{AVATAR, Scene, publishes, pulls, read, sets, state, wanted, write};
use crate::support::reports::{error, kind, report};
use crate::tree::{copy, pack_as_it_is, publish_as_it_is};
use crate::workspace::{SEED, Workspace};

/// Publishes what is signed in `here`, and `change`d, as another program would; that folder.
fn publish_changed(here: &Workspace, sequence: u64, change: impl FnOnce(&Path)) -> PathBuf {
    let tree = here.dir.with_file_name(format!("tree-{sequence}"));
    std::fs::create_dir_all(&tree).unwrap();
    copy(&here.dir.join(".well-known"), &tree);
    change(&tree);
    let car = tree.with_extension("car");
    let root = pack_as_it_is(&tree, &car);
    publish_as_it_is(here, &car, &root, sequence);
    tree
}

/// A removal that is not signed yet leaves an older file here: what is published stands in its
/// place, so that publishing without signing brings nothing old back.
#[test]
fn a_removal_that_is_not_signed_brings_nothing_old_back() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    here.change("https://example.com/2");
    let published = publishes(here);
    there.good(&["unset", "text", "avatar"]);
    pulls(there, &["--ours"]);
    let wanted = wanted(there);
    let is_wanted = wanted.lines().any(|line| line.starts_with("\"text/avatar"));
    assert!(!is_wanted, "{wanted}");
    assert_eq!(read(there, AVATAR), read(here, AVATAR), "the file is not older");
    assert_eq!(publishes(there).root, published.root, "and not published over it");
    there.good(&["sign"]);
    assert!(!there.dir.join(AVATAR).exists());
    let removed = publishes(there);
    assert_eq!((removed.sequence, removed.removed), (2, vec![AVATAR.to_owned()]));
}

#[test]
fn where_nobody_answers_nothing_is_said_to_be_here_already() {
    let scene = Scene::new();
    let before = state(&scene.there);
    let silent = ["--publisher", "w3name=http://127.0.0.1:1", "--gateway", "http://127.0.0.1:1"];
    let (code, json, _) = scene.there.run(&[&["pull"], &silent[..]].concat());
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Unreachable)), "{json}");
    assert_eq!(state(&scene.there), before);
}

/// A signer that was approved on chain is neither verified nor refuted without the chain.
#[test]
fn what_the_chain_alone_can_say_is_not_refuted() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    here.good(&["set", "text", "note", "by a signer that the chain knows"]);
    here.good(&["sign", "--force", "--approval", "on-chain"]);
    publishes(here);
    let before = state(there);
    let (code, json, _) = there.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    assert!(error(&json).unwrap().message.contains("could not be checked"), "{json}");
    assert_eq!(state(there), before);
}

/// A record whose value is a key of ours is neither wanted nor told.
#[test]
fn a_private_key_in_a_record_is_neither_wanted_nor_told() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    let key = SEED;
    sets(here, "note", key);
    publish_changed(here, 7, |_| ());
    let (code, json, stderr) = there.run(&["pull"]);
    assert_eq!(code, Some(3), "{json} {stderr}");
    let pulled: PullReport = report(&json);
    assert!(pulled.refused[0].path.ends_with("text/note.json"), "{json}");
    let all = [wanted(there), json.to_string(), stderr].concat();
    assert!(!all.contains(key), "{all}");
}

/// That most of what is wanted goes is asked about, as everywhere.
#[test]
fn most_of_the_records_go_only_where_that_is_meant() {
    let scene = Scene::new();
    let Scene { here, folder, .. } = &scene;
    let keys: Vec<String> = (0..12).map(|number| format!("note{number}")).collect();
    for key in &keys {
        here.good(&["set", "text", key, "x"]);
    }
    here.good(&["sign"]);
    publishes(here);
    let there = here.checkout(folder.path().join("later"));
    for key in &keys {
        here.good(&["unset", "text", key]);
    }
    here.good(&["sign", "--allow-mass-removal"]);
    here.good(&["publish", "--allow-mass-removal"]);
    let before = state(&there);
    let (code, json, _) = there.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::MassRemoval)), "{json}");
    assert_eq!(state(&there), before);
    assert_eq!(pulls(&there, &["--allow-mass-removal"]).removed.len(), 12);
}

/// A signed record beside `.well-known` is nobody's record: no client looks for it there.
#[test]
fn an_old_copy_beside_the_records_is_no_record() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    let old = read(here, AVATAR);
    here.change("https://example.com/2");
    publishes(here);
    pulls(there, &[]);
    let place = "backup/eth/nick/text/avatar.json";
    publish_changed(here, 7, |tree| {
        std::fs::create_dir_all(tree.join("backup/eth/nick/text")).unwrap();
        std::fs::write(tree.join(place), &old).unwrap();
    });
    let pulled = pulls(there, &[]);
    assert_eq!((pulled.merged.len(), &*pulled.merged[0].path), (1, place));
    assert!(wanted(there).contains("https://example.com/2"), "{}", wanted(there));
    // Merely missing here it is a loss, and not removed on purpose.
    std::fs::remove_dir_all(there.dir.join("root")).unwrap();
    let (code, json, _) = there.run(&["publish"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::WouldLose)), "{json}");
}

/// What was approved elsewhere comes with its records: it can be signed on here.
#[test]
fn approvals_come_with_the_records() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    here.good(&["set", "text", "note", "one", "--name", "pay"]);
    here.good(&["sign"]);
    publishes(here);
    assert!(!read(there, "namesys.toml").contains("pay.nick.eth"));
    pulls(there, &[]);
    let approval = |workspace: &Workspace| {
        let config = read(workspace, "namesys.toml");
        config.lines().find(|line| line.starts_with("\"pay.nick.eth\"")).map(str::to_owned)
    };
    assert!(approval(here).is_some());
    assert_eq!(approval(there), approval(here));
}

#[test]
fn a_folder_in_the_place_of_a_file_is_not_written_over() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    write(here, "root/notes", "a file");
    publishes(here);
    write(there, "root/notes/mine.txt", "kept");
    let before = state(there);
    let (code, json, _) = there.run(&["pull"]);
    assert_eq!(code, Some(1), "{json}");
    assert_eq!(state(there), before);
    std::fs::remove_dir_all(there.dir.join("root")).unwrap();
    pulls(there, &[]);
    assert_eq!(read(there, "root/notes"), "a file");
}

/// A publisher that serves what is not signed by the name is refuted, not "nothing new".
#[test]
fn what_does_not_verify_at_the_publisher_is_said() {
    let scene = Scene::new();
    let there = &scene.there;
    let foreign = there.dir.with_file_name("foreign.ipns-record");
    let out = foreign.to_str().unwrap();
    let mut sign = there.command(env!("CARGO_BIN_EXE_namesys"));
    let other = "01d1d1889d78d77fe979b76cf01e1084b46ba9903f8384956d9d8db56776d2d3";
    sign.env("NAMESYS_IPNS_KEY", other).args(["-q", "ipns", "sign", "--sequence", "9"]);
    let signed = sign.args(["--value", "/ipfs/bafkqaaa", "--out", out]).status().unwrap();
    assert!(signed.success());
    let before = state(there);
    let from = format!("file={out}");
    let pull = ["pull", "--publisher", &from, "--gateway", "http://127.0.0.1:1"];
    let (code, json, _) = there.run(&pull);
    assert_eq!((code, kind(&json)), (Some(3), Some(ErrorKind::BadRecord)), "{json}");
    assert_eq!(state(there), before);
}

/// A record that no approval could save is refused, and the rest is merged.
#[test]
fn what_no_approval_could_save_is_refuted() {
    let scene = Scene::new();
    let Scene { here, there, .. } = &scene;
    sets(here, "email", "a@example.com");
    here.good(&["set", "text", "note", "one"]);
    here.good(&["sign", "--force", "--approval", "on-chain"]);
    let note = ".well-known/eth/nick/text/note.json";
    let approved = ["--approved-signer", &signer(here)].map(str::to_owned);
    publish_changed(here, 7, |tree| {
        // Another value than the one that was signed.
        let file = std::fs::read_to_string(tree.join(note)).unwrap();
        std::fs::write(tree.join(note), file.replace("6f6e65", "74776f")).unwrap();
    });
    let approved: Vec<&str> = approved.iter().map(String::as_str).collect();
    let (code, json, _) = there.run(&[&["pull"], &approved[..]].concat());
    assert_eq!(code, Some(3), "{json}");
    let pulled: PullReport = report(&json);
    assert_eq!((pulled.refused.len(), &*pulled.refused[0].path), (1, note), "{json}");
    assert!(pulled.merged.iter().any(|item| item.record.as_deref() == Some("text/email")));
}

fn signer(workspace: &Workspace) -> String {
    let config = read(workspace, "namesys.toml");
    let line = config.lines().find_map(|line| line.strip_prefix("signer = ")).unwrap();
    line.trim_matches('"').to_owned()
}
