//! `--remember` and `lock`: derived keys in the memory of a process of their user.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
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

    /// The processes that were started for this folder.
    fn agents(&self) -> Vec<PathBuf> {
        let is_ours = |process: &Path| {
            let cwd_is_root =
                process.join("cwd").read_link().is_ok_and(|cwd| cwd == Path::new("/"));
            let command = std::fs::read(process.join("cmdline")).unwrap_or_default();
            cwd_is_root
                && command.ends_with(b"\0agent\0")
                && std::fs::read(process.join("environ")).is_ok_and(|environ| {
                    let folder = self.runtime.to_str().unwrap().as_bytes();
                    environ.windows(folder.len()).any(|part| part == folder)
                })
        };
        let all = std::fs::read_dir("/proc").unwrap();
        all.map(|entry| entry.unwrap().path()).filter(|process| is_ours(process)).collect()
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
    assert!(told.contains("the keys are remembered for 3600 s; namesys lock wipes them"), "{told}");
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
    assert!(desk.agents().is_empty());
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
    let agents = desk.agents();
    let [agent] = &agents[..] else { panic!("{agents:?}") };
    let environ = std::fs::read(agent.join("environ")).unwrap();
    let command = std::fs::read(agent.join("cmdline")).unwrap();
    let names: Vec<_> = environ.split(|byte| *byte == 0).filter(|line| !line.is_empty()).collect();
    assert!(names.len() == 1 && names[0].starts_with(b"XDG_RUNTIME_DIR="), "{names:?}");
    let text = String::from_utf8_lossy(&[environ.clone(), command].concat()).to_lowercase();
    assert!(!text.contains(WALLET) && !text.contains(PASSWORD), "{text}");
    // Nothing of it is in a file.
    let (_, key, _) = desk.run(&["key", "inspect"]);
    assert!(key["ipns"].is_null());
    let kept: Vec<_> = std::fs::read_dir(desk.runtime.join("namesys")).unwrap().collect();
    for file in kept {
        let file = file.unwrap().path();
        assert!(file == desk.socket() || file.metadata().unwrap().len() == 0, "{file:?}");
    }
    // Its memory is closed to others of its user, and its pages are kept from the disk.
    let status = std::fs::read_to_string(agent.join("status")).unwrap();
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!locked.trim().starts_with('0') || told.contains("locks no memory"), "{status}");
    assert_eq!(agent.join("mem").metadata().unwrap().uid(), 0, "it can be dumped");
}
