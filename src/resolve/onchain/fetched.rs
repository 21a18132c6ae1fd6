//! Record files below a root, and the payloads in them.

use alloy_primitives::Bytes;

use super::super::{FetchError, GatewayNote, Listing, Proof, RecordFiles, gateway};
use crate::ens::Name;
use crate::record::{PathMeaning, RecordFile, RecordKey, flat_path, meaning};
use crate::request::{PayloadError, SignedRecord};

/// What a gateway gave.
pub(super) struct Fetched {
    pub(super) payload: Result<Bytes, String>,
    pub(super) gateway: String,
    pub(super) proof: Option<Proof>,
    pub(super) layout: Layout,
}

/// Where a record's file was found ([records](crate::spec::records)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Where the deployed resolver asks.
    Nested,
    /// In the older flat layout (ENSIP-XX), which no deployed resolver asks.
    Flat,
}

impl Layout {
    /// The signed record in a payload of this layout.
    pub(super) fn decode(self, payload: &[u8]) -> Result<SignedRecord, PayloadError> {
        match self {
            Self::Nested => SignedRecord::decode(payload),
            Self::Flat => SignedRecord::decode_flat(payload),
        }
    }
}

impl Fetched {
    pub(super) fn new(file: gateway::Fetched, layout: Layout) -> Self {
        let payload = payload_of(&file.bytes);
        Self { payload, gateway: file.gateway, proof: Some(file.proof), layout }
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

/// Every record of `name` that the tree lists, with `flat` also those that it has in the older
/// layout alone. Needs a gateway that serves blocks.
///
/// # Errors
/// As [`RecordFiles::fetch_records`].
pub(super) async fn listed(
    files: &RecordFiles,
    name: &Name,
    flat: bool,
) -> Result<Tree, FetchError> {
    let directory = name.well_known();
    let Listing { files: tree, gateway, passed_over } = files.fetch_records(name).await?;
    let (count, mut records) = (tree.len(), Vec::new());
    for file in tree {
        // Files below are also those of subnames; they have names of their own.
        let (key, layout) = match meaning(&format!("{directory}/{}", file.path)) {
            PathMeaning::Records(meant) => match meant.into_iter().find(|(of, _)| of == name) {
                Some((_, key)) => (key, Layout::Nested),
                None => continue,
            },
            PathMeaning::Legacy(of, key) if flat && of == *name => (key, Layout::Flat),
            _ => continue,
        };
        let (payload, gateway) = (payload_of(&file.bytes), gateway.clone());
        // There any name of a file is a text's key: without `data` it is somebody else's.
        if layout == Layout::Nested || payload.is_ok() {
            records.push((key, Fetched { payload, gateway, proof: files.proof(), layout }));
        }
    }
    // A copy counts only where the resolver's own file is missing.
    records.sort_by(|a, b| {
        (&a.0, a.1.layout == Layout::Flat).cmp(&(&b.0, b.1.layout == Layout::Flat))
    });
    records.dedup_by(|copy, first| copy.0 == first.0);
    Ok(Tree { records, gateway, count, passed_over })
}

/// The record's file in the older flat layout, by way of gateways that the user chose; `None` where
/// it has no place there, or there is none of ours.
pub(super) async fn flat_file_of(
    files: &RecordFiles,
    name: &Name,
    key: &RecordKey,
) -> Option<Fetched> {
    let path = flat_path(name, key)?;
    let file = Fetched::new(files.fetch(name, &path).await.ok()?, Layout::Flat);
    file.payload.is_ok().then_some(file)
}

fn payload_of(file: &[u8]) -> Result<Bytes, String> {
    RecordFile::payload(file).map(Bytes::from).map_err(|error| error.to_string())
}
