//! A workspace that another user owns: refused where it is found, taken where it is named.

use std::io::{Read, Write};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::place::Place;

/// Two users, neither of whom is root or runs this.
const ALICE: u32 = 54_321;
const BOB: u32 = 54_322;

/// To give a file to somebody else takes root.
pub fn missing() -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let failed = chown(file.path(), Some(ALICE), None).is_err();
    failed.then(|| "needs leave to give files to another user: run it as root".to_owned())
}

/// A workspace of alice, in whose folder somebody stands.
struct Scene(Place);

impl Scene {
    fn new() -> Self {
        let place = Place::new();
        place.done(&["init", "nick.eth"]);
        place.done(&["set", "text", "url", "https://example.com"]);
        std::fs::create_dir_all(place.path("w/below")).unwrap();
        let mut all = Command::new("chown");
        all.args(["-R", &ALICE.to_string()]).arg(place.path("w"));
        assert!(all.status().unwrap().success());
        // Where this was built may be closed to others. A process that starts another one while it
        // writes this would leave it open there, and it could not be run.
        let mut copy = Command::new("cp");
        copy.arg(env!("CARGO_BIN_EXE_namesys")).arg(place.path("namesys"));
        assert!(copy.status().unwrap().success());
        // Others may look.
        for path in ["", "w", "home"] {
            let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(place.path(path), readable).unwrap();
        }
        Self(place)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let named = self.0.command(arguments);
        let mut command = Command::new(self.0.path("namesys"));
        command.env_clear().args(named.get_args()).stdin(Stdio::null());
        command.envs(named.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(self.0.path("w/below"));
        command
    }

    fn settings(&self, text: &str) {
        std::fs::create_dir_all(self.0.path("home/.config/namesys")).unwrap();
        std::fs::write(self.0.path("home/.config/namesys/config.toml"), text).unwrap();
    }
}

/// The exit code and the kind of the error.
fn end(command: &mut Command) -> (Option<i32>, Value, String) {
    let output = command.output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let hint = json["error"]["hint"].as_str().unwrap_or_default().to_owned();
    (output.status.code(), json["error"]["kind"].clone(), hint)
}

fn refused(command: &mut Command, dir: &Path) {
    let (code, kind, hint) = end(command);
    assert_eq!((code, &kind), (Some(1), &"foreign-workspace".into()), "{command:?}: {hint}");
    let line = format!("safe_directories = [\"{}\"]", dir.display());
    assert!(hint.contains(&line) && hint.contains("config.toml"), "{command:?}: {hint}");
}

fn taken(command: &mut Command) {
    let (code, kind, hint) = end(command);
    assert_eq!((code, kind), (Some(0), Value::Null), "{command:?}: {hint}");
}

/// By every command; not where it is named, by a flag, a variable or the user's file, nor for
/// alice, nor where alice became root.
pub fn a_workspace_of_another_user_is_refused_where_it_is_found() {
    let scene = Scene::new();
    let dir = scene.0.path("w").canonicalize().unwrap();
    for command in [
        &["list"][..],
        &["set", "text", "url", "x"],
        &["sign"],
        &["publish"],
        &["status"],
        &["verify"],
        &["pack"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["keygen"],
    ] {
        refused(&mut scene.command(command), &dir);
    }
    // What does not need one goes on without, and says so.
    let owner = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    for (command, expected) in [
        (&["resolve", "nick.eth"][..], "no-rpc"),
        (
            &["resolve", "nick.eth", "--recordhash", "https://127.0.0.1:1", "--owner", owner],
            "not-fetched",
        ),
        (&["doctor"], "checks-failed"),
        (&["keygen", "nick.eth"], "io"),
        (&["setup", "nick.eth", "--https", "https://a.example"], "no-rpc"),
    ] {
        let output = scene.command(command).output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        let kind = json["error"]["kind"].as_str().unwrap_or_default();
        assert_eq!(kind, expected, "{command:?}: {json}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("it is not used"), "{command:?}: {stderr}");
    }
    let list = || scene.command(&["list"]);
    refused(list().uid(BOB), &dir);
    taken(list().uid(ALICE));
    // What root writes there in her name stays hers.
    let mut keygen = scene.command(&["keygen"]);
    taken(keygen.current_dir(scene.0.path("w")).env("SUDO_UID", ALICE.to_string()));
    taken(list().uid(ALICE));
    taken(list().env("SUDO_UID", ALICE.to_string()));
    refused(list().env("SUDO_UID", BOB.to_string()), &dir);
    refused(list().env("SUDO_UID", "x"), &dir);
    // Who is not root does not become another by a variable.
    refused(list().uid(BOB).env("SUDO_UID", ALICE.to_string()), &dir);
    taken(list().env("NAMESYS_DIR", &dir));
    taken(&mut scene.command(&["-C", "..", "list"]));
    for (entry, is_safe) in [
        (dir.to_str().unwrap(), true),
        ("*", true),
        ("/", false),
        (dir.join("below").to_str().unwrap(), false),
    ] {
        scene.settings(&format!("safe_directories = [\"/nowhere\", {entry:?}]\n"));
        match is_safe {
            true => taken(&mut list()),
            false => refused(&mut list(), &dir),
        }
    }
    scene.settings("safe_directories = [\"w\"]\n");
    let (code, kind, _) = end(&mut list());
    assert_eq!((code, kind), (Some(2), "bad-config".into()));
    // Nobody is trusted by what stands in the workspace itself.
    scene.settings("");
    let path = scene.0.path("w/namesys.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("safe_directories = [\"*\"]\n{text}")).unwrap();
    refused(&mut list(), &dir);
    let (code, kind, _) = end(&mut scene.command(&["-C", "..", "list"]));
    assert_eq!((code, kind), (Some(2), "bad-config".into()));
}

/// An agent of alice, whom somebody asks who gets through to its socket.
pub fn an_agent_tells_another_user_nothing() {
    let scene = Scene::new();
    let runtime = scene.0.path("run");
    std::fs::create_dir(&runtime).unwrap();
    std::fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .unwrap();
    chown(&runtime, Some(ALICE), None).unwrap();
    let mut command = scene.command(&["agent"]);
    command.env("XDG_RUNTIME_DIR", &runtime).current_dir("/").uid(ALICE).stdout(Stdio::piped());
    let mut agent = command.spawn().unwrap();
    let mut ready = [0; 6];
    agent.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    let socket = runtime.join("namesys/agent.sock");
    // No mode keeps root out: who asks is told by the system.
    for _ in 0..2 {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut said = Vec::new();
        let talked = stream.write_all(b"lock\n").and_then(|()| stream.read_to_end(&mut said));
        assert!(said.is_empty(), "{talked:?}: {said:?}");
    }
    assert!(agent.try_wait().unwrap().is_none(), "it goes on");
    // Nor does another process of alice's look into its memory: the system has it for root's.
    let memory = std::fs::metadata(format!("/proc/{}/mem", agent.id())).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&memory), 0);
    // Nobody hands keys to an agent of alice, or takes them from there.
    let mut lock = scene.command(&["lock"]);
    let (code, kind, _) = end(lock.env("XDG_RUNTIME_DIR", &runtime).current_dir("/"));
    assert_eq!((code, kind), (Some(1), "io".into()));
    let (code, kind, _) = end(lock.uid(ALICE));
    assert_eq!((code, kind), (Some(0), Value::Null));
    assert!(agent.wait().unwrap().success());
}

/// What is in the way is said, and not that there is nothing.
pub fn a_folder_that_may_not_be_read_is_not_called_empty() {
    let scene = Scene::new();
    let dir = scene.0.path("w");
    let mode = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&dir, mode).unwrap();
    };
    for (open, user) in [(0o711, BOB), (0o000, ALICE), (0o700, BOB), (0o100, ALICE)] {
        mode(open);
        let mut command = scene.command(&["-C", dir.to_str().unwrap(), "list"]);
        let output = command.current_dir("/").uid(user).output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        let message = json["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("Permission denied"), "{open:o}: {json}");
        assert!(!message.contains("no namesys.toml"), "{open:o}: {json}");
    }
    // Found from below, it is still a stranger's, whatever may be read of it.
    mode(0o711);
    refused(scene.command(&["list"]).uid(BOB), &dir.canonicalize().unwrap());
    mode(0o755);
    let file = dir.join("namesys.toml");
    let (code, kind, _) = end(&mut scene.command(&["-C", file.to_str().unwrap(), "list"]));
    assert_eq!((code, kind), (Some(1), "io".into()), "a file is no folder");
}
