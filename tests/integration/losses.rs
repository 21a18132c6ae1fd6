//! What is published and was not seen is never lost: refused, explained, and let go when told so.

use std::path::{Path, PathBuf};

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::published::Loss;
use namesys::report::{ErrorKind, PublishReport};
use serde_json::Value;

use crate::support::reports::{error, kind, report};
use crate::workspace::Workspace;

const BASE: &str = "published.toml";

struct Scene {
    folder: tempfile::TempDir,
    devnet: DevnetHandle,
}

impl Scene {
    fn new() -> Self {
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), devnet }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn workspace(&self, name: &str) -> Workspace {
        Workspace::new(self.path(name), self.devnet.urls())
    }
}

/// What is lost, one line each, of a publication that was refused for it.
fn refused(workspace: &Workspace, arguments: &[&str]) -> Vec<String> {
    let before = served(workspace);
    let (code, json, stderr) = workspace.run(arguments);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::WouldLose)), "{json} {stderr}");
    assert!(error(&json).unwrap().hint.unwrap().contains("--replace"), "{json}");
    let refused: PublishReport = report(&json);
    assert!(!refused.new_record && refused.publications.is_empty(), "{json}");
    assert!(refused.uploads.is_empty(), "nothing is sent: {json}");
    assert_eq!(served(workspace), before, "nothing is sent");
    refused.lost.iter().map(ToString::to_string).collect()
}

/// The sequence and value that stand.
fn served(workspace: &Workspace) -> (Value, Value) {
    let json = workspace.run(&["status"]).1;
    let first = &json["publications"][0];
    (first["sequence"].clone(), first["value"].clone())
}

fn publishes(workspace: &Workspace, arguments: &[&str]) -> PublishReport {
    workspace.report(arguments)
}

fn sets(workspace: &Workspace, key: &str, value: &str) {
    workspace.good(&["set", "text", key, value]);
    workspace.good(&["sign"]);
}

fn base(workspace: &Workspace) -> String {
    std::fs::read_to_string(workspace.dir.join(BASE)).unwrap_or_default()
}

/// Two names of one wallet, each in a workspace of its own, have one key and one tree.
#[test]
fn a_second_name_of_the_wallet_does_not_remove_the_first() {
    let scene = Scene::new();
    let of = |name: &str| {
        let arguments = [name, "--storage", "wallet"];
        let workspace = Workspace::init(scene.path(name), scene.devnet.urls(), &arguments);
        sets(&workspace, "avatar", name);
        workspace
    };
    let (first, second) = (of("nick.eth"), of("other.eth"));
    let published = publishes(&first, &["publish"]);
    assert_eq!((published.sequence, published.base), (0, None));
    assert_eq!(
        refused(&second, &["publish"]),
        ["nick.eth text/avatar: published \"nick.eth\", here nothing, last seen nothing"]
    );
    // Told so, it goes, and what goes is listed.
    let replaced = publishes(&second, &["publish", "--replace"]);
    assert_eq!((replaced.sequence, replaced.lost.len()), (1, 1));
    assert_eq!(replaced.lost[0].name.as_deref(), Some("nick.eth"));
    // Now the first does not know it.
    assert_eq!(
        refused(&first, &["publish"]),
        [
            "nick.eth text/avatar: published nothing, here \"nick.eth\", last seen \"nick.eth\"",
            "other.eth text/avatar: published \"other.eth\", here nothing, last seen nothing",
        ]
    );
}

/// A workspace made anew with the same keys knows nothing of what is out.
#[test]
fn a_new_workspace_does_not_drop_what_an_older_one_published() {
    let scene = Scene::new();
    let older = scene.workspace("older");
    sets(&older, "url", "https://example.com");
    let published = publishes(&older, &["publish"]);
    let newer = Workspace::init(scene.path("newer"), scene.devnet.urls(), &["nick.eth"]);
    sets(&newer, "url", "https://example.com");
    let avatar = "nick.eth text/avatar: published \"https://example.com/0\", here nothing, last \
                  seen nothing";
    assert_eq!(refused(&newer, &["publish"]), [avatar]);
    // `--expect` alone permits nothing, and refuses what is not published.
    assert_eq!(refused(&newer, &["publish", "--expect", &published.root]), [avatar]);
    for wrong in ["7", "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui"] {
        let (code, json, _) = newer.run(&["publish", "--replace", "--expect", wrong]);
        assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    }
    // All that is out is here too: nothing is lost, and that it was not ours is said.
    sets(&newer, "avatar", "https://example.com/0");
    sets(&newer, "email", "nick@example.com");
    let (code, json, stderr) = newer.run(&["publish", "--expect", "0"]);
    assert_eq!((code, &json["sequence"]), (Some(0), &1.into()), "{json}");
    assert!(stderr.contains("was not published from this workspace"), "{stderr}");
}

/// A checkout of an older commit has an older base, with `.namesys/` and without.
#[test]
fn an_older_checkout_does_not_replace_what_came_later() {
    let scene = Scene::new();
    let here = scene.workspace("here");
    publishes(&here, &["publish"]);
    let old = here.checkout(scene.path("old"));
    here.change("https://example.com/1");
    publishes(&here, &["publish"]);
    let lost = ["nick.eth text/avatar: published \"https://example.com/1\", here \
                 \"https://example.com/0\", last seen \"https://example.com/0\""];
    assert_eq!(refused(&old, &["publish"]), lost);
    // The state stays when an older commit is checked out, and is no base.
    std::fs::copy(old.dir.join(BASE), here.dir.join(BASE)).unwrap();
    here.change("https://example.com/0");
    assert_eq!(refused(&here, &["publish"]), lost);
    // What it would say again is no loss, and no publication either.
    old.change("https://example.com/1");
    assert_eq!(publishes(&old, &["publish"]).sequence, 1);
    assert!(base(&old).contains("sequence = 1"), "seen: {}", base(&old));
    old.change("https://example.com/2");
    assert_eq!(publishes(&old, &["publish"]).sequence, 2);
}

/// The base that is committed back is known to the next checkout; one that is not, is not.
#[test]
fn a_base_that_no_record_proves_is_none() {
    let scene = Scene::new();
    let here = scene.workspace("here");
    publishes(&here, &["publish"]);
    let whole = base(&here);
    assert!(whole.starts_with("# What was last seen published"), "{whole}");
    for (what, text) in [
        ("conflict marks", format!("<<<<<<< ours\n{whole}=======\n{whole}>>>>>>> theirs\n")),
        ("another sequence", whole.replacen("sequence = 0", "sequence = 7", 1)),
        ("nothing", String::new()),
    ] {
        std::fs::write(here.dir.join(BASE), text).unwrap();
        here.change(&format!("https://example.com/{}", what.len()));
        assert_eq!(refused(&here, &["publish"]).len(), 1, "{what}");
    }
    std::fs::write(here.dir.join(BASE), &whole).unwrap();
    let checkout = here.checkout(scene.path("checkout"));
    assert_eq!(publishes(&checkout, &["publish"]).sequence, 1);
}

/// A workspace that published two records and a foreign file, and lost a file of each since.
struct Missing {
    here: Workspace,
    avatar: PathBuf,
    foreign: PathBuf,
    /// Of the record's file.
    bytes: Vec<u8>,
}

impl Missing {
    fn of(scene: &Scene) -> Self {
        let here = scene.workspace("here");
        sets(&here, "url", "https://example.com");
        let foreign = here.dir.join(".well-known/security.txt");
        std::fs::write(&foreign, "Contact: me").unwrap();
        publishes(&here, &["publish"]);
        let avatar = here.dir.join(".well-known/eth/nick/text/avatar.json");
        let bytes = std::fs::read(&avatar).unwrap();
        for file in [&avatar, &foreign] {
            std::fs::remove_file(file).unwrap();
        }
        Self { here, avatar, foreign, bytes }
    }
}

/// Files that are merely missing were not removed by anybody.
#[test]
fn a_file_that_is_merely_missing_is_a_loss_and_a_record_no_longer_wanted_is_not() {
    let scene = Scene::new();
    let Missing { here, avatar, foreign, bytes } = Missing::of(&scene);
    assert_eq!(refused(&here, &["publish"]).len(), 2);
    std::fs::write(&avatar, bytes).unwrap();
    std::fs::write(&foreign, "Contact: you").unwrap();
    here.good(&["unset", "text", "url"]);
    here.good(&["sign"]);
    let published = publishes(&here, &["publish"]);
    assert_eq!(published.removed, [".well-known/eth/nick/text/url.json"]);
    assert!(published.lost.is_empty() && published.base.is_some(), "{published:?}");
}

/// What cannot be read is unknown, never empty.
#[test]
fn what_cannot_be_read_is_not_replaced() {
    let scene = Scene::new();
    let (here, there) = (scene.workspace("here"), scene.workspace("there"));
    sets(&there, "url", "https://example.com");
    publishes(&there, &["publish"]);
    let unknown = |arguments: &[&str], words: &str| {
        let (code, json, stderr) = here.run(arguments);
        assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
        let said = error(&json).unwrap().message;
        assert!(said.contains(words), "{said} {stderr}");
        assert_eq!(served(&here).0, 0);
    };
    // The node that the tree was sent to could tell; this one has nothing.
    let other = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let kubo = format!("kubo={}", other.urls().kubo);
    let elsewhere = ["--gateway", "http://127.0.0.1:1", "--upload", &kubo];
    unknown(&[&["publish"], &elsewhere[..]].concat(), "refuses connections");
    // The first publisher decides, whatever the others say.
    let w3name = format!("w3name={}", scene.devnet.urls().w3name);
    let silent = ["--publisher", "w3name=http://127.0.0.1:1", "--publisher", &w3name];
    unknown(&[&["publish", "--require", "1"], &silent[..]].concat(), "the first publisher");
    let last = ["--publisher", &w3name, "--publisher", "w3name=http://127.0.0.1:1"];
    assert_eq!(refused(&here, &[&["publish", "--require", "1"], &last[..]].concat()).len(), 1);
    // Told so, whatever is there goes.
    let (code, json, stderr) = here.run(&[&["publish", "--replace"], &elsewhere[..]].concat());
    assert_eq!((code, &json["sequence"]), (Some(0), &1.into()), "{json}");
    assert!(stderr.contains("what goes is not known"), "{stderr}");
}

/// A value that is no tree is somebody's all the same.
#[test]
fn a_value_that_is_no_tree_is_unknown() {
    let scene = Scene::new();
    let here = scene.workspace("here");
    publishes(&here, &["publish"]);
    let file = here.dir.join("record");
    let value = "/ipfs/bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
    let out = file.to_str().unwrap();
    here.good(&["ipns", "sign", "--value", value, "--sequence", "5", "--out", out]);
    here.good(&["ipns", "put", out]);
    here.change("https://example.com/1");
    for (command, expected) in [
        ("publish", ErrorKind::UnknownPublished),
        ("rollback", ErrorKind::UnknownPublished),
        ("renew", ErrorKind::OtherValue),
    ] {
        let (code, json, _) = here.run(&[command]);
        assert_eq!((code, kind(&json)), (Some(1), Some(expected)), "{command}: {json}");
    }
    assert_eq!(publishes(&here, &["publish", "--replace"]).sequence, 6);
}

#[test]
fn what_somebody_else_published_is_renewed_only_as_such() {
    let scene = Scene::new();
    let here = scene.workspace("here");
    let unseen = here.checkout(scene.path("unseen"));
    publishes(&here, &["publish"]);
    let renew = ["renew", "--validity", "2100-01-01T00:00:00Z"];
    let foreign = |workspace: &Workspace| {
        let before = served(workspace);
        let (code, json, _) = workspace.run(&renew);
        assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::OtherValue)), "{json}");
        assert_eq!(served(workspace), before, "nothing is sent");
    };
    foreign(&unseen);
    let behind = here.checkout(scene.path("behind"));
    here.change("https://example.com/1");
    let newest = publishes(&here, &["publish"]);
    // Its base would come back over what was published since.
    foreign(&behind);
    let before = base(&behind);
    let renewed = publishes(&behind, &[&renew[..], &["--foreign"]].concat());
    assert_eq!((renewed.root, renewed.sequence), (newest.root, 2));
    // It was renewed, not seen: what is in it is still not to be lost.
    assert_eq!(base(&behind), before);
    assert_eq!(refused(&behind, &["publish"]).len(), 1);
    // Here it is the same tree.
    here.change("https://example.com/2");
    assert_eq!(publishes(&here, &["publish"]).sequence, 3);
}

#[test]
fn going_back_loses_nothing_that_was_published_elsewhere() {
    let scene = Scene::new();
    let here = scene.workspace("here");
    let first = publishes(&here, &["publish"]);
    here.change("https://example.com/1");
    sets(&here, "url", "https://example.com");
    publishes(&here, &["publish"]);
    let there = here.checkout(scene.path("there"));
    // What the base has may go: that is what going back is.
    let back = publishes(&here, &["rollback"]);
    assert_eq!((&back.root, back.sequence), (&first.root, 2));
    // That tree is the base, what is wanted stays, and goes forward again.
    assert_eq!(publishes(&here, &["publish"]).sequence, 3);
    sets(&here, "email", "nick@example.com");
    publishes(&here, &["publish"]);
    std::fs::create_dir_all(there.dir.join(".namesys")).unwrap();
    copy(&here.dir.join(".namesys/history"), &there.dir.join(".namesys/history"));
    let lost = refused(&there, &["rollback", "0"]);
    assert_eq!(
        lost,
        ["nick.eth text/email: published \"nick@example.com\", here nothing, last seen nothing"]
    );
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-r").args([from, to]).status().unwrap();
    assert!(copied.success());
}

/// What is signed for later is sent over what it was made over, and over nothing else.
#[test]
fn a_parcel_is_sent_over_what_it_was_made_over() {
    let scene = Scene::new();
    let here = scene.workspace("here");
    publishes(&here, &["publish"]);
    let there = here.checkout(scene.path("there"));
    here.change("https://example.com/1");
    let sign = |dir: &str| here.good(&["publish", "--sign-only", dir]);
    sign("one");
    here.change("https://example.com/2");
    sign("two");
    let signed = |dir: &str| here.run(&["publish", "--signed", dir]);
    // The second was made over the first.
    let (code, json, _) = signed("two");
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    assert_eq!(signed("one").0, Some(0));
    assert_eq!(signed("two").0, Some(0));
    assert_eq!(served(&here).0, 2);
    assert!(base(&here).contains("sequence = 2"), "{}", base(&here));
    // Somebody else in between.
    here.change("https://example.com/3");
    sign("three");
    there.change("https://example.com/2");
    there.good(&["set", "text", "url", "https://example.com"]);
    there.good(&["sign"]);
    assert_eq!(publishes(&there, &["publish"]).sequence, 3);
    let (code, json, _) = signed("three");
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
}

/// What was merely missing where it was signed does not go with it; what is no longer wanted does.
#[test]
fn a_parcel_loses_nothing_that_was_merely_missing() {
    let scene = Scene::new();
    let Missing { here, avatar, foreign, bytes } = Missing::of(&scene);
    here.good(&["publish", "--sign-only", "one"]);
    // Nothing of what goes is known where nobody has it; outside the workspace all the same.
    let outside = here.at_dir(scene.path("outside"));
    std::fs::create_dir(&outside.dir).unwrap();
    let one = here.dir.join("one");
    for (workspace, dir) in [(&here, "one"), (&outside, one.to_str().unwrap())] {
        let (code, json, stderr) = workspace.run(&["publish", "--signed", dir]);
        assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::WouldLose)), "{json} {stderr}");
        let lost = report::<PublishReport>(&json).lost.into_iter();
        let lost: Vec<String> = lost.map(|loss| loss.path).collect();
        assert_eq!(lost, [".well-known/eth/nick/text/avatar.json", ".well-known/security.txt"]);
    }
    assert_eq!(served(&here).0, 0);
    std::fs::write(&avatar, bytes).unwrap();
    std::fs::write(&foreign, "Contact: you").unwrap();
    here.good(&["unset", "text", "url"]);
    here.good(&["sign"]);
    here.good(&["publish", "--sign-only", "two"]);
    // It was made over the first, which is not to be sent.
    let (code, json, _) = here.run(&["publish", "--signed", "two"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    let sent: PublishReport = here.report(&["publish", "--signed", "two", "--replace"]);
    assert_eq!(sent.removed, [".well-known/eth/nick/text/url.json"]);
    assert!(sent.lost.is_empty() && sent.sequence == 2, "{sent:?}");
}

/// This repository is the whole truth of the key.
#[test]
fn a_workspace_may_be_the_whole_truth() {
    let scene = Scene::new();
    let (here, there) = (scene.workspace("here"), scene.workspace("there"));
    sets(&there, "url", "https://example.com");
    publishes(&there, &["publish"]);
    let config = here.dir.join("namesys.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + "\n[publish]\nreplace = true\n").unwrap();
    let (code, json, stderr) = here.run(&["publish"]);
    assert_eq!(code, Some(0), "{json}");
    assert!(stderr.contains("replaced by configuration ([publish] replace = true)"), "{stderr}");
    assert!(stderr.contains("an old job that runs again undoes"), "{stderr}");
    let published: PublishReport = report(&json);
    assert_eq!((published.sequence, published.lost.len()), (1, 1));
    let again = here.run(&["publish"]).2;
    assert!(!again.contains("by configuration"), "{again}");
    let Loss { record, there, .. } = &published.lost[0];
    assert_eq!(
        (record.as_deref(), there.as_deref()),
        (Some("text/url"), Some("\"https://example.com\""))
    );
}
