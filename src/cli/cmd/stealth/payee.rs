//! Who is paid: a meta-address, or a name whose record says one and verifies.

use namesys::ens::Name;
use namesys::record::{RecordKey, Value};
use namesys::report::ErrorKind;
use namesys::stealth::MetaAddress;

use super::key_args::RECORD;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::lookup::{LookupArgs, chain_id};
use crate::cli::session::parse_name;

/// What makes such a record.
const SET: &str = "its owner sets one: namesys stealth set";

/// The payee.
#[derive(Debug, clap::Args)]
pub struct PayeeArgs {
    /// Whom: a name, whose record is verified, or a meta-address (st:eth:0x…)
    #[arg(value_name = "NAME|META")]
    payee: String,
    /// The chain that is meant [default: the workspace's, else the network's]
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    #[command(flatten)]
    pub lookup: LookupArgs,
}

/// Who it is.
pub struct Payee {
    /// The name that was given.
    pub name: Option<Name>,
    pub meta: MetaAddress,
}

impl PayeeArgs {
    /// The chain that somebody chose.
    pub fn chain_id(&self, context: &Context) -> Result<Option<u64>, CliError> {
        Ok(self.lookup.chain(self.chain_id.or(chain_id(context.config()?, context)?)))
    }

    /// Reads the meta-address, or resolves the name: what does not verify is never used.
    pub fn get(&self, context: &Context) -> Result<Payee, CliError> {
        if MetaAddress::is_meant(&self.payee) {
            return Ok(Payee { name: None, meta: self.payee.parse::<MetaAddress>()? });
        }
        let name = parse_name(context, &self.payee)?;
        let key = RecordKey::parse(RECORD)?;
        let (chain_id, config) = (self.chain_id(context)?, context.config()?);
        let found = self.lookup.value_on((&name, &key), chain_id, config, context);
        let value = found.map_err(|error| match error.kind {
            ErrorKind::NoRecord => error.hint(SET),
            _ => error,
        })?;
        let meta = meta_of(&name, value)?;
        Ok(Payee { name: Some(name), meta })
    }
}

/// What the record says.
fn meta_of(name: &Name, value: Value) -> Result<MetaAddress, CliError> {
    match value {
        Value::Text(text) if text.is_empty() => Err(none(name)),
        Value::Text(text) => text.parse::<MetaAddress>().map_err(|error| {
            let message = format!("{name}: {RECORD}: {error}");
            CliError::new(Exit::Failed, ErrorKind::BadValue, message)
                .hint("ask its owner for another, and give it: st:eth:0x…")
        }),
        _ => Err(none(name)),
    }
}

fn none(name: &Name) -> CliError {
    let message = format!("{name} has no {RECORD}");
    CliError::new(Exit::NotFound, ErrorKind::NoRecord, message).hint(SET)
}
