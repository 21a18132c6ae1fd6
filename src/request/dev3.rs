//! The texts of the [Dev3](crate::spec::deployed_client) dialect and their verification: a signer
//! signs for a gateway and a resolver, not for a name, and is approved on chain for a node.

use std::fmt;

use alloy_primitives::{Address, hex, keccak256};

use super::diagnose::Cause;
use super::verify::SHORTEST_APPROVAL;
use super::{
    ApprovalBasis, Caip10, Extradata, Signature, SignatureError, SignedRecord, VerifiedRecord,
    VerifyError, recover,
};
use crate::ens::Name;
use crate::record::RecordKey;

/// What a Dev3 resolver rebuilds its texts from.
#[derive(Clone, Copy, Debug)]
pub struct Dev3Context<'a> {
    /// The full name that is resolved.
    pub name: &'a Name,
    /// The host whose records they are, without scheme.
    pub gateway: &'a str,
    /// The resolver contract.
    pub resolver: Address,
    /// Whether every record needs an approval.
    pub core: bool,
    /// The chain id that stands in the texts.
    pub chain_id: u64,
}

/// A text to be signed under EIP-191; its display is that text, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dev3Request<'a> {
    /// Approves a signer for the records of a gateway.
    ApproveSigner {
        /// The gateway's host.
        gateway: &'a str,
        /// The contract.
        resolver: Caip10,
        /// Who may sign.
        signer: Caip10,
    },
    /// Signs one record.
    UpdateRecord {
        /// The gateway's host.
        gateway: &'a str,
        /// The contract.
        resolver: Caip10,
        /// As [`dev3_record_type`] has it.
        record_type: &'a str,
        /// [`Extradata::of_result`], of the ABI-encoded value.
        extradata: Extradata,
        /// Who signs.
        signer: Caip10,
    },
}

impl fmt::Display for Dev3Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ApproveSigner { gateway, resolver, signer } => write!(
                f,
                "Requesting Signature To Approve ENS Records Signer\n\n\
                 Gateway: https://{gateway}\n\
                 Resolver: {resolver}\n\
                 Approved Signer: {signer}"
            ),
            Self::UpdateRecord { gateway, resolver, record_type, extradata, signer } => write!(
                f,
                "Requesting Signature To Update ENS Record\n\n\
                 Gateway: https://{gateway}\n\
                 Resolver: {resolver}\n\
                 Record Type: {record_type}\n\
                 Extradata: {extradata}\n\
                 Signed By: {signer}"
            ),
        }
    }
}

/// The record type in texts and paths: as everywhere, but `publickey`, and a DNS record with
/// keccak256 of its name's DNS wire form (ENSIP-6), `dns/0x…/16`.
pub fn dev3_record_type(name: &Name, key: &RecordKey) -> String {
    match key {
        RecordKey::Pubkey => "publickey".to_owned(),
        RecordKey::Dns(resource) => {
            format!("dns/{}/{resource}", hex::encode_prefixed(keccak256(name.dns())))
        }
        _ => key.to_string(),
    }
}

impl SignedRecord {
    /// Whose approval on chain a payload of this dialect stands or falls with: its signer where
    /// it carries no approval, who made that where it does.
    ///
    /// # Errors
    /// When its approval is malformed.
    pub fn dev3_approver(&self, context: &Dev3Context<'_>) -> Result<Address, VerifyError> {
        match self.approval.len() < SHORTEST_APPROVAL {
            true => Ok(self.signer),
            false => self.dev3_approval_by(context).map_err(VerifyError::ApprovalForm),
        }
    }

    /// Checks the payload as the record `key`, as the resolver does. `approved` are those whom
    /// the chain has as signers of the node.
    ///
    /// # Errors
    /// [`VerifyError`], the first check that fails: approval, signature, value.
    pub fn verify_dev3(
        self,
        key: &RecordKey,
        context: &Dev3Context<'_>,
        approved: &[Address],
    ) -> Result<VerifiedRecord, VerifyError> {
        let signer = self.signer;
        let by = self.dev3_approver(context)?;
        let basis = match self.approval.len() < SHORTEST_APPROVAL {
            true if context.core => return Err(VerifyError::ApprovalNeeded { signer }),
            _ if !approved.contains(&by) => return Err(VerifyError::NoApprover { signer, by }),
            true => ApprovalBasis::OnChain,
            false => ApprovalBasis::SignedByManager(by),
        };
        let signature = Signature::from_slice(&self.signature).map_err(VerifyError::RecordForm)?;
        let record_type = dev3_record_type(context.name, key);
        let text = Dev3Request::UpdateRecord {
            gateway: context.gateway,
            resolver: Caip10::new(context.chain_id, context.resolver),
            record_type: &record_type,
            extradata: Extradata::of_result(&self.result),
            signer: Caip10::new(context.chain_id, signer),
        };
        match recover(&text.to_string(), &signature).map_err(VerifyError::RecordForm)? {
            by if by == signer => self.with_value(key, basis),
            by => Err(VerifyError::Record { signer, cause: Cause::Unknown { recovered: by } }),
        }
    }

    fn dev3_approval_by(&self, context: &Dev3Context<'_>) -> Result<Address, SignatureError> {
        let text = Dev3Request::ApproveSigner {
            gateway: context.gateway,
            resolver: Caip10::new(context.chain_id, context.resolver),
            signer: Caip10::new(context.chain_id, self.signer),
        };
        recover(&text.to_string(), &Signature::from_slice(&self.approval)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_and_record_types() {
        let resolver = Caip10::new(1, Address::repeat_byte(0x37));
        let signer = Caip10::new(1, Address::repeat_byte(0x11));
        let gateway = "namesys-eth.github.io";
        let approval = Dev3Request::ApproveSigner { gateway, resolver, signer };
        assert_eq!(
            approval.to_string(),
            "Requesting Signature To Approve ENS Records Signer\n\n\
             Gateway: https://namesys-eth.github.io\n\
             Resolver: eip155:1:0x3737373737373737373737373737373737373737\n\
             Approved Signer: eip155:1:0x1111111111111111111111111111111111111111"
        );
        let extradata = Extradata::of_result(b"");
        let record_type = "text/avatar";
        let record =
            Dev3Request::UpdateRecord { gateway, resolver, record_type, extradata, signer };
        assert_eq!(
            record.to_string(),
            "Requesting Signature To Update ENS Record\n\n\
             Gateway: https://namesys-eth.github.io\n\
             Resolver: eip155:1:0x3737373737373737373737373737373737373737\n\
             Record Type: text/avatar\n\
             Extradata: 0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470\n\
             Signed By: eip155:1:0x1111111111111111111111111111111111111111"
        );
        let nick = Name::parse("nick.eth").unwrap();
        let of = |key: &str| dev3_record_type(&nick, &RecordKey::parse(key).unwrap());
        assert_eq!((of("pubkey"), of("address/60")), ("publickey".into(), "address/60".into()));
        let hash = keccak256(b"\x04nick\x03eth\x00");
        assert_eq!(of("dns/16"), format!("dns/{hash:#x}/16"));
    }
}
