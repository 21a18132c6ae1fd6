//! `import --from-chain`: what any resolver says of a name today.

use namesys::ens::Name;
use namesys::net::Guard;
use namesys::record::{RecordKey, Value};
use namesys::report::UnreadReport;
use namesys::resolve::{
    FetchLimits, Gateway, NameResolver, OnchainConfig, OnchainRecordError, Trace, profile,
};

use crate::cli::context::Context;
use crate::cli::endpoints::GatewayArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::rpc_args::{RpcArgs, no_rpc};
use crate::cli::session::Session;

/// Where records are taken over from.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct FromChainArgs {
    /// Take over what resolvers on chain say of these names today [default: the workspace's]
    #[arg(long, value_name = "NAME", num_args = 0.., conflicts_with = "file")]
    from_chain: Option<Vec<String>>,
    /// With --from-chain: this record too, beside the usual ones; may be given more than once
    #[arg(long, value_name = "RECORD", requires = "from_chain",
          value_parser = crate::cli::suggest::record_types(), hide_possible_values = true)]
    record: Vec<String>,
    #[command(flatten)]
    gateways: GatewayArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// What was found, and what was not.
pub struct Found {
    pub records: Vec<(Name, RecordKey, Value)>,
    pub unread: Vec<UnreadReport>,
    pub error: Option<CliError>,
}

/// Asks the chain; what does not verify is never taken.
pub fn read(
    args: &FromChainArgs,
    only: Option<&Name>,
    session: &Session,
    context: &Context,
) -> Result<Found, CliError> {
    let config = &session.config;
    let given = args.from_chain.iter().flatten();
    let mut names: Vec<Name> =
        given.map(|name| session.name_given(context, name)).collect::<Result<_, _>>()?;
    let outside = |name: &&Name| only.is_some_and(|only| !name.is_or_is_under(only));
    if let (Some(name), Some(only)) = (names.iter().find(outside), only) {
        let message = format!("{name} is neither {only} nor a name under it (--name)");
        return Err(CliError::usage(message));
    }
    if names.is_empty() {
        names = only.map_or_else(|| config.names().to_vec(), |only| vec![only.clone()]);
    }
    let mut keys = Vec::new();
    if !args.record.is_empty() {
        keys = profile();
        for text in &args.record {
            let key = RecordKey::parse(text)?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let rpc = args.rpc.open(context, &context.http()?)?;
    let rpc = rpc.ok_or_else(|| no_rpc("the records on chain", context))?;
    let gateways = args.gateways.chosen(context, Some(config))?;
    let guard = Guard::trusting(gateways.iter().filter_map(Gateway::trusted_url));
    let http = context.gateway_http(Some(guard))?;
    let mut found = Found { records: Vec::new(), unread: Vec::new(), error: None };
    context.block_on(async {
        let chain_id = rpc.check_chain_id(Some(config.chain_id)).await?;
        let limits = FetchLimits::default();
        let resolver = NameResolver::new(rpc, http, OnchainConfig { chain_id, gateways, limits });
        for name in names {
            match resolver.resolve(&name, &keys, &Trace::default()).await {
                Err(error) => found.failed(&name, None, error.into()),
                Ok(resolution) => {
                    if let Some(error) = resolution.unfetched {
                        found.failed(&name, None, error.into());
                    }
                    for record in resolution.records {
                        match record.value {
                            Ok(value) => found.records.push((name.clone(), record.key, value)),
                            Err(OnchainRecordError::NotSet) => {}
                            Err(error) => {
                                let exit = match error {
                                    OnchainRecordError::Unverified(_) => Exit::Unverified,
                                    _ => Exit::Failed,
                                };
                                let kind = namesys::report::ErrorKind::NotFetched;
                                let error = CliError::new(exit, kind, error.to_string());
                                found.failed(&name, Some(&record.key), error);
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok(found)
}

impl Found {
    /// The rest is taken over; the first of the worst is what the command ends with.
    fn failed(&mut self, name: &Name, key: Option<&RecordKey>, error: CliError) {
        self.unread.push(UnreadReport {
            name: name.to_string(),
            record: key.map(ToString::to_string),
            error: error.report().message,
        });
        let worst = Exit::worst(
            [self.error.as_ref().map(|old| old.exit), Some(error.exit)].into_iter().flatten(),
        );
        if self.error.is_none() || worst != self.error.as_ref().map(|old| old.exit) {
            let message = format!("{name}: {}", error.message);
            self.error = Some(CliError { message, ..error });
        }
    }
}
