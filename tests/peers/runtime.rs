//! Finds the runtimes the peers need, and builds the peers in a cache under
//! `target/` that later runs, and runs at the same time, share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::support::process;

/// A cold build fetches some 200 Go modules; a slow machine may take minutes.
const BUILD_LIMIT: Duration = Duration::from_secs(900);

/// A runtime that a peer needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// Go, for boxo and the bucket.
    Go,
    /// Node with npm, for w3name and the pinning service.
    Node,
    /// PostgreSQL's programs.
    Postgres,
    /// Kubo itself.
    Kubo,
    /// IPFS Cluster itself.
    Cluster,
    /// The Ledger's emulator, with an app.
    Speculos,
    /// The public suite for gateways.
    Conformance,
}

impl Runtime {
    /// What to install, when it is not there.
    pub fn missing(self) -> Option<&'static str> {
        static GO: OnceLock<bool> = OnceLock::new();
        static NODE: OnceLock<bool> = OnceLock::new();
        match self {
            Self::Go => (!*GO.get_or_init(|| at_least("go", "version", "go1.", 25)))
                .then_some("needs Go 1.25 or newer"),
            Self::Node => (!*NODE.get_or_init(|| {
                at_least("node", "--version", "v", 20) && at_least("npm", "--version", "", 1)
            }))
            .then_some("needs Node 20 or newer, with npm"),
            Self::Postgres => crate::support::database::postgres::programs()
                .is_none()
                .then_some("needs PostgreSQL: Debian's postgresql, or postgres and initdb in PATH"),
            Self::Kubo => kubo()
                .is_none()
                .then_some("needs Kubo 0.40 or newer: `ipfs` in PATH, or its path in KUBO"),
            Self::Conformance => conformance()
                .is_none()
                .then_some("needs gateway-conformance: its path in GATEWAY_CONFORMANCE"),
            Self::Speculos => ethereum_app().is_none().then_some(
                "needs Speculos (PyPI) in PATH, and the path of an app Ethereum for it in SPECULOS",
            ),
            Self::Cluster => cluster().is_none().then_some(
                "needs IPFS Cluster: `ipfs-cluster-service` in PATH, or its path in CLUSTER",
            ),
        }
    }

    /// Why it may not be missing: CI has what registries give, Kubo and IPFS Cluster are there when
    /// they are named.
    pub fn required(self) -> Option<&'static str> {
        let is = |name, wanted: fn(&str) -> bool| std::env::var(name).is_ok_and(|v| wanted(&v));
        match self {
            Self::Go | Self::Node | Self::Postgres => {
                is("CI", |ci| ci == "true").then_some("CI=true lets no peer be missing")
            }
            Self::Kubo => is("KUBO", |path| !path.is_empty()).then_some("KUBO names something"),
            Self::Conformance => is("GATEWAY_CONFORMANCE", |path| !path.is_empty())
                .then_some("GATEWAY_CONFORMANCE names something"),
            Self::Speculos => {
                is("SPECULOS", |path| !path.is_empty()).then_some("SPECULOS names something")
            }
            Self::Cluster => {
                is("CLUSTER", |path| !path.is_empty()).then_some("CLUSTER names something")
            }
        }
    }
}

/// Whether `program flag` prints a word of `prefix` and a number not under `least`.
fn at_least(program: &str, flag: &str, prefix: &str, least: u32) -> bool {
    let Ok(output) = Command::new(program).arg(flag).output() else { return false };
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .filter_map(|word| word.strip_prefix(prefix))
        .filter_map(|version| version.split('.').next()?.parse::<u32>().ok())
        .any(|number| output.status.success() && number >= least)
}

/// The `ipfs` of a Kubo that is new enough for `name put`: what `KUBO` names, else in PATH.
pub fn kubo() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let program = program("KUBO", "ipfs")?;
        let output = Command::new(&program).args(["version", "--number"]).output().ok()?;
        let number = String::from_utf8(output.stdout).ok()?;
        let mut parts = number.split('.').map_while(|part| part.parse::<u32>().ok());
        let version = (parts.next()?, parts.next()?);
        (output.status.success() && version >= (0, 40)).then_some(program)
    });
    found.as_deref()
}

/// The `ipfs-cluster-service` that `CLUSTER` names, else in PATH.
pub fn cluster() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(|| program("CLUSTER", "ipfs-cluster-service")).as_deref()
}

/// The app Ethereum for Speculos that `SPECULOS` names, where both are there.
pub fn ethereum_app() -> Option<String> {
    let app = std::env::var("SPECULOS").ok().filter(|app| Path::new(app).is_file())?;
    let help = Command::new("speculos").arg("--help").output();
    help.is_ok_and(|help| help.status.success()).then_some(app)
}

/// The `gateway-conformance` that `GATEWAY_CONFORMANCE` names, else in PATH.
pub fn conformance() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(|| program("GATEWAY_CONFORMANCE", "gateway-conformance")).as_deref()
}

/// What the variable names, else `name` in PATH.
fn program(variable: &str, name: &str) -> Option<PathBuf> {
    match std::env::var_os(variable).filter(|path| !path.is_empty()) {
        Some(path) => fs::canonicalize(path).ok(),
        None => std::env::split_paths(&std::env::var_os("PATH")?)
            .map(|folder| folder.join(name))
            .find(|program| program.is_file()),
    }
}

/// The boxo program, built.
pub fn boxo() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    cached(&BUILT, || {
        let sources = [
            "go.mod",
            "go.sum",
            "main.go",
            "records.go",
            "root.go",
            "serve.go",
            "shard.go",
            "store.go",
        ];
        let folder = prepare("boxo", &sources, |folder| {
            build(
                Command::new("go")
                    .args(["build", "-trimpath", "-o", "peer", "."])
                    .current_dir(folder),
            )
        })?;
        Ok(folder.join("peer"))
    })
}

/// The script that drives the w3name client, with its packages beside it.
pub fn w3name() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    cached(&BUILT, || npm("w3name", "client.mjs"))
}

/// The script that reads nostr keys, with its packages beside it.
pub fn nostr() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    cached(&BUILT, || npm("nostr", "client.mjs"))
}

/// The script that does as the deployed client does with invoices, with its packages beside it.
pub fn cryptico() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    cached(&BUILT, || npm("cryptico", "client.mjs"))
}

/// A script of Node's with its packages beside it.
fn npm(name: &str, script: &str) -> Result<PathBuf> {
    let sources = [".npmrc", "package.json", "package-lock.json", script];
    let folder = prepare(name, &sources, |folder| {
        build(Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(folder))
    })?;
    Ok(folder.join(script))
}

/// The script that serves the Pinning Service API, with its packages beside it.
pub fn pinning() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    cached(&BUILT, || npm("pinning", "server.cjs"))
}

/// The bucket that unpacks CAR files, built.
pub fn bucket() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    cached(&BUILT, || {
        let folder = prepare("s3", &["go.mod", "go.sum", "main.go", "web.go"], |folder| {
            build(
                Command::new("go")
                    .args(["build", "-trimpath", "-o", "peer", "."])
                    .current_dir(folder),
            )
        })?;
        Ok(folder.join("peer"))
    })
}

/// What checks workflows of GitHub, built.
pub fn actionlint() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    cached(&BUILT, || {
        let folder = prepare("workflows", &["go.mod", "go.sum", "tools.go"], |folder| {
            let module = "github.com/rhysd/actionlint/cmd/actionlint";
            build(
                Command::new("go")
                    .args(["build", "-trimpath", "-o", "peer", module])
                    .current_dir(folder),
            )
        })?;
        Ok(folder.join("peer"))
    })
}

fn cached(
    cell: &OnceLock<Result<PathBuf, String>>,
    make: impl FnOnce() -> Result<PathBuf>,
) -> Result<PathBuf> {
    cell.get_or_init(|| make().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

/// Copies the sources of a peer into the cache, in a folder named by their
/// hash, and makes it there unless that was done before.
fn prepare(
    peer: &str,
    sources: &[&str],
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(peer);
    let mut hash = Sha256::new();
    let mut files = Vec::new();
    for name in sources {
        let content =
            fs::read(from.join(name)).with_context(|| format!("reading {peer}/{name}"))?;
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(&content);
        files.push((name, content));
    }
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    fs::create_dir_all(&cache)?;
    let key = HEXLOWER.encode(&hash.finalize()[..8]);
    let folder = cache.join(format!("{peer}-{key}"));
    let done = folder.join(".done");

    // One at a time: a second test run waits here and finds the first one's work.
    let lock = File::create(cache.join(format!("{peer}.lock")))?;
    lock.lock().context("locking the peers' cache")?;
    if !done.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        for (name, content) in files {
            fs::write(folder.join(name), content)?;
        }
        make(&folder).with_context(|| format!("preparing the peer {peer}"))?;
        fs::write(&done, "")?;
    }
    Ok(folder)
}

fn build(command: &mut Command) -> Result<()> {
    let finished = process::run(command, b"", BUILD_LIMIT)?;
    ensure!(finished.status.success(), "{command:?}: {}{}", finished.stdout, finished.stderr);
    Ok(())
}
