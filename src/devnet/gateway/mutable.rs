//! IPNS: from a name to an immutable path, through names that point to names.

use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;

use super::path::{ContentPath, Root};
use super::{Target, unresolved};
use crate::devnet::network::Network;
use crate::devnet::reply::Refusal;
use crate::ipns::VerifiedRecord;
use crate::keys::IpnsName;

/// Names that point to names, at most.
const MAX_DEPTH: usize = 32;

/// # Errors
/// 500, as Kubo says, whether the name is none, unknown, expired or points nowhere.
pub(super) fn resolve(network: &Network, path: &ContentPath) -> Result<Target, Refusal> {
    let failed = |reason: String| unresolved(StatusCode::INTERNAL_SERVER_ERROR, path, reason);
    let now = Timestamp::now();
    let mut current = path.clone();
    let mut ttl: Option<Duration> = None;
    for _ in 0..MAX_DEPTH {
        let name = match &current.root {
            Root::Ipfs(root) => {
                return Ok(Target { root: *root, segments: current.segments, ttl });
            }
            Root::Ipns(name) => name,
        };
        // Kubo would ask DNS for other names; the devnet has none.
        let name: IpnsName = name
            .parse()
            .map_err(|error| failed(format!("could not resolve name {name:?}: {error}")))?;
        let record = network
            .names
            .get(&network.store, &name)
            .map_err(|error| failed(error.to_string()))?
            .ok_or_else(|| failed("could not resolve name: routing: not found".into()))?;
        if record.is_expired(now) {
            let validity = &record.fields().validity;
            return Err(failed(format!(
                "could not resolve name: the record expired at {validity}"
            )));
        }
        let own = time_to_live(&record, now);
        ttl = Some(ttl.map_or(own, |ttl| ttl.min(own)));
        let mut next = ContentPath::parse(&record.fields().value)
            .map_err(|error| failed(format!("the record's value: {error}")))?;
        next.segments.append(&mut current.segments);
        next.slash = current.slash;
        current = next;
    }
    Err(failed("could not resolve name (recursion limit exceeded)".into()))
}

/// The record's TTL, never beyond its validity.
pub(super) fn time_to_live(record: &VerifiedRecord, now: Timestamp) -> Duration {
    let left = record.fields().validity().duration_since(now);
    let left = Duration::try_from(left).unwrap_or_default();
    Duration::from_nanos(record.fields().ttl_ns).min(left)
}
