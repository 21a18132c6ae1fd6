//! `--remember` and `lock`: derived keys in the memory of a process of their user.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use namesys::devnet::{DevnetConfig, DevnetHandle};
use serde_json::Value;

use crate::workspace::{WALLET, Workspace};

const PASSWORD: &str = "correct-horse-battery-staple";

/// A workspace with a folder for sockets, whose agent is ended with it.
struct Desk {
    folder: tempfile::TempDir,
    runtime: PathBuf,
    _devnet: DevnetHandle,
    workspace: Workspace,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        let workspace = Workspace::init(folder.path().join("w"), devnet.urls(), &["nick.eth"]);
        let runtime = folder.path().join("run");
        std::fs::create_dir(&runtime).unwrap();
        set_permissions(&runtime, Permissions::from_mode(0o700)).unwrap();
        std::fs::write(folder.path().join("wallet.key"), WALLET).unwrap();
        Self { folder, runtime, _devnet: devnet, workspace }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.command(env!("CARGO_BIN_EXE_namesys"));
        command.env("XDG_RUNTIME_DIR", &self.runtime).args(arguments);
        for variable in ["ETH_PRIVATE_KEY", "NAMESYS_KEY_PASSWORD", "NAMESYS_IPNS_KEY"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null());
        command
    }

    fn want(&self, avatar: &str) {
        self.workspace.good(&["set", "text", "avatar", avatar]);
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> (i32, Value, String) {
        let output = self.output(&[arguments, &["--json"]].concat());
        let json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), json, String::from_utf8(output.stderr).unwrap())
    }

    fn with_wallet(&self, arguments: &[&str], password: &str) -> (i32, Value, String) {
        let wallet = self.folder.path().join("wallet.key");
        let file = self.folder.path().join("password");
        std::fs::write(&file, password).unwrap();
        let flags = ["--private-key-file", wallet.to_str().unwrap()];
        let flags = [&flags[..], &["--key-password-file", file.to_str().unwrap()]].concat();
        self.run(&[arguments, &flags].concat())
    }

    fn socket(&self) -> PathBuf {
        self.runtime.join("namesys/agent.sock")
    }

    /// The process that serves the socket, as the system says.
    fn agent(&self) -> Option<PathBuf> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stream = tokio::net::UnixStream::connect(self.socket()).await.ok()?;
            let pid = stream.peer_cred().unwrap().pid().unwrap();
            Some(PathBuf::from(format!("/proc/{pid}")))
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Also where a test failed: no process is left behind.
        let _ = self.output(&["lock"]);
    }
}

#[test]
fn a_days_work_needs_the_wallet_once() {
    let desk = Desk::new();
    desk.want("https://example.com/1");
    let (code, _, told) = desk.with_wallet(&["sign", "--remember", "1h"], PASSWORD);
    assert_eq!(code, 0, "{told}");
    assert!(
        told.contains("both keys are remembered for 3600 s; namesys lock wipes them"),
        "{told}"
    );
    let socket = desk.socket().metadata().unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(desk.runtime.join("namesys").metadata().unwrap().mode() & 0o777, 0o700);

    // No wallet, no password, no terminal.
    desk.want("https://example.com/2");
    let (code, signed, told) = desk.run(&["sign"]);
    assert_eq!((code, signed["signed"].as_u64()), (0, Some(1)), "{told}");
    let kubo = format!("kubo={}", desk.workspace.kubo());
    let publish = ["publish", "--publisher", &kubo, "--upload", &kubo];
    let (code, published, told) = desk.run(&publish);
    assert_eq!((code, published["sequence"].as_u64()), (0, Some(0)), "{told}");

    let (code, locked, told) = desk.run(&["lock"]);
    assert_eq!((code, locked["wiped"].as_u64()), (0, Some(2)), "{told}");
    assert!(!desk.socket().exists());
    desk.want("https://example.com/3");
    let (code, refused, _) = desk.run(&["sign"]);
    assert_eq!((code, refused["error"]["kind"].as_str()), (2, Some("no-wallet")), "{refused}");
    let (code, locked, _) = desk.run(&["lock"]);
    assert_eq!((code, locked["wiped"].as_u64()), (0, Some(0)));
}

#[test]
fn keys_that_are_not_the_workspaces_are_not_remembered() {
    let desk = Desk::new();
    desk.want("https://example.com/1");
    assert_eq!(desk.with_wallet(&["sign"], PASSWORD).0, 0);
    for command in [&["sign", "--force"][..], &["keygen"], &["renew"]] {
        let (code, refused, _) =
            desk.with_wallet(&[command, &["--remember", "1h"]].concat(), "mistyped");
        assert_eq!(code, 1, "{command:?} {refused}");
        assert_eq!(desk.run(&["lock"]).1["wiped"].as_u64(), Some(0), "{command:?}");
    }
    for (bad, told) in [("0", "no time"), ("25h", "24h at most"), ("soon", "a number and a unit")] {
        let output = desk.output(&["sign", "--remember", bad]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(told), "{bad}: {error}");
    }
}

#[test]
fn a_folder_that_others_can_use_is_refused_and_none_is_none() {
    let desk = Desk::new();
    desk.want("https://example.com/1");
    set_permissions(&desk.runtime, Permissions::from_mode(0o755)).unwrap();
    let (code, refused, told) = desk.with_wallet(&["sign", "--remember", "1h"], PASSWORD);
    assert_eq!(code, 2, "{refused}");
    assert!(told.contains("others can use it: chmod 700"), "{told}");
    assert!(desk.agent().is_none());
    // Without the flag nobody minds.
    assert_eq!(desk.with_wallet(&["sign"], PASSWORD).0, 0);
    let mut command = desk.command(&["lock"]);
    let output = command.env_remove("XDG_RUNTIME_DIR").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && error.contains("XDG_RUNTIME_DIR is not set"));
    set_permissions(&desk.runtime, Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn the_agent_has_no_secret_but_in_its_memory() {
    let desk = Desk::new();
    desk.want("https://example.com/1");
    let mut command = desk.command(&["sign", "--remember", "1h", "-vvv"]);
    command.env("ETH_PRIVATE_KEY", WALLET).env("NAMESYS_KEY_PASSWORD", PASSWORD);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let agent = desk.agent().unwrap();
    let command = std::fs::read(agent.join("cmdline")).unwrap();
    assert!(command.ends_with(b"\0agent\0"), "{command:?}");
    // Its own user may not look into it; root may.
    if let Ok(environ) = std::fs::read(agent.join("environ")) {
        let lines = environ.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        let names: Vec<_> = lines.map(|line| line.split(|byte| *byte == b'=').next()).collect();
        assert_eq!(names, [Some(&b"HOME"[..]), Some(b"XDG_RUNTIME_DIR")]);
    }
    for file in std::fs::read_dir(desk.runtime.join("namesys")).unwrap() {
        let file = file.unwrap().path();
        assert!(file == desk.socket() || file.metadata().unwrap().len() == 0, "{file:?}");
    }
    let told = String::from_utf8(output.stderr).unwrap();
    let status = std::fs::read_to_string(agent.join("status")).unwrap();
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
    assert!(!locked.trim().starts_with("0 ") || told.contains("locks no memory"), "{status}");
}

#[test]
fn a_remembered_key_is_its_workspaces_and_its_time_is_not_made_longer() {
    let desk = Desk::new();
    desk.want("https://example.com/1");
    assert_eq!(desk.with_wallet(&["sign", "--remember", "2s"], PASSWORD).0, 0);
    let (code, _, told) = desk.run(&["sign", "--force", "--remember", "24h"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("the records signer is a remembered one"), "{told}");
    assert!(told.contains("keeps the time it was given"), "{told}");
    // Somebody else's copy that says whose keys it is for does not get them.
    let copy = desk.workspace.checkout(desk.folder.path().join("copy"));
    let mut command = copy.command(env!("CARGO_BIN_EXE_namesys"));
    command.env("XDG_RUNTIME_DIR", &desk.runtime).args(["--json", "sign", "--force"]);
    for variable in ["ETH_PRIVATE_KEY", "NAMESYS_KEY_PASSWORD", "NAMESYS_IPNS_KEY"] {
        command.env_remove(variable);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let refused: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(refused["error"]["kind"].as_str(), Some("no-wallet"), "{refused}");
    // Whoever names a wallet means that one: here one that is not there.
    let missing = ["sign", "--force", "--private-key-file", "missing"];
    assert_eq!(desk.run(&missing).1["error"]["kind"].as_str(), Some("io"));
    // The agent's look is once a second; after its time it is gone.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while desk.socket().exists() {
        assert!(std::time::Instant::now() < until, "it does not end");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(desk.run(&["sign", "--force"]).0, 2);
}

#[test]
fn the_key_that_was_not_remembered_yet_is_remembered() {
    let desk = Desk::new();
    desk.want("https://example.com/1");
    let keys = desk.folder.path().join("keys");
    let keygen = ["keygen", "--export", keys.to_str().unwrap()];
    assert_eq!(desk.with_wallet(&keygen, PASSWORD).0, 0);
    assert_eq!(desk.with_wallet(&["approve"], PASSWORD).0, 0);
    let signer = keys.join("signer.key");
    let sign = ["sign", "--approval", "wallet", "--signer-key-file", signer.to_str().unwrap()];
    let (code, _, told) = desk.run(&[&sign[..], &["--remember", "1h"]].concat());
    assert!(code == 0 && told.contains("the records signer is remembered"), "{code} {told}");
    desk.want("https://example.com/2");
    let kubo = format!("kubo={}", desk.workspace.kubo());
    let mut command = desk.command(&["apply", "--yes", "--remember", "2h", "--json"]);
    command.args(["--publisher", &kubo, "--upload", &kubo]);
    command.env("ETH_PRIVATE_KEY", WALLET).env("NAMESYS_KEY_PASSWORD", PASSWORD);
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("keeps the time it was given"), "{told}");
    assert!(told.contains("the IPNS key is remembered for 7200 s"), "{told}");
    assert_eq!(desk.run(&["lock"]).1["wiped"].as_u64(), Some(2));
}

#[test]
fn what_is_not_remembered_is_said_before_or_after() {
    let desk = Desk::new();
    desk.want("https://example.com/1");
    // Keys of another name, and none of a workspace: before anything is asked for.
    assert_eq!(desk.with_wallet(&["keygen"], PASSWORD).0, 0);
    for (arguments, told) in [
        (&["keygen", "other.eth", "--remember", "1h"][..], "these are others"),
        (&["rotate", "--remember", "1h", "--new-key-password-file", "x"], "these change"),
    ] {
        let (code, refused, _) = desk.with_wallet(arguments, PASSWORD);
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(code == 2 && message.contains(told), "{arguments:?} {refused}");
    }
    // Where no key is derived there is none.
    let (code, _, told) =
        desk.with_wallet(&["sign", "--approval", "owner", "--remember", "1h"], PASSWORD);
    assert!(code == 0 && told.contains("nothing is remembered: no key"), "{code} {told}");
    // An agent that cannot begin does not end the work.
    std::fs::create_dir_all(desk.socket().join("in-the-way")).unwrap();
    set_permissions(desk.runtime.join("namesys"), Permissions::from_mode(0o700)).unwrap();
    let (code, _, told) = desk.with_wallet(&["keygen", "--remember", "1h"], PASSWORD);
    assert!(code == 0 && told.contains("nothing is remembered: "), "{code} {told}");
    std::fs::remove_dir_all(desk.socket()).unwrap();
    // One that was left behind by a kill is no hindrance, and what it knew is gone.
    drop(std::os::unix::net::UnixListener::bind(desk.socket()).unwrap());
    let (code, _, told) = desk.with_wallet(&["keygen", "--remember", "1h"], PASSWORD);
    assert!(code == 0 && told.contains("both keys are remembered"), "{code} {told}");
}
