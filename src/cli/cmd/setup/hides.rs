//! What a change of recordhash or ownerhash hides, under the same resolver: records that are read
//! now and are not in the tree that comes.

use std::collections::BTreeMap;

use alloy_primitives::Bytes;
use namesys::chain::setup::{Pointer, SetupRequest, Standing};
use namesys::chain::{RecordhashSource, Rpc};
use namesys::net::Guard;
use namesys::record::{RecordKey, Value};
use namesys::recordhash::Recordhash;
use namesys::report::ReplacedReport;
use namesys::request::ApprovalBasis;
use namesys::resolve::{
    FetchError, FetchLimits, Gateway, GivenFacts, NameResolver, OnchainConfig, OnchainRecord,
    Sources, Trace, resolve_given,
};
use namesys::workspace::Records;

use super::replaces::{Found, warning};
use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, PublisherArgs};
use crate::cli::error::CliError;
use crate::cli::session::Session;

/// Where the records of a name are said to be from then on; none where that stays.
fn comes(request: &SetupRequest, standing: &Standing) -> Option<Bytes> {
    let is_base = request.name == standing.base.name;
    let by_owner = matches!(standing.walk.source, RecordhashSource::Owner(_));
    let is_cleared = request.clear.recordhash && !standing.recordhash.is_empty();
    let ownerhash = match &request.pointer {
        Some(Pointer::Ownerhash(hash)) => hash.contract_bytes().into(),
        _ if request.clear.ownerhash => Bytes::new(),
        _ => standing.ownerhash.clone(),
    };
    let comes = match &request.pointer {
        Some(Pointer::Recordhash(hash)) => hash.contract_bytes().into(),
        _ if is_cleared && is_base || by_owner => ownerhash,
        // Then that of a name above it applies, or its own does as before.
        _ => return None,
    };
    (comes != standing.walk.recordhash && !standing.walk.recordhash.is_empty()).then_some(comes)
}

/// The records that are read now and would not be read any more, though the resolver stays.
pub async fn hidden(
    rpc: &Rpc,
    chain_id: u64,
    standing: &Standing,
    request: &SetupRequest,
    wanted: Option<&Records>,
    (session, context): (Option<&Session>, &Context),
) -> Result<Found, CliError> {
    let mut found = Found::default();
    if standing.resolver_now != standing.resolver {
        return Ok(found);
    }
    let Some(comes) = comes(request, standing) else { return Ok(found) };
    let config = session.map(|session| &session.config);
    let chosen = GatewayArgs::default().chosen(context, config)?;
    let guard = Guard::trusting(chosen.iter().filter_map(Gateway::trusted_url));
    let http = context.gateway_http(Some(guard))?;
    let limits = FetchLimits::default();
    let of_chain = OnchainConfig { chain_id, gateways: chosen, limits };
    let resolver = NameResolver::new(rpc.clone(), http, of_chain);
    let name = &request.name;
    let now: Vec<OnchainRecord> = match resolver.resolve(name, &[], &Trace::default()).await {
        Ok(resolution) => match resolution.unfetched {
            None => resolution.records,
            Some(error) => return Ok(unread(found, request, standing, &error)),
        },
        Err(error) => return Ok(unread(found, request, standing, &error)),
    };
    let then = match comes.is_empty() {
        true => BTreeMap::new(),
        false => match there(&comes, &now, (standing, chain_id), request, (session, context)).await
        {
            Ok(then) => then,
            // What is wanted here will be there.
            Err(reason) => {
                found.warnings.push(format!(
                    "what {name} will have under the new recordhash could not be read: {reason}"
                ));
                let of_name = |wanted: &Records| {
                    let of_name = wanted.iter().filter(|(its, ..)| *its == name);
                    of_name.map(|(_, key, value)| (key.clone(), value.clone())).collect()
                };
                wanted.map(of_name).unwrap_or_default()
            }
        },
    };
    for record in &now {
        let Ok(value) = &record.value else { continue };
        if then.get(&record.key) != Some(value) {
            let (record, value) = (record.key.to_string(), value.to_string());
            found.replaces.push(ReplacedReport { name: name.to_string(), record, value });
        }
    }
    let how = match comes.is_empty() {
        true => "without a recordhash",
        false => "with another recordhash",
    };
    found.warnings.extend(warning(name, &found.replaces, how));
    Ok(found)
}

fn unread(
    mut found: Found,
    request: &SetupRequest,
    standing: &Standing,
    error: &dyn std::fmt::Display,
) -> Found {
    let (name, walk) = (&request.name, &standing.walk);
    found.warnings.push(format!("what {name} has now, {walk}, could not be read: {error}"));
    found
}

/// The records of the name in the tree that comes, or why it cannot be read.
async fn there(
    comes: &Bytes,
    now: &[OnchainRecord],
    (standing, chain_id): (&Standing, u64),
    request: &SetupRequest,
    (session, context): (Option<&Session>, &Context),
) -> Result<BTreeMap<RecordKey, Value>, String> {
    let config = session.map(|session| &session.config);
    let in_words = |error: CliError| error.message;
    let recordhash = Recordhash::parse(comes).map_err(|error| error.to_string())?;
    let gateways = GatewayArgs::default().get(context, config).map_err(in_words)?;
    let publishers = PublisherArgs::default().get(context, config).map_err(in_words)?;
    let guard = Guard::trusting(gateways.iter().filter_map(Gateway::trusted_url));
    let http = context.gateway_http(Some(guard)).map_err(in_words)?;
    // Whom the chain approved, as far as what is read now shows it.
    let by_chain = now.iter().filter_map(|record| match record.signed? {
        (signer, ApprovalBasis::OnChain) => Some(signer),
        (_, ApprovalBasis::SignedByManager(manager)) => Some(manager),
        _ => None,
    });
    let asked = standing.signers.iter().filter(|one| one.wanted || one.is_approved);
    let given = GivenFacts {
        name: request.name.clone(),
        owner: standing.walk.owner,
        recordhash,
        chain_id: standing.text_chain_id.unwrap_or(chain_id),
        approved_signers: by_chain.chain(asked.map(|one| one.signer)).collect(),
    };
    let sources = Sources { gateways, publishers: &publishers };
    let records = match resolve_given(http, sources, FetchLimits::default(), given, &[]).await {
        Ok(resolution) => match resolution.unfetched {
            None => resolution.records,
            Some(error) => return Err(error.to_string()),
        },
        Err(FetchError::NotFound { proven: true, .. }) => Vec::new(),
        Err(error) => return Err(error.to_string()),
    };
    let value = |record: OnchainRecord| Some((record.key, record.value.ok()?));
    Ok(records.into_iter().filter_map(value).collect())
}
