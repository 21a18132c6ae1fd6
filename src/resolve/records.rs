//! Records of a name, fetched and verified against what the chain says, or what a person says in
//! its place.

use alloy_primitives::Address;
use futures_util::future::join_all;

use super::{FetchError, Proof, RecordFiles};
use crate::ens::Name;
use crate::record::{PathMeaning, RecordFile, RecordKey, meaning, record_path};
use crate::request::{ApprovalCache, SignedRecord, VerifiedRecord, VerifyContext};

/// What the chain says about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFacts {
    /// The full name.
    pub name: Name,
    /// Its owner.
    pub owner: Address,
    /// The chain id in the texts.
    pub chain_id: u64,
    /// Signers and managers the owner approved on chain.
    pub approved_signers: Vec<Address>,
}

/// Why a record is not shown as good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// There is none, or it cannot be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It was fetched and does not stand.
    #[error("it does not verify: {0}")]
    Unverified(String),
}

/// A record that was asked for.
#[derive(Clone, Debug)]
pub struct ResolvedRecord {
    /// Which.
    pub key: RecordKey,
    /// Who served its file, where it was fetched.
    pub gateway: Option<String>,
    /// What shows that the file is the one the recordhash leads to.
    pub proof: Option<Proof>,
    /// The verified record, or why there is none.
    pub record: Result<VerifiedRecord, RecordError>,
}

/// Fetches and verifies `keys` of `facts.name`, all at once.
pub async fn resolve_records(
    files: &RecordFiles,
    facts: &ChainFacts,
    keys: &[RecordKey],
) -> Vec<ResolvedRecord> {
    let approvals = &ApprovalCache::new();
    join_all(keys.iter().map(|key| resolve_record(files, facts, key, approvals))).await
}

async fn resolve_record(
    files: &RecordFiles,
    facts: &ChainFacts,
    key: &RecordKey,
    approvals: &ApprovalCache,
) -> ResolvedRecord {
    let failed = |error: FetchError| ResolvedRecord {
        key: key.clone(),
        gateway: None,
        proof: None,
        record: Err(error.into()),
    };
    match files.fetch(&facts.name, &record_path(&facts.name, key)).await {
        Err(error) => failed(error),
        Ok(fetched) => ResolvedRecord {
            key: key.clone(),
            gateway: Some(fetched.gateway),
            proof: Some(fetched.proof),
            record: verify(&fetched.bytes, facts, key, approvals).map_err(RecordError::Unverified),
        },
    }
}

/// Verifies the contents of a record file.
fn verify(
    bytes: &[u8],
    facts: &ChainFacts,
    key: &RecordKey,
    approvals: &ApprovalCache,
) -> Result<VerifiedRecord, String> {
    let payload = RecordFile::payload(bytes).map_err(|error| error.to_string())?;
    let record = SignedRecord::decode(&payload).map_err(|error| error.to_string())?;
    let context = VerifyContext {
        name: &facts.name,
        owner: facts.owner,
        chain_id: facts.chain_id,
        approved_signers: &facts.approved_signers,
    };
    record.verify_with(key, &context, approvals).map_err(|error| error.to_string())
}

/// Every record of `facts.name` that the tree lists, verified. Needs a gateway that serves
/// blocks.
///
/// # Errors
/// As [`RecordFiles::fetch_tree`].
pub async fn resolve_listed(
    files: &RecordFiles,
    facts: &ChainFacts,
) -> Result<Vec<ResolvedRecord>, FetchError> {
    let directory = facts.name.well_known();
    let (mut found, approvals) = (Vec::new(), ApprovalCache::new());
    let listing = files.fetch_tree(&facts.name, &directory).await?;
    for file in listing.files {
        let PathMeaning::Records(records) = meaning(&format!("{directory}/{}", file.path)) else {
            continue;
        };
        // Files below are also those of subnames; they have names of their own.
        let Some((_, key)) = records.into_iter().find(|(name, _)| *name == facts.name) else {
            continue;
        };
        found.push(ResolvedRecord {
            gateway: Some(listing.gateway.clone()),
            proof: files.proof(),
            record: verify(&file.bytes, facts, &key, &approvals).map_err(RecordError::Unverified),
            key,
        });
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}
