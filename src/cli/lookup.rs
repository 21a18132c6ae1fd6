//! One verified record of a name, for commands that go on with it.

use namesys::ens::Name;
use namesys::net::Guard;
use namesys::record::{RecordKey, Value};
use namesys::recordhash::{Recordhash, Target};
use namesys::report::ErrorKind;
use namesys::resolve::{
    FetchLimits, Gateway, GivenFacts, NameResolution, NameResolver, OnchainConfig, Sources, Trace,
    resolve_given,
};
use namesys::wallet::Address;
use namesys::workspace::Config;

use super::cmd::resolve::record_error;
use super::context::Context;
use super::endpoints::GatewayArgs;
use super::error::{CliError, Exit};
use super::rpc_args::{RpcArgs, no_rpc};

/// Where a name's records are looked up: on chain, or by what a person says in its place.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Looking up the record")]
pub struct LookupArgs {
    /// Where the name's records are, in place of the chain's word, as of resolve
    #[arg(long, value_name = "RECORDHASH", requires = "owner")]
    recordhash: Option<Recordhash>,
    /// Who owns the name, in place of the chain's word
    #[arg(long, value_name = "ADDRESS", requires = "recordhash",
          value_parser = super::wallet_args::address)]
    owner: Option<Address>,
    /// A signer, or a manager, that the owner approved on chain; may be given more than once
    #[arg(long, value_name = "ADDRESS", requires = "owner",
          value_parser = super::wallet_args::address)]
    approved_signer: Vec<Address>,
    #[command(flatten)]
    gateways: GatewayArgs,
    /// Ask gateways in private networks too, where a contract, a record or a redirect names them
    #[arg(long)]
    allow_private_gateways: bool,
    #[command(flatten)]
    pub rpc: RpcArgs,
}

/// The chain of what is said by hand, where nothing says another.
const BY_HAND: u64 = 1;

impl LookupArgs {
    /// The chain that the record is looked up on, and whoever goes on from it has to stay on:
    /// the one that is known, else that of facts said by hand.
    pub fn chain(&self, known: Option<u64>) -> Option<u64> {
        known.or(self.recordhash.is_some().then_some(BY_HAND))
    }

    /// The verified value of a record, of the name that `--recordhash` and `--owner` are of where
    /// they are given.
    ///
    /// # Errors
    /// Exit 3 for what does not verify, 4 for what is not set, 1 for what could not be asked.
    pub fn value(
        &self,
        name: &Name,
        key: &RecordKey,
        config: Option<&Config>,
        context: &Context,
    ) -> Result<Value, CliError> {
        self.value_on((name, key), chain_id(config, context)?, config, context)
    }

    /// As [`value`](Self::value), on the chain that is meant.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn value_on(
        &self,
        (name, key): (&Name, &RecordKey),
        chain_id: Option<u64>,
        config: Option<&Config>,
        context: &Context,
    ) -> Result<Value, CliError> {
        let (Some(recordhash), Some(owner)) = (&self.recordhash, self.owner) else {
            return self.by_chain((name, key), chain_id, config, context);
        };
        let gateways = self.gateways.get(context, config)?;
        let http = context.http_guarded(self.guard(&gateways, Some(recordhash)))?;
        let facts = GivenFacts {
            name: name.clone(),
            owner,
            recordhash: recordhash.clone(),
            chain_id: chain_id.unwrap_or(BY_HAND),
            approved_signers: self.approved_signer.clone(),
        };
        let resolution = context.block_on(async {
            let sources = Sources { gateways, publishers: &[] };
            let keys = std::slice::from_ref(key);
            Ok(resolve_given(http, sources, FetchLimits::default(), facts, keys).await?)
        })?;
        of(resolution, key)
    }

    /// The same by the chain's word, of any name.
    ///
    /// # Errors
    /// As [`value`](Self::value); exit 2 without a node.
    pub fn value_on_chain(
        &self,
        name: &Name,
        key: &RecordKey,
        config: Option<&Config>,
        context: &Context,
    ) -> Result<Value, CliError> {
        self.by_chain((name, key), chain_id(config, context)?, config, context)
    }

    fn by_chain(
        &self,
        (name, key): (&Name, &RecordKey),
        expected: Option<u64>,
        config: Option<&Config>,
        context: &Context,
    ) -> Result<Value, CliError> {
        let rpc = self.rpc.open(context, &context.http()?)?;
        let rpc = rpc.ok_or_else(|| no_rpc(&format!("{name} {key}"), context))?;
        let gateways = self.gateways.chosen(context, config)?;
        let http = context.gateway_http(self.guard(&gateways, None))?;
        let resolution = context.block_on(async {
            let chain_id = rpc.check_chain_id(expected).await?;
            let limits = FetchLimits::default();
            let resolver =
                NameResolver::new(rpc, http, OnchainConfig { chain_id, gateways, limits });
            let keys = std::slice::from_ref(key);
            Ok(resolver.resolve(name, keys, &Trace::default()).await?)
        })?;
        of(resolution, key)
    }

    /// Trusts the gateways that were chosen, and an address given by hand.
    fn guard(&self, gateways: &[Gateway], given: Option<&Recordhash>) -> Option<Guard> {
        let given = given.and_then(|recordhash| match recordhash.target() {
            Target::Https(url) => Some(url.clone()),
            _ => None,
        });
        let trusted = gateways.iter().filter_map(Gateway::trusted_url).chain(given);
        (!self.allow_private_gateways).then(|| Guard::trusting(trusted))
    }
}

/// The chain that is expected: the workspace's, else the network's.
pub fn chain_id(config: Option<&Config>, context: &Context) -> Result<Option<u64>, CliError> {
    Ok(config.map(|config| config.chain_id).or(context.network()?.0.chain_id()))
}

fn of(resolution: NameResolution, key: &RecordKey) -> Result<Value, CliError> {
    let name = resolution.name;
    if let Some(error) = resolution.unfetched {
        return Err(error.into());
    }
    let found = resolution.records.into_iter().find(|record| record.key == *key);
    let Some(record) = found else {
        let message = format!("{name} has no {key}");
        return Err(CliError::new(Exit::NotFound, ErrorKind::NoRecord, message));
    };
    if let (true, Some(gateway)) = (record.gateways_word, &record.gateway) {
        let message = format!(
            "{name} {key} is what the gateway {gateway} says, signed by nobody: it could not be \
             checked"
        );
        return Err(CliError::new(Exit::Failed, ErrorKind::Unproven, message).hint(
            "namesys resolve shows it; what is relied on here has to be signed by the owner's \
             signer, or to be on chain",
        ));
    }
    record.value.map_err(|error| {
        let error = record_error(&error);
        CliError { message: format!("{name} {key}: {}", error.message), ..error }
    })
}
