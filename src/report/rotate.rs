//! The report of `rotate`.

use serde::{Deserialize, Serialize};

use super::{PublishReport, SetupNamesReport, SignReport};

/// `rotate`: what was done of it, in this order; a part that was not come to is absent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RotateReport {
    /// The IPNS name that is left.
    pub former: String,
    /// The new one.
    pub ipns_name: String,
    /// Checksummed address of the wallet that derives it.
    pub wallet: String,
    /// Checksummed address of the new records signer.
    pub signer: String,
    /// Whether the workspace has the new keys by now; until then it is as it was.
    pub rotated: bool,
    /// Until when the last record under the name that is left is valid, where anything is published
    /// there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_validity: Option<String>,
    /// Web hosts of the workspace, which are not rotated: they have what the former keys signed
    /// until `publish --to https`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites_left: Vec<String>,
    /// What was signed anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<SignReport>,
    /// What was published under the new name; where something would be lost, what that is, and
    /// nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<PublishReport>,
    /// What points the chain to the new name, where a node is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupNamesReport>,
}
