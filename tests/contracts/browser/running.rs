//! A command that waits for a browser.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::chromium::LIMIT;
use crate::cli::Run;

pub struct Running {
    child: Child,
    stderr: Arc<Mutex<String>>,
    stdout: std::thread::JoinHandle<String>,
    _home: TempDir,
}

/// How it ended.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn document(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout)
            .with_context(|| format!("exit {}: {}\n{}", self.code, self.stdout, self.stderr))
    }
}

impl Running {
    pub fn start(run: &Run) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let mut child = run
            .command(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdout = child.stdout.take().context("stdout is piped")?;
        let stdout = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).ok();
            text
        });
        let (lines, stderr) = (child.stderr.take().context("stderr is piped")?, Arc::default());
        let heard: Arc<Mutex<String>> = Arc::clone(&stderr);
        std::thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                let mut heard = heard.lock().unwrap();
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        Ok(Self { child, stderr, stdout, _home: home })
    }

    /// The link number `number` that it prints.
    pub async fn link(&self, number: usize) -> Result<String> {
        let began = Instant::now();
        loop {
            let stderr = self.stderr.lock().unwrap().clone();
            let mut links = stderr.lines().filter(|line| line.starts_with("http://127.0.0.1:"));
            if let Some(link) = links.nth(number) {
                return Ok(link.to_owned());
            }
            if began.elapsed() > LIMIT {
                bail!("it prints no link: {stderr}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn interrupt(&self) -> Result<()> {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        Ok(())
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Result<Ended> {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if began.elapsed() > LIMIT {
                self.child.kill()?;
                bail!("it did not end: {}", self.stderr.lock().unwrap());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let stdout = self.stdout.join().unwrap_or_default();
        // The last lines may still be on their way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let stderr = self.stderr.lock().unwrap().clone();
        Ok(Ended { code: status.code().context("no exit code")?, stdout, stderr })
    }
}
