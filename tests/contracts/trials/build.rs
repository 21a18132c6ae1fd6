//! The artifacts are what the sources compile to.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Compiles a copy of the sources with the pinned compiler; the compiler stays under `target/`.
pub fn artifacts() -> Result<()> {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/devnet/contracts");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contracts");
    fs::create_dir_all(copy.join("sources"))?;
    for file in [".npmrc", "package.json", "package-lock.json", "build.mjs"] {
        fs::copy(contracts.join(file), copy.join(file)).context(file)?;
    }
    for file in fs::read_dir(copy.join("sources"))? {
        fs::remove_file(file?.path())?;
    }
    for file in fs::read_dir(contracts.join("sources"))? {
        let file = file?;
        fs::copy(file.path(), copy.join("sources").join(file.file_name()))?;
    }
    let lock = fs::read(copy.join("package-lock.json"))?;
    ensure!(!String::from_utf8_lossy(&lock).contains("\"resolved\""), "a registry is in the lock");
    run(Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&copy))?;
    let built = tempfile::tempdir()?;
    run(Command::new("node").arg("build.mjs").arg(built.path()).current_dir(&copy))?;

    let mut names = Vec::new();
    for file in fs::read_dir(contracts.join("artifacts"))? {
        names.push(file?.file_name());
    }
    ensure!(names.len() == fs::read_dir(built.path())?.count(), "other contracts than {names:?}");
    for name in names {
        let same = fs::read(contracts.join("artifacts").join(&name))?
            == fs::read(built.path().join(&name)).with_context(|| format!("{name:?}"))?;
        ensure!(same, "{name:?} is not what the sources compile to: run `node build.mjs`");
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{command:?}: {words}");
    Ok(())
}
