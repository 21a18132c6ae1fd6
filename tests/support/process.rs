//! Child processes that cannot outlive or hang a test.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

/// A process that ended by itself.
pub struct Finished {
    /// How.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

/// Runs a command with this input to its end, or kills it after `limit`.
pub fn run(command: &mut Command, input: &[u8], limit: Duration) -> Result<Finished> {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {shown}"))?;
    let mut stdin = child.stdin.take().context("stdin is piped")?;
    let input = input.to_vec();
    // A child that does not read its input closes the pipe: not our concern.
    thread::spawn(move || stdin.write_all(&input).ok());
    let stdout = collect(child.stdout.take().context("stdout is piped")?);
    let stderr = collect(child.stderr.take().context("stderr is piped")?);
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("{shown} did not end within {limit:?}");
        }
        thread::sleep(Duration::from_millis(5));
    };
    Ok(Finished { status, stdout: stdout.recv()?, stderr: stderr.recv()? })
}

fn collect(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        sender.send(String::from_utf8_lossy(&bytes).into_owned()).ok();
    });
    receiver
}

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    /// Held open: some servers end when their input does.
    _stdin: ChildStdin,
}

impl Server {
    /// Starts a server and parses the JSON line that says where it listens.
    pub fn start<T: DeserializeOwned>(command: &mut Command, limit: Duration) -> Result<(Self, T)> {
        let shown = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {shown}"))?;
        let stdin = child.stdin.take().context("stdin is piped")?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let stderr = collect(child.stderr.take().context("stderr is piped")?);
        let mut server = Self { child, _stdin: stdin };
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = String::new();
            reader.read_line(&mut line).ok();
            sender.send(line).ok();
            // Reading on keeps a talkative server from a full pipe.
            std::io::copy(&mut reader, &mut std::io::sink()).ok();
        });
        let line = receiver.recv_timeout(limit).with_context(|| format!("{shown} said nothing"))?;
        match serde_json::from_str(&line) {
            Ok(ready) => Ok((server, ready)),
            Err(error) => {
                server.stop();
                let said = stderr.recv_timeout(limit).unwrap_or_default();
                bail!("{shown} began with {line:?} ({error}); stderr: {said}")
            }
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn stop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
