//! `invoice pay NAME`.

use std::io::{self, Write};

use alloy_primitives::U256;
use namesys::chain::setup::SetupTransaction;
use namesys::ens::Name;
use namesys::invoice::{Invoice, Payee};
use namesys::record::{RecordKey, Value};
use namesys::report::{InvoicePayReport, TransactionReport, TransactionState};
use namesys::wallet::Address;

use super::key_args::{InvoiceKeyArgs, Payer};
use super::malformed;
use super::sending::{Ended, Paying};
use super::show::{check_form, decrypted, other_payer, published, report};
use crate::cli::context::Context;
use crate::cli::cost_args::SendingArgs;
use crate::cli::error::CliError;
use crate::cli::lookup::{LookupArgs, chain_id};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::Session;

/// The payee's account.
const ADDRESS: &str = "address/60";

/// `invoice pay`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose invoice: the name that published it as text/stealth
    #[arg(value_name = "NAME")]
    of: String,
    /// Pay it although it was paid from this workspace before, or may have been
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    key: InvoiceKeyArgs,
    #[command(flatten)]
    sending: SendingArgs,
    #[command(flatten)]
    lookup: LookupArgs,
}

/// Shows whom and how much, and sends what was confirmed.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open_if_any(context)?;
    let (text, name) = published(&args.of, &args.lookup, session.as_ref(), context)?;
    check_form(&text, Some(&name))?;
    let Payer { key, name: payer, wallet } =
        args.key.get(session.as_ref(), &args.lookup.rpc, context)?;
    let invoice = decrypted(&text, &key, Some(&name))?;
    let Some(payer) = payer else {
        return Err(CliError::usage("whose key is it? There is no workspace here")
            .hint("give --name NAME: an invoice is paid where it asks the name of the key"));
    };
    if let Some(error) = other_payer(&invoice, Some(&payer)) {
        return Ok(Outcome::partial(report(Some(&name), &invoice), Some(error)));
    }
    let config = session.as_ref().map(|session| &session.config);
    let expected = args.lookup.chain(chain_id(config, context)?);
    let workspace = session.as_ref().map(|session| &session.workspace);
    let (how, nodes) = ((&args.sending, args.again), (&args.lookup.rpc, expected));
    let paying = Paying::open(how, nodes, &text, workspace, context)?;
    // Before the payee is looked up: who was paid is kept, and a name's address may be another now.
    if let Some(before) = paying.before()? {
        if before.value != invoice.amount().wei() {
            return Err(malformed(format!(
                ".namesys/invoices.json says that {} wei were paid of this invoice, which asks for {}",
                before.value,
                invoice.amount().wei()
            ))
            .hint("look the wallet's transfers up; --again pays it (once more)"));
        }
        let (ended, error) = paying.go_on(&before, &transfer(&invoice, before.to, before.value))?;
        let paid = paid(&name, &invoice, (before.to, before.value), paying.chain_id, ended);
        return Ok(Outcome::partial(paid, error));
    }
    let to = account(args, &invoice, &name, session.as_ref(), context)?;
    say(&invoice, &name, to, context);
    let value = invoice.amount().wei();
    let transaction = transfer(&invoice, to, value);
    let (ended, error) = paying.pay(&transaction, wallet, &args.key.derive.wallet)?;
    let paid = paid(&name, &invoice, (to, value), paying.chain_id, ended);
    Ok(Outcome::partial(paid, error))
}

/// What is said in the end.
fn paid(
    name: &Name,
    invoice: &Invoice,
    (to, value): (Address, U256),
    chain_id: u64,
    ended: Ended,
) -> InvoicePayReport {
    InvoicePayReport {
        invoice: report(Some(name), invoice),
        address: to.to_string(),
        value: value.to_string(),
        chain_id,
        uri: (!ended.may_be_paid).then(|| format!("ethereum:{to}@{chain_id}?value={value}")),
        transactions: vec![ended.transaction],
        safe: ended.safe,
    }
}

/// What a person must have seen before the question.
fn say(invoice: &Invoice, name: &Name, to: Address, context: &Context) {
    let amount = invoice.amount();
    match invoice.payee() {
        Payee::Address(_) => context.output.note(format_args!("pays {amount} ether to {to}")),
        Payee::Name(payee) => {
            context.output.note(format_args!("pays {amount} ether to {payee}, that is {to}"));
        }
    }
    match invoice.payee() {
        Payee::Name(payee) if payee == name => {}
        payee => context.output.warn(format_args!(
            "the payee is {payee}, and the invoice is published by {name}: {name} says so, nobody \
             else does"
        )),
    }
    context.output.note("the transfer is public, with its amount and time");
}

/// The payee's account: as the invoice has it, or the verified address of its name.
fn account(
    args: &Args,
    invoice: &Invoice,
    name: &Name,
    session: Option<&Session>,
    context: &Context,
) -> Result<Address, CliError> {
    let payee = match invoice.payee() {
        Payee::Address(address) => return not_nobody(*address, "the payee"),
        Payee::Name(payee) => payee,
    };
    let (config, record) = (session.map(|session| &session.config), RecordKey::parse(ADDRESS)?);
    let value = match payee == name {
        true => args.lookup.value(payee, &record, config, context)?,
        // What a person said by hand is of NAME alone.
        false => args.lookup.value_on_chain(payee, &record, config, context)?,
    };
    match value {
        Value::Address { bytes, .. } if bytes.len() == Address::len_bytes() => {
            not_nobody(Address::from_slice(&bytes), &format!("{payee} {ADDRESS}"))
        }
        other => Err(malformed(format!("{payee} {ADDRESS} is no account: {other}"))),
    }
}

fn not_nobody(address: Address, whose: &str) -> Result<Address, CliError> {
    match address.is_zero() {
        true => Err(malformed(format!("{whose} is {address}, which is nobody's: nothing is sent"))),
        false => Ok(address),
    }
}

fn transfer(invoice: &Invoice, to: Address, value: U256) -> SetupTransaction {
    let description = format!("pay {} ether to {}", invoice.amount(), invoice.payee());
    SetupTransaction::transfer(to, value, description)
}

impl Human for InvoicePayReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.invoice.human(out)?;
        for transaction in &self.transactions {
            show(transaction, out)?;
        }
        if self.transactions.iter().all(|one| one.state == TransactionState::NotSent) {
            self.uri.iter().try_for_each(|uri| writeln!(out, "uri     {uri}"))?;
        }
        self.safe.iter().try_for_each(|file| writeln!(out, "wrote   {}", shown(file)))
    }
}

fn show(transaction: &TransactionReport, out: &mut dyn Write) -> io::Result<()> {
    let word = match transaction.state {
        TransactionState::Mined => "paid",
        TransactionState::Failed => "failed",
        TransactionState::Sent => "sent",
        TransactionState::NotSent => {
            writeln!(out, "to      {}", transaction.to)?;
            return writeln!(out, "value   {}", transaction.value);
        }
    };
    writeln!(out, "{word:7} {}", transaction.hash.as_deref().unwrap_or_default())
}
