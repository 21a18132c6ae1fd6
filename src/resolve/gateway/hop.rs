//! A name on the way from an IPNS name to its content.

use serde::{Deserialize, Serialize};

use crate::keys::IpnsName;

/// A name that another's record points to, and its own record, verified as the first is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpnsHop {
    /// The name.
    pub name: IpnsName,
    /// Who served its newest valid record.
    pub gateway: String,
    /// The record's sequence.
    pub sequence: u64,
    /// What it points to.
    pub value: String,
    /// The sequence of a newer one that has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded: Option<u64>,
}
