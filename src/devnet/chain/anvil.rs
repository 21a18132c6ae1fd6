//! The Ethereum node of the devnet: anvil, found or fetched, as a child process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::children::Inherited;

/// The chain id, of the chain and in the signed texts.
pub const CHAIN_ID: u64 = 31337;
/// What npm is asked for.
const PACKAGE: &str = "@foundry-rs/anvil";
/// The version that the tests run against.
const VERSION: &str = "1.7.1";
/// The binaries of this version by system, and the hash of each package, by npm's integrity.
const PLATFORMS: [(&str, &str); 4] = [
    (
        "linux-amd64",
        "sha512-+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg==",
    ),
    (
        "linux-arm64",
        "sha512-ykHJmFOGdBR8+9smOKBm9ZZDCCCkLQctiHOAddLvmYx9mPeBDMfq6jP51hKYsO5MG8ClPLSlWe+JpiXPjoXgBQ==",
    ),
    (
        "darwin-amd64",
        "sha512-OgwzwY+FsGrsPyDv4mmbhOwARO8s37YHrm2qaNzgSH4VlKnXgJCrnoT7bpgOhLyBPtxXjBT8L2E3b79deesXRg==",
    ),
    (
        "darwin-arm64",
        "sha512-JNeu3+A3f/npXLn8SR8EahVcqE7BpO9VQZMcPvSIy27/RNc1GsoEBvSLR99aSvt8sGKWAgNg/EzrtjAPq6mxcA==",
    ),
];
/// The words of anvil's accounts, known to everyone: never for anything but a devnet. Account
/// `n` is at `m/44'/60'/0'/0/n`.
pub const MNEMONIC: &str = "test test test test test test test test test test test junk";
/// How long anvil may take to listen; it takes 0.25 s.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// No more of what anvil says in error is quoted, in bytes.
const MAX_QUOTED: u64 = 2000;

/// Where anvil may be. The library reads no environment: who calls it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnvilSearch {
    /// The program itself, as `ANVIL` names it; nothing else is tried then.
    pub program: Option<PathBuf>,
    /// The value of `PATH`: folders that may hold `anvil`, and `npm`.
    pub path: Option<OsString>,
    /// Where npm may put it, such as `~/.cache/namesys`; without it nothing is fetched.
    pub cache: Option<PathBuf>,
    /// What npm and anvil may know of the environment.
    pub inherited: Inherited,
}

/// Why there is no anvil.
#[derive(Debug, thiserror::Error)]
pub enum AnvilError {
    /// The program that was named is not there.
    #[error("{0:?} is not a file; ANVIL must name the anvil program")]
    NotAFile(PathBuf),
    /// Neither anvil nor npm.
    #[error(
        "there is no anvil in PATH, and no npm to fetch it with; install foundry \
         (https://getfoundry.sh) or Node.js with npm, or name the program with ANVIL"
    )]
    NoNpm,
    /// Not in PATH, and fetching is not wanted.
    #[error("there is no anvil in PATH; install foundry or name the program with ANVIL")]
    NotFound,
    /// npm failed.
    #[error("npm could not fetch {PACKAGE}@{VERSION} into {dir:?}: {reason}")]
    Fetch {
        /// The folder it was to be in.
        dir: PathBuf,
        /// npm's own words.
        reason: String,
    },
    /// The cache cannot be written.
    #[error("the folder {dir:?} cannot be used for anvil: {source}")]
    Cache {
        /// Which folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It does not start, or ends at once.
    #[error("{program:?} did not start: {reason}")]
    Start {
        /// Which program.
        program: PathBuf,
        /// What the system or anvil said.
        reason: String,
    },
}

impl AnvilSearch {
    /// Finds anvil: the named program, else one in `path`, else one in `cache`, where npm puts
    /// it first. Blocks; npm takes some seconds the first time.
    ///
    /// # Errors
    /// [`AnvilError`] says what to install.
    pub fn find(&self) -> Result<PathBuf, AnvilError> {
        if let Some(program) = &self.program {
            let found = program.is_file();
            return found
                .then(|| program.clone())
                .ok_or_else(|| AnvilError::NotAFile(program.clone()));
        }
        if let Some(program) = self.in_path("anvil") {
            return Ok(program);
        }
        let cache = self.cache.as_ref().ok_or(AnvilError::NotFound)?;
        let dir = cache.join(format!("anvil-{VERSION}"));
        let program = dir.join("node_modules").join(platform_package()).join("bin").join(file());
        if !program.is_file() {
            let npm = self.in_path(if cfg!(windows) { "npm.cmd" } else { "npm" });
            fetch(&npm.ok_or(AnvilError::NoNpm)?, &dir, &program, &self.inherited)?;
        }
        Ok(program)
    }

    fn in_path(&self, program: &str) -> Option<PathBuf> {
        let program = format!(
            "{program}{}",
            if program == "anvil" { std::env::consts::EXE_SUFFIX } else { "" }
        );
        std::env::split_paths(self.path.as_ref()?)
            .map(|folder| folder.join(&program))
            .find(|candidate| candidate.is_file())
    }
}

/// npm's package of the binary for this machine, such as `@foundry-rs/anvil-linux-amd64`.
fn platform_package() -> String {
    format!("{PACKAGE}-{}", platform())
}

/// `linux-amd64`
fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    format!("{os}-{arch}")
}

fn file() -> String {
    format!("anvil{}", std::env::consts::EXE_SUFFIX)
}

/// What npm is to fetch, and the one hash it may have: npm takes no other contents.
fn packages(integrity: &str) -> (Value, Value) {
    let package = platform_package();
    let wanted = json!({ &package: VERSION });
    let lock = json!({
        "lockfileVersion": 3,
        "requires": true,
        "packages": {
            "": { "dependencies": wanted },
            format!("node_modules/{package}"): { "version": VERSION, "integrity": integrity },
        },
    });
    (json!({ "private": true, "dependencies": wanted }), lock)
}

/// Has npm put the package into `dir`; of several processes the first does.
fn fetch(npm: &Path, dir: &Path, program: &Path, inherited: &Inherited) -> Result<(), AnvilError> {
    let cache = |source| AnvilError::Cache { dir: dir.to_path_buf(), source };
    let failed = |reason: String| AnvilError::Fetch { dir: dir.to_path_buf(), reason };
    fs::create_dir_all(dir).map_err(cache)?;
    let lock = File::create(dir.join(".lock")).map_err(cache)?;
    lock.lock().map_err(cache)?;
    if program.is_file() {
        return Ok(());
    }
    let platform = platform();
    let known = PLATFORMS.iter().find(|(of, _)| *of == platform);
    let Some((_, integrity)) = known else {
        return Err(failed(format!("there is no binary for this machine ({platform})")));
    };
    let (manifest, lock) = packages(integrity);
    fs::write(dir.join("package.json"), manifest.to_string()).map_err(cache)?;
    fs::write(dir.join("package-lock.json"), lock.to_string()).map_err(cache)?;
    let output = inherited
        .npm(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--loglevel", "error"])
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if program.is_file() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.trim();
    Err(failed(match (output.status.success(), words.is_empty()) {
        (true, _) => format!("it has no binary for this machine ({})", platform_package()),
        (false, true) => format!("it ended with {}", output.status),
        (false, false) => words.chars().take(MAX_QUOTED as usize).collect(),
    }))
}

/// Runs its arguments, and ends them when its input does: when this process is gone, however
/// it went.
#[cfg(unix)]
const TETHER: &str = r#"exec 3<&0
"$@" 3<&- </dev/null &
child=$!
{ cat <&3; kill -9 $child; } >/dev/null 2>&1 &
tether=$!
exec 3<&-
wait $child
code=$?
kill $tether 2>/dev/null
exit $code"#;

#[cfg(unix)]
fn command(program: &Path, inherited: &Inherited) -> Command {
    let mut command = inherited.command("/bin/sh");
    command.args(["-c", TETHER, "anvil"]).arg(program);
    command
}

#[cfg(not(unix))]
fn command(program: &Path, inherited: &Inherited) -> Command {
    inherited.command(program)
}

/// A loopback address that no web page comes upon: where the system has more than one, any of
/// sixteen million.
fn hidden_host() -> Ipv4Addr {
    let mut host = [0; 3];
    match cfg!(target_os = "linux") && getrandom::fill(&mut host).is_ok() {
        true => Ipv4Addr::new(127, host[0], host[1], host[2].clamp(1, 254)),
        false => Ipv4Addr::LOCALHOST,
    }
}

/// A running anvil; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Anvil {
    child: Child,
    addr: SocketAddr,
}

impl Anvil {
    /// Starts it on a port of the system's choosing and returns when it listens. Blocks.
    pub(super) fn start(program: &Path, inherited: &Inherited) -> Result<Self, AnvilError> {
        let failed = |reason: String| AnvilError::Start { program: program.to_path_buf(), reason };
        let host = hidden_host();
        let mut child = command(program, inherited)
            .args(["--host", &host.to_string(), "--port", "0", "--no-cors"])
            .args(["--chain-id", &CHAIN_ID.to_string(), "--mnemonic", MNEMONIC])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut anvil = Self { child, addr: SocketAddr::from((host, 0)) };
        let (sender, listening) = mpsc::channel();
        let stdout = stdout.ok_or_else(|| failed("it has no output".to_owned()))?;
        thread::spawn(move || {
            // Read to the end, or anvil would wait for room in the pipe.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(addr) = line.strip_prefix("Listening on ") {
                    // Nobody listens any more when anvil was late.
                    let _ = sender.send(addr.trim().parse::<SocketAddr>());
                }
            }
        });
        let words = thread::spawn(move || {
            let mut words = String::new();
            if let Some(mut stderr) = stderr {
                // What is no text, or comes after the part that is quoted, is let go.
                let _ = stderr.by_ref().take(MAX_QUOTED).read_to_string(&mut words);
                let _ = io::copy(&mut stderr, &mut io::sink());
            }
            words
        });
        match listening.recv_timeout(START_TIMEOUT) {
            Ok(Ok(addr)) => {
                anvil.addr = addr;
                Ok(anvil)
            }
            Ok(Err(error)) => Err(failed(format!("its address cannot be read: {error}"))),
            Err(_) => {
                anvil.end();
                let words = words.join().unwrap_or_default();
                let words = words.trim();
                Err(failed(if words.is_empty() { "it said nothing".into() } else { words.into() }))
            }
        }
    }

    /// Where it listens.
    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn end(&mut self) {
        if cfg!(not(unix)) {
            // It fails only when it has ended already.
            let _ = self.child.kill();
        }
        // Its input ends here, and so does it.
        let _ = self.child.wait();
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that does what `body` says. Another process writes it: were it open for writing
    /// here, a process that another test starts meanwhile would keep it so ("Text file busy").
    #[cfg(unix)]
    fn script(path: &Path, body: &str) {
        let text = format!("#!/bin/sh\n{body}\n");
        let write = r#"printf %s "$1" > "$0" && chmod 755 "$0""#;
        let status = Command::new("/bin/sh").arg("-c").arg(write).arg(path).arg(text).status();
        assert!(status.unwrap().success());
    }

    #[test]
    fn what_is_missing_is_named() {
        let program = Some(PathBuf::from("/nowhere/anvil"));
        let search = AnvilSearch { program, ..AnvilSearch::default() };
        assert!(search.find().unwrap_err().to_string().contains("/nowhere/anvil"));

        let empty = tempfile::tempdir().unwrap();
        let path = Some(empty.path().as_os_str().to_owned());
        let search = AnvilSearch { path: path.clone(), ..AnvilSearch::default() };
        assert!(matches!(search.find(), Err(AnvilError::NotFound)));
        let cache = Some(empty.path().join("cache"));
        let search = AnvilSearch { path, cache, ..AnvilSearch::default() };
        let error = search.find().unwrap_err();
        assert!(matches!(error, AnvilError::NoNpm));
        assert!(error.to_string().contains("npm"), "{error}");
        assert!(!empty.path().join("cache").exists(), "nothing is made where nothing is fetched");
    }

    #[cfg(unix)]
    #[test]
    fn found_in_path_and_fetched_by_npm() {
        let folder = tempfile::tempdir().unwrap();
        let npm = folder.path().join("npm");
        let search = AnvilSearch {
            program: None,
            path: Some(folder.path().as_os_str().to_owned()),
            cache: Some(folder.path().join("cache")),
            inherited: Inherited::default(),
        };
        script(&npm, "echo 'E404 no such package' >&2; exit 1");
        let error = search.find().unwrap_err().to_string();
        assert!(error.contains("E404 no such package") && error.contains(VERSION), "{error}");

        let bin = format!("node_modules/{}/bin", platform_package());
        script(&npm, &format!("/bin/mkdir -p {bin} && : > {bin}/anvil"));
        let fetched = search.find().unwrap();
        assert!(fetched.starts_with(folder.path().join("cache")), "{fetched:?}");
        script(&npm, "exit 1");
        assert_eq!(search.find().unwrap(), fetched, "the second time nothing is fetched");

        fs::write(folder.path().join("anvil"), "").unwrap();
        assert_eq!(search.find().unwrap(), folder.path().join("anvil"));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_ends_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("anvil");
        script(&program, "echo 'port is taken' >&2; exit 1");
        let error = Anvil::start(&program, &Inherited::default()).unwrap_err().to_string();
        assert!(error.contains("port is taken"), "{error}");
    }
}
