//! Rules that hold by themselves: who may use whom, which crates come in, and that every pointer
//! in the texts leads somewhere.

#![allow(clippy::unwrap_used)]

mod blocks;
mod circles;
mod crates;
mod json;
mod layers;
mod pointers;
mod tokens;
mod without_defaults;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crate's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `folder` with this ending, relative to the crate's folder.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Runs cargo on this crate, without network and with the lock file as it is; its stdout.
fn cargo(arguments: &[&str]) -> String {
    let out = cargo_command(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "cargo {}:\n{stderr}", arguments.join(" "));
    String::from_utf8(out.stdout).unwrap()
}

fn cargo_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments).args(["--offline", "--locked"]);
    command
}
