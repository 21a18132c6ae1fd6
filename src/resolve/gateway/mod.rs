//! Record files, fetched from gateways: proven by block hashes and the IPNS record where the
//! gateway serves these, on the gateway's word where not.

mod blocks;
mod cache;
mod error;
mod fetch;
mod form;
mod hop;
mod ipns_source;
mod limits;
mod node;
mod obstacle;
mod other_name;
mod probe;
mod reading;
mod root;
mod served;
mod tree;
mod whole;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cid::Cid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use self::blocks::BlockTree;
pub use self::error::{FetchError, GatewayNote};
pub(super) use self::fetch::{is_denial, is_html};
use self::form::Content;
pub use self::form::{Gateway, GatewayParseError};
pub use self::hop::IpnsHop;
pub use self::ipns_source::GatewayRecords;
pub use self::limits::FetchLimits;
pub use self::node::BlockNode;
pub use self::probe::{GatewayProbe, probe_gateway};
pub use self::tree::{Listing, TreeFile};
pub use self::whole::BlockServers;
use crate::ens::Name;
use crate::ipns::Publisher;
use crate::net::Http;
use crate::recordhash::{Recordhash, Target};

/// The record files behind one recordhash.
pub struct RecordFiles {
    http: Http,
    /// Asked for blocks before the gateways.
    nodes: Vec<Arc<BlockNode>>,
    gateways: Vec<Gateway>,
    limits: FetchLimits,
    source: Source,
    notes: Vec<GatewayNote>,
    refuted: Vec<GatewayNote>,
    ipns_record: Option<IpnsEvidence>,
}

/// Whom to ask.
pub struct Sources<'a> {
    /// For files and blocks, and for the IPNS record.
    pub gateways: Vec<Gateway>,
    /// For the IPNS record alone: they have it first, and a gateway may be behind.
    pub publishers: &'a [Box<dyn Publisher>],
}

/// Gateways alone.
impl From<Vec<Gateway>> for Sources<'_> {
    fn from(gateways: Vec<Gateway>) -> Self {
        Self { gateways, publishers: &[] }
    }
}

/// Where the files are.
enum Source {
    /// Below a root that is known.
    Blocks(Arc<BlockTree>),
    /// Wherever these gateways (by number) look; nothing can be checked, for this reason.
    Word { content: Content, gateways: Vec<usize>, reason: String },
    /// On a web server.
    Web(Url),
}

/// The IPNS record that led to the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsEvidence {
    /// Who served the newest valid record: a gateway, or a publisher (`w3name at …`).
    pub gateway: String,
    /// Its sequence.
    pub sequence: u64,
    /// Until when it is valid.
    pub validity: Timestamp,
    /// Its value.
    pub value: String,
    /// Everybody asked who served a record of the name, the newest first. A record that none of
    /// them has would not be noticed.
    pub seen: Vec<IpnsSeen>,
    /// The sequence of a newer one among them that has expired: this one was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded: Option<u64>,
    /// Where its value is another name, that name's record, and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<IpnsHop>,
}

/// Who served an IPNS record of the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsSeen {
    /// A gateway, or a publisher.
    pub from: String,
    /// The record's sequence.
    pub sequence: u64,
    /// Whether its time is over.
    pub expired: bool,
}

/// A fetched file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its content.
    pub bytes: Bytes,
    /// Who served it.
    pub gateway: String,
    /// What shows that it is the right one.
    pub proof: Proof,
    /// What the gateways did that were asked before.
    pub passed_over: Vec<GatewayNote>,
}

/// What shows that a file is what the recordhash points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Every block from the root down has its hash.
    Blocks {
        /// The root.
        root: Cid,
        /// The sequence of the IPNS record that names it; none when the recordhash does.
        sequence: Option<u64>,
    },
    /// Nothing but the gateway's word, for this reason. The signatures in the file still count,
    /// but an older or missing file would not be noticed.
    None(String),
}

/// What is known about how fresh a record is, from the most to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// The chain itself names this content at the block that was read.
    Chain,
    /// Block hashes lead to it from the newest IPNS record of all who were asked. One that none
    /// of them has would not be noticed.
    Ipns,
    /// Somebody's word: an older record, validly signed, would not be noticed.
    Unproven,
}

/// `chain`, `ipns` or `unproven`.
impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Proof {
    /// What it is worth.
    pub fn freshness(&self) -> Freshness {
        match self {
            Self::Blocks { sequence: None, .. } => Freshness::Chain,
            Self::Blocks { sequence: Some(_), .. } => Freshness::Ipns,
            Self::None(_) => Freshness::Unproven,
        }
    }
}

impl RecordFiles {
    /// Finds out where the files are: for an IPNS name every gateway and publisher is asked for
    /// its record, and the newest that is valid at `now` decides. `name` is any ENS name of the
    /// recordhash, for gateways that are asked by name.
    ///
    /// # Errors
    /// [`FetchError`] when there is no gateway, or nobody has a valid record and no gateway
    /// serves files without.
    pub async fn open(
        http: Http,
        sources: impl Into<Sources<'_>>,
        recordhash: &Recordhash,
        name: &Name,
        limits: FetchLimits,
        now: Timestamp,
    ) -> Result<Self, FetchError> {
        let mut sources = sources.into();
        let gateways = &mut sources.gateways;
        let (mut notes, mut refuted, mut ipns_record) = (Vec::new(), Vec::new(), None);
        let count = gateways.len();
        let unsupported = |reason: &str| {
            let (recordhash, reason) = (Box::new(recordhash.clone()), reason.to_owned());
            FetchError::Unsupported { recordhash, reason }
        };
        let source = match recordhash.target() {
            Target::Https(url) => Source::Web(url.clone()),
            Target::Ipld(_) => {
                return Err(unsupported("IPLD maps (e2) need a gateway that answers dag/get"));
            }
            _ if gateways.is_empty() => {
                let text = format!("no gateway is given to fetch {recordhash} from: --gateway");
                return Err(FetchError::NoGateway(text));
            }
            Target::Ipfs(root) => {
                let tree = BlockTree::new(*root, Vec::new(), None, count, &limits);
                Source::Blocks(Arc::new(tree))
            }
            Target::IpnsOther(_) | Target::Ipns(_) => {
                let led = by_ipns(&http, &mut sources, recordhash, name, &limits, now).await?;
                (notes, refuted, ipns_record) = (led.notes, led.refuted, led.record);
                led.source
            }
        };
        let (nodes, gateways) = (Vec::new(), sources.gateways);
        Ok(Self { http, nodes, gateways, limits, source, notes, refuted, ipns_record })
    }

    /// The IPNS record that led to the root, where one did.
    pub fn ipns_record(&self) -> Option<&IpnsEvidence> {
        self.ipns_record.as_ref()
    }

    /// The root of the files, where it is known.
    pub fn root(&self) -> Option<Cid> {
        match &self.source {
            Source::Blocks(tree) => Some(tree.root),
            Source::Word { .. } | Source::Web(_) => None,
        }
    }

    /// What verified blocks below the root show; none where it is not known.
    pub fn proof(&self) -> Option<Proof> {
        let root = self.root()?;
        Some(match &self.ipns_record {
            Some(IpnsEvidence { superseded: Some(newer), sequence, .. }) => Proof::None(format!(
                "the IPNS record with sequence {sequence} was replaced by {newer}, which has \
                 expired"
            )),
            Some(IpnsEvidence { via, .. }) if via.iter().any(|hop| hop.superseded.is_some()) => {
                let reason = "the IPNS record of a name on the way was replaced by one that has \
                              expired";
                Proof::None(reason.to_owned())
            }
            record => {
                let sequence = record.as_ref().map(|record| record.sequence);
                Proof::Blocks { root, sequence }
            }
        })
    }

    /// What those did that did not serve the newest IPNS record.
    pub fn notes(&self) -> &[GatewayNote] {
        &self.notes
    }

    /// The gateways that served an IPNS record that does not hold (expired, or not the name's):
    /// their word for what is under the name counts for nothing.
    pub fn refuted(&self) -> &[GatewayNote] {
        &self.refuted
    }
}

/// Where an IPNS name leads.
struct Led {
    source: Source,
    record: Option<IpnsEvidence>,
    notes: Vec<GatewayNote>,
    refuted: Vec<GatewayNote>,
}

/// Asks for the record of an IPNS name, and follows it.
async fn by_ipns(
    http: &Http,
    sources: &mut Sources<'_>,
    recordhash: &Recordhash,
    name: &Name,
    limits: &FetchLimits,
    now: Timestamp,
) -> Result<Led, FetchError> {
    let (survey, content, unproven) = match recordhash.target() {
        Target::Ipns(key) => {
            let survey = root::survey(http, sources, key, name, now).await?;
            (survey, Content::Ipns(*key), "no gateway serves the IPNS record")
        }
        Target::IpnsOther(key) => {
            let survey = root::survey_other(http, sources, key, name, now).await?;
            let unproven = "the IPNS name is not an ed25519 key, and no gateway serves a record \
                            that can be checked";
            (survey, Content::IpnsOther(*key), unproven)
        }
        _ => return Err(FetchError::NoGateway(format!("{recordhash} is no IPNS name"))),
    };
    let (mut notes, mut refuted) = (survey.notes, survey.refuted);
    let Some(newest) = survey.newest else {
        let (gateways, reason) = (survey.without_records, unproven.to_owned());
        let source = Source::Word { content, gateways, reason };
        return Ok(Led { source, record: None, notes, refuted });
    };
    // The one that has the newest record most likely has its files.
    if let Some(number) = newest.gateway {
        sources.gateways[..=number].rotate_right(1);
    }
    let fields = newest.record.fields;
    let (sequence, validity, value) = (fields.sequence, fields.validity(), fields.value);
    let followed = root::follow(http, sources, &value, name, now).await;
    let root::Followed { root, prefix, hops: via, notes: more, refuted: others } = followed
        .map_err(|astray| match astray {
            root::Astray::Value(reason) => {
                FetchError::Unsupported { recordhash: Box::new(recordhash.clone()), reason }
            }
            root::Astray::Name(error) => error,
        })?;
    notes.extend(more);
    refuted.extend(others);
    let (gateway, seen, superseded) = (newest.from, survey.seen, survey.superseded);
    let record = Some(IpnsEvidence { gateway, sequence, validity, value, seen, superseded, via });
    let count = sources.gateways.len();
    let tree = BlockTree::new(root, prefix, Some(content), count, limits);
    Ok(Led { source: Source::Blocks(Arc::new(tree)), record, notes, refuted })
}

#[cfg(test)]
#[path = "gateway_tests.rs"]
mod tests;
