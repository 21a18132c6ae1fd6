//! `invoice show NAME`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use namesys::ens::Name;
use namesys::invoice::{Envelope, Invoice, OpenError, PrivateKey, open};
use namesys::record::RecordKey;
use namesys::report::{ErrorKind, InvoiceReport};

use super::key_args::InvoiceKeyArgs;
use super::{STEALTH, malformed, text_of};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::lookup::LookupArgs;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::{Session, parse_name};

/// The most that is read of a text.
const MAX_TEXT: u64 = 1 << 14;

/// `invoice show`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose invoice: the name that published it as text/stealth
    #[arg(value_name = "NAME", required_unless_present = "text", conflicts_with = "text")]
    of: Option<String>,
    /// Decrypt a text/stealth from a file, offline: nobody has then checked who wrote it; - for stdin
    #[arg(long, value_name = "FILE|-")]
    text: Option<PathBuf>,
    #[command(flatten)]
    key: InvoiceKeyArgs,
    #[command(flatten)]
    lookup: LookupArgs,
}

/// Decrypts, and shows.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open_if_any(context)?;
    let (text, name) = match (&args.of, &args.text) {
        (Some(name), _) => {
            let (text, name) = published(name, &args.lookup, session.as_ref(), context)?;
            (text, Some(name))
        }
        (None, Some(file)) => (of_file(file, context)?, None),
        (None, None) => return Err(CliError::usage("whose invoice? Give NAME, or --text FILE")),
    };
    check_form(&text, name.as_ref())?;
    let payer = args.key.get(session.as_ref(), &args.lookup.rpc, context)?;
    let invoice = decrypted(&text, &payer.key, name.as_ref())?;
    let error = other_payer(&invoice, payer.name.as_ref());
    if name.is_none() {
        context.output.note("nobody has checked who wrote this text; NAME shows a verified record");
    }
    Ok(Outcome::partial(report(name.as_ref(), &invoice), error))
}

/// The verified record of the name that a person gave.
pub fn published(
    name: &str,
    lookup: &LookupArgs,
    session: Option<&Session>,
    context: &Context,
) -> Result<(String, Name), CliError> {
    let name = parse_name(context, name)?;
    let config = session.map(|session| &session.config);
    let value = lookup.value(&name, &RecordKey::parse(STEALTH)?, config, context)?;
    Ok((text_of(&value)?.to_owned(), name))
}

fn of_file(file: &Path, context: &Context) -> Result<String, CliError> {
    let bytes = match file == Path::new("-") {
        true => context.stdin.read("--text", file, MAX_TEXT)?.expose().clone(),
        false => {
            let mut bytes = Vec::new();
            let read = std::fs::File::open(file).and_then(|opened| {
                io::Read::read_to_end(&mut io::Read::take(opened, MAX_TEXT + 1), &mut bytes)
            });
            read.map_err(|error| {
                CliError::io(format!("{} cannot be read", file.display()), &error)
            })?;
            bytes
        }
    };
    let text = String::from_utf8(bytes).map_err(|_| malformed("the text is not UTF-8"))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Whether it can be an invoice at all, before a wallet is asked for the key.
pub fn check_form(text: &str, name: Option<&Name>) -> Result<(), CliError> {
    text.parse::<Envelope>().map(drop).map_err(|error| no_invoice(error.into(), name))
}

/// What is in it, for this key.
pub fn decrypted(text: &str, key: &PrivateKey, name: Option<&Name>) -> Result<Invoice, CliError> {
    open(text, key).map_err(|error| no_invoice(error, name))
}

fn no_invoice(error: OpenError, name: Option<&Name>) -> CliError {
    let of = name.map_or_else(|| "the text".to_owned(), |name| format!("{name} {STEALTH}"));
    let message = format!("{of}: {error}");
    match error {
        OpenError::OtherKey => CliError::new(Exit::Failed, ErrorKind::NotForKey, message).hint(
            "it is for somebody else, or for another key of yours: another password, wallet or \
             --name gives another, and --rsa-1048 that of September 2023",
        ),
        _ => CliError::new(Exit::Failed, ErrorKind::BadInvoice, message)
            .hint("whoever published it has to make it anew; nothing can be paid on it"),
    }
}

/// An invoice that this key opens and that asks somebody else is not what its name is asked for.
pub fn other_payer(invoice: &Invoice, payer: Option<&Name>) -> Option<CliError> {
    let payer = payer.filter(|payer| *payer != invoice.payer())?;
    let message = format!("the invoice asks {}, and this key is that of {payer}", invoice.payer());
    Some(
        CliError::new(Exit::Failed, ErrorKind::OtherPayer, message)
            .hint("it is not for this name: ask whoever published it; --name says whose key it is"),
    )
}

/// An invoice, as it is shown.
pub fn report(name: Option<&Name>, invoice: &Invoice) -> InvoiceReport {
    InvoiceReport {
        name: name.map(Name::to_string),
        payer: invoice.payer().to_string(),
        payee: invoice.payee().to_string(),
        amount: invoice.amount().to_string(),
    }
}

impl Human for InvoiceReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.name.iter().try_for_each(|name| writeln!(out, "from    {}", shown(name)))?;
        writeln!(out, "payer   {}", shown(&self.payer))?;
        writeln!(out, "payee   {}", shown(&self.payee))?;
        writeln!(out, "amount  {} ether", shown(&self.amount))
    }
}
