//! `namesys resolve` against a world.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::world::World;

/// Longer than any resolution here takes.
const LIMIT: Duration = Duration::from_secs(100);

/// A run of the binary.
pub struct Run {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    input: String,
}

impl Run {
    /// `namesys --json resolve …`
    pub fn resolve(arguments: &[&str]) -> Self {
        Self::namesys(&[&["resolve"], arguments].concat())
    }

    /// `namesys --json …`, with nothing of the user's environment.
    pub fn namesys(arguments: &[&str]) -> Self {
        let arguments = ["--json"].iter().chain(arguments);
        let arguments = arguments.map(|argument| (*argument).to_owned()).collect();
        Self { arguments, environment: Vec::new(), input: String::new() }
    }

    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    /// With the chain of `world`, and its gateway as one that the user chose.
    pub fn on(self, world: &World) -> Self {
        let gateway = world.devnet.urls().gateway;
        self.env("ETH_RPC_URL", world.chain.rpc_url()).env("NAMESYS_GATEWAY_URL", &gateway)
    }

    pub fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    /// Exit code, document and stderr.
    pub async fn run(self) -> Result<(i32, Value, String)> {
        let (code, stdout, stderr) = self.output().await?;
        let document = serde_json::from_str(&stdout)
            .with_context(|| format!("exit {code}, stdout {stdout:?}, stderr {stderr:?}"))?;
        Ok((code, document, stderr))
    }

    /// Exit code, and what people see, on stdout and stderr.
    pub async fn text(mut self) -> Result<(i32, String)> {
        self.arguments.retain(|argument| argument != "--json");
        let (code, stdout, stderr) = self.output().await?;
        Ok((code, stdout + &stderr))
    }

    async fn output(self) -> Result<(i32, String, String)> {
        tokio::task::spawn_blocking(move || self.blocking()).await?
    }

    /// The document of a run that must end with `code`.
    pub async fn ends(self, code: i32) -> Result<Value> {
        let (found, document, stderr) = self.run().await?;
        ensure!(found == code, "exit {found}, not {code}: {document}\n{stderr}");
        Ok(document)
    }

    fn blocking(self) -> Result<(i32, String, String)> {
        use std::io::{Read, Write};
        let home = tempfile::tempdir()?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_namesys"))
            .args(&self.arguments)
            .current_dir(home.path())
            .env_clear()
            .env("HOME", home.path())
            .envs(self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("stdin is piped")?;
        stdin.write_all(self.input.as_bytes())?;
        drop(stdin);
        let pipes = (child.stdout.take(), child.stderr.take());
        let read = |pipe: Option<Box<dyn Read + Send>>| {
            std::thread::spawn(move || {
                let mut text = String::new();
                pipe.map(|mut pipe| pipe.read_to_string(&mut text));
                text
            })
        };
        let stdout = read(pipes.0.map(|pipe| Box::new(pipe) as _));
        let stderr = read(pipes.1.map(|pipe| Box::new(pipe) as _));
        let began = std::time::Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if began.elapsed() > LIMIT {
                child.kill()?;
                bail!("{:?} did not end within {LIMIT:?}", self.arguments);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let join = |thread: std::thread::JoinHandle<String>| thread.join().unwrap_or_default();
        let (stdout, stderr) = (join(stdout), join(stderr));
        let code = status.code().context("no exit code")?;
        Ok((code, stdout, stderr))
    }
}

/// The only record of a document.
pub fn record(document: &Value) -> Result<&Value> {
    let records = document["records"].as_array().with_context(|| format!("{document}"))?;
    ensure!(records.len() == 1, "{document}");
    Ok(&records[0])
}

/// Checks that the only record has this value, both judgements being good.
pub fn accepted(document: &Value, value: &str) -> Result<()> {
    let record = record(document)?;
    ensure!(record["value"] == value && record["verified"] == true, "{document:#}");
    let verdicts = &record["verdicts"];
    ensure!(verdicts["local"] == "accepted" && verdicts["contract"] == "accepted", "{document:#}");
    Ok(())
}

/// Checks that the only record has no value.
pub fn refused(document: &Value) -> Result<()> {
    let record = record(document)?;
    ensure!(record["value"].is_null() && record["verified"] == false, "{document:#}");
    ensure!(record["error"].is_string() && document["error"]["message"].is_string());
    Ok(())
}
