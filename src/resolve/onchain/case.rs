//! A name of a resolver whose records are signed: what the resolver says of it, and its files.

use alloy_primitives::Address;

use super::super::{FetchError, GatewayNote, RecordFiles};
use super::Subject;
use super::dialect::{Said, Terms};
use super::resolution::{RecordsFacts, ResolverKind};
use crate::chain::GatewayLists;
use crate::recordhash::Recordhash;

/// A name of a records resolver, with its files where block hashes can be checked.
pub(super) struct Case<'a> {
    pub(super) subject: &'a Subject,
    pub(super) resolver: Address,
    /// What the resolver says, by its dialect.
    pub(super) said: Said,
    /// Whose name it is, as the resolver sees it.
    pub(super) owner: Address,
    pub(super) recordhash: Option<Recordhash>,
    pub(super) files: Option<RecordFiles>,
    /// Gateways that served an IPNS record that does not hold.
    pub(super) refuted: Vec<GatewayNote>,
    /// Why there are no files, where every IPNS record that was served is such a one.
    pub(super) bad_ipns_record: Option<FetchError>,
}

impl Case<'_> {
    /// What is known about the resolver, besides the records.
    pub(super) fn kind(self, gateways: GatewayLists) -> ResolverKind {
        let Self { said, recordhash, .. } = self;
        match said {
            Said::Ccip2(walk) => {
                ResolverKind::Records(Box::new(RecordsFacts { walk, recordhash, gateways }))
            }
            Said::Dev3(space) => ResolverKind::Dev3(space.map(Box::new)),
        }
    }

    /// By what its payloads are judged; `None` where the resolver has no gateway for the name.
    pub(super) fn terms(&self, chain_id: u64) -> Option<Terms<'_>> {
        let name = &self.subject.facts.name;
        Some(match &self.said {
            Said::Ccip2(walk) => Terms::Ccip2 { name, owner: walk.owner, chain_id },
            Said::Dev3(space) => {
                Terms::Dev3(space.as_ref()?.context(name, self.resolver, chain_id))
            }
        })
    }
}
