//! `invoice key`.

use std::io::{self, Write};
use std::path::PathBuf;

use namesys::keys::file;
use namesys::record::{RecordKey, Value};
use namesys::report::InvoiceKeyReport;
use namesys::workspace::Phases;

use super::key_args::{KindArgs, derived};
use super::{PROTECTS, RSA};
use crate::cli::context::Context;
use crate::cli::deriver::DeriveArgs;
use crate::cli::error::CliError;
use crate::cli::export_place;
use crate::cli::key_forms::{Format, SealArgs, check_invoice, of_invoice};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::Session;
use crate::cli::want_once::{unless_forced, want_once};

/// `invoice key`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose key: the workspace's name, or a name under it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Also write the private key into a new file (mode 0600), for show and pay without the wallet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The file's form: hex, or age, which is encrypted
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "hex",
        requires = "out",
        hide_possible_values = true
    )]
    format: Format,
    #[command(flatten)]
    seal: SealArgs,
    /// Also where another key is wanted
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    kind: KindArgs,
    #[command(flatten)]
    derive: DeriveArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Derives it, and wants the public half.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let name = session.name(context, args.name.as_deref())?;
    name.check_folder()?;
    if let Some(out) = &args.out {
        check_invoice(args.format)?;
        export_place::refuse_published(out)?;
        file::check_new(out)?;
    }
    let to = args.seal.get(context, args.format)?;
    let (key, _) = derived(&args.derive, args.kind, &session, &name, &args.rpc, context)?;
    let rsa = key.public().to_string();
    let record = RecordKey::parse(RSA)?;
    let value = Value::parse(&record, &rsa)?;
    want_once(&session, &name, &record, value, |had| {
        let told = |_: &Phases| format!("{name} {RSA} is another key in records.toml");
        let hint = "another password or wallet gives another key: give the right one, or --rsa-1048 \
                    for one of September 2023; or --force, where the new one is meant";
        unless_forced(args.force, had, told, hint)
    })?;
    // Last: whoever is stopped before runs the same again.
    if let Some(out) = &args.out {
        file::create_new(out, of_invoice(&key, args.format, to.as_ref())?.expose())?;
    }
    context.output.note(PROTECTS);
    let (record, file) = (RSA.to_owned(), args.out.as_ref().map(|out| out.display().to_string()));
    Ok(Outcome::done(InvoiceKeyReport { name: name.to_string(), record, rsa, file }))
}

impl Human for InvoiceKeyReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} {} = {}", self.name, self.record, self.rsa)?;
        self.file.iter().try_for_each(|file| writeln!(out, "wrote {}", shown(file)))
    }
}
