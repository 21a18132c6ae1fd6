//! The command line: flags, dispatch. One file per command in `cmd/`.

pub mod cmd;
pub mod context;
pub mod env;
pub mod error;
pub mod global;
pub mod input;
pub mod keys_args;
pub mod output;
pub mod password_args;
pub mod prompt;
pub mod wallet_args;

use std::panic;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use context::Context;
use error::{CliError, Exit};
use global::GlobalArgs;
use output::{Outcome, Output};

/// Manage ENS records that live off chain: derive keys from wallet signatures, sign records,
/// publish them on IPFS and IPNS, resolve them back verified.
#[derive(Debug, Parser)]
#[command(name = "namesys", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show or convert keys
    Key(cmd::key::Args),
    /// Write the completions of a shell to stdout
    Completions(cmd::completions::Args),
    /// Write the manual pages into a folder
    Man(cmd::man::Args),
}

/// Runs `command`.
pub fn run(command: Command, context: &Context) -> Result<Outcome, CliError> {
    match command {
        Command::Key(args) => cmd::key::run(args, context),
        Command::Completions(args) => cmd::completions::run(args, context),
        Command::Man(args) => cmd::man::run(args, context),
    }
}

/// Reads the arguments. Help, the version and usage errors are rendered here.
pub fn parse(output: &Output) -> Result<(Command, Context), ExitCode> {
    let matches = Cli::command().color(output.clap_color()).try_get_matches();
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => output.help(&error),
        _ => output.usage(&error),
    })?;
    let context = Context::new(cli.global);
    context.map(|context| (cli.command, context)).map_err(|error| output.finish(Err(error)))
}

/// Runs `work` so that a panic ends in a plain message: panic payloads may quote anything.
pub fn guarded(work: impl FnOnce() -> Result<Outcome, CliError>) -> Result<Outcome, CliError> {
    let place = std::sync::Arc::new(std::sync::Mutex::new(String::from("an unknown place")));
    let seen = place.clone();
    panic::set_hook(Box::new(move |info| {
        if let (Some(location), Ok(mut place)) = (info.location(), seen.lock()) {
            *place = format!("{}:{}", location.file(), location.line());
        }
    }));
    panic::catch_unwind(panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let place = place.lock().map_or_else(|_| String::new(), |place| place.clone());
        let message = format!("this is a fault in namesys, at {place}");
        Err(CliError::new(Exit::Failed, "internal", message)
            .hint("nothing half-done is kept; please report it with the command you typed"))
    })
}
