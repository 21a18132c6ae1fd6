//! Private keys that lie where everything is published.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use namesys::devnet::DevnetHandle;

use crate::support::process::Server;
use crate::workspace::{SEED, Workspace};

const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODw==\n";
const PUBLISHING: [&[&str]; 6] = [
    &["pack"],
    &["pack", "."],
    &["publish"],
    &["publish", "--sign-only", "parcel"],
    &["publish", "--dry-run", "dry"],
    &["publish", "--to", "https", "--site", "folder=../www"],
];

struct Scene {
    workspace: Workspace,
    _devnet: DevnetHandle,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let (folder, devnet, workspace) = Workspace::on_devnet();
        Self { workspace, _devnet: devnet, _folder: folder }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.workspace.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn serve(&self) -> Result<(), String> {
        let mut command = self.workspace.command(env!("CARGO_BIN_EXE_namesys"));
        command.args(["--json", "serve", "--listen", "127.0.0.1:0"]);
        let started =
            Server::start::<serde_json::Value>(&mut command, std::time::Duration::from_secs(10));
        let (_, first) = started.map_err(|error| format!("{error:#}"))?;
        match first["error"]["message"].as_str() {
            Some(message) => Err(message.to_owned()),
            None => Ok(()),
        }
    }
}

#[test]
fn nothing_is_published_with_a_private_key_in_it() {
    let scene = Scene::new();
    let own = format!("{{\"hash\":\"0x{}\"}}", SEED.to_uppercase());
    for (text, said) in [(PEM, "private key (PEM)"), (&own, "private key of this workspace")] {
        scene.write(".well-known/acme/backup.txt", text);
        for command in PUBLISHING {
            let (code, json, stderr) = scene.workspace.run(command);
            assert_eq!(code, Some(1), "{command:?}: {json} {stderr}");
            assert_eq!(json["error"]["kind"], "private-key", "{command:?}: {json}");
            let message = json["error"]["message"].as_str().unwrap();
            assert!(message.contains(".well-known/acme/backup.txt"), "{message}");
            assert!(message.contains(said) && json["error"]["hint"].is_string(), "{json}");
            let all = format!("{json}{stderr}").to_lowercase();
            assert!(!all.contains("mc4caqaw") && !all.contains(SEED), "{all}");
        }
        assert!(scene.serve().unwrap_err().contains("backup.txt"));
        // Nobody got it.
        let (_, json, _) = scene.workspace.run(&["status"]);
        assert_eq!(json["error"]["kind"], "not-published", "{json}");
        assert!(!scene.workspace.dir.join("../www").exists());
    }
    // A number like any other; and a key that lies elsewhere.
    scene.write(".well-known/acme/backup.txt", &"ab".repeat(32));
    scene.write("keys/ipns.key", PEM);
    for command in PUBLISHING {
        scene.workspace.good(command);
    }
    scene.serve().unwrap();
}

/// The signer as a CI keeps it: the whole file that `keygen --export` wrote.
#[test]
fn the_signer_is_known_in_the_form_it_was_exported_in() {
    let scene = Scene::new();
    scene.workspace.good(&["keygen", "--export", "../keys"]);
    let exported = fs::read_to_string(scene.workspace.dir.join("../keys/signer.key")).unwrap();
    assert!(exported.starts_with('#'), "it says whose it is");
    let digits = exported.lines().find(|line| !line.starts_with('#')).unwrap().trim();
    scene.write(".well-known/acme/backup.txt", digits);
    let packed = |variable: Option<&str>| {
        let mut pack = scene.workspace.command(env!("CARGO_BIN_EXE_namesys"));
        pack.args(["--json", "pack"]).envs(variable.map(|name| (name, exported.as_str())));
        let output = pack.output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        json["error"]["kind"].clone()
    };
    assert_eq!(packed(Some("NAMESYS_SIGNER_KEY")), "private-key");
    assert!(packed(None).is_null(), "without it nobody can tell it from a hash");
}

#[test]
fn a_key_that_comes_while_it_is_served_is_not_given() {
    let scene = Scene::new();
    let mut command = scene.workspace.command(env!("CARGO_BIN_EXE_namesys"));
    command.args(["--json", "serve", "--listen", "127.0.0.1:0"]);
    let (_server, first): (_, serde_json::Value) =
        Server::start(&mut command, std::time::Duration::from_secs(10)).unwrap();
    let url = first["url"].as_str().unwrap().to_owned();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        let ask =
            format!("GET /.well-known/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer["HTTP/1.1 ".len()..][..3].to_owned()
    };
    scene.write(".well-known/note.txt", "a note");
    scene.write(".well-known/key.pem", PEM);
    scene.write(".well-known/key.txt", SEED);
    assert_eq!(["note.txt", "key.pem", "key.txt"].map(get), ["200", "404", "404"]);
}

#[test]
fn keys_are_not_exported_to_where_they_are_published() {
    let scene = Scene::new();
    let link = scene.workspace.dir.join("link");
    std::os::unix::fs::symlink(".well-known/eth", &link).unwrap();
    scene.write("seed", SEED);
    let seed = scene.workspace.dir.join("seed");
    fs::set_permissions(&seed, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for place in [".well-known/keys", "link/keys", "../other/.well-known/x"] {
        let (code, json, _) = scene.workspace.run(&["keygen", "--export", place]);
        assert_eq!((code, &json["error"]["kind"]), (Some(2), &"private-key".into()), "{json}");
        let file = format!("{place}.pem");
        let export = ["key", "export", "--format", "pem", "--ipns-key-file", "seed", "--out"];
        let (code, json, _) = scene.workspace.run(&[&export[..], &[&file]].concat());
        assert_eq!((code, &json["error"]["kind"]), (Some(2), &"private-key".into()), "{json}");
        assert!(!scene.workspace.dir.join(place).exists());
    }
    scene.workspace.good(&["keygen", "--export", "keys"]);
    assert_eq!(fs::read_to_string(scene.workspace.dir.join("keys/.gitignore")).unwrap(), "*\n");
    // The same again, and beside other files.
    scene.workspace.good(&["keygen", "--export", "keys"]);
    scene.write("mixed/notes", "mine");
    scene.workspace.good(&["keygen", "--export", "mixed"]);
    let said = fs::read_to_string(scene.workspace.dir.join("mixed/.gitignore")).unwrap();
    assert_eq!(said, "/ipns.key\n/signer.key\n");
}
