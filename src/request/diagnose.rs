//! What was signed instead, when a signature does not stand: the literal forms of the seed
//! specifications, another chain id, and the faults of the deployed client. Only texts that
//! recover to the expected signer are named; a guess is not.

use std::fmt;

use alloy_primitives::{Address, Keccak256, hex};

use super::{Caip10, Extradata, Request, Signature, SignedRecord, VerifyContext};
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
    /// The record was signed under another record type: a description as a URL, a URL as a
    /// public key, a public key as a description.
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
    let VerifyContext { name, owner, chain_id, .. } = *context;
    let by_owner = |request: Request<'_>| request.recover(approval) == Ok(owner);
    for signed_for in CHAIN_IDS {
        if by_owner(Request::ApproveSigner { name, chain_id: signed_for, signer, owner }) {
            return Some(Cause::OtherChain { signed_for, expected: chain_id });
        }
    }
    let parents = std::iter::successors(name.parent(), Name::parent);
    for signed_for in parents.take(MAX_PARENTS) {
        if by_owner(Request::ApproveSigner { name: &signed_for, chain_id, signer, owner }) {
            return Some(Cause::OtherName { signed_for });
        }
    }
    by_owner(Request::ApproveSignerOfSeed { name, chain_id, signer, owner })
        .then_some(Cause::SeedForm("Approved Signer is an address, not a CAIP-10 account"))
}

/// Tries the texts a SIGN 4 that does not stand may be over.
pub(super) fn record(
    payload: &SignedRecord,
    signature: &Signature,
    key: &RecordKey,
    context: &VerifyContext<'_>,
) -> Option<Cause> {
    let VerifyContext { name, owner, chain_id, .. } = *context;
    let right = Extradata::of_result(&payload.result);
    let signed = |record: &RecordKey, extradata, signer: Caip10| {
        let request = Request::UpdateRecord { name, record, extradata, signer };
        request.recover(signature) == Ok(payload.signer)
    };
    let signer = Caip10::new(chain_id, payload.signer);
    let owner = Caip10::new(chain_id, owner);

    for signed_for in CHAIN_IDS {
        if signed(key, right, Caip10::new(signed_for, payload.signer)) {
            return Some(Cause::OtherChain { signed_for, expected: chain_id });
        }
    }
    for other in swapped(key) {
        if signed(&other, right, signer) {
            return Some(Cause::OtherType(other));
        }
    }
    if signed(key, right, owner) {
        return Some(Cause::SeedForm("Signed By is the wallet, not the signer"));
    }
    for packed in packed_forms(key, &payload.result) {
        for by in [signer, owner] {
            if signed(key, packed, by) {
                return Some(Cause::SeedForm(
                    "Extradata is over the packed type and value, not over the ABI-encoded value",
                ));
            }
        }
    }
    None
}

/// The record types that the deployed client signs in place of `key`: `text/url` for a
/// description, `pubkey` for a URL, `text/description` for a public key; a URL signed as a
/// description was seen too.
fn swapped(key: &RecordKey) -> Vec<RecordKey> {
    let others: &[&str] = match key.to_string().as_str() {
        "text/description" => &["text/url"],
        "text/url" => &["pubkey", "text/description"],
        "pubkey" => &["text/description"],
        _ => &[],
    };
    others.iter().filter_map(|other| other.parse().ok()).collect()
}

/// The packings that [seeds 001 and 002](crate::spec::sources) can be read as: the Solidity type or
/// the record type, then the value as text or as bytes.
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
