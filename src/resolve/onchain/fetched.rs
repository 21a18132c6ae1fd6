//! Record files below a root, and the payloads in them.

use alloy_primitives::Bytes;

use super::super::{FetchError, GatewayNote, Listing, Proof, RecordFiles, gateway};
use crate::ens::Name;
use crate::record::{PathMeaning, RecordFile, RecordKey, meaning};

/// What a gateway gave.
pub(super) struct Fetched {
    pub(super) payload: Result<Bytes, String>,
    pub(super) gateway: String,
    pub(super) proof: Option<Proof>,
}

impl From<gateway::Fetched> for Fetched {
    fn from(file: gateway::Fetched) -> Self {
        let payload = payload_of(&file.bytes);
        Self { payload, gateway: file.gateway, proof: Some(file.proof) }
    }
}

/// The record files that a tree lists for one name.
pub(super) struct Tree {
    pub(super) records: Vec<(RecordKey, Fetched)>,
    pub(super) gateway: String,
    /// All files at and below the name.
    pub(super) count: usize,
    pub(super) passed_over: Vec<GatewayNote>,
}

/// Every record of `name` that the tree lists. Needs a gateway that serves blocks.
///
/// # Errors
/// As [`RecordFiles::fetch_records`].
pub(super) async fn listed(files: &RecordFiles, name: &Name) -> Result<Tree, FetchError> {
    let directory = name.well_known();
    let Listing { files: tree, gateway, passed_over } = files.fetch_records(name).await?;
    let (count, mut records) = (tree.len(), Vec::new());
    for file in tree {
        let PathMeaning::Records(meant) = meaning(&format!("{directory}/{}", file.path)) else {
            continue;
        };
        // Files below are also those of subnames; they have names of their own.
        let Some((_, key)) = meant.into_iter().find(|(of, _)| of == name) else { continue };
        let (payload, gateway) = (payload_of(&file.bytes), gateway.clone());
        records.push((key, Fetched { payload, gateway, proof: files.proof() }));
    }
    records.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Tree { records, gateway, count, passed_over })
}

/// The file at `path`, by way of gateways that the user chose.
///
/// # Errors
/// As [`RecordFiles::fetch`].
pub(super) async fn file_of(
    files: &RecordFiles,
    name: &Name,
    path: &str,
) -> Result<Fetched, FetchError> {
    files.fetch(name, path).await.map(Fetched::from)
}

fn payload_of(file: &[u8]) -> Result<Bytes, String> {
    RecordFile::payload(file).map(Bytes::from).map_err(|error| error.to_string())
}
