//! `lock`: wipes what `--remember` keeps. And the process that keeps it.

use std::io::{self, Write};

use namesys::agent::{Agent, AgentError, Place};
use namesys::report::LockReport;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::remember;

/// `lock`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// `agent`
#[derive(Debug, clap::Args)]
pub struct AgentArgs {}

/// Wipes the remembered keys, and ends the process that has them.
pub fn run(_: &Args, context: &Context) -> Result<Outcome, CliError> {
    let client = remember::client()?;
    let wiped = context.block_on(async { Ok(client.lock().await?) })?;
    Ok(Outcome::done(LockReport { wiped: wiped.unwrap_or_default() as u64 }))
}

/// Remembers keys, as `--remember` starts it.
pub fn run_agent(_: &AgentArgs, context: &Context) -> Result<Outcome, CliError> {
    harden();
    let served =
        remember::runtime().and_then(|runtime| Ok(Place::new(&runtime)?)).and_then(|place| {
            context.block_on_told(|end| async move {
                let agent = match Agent::bind(place) {
                    // Somebody else was faster, and will do.
                    Err(AgentError::Running) => None,
                    bound => Some(bound?),
                };
                context.output.raw(remember::READY.as_bytes())?;
                if let Some(agent) = agent {
                    agent.run(async { _ = end.pressed().await }).await;
                }
                Ok(())
            })
        });
    if let Err(error) = served {
        // Whoever started it reads it there.
        context.output.raw(format!("{}\n", error.message).as_bytes())?;
        return Err(error);
    }
    Ok(Outcome::written())
}

/// It outlives the terminal it was started from, and no process of its user looks into its memory.
fn harden() {
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

impl Human for LockReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.wiped {
            0 => writeln!(out, "nothing was remembered"),
            1 => writeln!(out, "wiped 1 key"),
            count => writeln!(out, "wiped {count} keys"),
        }
    }
}
