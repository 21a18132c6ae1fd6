//! `stealth address`: a fresh address of a payee.

use std::io::{self, Write};

use namesys::report::StealthAddressReport;
use namesys::secret::Secret32;
use namesys::stealth::{MetaAddress, StealthAddress};

use super::payee::PayeeArgs;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};

/// `stealth address`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    payee: PayeeArgs,
}

/// Makes one, with a key that is forgotten.
pub fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let payee = args.payee.get(context)?;
    let (to, _) = fresh(&payee.meta)?;
    context.output.note(
        "what is paid there is found only if ephemeral public key and view tag are announced: \
         namesys stealth pay does both",
    );
    Ok(Outcome::done(StealthAddressReport {
        name: payee.name.map(|name| name.to_string()),
        meta_address: payee.meta.to_string(),
        address: to.address.to_string(),
        ephemeral_public_key: to.ephemeral.to_string(),
        view_tag: view_tag(&to),
    }))
}

/// A fresh address, and the key that leads to it.
pub fn fresh(meta: &MetaAddress) -> Result<(StealthAddress, Secret32), CliError> {
    StealthAddress::fresh(meta)
        .map_err(|error| CliError::io("no random bytes", &io::Error::other(error)))
}

/// The view tag, as reports have it.
pub fn view_tag(to: &StealthAddress) -> String {
    format!("0x{:02x}", to.view_tag)
}

impl Human for StealthAddressReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.name.iter().try_for_each(|name| writeln!(out, "name                  {name}"))?;
        writeln!(out, "meta-address          {}", self.meta_address)?;
        writeln!(out, "address               {}", self.address)?;
        writeln!(out, "ephemeral public key  {}", self.ephemeral_public_key)?;
        writeln!(out, "view tag              {}", self.view_tag)
    }
}
