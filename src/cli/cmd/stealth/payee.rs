//! Who is paid: a meta-address, or a name whose record says one and verifies.

use alloy_primitives::Address;
use namesys::ens::Name;
use namesys::net::Guard;
use namesys::record::{RecordKey, Value};
use namesys::recordhash::{Recordhash, Target};
use namesys::report::ErrorKind;
use namesys::resolve::{
    FetchLimits, Gateway, GivenFacts, NameResolution, NameResolver, OnchainConfig, Sources, Trace,
    resolve_given,
};
use namesys::stealth::MetaAddress;

use super::key_args::RECORD;
use crate::cli::cmd::resolve::record_error;
use crate::cli::context::Context;
use crate::cli::endpoints::GatewayArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::session::parse_name;

/// The payee.
#[derive(Debug, clap::Args)]
pub struct PayeeArgs {
    /// Whom: a name, whose record is verified, or a meta-address (st:eth:0x…)
    #[arg(value_name = "NAME|META")]
    payee: String,
    /// Where the name's records are, in place of the chain's word
    #[arg(long, value_name = "RECORDHASH", requires = "owner")]
    recordhash: Option<Recordhash>,
    /// Who owns the name, in place of the chain's word
    #[arg(long, value_name = "ADDRESS", requires = "recordhash")]
    owner: Option<Address>,
    /// The chain that is meant [default: the workspace's, else the network's]
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
    #[command(flatten)]
    gateways: GatewayArgs,
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
        let of_workspace = context.config()?.map(|config| config.chain_id);
        Ok(self.chain_id.or(of_workspace).or(context.network()?.0.chain_id()))
    }

    /// Reads the meta-address, or resolves the name: what does not verify is never used.
    pub fn get(&self, rpc: &RpcArgs, context: &Context) -> Result<Payee, CliError> {
        if MetaAddress::is_meant(&self.payee) {
            return Ok(Payee { name: None, meta: self.payee.parse::<MetaAddress>()? });
        }
        let name = parse_name(context, &self.payee)?;
        let key = RecordKey::parse(RECORD)?;
        let resolution = match (&self.recordhash, self.owner) {
            (Some(recordhash), Some(owner)) => {
                self.by_hand(&name, recordhash.clone(), owner, &key, context)?
            }
            _ => self.on_chain(&name, &key, rpc, context)?,
        };
        let meta = meta_of(&name, resolution)?;
        Ok(Payee { name: Some(name), meta })
    }

    fn by_hand(
        &self,
        name: &Name,
        recordhash: Recordhash,
        owner: Address,
        key: &RecordKey,
        context: &Context,
    ) -> Result<NameResolution, CliError> {
        let gateways = self.gateways.get(context, context.config()?)?;
        let given = match recordhash.target() {
            Target::Https(url) => Some(url.clone()),
            _ => None,
        };
        let http = context.http_guarded(Some(guard(&gateways, given)))?;
        let chain_id = self.chain_id(context)?.unwrap_or(1);
        let name = name.clone();
        let facts = GivenFacts { name, owner, recordhash, chain_id, approved_signers: Vec::new() };
        context.block_on(async {
            let sources = Sources { gateways, publishers: &[] };
            let (limits, keys) = (FetchLimits::default(), std::slice::from_ref(key));
            Ok(resolve_given(http, sources, limits, facts, keys).await?)
        })
    }

    fn on_chain(
        &self,
        name: &Name,
        key: &RecordKey,
        rpc: &RpcArgs,
        context: &Context,
    ) -> Result<NameResolution, CliError> {
        let gateways = self.gateways.chosen(context, context.config()?)?;
        let http = context.gateway_http(Some(guard(&gateways, None)))?;
        let rpc = rpc.open(context, &context.http()?)?;
        let rpc = rpc.ok_or_else(|| no_rpc(&format!("{name}'s {RECORD}"), context))?;
        let expected = self.chain_id(context)?;
        context.block_on(async {
            let chain_id = rpc.check_chain_id(expected).await?;
            let limits = FetchLimits::default();
            let resolver =
                NameResolver::new(rpc, http, OnchainConfig { chain_id, gateways, limits });
            let keys = std::slice::from_ref(key);
            Ok(resolver.resolve(name, keys, &Trace::default()).await?)
        })
    }
}

fn guard(gateways: &[Gateway], given: Option<url::Url>) -> Guard {
    Guard::trusting(gateways.iter().filter_map(Gateway::trusted_url).chain(given))
}

/// What the record says, once it verified.
fn meta_of(name: &Name, resolution: NameResolution) -> Result<MetaAddress, CliError> {
    if let Some(error) = resolution.unfetched {
        return Err(error.into());
    }
    let record = resolution.records.into_iter().next();
    let record = record.ok_or_else(|| none(name))?;
    let value = record.value.map_err(|error| {
        let error = record_error(&error);
        CliError { message: format!("{name}: {RECORD}: {}", error.message), ..error }
    })?;
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
    CliError::new(Exit::NotFound, ErrorKind::NoRecord, message)
        .hint("its owner sets one: namesys stealth set")
}
