//! A folder with a wallet, and in it the folder `w` of a workspace: commands run there and see no
//! other environment.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use namesys::devnet::DevnetUrls;

/// The wallet's private key.
pub const WALLET: &str = "0707070707070707070707070707070707070707070707070707070707070707";
/// The NameSys password.
pub const PASSWORD: &str = "correct-horse-battery";
/// Commands that ask the wallet, where nothing stands in its place.
const WITH_WALLET: [&str; 9] =
    ["keygen", "approve", "sign", "publish", "renew", "rollback", "setup", "apply", "rotate"];
const WITHOUT: [&str; 4] = ["https", "database", "--signed", "--ipns-key-file"];

/// The folder, which goes when this is dropped.
pub struct Place {
    dir: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Place {
    /// The wallet, and `w` empty.
    pub fn new() -> Self {
        let place = Self::empty();
        std::fs::create_dir(place.path("w")).unwrap();
        std::fs::create_dir(place.path("home")).unwrap();
        place.write("wallet.key", &format!("{WALLET}\n"));
        place
    }

    fn empty() -> Self {
        let variables = vec![("NAMESYS_KEY_PASSWORD", PASSWORD.to_owned())];
        Self { dir: tempfile::tempdir().unwrap(), variables }
    }

    /// As this place is now, without its devnet.
    pub fn copy(&self) -> Self {
        let place = Self::empty();
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(self.path(".")).arg(place.path(""));
        assert!(copy.status().unwrap().success());
        place
    }

    /// Commands from now on publish to this devnet.
    pub fn publish_to(&mut self, urls: DevnetUrls) {
        self.variables.push(("NAMESYS_KUBO_URL", urls.kubo));
        self.variables.push(("NAMESYS_W3NAME_URL", urls.w3name));
        self.variables.push(("NAMESYS_GATEWAY_URL", urls.gateway));
    }

    /// Commands from now on ask this Ethereum node.
    pub fn ask(&mut self, rpc_url: &str) {
        self.variables.push(("ETH_RPC_URL", rpc_url.to_owned()));
    }

    /// A path in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    /// Writes a file that only its owner can read.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// The binary in `w`, with the wallet where the command asks for it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.env_clear().env("HOME", self.path("home"));
        command.env("EDITOR", "sed -i s,example.com/1,example.com/2,");
        command.current_dir(self.path("w")).stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.arg("--json").args(arguments);
        if WITH_WALLET.contains(&arguments[0]) && !arguments.iter().any(|a| WITHOUT.contains(a)) {
            command.args(["--private-key-file", "../wallet.key"]);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs what must succeed; what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    }
}

/// Every file under `dir`, by its path there.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                files.insert(path.strip_prefix(dir).unwrap().to_owned(), bytes);
            }
        }
    }
    files
}
