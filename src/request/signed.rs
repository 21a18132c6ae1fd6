//! The payload of a record file: a value, who signed it, and who approved the signer.
//!
//! ```text
//! selector ‖ abi.encode(address recordSigner, bytes recordSignature, bytes approvedSignature, bytes result)
//! ```
//!
//! `recordSignature` is SIGN 4; `approvedSignature` is SIGN 3, or empty when the signer is the
//! owner or approved on chain; `result` is the ABI-encoded value.

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, Bytes};

use super::Signature;

/// Selector of `signedRecord(address,bytes,bytes,bytes)`.
pub const SIGNED_RECORD_SELECTOR: [u8; 4] = [0x2b, 0x45, 0xeb, 0x2b];
/// Selector of `signedRedirect(address,bytes,bytes,bytes)`, whose result is another name.
pub const SIGNED_REDIRECT_SELECTOR: [u8; 4] = [0xc2, 0x01, 0x17, 0xa4];

/// A payload as it was found or made. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRecord {
    /// Who is said to have signed the record.
    pub signer: Address,
    /// SIGN 4: 64, 65 or 96 bytes when well formed.
    pub signature: Bytes,
    /// SIGN 3, or empty.
    pub approval: Bytes,
    /// The ABI-encoded value.
    pub result: Bytes,
}

/// Why bytes are not a signed record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The bare ABI-encoded value, as [seed 001](crate::spec::records)'s own example has it.
    #[error("the record is unsigned: its data is the bare value, without signer and signature")]
    Unsigned,
    /// `signedRedirect`: the name hands its records to another name.
    #[error("the record is a signed redirect to another name, not a value")]
    Redirect,
    /// Another selector.
    #[error("the data starts with 0x{}, not with the selector 0x2b45eb2b of a signed record", alloy_primitives::hex::encode(.0))]
    Selector([u8; 4]),
    /// The selector is right, the rest is not its arguments.
    #[error("the data is not the ABI encoding of a signed record")]
    Malformed,
}

impl SignedRecord {
    /// Puts a payload together from its SIGN 4 signature. `result` is the
    /// ABI-encoded value.
    pub fn new(
        signer: Address,
        signature: &Signature,
        approval: Option<&Signature>,
        result: Vec<u8>,
    ) -> Self {
        Self {
            signer,
            signature: Bytes::copy_from_slice(signature.as_bytes()),
            approval: approval.map(|a| Bytes::copy_from_slice(a.as_bytes())).unwrap_or_default(),
            result: result.into(),
        }
    }

    /// Selector and arguments: the bytes of `data` in the record file.
    pub fn encode(&self) -> Vec<u8> {
        let arguments = (self.signer, &self.signature, &self.approval, &self.result);
        let mut payload = SIGNED_RECORD_SELECTOR.to_vec();
        payload.extend(arguments.abi_encode_params());
        payload
    }

    /// Reads a payload as the resolver does: no other selector is taken, and of the ABI whatever
    /// Solidity takes.
    ///
    /// # Errors
    /// [`PayloadError`] says what the bytes are instead.
    pub fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        let Some((selector, arguments)) = payload.split_first_chunk::<4>() else {
            return Err(PayloadError::Malformed);
        };
        match *selector {
            SIGNED_RECORD_SELECTOR => Self::arguments(arguments),
            SIGNED_REDIRECT_SELECTOR => Err(PayloadError::Redirect),
            _ if payload.len().is_multiple_of(32) => Err(PayloadError::Unsigned),
            other => Err(PayloadError::Selector(other)),
        }
    }

    /// Reads a payload of the older flat layout (ENSIP-XX), where any callback's selector may
    /// stand before the same arguments. No resolver is known that asks for it.
    ///
    /// # Errors
    /// [`PayloadError`] says what the bytes are instead.
    pub fn decode_flat(payload: &[u8]) -> Result<Self, PayloadError> {
        match (Self::decode(payload), payload.get(4..)) {
            (Err(error @ PayloadError::Selector(_)), Some(arguments)) => {
                Self::arguments(arguments).map_err(|_| error)
            }
            (decoded, _) => decoded,
        }
    }

    /// `abi.decode(arguments, (address, bytes, bytes, bytes))`: data may lie in any order, with
    /// gaps, over one another, without padding, and more may follow.
    pub(super) fn arguments(arguments: &[u8]) -> Result<Self, PayloadError> {
        let word = |at: usize| arguments.get(at..)?.first_chunk::<32>();
        let number = |at: usize| {
            let (high, low) = word(at)?.split_last_chunk::<8>()?;
            let low = u64::from_be_bytes(*low);
            (high.iter().all(|byte| *byte == 0)).then(|| usize::try_from(low).ok())?
        };
        let bytes = |argument: usize| {
            let start = number(argument * 32)?;
            let end = start.checked_add(32)?.checked_add(number(start)?)?;
            Some(Bytes::copy_from_slice(arguments.get(start + 32..end)?))
        };
        let signer = || {
            let (high, address) = word(0)?.split_first_chunk::<12>()?;
            (*high == [0; 12]).then(|| Address::from_slice(address))
        };
        let record = || {
            let (signer, signature) = (signer()?, bytes(1)?);
            Some(Self { signer, signature, approval: bytes(2)?, result: bytes(3)? })
        };
        record().ok_or(PayloadError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ens::Name;
    use crate::keys::SignerKey;
    use crate::record::{RecordKey, Value};
    use crate::request::{ApprovalBasis, Extradata, Request, VerifyContext};
    use crate::secret::SecretString;
    use alloy_primitives::hex;

    fn cases() -> Vec<serde_json::Value> {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/records.json")).unwrap();
        vectors["cases"].as_array().unwrap().clone()
    }

    #[test]
    fn record_vectors() {
        assert!(!cases().is_empty());
        for case in cases() {
            let field = |name: &str| case[name].as_str().unwrap();
            let name = Name::from_normalized(field("ens")).unwrap();
            let key: RecordKey = field("record_type").parse().unwrap();
            let value = Value::abi_decode(&key, &hex::decode(field("result")).unwrap()).unwrap();
            let secret = SecretString::new(field("signer_private_key").to_owned());
            let signer = SignerKey::from_hex(&secret).unwrap();
            let approval: Signature = field("approval").parse().unwrap();
            let chain_id = case["chain_id"].as_u64().unwrap();

            let path = format!("{}/{}", name.well_known(), key.file_name());
            assert_eq!(path, field("path"));
            let result = value.abi_encode();
            assert_eq!(hex::encode_prefixed(&result), field("result"));
            let extradata = Extradata::of_result(&result);
            assert_eq!(extradata.to_string(), field("extradata"));
            let request = Request::record(&name, &key, &result, chain_id, signer.address());
            assert_eq!(request.to_string(), field("sign4"));

            let record = signer.sign_record(&name, &key, &value, chain_id, Some(&approval));
            assert_eq!(hex::encode_prefixed(&record.signature), field("signature"));
            assert_eq!(hex::encode_prefixed(record.encode()), field("data"));
            let decoded = SignedRecord::decode(&record.encode()).unwrap();
            assert_eq!(decoded, record);
            // Who approved: the owner whose wallet made the SIGN 3 of the vector.
            let approved = Request::ApproveSigner {
                name: &name,
                chain_id,
                signer: signer.address(),
                owner: owner_of(&name, signer.address()),
            };
            let owner = approved.recover(&approval).unwrap();
            let context = VerifyContext { name: &name, owner, chain_id, approved_signers: &[] };
            let verified = decoded.verify(&key, &context).unwrap();
            assert_eq!(verified.basis(), ApprovalBasis::SignedByOwner);
            assert_eq!(verified.signer(), signer.address());
        }
    }

    /// The wallet of the request vectors that approved `signer`.
    fn owner_of(name: &Name, signer: Address) -> Address {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/requests.json")).unwrap();
        let case = vectors["cases"]
            .as_array()
            .unwrap()
            .iter()
            .find(|case| case["ens"] == name.as_str() && case["signer"] == signer.to_string());
        case.expect("a request vector for every record vector")["wallet"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    fn record() -> SignedRecord {
        SignedRecord {
            signer: Address::repeat_byte(1),
            signature: vec![2; 65].into(),
            approval: Bytes::new(),
            result: vec![3; 33].into(),
        }
    }

    #[test]
    fn whatever_layout_solidity_takes() {
        let canonical = record().encode();
        let decode = SignedRecord::decode;
        assert_eq!(decode(&[&canonical[..], &[7; 5]].concat()), Ok(record()), "more follows");
        assert_eq!(decode(&canonical[..canonical.len() - 31]), Ok(record()), "without padding");
        assert!(decode(&canonical[..canonical.len() - 32]).is_err(), "without its last byte");
        let mut dirty = canonical.clone();
        *dirty.last_mut().unwrap() = 9;
        assert_eq!(decode(&dirty), Ok(record()), "padding is not looked at");
        let mut of_nobody = canonical.clone();
        of_nobody[4] = 1;
        assert!(decode(&of_nobody).is_err(), "no address");
        // Offsets and lengths beyond all bounds.
        for at in [4 + 32, 4 + 64, 4 + 96, 4 + 128] {
            for value in [&[0xff; 32][..], &[[0; 24].as_slice(), &[0xff; 8]].concat()] {
                let mut wild = canonical.clone();
                wild[at..at + 32].copy_from_slice(value);
                assert_eq!(decode(&wild), Err(PayloadError::Malformed), "{at}");
            }
        }
        // Two of the arguments are one.
        let mut same = canonical.clone();
        same.copy_within(4 + 32..4 + 64, 4 + 96);
        assert_eq!(decode(&same).unwrap().result, record().signature);
    }

    #[test]
    fn what_is_not_a_signed_record_is_named() {
        let bare = "x".to_owned().abi_encode();
        assert_eq!(SignedRecord::decode(&bare), Err(PayloadError::Unsigned));
        assert_eq!(SignedRecord::decode(b"abc"), Err(PayloadError::Malformed));
        assert_eq!(SignedRecord::decode(&SIGNED_RECORD_SELECTOR), Err(PayloadError::Malformed));
        let mut other_selector = record().encode();
        other_selector[..4].copy_from_slice(&[0xde, 0xad, 0xbe, 0xef]);
        let error = SignedRecord::decode(&other_selector);
        assert_eq!(error, Err(PayloadError::Selector([0xde, 0xad, 0xbe, 0xef])));
        assert_eq!(SignedRecord::decode_flat(&other_selector), Ok(record()));
        assert_eq!(SignedRecord::decode_flat(&bare), Err(PayloadError::Unsigned));
        let other = [1, 2, 3, 4, 5];
        assert_eq!(SignedRecord::decode(&other), Err(PayloadError::Selector([1, 2, 3, 4])));
        let mut redirect = SIGNED_REDIRECT_SELECTOR.to_vec();
        redirect.extend([0; 32]);
        assert_eq!(SignedRecord::decode(&redirect), Err(PayloadError::Redirect));
    }
}
