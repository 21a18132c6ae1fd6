//! What a person at a terminal meets: Ctrl-C, a second process, the log.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::support::sandbox::Sandbox;

const KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";

fn workspace() -> Result<Sandbox> {
    let mut sandbox = Sandbox::new()?;
    sandbox.set_env("ETH_PRIVATE_KEY", KEY);
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "");
    sandbox.ok(["init", "nick.eth"])?;
    Ok(sandbox)
}

fn spawn(command: &mut Command) -> Result<Child> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command.spawn()?)
}

fn interrupt(child: &Child) -> Result<()> {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    ensure!(sent.success());
    Ok(())
}

/// The exit code and stderr, soon.
fn ended(mut child: Child) -> Result<(Option<i32>, String)> {
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() > Duration::from_secs(60) {
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut stderr = String::new();
    child.stderr.take().context("stderr is piped")?.read_to_string(&mut stderr)?;
    Ok((status.code(), stderr))
}

#[test]
fn an_interrupted_sign_leaves_whole_records_and_goes_on_where_it_was() -> Result<()> {
    let sandbox = workspace()?;
    let rows: String = (0..6000).map(|n| format!("nick.eth,text/k{n},value {n}\n")).collect();
    sandbox.write("many.csv", rows)?;
    sandbox.ok(["import", "many.csv"])?;
    let child = spawn(&mut sandbox.namesys(["sign"]))?;
    let texts = sandbox.path(".well-known/eth/nick/text");
    let began = Instant::now();
    while !texts.exists() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    interrupt(&child)?;
    let (code, stderr) = ended(child)?;
    ensure!(code == Some(130), "{code:?} {stderr}");
    ensure!(stderr.contains("what was signed stands"), "{stderr}");
    let signed = std::fs::read_dir(&texts)?.count();
    ensure!((1..6000).contains(&signed), "{signed} were signed");
    let verified = sandbox.ok(["verify"])?;
    ensure!(verified["valid"] == signed, "{verified}");
    let rest = sandbox.ok(["sign"])?;
    ensure!(rest["signed"] == 6000 - signed && rest["unchanged"] == signed, "{rest}");
    Ok(())
}

/// The document has what was done, beside the error.
#[test]
fn an_interrupted_sign_reports_what_it_did() -> Result<()> {
    let sandbox = workspace()?;
    let rows: String = (0..6000).map(|n| format!("nick.eth,text/k{n},value {n}\n")).collect();
    sandbox.write("many.csv", rows)?;
    sandbox.ok(["import", "many.csv"])?;
    let mut child = spawn(&mut sandbox.namesys(["--json", "-v", "sign"]))?;
    // It cannot get further than the pipe of its log, which nobody reads on.
    let mut log = BufReader::new(child.stderr.take().context("stderr is piped")?);
    let mut line = String::new();
    while !line.contains("/eth/nick/text/") {
        line.clear();
        ensure!(log.read_line(&mut line)? > 0, "it ended");
    }
    interrupt(&child)?;
    // The signal is there before it can go on.
    std::thread::sleep(Duration::from_millis(500));
    let reading = std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let mut stdout = String::new();
    child.stdout.take().context("stdout is piped")?.read_to_string(&mut stdout)?;
    let code = child.wait()?.code();
    reading.join().map_err(|_| anyhow::anyhow!("reading failed"))??;
    let document: serde_json::Value = serde_json::from_str(&stdout)?;
    ensure!(code == Some(130), "{code:?} {document}");
    let signed = std::fs::read_dir(sandbox.path(".well-known/eth/nick/text"))?.count();
    ensure!((1..6000).contains(&signed), "{signed} were signed");
    ensure!(document["signed"] == signed, "{signed}: {}", document["signed"]);
    ensure!(document["records"].as_array().map(Vec::len) == Some(signed));
    ensure!(document["error"]["kind"] == "interrupted", "{}", document["error"]);
    let rest = sandbox.ok(["sign"])?;
    ensure!(rest["signed"] == 6000 - signed, "{}", rest["signed"]);
    Ok(())
}

/// However fast the machine is: it waits for its log to be read.
#[test]
fn verify_ends_with_an_interrupt() -> Result<()> {
    let sandbox = workspace()?;
    let rows: String = (0..1500).map(|n| format!("nick.eth,text/k{n},value {n}\n")).collect();
    sandbox.write("many.csv", rows)?;
    sandbox.ok(["import", "many.csv"])?;
    sandbox.ok(["sign"])?;
    let mut child = spawn(&mut sandbox.namesys(["-vv", "verify"]))?;
    let mut log = BufReader::new(child.stderr.take().context("stderr is piped")?);
    let mut line = String::new();
    while !line.contains("/eth/nick/text/") {
        line.clear();
        ensure!(log.read_line(&mut line)? > 0, "it ended");
    }
    interrupt(&child)?;
    // The signal is there before it can go on.
    std::thread::sleep(Duration::from_millis(500));
    let mut rest = String::new();
    log.read_to_string(&mut rest)?;
    let code = child.wait()?.code();
    ensure!(code == Some(130), "{code:?} {rest}");
    ensure!(rest.matches("/eth/nick/text/").count() < 1499, "it read all of them");
    let verified = sandbox.ok(["verify"])?;
    ensure!(verified["valid"] == 1500, "{}", verified["valid"]);
    Ok(())
}

#[test]
fn an_import_has_the_lock_and_ends_with_an_interrupt() -> Result<()> {
    let sandbox = workspace()?;
    let mut import = spawn(&mut sandbox.namesys(["import", "-"]))?;
    let mut rows = import.stdin.take().context("stdin is piped")?;
    rows.write_all(b"nick.eth,text/a,1\n")?;
    // Who has the lock writes it there.
    let (lock, began) = (sandbox.path(".namesys/lock"), Instant::now());
    while !std::fs::read_to_string(&lock).is_ok_and(|holder| holder.contains("import")) {
        ensure!(began.elapsed() < Duration::from_secs(60), "it has no lock");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Another one says what it waits for, and goes on when that is done.
    let mut set = spawn(&mut sandbox.namesys(["set", "text", "b", "2"]))?;
    let mut said = String::new();
    let mut stderr = BufReader::new(set.stderr.take().context("stderr is piped")?);
    stderr.read_line(&mut said)?;
    let waits = format!("note: waiting for namesys import (process {})", import.id());
    ensure!(said.starts_with(&waits), "{said}");
    interrupt(&import)?;
    let (code, stderr) = ended(import)?;
    ensure!(code == Some(130), "{code:?} {stderr}");
    ensure!(set.wait()?.success());
    let listed = sandbox.ok(["list"])?;
    ensure!(listed["records"].as_array().map(Vec::len) == Some(1), "{listed}");
    drop(rows);
    Ok(())
}

#[test]
fn the_log_tells_files_and_durations() -> Result<()> {
    let sandbox = workspace()?;
    sandbox.ok(["set", "text", "a", "1"])?;
    let output = sandbox.namesys(["-v", "sign"]).output()?;
    let stderr = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{stderr}");
    for told in ["the workspace is ", "/eth/nick/text/a.json: ", " ms", "sign took "] {
        ensure!(stderr.contains(told), "{told:?} is missing: {stderr}");
    }
    let quiet = sandbox.namesys(["sign"]).output()?;
    let stderr = String::from_utf8(quiet.stderr)?;
    ensure!(!stderr.contains("INFO"), "{stderr}");
    Ok(())
}

#[test]
fn the_log_tells_requests_without_secrets() -> Result<()> {
    let mut sandbox = workspace()?;
    let _devnet = crate::support::devnet::Devnet::start(&mut sandbox)?;
    sandbox.set_env("NAMESYS_KUBO_TOKEN", "hunter2");
    sandbox.ok(["set", "text", "a", "1"])?;
    sandbox.ok(["sign"])?;
    let output = sandbox.namesys(["-vv", "publish"]).output()?;
    let stderr = String::from_utf8(output.stderr)?;
    ensure!(output.status.success(), "{stderr}");
    for told in ["POST http://", "/api/v0/dag/import: 200 in ", " bytes; ", "content-type: "] {
        ensure!(stderr.contains(told), "{told:?} is missing: {stderr}");
    }
    ensure!(!stderr.contains("hunter2") && !stderr.contains(KEY), "{stderr}");
    Ok(())
}

/// What stands, what is known of it, which record is sent and why, and who was passed over.
#[test]
fn the_log_tells_what_publish_decides() -> Result<()> {
    let mut sandbox = workspace()?;
    let devnet = crate::support::devnet::Devnet::start(&mut sandbox)?;
    let told = |sandbox: &Sandbox, arguments: &[&str], code: i32, all: &[&str]| -> Result<()> {
        let output = sandbox.namesys(["-v"]).args(arguments).output()?;
        let stderr = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(code), "{stderr}");
        for told in all {
            ensure!(stderr.contains(told), "{told:?} is missing: {stderr}");
        }
        // Each with its duration.
        for (start, end) in [("servers for the record in ", " ms"), ("publish took ", " ms")] {
            let line = stderr.lines().find(|line| line.contains(start));
            ensure!(line.is_some_and(|line| line.ends_with(end)), "{start:?}: {stderr}");
        }
        Ok(())
    };
    sandbox.ok(["set", "text", "a", "1"])?;
    sandbox.ok(["sign"])?;
    let none = ["there is no base", " has no record", "nothing is known to be published"];
    told(&sandbox, &["publish"], 0, &none)?;
    let again =
        ["the base is sequence 0 of bafy", " has sequence 0 of /ipfs/bafy", "no new record"];
    told(&sandbox, &["publish"], 0, &again)?;
    let has = ["what stands: sequence 0", "has the record, which is not sent again, in "];
    told(&sandbox, &["publish"], 0, &has)?;
    sandbox.ok(["set", "text", "a", "2"])?;
    sandbox.ok(["sign"])?;
    let w3name = format!("--publisher=w3name={}", devnet.urls.w3name);
    let gone = "--publisher=routing=http://127.0.0.1:1";
    let new = [
        "a new record, sequence 1 of /ipfs/bafy",
        ": what stands points to /ipfs/bafy",
        "compared bafy",
        "0 lost, 0 removed, in ",
        "routing at http://127.0.0.1:1/ is passed over: refuses connections",
        "took the tree, in ",
        "took the record, in ",
    ];
    told(&sandbox, &["publish", &w3name, gone], 1, &new)
}

/// Exit code and stderr.
fn said(command: &mut Command) -> Result<(Option<i32>, String)> {
    let output = command.output()?;
    Ok((output.status.code(), String::from_utf8(output.stderr)?))
}

#[test]
fn secrets_that_git_would_take_along_are_warned_about() -> Result<()> {
    let sandbox = workspace()?;
    let made = Command::new("git").args(["init", "-q"]).arg(sandbox.path("")).status();
    if !made.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let warning = "in a git work tree that does not ignore it";
    sandbox.write("secret", "empty")?;
    let sign = |file: &str| said(&mut sandbox.namesys(["sign", "--key-password-file", file]));
    let (code, stderr) = sign("secret")?;
    ensure!(code == Some(0) && stderr.contains(warning), "{code:?} {stderr}");
    // Where keys usually are `init` has told git already.
    let exported = said(&mut sandbox.namesys([
        "keygen",
        "--key-password-file",
        "secret",
        "--export",
        "keys",
    ]))?;
    ensure!(exported.0 == Some(0), "{}", exported.1);
    ensure!(!exported.1.contains("keys/ipns.key"), "{}", exported.1);
    sandbox.write(".gitignore", "secret\n")?;
    let (code, stderr) = sign("secret")?;
    ensure!(code == Some(0) && !stderr.contains(warning), "{code:?} {stderr}");
    // An exported folder keeps itself out; a copy does not.
    for (file, is_warned) in [("keys/signer.key", false), ("copy", true)] {
        let key = sandbox.read("keys/signer.key")?;
        sandbox.write("copy", key)?;
        let (code, stderr) = said(&mut sandbox.namesys(["sign", "--signer-key-file", file]))?;
        ensure!(code == Some(0) && stderr.contains(warning) == is_warned, "{code:?} {stderr}");
    }
    Ok(())
}

#[test]
fn a_server_of_nothing_signed_says_so() -> Result<()> {
    let sandbox = workspace()?;
    let mut serve = spawn(&mut sandbox.namesys(["serve", "--listen", "127.0.0.1:0"]))?;
    let mut line = String::new();
    let mut stderr = BufReader::new(serve.stderr.take().context("stderr is piped")?);
    stderr.read_line(&mut line)?;
    ensure!(line.contains("nothing is signed yet"), "{line}");
    serve.kill()?;
    serve.wait()?;
    Ok(())
}

/// The `.gitignore` of `init` keeps key files out, and nothing that is signed.
#[test]
fn git_takes_what_is_signed_and_no_keys() -> Result<()> {
    let sandbox = workspace()?;
    let git = |arguments: &[&str]| {
        Command::new("git").args(arguments).current_dir(sandbox.path("")).status()
    };
    ensure!(git(&["init", "-q"])?.success());
    let is_ignored = |path: &str| git(&["check-ignore", "-q", path]).map(|s| s.code() == Some(0));
    for signed in [
        ".well-known/eth/nick/words/text/avatar.json",
        ".well-known/eth/nick/password/text/avatar.json",
        ".well-known/eth/nick/text/keystore.json",
        ".well-known/pgp.key",
    ] {
        ensure!(!is_ignored(signed)?, "{signed}");
    }
    for kept in ["keys/ipns.key", "words", "keystore.json", ".namesys/lock", "below/a.pem"] {
        ensure!(is_ignored(kept)?, "{kept}");
    }
    Ok(())
}
