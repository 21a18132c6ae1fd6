//! Report of `resolve`.

use serde::Serialize;

/// `resolve`: a name's records, each with who signed it.
#[derive(Clone, Debug, Serialize)]
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
    pub ipns: Option<IpnsEvidenceReport>,
    /// By record type.
    pub records: Vec<ResolvedReport>,
}

/// The IPNS record that led to the tree.
#[derive(Clone, Debug, Serialize)]
pub struct IpnsEvidenceReport {
    /// Who served the newest: a gateway, or a publisher.
    pub gateway: String,
    /// Its sequence.
    pub sequence: u64,
    /// Until when, RFC 3339.
    pub validity: String,
    /// `/ipfs/…`
    pub value: String,
    /// Everybody asked who served a record of the name, the newest first.
    pub seen: Vec<IpnsSeenReport>,
    /// The sequence of a newer one among them that has expired: this one was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded: Option<u64>,
}

/// Who served an IPNS record of the name.
#[derive(Clone, Debug, Serialize)]
pub struct IpnsSeenReport {
    /// A gateway, or a publisher.
    pub from: String,
    /// The record's sequence.
    pub sequence: u64,
    /// Whether its time is over.
    pub expired: bool,
}

/// A record that was asked for.
#[derive(Clone, Debug, Serialize)]
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
    /// What that is worth: `chain` (the recordhash names the files themselves), `ipns` (the
    /// newest IPNS record of all who were asked, see `ipns.seen`, does) or `unproven`; `null`
    /// where nothing was fetched.
    pub freshness: Option<&'static str>,
    /// Why it is not shown as good.
    pub error: Option<String>,
    /// Whether that is because there is no such record, so far as is known.
    pub absent: bool,
}
