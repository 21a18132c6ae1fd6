//! Whether a body may be taken at all: whose names, who signed it, and for when
//! ([database](crate::spec::database)). What it replaces is looked at where it is kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_primitives::Address;

use super::kept::{Change, Conflict, NewRecord};
use super::owners::{Owned, Owners, OwnersError};
use crate::ens::Name;
use crate::record::{MAX_VALUE, RecordKey};
use crate::request::{
    ApprovalCache, PostError, PostedRecord, RecordsPost, Signature, SignatureError, SignedRecord,
    VerifyContext, VerifyError,
};

/// Records of a body at most.
pub(super) const MAX_RECORDS: usize = 500;
/// Labels of a name at most: the chain is asked about each level.
const MAX_LABELS: usize = 16;

/// How far ahead of our clock a time may be, in seconds.
pub(super) const AHEAD: u64 = 600;

/// What is believed about names, and which of them are served.
pub struct Checker {
    owners: Owners,
    chain_id: u64,
    names: Vec<Name>,
    approvals: Arc<ApprovalCache>,
}

/// Why nothing of a body is kept.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not what is posted.
    #[error(transparent)]
    Body(#[from] Box<PostError>),
    /// More than is looked at.
    #[error("the body has {0} records, and at most {MAX_RECORDS} are taken at a time")]
    TooMany(usize),
    /// A name that is not kept, because of its length.
    #[error("{0}")]
    Long(String),
    /// A value that no client would read.
    #[error("{record} has {bytes} bytes, and at most {MAX_VALUE} can be read")]
    LongValue {
        /// Which.
        record: RecordKey,
        /// As ABI.
        bytes: usize,
    },
    /// It is of another chain.
    #[error("the body is of chain {given}, and this gateway of chain {ours}")]
    Chain {
        /// Of the body.
        given: u64,
        /// Of the gateway.
        ours: u64,
    },
    /// Not one of the names that are served.
    #[error("records of {0} are not kept here")]
    NotServed(Name),
    /// A record does not verify.
    #[error("{record} of {name} does not verify: {error}")]
    Unverified {
        /// Whose.
        name: Name,
        /// Which.
        record: RecordKey,
        /// Why.
        error: Box<VerifyError>,
    },
    /// A time that is still to come.
    #[error("{record} is of {time}, more than {AHEAD} s after {now}, which is now")]
    Future {
        /// What has the time.
        record: String,
        /// It.
        time: u64,
        /// Our clock.
        now: u64,
    },
    /// `freshness` is signed by somebody else than all of the records.
    #[error("freshness is not by the signer of every record: {0}")]
    Freshness(String),
    /// Who owns the name is not known.
    #[error(transparent)]
    Owners(#[from] OwnersError),
    /// It changes by time, as a workspace says that this gateway answers from.
    #[error("{0} is answered by the clock, and this is not what holds now")]
    Rostered(RecordKey),
    /// What holds of it now is not known.
    #[error("what holds of {key} now is not known: {why}")]
    RosterUnknown {
        /// The record.
        key: RecordKey,
        /// Why.
        why: String,
    },
    /// What is kept is as new, or was put in its place.
    #[error(transparent)]
    Conflict(#[from] Conflict),
}

/// A body that may be taken.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What is to be kept.
    pub change: Change,
    /// Whose name it is.
    pub owned: Owned,
}

impl Checker {
    /// Of a gateway for `names` and what lies under them, or any name where there are none, whose
    /// texts are of `chain_id`.
    pub fn new(owners: Owners, chain_id: u64, names: Vec<Name>) -> Self {
        Self { owners, chain_id, names, approvals: Arc::new(ApprovalCache::new()) }
    }

    /// Looks at everything in `post` that its signatures and our clock (`now`, seconds since 1970)
    /// decide.
    ///
    /// # Errors
    /// [`Refusal`]; [`OwnersError::Chain`] in it is no verdict.
    pub async fn check(&self, post: RecordsPost, now: u64) -> Result<Checked, Refusal> {
        self.check_form(&post, now)?;
        let name = post.name().clone();
        let owned = self.owners.of(&name).await?;
        let (chain_id, approvals) = (self.chain_id, self.approvals.clone());
        let first = Arc::new(post);
        let post = Arc::clone(&first);
        let asked = work(move || {
            let needs = |record: &PostedRecord| {
                record.payload.needs_approval_of(post.name(), owned.owner, chain_id, &approvals)
            };
            // A body has one signer; of more than one none is asked for.
            post.records().iter().filter_map(needs).take(2).collect::<BTreeSet<_>>()
        });
        let mut needed = asked.await;
        if needed.len() > 1 {
            needed.clear();
        }
        let approved = self.approved(needed, owned).await?;
        let (chain_id, approvals) = (self.chain_id, self.approvals.clone());
        let change =
            work(move || verified(&first, owned.owner, chain_id, &approved, &approvals, now));
        Ok(Checked { change: change.await?, owned })
    }

    /// What can be said without any signature.
    fn check_form(&self, post: &RecordsPost, now: u64) -> Result<(), Refusal> {
        let name = post.name();
        name.check_folder().map_err(|error| Refusal::Long(error.to_string()))?;
        let labels = name.labels().count();
        if labels > MAX_LABELS {
            let told = format!("the name has {labels} labels, and at most {MAX_LABELS} are kept");
            return Err(Refusal::Long(told));
        }
        let records = post.records();
        if records.len() > MAX_RECORDS {
            return Err(Refusal::TooMany(records.len()));
        }
        if let Some(long) = records.iter().find(|one| one.payload.result.len() > MAX_VALUE) {
            let (record, bytes) = (long.key.clone(), long.payload.result.len());
            return Err(Refusal::LongValue { record, bytes });
        }
        if post.chain_id() != self.chain_id {
            return Err(Refusal::Chain { given: post.chain_id(), ours: self.chain_id });
        }
        if !self.names.is_empty() && !self.names.iter().any(|of| name.is_or_is_under(of)) {
            return Err(Refusal::NotServed(name.clone()));
        }
        let in_time = |one: &PostedRecord| in_time(&one.key.to_string(), one.timestamp, now);
        records.iter().try_for_each(in_time)
    }

    /// Whether a record that is kept elsewhere verifies.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn verify(
        &self,
        name: &Name,
        key: &RecordKey,
        payload: &SignedRecord,
        (time, now): (u64, u64),
    ) -> Result<(), Refusal> {
        in_time(&key.to_string(), time, now)?;
        let owned = self.owners.of(name).await?;
        let needed = payload.needs_approval_of(name, owned.owner, self.chain_id, &self.approvals);
        let approved = self.approved(needed.into_iter().collect(), owned).await?;
        let context = VerifyContext {
            name,
            owner: owned.owner,
            chain_id: self.chain_id,
            approved_signers: &approved,
        };
        match payload.clone().verify_with(key, &context, &self.approvals) {
            Ok(_) => Ok(()),
            Err(error) => Err(unverified(name, key, error)),
        }
    }

    /// Of those whose approval on chain is needed, the ones that have it.
    async fn approved(
        &self,
        needed: BTreeSet<Address>,
        owned: Owned,
    ) -> Result<Vec<Address>, OwnersError> {
        let mut approved = Vec::new();
        for signer in needed {
            if self.owners.approved(owned, signer).await? {
                approved.push(signer);
            }
        }
        Ok(approved)
    }
}

/// Work that takes the processor, off the threads that wait for others.
async fn work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The gateway stops: this request ends with it.
            Err(_) => std::future::pending().await,
        },
    }
}

fn in_time(record: &str, time: u64, now: u64) -> Result<(), Refusal> {
    match time > now.saturating_add(AHEAD) {
        true => Err(Refusal::Future { record: record.to_owned(), time, now }),
        false => Ok(()),
    }
}

fn verified(
    post: &RecordsPost,
    owner: Address,
    chain_id: u64,
    approved_signers: &[Address],
    approvals: &ApprovalCache,
    now: u64,
) -> Result<Change, Refusal> {
    let name = post.name();
    let context = VerifyContext { name, owner, chain_id, approved_signers };
    let mut records = Vec::new();
    for record in post.records() {
        let key = &record.key;
        let refused = |error| unverified(name, key, error);
        let payload = record.payload.clone();
        payload.verify_with(key, &context, approvals).map_err(refused)?;
        let signature = id(&record.payload.signature)
            .map_err(|error| refused(VerifyError::RecordForm(error)))?;
        records.push(NewRecord {
            key: key.clone(),
            data: record.payload.encode(),
            signature,
            approval: approval_id(&record.payload)
                .map_err(|error| refused(VerifyError::ApprovalForm(error)))?,
            time: record.timestamp,
        });
    }
    let fresh = fresh(post, now)?;
    Ok(Change { name: name.clone(), now, records, fresh })
}

fn unverified(name: &Name, key: &RecordKey, error: VerifyError) -> Refusal {
    Refusal::Unverified { name: name.clone(), record: key.clone(), error: Box::new(error) }
}

/// r ‖ s, which is the same in each form of a signature.
pub(super) fn id(signature: &[u8]) -> Result<[u8; 64], SignatureError> {
    let signature = Signature::from_slice(signature)?;
    let mut id = [0; 64];
    id.copy_from_slice(&signature.as_bytes()[..64]);
    Ok(id)
}

/// The same of a payload's approval, where it has one.
pub(super) fn approval_id(payload: &SignedRecord) -> Result<Option<[u8; 64]>, SignatureError> {
    match payload.approval.is_empty() {
        true => Ok(None),
        false => id(&payload.approval).map(Some),
    }
}

/// When the records' signer said that they are the newest.
fn fresh(post: &RecordsPost, now: u64) -> Result<Option<u64>, Refusal> {
    let Some(freshness) = post.freshness() else { return Ok(None) };
    in_time("freshness", freshness.timestamp, now)?;
    let signers: BTreeSet<Address> =
        post.records().iter().map(|record| record.payload.signer).collect();
    for signer in signers {
        let request = post.freshness_request(freshness.timestamp, signer);
        match request.recover(&freshness.signature) {
            Ok(by) if by == signer => {}
            Ok(by) => return Err(Refusal::Freshness(format!("it is by {by}, not by {signer}"))),
            Err(error) => return Err(Refusal::Freshness(error.to_string())),
        }
    }
    Ok(Some(freshness.timestamp))
}
