//! Signed redirects: a name hands its records to another name, whose own resolver then answers.
//!
//! ```text
//! 0xc20117a4 ‖ abi.encode(address recordSigner, bytes recordSignature, bytes approvedSignature, bytes redirect)
//! ```
//!
//! `redirect` is the DNS wire form of the other name, not ABI-encoded
//! ([the resolver](crate::spec::resolver)).

use alloy_primitives::Address;

use super::approvals::Approval;
use super::diagnose::Cause;
use super::verify::RecoverApproval;
use super::{
    ApprovalBasis, ApprovalCache, PayloadError, Request, SIGNED_REDIRECT_SELECTOR, Signature,
    SignedRecord, VerifyContext, VerifyError,
};
use crate::ens::{Name, dns_decode};

/// A redirect as it was found or made. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRedirect(SignedRecord);

/// A redirect whose signatures stand: only [`SignedRedirect::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRedirect {
    target: Name,
    signer: Address,
    basis: ApprovalBasis,
}

impl VerifiedRedirect {
    /// The name that answers instead.
    pub fn target(&self) -> &Name {
        &self.target
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

impl SignedRedirect {
    /// Puts a redirect together: `signature` is of [`Request::InstallService`], `approval` SIGN 3,
    /// where the signer needs one.
    pub fn new(
        signer: Address,
        signature: &Signature,
        approval: Option<&Signature>,
        target: &Name,
    ) -> Self {
        Self(SignedRecord::new(signer, signature, approval, target.dns()))
    }

    /// Selector and arguments: the bytes of `data` in the record file.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = self.0.encode();
        payload[..4].copy_from_slice(&SIGNED_REDIRECT_SELECTOR);
        payload
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`PayloadError`] when it is no redirect.
    pub fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        match payload.split_first_chunk::<4>() {
            Some((&SIGNED_REDIRECT_SELECTOR, arguments)) => {
                SignedRecord::arguments(arguments).map(Self)
            }
            Some((other, _)) => Err(PayloadError::Selector(*other)),
            None => Err(PayloadError::Malformed),
        }
    }

    /// As [`SignedRecord::needs_approval_of`].
    pub fn needs_approval_of(
        &self,
        name: &Name,
        owner: Address,
        chain_id: u64,
        approvals: &ApprovalCache,
    ) -> Option<Address> {
        self.0.needs_approval_of(name, owner, chain_id, approvals)
    }

    /// Checks the payload as a redirect of `context.name`, as the resolver does.
    ///
    /// # Errors
    /// [`VerifyError`], the first check that fails: approval, target, signature.
    pub fn verify(self, context: &VerifyContext<'_>) -> Result<VerifiedRedirect, VerifyError> {
        self.verify_recovering(context, &Approval::recover)
    }

    /// As [`verify`](Self::verify), for one of many: see [`SignedRecord::verify_with`].
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_with(
        self,
        context: &VerifyContext<'_>,
        approvals: &ApprovalCache,
    ) -> Result<VerifiedRedirect, VerifyError> {
        self.verify_recovering(context, &|approval| approvals.recover(approval))
    }

    fn verify_recovering(
        self,
        context: &VerifyContext<'_>,
        recover_approval: RecoverApproval<'_>,
    ) -> Result<VerifiedRedirect, VerifyError> {
        let Self(redirect) = self;
        let basis = redirect.approval_basis(context, recover_approval)?;
        let target = dns_decode(&redirect.result).map_err(VerifyError::Redirect)?;
        let signer = redirect.signer;
        let signature =
            Signature::from_slice(&redirect.signature).map_err(VerifyError::RecordForm)?;
        let VerifyContext { name, chain_id, .. } = *context;
        let by = Request::redirect(name, &target, &redirect.result, chain_id, signer)
            .recover(&signature)
            .map_err(VerifyError::RecordForm)?;
        if by != signer {
            return Err(VerifyError::Record { signer, cause: Cause::Unknown { recovered: by } });
        }
        Ok(VerifiedRedirect { target, signer, basis })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SignerKey;
    use crate::secret::Secret;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn signed_and_verified() {
        let key = SignerKey::from_scalar(&Secret::new([7; 32])).unwrap();
        let (from, to) = (name("ens.nick.eth"), name("app.ens.eth"));
        let payload = key.sign_redirect(&from, &to, 1, None).encode();
        assert_eq!(SignedRecord::decode(&payload), Err(PayloadError::Redirect));
        let context = |name, chain_id| VerifyContext {
            name,
            owner: key.address(),
            chain_id,
            approved_signers: &[],
        };
        let redirect = || SignedRedirect::decode(&payload).unwrap();
        let verified = redirect().verify(&context(&from, 1)).unwrap();
        assert_eq!((verified.target(), verified.basis()), (&to, ApprovalBasis::Owner));
        assert!(matches!(redirect().verify(&context(&to, 1)), Err(VerifyError::Record { .. })));
        assert!(matches!(redirect().verify(&context(&from, 5)), Err(VerifyError::Record { .. })));
        let other = VerifyContext { owner: Address::ZERO, ..context(&from, 1) };
        assert!(matches!(redirect().verify(&other), Err(VerifyError::NotApproved { .. })));
        let approvals = ApprovalCache::new();
        let needs = |owner| redirect().needs_approval_of(&from, owner, 1, &approvals);
        assert_eq!(needs(Address::ZERO), Some(key.address()));
        assert_eq!(needs(key.address()), None);
    }

    #[test]
    fn what_it_leads_to_must_be_a_name() {
        let key = SignerKey::from_scalar(&Secret::new([7; 32])).unwrap();
        let from = name("nick.eth");
        let mut redirect = key.sign_redirect(&from, &from, 1, None);
        redirect.0.result = vec![4, b'n'].into();
        let context =
            VerifyContext { name: &from, owner: key.address(), chain_id: 1, approved_signers: &[] };
        assert!(matches!(redirect.verify(&context), Err(VerifyError::Redirect(_))));
    }
}
