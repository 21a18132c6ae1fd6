//! What no one here wrote, from npm: ethers and viem, and ENS's own registry and resolver. They
//! are installed once, into `target/`, as the lock file says.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// A hundred packages over a slow line.
const INSTALL_LIMIT: Duration = Duration::from_secs(600);
/// A dozen lookups on loopback.
const RUN_LIMIT: Duration = Duration::from_secs(60);
const FILES: [&str; 9] = [
    ".npmrc",
    "package.json",
    "package-lock.json",
    "ethers.mjs",
    "viem.mjs",
    "contracts.mjs",
    "reads.mjs",
    "safe.mjs",
    "stealth.mjs",
];

/// The JSON that a script of `peers/` prints.
pub async fn run(script: &'static str, arguments: &[&str]) -> Result<Value> {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let output = tokio::task::spawn_blocking(move || {
        let mut command = Command::new("node");
        command.arg(folder()?.join(script)).args(arguments);
        finish(&mut command, RUN_LIMIT)
    });
    let output = output.await??;
    serde_json::from_str(&output).with_context(|| format!("{script} printed {output:?}"))
}

/// Where the scripts stand beside their packages. A second run of the tests waits for the first.
pub fn folder() -> Result<PathBuf> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/peers");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contracts-peers");
    fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join(".lock"))?;
    lock.lock().context("locking the peers' folder")?;
    let wanted = fs::read(from.join("package-lock.json"))?;
    ensure!(
        !String::from_utf8_lossy(&wanted).contains("\"resolved\""),
        "a registry is in the lock"
    );
    let installed = cache.join(".installed");
    for file in FILES {
        fs::copy(from.join(file), cache.join(file)).context(file)?;
    }
    if fs::read(&installed).ok().as_ref() != Some(&wanted) {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--omit=optional"]).current_dir(&cache);
        finish(&mut npm, INSTALL_LIMIT)?;
        fs::write(&installed, wanted)?;
    }
    Ok(cache)
}

/// What a program prints that must end well and in time. Its output goes through files, which
/// never fill up.
fn finish(command: &mut Command, limit: Duration) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?)
        .spawn()
        .with_context(|| format!("{command:?}"))?;
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("{command:?} did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let stdout = fs::read_to_string(&out)?;
    ensure!(status.success(), "{command:?}: {status}: {stdout}{}", fs::read_to_string(&err)?);
    Ok(stdout)
}
