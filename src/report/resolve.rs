//! Report of `resolve`.

use serde::{Deserialize, Serialize};

use crate::resolve::{Freshness, IpnsEvidence};

/// `resolve`: a name's records, each with who signed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveReport {
    /// The name.
    pub name: String,
    /// The resolver contract; none when the chain facts were given by hand.
    pub resolver: Option<String>,
    /// Checksummed address.
    pub owner: String,
    /// What the records were looked for under.
    pub recordhash: String,
    /// The IPNS record that led to the tree, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipns: Option<IpnsEvidence>,
    /// By record type.
    pub records: Vec<ResolvedReport>,
}

/// A record that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolvedReport {
    /// The record type.
    pub record: String,
    /// Its value as text; only when it verified.
    pub value: Option<String>,
    /// Whether every signature stands.
    pub verified: bool,
    /// Who signed it, when it verified. Checksummed address.
    pub signer: Option<String>,
    /// Why that signer may, in words.
    pub approval: Option<String>,
    /// Who served it.
    pub gateway: Option<String>,
    /// Whether block hashes show that the file is what the recordhash leads to; without, an
    /// older validly signed record would not be noticed.
    pub proven: bool,
    /// What that is worth; `null` where nothing was fetched. Of `ipns`, `ipns.seen` says who was
    /// asked.
    pub freshness: Option<Freshness>,
    /// Why it is not shown as good.
    pub error: Option<String>,
    /// Whether that is because there is no such record, so far as is known.
    pub absent: bool,
}
