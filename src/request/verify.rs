//! The resolver's checks of a signed record ([the resolver](crate::spec::resolver);
//! [seed 001](crate::spec::sources), "Security"): who may sign, whether they did, and over what.

use alloy_primitives::{Address, Bytes};

use super::approvals::Approval;
use super::diagnose::{self, Cause};
use super::{ApprovalCache, Request, Signature, SignatureError, SignedRecord, VerifyContext};
use crate::ens::{DnsError, Name};
use crate::record::{RecordKey, Value, ValueError};

/// Why the signer may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApprovalBasis {
    /// The signer is the owner.
    Owner,
    /// The owner approved the signer on chain.
    OnChain,
    /// SIGN 3 by the owner.
    SignedByOwner,
    /// SIGN 3 by a manager whom the owner approved on chain.
    SignedByManager(Address),
}

/// A record whose signatures stand: only [`SignedRecord::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRecord {
    value: Value,
    signer: Address,
    basis: ApprovalBasis,
    result: Bytes,
}

impl VerifiedRecord {
    /// The value that was signed.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The ABI encoding of the value, which the signature covers.
    pub fn result(&self) -> &Bytes {
        &self.result
    }

    /// Who signed it.
    pub fn signer(&self) -> Address {
        self.signer
    }

    /// Why that signer may.
    pub fn basis(&self) -> ApprovalBasis {
        self.basis
    }
}

/// Why a signed record does not stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No SIGN 3, and the signer needs one.
    #[error(
        "it carries no approval, and its signer {signer} is neither the owner {owner} nor approved on chain"
    )]
    NotApproved {
        /// The record's signer.
        signer: Address,
        /// The name's owner.
        owner: Address,
    },
    /// SIGN 3 is by somebody else, or over another text.
    #[error("its approval (SIGN 3) of the signer {signer} is not by the owner {owner}: {cause}")]
    Approval {
        /// The record's signer.
        signer: Address,
        /// The name's owner.
        owner: Address,
        /// What was found to be signed instead.
        cause: Cause,
    },
    /// No approval, where every record needs one (Dev3's core names).
    #[error("it carries no approval of its signer {signer}, which every record of this name needs")]
    ApprovalNeeded {
        /// The record's signer.
        signer: Address,
    },
    /// Whoever would have to be approved on chain is not (Dev3).
    #[error(
        "its signer {signer} is not approved on chain{}",
        if by == signer { String::new() } else { format!(", nor is {by}, who approved it") }
    )]
    NoApprover {
        /// The record's signer.
        signer: Address,
        /// The signer, or who made its approval.
        by: Address,
    },
    /// SIGN 4 is by somebody else, or over another text.
    #[error("its signature (SIGN 4) is not by its signer {signer}: {cause}")]
    Record {
        /// The record's signer.
        signer: Address,
        /// What was found to be signed instead.
        cause: Cause,
    },
    /// The approval is no signature the resolver accepts.
    #[error("its approval (SIGN 3) is malformed: {0}")]
    ApprovalForm(SignatureError),
    /// The record signature is none the resolver accepts.
    #[error("its signature (SIGN 4) is malformed: {0}")]
    RecordForm(SignatureError),
    /// A signed redirect leads to no name.
    #[error("it redirects to no name: {0}")]
    Redirect(DnsError),
    /// The signatures stand, but the value is not of the record's type.
    #[error("its signatures are right, but its value cannot be read: {reason}")]
    Value {
        /// Why, and a known fault where it is one.
        reason: String,
        /// The decoder's error.
        source: ValueError,
    },
}

/// An approval shorter than this is none (the contract's own rule).
pub(super) const SHORTEST_APPROVAL: usize = 64;

/// Who made a SIGN 3: recovered, or known already.
pub(super) type RecoverApproval<'a> = &'a dyn Fn(&Approval) -> Result<Address, SignatureError>;

impl SignedRecord {
    /// Checks the payload as the record `key` of `context.name`, as the resolver does.
    ///
    /// # Errors
    /// [`VerifyError`], the first check that fails: approval, signature, value.
    pub fn verify(
        self,
        key: &RecordKey,
        context: &VerifyContext<'_>,
    ) -> Result<VerifiedRecord, VerifyError> {
        self.verify_recovering(key, context, &Approval::recover)
    }

    /// As [`verify`](Self::verify), for one of many records: an approval that many carry is
    /// recovered once, which nearly halves the time.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_with(
        self,
        key: &RecordKey,
        context: &VerifyContext<'_>,
        approvals: &ApprovalCache,
    ) -> Result<VerifiedRecord, VerifyError> {
        self.verify_recovering(key, context, &|approval| approvals.recover(approval))
    }

    fn verify_recovering(
        self,
        key: &RecordKey,
        context: &VerifyContext<'_>,
        recover_approval: RecoverApproval<'_>,
    ) -> Result<VerifiedRecord, VerifyError> {
        let basis = self.approval_basis(context, recover_approval)?;
        self.check_signature(key, context)?;
        self.with_value(key, basis)
    }

    /// The last check, of a payload whose signatures stand.
    pub(super) fn with_value(
        self,
        key: &RecordKey,
        basis: ApprovalBasis,
    ) -> Result<VerifiedRecord, VerifyError> {
        let value = Value::abi_decode(key, &self.result).map_err(|source| {
            let reason = Value::diagnose(key, &self.result).unwrap_or_else(|| source.to_string());
            VerifyError::Value { reason, source }
        })?;
        Ok(VerifiedRecord { value, signer: self.signer, basis, result: self.result })
    }

    /// Whose approval on chain would let this payload stand: its signer where it carries no
    /// SIGN 3, who made SIGN 3 where it does. `None` when that is the owner, or nobody.
    pub fn needs_approval_of(
        &self,
        name: &Name,
        owner: Address,
        chain_id: u64,
        approvals: &ApprovalCache,
    ) -> Option<Address> {
        let by = if self.approval.len() < SHORTEST_APPROVAL {
            self.signer
        } else {
            approvals.recover(&self.approval(name, owner, chain_id).ok()?).ok()?
        };
        (by != owner).then_some(by)
    }

    pub(super) fn approval_basis(
        &self,
        context: &VerifyContext<'_>,
        recover_approval: RecoverApproval<'_>,
    ) -> Result<ApprovalBasis, VerifyError> {
        let (signer, owner) = (self.signer, context.owner);
        if self.approval.len() < SHORTEST_APPROVAL {
            return if signer == owner {
                Ok(ApprovalBasis::Owner)
            } else if context.approved_signers.contains(&signer) {
                Ok(ApprovalBasis::OnChain)
            } else {
                Err(VerifyError::NotApproved { signer, owner })
            };
        }
        let approval = self
            .approval(context.name, owner, context.chain_id)
            .map_err(VerifyError::ApprovalForm)?;
        let by = recover_approval(&approval).map_err(VerifyError::ApprovalForm)?;
        if by == owner {
            Ok(ApprovalBasis::SignedByOwner)
        } else if context.approved_signers.contains(&by) {
            Ok(ApprovalBasis::SignedByManager(by))
        } else {
            let cause = diagnose::approval(signer, &approval.signature, context)
                .unwrap_or(Cause::Unknown { recovered: by });
            Err(VerifyError::Approval { signer, owner, cause })
        }
    }

    /// Its SIGN 3, with what the resolver rebuilds the text from.
    fn approval(
        &self,
        name: &Name,
        owner: Address,
        chain_id: u64,
    ) -> Result<Approval, SignatureError> {
        let signature = Signature::from_slice(&self.approval)?;
        Ok(Approval { name: name.clone(), chain_id, owner, signer: self.signer, signature })
    }

    fn check_signature(
        &self,
        key: &RecordKey,
        context: &VerifyContext<'_>,
    ) -> Result<(), VerifyError> {
        let signature = Signature::from_slice(&self.signature).map_err(VerifyError::RecordForm)?;
        let by = Request::record(context.name, key, &self.result, context.chain_id, self.signer)
            .recover(&signature)
            .map_err(VerifyError::RecordForm)?;
        if by == self.signer {
            return Ok(());
        }
        let cause = diagnose::record(self, &signature, key, context)
            .unwrap_or(Cause::Unknown { recovered: by });
        Err(VerifyError::Record { signer: self.signer, cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SignerKey;
    use crate::secret::Secret;

    #[test]
    fn the_deployed_clients_other_types_are_named() {
        let owner = SignerKey::from_scalar(&Secret::new([1; 32])).unwrap();
        let name = Name::parse("nick.eth").unwrap();
        let context = VerifyContext {
            name: &name,
            owner: owner.address(),
            chain_id: 1,
            approved_signers: &[],
        };
        for (record, signed_as) in [
            ("text/description", "text/url"),
            ("text/url", "pubkey"),
            ("text/url", "text/description"),
            ("pubkey", "text/description"),
        ] {
            let [key, other] = [record, signed_as].map(|key| RecordKey::parse(key).unwrap());
            let text = RecordKey::parse("text/any").unwrap();
            // The deployed client encodes public keys as text, too.
            let value = Value::parse(&text, "x").unwrap();
            let payload = owner.sign_record(&name, &other, &value, 1, None);
            let error = payload.verify(&key, &context).unwrap_err();
            let VerifyError::Record { cause, .. } = error else { panic!("{record}: {error}") };
            assert_eq!(cause, Cause::OtherType(other), "{record}");
        }
    }

    #[test]
    fn a_record_stands_only_for_what_was_signed() {
        let owner = SignerKey::from_scalar(&Secret::new([1; 32])).unwrap();
        let [name, other] = ["nick.eth", "mick.eth"].map(|name| Name::parse(name).unwrap());
        let [key, other_key] =
            ["text/avatar", "text/url"].map(|key| RecordKey::parse(key).unwrap());
        let [value, changed] = ["a", "b"].map(|text| Value::parse(&key, text).unwrap());
        let record = owner.sign_record(&name, &key, &value, 1, None);
        let context = |name, chain_id| VerifyContext {
            name,
            owner: owner.address(),
            chain_id,
            approved_signers: &[],
        };
        assert!(record.clone().verify(&key, &context(&name, 1)).is_ok());
        let tampered = SignedRecord { result: changed.abi_encode().into(), ..record.clone() };
        for (record, key, context) in [
            (tampered, &key, context(&name, 1)),
            (record.clone(), &other_key, context(&name, 1)),
            (record.clone(), &key, context(&other, 1)),
            (record, &key, context(&name, 5)),
        ] {
            let error = record.verify(key, &context).unwrap_err();
            assert!(matches!(error, VerifyError::Record { .. }), "{error}");
        }
    }
}
