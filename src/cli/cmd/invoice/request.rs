//! `invoice request PAYER AMOUNT`.

use std::io::{self, Write};

use namesys::ens::Name;
use namesys::invoice::{Amount, Invoice, Payee, PublicKey, seal};
use namesys::record::{RecordKey, Value};
use namesys::report::{ErrorKind, InvoiceRequestReport};
use namesys::workspace::Facts;

use super::{PROTECTS, RSA, STEALTH, malformed, text_of};
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::lookup::LookupArgs;
use crate::cli::output::{Human, Outcome};
use crate::cli::session::{Session, parse_name};
use crate::cli::want_once::want_once;

/// `invoice request`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Who is asked: a name that has published its text/rsa (namesys invoice key)
    payer: String,
    /// How much, in ether: digits, and up to 18 decimals
    amount: Amount,
    /// Who is to be paid: an address, or a name of .eth whose address the payer looks up [default:
    /// the name, where it has an address/60, else its owner's address]
    #[arg(long, value_name = "ADDRESS|NAME")]
    payee: Option<Payee>,
    /// Under which name the invoice is published: the workspace's, or a name under it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    lookup: LookupArgs,
}

/// Encrypts it to the payer's verified key, and wants it as a record.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let name = session.name(context, args.name.as_deref())?;
    name.check_folder()?;
    let payer = parse_name(context, &args.payer)?;
    let payee = match &args.payee {
        Some(payee) => payee.clone(),
        None => own_payee(&session, &name, context)?,
    };
    let invoice = Invoice::new(payer.clone(), payee, args.amount.clone());
    let invoice = invoice.map_err(|error| {
        CliError::usage(format!("there is no such invoice: {error}"))
            .hint("names in an invoice end in .eth; for a payee give --payee 0x…")
    })?;
    let record = RecordKey::parse(RSA)?;
    let value = args.lookup.value(&payer, &record, Some(&session.config), context);
    let value = value.map_err(|error| match error.exit {
        Exit::NotFound => error.hint(format!(
            "{payer} has published no key to encrypt an invoice to: its owner does with namesys \
             invoice key, sign and publish"
        )),
        _ => error,
    })?;
    let key = text_of(&value)?.parse::<PublicKey>();
    let key = key.map_err(|error| malformed(format!("{payer} {RSA} is no RSA key: {error}")))?;
    let sealed = seal(&invoice, &key).map_err(|error| {
        let message = format!("the system gives no random bytes: {error}");
        CliError::new(Exit::Failed, ErrorKind::Io, message)
    })?;
    let record = RecordKey::parse(STEALTH)?;
    let sealed = Value::parse(&record, &sealed.to_string())?;
    if want_once(&session, &name, &record, sealed, |_| Ok(()))?.is_some() {
        context.output.warn(format_args!(
            "{name} {STEALTH} had another invoice: it is replaced, there is one at a time"
        ));
    }
    context.output.note(PROTECTS);
    Ok(Outcome::done(InvoiceRequestReport {
        name: name.to_string(),
        record: STEALTH.to_owned(),
        payer: payer.to_string(),
        payee: invoice.payee().to_string(),
        amount: invoice.amount().to_string(),
    }))
}

/// The name, where it is to have an address that an invoice can say; else the owner's account.
fn own_payee(session: &Session, name: &Name, context: &Context) -> Result<Payee, CliError> {
    let records = session.workspace.records(&session.config)?;
    let has_address = records.get(name, &RecordKey::parse("address/60")?).is_some();
    if has_address && let Ok(payee) = name.as_str().parse() {
        return Ok(payee);
    }
    let why = match has_address {
        true => "is no name that an invoice can say",
        false => "has no address/60",
    };
    let owner = Facts::of(&session.config).owner.ok_or_else(|| {
        CliError::usage(format!("who is to be paid? {name} {why}, and its owner is not known"))
            .hint("give --payee ADDRESS|NAME; or namesys set address eth 0x…")
    })?;
    context.output.note(format_args!("{name} {why}: its owner, {owner}, is to be paid"));
    Ok(Payee::Address(owner))
}

impl Human for InvoiceRequestReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "payer   {}", self.payer)?;
        writeln!(out, "payee   {}", self.payee)?;
        writeln!(out, "amount  {} ether", self.amount)?;
        writeln!(out, "{} {} is to be signed and published", self.name, self.record)
    }
}
