//! `namesys resolve` against a world.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::reports;
use crate::world::World;

/// Longer than any resolution here takes.
const LIMIT: Duration = Duration::from_secs(100);

/// A run of the binary.
pub struct Run {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    input: String,
    /// After these words on stderr it gets Ctrl-C.
    interrupt_after: Option<&'static str>,
    /// It gets Ctrl-C when this is true.
    interrupt_when: Option<Box<dyn Fn() -> bool + Send>>,
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
        let (environment, input) = (Vec::new(), String::new());
        Self { arguments, environment, input, interrupt_after: None, interrupt_when: None }
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

    /// Ctrl-C, once stderr has these words.
    pub fn interrupted_after(mut self, words: &'static str) -> Self {
        self.interrupt_after = Some(words);
        self
    }

    /// Ctrl-C, once `when` is true.
    pub fn interrupted_when(mut self, when: impl Fn() -> bool + Send + 'static) -> Self {
        self.interrupt_when = Some(Box::new(when));
        self
    }

    /// Exit code, document and stderr.
    pub async fn run(self) -> Result<(i32, Value, String)> {
        let arguments = self.arguments.clone();
        let (code, stdout, stderr) = self.output().await?;
        let document = serde_json::from_str(&stdout)
            .with_context(|| format!("exit {code}, stdout {stdout:?}, stderr {stderr:?}"))?;
        reports::check(&arguments, &document).map_err(anyhow::Error::msg)?;
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

    /// Exit code and all that a terminal shows, on which `answer` is typed at the question.
    #[cfg(target_os = "linux")]
    pub async fn on_a_terminal(self, answer: &'static str) -> Result<(i32, String)> {
        tokio::task::spawn_blocking(move || self.typed(answer)).await?
    }

    #[cfg(target_os = "linux")]
    fn typed(self, answer: &str) -> Result<(i32, String)> {
        use std::io::{Read, Write};
        let home = tempfile::tempdir()?;
        let words = std::iter::once(env!("CARGO_BIN_EXE_namesys"))
            .chain(self.arguments.iter().map(String::as_str));
        let command: Vec<String> = words.map(|word| format!("'{word}'")).collect();
        // util-linux: runs it on a terminal of its own, and ends as it does.
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &command.join(" "), "/dev/null"])
            .current_dir(home.path())
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", "/usr/bin:/bin")
            .envs(self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("script, of util-linux")?;
        let mut stdin = child.stdin.take().context("stdin is piped")?;
        let mut stdout = child.stdout.take().context("stdout is piped")?;
        let (mut shown, mut some, mut asked) = (Vec::new(), [0; 1024], false);
        loop {
            let count = stdout.read(&mut some)?;
            shown.extend(&some[..count]);
            if count == 0 {
                break;
            }
            if !asked && String::from_utf8_lossy(&shown).contains("[y/N]") {
                asked = true;
                stdin.write_all(answer.as_bytes())?;
            }
        }
        let status = child.wait()?;
        let shown = String::from_utf8_lossy(&shown).into_owned();
        Ok((status.code().context("no exit code")?, shown))
    }

    /// The document of a run that must end with `code`.
    pub async fn ends(self, code: i32) -> Result<Value> {
        let (found, document, stderr) = self.run().await?;
        ensure!(found == code, "exit {found}, not {code}: {document}\n{stderr}");
        Ok(document)
    }

    /// The command itself, for whoever talks to it while it runs.
    pub fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.args(&self.arguments).current_dir(home).env_clear().env("HOME", home);
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    fn blocking(self) -> Result<(i32, String, String)> {
        use std::io::{BufRead, Write};
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
        let stdout = child.stdout.take().context("stdout is piped")?;
        let stdout =
            std::thread::spawn(move || std::io::read_to_string(stdout).unwrap_or_default());
        let (stderr, id) = (child.stderr.take().context("stderr is piped")?, child.id());
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            let mut interrupt = self.interrupt_after;
            for line in std::io::BufReader::new(stderr).lines().map_while(Result::ok) {
                text.push_str(&line);
                text.push('\n');
                if interrupt.take_if(|words| line.contains(*words)).is_some() {
                    ctrl_c(id);
                }
            }
            text
        });
        let began = std::time::Instant::now();
        let mut interrupt_when = self.interrupt_when;
        let status = loop {
            if interrupt_when.take_if(|when| when()).is_some() {
                ctrl_c(id);
            }
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

fn ctrl_c(id: u32) {
    // Whoever is gone already shows it by how it ended.
    let _ = Command::new("kill").args(["-INT", &id.to_string()]).status();
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
