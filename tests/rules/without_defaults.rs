//! The library without the command line and the devnet: what a program that uses it builds.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::{cargo, cargo_command};

/// Longest the check may take, from nothing and on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

fn built(features: &[&str]) -> Vec<String> {
    let tree = ["tree", "--edges=normal,build", "--prefix=none", "--no-default-features"];
    let tree = cargo(&[&tree, features].concat());
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_library_alone_brings_neither_a_command_line_nor_a_server() {
    let alone = built(&[]);
    let added = |name: &&str| alone.iter().any(|built| built == name);
    let cli = ["anstream", "clap", "clap_complete", "clap_mangen", "dialoguer", "etcetera"];
    let servers =
        ["axum", "indicatif", "multer", "tokio-rustls-server", "brotli", "tokio-tungstenite"];
    let found: Vec<_> = cli.iter().chain(&servers).filter(|name| added(name)).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(built(&["--features=cli"]).contains(&"clap".to_owned()));
    assert!(built(&["--features=devnet"]).contains(&"axum".to_owned()));
}

#[test]
fn the_library_alone_compiles_with_its_examples() {
    let examples = ["keygen", "resolve", "sign_record"].map(|name| ["--example", name]);
    check(&[&["--lib"], examples.as_flattened()].concat());
}

#[test]
fn the_binary_compiles_without_the_devnet() {
    check(&["--bin=namesys", "--features=cli"]);
}

/// `cargo check` of that without the default features: neither errors nor warnings.
fn check(what: &[&str]) {
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/without-defaults");
    let check = ["check", "--quiet", "--no-default-features", "--target-dir", target];
    let mut check = cargo_command(&[&check[..], what].concat());
    // Not the flags of the build that runs this test: warnings are no errors of the compiler.
    check.env_remove("RUSTFLAGS").stderr(Stdio::piped());
    finish(check.spawn().unwrap());
}

fn finish(mut check: Child) {
    let begun = Instant::now();
    while check.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            check.kill().unwrap();
            panic!("cargo check took longer than {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let out = check.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && !stderr.contains("warning"), "{stderr}");
}
