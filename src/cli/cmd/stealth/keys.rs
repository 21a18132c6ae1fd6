//! `stealth keys`: both keys, from one signature of the wallet.

use std::io::{self, Write};
use std::path::PathBuf;

use namesys::report::StealthKeysReport;
use namesys::stealth::StealthKeys;

use crate::cli::context::Context;
use crate::cli::deriver::{DeriveArgs, KeysFor};
use crate::cli::error::CliError;
use crate::cli::git;
use crate::cli::key_export;
use crate::cli::key_forms::{Format, SealArgs};
use crate::cli::output::{Human, Outcome};
use crate::cli::rpc_args::RpcArgs;
use crate::cli::session::Session;
use crate::cli::suggest::words;

/// `stealth keys`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the keys into a folder: spending.key and viewing.key, mode 0600, never over other
    /// files, never below .well-known; with a .gitignore where there is none
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    /// With --export, hex (the default), or age (encrypted, spending.key.age and viewing.key.age)
    #[arg(long, value_name = "FORMAT", value_parser = words(&["hex", "age"], format), requires = "export")]
    format: Option<Format>,
    #[command(flatten)]
    seal: SealArgs,
    #[command(flatten)]
    derive: DeriveArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

fn format(word: &str) -> Result<Format, String> {
    match word {
        "hex" => Ok(Format::Hex),
        "age" => Ok(Format::Age),
        _ => Err("the forms are hex and age".to_owned()),
    }
}

/// Derives them, and shows the public halves.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let format = args.format.unwrap_or(Format::Hex);
    let seal = args.seal.get(context, format)?;
    let (keys_for, recorded) = (KeysFor::from(&session.config), session.config.keys());
    let chain_id = keys_for.chain_id;
    let deriver = args.derive.open_asking(context, &args.rpc, keys_for, recorded)?.always_twice();
    let keys = deriver.stealth_keys(context)?;
    [&keys.spending, &keys.viewing].into_iter().for_each(|key| context.keep_signer(key));
    let exported = match &args.export {
        None => Vec::new(),
        Some(dir) => {
            let names = match format {
                Format::Age => ["spending.key.age", "viewing.key.age"],
                _ => ["spending.key", "viewing.key"],
            };
            let texts = [
                (names[0], StealthKeys::file_text(&keys.spending, "spending")),
                (names[1], StealthKeys::file_text(&keys.viewing, "viewing")),
            ];
            let exported = key_export::write(dir, texts, seal.as_ref())?;
            exported.iter().take(1).for_each(|file| git::warn_unignored(context, file.as_ref()));
            exported
        }
    };
    let meta = keys.meta_address();
    Ok(Outcome::done(StealthKeysReport {
        origin: deriver.plan.origin().to_string(),
        chain_id,
        wallet: deriver.plan.wallet.address.to_string(),
        meta_address: meta.to_string(),
        spending_public_key: meta.spending.to_string(),
        viewing_public_key: meta.viewing.to_string(),
        exported,
    }))
}

impl Human for StealthKeysReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "origin        {} (chain {})", self.origin, self.chain_id)?;
        writeln!(out, "wallet        {}", self.wallet)?;
        writeln!(out, "meta-address  {}", self.meta_address)?;
        self.exported.iter().try_for_each(|file| writeln!(out, "wrote         {file}"))
    }
}
