//! `stealth`: payments to addresses that only their payee can tell (ERC-5564).

mod address;
mod export;
mod key_args;
mod keys;
mod one_time;
mod pay;
mod payee;
mod scan;
mod set;
mod sweep;

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
    /// Pay a name or a meta-address: announced, then paid; the same again sends what is missing
    Pay(Box<pay::Args>),
    /// Find payments among the announcements, with the viewing key
    Scan(Box<scan::Args>),
    /// Write the private key of one address
    Export(Box<export::Args>),
    /// Move what is at one address
    Sweep(Box<sweep::Args>),
}

/// Runs one of them.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.command {
        Command::Keys(args) => keys::run(&args, context),
        Command::Set(args) => set::run(&args, context),
        Command::Address(args) => address::run(&args, context),
        Command::Pay(args) => pay::run(&args, context),
        Command::Scan(args) => scan::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Sweep(args) => sweep::run(&args, context),
    }
}
