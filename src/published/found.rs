//! What a file of a published tree is: a record that verifies, one that does not, or somebody
//! else's file.

use alloy_primitives::Address;

use crate::ens::Name;
use crate::record::{PathMeaning, RecordFile, RecordKey, Value, meaning};
use crate::request::{ApprovalBasis, ApprovalCache, Signature, SignedRecord, VerifyContext};
use crate::workspace::{Approval, Facts};

/// A record, by whose it is and which.
pub type RecordId = (Name, RecordKey);

/// Checks files as the resolver would, with what is known of the chain.
#[derive(Debug)]
pub struct Verifier {
    facts: Facts,
    approvals: ApprovalCache,
}

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A record that the resolver would take.
    Record(Box<FoundRecord>),
    /// At the place of a record, and it does not verify.
    Unverified {
        /// Whose record it would be, and which; none where the path is a known fault.
        id: Option<RecordId>,
        /// Why not.
        reason: String,
    },
    /// No record: whatever it is, it is passed on.
    Foreign,
}

/// A record that verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRecord {
    /// Whose, and which.
    pub id: RecordId,
    /// Its value.
    pub value: Value,
    /// Who signed it.
    pub signer: Address,
    /// Why that signer may.
    pub basis: ApprovalBasis,
    /// The SIGN 3 that it carries, where that stands.
    pub approval: Option<Approval>,
}

impl Verifier {
    /// With what is taken for the chain's word.
    pub fn new(facts: Facts) -> Self {
        Self { facts, approvals: ApprovalCache::new() }
    }

    /// What the file at `path` (`.well-known/…`) is. Files of the older flat layout, and those
    /// elsewhere, are foreign.
    pub fn file(&self, path: &str, bytes: &[u8]) -> Found {
        let candidates = match meaning(path) {
            PathMeaning::Records(candidates) => candidates,
            PathMeaning::Fault(reason) => return Found::Unverified { id: None, reason },
            PathMeaning::Legacy(..) | PathMeaning::Foreign => return Found::Foreign,
        };
        let id = candidates.first().cloned();
        let payload = match RecordFile::payload(bytes) {
            Ok(payload) => payload,
            Err(error) => return Found::Unverified { id, reason: error.to_string() },
        };
        let record = match SignedRecord::decode(&payload) {
            Ok(record) => record,
            Err(error) => return Found::Unverified { id, reason: error.to_string() },
        };
        let mut refused = None;
        for candidate in candidates {
            match self.record(&candidate, &record) {
                Ok(found) => return Found::Record(Box::new(found)),
                Err(reason) => _ = refused.get_or_insert(reason),
            }
        }
        Found::Unverified { id, reason: refused.unwrap_or_default() }
    }

    fn record(&self, id: &RecordId, record: &SignedRecord) -> Result<FoundRecord, String> {
        let (name, key) = id;
        let (owner, chain_id) = (self.facts.owner_of(name), self.facts.chain_id);
        let approved_signers = &self.facts.approved_for(name);
        let context = VerifyContext { name, owner, chain_id, approved_signers };
        let verified = record.clone().verify_with(key, &context, &self.approvals);
        let verified = verified.map_err(|error| error.to_string())?;
        let signer = verified.signer();
        let is_signed = matches!(
            verified.basis(),
            ApprovalBasis::SignedByOwner | ApprovalBasis::SignedByManager(_)
        );
        let approval = Signature::from_slice(&record.approval).ok().filter(|_| is_signed);
        let approval = approval.map(|signature| Approval { owner, signature });
        let (value, basis) = (verified.value().clone(), verified.basis());
        Ok(FoundRecord { id: id.clone(), value, signer, basis, approval })
    }

    /// Whose approval on chain would let the file at `path` stand, where that alone is missing.
    pub fn needs_approval_of(&self, path: &str, bytes: &[u8]) -> Option<Address> {
        let PathMeaning::Records(candidates) = meaning(path) else { return None };
        let record = SignedRecord::decode(&RecordFile::payload(bytes).ok()?).ok()?;
        candidates.iter().find_map(|(name, key)| {
            let (owner, chain_id) = (self.facts.owner_of(name), self.facts.chain_id);
            let by = record.needs_approval_of(name, owner, chain_id, &self.approvals)?;
            let context = VerifyContext { name, owner, chain_id, approved_signers: &[by] };
            let would_stand = record.clone().verify_with(key, &context, &self.approvals).is_ok();
            (would_stand && !self.facts.approved_for(name).contains(&by)).then_some(by)
        })
    }
}
