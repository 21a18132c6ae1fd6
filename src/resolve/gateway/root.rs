//! From an IPNS name to the root its newest record names.

use std::time::Duration;

use cid::Cid;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::error::{FetchError, GatewayNote};
use super::hop::IpnsHop;
use super::other_name::other_record;
use super::served::Served;
use super::{GatewayRecords, IpnsSeen, Sources};
use crate::ens::Name;
use crate::ipns::{PublishError, RecordError, RecordSource, VerifiedRecord};
use crate::keys::IpnsName;
use crate::net::Http;
use crate::recordhash::base36;

/// How long the others are waited for once one has served a valid record.
const GRACE: Duration = Duration::from_secs(2);

/// What gateways and publishers say about an IPNS name.
#[derive(Default)]
pub(super) struct Survey {
    /// The newest valid record.
    pub(super) newest: Option<Newest>,
    /// Everybody who served a record of the name, and its sequence.
    pub(super) seen: Vec<IpnsSeen>,
    /// The sequence of one that is newer than the newest valid one, and has expired.
    pub(super) superseded: Option<u64>,
    /// What the others did, and who is behind.
    pub(super) notes: Vec<GatewayNote>,
    /// The gateways (by number) that serve files but no IPNS records.
    pub(super) without_records: Vec<usize>,
    /// The gateways that served a record that does not hold, and why it does not.
    pub(super) refuted: Vec<GatewayNote>,
}

/// The newest valid record, and who served it.
pub(super) struct Newest {
    pub(super) record: Served,
    /// In words.
    pub(super) from: String,
    /// The gateway by number; none where it was a publisher.
    pub(super) gateway: Option<usize>,
}

/// What one of those who are asked, by number, has.
type Said = (usize, Result<Option<Served>, PublishError>);

/// Asks every gateway and publisher for its record of `key` and takes the newest valid one.
///
/// # Errors
/// When there is none, and no gateway is left that may serve files without: that none is known
/// ([`FetchError::NotPublished`]), that those served are bad, or that all failed.
pub(super) async fn survey(
    http: &Http,
    sources: &Sources<'_>,
    key: &IpnsName,
    name: &Name,
    now: Timestamp,
) -> Result<Survey, FetchError> {
    let gateways = gateways(http, sources, name);
    let publishers = sources.publishers.iter().map(|publisher| &**publisher as &dyn RecordSource);
    let all = gateways.iter().map(|gateway| gateway as &dyn RecordSource).chain(publishers);
    let all: Vec<&dyn RecordSource> = all.collect();
    let asking = all.iter().copied().enumerate();
    let served = |got: Result<Option<VerifiedRecord>, PublishError>| {
        got.map(|record| record.as_ref().map(Served::of))
    };
    let asking = asking.map(|(number, of)| of.get(key).map(move |got| (number, served(got))));
    let names: Vec<String> = all.iter().map(|source| source.describe()).collect();
    gather(asking.collect(), &names, gateways.len(), now).await.end(&key.to_string())
}

/// As [`survey`], of a name of another kind of key. Publishers keep none of these.
pub(super) async fn survey_other(
    http: &Http,
    sources: &Sources<'_>,
    key: &Cid,
    name: &Name,
    now: Timestamp,
) -> Result<Survey, FetchError> {
    let gateways = gateways(http, sources, name);
    let asking = gateways.iter().enumerate();
    let asking = asking.map(|(number, of)| other_record(of, key).map(move |got| (number, got)));
    let names: Vec<String> = gateways.iter().map(RecordSource::describe).collect();
    gather(asking.collect(), &names, gateways.len(), now).await.end(&base36(key))
}

/// Takes what they say until all have, or enough time has passed since the first good one.
async fn gather<F: Future<Output = Said>>(
    mut asked: FuturesUnordered<F>,
    names: &[String],
    gateways: usize,
    now: Timestamp,
) -> Found {
    let mut found = Found { gateways, ..Found::default() };
    let mut silent: Vec<usize> = (0..names.len()).collect();
    loop {
        let next = match found.first {
            Some(first) => timeout_at(first + GRACE, asked.next()).await.unwrap_or_default(),
            None => asked.next().await,
        };
        let Some((number, answer)) = next else { break };
        silent.retain(|other| *other != number);
        found.take(number, names[number].clone(), answer, now);
    }
    for number in silent {
        let reason = format!("no answer {} s after another; not waited for", GRACE.as_secs());
        found.survey.notes.push(GatewayNote { gateway: names[number].clone(), reason });
    }
    found
}

/// The gateways as sources of records; with others beside it, each is asked twice at most.
fn gateways(http: &Http, sources: &Sources<'_>, name: &Name) -> Vec<GatewayRecords> {
    let has_others = sources.gateways.len() + sources.publishers.len() > 1;
    let records = |gateway: &super::Gateway| {
        let records = GatewayRecords::new(http.clone(), gateway.clone(), name.clone());
        if has_others { records.with_others() } else { records }
    };
    sources.gateways.iter().map(records).collect()
}

/// What was found so far.
#[derive(Default)]
struct Found {
    survey: Survey,
    /// When the first valid record came.
    first: Option<Instant>,
    has_failures: bool,
    /// How many of those who are asked are gateways: the first.
    gateways: usize,
}

impl Found {
    fn take(
        &mut self,
        number: usize,
        from: String,
        answer: Result<Option<Served>, PublishError>,
        now: Timestamp,
    ) {
        let Self { survey, first, has_failures, gateways } = self;
        let mut refuted = |reason: String| {
            survey.refuted.push(GatewayNote { gateway: from.clone(), reason: reason.clone() });
            reason
        };
        let reason = match answer {
            Ok(Some(record)) => {
                let (sequence, expired) = (record.fields.sequence, record.fields.is_expired(now));
                survey.seen.push(IpnsSeen { from: from.clone(), sequence, expired });
                if !expired {
                    first.get_or_insert_with(Instant::now);
                    let newest = survey.newest.as_ref();
                    if newest.is_none_or(|newest| record.supersedes(&newest.record)) {
                        let gateway = (number < *gateways).then_some(number);
                        survey.newest = Some(Newest { record, from, gateway });
                    }
                    return;
                }
                let validity = record.fields.validity;
                refuted(RecordError::Expired { validity, now }.to_string())
            }
            Ok(None) => "it has no record of this name".to_owned(),
            Err(
                error @ (PublishError::NoRecord(_)
                | PublishError::BadRecord { .. }
                | PublishError::Contradiction { .. }),
            ) => refuted(error.to_string()),
            Err(error) => {
                match error {
                    PublishError::FilesOnly(_) => survey.without_records.push(number),
                    _ => *has_failures = true,
                }
                error.to_string()
            }
        };
        survey.notes.push(GatewayNote { gateway: from, reason });
    }

    fn end(self, name: &str) -> Result<Survey, FetchError> {
        let Self { mut survey, has_failures, .. } = self;
        survey.without_records.sort_unstable();
        if let Some(newest) = &survey.newest {
            let newest = newest.record.fields.sequence;
            survey.seen.sort_by(|a, b| b.sequence.cmp(&a.sequence).then(a.from.cmp(&b.from)));
            survey.superseded =
                survey.seen.first().map(|seen| seen.sequence).filter(|seen| *seen > newest);
            let behind = survey.seen.iter().filter(|seen| !seen.expired && seen.sequence < newest);
            let notes = behind.map(|seen| GatewayNote {
                gateway: seen.from.clone(),
                reason: format!(
                    "it still has sequence {} of the IPNS record; the newest is {newest}",
                    seen.sequence
                ),
            });
            survey.notes.extend(notes);
            return Ok(survey);
        }
        if !survey.without_records.is_empty() {
            return Ok(survey);
        }
        let (name, notes) = (name.to_owned(), survey.notes);
        Err(match (survey.refuted.is_empty(), has_failures) {
            (false, _) => FetchError::BadIpnsRecord { name, notes },
            (_, true) => FetchError::Failed { what: format!("the IPNS record of {name}"), notes },
            _ => FetchError::NotPublished { name, notes },
        })
    }
}

/// Names behind the first one, at most.
const MAX_HOPS: usize = 8;

/// Where a record's value leads, through other names or at once.
pub(super) struct Followed {
    pub(super) root: Cid,
    /// Below the root.
    pub(super) prefix: Vec<String>,
    pub(super) hops: Vec<IpnsHop>,
    /// What the surveys of those names said.
    pub(super) notes: Vec<GatewayNote>,
    pub(super) refuted: Vec<GatewayNote>,
}

/// Why it leads nowhere.
pub(super) enum Astray {
    /// In words, of the value.
    Value(String),
    /// A name on the way cannot be resolved.
    Name(FetchError),
}

/// Follows the value of a record to content.
pub(super) async fn follow(
    http: &Http,
    sources: &Sources<'_>,
    value: &str,
    name: &Name,
    now: Timestamp,
) -> Result<Followed, Astray> {
    let (mut value, mut below) = (value.to_owned(), Vec::new());
    let (mut hops, mut notes, mut refuted) = (Vec::<IpnsHop>::new(), Vec::new(), Vec::new());
    loop {
        let (next, mut path) = match leads_to(&value).map_err(Astray::Value)? {
            (Leads::Content(root), mut prefix) => {
                prefix.append(&mut below);
                return Ok(Followed { root, prefix, hops, notes, refuted });
            }
            (Leads::Name(next), path) => (next, path),
        };
        path.append(&mut below);
        below = path;
        if hops.len() == MAX_HOPS || hops.iter().any(|hop| hop.name == next) {
            let reason = format!("it leads through more than {MAX_HOPS} names, or in a circle");
            return Err(Astray::Value(reason));
        }
        let survey = survey(http, sources, &next, name, now).await.map_err(Astray::Name)?;
        notes.extend(survey.notes);
        refuted.extend(survey.refuted);
        let Some(newest) = survey.newest else {
            let what = format!("the IPNS record of {next}");
            return Err(Astray::Name(FetchError::Failed { what, notes }));
        };
        let fields = newest.record.fields;
        value.clone_from(&fields.value);
        hops.push(IpnsHop {
            name: next,
            gateway: newest.from,
            sequence: fields.sequence,
            value: value.clone(),
            superseded: survey.superseded,
        });
    }
}

enum Leads {
    Content(Cid),
    Name(IpnsName),
}

/// What a record's value names, and the path below it: `/ipfs/<cid>[/…]`, `/ipns/<name>[/…]`.
fn leads_to(value: &str) -> Result<(Leads, Vec<String>), String> {
    let mut segments = value.split('/').filter(|part| !part.is_empty());
    let (space, first) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let below = segments.map(str::to_owned).collect();
    let shown: String = value.chars().take(200).collect();
    match space {
        "ipfs" if value.starts_with('/') => {
            let root = Cid::try_from(first).ok().and_then(|cid| cid.into_v1().ok());
            let root = root.ok_or_else(|| format!("its IPNS record names {shown:?}, no CID"))?;
            Ok((Leads::Content(root), below))
        }
        "ipns" if value.starts_with('/') && first.contains('.') => Err(format!(
            "its IPNS record points to the DNSLink name {first}, and what DNS says cannot be \
             verified"
        )),
        "ipns" if value.starts_with('/') => match first.parse() {
            Ok(name) => Ok((Leads::Name(name), below)),
            Err(error) => Err(format!("its IPNS record points to another name: {error}")),
        },
        _ => Err(format!("its IPNS record names {shown:?}, neither /ipfs/<cid> nor /ipns/<name>")),
    }
}
