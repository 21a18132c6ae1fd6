//! A workspace made of what is published: it would publish the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::report::{CloneReport, ErrorKind, KeygenReport, PublishReport, PullReport};
use serde_json::Value;

use crate::support::reports::{self, kind, report};
use crate::tree;
use crate::workspace::Workspace;

const OWNER: &str = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";
const AVATAR: &str = ".well-known/eth/nick/text/avatar.json";
const NOTE: &str = ".well-known/eth/nick/text/note.json";

/// A workspace that has published.
struct Scene {
    folder: tempfile::TempDir,
    devnet: DevnetHandle,
    here: Workspace,
    name: String,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        let here = Workspace::new(folder.path().join("here"), devnet.urls());
        let name = here.report::<KeygenReport>(&["keygen"]).ipns.name;
        here.good(&["set", "text", "note", "one", "--name", "pay"]);
        here.good(&["set", "text", "note", "mine"]);
        here.good(&["sign"]);
        write(&here.dir, ".well-known/security.txt", "Contact: me");
        write(&here.dir, "root/index.html", "<p>");
        here.good(&["publish"]);
        Self { folder, devnet, here, name }
    }

    /// Clones what is published, without any key.
    fn clone_to(&self, dir: &str, flags: &[&str]) -> (Option<i32>, Value) {
        let urls = self.devnet.urls();
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.env("NAMESYS_W3NAME_URL", urls.w3name).env("NAMESYS_GATEWAY_URL", urls.gateway);
        let of = ["clone", "nick.eth", dir, "--ipns", &self.name, "--owner", OWNER];
        let arguments = [&of[..], flags].concat();
        let output = command.arg("--json").args(&arguments).output().unwrap();
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        reports::check(&arguments, &json).unwrap();
        (output.status.code(), json)
    }

    fn cloned(&self, dir: &str) -> (CloneReport, Workspace) {
        let (code, json) = self.clone_to(dir, &[]);
        assert_eq!(code, Some(0), "{json}");
        (report(&json), self.workspace(dir))
    }

    /// A clone as a workspace whose user has the keys.
    fn workspace(&self, dir: &str) -> Workspace {
        Workspace::at(self.folder.path().join(dir), self.devnet.urls())
    }

    /// Points the name at a folder, as it stands.
    fn publish_folder(&self, tree: &Path, sequence: u64) -> String {
        let car = tree.with_extension("car");
        let root = tree::pack_as_it_is(tree, &car);
        tree::publish_as_it_is(&self.here, &car, &root, sequence);
        root
    }
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(workspace: &Workspace, path: &str) -> String {
    std::fs::read_to_string(workspace.dir.join(path)).unwrap()
}

/// Every file under `dir`, by its path there.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    // A link may lead nowhere.
                    let bytes = std::fs::read(&path).unwrap_or_default();
                    files.insert(path.strip_prefix(dir).unwrap().to_owned(), bytes);
                }
            }
        }
    }
    files
}

#[test]
fn a_clone_would_publish_the_same() {
    let scene = Scene::new();
    let before: PublishReport = scene.here.report(&["publish"]);
    let (cloned, clone) = scene.cloned("clone");
    assert_eq!((&cloned.root, cloned.sequence), (&before.root, Some(0)));
    assert_eq!(
        (cloned.packed, cloned.names, &*cloned.storage),
        (None, vec!["nick.eth".to_owned()], "domain")
    );
    let records: Vec<_> = cloned.records.iter().map(|record| record.ok).collect();
    assert_eq!((records, cloned.files), (vec![true; 3], 2));
    for part in [".well-known", "root"] {
        assert_eq!(files(&clone.dir.join(part)), files(&scene.here.dir.join(part)), "{part}");
    }
    assert_eq!(read(&clone, "published.toml"), read(&scene.here, "published.toml"));
    for file in [".gitignore", ".gitattributes"] {
        assert_eq!(read(&clone, file), read(&scene.here, file));
    }
    assert!(
        !files(&clone.dir)
            .iter()
            .any(|(_, bytes)| { String::from_utf8_lossy(bytes).contains(crate::workspace::SEED) })
    );
    // Wanted, signed, approved and published: nothing is left to do.
    let listed = |workspace: &Workspace| workspace.good(&["list"])["records"].clone();
    assert_eq!(listed(&clone), listed(&scene.here));
    assert_eq!(clone.good(&["verify"])["valid"], 3);
    let signed = clone.good(&["sign"]);
    assert_eq!((&signed["signed"], &signed["approvals"]), (&0.into(), &0.into()));
    let published: PublishReport = clone.report(&["publish"]);
    assert!(!published.new_record && published.root == before.root, "{published:?}");
    // And goes on.
    clone.change("https://example.com/clone");
    assert_eq!(clone.report::<PublishReport>(&["publish"]).sequence, 1);
    let left = std::fs::read_dir(scene.folder.path()).unwrap().flatten();
    // Each has an index beside it.
    let left = left.filter(|entry| entry.path().extension().is_none_or(|end| end != "cache"));
    assert_eq!(left.count(), 2, "nothing else is left");
    // An empty folder will do; one that is not is left alone.
    std::fs::create_dir(scene.folder.path().join("empty")).unwrap();
    assert_eq!(scene.cloned("empty").0.sequence, Some(1));
    let (code, json) = scene.clone_to("empty", &[]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Exists)), "{json}");
    assert!(scene.workspace("empty").dir.join(".namesys/published.car").is_file());
}

/// Whose it is follows from what is signed, where nobody says it.
#[test]
fn the_names_follow_from_what_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let arguments = ["nick.eth", "other.eth", "--storage", "wallet"];
    let here = Workspace::init(folder.path().join("here"), devnet.urls(), &arguments);
    for name in ["nick.eth", "other.eth", "pay.other.eth"] {
        here.good(&["set", "text", "avatar", name, "--name", name]);
    }
    here.good(&["sign"]);
    here.good(&["publish"]);
    let name = here.report::<KeygenReport>(&["keygen"]).ipns.name;
    let dir = folder.path().join("clone");
    let recordhash = format!("ipns://{name}");
    let flags = ["-C", dir.to_str().unwrap(), "--recordhash", &recordhash, "--owner", OWNER];
    let cloned: CloneReport = here.report(&[&["clone"], &flags[..]].concat());
    assert_eq!(
        (cloned.names, &*cloned.storage),
        (vec!["nick.eth".into(), "other.eth".into()], "wallet")
    );
    let clone = here.at_dir(dir);
    assert_eq!(clone.good(&["sign"])["unchanged"], 3);
    clone.good(&["set", "text", "avatar", "clone", "--name", "pay.other.eth"]);
    clone.good(&["sign"]);
    assert_eq!(clone.report::<PublishReport>(&["publish"]).sequence, 1);
    // Whether somebody else approved that signer only a chain can say.
    let other = "0x0000000000000000000000000000000000000001";
    let (code, json, _) =
        here.run(&["clone", "-C", "none", "--recordhash", &recordhash, "--owner", other]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    assert!(!here.dir.join("none").exists());
    let (code, json, _) = here.run(&["clone", "nick.eth", "none"]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::NoRpc)), "{json}");
    // Nothing listens there: what a web host has, if it has anything, is not known.
    let https = ["--recordhash", "https://127.0.0.1:9", "--owner", OWNER];
    let (code, json, _) = here.run(&[&["clone", "nick.eth", "none"], &https[..]].concat());
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    assert!(json["error"]["hint"].to_string().contains("import --from-chain"), "{json}");
}

#[test]
fn what_does_not_verify_stays_as_it_is() {
    let scene = Scene::new();
    let broken = read(&scene.here, NOTE).replacen("6d696e65", "6d696e66", 1);
    write(&scene.here.dir, NOTE, &broken);
    scene.here.good(&["publish", "--allow-invalid"]);
    let (code, json) = scene.clone_to("clone", &[]);
    assert_eq!((code, kind(&json)), (Some(3), Some(ErrorKind::Unverified)), "{json}");
    let cloned: CloneReport = report(&json);
    let bad: Vec<_> = cloned.records.iter().filter(|record| !record.ok).collect();
    assert_eq!((bad.len(), &*bad[0].path), (1, NOTE), "{json}");
    assert!(cloned.packed.is_none() && bad[0].reason.is_some() && bad[0].value.is_none());
    let clone = scene.workspace("clone");
    let wanted = read(&clone, "records.toml");
    assert!(!wanted.contains("mine") && wanted.contains("text/avatar"), "{wanted}");
    // Left alone by sign, and passed on by publish.
    clone.change("https://example.com/clone");
    assert_eq!(clone.good(&["sign", "--force"])["signed"], 2);
    assert_eq!(read(&clone, NOTE), broken);
    let published: PublishReport = clone.report(&["publish"]);
    assert!(published.new_record && published.removed.is_empty(), "{published:?}");
    assert_eq!(scene.here.run(&["pull"]).0, Some(0));
    // Or left out.
    let (code, json) = scene.clone_to("dropped", &["--drop-invalid"]);
    assert_eq!(code, Some(3), "{json}");
    let dropped: CloneReport = report(&json);
    assert!(dropped.packed.is_some() && dropped.left_out[0].path == NOTE, "{json}");
    assert!(!scene.workspace("dropped").dir.join(NOTE).exists());
    assert_eq!(scene.workspace("dropped").good(&["verify"])["invalid"], 0);
}

/// Nothing is written of a tree with names that no file can have.
#[test]
fn hostile_names_are_refused_with_the_list() {
    let scene = Scene::new();
    let tree = scene.folder.path().join("tree");
    for path in ["con.json", "text/Avatar.json", "text/avatar.json", "text/a\\b", "text/new\nline"]
    {
        write(&tree, &format!(".well-known/eth/nick/{path}"), "{}");
    }
    std::os::unix::fs::symlink("../security.txt", tree.join(".well-known/eth/link")).unwrap();
    scene.publish_folder(&tree, 1);
    let before = files(scene.folder.path());
    let (code, json) = scene.clone_to("clone", &[]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::BadTree)), "{json}");
    let said = reports::error(&json).unwrap().message;
    for word in ["5 names", "con.json", "avatar.json", "a\\\\b", "new\\nline", "symbolic link"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!(files(scene.folder.path()), before, "nothing is written");
    let (code, json, _) = scene.here.run(&["pull"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::BadTree)), "{json}");
}

/// The deployed web client's layout, cut as its backend does, with what it leaves at the root.
#[test]
fn a_tree_of_the_web_client_is_extended_and_its_next_one_pulled() {
    let scene = Scene::new();
    let client = scene.here.checkout(scene.folder.path().join("client"));
    let of_client = |avatar: &str, sequence: u64| {
        client.good(&["set", "text", "avatar", avatar]);
        client.good(&["sign", "--metadata", "--force"]);
        let (tree, car) = (scene.folder.path().join("tree"), scene.folder.path().join("tree.car"));
        let _ = std::fs::remove_dir_all(&tree);
        std::fs::create_dir(&tree).unwrap();
        let from = client.dir.join(".well-known");
        let copied = Command::new("cp").arg("-r").args([&from, &tree]).status();
        assert!(copied.unwrap().success());
        std::fs::remove_file(tree.join(".well-known/security.txt")).unwrap();
        let path = ".well-known/eth/nick/dnsrecord/zonehash.json";
        write(&tree, path, "{\"data\":\"0x\"}");
        let before = sequence - 1;
        let revision =
            format!("{{\"domain\":\"nick.eth\",\"sequence\":\"{before}\",\"gas\":\"\"}}");
        write(&tree, "revision.json", &revision);
        write(&tree, "version.json", "{\"_name\":{\"_privKey\":\"CAESQAorzMMkEvnBtjarrtK2Jz\"}}");
        let root = tree::pack_as_version_0(&tree, &car);
        tree::publish_as_it_is(&client, &car, &root, sequence);
        root
    };
    let root = of_client("https://example.com/client", 3);
    assert!(root.starts_with("Qm"), "{root}");
    let (code, json) = scene.clone_to("clone", &[]);
    assert_eq!(code, Some(3), "{json}");
    let cloned: CloneReport = report(&json);
    // Both are shown: it was cut otherwise.
    let version_1 = cid::Cid::try_from(&*root).unwrap().into_v1().unwrap().to_string();
    assert_eq!((cloned.root, cloned.sequence), (version_1, Some(3)));
    assert!(cloned.packed.is_some_and(|packed| packed.starts_with("bafy")));
    let bad = cloned.records.iter().find(|record| !record.ok).unwrap();
    assert!(bad.reason.as_ref().unwrap().contains("dns/zonehash.json"), "{json}");
    let clone = scene.workspace("clone");
    assert!(read(&clone, AVATAR).contains("managerSignature"), "byte for byte");
    assert!(read(&clone, "published.toml").contains(".client]"), "it is known for what it is");
    clone.good(&["set", "text", "email", "a@example.com"]);
    clone.good(&["sign"]);
    let published: PublishReport = clone.report(&["publish"]);
    assert_eq!((published.sequence, published.lost.len()), (4, 0));
    assert_eq!(published.removed, [""; 0]);
    // Its next shows what that client has, and nothing of ours.
    of_client("https://example.com/next", 5);
    let (code, json, _) = clone.run(&["publish", "--replace", "--expect", "4"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Changed)), "{json}");
    let pulled: PullReport = clone.report(&["pull"]);
    let took: Vec<_> = pulled.merged.iter().filter_map(|item| item.value.as_deref()).collect();
    assert_eq!((took, pulled.removed.len()), (vec!["https://example.com/next"], 0), "{pulled:?}");
    let wanted = read(&clone, "records.toml");
    assert!(wanted.contains("a@example.com") && wanted.contains("/next"), "{wanted}");
    let last: PublishReport = clone.report(&["publish"]);
    assert_eq!((last.sequence, last.lost.len(), last.removed.len()), (6, 0, 0));
    assert_eq!(clone.run(&["verify"]).1["valid"], 4);
}

/// A key that was published is neither written nor published again.
#[test]
fn a_private_key_is_never_written() {
    let scene = Scene::new();
    let tree = scene.folder.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    let copied =
        Command::new("cp").arg("-r").arg(scene.here.dir.join(".well-known")).arg(&tree).status();
    assert!(copied.unwrap().success());
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAorzMMkEvnBtjarrtK2Jz/nfmJaldgMdgbsuP+lf4kg\n-----END PRIVATE KEY-----\n";
    write(&tree, "ipns.key", pem);
    scene.publish_folder(&tree, 1);
    let (code, json) = scene.clone_to("clone", &[]);
    assert_eq!(code, Some(0), "{json}");
    let cloned: CloneReport = report(&json);
    assert!(cloned.left_out[0].path == "ipns.key" && cloned.packed.is_some(), "{json}");
    let clone = scene.workspace("clone");
    assert!(!clone.dir.join("root").exists());
    clone.change("https://example.com/clone");
    let published: PublishReport = clone.report(&["publish"]);
    assert_eq!((published.sequence, published.removed), (2, vec!["ipns.key".to_owned()]));
}

/// Nor one in a record, which is neither wanted nor told.
#[test]
fn a_private_key_in_a_record_is_neither_written_nor_told() {
    let scene = Scene::new();
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAorzMMkEvnBtjarrtK2Jz/nfmJaldgMdgbsuP+lf4kg\n-----END PRIVATE KEY-----\n";
    let records = scene.here.dir.join("records.toml");
    let wanted = std::fs::read_to_string(&records).unwrap();
    let abi = namesys::record::Value::Text(pem.to_owned()).abi_encode();
    let raw =
        format!("\"text/key\" = {{ raw = \"{}\" }}\n", alloy_primitives::hex::encode_prefixed(abi));
    std::fs::write(
        &records,
        wanted.replace("[\"nick.eth\"]\n\"", &format!("[\"nick.eth\"]\n{raw}\"")),
    )
    .unwrap();
    scene.here.good(&["sign"]);
    let tree = scene.folder.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    tree::copy(&scene.here.dir.join(".well-known"), &tree);
    assert!(tree.join(".well-known/eth/nick/text/key.json").exists());
    scene.publish_folder(&tree, 1);
    let (code, json) = scene.clone_to("clone", &[]);
    assert_eq!(code, Some(0), "{json}");
    let cloned: CloneReport = report(&json);
    assert!(cloned.left_out.iter().any(|file| file.path.ends_with("text/key.json")), "{json}");
    let clone = scene.workspace("clone");
    let wanted = std::fs::read_to_string(clone.dir.join("records.toml")).unwrap();
    let hex = alloy_primitives::hex::encode(pem);
    for told in [json.to_string(), wanted] {
        assert!(!told.contains("BEGIN PRIVATE KEY") && !told.contains(&hex), "{told}");
    }
}
