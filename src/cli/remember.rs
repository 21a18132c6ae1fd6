//! `--remember`: derived keys for a day's work, in the memory of a process of their user
//! ([agent](namesys::agent)).

use std::cell::Cell;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use namesys::agent::{AgentError, Client, Kept, LONGEST, Place, WorkspaceId, workspace_id};
use namesys::keys::{IpnsKey, IpnsName, SignerKey};
use namesys::report::ErrorKind;
use namesys::wallet::Address;

use super::context::Context;
use super::env;
use super::error::{CliError, Exit};
use super::values::duration;

/// What the agent says when it listens; otherwise it says why it does not.
pub const READY: &str = "ready\n";
/// The hidden command that is the agent.
pub const COMMAND: &str = "agent";
/// The longest reason that is read.
const MAX_REASON: u64 = 1024;
/// How often an agent is tried that is about to begin or to end, and how long between.
const TRIES: u32 = 30;
const BETWEEN: Duration = Duration::from_millis(100);
/// How long an agent may take to say that it listens.
const START: Duration = Duration::from_secs(20);

/// The flag of the agent.
#[derive(Debug, Default, Args)]
pub struct RememberArgs {
    /// Keep this workspace's derived keys in the memory of a process for so long, at most 24h, so
    /// that they need no wallet and no password again; `namesys lock` wipes them
    #[arg(long, value_name = "DURATION", value_parser = time, help_heading = "Wallet")]
    remember: Option<Duration>,
    /// Which keys came from there: their time goes on as it was.
    #[arg(skip)]
    recalled: Recalled,
}

#[derive(Debug, Default)]
struct Recalled {
    ipns: Cell<bool>,
    signer: Cell<bool>,
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

    /// Looks whether keys can be remembered, before a wallet is asked for anything.
    ///
    /// # Errors
    /// Exit 2 without a workspace or a folder for the socket.
    pub fn check(&self, context: &Context) -> Result<(), CliError> {
        if !self.is_asked() {
            return Ok(());
        }
        if workspace(context)?.is_none() {
            return Err(CliError::usage(
                "--remember is of a workspace's keys, and there is no workspace here",
            )
            .hint("make one: namesys init NAME; or leave --remember out"));
        }
        Place::new(&runtime()?)?;
        Ok(())
    }

    /// Has the keys remembered, where the flag asks for it; they are the workspace's by now. Where
    /// that fails the work goes on, and it is said.
    ///
    /// # Errors
    /// Exit 130.
    pub fn keep(
        &self,
        context: &Context,
        ipns: Option<&IpnsKey>,
        signer: Option<&SignerKey>,
    ) -> Result<(), CliError> {
        let Some(time) = self.remember else { return Ok(()) };
        context.remembered.set(true);
        let (has_ipns, has_signer) = (self.recalled.ipns.get(), self.recalled.signer.get());
        if has_ipns || has_signer {
            context.output.note("what is remembered already keeps the time it was given");
        }
        let ipns = ipns.filter(|_| !has_ipns);
        let signer = signer.filter(|_| !has_signer);
        if ipns.is_none() && signer.is_none() {
            return Ok(());
        }
        match keep(context, time, ipns, signer) {
            Ok(kept) => {
                if kept.iter().any(|kept| !kept.locked) {
                    context.output.warn(
                        "the system locks no memory for the agent (ulimit -l): it may write the \
                         keys to its swap",
                    );
                }
                let which = match (ipns, signer) {
                    (Some(_), Some(_)) => "both keys are",
                    (Some(_), None) => "the IPNS key is",
                    _ => "the records signer is",
                };
                let seconds = time.as_secs();
                context.output.note(format_args!(
                    "{which} remembered for {seconds} s; namesys lock wipes them"
                ));
                Ok(())
            }
            Err(error) if error.exit == Exit::Interrupted => Err(error),
            Err(error) => {
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                context.output.warn(format_args!("nothing is remembered: {}{hint}", error.message));
                Ok(())
            }
        }
    }

    /// The workspace's IPNS key, where it is remembered. That it is used is said.
    ///
    /// # Errors
    /// Exit 130. An agent that cannot be asked is told, and the wallet has the keys.
    pub fn ipns(&self, context: &Context, name: &IpnsName) -> Result<Option<IpnsKey>, CliError> {
        let recalled = &self.recalled.ipns;
        found(context, recalled, "IPNS key", |client| async move { client.ipns(name).await })
    }

    /// The workspace's records signer, where it is remembered.
    ///
    /// # Errors
    /// As [`ipns`](Self::ipns).
    pub fn signer(
        &self,
        context: &Context,
        address: Address,
    ) -> Result<Option<SignerKey>, CliError> {
        let recalled = &self.recalled.signer;
        found(
            context,
            recalled,
            "records signer",
            |client| async move { client.signer(address).await },
        )
    }
}

fn found<T, W>(
    context: &Context,
    recalled: &Cell<bool>,
    what: &str,
    ask: impl FnOnce(Client) -> W,
) -> Result<Option<T>, CliError>
where
    W: Future<Output = Result<Option<T>, AgentError>>,
{
    // Without a folder for an agent there is none.
    let (Ok(runtime), Some(workspace)) = (runtime(), workspace(context)?) else {
        return Ok(None);
    };
    let client = Client::new(Place::of_client(&runtime), workspace);
    match context.block_on(async { Ok(ask(client).await) })? {
        Ok(Some(key)) => {
            recalled.set(true);
            context
                .output
                .note(format_args!("the {what} is a remembered one; namesys lock wipes it"));
            Ok(Some(key))
        }
        Ok(None) => Ok(None),
        Err(error) => {
            context.output.warn(format_args!("what is remembered could not be asked: {error}"));
            Ok(None)
        }
    }
}

/// Which workspace this is.
fn workspace(context: &Context) -> Result<Option<WorkspaceId>, CliError> {
    let Some((workspace, _)) = context.opened()? else { return Ok(None) };
    let folder = workspace.dir().canonicalize();
    let folder = folder.map_err(|error| CliError::io("the workspace cannot be found", &error))?;
    Ok(Some(workspace_id(&folder)))
}

/// The user's own folder for sockets.
///
/// # Errors
/// Exit 2 without one.
pub fn runtime() -> Result<PathBuf, CliError> {
    if let Some(folder) = env::RUNTIME_DIR.get()? {
        return Ok(PathBuf::from(folder));
    }
    // Where there is none of that name, each user has a folder of their own for temporary files.
    if cfg!(target_os = "macos")
        && let Some(folder) = env::TEMPORARY.get()?
    {
        return Ok(PathBuf::from(folder));
    }
    Err(CliError::usage(format!(
        "{} is not set: there is no folder of your own for the agent's socket",
        env::RUNTIME_DIR.0
    ))
    .hint("a login session sets it; else set it to a folder of yours with mode 0700"))
}

/// The agent's client that speaks for no workspace.
///
/// # Errors
/// As [`runtime`].
pub fn client() -> Result<Client, CliError> {
    Ok(Client::new(Place::of_client(&runtime()?), WorkspaceId::default()))
}

fn keep(
    context: &Context,
    time: Duration,
    ipns: Option<&IpnsKey>,
    signer: Option<&SignerKey>,
) -> Result<Vec<Kept>, CliError> {
    let runtime = runtime()?;
    let place = Place::new(&runtime)?;
    let client = Client::new(place, workspace(context)?.unwrap_or_default());
    let put = async || {
        let mut kept = Vec::new();
        if let Some(key) = ipns {
            kept.push(client.keep_ipns(key, time).await?);
        }
        if let Some(key) = signer {
            kept.push(client.keep_signer(key, time).await?);
        }
        // None of them, where there is no agent or it ends just now.
        Ok::<_, AgentError>(kept.into_iter().collect::<Option<Vec<_>>>())
    };
    let mut last = gone("");
    for _ in 0..TRIES {
        match context.block_on(async { Ok(put().await) })? {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => {}
            // It ends just now.
            Err(AgentError::Io { .. } | AgentError::Answer) => {}
            Err(error) => return Err(error.into()),
        }
        if let Err(error) = start(&runtime) {
            last = error;
        }
        sleep(BETWEEN);
    }
    Err(last)
}

/// Starts an agent, which gets nothing of this process: no variable but the folder's, no secret.
fn start(runtime: &Path) -> Result<(), CliError> {
    let failed = |error| CliError::io("the agent cannot be started", &error);
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .env(env::RUNTIME_DIR.0, runtime)
        // There are no settings of the user's in it.
        .env("HOME", runtime)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let Some(out) = child.stdout.take() else { return Err(gone("")) };
    let (told, hears) = mpsc::channel();
    std::thread::spawn(move || told.send(first_words(out)));
    match hears.recv_timeout(START) {
        Ok(said) if said == READY => Ok(()),
        said => {
            // It has nothing yet that would be lost.
            let _ = child.kill();
            let _ = child.wait();
            Err(gone(said.unwrap_or_else(|_| "it does not say that it listens".to_owned()).trim()))
        }
    }
}

/// That it is ready, or why not.
fn first_words(mut out: impl Read) -> String {
    let mut said = [0; READY.len()];
    match out.read_exact(&mut said) {
        Ok(()) if said == *READY.as_bytes() => READY.to_owned(),
        _ => {
            let mut reason = said.to_vec();
            let _ = out.take(MAX_REASON).read_to_end(&mut reason);
            String::from_utf8_lossy(&reason).trim_matches('\0').to_owned()
        }
    }
}

fn gone(reason: &str) -> CliError {
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    CliError::new(
        Exit::Failed,
        ErrorKind::Io,
        format!("the agent ended before it had the keys{reason}"),
    )
    .hint(format!("{} agent, in a terminal, says why", env!("CARGO_PKG_NAME")))
}

impl From<AgentError> for CliError {
    fn from(error: AgentError) -> Self {
        let exit = match &error {
            AgentError::Place { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        let hint = match &error {
            AgentError::Place { .. } => {
                format!("{} is to be a folder of yours alone", env::RUNTIME_DIR.0)
            }
            AgentError::Foreign { .. } => {
                "remove that socket, and look who made it: namesys asks nobody else".to_owned()
            }
            AgentError::Answer => {
                "end it by removing its socket, agent.sock: it may be of another version".to_owned()
            }
            AgentError::Full => "wipe them: namesys lock".to_owned(),
            AgentError::Running | AgentError::Io { .. } => {
                "the same command again, or without --remember".to_owned()
            }
        };
        Self::new(exit, ErrorKind::Io, error.to_string()).hint(hint)
    }
}
