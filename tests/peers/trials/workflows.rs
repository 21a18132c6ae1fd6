//! The workflows that nobody here can run, read by who knows what GitHub takes.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::runtime;

/// The release's, and the one that users copy.
const WORKFLOWS: [&str; 2] = [".github/workflows/release.yml", "examples/ci/github-actions.yml"];

pub fn are_valid() -> Result<()> {
    let lint = runtime::actionlint()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for workflow in WORKFLOWS {
        let (ok, said) = linted(&lint, &root.join(workflow))?;
        ensure!(ok, "{workflow}: {said}");
    }
    // One with a job that is not there is refused: the check can fail.
    let folder = tempfile::tempdir()?;
    let broken = folder.path().join("broken.yml");
    let text = std::fs::read_to_string(root.join(WORKFLOWS[0]))?;
    std::fs::write(&broken, text.replace("needs: [binaries, debian]", "needs: [binaries, deb]"))?;
    let (ok, said) = linted(&lint, &broken)?;
    ensure!(!ok && said.contains("deb"), "{said}");
    Ok(())
}

/// Whether it is taken, and what is said. Other linters of the machine are left out.
fn linted(lint: &Path, workflow: &Path) -> Result<(bool, String)> {
    let mut command = Command::new(lint);
    command.args(["-no-color", "-shellcheck=", "-pyflakes="]).arg(workflow);
    let output = command.output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}
