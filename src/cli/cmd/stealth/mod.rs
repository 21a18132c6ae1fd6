//! `stealth`: payments to addresses that only their payee can tell (ERC-5564).

mod address;
mod key_args;
mod keys;
mod payee;
mod set;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;

/// `stealth …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Derive the spending and the viewing key from the wallet
    Keys(Box<keys::Args>),
    /// Want the meta-address as a record, or register it
    Set(Box<set::Args>),
    /// Make a fresh address of a payee; nothing is sent
    Address(Box<address::Args>),
}

/// Runs one of them.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.command {
        Command::Keys(args) => keys::run(&args, context),
        Command::Set(args) => set::run(&args, context),
        Command::Address(args) => address::run(&args, context),
    }
}
