//! The peers as the trials see them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::runtime;
use crate::support::process::{self, Server};

const LIMIT: Duration = Duration::from_secs(120);

/// One answer of the w3name client for each question (see `client.mjs`); an
/// error of the client is the answer `{"error"}`.
pub fn w3name(questions: &[Value]) -> Result<Vec<Value>> {
    ask(Command::new("node").arg(runtime::w3name()?), questions)
}

/// The answer of the w3name client to one question that it must not refuse.
pub fn w3name_ok(question: Value) -> Result<Value> {
    let answer = w3name(std::slice::from_ref(&question))?.remove(0);
    ensure!(answer.get("error").is_none(), "w3name: {question}: {answer}");
    Ok(answer)
}

/// One answer of a line-wise boxo subcommand for each question.
pub fn boxo<T: DeserializeOwned>(subcommand: &str, questions: &[Value]) -> Result<Vec<T>> {
    ask(Command::new(runtime::boxo()?).arg(subcommand), questions)
}

/// What boxo thinks of a record.
#[derive(Debug, Deserialize)]
pub struct Verdict {
    /// Valid for that name, now.
    pub ok: bool,
    /// Why not.
    pub error: Option<String>,
}

/// The UnixFS root of each folder.
pub fn boxo_roots(folders: &[std::path::PathBuf]) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Root {
        root: String,
    }
    let roots: Vec<Root> = lines(Command::new(runtime::boxo()?).arg("root").args(folders), b"")?;
    ensure!(roots.len() == folders.len(), "{} roots of {} folders", roots.len(), folders.len());
    Ok(roots.into_iter().map(|line| line.root).collect())
}

/// boxo's gateway and delegated routing server, until dropped.
pub struct Boxo {
    /// Of both.
    pub url: String,
    _server: Server,
}

impl Boxo {
    /// Serves the blocks of these CARs.
    pub fn serve(cars: &[std::path::PathBuf]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Ready {
            url: String,
        }
        let mut command = Command::new(runtime::boxo()?);
        let (server, ready) = Server::start::<Ready>(command.arg("serve").args(cars), LIMIT)?;
        Ok(Self { url: ready.url, _server: server })
    }
}

/// A server of the peers', until dropped.
pub struct Served {
    /// Where it is.
    pub url: String,
    /// Where a website is; empty for the others.
    pub web: String,
    _server: Server,
}

impl Served {
    /// The Pinning Service API, for whoever has the token.
    pub fn pinning(token: &str) -> Result<Self> {
        Self::start(Command::new("node").arg(runtime::pinning()?).arg(token))
    }

    /// A bucket that unpacks CAR files, for whoever has the key.
    pub fn bucket(name: &str, key_id: &str, secret: &str) -> Result<Self> {
        Self::start(Command::new(runtime::bucket()?).args([name, key_id, secret]))
    }

    /// The same bucket, which is a website too: served to anybody over TLS.
    pub fn website(name: &str, key_id: &str, secret: &str, testdata: &Path) -> Result<Self> {
        let mut command = Command::new(runtime::bucket()?);
        command.args([name, key_id, secret]);
        Self::start(command.arg(testdata.join("server.pem")).arg(testdata.join("server.key")))
    }

    fn start(command: &mut Command) -> Result<Self> {
        #[derive(Deserialize)]
        struct Ready {
            url: String,
            #[serde(default)]
            web: String,
        }
        let (server, Ready { url, web }) = Server::start::<Ready>(command, LIMIT)?;
        Ok(Self { url, web, _server: server })
    }
}

fn ask<T: DeserializeOwned>(command: &mut Command, questions: &[Value]) -> Result<Vec<T>> {
    let input: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let answers: Vec<T> = lines(command, input.as_bytes())?;
    ensure!(answers.len() == questions.len(), "{} answers", answers.len());
    Ok(answers)
}

fn lines<T: DeserializeOwned>(command: &mut Command, input: &[u8]) -> Result<Vec<T>> {
    let finished = process::run(command, input, LIMIT)?;
    ensure!(finished.status.success(), "{command:?}: {}", finished.stderr);
    finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("answer {line:?}")))
        .collect()
}
