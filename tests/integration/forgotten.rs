//! Nothing is forgotten, and not much goes by mistake.

use std::fs;
use std::path::Path;

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::report::{ErrorKind, PublishReport, SignReport};
use serde_json::Value;

use crate::support::reports::kind;
use crate::workspace::Workspace;

const ALLOW: &str = "--allow-mass-removal";

/// `count` signed text records of nick.eth.
fn signed(folder: &Path, devnet: &DevnetHandle, count: usize) -> Workspace {
    let workspace = Workspace::init(folder.join("w"), devnet.urls(), &["nick.eth"]);
    let rows: String = (0..count).map(|n| format!("nick.eth,text/t{n},{n}\n")).collect();
    fs::write(workspace.dir.join("rows.csv"), rows).unwrap();
    workspace.good(&["import", "rows.csv"]);
    workspace.good(&["sign"]);
    workspace
}

fn unset(workspace: &Workspace, numbers: std::ops::Range<usize>) {
    for number in numbers {
        workspace.good(&["unset", "text", &format!("t{number}")]);
    }
}

fn refused(workspace: &Workspace, arguments: &[&str], expected: ErrorKind) -> Value {
    let (code, json, stderr) = workspace.run(arguments);
    assert_eq!((code, kind(&json)), (Some(1), Some(expected)), "{json} {stderr}");
    json
}

fn files(workspace: &Workspace) -> usize {
    fs::read_dir(workspace.dir.join(".well-known/eth/nick/text")).map_or(0, Iterator::count)
}

#[test]
fn publish_says_what_is_wanted_and_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = signed(folder.path(), &devnet, 3);
    let said = |expected: &str| {
        let (code, _, stderr) = workspace.run(&["publish"]);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
        let strict = refused(&workspace, &["publish", "--strict"], ErrorKind::Unsigned);
        assert!(strict.to_string().contains(expected), "{strict}");
        assert!(strict.get("sequence").is_none(), "nothing was sent: {strict}");
    };
    workspace.good(&["publish", "--strict"]);
    workspace.good(&["set", "text", "new", "1"]);
    said("nick.eth's text/new wanted and not signed");
    workspace.good(&["sign"]);
    workspace.good(&["set", "text", "t0", "2"]);
    said("nick.eth's text/t0 not signed as wanted");
    workspace.good(&["sign"]);
    workspace.good(&["unset", "text", "t0"]);
    said(".well-known/eth/nick/text/t0.json is signed and no longer wanted");
    workspace.good(&["sign"]);
    let records = fs::read(workspace.dir.join("records.toml")).unwrap();
    fs::remove_file(workspace.dir.join("records.toml")).unwrap();
    refused(&workspace, &["publish", "--strict"], ErrorKind::Unsigned);
    fs::write(workspace.dir.join("records.toml"), records).unwrap();
    workspace.good(&["publish", "--strict"]);
    // A file that is missing is a loss besides.
    fs::remove_file(workspace.dir.join(".well-known/eth/nick/text/t1.json")).unwrap();
    refused(&workspace, &["publish", "--strict"], ErrorKind::Unsigned);
    refused(&workspace, &["publish"], ErrorKind::WouldLose);
}

#[test]
fn a_missing_records_toml_does_not_empty_the_tree() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = signed(folder.path(), &devnet, 2);
    let records = workspace.dir.join("records.toml");
    for left in [None, Some(""), Some("# all gone\n")] {
        match left {
            None => fs::remove_file(&records).unwrap(),
            Some(text) => fs::write(&records, text).unwrap(),
        }
        refused(&workspace, &["sign"], ErrorKind::NothingWanted);
        assert_eq!(files(&workspace), 2, "{left:?}");
    }
    let removed: SignReport = workspace.report(&["sign", ALLOW]);
    assert_eq!((removed.removed, files(&workspace)), (2, 0));
}

#[test]
fn most_of_many_files_do_not_go_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = signed(folder.path(), &devnet, 12);
    workspace.good(&["publish"]);
    workspace.good(&["publish", "--to", "https", "--site", "folder=www"]);
    // Half is not most.
    unset(&workspace, 0..6);
    workspace.good(&["sign"]);
    workspace.good(&["publish", "--dry-run", "dry"]);
    unset(&workspace, 6..7);
    let signed: SignReport = workspace.report(&["sign"]);
    assert_eq!((signed.removed, files(&workspace)), (1, 5), "of six, any may go");
    // What is published are twelve, and seven of them go.
    for how in [&["publish"][..], &["publish", "--replace"]] {
        let refused = refused(&workspace, how, ErrorKind::MassRemoval);
        assert!(refused.to_string().contains("7 of 12 published files"), "{refused}");
    }
    let site = ["publish", "--to", "https", "--site", "folder=www"];
    refused(&workspace, &site, ErrorKind::MassRemoval);
    workspace.good(&[&site[..], &[ALLOW]].concat());
    let published: PublishReport = workspace.report(&["publish", ALLOW]);
    assert_eq!((published.sequence, published.removed.len()), (1, 7));
    // Back to twelve removes nothing, and forward again by `rollback` does.
    workspace.good(&["rollback", "0"]);
    refused(&workspace, &["rollback", "1"], ErrorKind::MassRemoval);
    workspace.good(&["rollback", "1", ALLOW]);
}

#[test]
fn sign_asks_before_most_of_the_signed_files_go() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = signed(folder.path(), &devnet, 12);
    unset(&workspace, 0..7);
    refused(&workspace, &["sign"], ErrorKind::MassRemoval);
    assert_eq!(files(&workspace), 12);
    workspace.good(&["sign", ALLOW]);
    assert_eq!(files(&workspace), 5);
}

#[test]
fn to_verify_nothing_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = Workspace::init(folder.path().join("w"), devnet.urls(), &["nick.eth"]);
    workspace.good(&["keygen"]);
    let (code, json, _) = workspace.run(&["verify"]);
    assert_eq!((code, kind(&json)), (Some(4), Some(ErrorKind::NothingSigned)), "{json}");
    let foreign = workspace.dir.join(".well-known/security.txt");
    fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    fs::write(foreign, "Contact: me").unwrap();
    assert_eq!(workspace.run(&["verify"]).0, Some(4), "a file of others is no record");
}

/// Only what is named is signed.
#[test]
fn one_name_is_signed_and_the_others_wait() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = signed(folder.path(), &devnet, 1);
    for name in ["pay", "deep.pay.nick.eth", "shop"] {
        workspace.good(&["set", "text", "note", "1", "--name", name]);
    }
    let signed: SignReport = workspace.report(&["sign", "--name", "pay"]);
    let names: Vec<_> = signed.records.iter().map(|record| record.file.name.to_string()).collect();
    assert_eq!(names, ["deep.pay.nick.eth", "pay.nick.eth"]);
    let rest: SignReport = workspace.report(&["sign"]);
    assert_eq!((rest.signed, rest.unchanged), (1, 3));
}

/// Where it cannot be checked what is signed, `--strict` does not pass.
#[test]
fn strict_needs_to_know_whose_the_names_are() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let signed = signed(folder.path(), &devnet, 1);
    let fresh = Workspace::init(folder.path().join("fresh"), devnet.urls(), &["nick.eth"]);
    crate::tree::copy(&signed.dir.join(".well-known"), &fresh.dir);
    let (code, json, _) = fresh.run(&["publish", "--strict"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Unsigned)), "{json}");
    assert!(json.to_string().contains("cannot be checked"), "{json}");
}

/// An export that failed is no table without records.
#[test]
fn an_empty_table_does_not_empty_the_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = signed(folder.path(), &devnet, 3);
    for table in ["", "[]", "name,record,value\n"] {
        fs::write(workspace.dir.join("empty"), table).unwrap();
        refused(&workspace, &["import", "empty", "--sync"], ErrorKind::MassRemoval);
    }
    let gone = workspace.good(&["import", "empty", "--sync", ALLOW]);
    assert_eq!(gone["removed"], 3, "{gone}");
}

/// A value without a text form is left out of an export, which says so.
#[test]
fn an_export_says_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = signed(folder.path(), &devnet, 1);
    let records = workspace.dir.join("records.toml");
    let name = namesys::record::Value::Name("Nick.ETH".to_owned()).abi_encode();
    let raw = alloy_primitives::hex::encode_prefixed(name);
    let wanted = fs::read_to_string(&records).unwrap();
    fs::write(&records, format!("{wanted}\n\"name\" = {{ raw = \"{raw}\" }}\n")).unwrap();
    let json = refused(&workspace, &["export"], ErrorKind::Unsupported);
    assert_eq!(json["records"].as_array().unwrap().len(), 1, "{json}");
    assert!(json["error"]["message"].as_str().unwrap().contains("nick.eth name"), "{json}");
}

/// What the wallet signed is kept whatever the node does: one that does not answer is no reason to
/// ask somebody again.
#[test]
fn keys_are_recorded_whatever_the_node_does() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = Workspace::init(folder.path().join("w"), devnet.urls(), &["nick.eth"]);
    let (code, json, told) = workspace.run(&["keygen", "--rpc-url", "http://127.0.0.1:1"]);
    assert_eq!(code, Some(0), "{json} {told}");
    assert!(told.contains("could not be asked"), "{told}");
    let config = fs::read_to_string(workspace.dir.join("namesys.toml")).unwrap();
    assert!(config.contains("ipns_name = ") && config.contains("signer = "), "{config}");
}

/// What is live was asked for, and nobody tells.
#[test]
fn get_fails_where_what_is_live_cannot_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = signed(folder.path(), &devnet, 1);
    workspace.good(&["publish"]);
    let get = |gateway: &str| workspace.run(&["get", "text", "t0", "--gateway", gateway]);
    assert_eq!(get(&devnet.urls().gateway).0, Some(0));
    let (code, json, _) = get("http://127.0.0.1:1");
    assert_eq!(code, Some(1), "{json}");
    assert_eq!(json["records"][0]["wanted"], "0", "what is here is shown all the same: {json}");
    assert_eq!(workspace.run(&["get", "text", "t0", "--offline"]).0, Some(0));
}
