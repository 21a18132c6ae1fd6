//! SIGN 3 is the same in every record of a name: who verifies many records recovers it once.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::Address;
use lru::LruCache;

use super::{Request, Signature, SignatureError};
use crate::ens::Name;

/// Approvals kept at a time, about 300 kB. Records of a name come one after the other, so that
/// even one for each thread would do.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(1024).expect("1024 is not zero");

/// A SIGN 3 and all that its text is rebuilt from. Not verified.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Approval {
    /// The full name that is resolved.
    pub name: Name,
    /// The chain id in the text.
    pub chain_id: u64,
    /// The owner in the text.
    pub owner: Address,
    /// The signer in the text.
    pub signer: Address,
    /// What was signed over it.
    pub signature: Signature,
}

impl Approval {
    /// Who signed the text.
    pub fn recover(&self) -> Result<Address, SignatureError> {
        let Self { name, chain_id, signer, owner, signature } = self;
        let (chain_id, signer, owner) = (*chain_id, *signer, *owner);
        Request::ApproveSigner { name, chain_id, signer, owner }.recover(signature)
    }
}

/// Whom approvals (SIGN 3) recovered to, for [`SignedRecord::verify_with`] and
/// [`SignedRedirect::verify_with`].
///
/// An address is kept under everything it was recovered from: name, chain id, owner, signer and
/// signature. Whatever differs in one of them is recovered anew, so what is kept cannot make a
/// record look right that is not. At most 1,024 addresses are kept, those used last. Threads can
/// share it.
///
/// [`SignedRecord::verify_with`]: super::SignedRecord::verify_with
/// [`SignedRedirect::verify_with`]: super::SignedRedirect::verify_with
#[derive(Debug)]
pub struct ApprovalCache {
    recovered: Mutex<LruCache<Approval, Address>>,
}

impl ApprovalCache {
    /// Nothing recovered yet.
    pub fn new() -> Self {
        Self { recovered: Mutex::new(LruCache::new(CAPACITY)) }
    }

    /// As [`Approval::recover`].
    pub(super) fn recover(&self, approval: &Approval) -> Result<Address, SignatureError> {
        if let Some(address) = self.recovered().get(approval) {
            return Ok(*address);
        }
        // Unlocked meanwhile: at worst two threads recover the same.
        let address = approval.recover()?;
        self.recovered().put(approval.clone(), address);
        Ok(address)
    }

    fn recovered(&self) -> MutexGuard<'_, LruCache<Approval, Address>> {
        // A thread that panicked left whole entries behind.
        self.recovered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ApprovalCache {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SignerKey;
    use crate::record::{RecordKey, Value};
    use crate::request::{ApprovalBasis, SignedRecord, VerifyContext, VerifyError};
    use crate::secret::Secret;

    fn key(byte: u8) -> SignerKey {
        SignerKey::from_scalar(&Secret::new([byte; 32])).unwrap()
    }

    /// SIGN 3 by `by` of `signer` for `name`, in the text of `owner`.
    fn approval(by: &SignerKey, signer: &SignerKey, owner: Address, name: &str) -> Signature {
        let name = &Name::parse(name).unwrap();
        let signer = signer.address();
        by.sign(&Request::ApproveSigner { name, chain_id: 1, signer, owner })
    }

    /// Each of these carries an approval that stands elsewhere, and is signed rightly but for it.
    #[test]
    fn an_approval_counts_only_for_what_it_was_recovered_for() {
        let [owner, other_owner, signer, other_signer] = [1, 2, 3, 4].map(key);
        let [name, other_name] = ["nick.eth", "mick.eth"].map(|name| Name::parse(name).unwrap());
        let record_key = RecordKey::parse("text/avatar").unwrap();
        let value = Value::parse(&record_key, "a").unwrap();
        let record = |signer: &SignerKey, name, chain_id, approval: &Signature| {
            signer.sign_record(name, &record_key, &value, chain_id, Some(approval))
        };
        let context = |name, owner: &SignerKey, chain_id| VerifyContext {
            name,
            owner: owner.address(),
            chain_id,
            approved_signers: &[],
        };
        let cache = ApprovalCache::new();
        let verify = |record: SignedRecord, context: VerifyContext<'_>| {
            let cached = record.clone().verify_with(&record_key, &context, &cache);
            assert_eq!(cached, record.verify(&record_key, &context));
            cached.map(|verified| verified.basis())
        };
        let right = approval(&owner, &signer, owner.address(), "nick.eth");
        let forged = approval(&other_owner, &signer, owner.address(), "nick.eth");
        for _ in 0..2 {
            let basis =
                verify(record(&signer, &name, 1, &right), context(&name, &owner, 1)).unwrap();
            assert_eq!(basis, ApprovalBasis::SignedByOwner);
            for (record, context) in [
                (record(&signer, &other_name, 1, &right), context(&other_name, &owner, 1)),
                (record(&signer, &name, 1, &right), context(&name, &other_owner, 1)),
                (record(&other_signer, &name, 1, &right), context(&name, &owner, 1)),
                (record(&signer, &name, 5, &right), context(&name, &owner, 5)),
                (record(&signer, &name, 1, &forged), context(&name, &owner, 1)),
            ] {
                let error = verify(record, context).unwrap_err();
                assert!(matches!(error, VerifyError::Approval { .. }), "{error}");
            }
        }
        assert_eq!(cache.recovered().len(), 6, "each by its own input, and each once");
    }

    #[test]
    fn what_was_recovered_is_not_recovered_again() {
        let (owner, signer) = (key(1), key(3));
        let approval = Approval {
            name: Name::parse("nick.eth").unwrap(),
            chain_id: 1,
            owner: owner.address(),
            signer: signer.address(),
            signature: approval(&owner, &signer, owner.address(), "nick.eth"),
        };
        let cache = ApprovalCache::new();
        assert_eq!(cache.recover(&approval), Ok(owner.address()));
        // Told apart from a second recovery by an address that none would give.
        cache.recovered().put(approval.clone(), signer.address());
        assert_eq!(cache.recover(&approval), Ok(signer.address()));
        assert_eq!(ApprovalCache::new().recover(&approval), Ok(owner.address()));
    }

    #[test]
    fn it_is_bounded_and_keeps_no_failures() {
        let approval = |chain_id, signature| Approval {
            name: Name::parse("nick.eth").unwrap(),
            chain_id,
            owner: Address::ZERO,
            signer: Address::ZERO,
            signature,
        };
        let signature = key(1).sign_text("a text");
        let cache = ApprovalCache::new();
        for chain_id in 0..CAPACITY.get() as u64 + 10 {
            cache.recover(&approval(chain_id, signature.clone())).unwrap();
        }
        assert_eq!(cache.recovered().len(), CAPACITY.get());
        let cache = ApprovalCache::new();
        let mut off_curve = *signature.as_bytes();
        off_curve[..32].fill(0);
        let off_curve = Signature::from_rsv(off_curve).unwrap();
        assert_eq!(cache.recover(&approval(1, off_curve)), Err(SignatureError::Unrecoverable));
        assert_eq!(cache.recovered().len(), 0);
    }
}
