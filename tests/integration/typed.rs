//! A command on a terminal of its own, and a person who types when it asks.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::support::sandbox::Sandbox;

const LIMIT: Duration = Duration::from_secs(60);

/// Types each answer once its question is shown, in this order. The exit code, and all that the
/// terminal shows.
pub fn typed(
    sandbox: &Sandbox,
    arguments: &[&str],
    variables: &[(&str, &str)],
    answers: &[(&str, &str)],
) -> Result<(i32, String)> {
    let words = std::iter::once(env!("CARGO_BIN_EXE_namesys")).chain(arguments.iter().copied());
    let words: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    let home = sandbox.path(".");
    // util-linux: runs it on a terminal of its own, and ends as it does.
    let mut child = Command::new("script")
        .args([
            "--quiet",
            "--return",
            "--echo",
            "never",
            "--command",
            &words.join(" "),
            "/dev/null",
        ])
        .current_dir(&home)
        .env_clear()
        .envs([("HOME", home.to_string_lossy().as_ref()), ("PATH", "/usr/bin:/bin")])
        .envs([("NO_COLOR", "1"), ("TERM", "dumb")])
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("script, of util-linux")?;
    let (mut stdin, mut stdout) =
        (child.stdin.take().context("stdin")?, child.stdout.take().context("stdout")?);
    let (heard, hears) = mpsc::channel();
    std::thread::spawn(move || {
        let mut some = [0; 1024];
        while let Ok(count @ 1..) = stdout.read(&mut some) {
            if heard.send(some[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let (mut shown, mut seen, began) = (Vec::new(), 0, Instant::now());
    let mut answers = answers.iter();
    let mut next = answers.next();
    loop {
        match hears.recv_timeout(Duration::from_millis(100)) {
            Ok(some) => shown.extend(some),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        let after = |question: &str| {
            let mut places = shown[seen..].windows(question.len());
            places.position(|part| part == question.as_bytes()).map(|at| at + question.len())
        };
        if let Some((question, answer)) = next
            && let Some(after) = after(question)
        {
            seen += after;
            // What is typed before it listens is dropped.
            std::thread::sleep(Duration::from_millis(300));
            stdin.write_all(answer.as_bytes())?;
            next = answers.next();
        }
        if began.elapsed() > LIMIT {
            child.kill()?;
            bail!("it waits: {}", String::from_utf8_lossy(&shown));
        }
    }
    let status = child.wait()?;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    ensure!(next.is_none(), "{next:?} was not asked: {shown}");
    Ok((status.code().context("no exit code")?, shown))
}
