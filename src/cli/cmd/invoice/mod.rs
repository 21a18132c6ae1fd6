//! `invoice …`: the deployed client's encrypted invoices.

mod before;
mod key;
mod key_args;
mod pay;
mod request;
mod sending;
mod show;

use namesys::record::Value;
use namesys::report::ErrorKind;

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;

/// What the scheme does and does not, wherever somebody relies on it.
const PROTECTS: &str = "an invoice hides who is asked and how much from whoever reads the records. \
    The payment is a plain transfer, which everybody sees on chain with its amount and time; that \
    there is an invoice, and whose, is public too. The cryptography is of 2023 and weak (RSA with \
    e = 3, no MAC). What hides the payee on chain is a stealth address: \
    namesys stealth (ERC-5564)";
/// The payer's record.
const RSA: &str = "text/rsa";
/// The payee's.
const STEALTH: &str = "text/stealth";

/// `invoice …`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An invoice hides who is asked and how much from whoever reads the records. \
    The payment is a plain transfer: everybody sees it on chain, with its amount and time. One \
    invoice stands under a name at a time, and that it does is public. The cryptography is of 2023 \
    and weak by today's standards (RSA with e = 3, PKCS#1 v1.5, AES-CBC without a MAC). What hides \
    the payee on chain is a stealth address: namesys stealth (ERC-5564)."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Derive the key that invoices are encrypted to, and want its public half as text/rsa
    Key(Box<key::Args>),
    /// Ask PAYER for an amount: encrypted to its text/rsa, and wanted as this name's text/stealth
    Request(Box<request::Args>),
    /// Decrypt the invoice that a name published for this key
    Show(Box<show::Args>),
    /// Pay the invoice that a name published for this key, by a plain transfer of ether
    Pay(Box<pay::Args>),
}

/// Runs one of them.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    match args.command {
        Command::Key(args) => key::run(&args, context),
        Command::Request(args) => request::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Pay(args) => pay::run(&args, context),
    }
}

/// The text of a record that was verified.
fn text_of(value: &Value) -> Result<&str, CliError> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(malformed("it is no text")),
    }
}

/// What is verified, and says nothing that can be used.
fn malformed(message: impl Into<String>) -> CliError {
    CliError::new(Exit::Failed, ErrorKind::BadValue, message)
}
