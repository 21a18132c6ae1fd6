//! The bodies that the backend is posted, in the order in which the deployed client writes them.

use std::collections::BTreeMap;

use alloy_primitives::{Address, hex};
use serde::Serialize;

use super::types::backend_type;
use crate::ens::Name;
use crate::ipns::{Revision, VerifiedRecord};
use crate::keys::IpnsName;
use crate::publish::database::DatabaseRecord;

/// Bytes of a body at most: the backend reads 100 KiB.
const MAX_BODY: usize = 90 << 10;

/// Where the backend keeps records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashType {
    /// In the folder of a wallet and an IPNS key: of all names of the wallet.
    Ownerhash,
    /// In that of a name and an IPNS key.
    Recordhash,
    /// At `.well-known` of its own gateway, which an empty recordhash resolves to.
    Gateway,
}

impl HashType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ownerhash => "ownerhash",
            Self::Recordhash => "recordhash",
            Self::Gateway => "gateway",
        }
    }
}

/// Whose folder it is.
#[derive(Clone, Debug)]
pub struct BackendPlace {
    /// Where records are kept.
    pub hash_type: HashType,
    /// The chain.
    pub chain_id: u64,
    /// The wallet.
    pub controller: Address,
    /// The IPNS name.
    pub ipns: IpnsName,
}

/// The body of `/write`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Write<'a> {
    signatures: BTreeMap<&'static str, String>,
    manager: String,
    manager_signature: String,
    ens: &'a str,
    controller: String,
    ipns: String,
    records_types: Vec<&'static str>,
    records_values: BTreeMap<&'static str, String>,
    records_raw: BTreeMap<&'static str, String>,
    /// What the client was told of the revision before; it is not read.
    revision: &'static str,
    chain: String,
    hash_type: &'static str,
}

/// The body of `/revision`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RevisionBody<'a> {
    ens: &'a str,
    controller: String,
    manager: String,
    manager_signature: String,
    /// The CBOR, as a map from place to byte.
    revision: ByteMap,
    chain: String,
    ipns: String,
    ipfs: &'a str,
    /// What the client reckons was saved, by type, as JSON in a text: nothing is claimed here.
    gas: &'static str,
    /// [`Version`] as JSON in a text, which goes into a file of the tree that it publishes next.
    version: String,
    timestamp: &'a BTreeMap<String, u64>,
    hash_type: &'static str,
}

/// What the backend keeps as `version.json` and tells of it. The client's own has the name too, and
/// with some builds of its library the private key in it: neither is read there, and neither is sent.
#[derive(Serialize)]
struct Version<'a> {
    #[serde(rename = "_value")]
    value: &'a str,
    #[serde(rename = "_sequence")]
    sequence: String,
    #[serde(rename = "_validity")]
    validity: &'a str,
}

/// The body of `/read`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Read<'a> {
    r#type: &'static str,
    ens: &'a str,
    controller: String,
    records_types: &'static str,
    records_values: &'static str,
    chain: String,
    storage: String,
    hash_type: &'static str,
}

/// Bytes as a JavaScript byte array is written.
struct ByteMap(Vec<u8>);

impl Serialize for ByteMap {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().enumerate().map(|(place, byte)| (place.to_string(), byte)))
    }
}

impl BackendPlace {
    /// `/write` of records of one name, one signer and one approval.
    pub(super) fn write(&self, records: &[&DatabaseRecord]) -> String {
        let Some(first) = records.first() else { return String::new() };
        let with = |text: &dyn Fn(&DatabaseRecord) -> String| {
            let typed =
                records.iter().filter_map(|record| Some((backend_type(&record.key)?, record)));
            typed.map(|(of, record)| (of, text(record))).collect::<BTreeMap<_, _>>()
        };
        let types = records.iter().filter_map(|record| backend_type(&record.key));
        json(&Write {
            signatures: with(&|record| hex::encode_prefixed(&record.payload.signature)),
            manager: first.payload.signer.to_string(),
            manager_signature: hex::encode_prefixed(&first.payload.approval),
            ens: first.name.as_str(),
            controller: self.controller.to_string(),
            ipns: self.ipns.to_string(),
            records_types: types.collect(),
            records_values: with(&|record| hex::encode_prefixed(record.payload.encode())),
            records_raw: with(&|record| record.value.to_string()),
            revision: "",
            chain: self.chain_id.to_string(),
            hash_type: self.hash_type.as_str(),
        })
    }

    /// `/write` of all of these, in as many bodies as it takes; and the records that make one which
    /// the backend would not read.
    pub(super) fn writes<'a>(
        &self,
        records: &[&'a DatabaseRecord],
    ) -> (Vec<String>, Vec<&'a DatabaseRecord>) {
        let (mut bodies, mut too_long) = (Vec::new(), Vec::new());
        let of = |record: &DatabaseRecord| {
            let payload = &record.payload;
            (record.name.clone(), payload.signer, payload.approval.clone())
        };
        let mut group: Vec<&DatabaseRecord> = Vec::new();
        for record in records {
            if self.write(&[record]).len() > MAX_BODY {
                too_long.push(*record);
                continue;
            }
            group.push(record);
            let is_other = of(record) != of(group[0]);
            if is_other || self.write(&group).len() > MAX_BODY {
                group.pop();
                bodies.push(self.write(&group));
                group = vec![record];
            }
        }
        if !group.is_empty() {
            bodies.push(self.write(&group));
        }
        (bodies, too_long)
    }

    /// `/revision` for a record that is published, over the signer and approval of one of the records.
    pub(super) fn revision(
        &self,
        of: &DatabaseRecord,
        published: &VerifiedRecord,
        written: &BTreeMap<String, u64>,
    ) -> String {
        let revision = Revision::from_record(self.ipns, published.fields());
        let version = json(&Version {
            value: &revision.value,
            sequence: revision.sequence.to_string(),
            validity: &revision.validity,
        });
        json(&RevisionBody {
            ens: of.name.as_str(),
            controller: self.controller.to_string(),
            manager: of.payload.signer.to_string(),
            manager_signature: hex::encode_prefixed(&of.payload.approval),
            revision: ByteMap(revision.encode()),
            chain: self.chain_id.to_string(),
            ipns: self.ipns.to_string(),
            ipfs: revision.value.strip_prefix("/ipfs/").unwrap_or(&revision.value),
            gas: "{}",
            version,
            timestamp: written,
            hash_type: self.hash_type.as_str(),
        })
    }

    /// `/read` of all it has of a name.
    pub(super) fn read(&self, name: &Name) -> String {
        json(&Read {
            r#type: "read",
            ens: name.as_str(),
            controller: self.controller.to_string(),
            records_types: "all",
            records_values: "all",
            chain: self.chain_id.to_string(),
            storage: format!("ipns://{}", self.ipns),
            hash_type: self.hash_type.as_str(),
        })
    }
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("texts and numbers always serialize")
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
