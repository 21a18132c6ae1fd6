//! The command line: flags, dispatch. One file or one folder per command in `cmd/`.

mod account_code;
pub mod background;
mod browser;
mod chain_errors;
mod choose_wallet;
pub mod claims;
pub mod cmd;
pub mod context;
pub mod core_dumps;
mod cost_args;
mod derived;
pub mod deriver;
mod devices;
#[cfg(feature = "devnet")]
mod devnet_errors;
pub mod endpoints;
pub mod env;
pub mod error;
mod examples;
mod export_place;
mod found_wallets;
mod git;
mod given;
pub mod global;
pub mod input;
mod key_export;
pub mod key_files;
pub mod key_forms;
pub mod keys_args;
mod log;
mod lookup;
mod mass_removal;
mod new_args;
pub mod open_wallet;
mod openers;
pub mod output;
pub mod owner_args;
pub mod password_args;
pub mod progress;
pub mod prompt;
mod publish_errors;
mod pull_errors;
pub mod remember;
pub mod rpc_args;
pub mod sending;
pub mod session;
pub mod settings;
mod shown;
mod signature_files;
mod stealth_errors;
mod suggest;
pub mod values;
pub mod wallet_args;
mod want_once;
pub mod words;
mod workspace_errors;
mod write_errors;

use std::panic;
use std::process::ExitCode;

use anstyle::AnsiColor;
use clap::error::ErrorKind as ClapError;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use context::Context;
use error::{CliError, Exit};
use global::GlobalArgs;
use namesys::report::ErrorKind;
use output::{Outcome, Output};

/// Colours of the help.
const STYLES: clap::builder::Styles = clap::builder::Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Manage ENS records that live off chain: derive keys from wallet signatures, sign records,
/// publish them on IPFS and IPNS, resolve them back verified.
#[derive(Debug, Parser)]
#[command(name = "namesys", version, max_term_width = 100, styles = STYLES)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a workspace for a name, or for several of one wallet
    Init(cmd::init::Args),
    /// Add, remove or list the names of a workspace
    Name(cmd::name::Args),
    /// Make a workspace of what is published; no key is needed
    Clone(Box<cmd::clone::Args>),
    /// Derive the IPNS key and the records signer from the wallet
    Keygen(cmd::keygen::Args),
    /// Set a record in records.toml
    Set(cmd::set::Args),
    /// Remove a record from records.toml, or all of a name
    #[command(visible_alias = "rm")]
    Unset(cmd::set::UnsetArgs),
    /// Show a record as it is wanted, signed and live
    Get(Box<cmd::get::Args>),
    /// Show the wanted records and their states
    #[command(visible_alias = "ls")]
    List(cmd::list::Args),
    /// Show what sign would change
    Diff(cmd::list::DiffArgs),
    /// Edit records.toml, which is checked before it is saved
    Edit(cmd::edit::Args),
    /// Show every fault of namesys.toml and records.toml, each with its place
    Check(cmd::check::Args),
    /// Set many records, from a table, JSON or the chain
    Import(Box<cmd::import::Args>),
    /// Write the wanted records as a table
    Export(cmd::export::Args),
    /// Approve the records signer for a name (SIGN 3: the owner's signature that lets it sign)
    Approve(cmd::approve::Args),
    /// Sign what is new or changed (SIGN 4: the signer's signature of one record)
    Sign(cmd::sign::Args),
    /// Check every signed file as the resolver would, offline
    Verify(cmd::verify::Args),
    /// Show what is to be signed and published, record by record; no key, and nothing is changed
    Plan(cmd::plan::Args),
    /// Do what plan shows: sign, upload, publish, read back, and with --chain set up
    Apply(Box<cmd::apply::Args>),
    /// Compute the IPFS root of a folder
    Pack(cmd::pack::Args),
    /// Upload the signed tree and point the IPNS name at it, or bring it to web hosts
    Publish(cmd::publish::Args),
    /// Take over what is published now: what others published, merged into this workspace
    Pull(cmd::pull::Args),
    /// Show what each publisher and web host serves, and until when
    Status(cmd::status::Args),
    /// Extend what is published: the same value, valid for longer
    Renew(cmd::renew::Args),
    /// Publish an older tree again
    Rollback(cmd::rollback::Args),
    /// List what was published from here
    Log(cmd::status::LogArgs),
    /// Fetch a name's records and verify every signature
    Resolve(cmd::resolve::Args),
    /// Make a name use its records: resolver, recordhash and approval on chain
    Setup(Box<cmd::setup::Args>),
    /// Have a record written wherever the name's resolver says, or show where that is
    Write(Box<cmd::write::Args>),
    /// Go over to another password or wallet: new keys, all signed and published anew
    Rotate(Box<cmd::rotate::Args>),
    /// Probe every endpoint, the chain and the clock with real requests
    Doctor(cmd::doctor::Args),
    /// Serve the signed tree over HTTP, for an https:// recordhash
    Serve(cmd::serve::Args),
    /// Show the whole way on a network inside the process, with a throw-away wallet
    #[cfg(feature = "devnet")]
    Demo(cmd::demo::Args),
    /// Show and test the wallets that are here
    Wallet(cmd::wallet::Args),
    /// Show or convert keys
    Key(Box<cmd::key::Args>),
    /// Set the nostr key, which the wallet gives
    Nostr(Box<cmd::nostr::Args>),
    /// Pay and be paid at addresses that only the payee can tell (ERC-5564)
    Stealth(Box<cmd::stealth::Args>),
    /// Ask for a payment, and pay, by an encrypted invoice in the records, as the web client has them
    Invoice(cmd::invoice::Args),
    /// Wipe the keys that --remember keeps
    Lock(cmd::lock::Args),
    /// Sign, show, get and put single IPNS records
    Ipns(cmd::ipns::Args),
    /// Show and advance w3name revisions
    Revision(cmd::revision::Args),
    /// Run the embedded network
    #[cfg(feature = "devnet")]
    Devnet(cmd::devnet::Args),
    /// Write the completions of a shell to stdout
    Completions(cmd::completions::Args),
    /// Write the manual pages into a folder
    Man(cmd::man::Args),
    /// List what a shell completes
    #[command(hide = true)]
    Complete(cmd::complete::Args),
    /// Remember keys, as --remember starts it
    #[command(hide = true)]
    Agent(cmd::lock::AgentArgs),
}

/// The definition of the command line, with what is added to all of it.
pub fn command() -> clap::Command {
    examples::added(Cli::command())
}

/// Runs `command`.
pub fn run(command: Command, context: &Context) -> Result<Outcome, CliError> {
    match command {
        Command::Init(args) => cmd::init::run(args, context),
        Command::Name(args) => cmd::name::run(args, context),
        Command::Clone(args) => cmd::clone::run(*args, context),
        Command::Keygen(args) => cmd::keygen::run(args, context),
        Command::Set(args) => cmd::set::run(args, context),
        Command::Unset(args) => cmd::set::run_unset(args, context),
        Command::Get(args) => cmd::get::run(*args, context),
        Command::Edit(args) => cmd::edit::run(args, context),
        Command::Check(args) => cmd::check::run(args, context),
        Command::List(args) => cmd::list::run(args, context),
        Command::Diff(args) => cmd::list::run_diff(args, context),
        Command::Import(args) => cmd::import::run(*args, context),
        Command::Export(args) => cmd::export::run(args, context),
        Command::Approve(args) => cmd::approve::run(args, context),
        Command::Sign(args) => cmd::sign::run(args, context),
        Command::Verify(args) => cmd::verify::run(args, context),
        Command::Plan(args) => cmd::plan::run(args, context),
        Command::Apply(args) => cmd::apply::run(*args, context),
        Command::Pack(args) => cmd::pack::run(args, context),
        Command::Publish(args) => cmd::publish::run(args, context),
        Command::Pull(args) => cmd::pull::run(args, context),
        Command::Status(args) => cmd::status::run(args, context),
        Command::Renew(args) => cmd::renew::run(args, context),
        Command::Rollback(args) => cmd::rollback::run(args, context),
        Command::Log(args) => cmd::status::run_log(args, context),
        Command::Resolve(args) => cmd::resolve::run(args, context),
        Command::Setup(args) => cmd::setup::run(*args, context),
        Command::Write(args) => cmd::write::run(*args, context),
        Command::Rotate(args) => cmd::rotate::run(*args, context),
        Command::Doctor(args) => cmd::doctor::run(args, context),
        Command::Serve(args) => cmd::serve::run(args, context),
        #[cfg(feature = "devnet")]
        Command::Demo(args) => cmd::demo::run(args, context),
        Command::Wallet(args) => cmd::wallet::run(args, context),
        Command::Key(args) => cmd::key::run(*args, context),
        Command::Nostr(args) => cmd::nostr::run(*args, context),
        Command::Stealth(args) => cmd::stealth::run(*args, context),
        Command::Invoice(args) => cmd::invoice::run(args, context),
        Command::Lock(args) => cmd::lock::run(&args, context),
        Command::Ipns(args) => cmd::ipns::run(args, context),
        Command::Revision(args) => cmd::revision::run(args, context),
        #[cfg(feature = "devnet")]
        Command::Devnet(args) => cmd::devnet::run(args, context),
        Command::Completions(args) => cmd::completions::run(args, context),
        Command::Man(args) => cmd::man::run(args, context),
        Command::Complete(args) => cmd::complete::run(args, context),
        Command::Agent(args) => cmd::lock::run_agent(&args, context),
    }
}

/// Reads the arguments. Help, the version and usage errors are rendered here.
pub fn parse(output: &Output) -> Result<(Command, Context), ExitCode> {
    let mut command = command().color(output.clap_color());
    let parsed = command.try_get_matches_from_mut(std::env::args_os()).and_then(|matches| {
        let readers = stdin_readers(&command, &matches);
        let name = matches.subcommand_name().unwrap_or_default().to_owned();
        let remembers = matches.subcommand().is_some_and(|(_, below)| {
            below.try_get_raw("remember").is_ok_and(|values| values.is_some())
        });
        Ok((Cli::from_arg_matches(&matches)?, readers, name, remembers))
    });
    let (cli, readers, name, remembers) = parsed.map_err(|error| match error.kind() {
        ClapError::DisplayHelp | ClapError::DisplayVersion => output.help(&error),
        _ => output.usage(&error),
    })?;
    if let [first, second, ..] = &readers[..] {
        return Err(output.finish(Err(input::both_read_stdin(first, second))));
    }
    let context = Context::new(cli.global, &name);
    context.iter().for_each(|context| context.remembered.set(!remembers));
    context.map(|context| (cli.command, context)).map_err(|error| output.finish(Err(error)))
}

/// The arguments given as `-`, among those whose value name says that this is stdin.
fn stdin_readers(command: &clap::Command, matches: &ArgMatches) -> Vec<String> {
    let takes_stdin = |argument: &&clap::Arg| {
        let names = argument.get_value_names().unwrap_or_default();
        names.iter().any(|name| name.ends_with("|-"))
    };
    let is_stdin = |argument: &&clap::Arg| {
        let values = matches.try_get_raw(argument.get_id().as_str()).ok().flatten();
        values.is_some_and(|mut values| values.any(|value| value == "-"))
    };
    let label = |argument: &clap::Arg| match argument.get_long() {
        Some(long) => format!("--{long}"),
        None => argument.get_id().as_str().to_uppercase(),
    };
    let readers = command.get_arguments().filter(takes_stdin).filter(is_stdin).map(label);
    let mut readers: Vec<String> = readers.collect();
    let global = readers.clone();
    if let Some((name, matches)) = matches.subcommand()
        && let Some(command) = command.find_subcommand(name)
    {
        // Flags that every command takes are among those of each.
        let below = stdin_readers(command, matches);
        readers.extend(below.into_iter().filter(|label| !global.contains(label)));
    }
    readers
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
        Err(CliError::new(Exit::Failed, ErrorKind::Internal, message)
            .hint("nothing half-done is kept; please report it with the command you typed"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn a_panic_ends_in_a_plain_message_without_its_payload() {
        let error = guarded(|| panic!("hunter2")).err();
        // Other tests' panics shall be seen.
        drop(panic::take_hook());
        let error = error.unwrap();
        assert_eq!((error.kind, error.exit), (ErrorKind::Internal, Exit::Failed));
        assert!(error.message.contains("src/cli/mod.rs"), "{}", error.message);
        assert!(!error.message.contains("hunter2"), "{}", error.message);
    }
}
