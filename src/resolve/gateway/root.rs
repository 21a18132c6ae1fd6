//! From an IPNS name to the root its newest record names.

use std::time::Duration;

use cid::Cid;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::error::{FetchError, GatewayNote};
use super::form::{Content, Gateway};
use super::{IpnsSeen, Sources};
use crate::ens::Name;
use crate::ipns::{
    MAX_RECORD_BYTES, PublishError, Publisher, RECORD_MEDIA_TYPE, RecordError, UnverifiedRecord,
    VerifiedRecord,
};
use crate::keys::IpnsName;
use crate::net::{Http, NetError, Request, Response};

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
    pub(super) record: VerifiedRecord,
    /// In words.
    pub(super) from: String,
    /// The gateway by number; none where it was a publisher.
    pub(super) gateway: Option<usize>,
}

/// What one of them says.
pub(super) enum Answer {
    Record(Box<VerifiedRecord>),
    /// It knows none.
    None,
    /// One that does not hold.
    Bad(String),
    /// One of the name whose time is over.
    Expired {
        sequence: u64,
        reason: String,
    },
    /// It does not serve IPNS records.
    Incapable(String),
    Failed(String),
}

/// Who was asked.
#[derive(Clone, Copy)]
enum Asked {
    Gateway(usize),
    Publisher(usize),
}

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
    let Sources { gateways, publishers } = sources;
    let has_others = gateways.len() + publishers.len() > 1;
    let of_gateways = gateways.iter().enumerate().map(|(number, gateway)| {
        let answer = ask(http, gateway, key, name, now, has_others);
        async move { (Asked::Gateway(number), answer.await) }.boxed()
    });
    let of_publishers = publishers.iter().enumerate().map(|(number, publisher)| {
        async move { (Asked::Publisher(number), ask_publisher(&**publisher, key, now).await) }
            .boxed()
    });
    let mut asked: FuturesUnordered<_> = of_gateways.chain(of_publishers).collect();
    let mut found = Found::default();
    let mut silent: Vec<Asked> = (0..gateways.len()).map(Asked::Gateway).collect();
    silent.extend((0..publishers.len()).map(Asked::Publisher));
    loop {
        let next = match found.first {
            Some(first) => timeout_at(first + GRACE, asked.next()).await.unwrap_or_default(),
            None => asked.next().await,
        };
        let Some((who, answer)) = next else { break };
        silent.retain(|other| !other.is(who));
        found.take(who, who.label(sources), answer);
    }
    for who in silent {
        let reason = format!("no answer {} s after another; not waited for", GRACE.as_secs());
        found.survey.notes.push(GatewayNote { gateway: who.label(sources), reason });
    }
    found.end(key)
}

impl Asked {
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Gateway(a), Self::Gateway(b)) | (Self::Publisher(a), Self::Publisher(b)) => {
                a == b
            }
            _ => false,
        }
    }

    fn label(self, sources: &Sources<'_>) -> String {
        match self {
            Self::Gateway(number) => sources.gateways[number].to_string(),
            Self::Publisher(number) => sources.publishers[number].describe(),
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    survey: Survey,
    /// When the first valid record came.
    first: Option<Instant>,
    has_failures: bool,
}

impl Found {
    fn take(&mut self, who: Asked, label: String, answer: Answer) {
        let Self { survey, first, has_failures } = self;
        let reason = match answer {
            Answer::Record(record) => {
                first.get_or_insert_with(Instant::now);
                let sequence = record.fields().sequence;
                survey.seen.push(IpnsSeen { from: label.clone(), sequence, expired: false });
                let newest = survey.newest.as_ref();
                if newest.is_none_or(|newest| record.supersedes(&newest.record)) {
                    let gateway = match who {
                        Asked::Gateway(number) => Some(number),
                        Asked::Publisher(_) => None,
                    };
                    survey.newest = Some(Newest { record: *record, from: label, gateway });
                }
                return;
            }
            Answer::None => "it has no record of this name".to_owned(),
            Answer::Bad(reason) => {
                let note = GatewayNote { gateway: label.clone(), reason: reason.clone() };
                survey.refuted.push(note);
                reason
            }
            Answer::Expired { sequence, reason } => {
                let note = GatewayNote { gateway: label.clone(), reason: reason.clone() };
                survey.refuted.push(note);
                survey.seen.push(IpnsSeen { from: label.clone(), sequence, expired: true });
                reason
            }
            Answer::Incapable(reason) => {
                if let Asked::Gateway(number) = who {
                    survey.without_records.push(number);
                }
                reason
            }
            Answer::Failed(reason) => {
                *has_failures = true;
                reason
            }
        };
        survey.notes.push(GatewayNote { gateway: label, reason });
    }

    fn end(self, key: &IpnsName) -> Result<Survey, FetchError> {
        let Self { mut survey, has_failures, .. } = self;
        survey.without_records.sort_unstable();
        if let Some(newest) = &survey.newest {
            let newest = newest.record.fields().sequence;
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
        let (name, notes) = (*key, survey.notes);
        Err(match (survey.refuted.is_empty(), has_failures) {
            (false, _) => FetchError::BadIpnsRecord { name, notes },
            (_, true) => FetchError::Failed { what: format!("the IPNS record of {name}"), notes },
            _ => FetchError::NotPublished { name, notes },
        })
    }
}

async fn ask_publisher(publisher: &dyn Publisher, key: &IpnsName, now: Timestamp) -> Answer {
    match publisher.get(key).await {
        Ok(Some(record)) if record.is_expired(now) => {
            let (sequence, validity) = (record.fields().sequence, record.fields().validity.clone());
            let reason = RecordError::Expired { validity, now }.to_string();
            Answer::Expired { sequence, reason }
        }
        Ok(Some(record)) => Answer::Record(Box::new(record)),
        Ok(None) => Answer::None,
        Err(error @ (PublishError::BadRecord { .. } | PublishError::Contradiction { .. })) => {
            Answer::Bad(error.to_string())
        }
        Err(error) => Answer::Failed(error.to_string()),
    }
}

pub(super) async fn ask(
    http: &Http,
    gateway: &Gateway,
    key: &IpnsName,
    name: &Name,
    now: Timestamp,
    has_others: bool,
) -> Answer {
    let unable = |reason: &str| Answer::Incapable(reason.to_owned());
    if gateway.is_by_name() {
        return unable("it is asked by ENS name, which cannot be checked against the recordhash");
    }
    let Some(mut url) = gateway.url(&Content::Ipns(*key), name, &[]) else {
        return Answer::Failed("its template has no place for an IPNS name".to_owned());
    };
    url.set_query(Some("format=ipns-record"));
    let mut request = Request::get(url)
        .accept(RECORD_MEDIA_TYPE)
        .max_body(MAX_RECORD_BYTES)
        .settled_if(is_unknown_name);
    if has_others {
        request = request.attempts(2);
    }
    let answer = match http.send(&request).await {
        Ok(answer) => answer,
        // A listing or a page can be larger than any record.
        Err(NetError::TooLarge { .. }) => return unable("it serves no IPNS records"),
        Err(error) => return Answer::Failed(error.to_string()),
    };
    match answer.status {
        200 if answer.media_type == RECORD_MEDIA_TYPE => {
            let record = match UnverifiedRecord::parse(&answer.body) {
                Ok(record) => record,
                Err(error) => return Answer::Bad(error.to_string()),
            };
            let sequence = record.fields().sequence;
            match record.verify(key, now) {
                Ok(record) => Answer::Record(Box::new(record)),
                // Its signature stands, which is checked first.
                Err(error @ RecordError::Expired { .. }) => {
                    Answer::Expired { sequence, reason: error.to_string() }
                }
                Err(error) => Answer::Bad(error.to_string()),
            }
        }
        _ if is_unknown_name(&answer) => Answer::None,
        // Behind a template there may be a server that knows nothing of formats and has nothing
        // at "/".
        404 if gateway.is_template() => unable("it serves no IPNS records"),
        404 => Answer::None,
        200 | 400 | 405 | 406 | 415 | 501 => unable("it serves no IPNS records"),
        _ => Answer::Failed(answer.to_error().to_string()),
    }
}

/// What Kubo answers for a name it cannot find: 500 and a text.
fn is_unknown_name(answer: &Response) -> bool {
    let text = String::from_utf8_lossy(&answer.body);
    answer.status == 500 && (text.contains("not found") || text.contains("could not resolve"))
}

/// The root and the path below it that a record's value names: `/ipfs/<cid>[/…]`.
pub(super) fn root_of(value: &str) -> Option<(Cid, Vec<String>)> {
    let mut segments = value.strip_prefix("/ipfs/")?.split('/').filter(|part| !part.is_empty());
    let root = Cid::try_from(segments.next()?).ok()?.into_v1().ok()?;
    Some((root, segments.map(str::to_owned).collect()))
}
