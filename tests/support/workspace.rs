//! A workspace of nick.eth and the services it publishes to.

use std::path::PathBuf;
use std::process::{Command, Output};

use namesys::devnet::{DevnetConfig, DevnetHandle, DevnetUrls};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::reports;

/// The wallet, and what it derives for nick.eth without a password.
pub const WALLET: &str = "1111111111111111111111111111111111111111111111111111111111111111";
pub const SEED: &str = "0a2bccc32412f9c1b0636abed2b6273fe77e625a95df80c7606ecb8ffa57f892";

pub struct Workspace {
    pub dir: PathBuf,
    urls: DevnetUrls,
    /// Whether the IPNS key is derived from the wallet, as it must be for other storage.
    derives: bool,
}

impl Workspace {
    /// Made in `dir`, with a signed record.
    pub fn new(dir: PathBuf, urls: DevnetUrls) -> Self {
        let workspace = Self::init(dir, urls, &["nick.eth"]);
        workspace.change("https://example.com/0");
        workspace
    }

    /// Made in the folder `w` of a new one, with a signed record and a devnet to publish to.
    pub fn on_devnet() -> (tempfile::TempDir, DevnetHandle, Self) {
        let folder = tempfile::tempdir().unwrap();
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        let workspace = Self::new(folder.path().join("w"), devnet.urls());
        (folder, devnet, workspace)
    }

    /// Made in `dir`, with what stands after `init`.
    pub fn init(dir: PathBuf, urls: DevnetUrls, arguments: &[&str]) -> Self {
        std::fs::create_dir_all(&dir).unwrap();
        let workspace = Self { dir, urls, derives: arguments.contains(&"--storage") };
        workspace.good(&[&["init"], arguments].concat());
        workspace
    }

    /// One that is there, whose keys are those of [`new`](Self::new).
    pub fn at(dir: PathBuf, urls: DevnetUrls) -> Self {
        Self { dir, urls, derives: false }
    }

    /// Another with the same keys and services.
    pub fn at_dir(&self, dir: PathBuf) -> Self {
        Self { dir, urls: self.urls.clone(), derives: self.derives }
    }

    /// The same, where no node runs that has what was uploaded.
    pub fn without_node(&self) -> Self {
        let urls = DevnetUrls { kubo: "http://127.0.0.1:1".to_owned(), ..self.urls.clone() };
        Self { dir: self.dir.clone(), urls, derives: self.derives }
    }

    /// A copy of what git has of it: all but the state.
    pub fn checkout(&self, dir: PathBuf) -> Self {
        let copied = Command::new("cp").arg("-r").args([&self.dir, &dir]).status().unwrap();
        assert!(copied.success());
        std::fs::remove_dir_all(dir.join(".namesys")).unwrap();
        Self { dir, urls: self.urls.clone(), derives: self.derives }
    }

    /// Where its index is.
    pub fn cache(&self) -> PathBuf {
        self.dir.with_extension("cache")
    }

    /// Where it uploads.
    pub fn kubo(&self) -> &str {
        &self.urls.kubo
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", &self.dir).env("NAMESYS_KEY_PASSWORD", "");
        // Not in the workspace, where no index is kept.
        command.env("XDG_CACHE_HOME", self.cache());
        command.env("ETH_PRIVATE_KEY", WALLET);
        if !self.derives {
            command.env("NAMESYS_IPNS_KEY", SEED);
        }
        command.env("NAMESYS_W3NAME_URL", &self.urls.w3name);
        command.env("NAMESYS_KUBO_URL", &self.urls.kubo);
        command.env("NAMESYS_GATEWAY_URL", &self.urls.gateway);
        command.current_dir(&self.dir);
        command
    }

    /// The exit code, the JSON, and what went to stderr.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let mut command = self.command(env!("CARGO_BIN_EXE_namesys"));
        let Output { status, stdout, stderr } =
            command.arg("--json").args(arguments).output().unwrap();
        let json = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
        if !json.is_null() {
            reports::check(arguments, &json).unwrap();
        }
        (status.code(), json, String::from_utf8(stderr).unwrap())
    }

    /// As `run`, of what must succeed.
    pub fn good(&self, arguments: &[&str]) -> Value {
        let (code, json, stderr) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {json} {stderr}");
        json
    }

    /// The report of what must succeed.
    pub fn report<T: Serialize + DeserializeOwned>(&self, arguments: &[&str]) -> T {
        reports::report(&self.good(arguments))
    }

    /// Wants and signs another avatar.
    pub fn change(&self, avatar: &str) {
        self.good(&["set", "text", "avatar", avatar]);
        self.good(&["sign"]);
    }
}
