//! What one gateway has of an IPNS name.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::Gateway;
use super::root::{Answer, ask};
use crate::ens::Name;
use crate::ipns::VerifiedRecord;
use crate::keys::IpnsName;
use crate::net::Http;

/// How long one gateway is waited for: one that has to search the network takes a minute.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a gateway has of an IPNS name.
#[derive(Clone, Debug)]
pub enum GatewaySight {
    /// It serves this record, verified and not expired.
    Serves(Box<VerifiedRecord>),
    /// It serves none that is good, for this reason.
    Lacks(String),
    /// It does not serve IPNS records, so it cannot be told.
    CannotTell(String),
    /// It did not answer, or not in time.
    Failed(String),
}

/// Asks `gateway` for its record of `key`; `name` is an ENS name that has it, for templates.
pub async fn gateway_sight(
    http: &Http,
    gateway: &Gateway,
    key: &IpnsName,
    name: &Name,
    now: Timestamp,
) -> GatewaySight {
    match timeout(PATIENCE, ask(http, gateway, key, name, now, true)).await {
        Ok(Answer::Record(record)) => GatewaySight::Serves(record),
        Ok(Answer::None) => GatewaySight::Lacks("it has no record of this name".to_owned()),
        Ok(Answer::Bad(reason) | Answer::Expired { reason, .. }) => GatewaySight::Lacks(reason),
        Ok(Answer::Incapable(reason)) => GatewaySight::CannotTell(reason),
        Ok(Answer::Failed(reason)) => GatewaySight::Failed(reason),
        Err(_) => GatewaySight::Failed(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
