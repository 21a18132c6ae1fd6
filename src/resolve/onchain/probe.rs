//! What a resolver, and the gateways it sends its clients to, make of a question for one record:
//! for whoever looks for faults. Bounds and rules are those of a resolution.

use alloy_primitives::Address;

use super::super::FetchLimits;
use super::lookup::{Answered, LookupGateways, MAX_URLS, ask_resolver};
use super::trace::Trace;
use crate::chain::{Answer, ChainError, ChainView, Revert};
use crate::ens::Name;
use crate::net::{Http, NetError};
use crate::record::RecordKey;
use crate::request::{PayloadError, SIGNED_REDIRECT_SELECTOR, SignedRecord, SignedRedirect};

/// More of an address is not shown, in characters.
const MAX_SHOWN: usize = 400;

/// What a resolver makes of the question.
#[derive(Clone, Debug)]
pub enum LookupProbe {
    /// It answers by itself: no gateway is needed.
    OnChain,
    /// It does not answer, or reverts with more than is read.
    Refused(Revert),
    /// It wants a lookup in another contract's name, which clients refuse (EIP-3668).
    Foreign(Address),
    /// It sends its clients to gateways, each of which was asked.
    Gateways(Vec<ProbedGateway>),
}

/// A gateway of a lookup.
#[derive(Clone, Debug)]
pub struct ProbedGateway {
    /// What it was asked for, without the question itself.
    pub address: String,
    /// Whether it serves a signed record. The signatures are not checked.
    pub outcome: Result<(), GatewayFault>,
}

/// Why a gateway is of no use for a record.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GatewayFault {
    /// It does not answer, or not as EIP-3668 says.
    #[error(transparent)]
    Net(#[from] NetError),
    /// What it serves is no signed record.
    #[error("it answers, but not with a signed record: {0}")]
    Payload(#[from] PayloadError),
}

/// Asks a records resolver for `key` of `name`, and then every gateway it names.
///
/// # Errors
/// When the chain cannot be asked.
pub async fn probe_lookup(
    view: &ChainView,
    http: &Http,
    resolver: Address,
    name: &Name,
    key: &RecordKey,
) -> Result<LookupProbe, ChainError> {
    let Answer { value, .. } = ask_resolver(view, resolver, name, key).await?;
    let lookup = match value {
        Answered::Lookup(lookup) => lookup,
        Answered::Value(_) => return Ok(LookupProbe::OnChain),
        Answered::Reverted(revert) => return Ok(LookupProbe::Refused(revert)),
        Answered::ForeignLookup(sender) => return Ok(LookupProbe::Foreign(sender)),
    };
    let trace = Trace::default();
    let gateways = LookupGateways::new(http, FetchLimits::default().file, false, &trace);
    let mut probed = Vec::new();
    for template in lookup.urls.iter().take(MAX_URLS) {
        let asked = template.split('?').next().unwrap_or_default();
        let address = asked.chars().take(MAX_SHOWN).collect();
        let (_, answer) = gateways.ask(template, lookup.sender, &lookup.callData).await;
        let outcome = match answer {
            Ok(payload) if payload.starts_with(&SIGNED_REDIRECT_SELECTOR) => {
                SignedRedirect::decode(&payload).map(drop).map_err(Into::into)
            }
            Ok(payload) => SignedRecord::decode(&payload).map(drop).map_err(Into::into),
            Err(error) => Err(error.into()),
        };
        probed.push(ProbedGateway { address, outcome });
    }
    Ok(LookupProbe::Gateways(probed))
}
