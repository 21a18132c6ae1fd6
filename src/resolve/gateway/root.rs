//! From an IPNS name to the root its newest record names.

use std::time::Duration;

use cid::Cid;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::error::{FetchError, GatewayNote};
use super::form::{Content, Gateway};
use crate::ens::Name;
use crate::ipns::{MAX_RECORD_BYTES, RECORD_MEDIA_TYPE, UnverifiedRecord, VerifiedRecord};
use crate::keys::IpnsName;
use crate::net::{Http, NetError, Request, Response};

/// How long other gateways are waited for once one has served a valid record.
const GRACE: Duration = Duration::from_secs(2);

/// What gateways say about an IPNS name.
pub(super) struct Survey {
    /// The newest valid record and the gateway (by number) that served it.
    pub(super) newest: Option<(VerifiedRecord, usize)>,
    /// What the others did.
    pub(super) notes: Vec<GatewayNote>,
    /// The gateways (by number) that serve files but no IPNS records.
    pub(super) without_records: Vec<usize>,
}

/// What one gateway says.
pub(super) enum Answer {
    Record(Box<VerifiedRecord>),
    /// It knows none.
    None,
    /// One that does not hold.
    Bad(String),
    /// It does not serve IPNS records.
    Incapable(String),
    Failed(String),
}

/// Asks every gateway for its record of `key` and takes the newest valid one.
///
/// # Errors
/// When there is none, and no gateway is left that may serve files without: that none is known
/// ([`FetchError::NotPublished`]), that those served are bad, or that the gateways failed.
pub(super) async fn survey(
    http: &Http,
    gateways: &[Gateway],
    key: &IpnsName,
    name: &Name,
    now: Timestamp,
) -> Result<Survey, FetchError> {
    let mut asked: FuturesUnordered<_> = gateways
        .iter()
        .enumerate()
        .map(|(number, gateway)| async move {
            (number, ask(http, gateway, key, name, now, gateways.len() > 1).await)
        })
        .collect();
    let mut survey = Survey { newest: None, notes: Vec::new(), without_records: Vec::new() };
    let (mut bad, mut failed) = (false, false);
    let mut end = None;
    loop {
        let next = match end {
            Some(end) => timeout_at(end, asked.next()).await.unwrap_or_default(),
            None => asked.next().await,
        };
        let Some((number, answer)) = next else { break };
        let gateway = gateways[number].to_string();
        let reason = match answer {
            Answer::Record(record) => {
                end.get_or_insert_with(|| Instant::now() + GRACE);
                if survey.newest.as_ref().is_none_or(|(best, _)| record.supersedes(best)) {
                    survey.newest = Some((*record, number));
                }
                continue;
            }
            Answer::None => "it has no record of this name".to_owned(),
            Answer::Bad(reason) => {
                bad = true;
                reason
            }
            Answer::Incapable(reason) => {
                survey.without_records.push(number);
                reason
            }
            Answer::Failed(reason) => {
                failed = true;
                reason
            }
        };
        survey.notes.push(GatewayNote { gateway, reason });
    }
    survey.without_records.sort_unstable();
    if survey.newest.is_some() || !survey.without_records.is_empty() {
        return Ok(survey);
    }
    let (name, notes) = (*key, survey.notes);
    Err(match (bad, failed) {
        (true, _) => FetchError::BadIpnsRecord { name, notes },
        (_, true) => FetchError::Failed { what: format!("the IPNS record of {name}"), notes },
        _ => FetchError::NotPublished { name, notes },
    })
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
            let record = UnverifiedRecord::parse(&answer.body).and_then(|r| r.verify(key, now));
            match record {
                Ok(record) => Answer::Record(Box::new(record)),
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
