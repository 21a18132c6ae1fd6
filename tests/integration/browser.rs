//! `--browser` without a browser: what is printed, what is opened, and what is refused before
//! anybody is sent anywhere. The page itself is tried in a real one by tests/contracts.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::support::process::{self, Finished};
use crate::support::sandbox::Sandbox;

const LIMIT: Duration = Duration::from_secs(60);

/// A home whose `xdg-open` notes its arguments, and what is in the file that it is given.
struct Desktop {
    sandbox: Sandbox,
    path: String,
}

impl Desktop {
    fn new() -> Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let sandbox = Sandbox::new()?;
        let script = "#!/bin/sh\necho \"$@\" > \"$HOME/opened\"\nstat -c %a \"$1\" > \
                      \"$HOME/mode\"\ncat \"$1\" > \"$HOME/content\"\nenv > \"$HOME/environment\"\n";
        let program = sandbox.write("bin/xdg-open", script)?;
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755))?;
        let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
        Ok(Self { sandbox, path })
    }

    fn keygen(&self, more: &[&str], variables: &[(&str, &str)]) -> Result<Finished> {
        let arguments = ["-q", "keygen", "nick.eth", "--browser", "--browser-wait", "1s"];
        let mut command = self.sandbox.namesys([&arguments, more].concat());
        command.env("PATH", &self.path).envs(variables.iter().copied());
        process::run(&mut command, b"", LIMIT)
    }

    fn opened(&self) -> Option<String> {
        let read = self.sandbox.read("opened").ok()?;
        Some(String::from_utf8_lossy(&read).trim().to_owned())
    }
}

fn link(stderr: &str) -> Option<&str> {
    stderr.lines().find(|line| line.starts_with("http://127.0.0.1:"))
}

const EMPTY: (&str, &str) = ("NAMESYS_KEY_PASSWORD", "");

#[test]
fn the_link_is_printed_and_the_wait_ends() -> Result<()> {
    let desktop = Desktop::new()?;
    let began = Instant::now();
    let Finished { status, stdout, stderr } = desktop.keygen(&[], &[EMPTY])?;
    ensure!(status.code() == Some(1) && stdout.is_empty(), "{status}: {stdout}{stderr}");
    let link = link(&stderr).with_context(|| stderr.clone())?;
    let (_, token) = link.split_once("/t/").context("a token")?;
    ensure!(token.len() == 43, "256 bits in base64: {token}");
    ensure!(stderr.contains("nobody did anything in the browser for 1 s"), "{stderr}");
    ensure!(stderr.contains("--browser-wait"), "{stderr}");
    ensure!(began.elapsed() < LIMIT);
    ensure!(desktop.opened().is_none(), "there is no window to open it in");
    let again = desktop.keygen(&[], &[EMPTY])?.stderr;
    ensure!(!again.contains(token), "each run has its own link");
    Ok(())
}

/// Other users see the arguments of programs: the link is in a file, for this user alone, which
/// goes with the command.
#[test]
fn the_default_browser_is_opened_without_the_link_in_its_arguments() -> Result<()> {
    for display in ["DISPLAY", "WAYLAND_DISPLAY"] {
        let desktop = Desktop::new()?;
        let secrets = ["NAMESYS_KEY_PASSWORD", "NAMESYS_PASSPHRASE", "ETH_RPC_HEADERS"];
        let mut variables = vec![(display, ":0")];
        variables.extend(secrets.map(|secret| (secret, "hunter2")));
        let stderr = desktop.keygen(&[], &variables)?.stderr;
        let link = link(&stderr).with_context(|| stderr.clone())?;
        let opened = desktop.opened().context("it is opened")?;
        ensure!(!opened.contains("http"), "{opened}");
        let content = String::from_utf8_lossy(&desktop.sandbox.read("content")?).into_owned();
        ensure!(content.contains(link), "{content}");
        ensure!(desktop.sandbox.read("mode")? == b"600\n");
        ensure!(!PathBuf::from(&opened).exists(), "{opened} is left behind");
        // What the program has as secrets is not the browser's.
        let environment = desktop.sandbox.read("environment")?;
        let environment = String::from_utf8_lossy(&environment).into_owned();
        ensure!(environment.contains("DISPLAY=:0") && !environment.contains("hunter2"));
    }
    Ok(())
}

#[test]
fn what_cannot_be_opened_is_no_failure() -> Result<()> {
    let desktop = Desktop::new()?;
    std::fs::remove_file(desktop.sandbox.path("bin/xdg-open"))?;
    let nowhere = ("PATH", "/nonexistent");
    let stderr = desktop.keygen(&[], &[EMPTY, ("DISPLAY", ":0"), nowhere])?.stderr;
    ensure!(link(&stderr).is_some() && stderr.contains("nobody did anything"), "{stderr}");
    Ok(())
}

#[test]
fn over_ssh_the_line_to_type_is_printed_and_nothing_opened() -> Result<()> {
    let desktop = Desktop::new()?;
    let ssh = ("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 2222");
    let variables = [EMPTY, ("DISPLAY", ":0"), ("USER", "me"), ssh];
    let stderr = desktop.keygen(&[], &variables)?.stderr;
    let link = link(&stderr).with_context(|| stderr.clone())?;
    let port = link.trim_start_matches("http://127.0.0.1:").split('/').next().context("a port")?;
    let line = format!("ssh -N -L {port}:127.0.0.1:{port} -p 2222 me@192.0.2.1");
    ensure!(stderr.contains(&line), "{stderr}");
    ensure!(desktop.opened().is_none());
    Ok(())
}

/// Whoever lacks the password, or asks for what a browser cannot do, is not sent there.
#[test]
fn what_cannot_go_on_is_said_before_anybody_is_sent_to_the_browser() -> Result<()> {
    let desktop = Desktop::new()?;
    let refused = |Finished { status, stderr, .. }: Finished, words: &str| {
        ensure!(status.code() == Some(2) && stderr.contains(words), "{status}: {stderr}");
        ensure!(link(&stderr).is_none(), "{stderr}");
        Ok(())
    };
    refused(desktop.keygen(&[], &[])?, "NAMESYS_KEY_PASSWORD")?;
    refused(desktop.keygen(&["--interactive"], &[EMPTY])?, "cannot be used with")?;
    let mut command = desktop.sandbox.namesys(["keygen", "nick.eth", "--browser-wait", "1s"]);
    refused(process::run(&mut command, b"", LIMIT)?, "--browser")
}
