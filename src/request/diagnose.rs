//! What was signed instead, when a signature does not stand: the literal forms of the seed
//! specifications, another chain id, and the faults of the deployed client. Only texts that
//! recover to the expected signer are named; a guess is not.

use std::fmt;

use alloy_primitives::{Address, Keccak256, hex};

use super::{
    Caip10, Extradata, Signature, SignedRecord, VerifyContext, approve_signer, recover,
    update_record,
};
use crate::ens::Name;
use crate::record::{RecordKey, Value};

/// Chain ids that texts were seen to be signed for: mainnet, the deployed resolver's default
/// elsewhere (5), the test networks and a local chain.
const CHAIN_IDS: [u64; 6] = [1, 5, 11_155_111, 17_000, 560_048, 31_337];

/// How many names above a name are tried.
const MAX_PARENTS: usize = 8;

/// What a signature that does not stand turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Over none of the texts known here.
    Unknown {
        /// Who would have signed the right text: an arbitrary address unless a wrong key signed.
        recovered: Address,
    },
    /// The right text for another chain id.
    OtherChain {
        /// The chain id it was signed for.
        signed_for: u64,
        /// The chain id the resolver puts in the text.
        expected: u64,
    },
    /// The literal form of a seed specification, which the deployed resolver does not accept.
    SeedForm(&'static str),
    /// The record was signed under another record type: `text/url` and `text/description` under
    /// each other's.
    OtherType(RecordKey),
    /// The right text for another name.
    OtherName {
        /// The name it was made for.
        signed_for: Name,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { recovered } => {
                write!(f, "over this text it recovers to {recovered}; another text or key was used")
            }
            Self::OtherChain { signed_for, expected } => {
                write!(f, "it was made for chain id {signed_for}, the resolver expects {expected}")
            }
            Self::SeedForm(what) => {
                write!(
                    f,
                    "it follows the specification's literal form, which the deployed resolver does not accept: {what}"
                )
            }
            Self::OtherName { signed_for } => {
                write!(f, "it was made for {signed_for}, and each name needs its own")
            }
            Self::OtherType(key) => {
                write!(
                    f,
                    "it was made for the record type {key}, a known fault of the deployed client"
                )
            }
        }
    }
}

/// Tries the texts a SIGN 3 that does not stand may be over.
pub(super) fn approval(
    signer: Address,
    approval: &Signature,
    context: &VerifyContext<'_>,
) -> Option<Cause> {
    let by_owner = |text: &str| recover(text, approval) == Ok(context.owner);
    let name = context.name.as_str();
    for signed_for in CHAIN_IDS {
        let caip10 = |address| Caip10::new(signed_for, address);
        if by_owner(&approve_signer(name, &caip10(signer), &caip10(context.owner))) {
            return Some(Cause::OtherChain { signed_for, expected: context.chain_id });
        }
    }
    let owner = Caip10::new(context.chain_id, context.owner);
    let right = Caip10::new(context.chain_id, signer);
    let parents = std::iter::successors(context.name.parent(), Name::parent);
    for signed_for in parents.take(MAX_PARENTS) {
        if by_owner(&approve_signer(signed_for.as_str(), &right, &owner)) {
            return Some(Cause::OtherName { signed_for });
        }
    }
    let literal =
        approve_signer(name, &right, &owner).replacen(&right.to_string(), &signer.to_string(), 1);
    by_owner(&literal)
        .then_some(Cause::SeedForm("Approved Signer is an address, not a CAIP-10 account"))
}

/// Tries the texts a SIGN 4 that does not stand may be over.
pub(super) fn record(
    payload: &SignedRecord,
    signature: &Signature,
    key: &RecordKey,
    context: &VerifyContext<'_>,
) -> Option<Cause> {
    let by_signer = |text: &str| recover(text, signature) == Ok(payload.signer);
    let name = context.name.as_str();
    let record_type = key.to_string();
    let right = Extradata::of_result(&payload.result);
    let signer = Caip10::new(context.chain_id, payload.signer);
    let owner = Caip10::new(context.chain_id, context.owner);

    for signed_for in CHAIN_IDS {
        let by = Caip10::new(signed_for, payload.signer);
        if by_signer(&update_record(name, &record_type, right, &by)) {
            return Some(Cause::OtherChain { signed_for, expected: context.chain_id });
        }
    }
    let swapped = match record_type.as_str() {
        "text/url" => Some("text/description"),
        "text/description" => Some("text/url"),
        _ => None,
    };
    if let Some(other) = swapped
        && by_signer(&update_record(name, other, right, &signer))
    {
        return other.parse().ok().map(Cause::OtherType);
    }
    if by_signer(&update_record(name, &record_type, right, &owner)) {
        return Some(Cause::SeedForm("Signed By is the wallet, not the signer"));
    }
    for packed in packed_forms(key, &payload.result) {
        for by in [&signer, &owner] {
            if by_signer(&update_record(name, &record_type, packed, by)) {
                return Some(Cause::SeedForm(
                    "Extradata is over the packed type and value, not over the ABI-encoded value",
                ));
            }
        }
    }
    None
}

/// The packings that seeds 001 and 002 can be read as: the Solidity type or the record type,
/// then the value as text or as bytes.
fn packed_forms(key: &RecordKey, result: &[u8]) -> Vec<Extradata> {
    let Ok(value) = Value::abi_decode(key, result) else { return Vec::new() };
    let text = value.to_string();
    let bare = text.strip_prefix("0x").unwrap_or(&text).to_owned();
    let mut values = vec![text.clone().into_bytes(), bare.into_bytes()];
    values.extend(hex::decode(&text));
    let solidity = match key {
        RecordKey::Text(_) | RecordKey::Name => "string",
        RecordKey::Interface(_) => "address",
        RecordKey::Address(coin) if coin.number() == 60 => "address",
        _ => "bytes",
    };
    let record_type = key.to_string();
    let mut forms = Vec::new();
    for prefix in [solidity, record_type.as_str()] {
        for value in &values {
            let mut hasher = Keccak256::new();
            hasher.update(prefix.as_bytes());
            hasher.update(value);
            forms.push(Extradata::from_hash(hasher.finalize()));
        }
    }
    forms
}
