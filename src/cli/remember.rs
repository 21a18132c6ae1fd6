//! `--remember`: derived keys for a day's work, in the memory of a process of their user
//! ([agent](namesys::agent)).

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use namesys::agent::{AgentError, Client, Place};
use namesys::keys::{IpnsKey, IpnsName, SignerKey};
use namesys::report::ErrorKind;
use namesys::wallet::Address;

use super::context::Context;
use super::env;
use super::error::{CliError, Exit};
use super::values::duration;

/// The longest time: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What the agent says when it listens.
pub const READY: &str = "ready\n";
/// The hidden command that is the agent.
pub const COMMAND: &str = "agent";

/// The flag of the agent.
#[derive(Debug, Default, Args)]
pub struct RememberArgs {
    /// Keep the derived keys in the memory of a process for so long, at most 24h, so that the wallet
    /// is not needed again; `namesys lock` wipes them
    #[arg(long, value_name = "DURATION", value_parser = time, help_heading = "Wallet")]
    remember: Option<Duration>,
}

fn time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("that is no time; give 15m for instance".to_owned()),
        time if time > LONGEST => Err("keys are remembered for 24h at most".to_owned()),
        time => Ok(time),
    }
}

impl RememberArgs {
    /// Whether keys are to be remembered.
    pub fn is_asked(&self) -> bool {
        self.remember.is_some()
    }

    /// Has the keys remembered, where the flag asks for it; they are the workspace's by now.
    ///
    /// # Errors
    /// When no agent can be had.
    pub fn keep(
        &self,
        context: &Context,
        ipns: Option<&IpnsKey>,
        signer: Option<&SignerKey>,
    ) -> Result<(), CliError> {
        let Some(time) = self.remember else { return Ok(()) };
        let (client, runtime) = client()?;
        if !context.block_on(async { Ok(client.is_there().await?) })? {
            start(&runtime)?;
        }
        let kept = context.block_on(async {
            let mut kept = Vec::new();
            if let Some(key) = ipns {
                kept.push(client.keep_ipns(key, time).await?);
            }
            if let Some(key) = signer {
                kept.push(client.keep_signer(key, time).await?);
            }
            Ok(kept)
        })?;
        for kept in &kept {
            match kept {
                None => return Err(gone()),
                Some(kept) if !kept.locked => {
                    context.output.warn(
                        "the system locks no memory for the agent (ulimit -l): it may write the \
                         keys to its swap",
                    );
                    break;
                }
                Some(_) => {}
            }
        }
        context.output.note(format_args!(
            "the keys are remembered for {} s; namesys lock wipes them",
            time.as_secs()
        ));
        Ok(())
    }
}

/// The workspace's IPNS key, where it is remembered.
pub fn ipns(context: &Context, name: &IpnsName) -> Option<IpnsKey> {
    found(context, |client| async move { client.ipns(name).await })
}

/// The workspace's records signer, where it is remembered.
pub fn signer(context: &Context, address: Address) -> Option<SignerKey> {
    found(context, |client| async move { client.signer(address).await })
}

/// Without an agent, as without a folder for one, nothing is remembered. One that cannot be asked is
/// told, and the wallet has the keys.
fn found<T, W>(context: &Context, ask: impl FnOnce(Client) -> W) -> Option<T>
where
    W: Future<Output = Result<Option<T>, AgentError>>,
{
    let (client, _) = client().ok()?;
    match context.block_on(async { Ok(ask(client).await) }) {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            context.output.warn(format_args!("what is remembered could not be asked: {error}"));
            None
        }
        Err(_) => None,
    }
}

/// The agent's client, and the folder that `XDG_RUNTIME_DIR` names.
///
/// # Errors
/// Exit 2 without such a folder.
pub fn client() -> Result<(Client, PathBuf), CliError> {
    let runtime = env::RUNTIME_DIR.get()?.map(PathBuf::from).ok_or_else(|| {
        CliError::usage(format!(
            "{} is not set: there is no folder of your own for the agent's socket",
            env::RUNTIME_DIR.0
        ))
        .hint("a login session sets it; else give it a folder of yours with mode 0700")
    })?;
    Ok((Client::new(Place::new(&runtime)?), runtime))
}

/// Starts an agent, which gets nothing of this process: no variable but the folder, no secret.
fn start(runtime: &std::path::Path) -> Result<(), CliError> {
    let failed = |error| CliError::io("the agent cannot be started", &error);
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .env(env::RUNTIME_DIR.0, runtime)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let mut said = String::new();
    if let Some(out) = child.stdout.take() {
        out.take(READY.len() as u64).read_to_string(&mut said).map_err(failed)?;
    }
    match said == READY {
        true => Ok(()),
        false => {
            // It ended, or is about to.
            let _ = child.wait();
            Err(gone())
        }
    }
}

fn gone() -> CliError {
    CliError::new(Exit::Failed, ErrorKind::Io, "the agent ended before it had the keys")
}

impl From<AgentError> for CliError {
    fn from(error: AgentError) -> Self {
        let exit = match &error {
            AgentError::Place { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        let hint = match &error {
            AgentError::Place { .. } => {
                Some(format!("{} is to be a folder of yours alone", env::RUNTIME_DIR.0))
            }
            AgentError::Foreign { .. } | AgentError::Answer => {
                Some("remove that socket, and look who made it".to_owned())
            }
            _ => None,
        };
        Self { hint, ..Self::new(exit, ErrorKind::Io, error.to_string()) }
    }
}
