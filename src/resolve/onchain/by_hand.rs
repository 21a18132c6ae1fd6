//! Facts that a person gives in the chain's place: the same resolution, without a contract that
//! names gateways or judges what they answer.

use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::{FetchError, FetchLimits, RecordFiles, Sources};
use super::dialect::{Dialect, Terms};
use super::fetched::{Fetched, Layout, flat_file_of, listed};
use super::profile;
use super::resolution::{
    FactsSource, GivenFacts, Judgement, NameResolution, OnchainRecord, OnchainRecordError,
};
use crate::ens::Name;
use crate::net::Http;
use crate::record::RecordKey;
use crate::request::ApprovalCache;

/// Resolves `keys` of a name by facts given by hand; without any, all that the tree lists, or
/// else the usual ones that are set.
///
/// # Errors
/// [`FetchError`] where the files behind the recordhash cannot be had, or the tree has no such
/// name. What is wrong with a single record stands there.
pub async fn resolve_given(
    http: Http,
    sources: impl Into<Sources<'_>>,
    limits: FetchLimits,
    facts: GivenFacts,
    keys: &[RecordKey],
) -> Result<NameResolution, FetchError> {
    let GivenFacts { name, recordhash, .. } = &facts;
    let files =
        RecordFiles::open(http, sources, recordhash, name, limits, Timestamp::now()).await?;
    let mut unlisted = None;
    let wanted: Vec<(RecordKey, Option<Fetched>)> = match keys {
        [] => match listed(&files, name, limits.flat).await {
            Ok(tree) => tree.records.into_iter().map(|(key, file)| (key, Some(file))).collect(),
            Err(error @ (FetchError::NotFound { .. } | FetchError::OverBudget { .. })) => {
                return Err(error);
            }
            Err(error) => {
                unlisted = Some(error);
                profile().into_iter().map(|key| (key, None)).collect()
            }
        },
        keys => keys.iter().map(|key| (key.clone(), None)).collect(),
    };
    let approvals = ApprovalCache::new();
    let records = wanted
        .into_iter()
        .map(|(key, file)| record(&files, &facts, (key, file), limits.flat, &approvals));
    let mut resolution = NameResolution {
        name: name.clone(),
        records: join_all(records).await,
        ipns: files.ipns_record().cloned(),
        notes: files.notes().to_vec(),
        listed: keys.is_empty() && unlisted.is_none(),
        unlisted,
        unfetched: None,
        source: FactsSource::Hand(Box::new(facts)),
    };
    if keys.is_empty() {
        resolution.leave_out_unset();
        resolution.say_unfetched_once();
    }
    Ok(resolution)
}

async fn record(
    files: &RecordFiles,
    facts: &GivenFacts,
    (key, file): (RecordKey, Option<Fetched>),
    flat: bool,
    approvals: &ApprovalCache,
) -> OnchainRecord {
    let file = match file {
        Some(file) => Ok(file),
        None => file_of(files, &facts.name, &key, flat).await,
    };
    let Fetched { payload, gateway, proof, layout } = match file {
        Ok(file) => file,
        Err(error) => return OnchainRecord::of(&key, Err(error.into())),
    };
    let (name, owner, chain_id) = (&facts.name, facts.owner, facts.chain_id);
    let terms = Terms::Ccip2 { name, owner, chain_id };
    let judged = payload.and_then(|payload| {
        let record = layout.decode(&payload).map_err(|error| error.to_string())?;
        let verified = terms.verify(record, &key, &facts.approved_signers, approvals);
        verified.map_err(|error| error.to_string())
    });
    let (value, signed, local) = match judged {
        Ok(record) => {
            let signed = Some((record.signer(), record.basis()));
            (Ok(record.value().clone()), signed, Judgement::Accepted)
        }
        Err(reason) => {
            let error = OnchainRecordError::Unverified(reason.clone());
            (Err(error), None, Judgement::Refused(reason))
        }
    };
    let gateway = Some(gateway);
    let flat = layout == Layout::Flat;
    let record = OnchainRecord::of(&key, value);
    OnchainRecord { signed, gateway, proof, local: Some(local), flat, ..record }
}

/// The file that the resolver asks for; where there is none, with `flat` that of the older layout.
async fn file_of(
    files: &RecordFiles,
    name: &Name,
    key: &RecordKey,
    flat: bool,
) -> Result<Fetched, FetchError> {
    let found = files.fetch(name, &Dialect::Ccip2.path(name, key)).await;
    match found {
        Err(error @ FetchError::NotFound { .. }) if flat => {
            flat_file_of(files, name, key).await.ok_or(error)
        }
        found => found.map(|file| Fetched::new(file, Layout::Nested)),
    }
}
