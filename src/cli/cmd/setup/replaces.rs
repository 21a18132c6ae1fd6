//! What a setup takes away, or does not bring yet: records on chain that are no longer read with
//! another resolver, and a key under which nothing is published.

use std::collections::BTreeSet;

use namesys::chain::Rpc;
use namesys::chain::setup::{Pointer, SetupRequest, SetupTransaction, SignerStanding, Standing};
use namesys::ens::Name;
use namesys::keys::IpnsName;
use namesys::net::{Guard, Http};
use namesys::recordhash::Target;
use namesys::report::ReplacedReport;
use namesys::resolve::{FetchLimits, Gateway, NameResolver, OnchainConfig, OnchainRecord, Trace};
use namesys::workspace::Records;

use super::checks::{no_longer, relies_on, revoked};
use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, PublisherArgs};
use crate::cli::error::CliError;
use crate::cli::session::Session;

/// Records named in a warning; JSON has them all.
const SHOWN: usize = 8;

/// What is found, and how it is told.
#[derive(Default)]
pub struct Found {
    pub replaces: Vec<ReplacedReport>,
    pub warnings: Vec<String>,
}

/// The records that are read now, by whatever resolver stands, and would not be read any more.
pub async fn replaced(
    rpc: &Rpc,
    chain_id: u64,
    standing: &Standing,
    request: &SetupRequest,
    wanted: Option<&Records>,
    context: &Context,
) -> Result<Found, CliError> {
    let mut found = Found::default();
    if standing.resolver_now.is_zero() || standing.resolver_now == standing.resolver {
        return Ok(found);
    }
    let http: Http = context.gateway_http(Some(Guard::trusting([])))?;
    let config = OnchainConfig { chain_id, gateways: Vec::new(), limits: FetchLimits::default() };
    let resolver = NameResolver::new(rpc.clone(), http, config);
    let name = &request.name;
    let resolution = match resolver.resolve(name, &[], &Trace::default()).await {
        Ok(resolution) => resolution,
        Err(error) => {
            found.warnings.push(format!(
                "what {name} has at its resolver {} now could not be read: {error}",
                standing.resolver_now
            ));
            return Ok(found);
        }
    };
    let is_wanted = |key, value| wanted.and_then(|wanted| wanted.get(name, key)) == Some(value);
    for record in &resolution.records {
        let Ok(value) = &record.value else { continue };
        if !is_wanted(&record.key, value) {
            let (record, value) = (record.key.to_string(), value.to_string());
            found.replaces.push(ReplacedReport { name: name.to_string(), record, value });
        }
    }
    found.warnings.extend(warning(name, &found.replaces, "with another resolver"));
    Ok(found)
}

/// What is said of them; `how` they are hidden.
pub fn warning(name: &Name, replaces: &[ReplacedReport], how: &str) -> Option<String> {
    let mut keys: Vec<&str> =
        replaces.iter().take(SHOWN).map(|replaced| replaced.record.as_str()).collect();
    let more = format!("{} more", replaces.len().saturating_sub(SHOWN));
    if replaces.len() > SHOWN {
        keys.push(&more);
    }
    (!keys.is_empty()).then(|| {
        format!(
            "{how} these records of {name} are no longer read: {}; namesys import \
             --from-chain {name} takes them over",
            keys.join(", ")
        )
    })
}

/// What no longer verifies once approvals are taken back, of a name that has no workspace here: a
/// warning for each signer.
pub async fn unverified(
    rpc: &Rpc,
    chain_id: u64,
    standing: &Standing,
    request: &SetupRequest,
    seen: &[SetupTransaction],
    context: &Context,
) -> Vec<String> {
    let is_base = |one: &&SignerStanding| one.name == standing.base.name;
    let mut revoked = revoked(standing, seen);
    if standing.resolver_now != standing.resolver {
        revoked.retain(|one| !is_base(one));
    }
    if revoked.is_empty() {
        return Vec::new();
    }
    let unread = |name: &Name, error: &dyn std::fmt::Display| {
        vec![format!("what of {name} no longer verifies then could not be read: {error}")]
    };
    let opened = GatewayArgs::default().chosen(context, None).and_then(|gateways| {
        let guard = Guard::trusting(gateways.iter().filter_map(Gateway::trusted_url));
        Ok((context.gateway_http(Some(guard))?, gateways))
    });
    let (http, gateways) = match opened {
        Ok(opened) => opened,
        Err(error) => return unread(&request.name, &error.message),
    };
    let config = OnchainConfig { chain_id, gateways, limits: FetchLimits::default() };
    let resolver = NameResolver::new(rpc.clone(), http, config);
    let names: BTreeSet<&Name> = revoked.iter().map(|one| &one.name).collect();
    let mut found = Vec::new();
    for level in names {
        // A name below is read for itself; its approval is of the name that the registry has.
        let name = if *level == standing.base.name { &request.name } else { level };
        let records = match resolver.resolve(name, &[], &Trace::default()).await {
            Ok(resolution) => resolution.records,
            Err(error) => {
                found.extend(unread(name, &error));
                continue;
            }
        };
        let warning = |revoked: &&SignerStanding| {
            let relies = |record: &&OnchainRecord| {
                record
                    .signed
                    .is_some_and(|(signer, basis)| relies_on(signer, basis, revoked.signer))
            };
            let mut keys = records.iter().filter(relies).map(|record| record.key.to_string());
            let first = keys.next()?;
            Some(no_longer(name, revoked.signer, 1 + keys.count(), &first))
        };
        let its = revoked.iter().copied().filter(|one| one.name == *level);
        found.extend(its.filter_map(|one| warning(&one)));
    }
    found
}

/// A warning where nobody has a record under the key that is to be set, or that cannot be asked.
pub async fn unpublished(
    pointer: Option<&Pointer>,
    session: &Session,
    context: &Context,
) -> Option<String> {
    let (Pointer::Recordhash(hash) | Pointer::Ownerhash(hash)) = pointer?;
    let Target::Ipns(name) = hash.target() else { return None };
    // Setting up needs no publisher: one that cannot be used here is only not asked.
    let publishers = match PublisherArgs::default().get(context, Some(&session.config)) {
        Ok(publishers) => publishers,
        Err(error) => return Some(not_asked(name, &error.message)),
    };
    let mut silent = None;
    for publisher in &publishers {
        match publisher.get(name).await {
            Ok(Some(_)) => return None,
            Ok(None) => {}
            Err(error) => _ = silent.get_or_insert(error),
        }
    }
    Some(match (silent, publishers.is_empty()) {
        (Some(error), _) => not_asked(name, &error.to_string()),
        (None, true) => not_asked(name, "no publisher is configured"),
        (None, false) => format!(
            "nothing is published under {name} yet, so that there would be no records: namesys \
             publish first"
        ),
    })
}

fn not_asked(name: &IpnsName, reason: &str) -> String {
    format!("whether anything is published under {name} could not be asked of all: {reason}")
}
