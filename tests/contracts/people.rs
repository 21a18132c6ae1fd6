//! Keys, names, records and signatures of the trials.

use namesys::devnet::chain::CHAIN_ID;
use namesys::ens::Name;
use namesys::keys::{IpnsKey, SignerKey};
use namesys::record::{RecordKey, Value};
use namesys::request::{Request, Signature, SignedRecord};
use namesys::secret::Secret;

use alloy_primitives::Address;

pub fn person(number: u8) -> SignerKey {
    SignerKey::from_scalar(&Secret::new([number; 32])).expect("a small number is a key")
}

pub fn ipns_key(number: u8) -> IpnsKey {
    IpnsKey::from_seed(&Secret::new([number; 32]))
}

pub fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub fn key(text: &str) -> RecordKey {
    RecordKey::parse(text).expect("a record type")
}

pub fn value(record: &str, text: &str) -> Value {
    Value::parse(&key(record), text).expect("a value")
}

/// A record, signed for the devnet's chain.
pub fn signed(
    of: &Name,
    record: &str,
    text: &str,
    signer: &SignerKey,
    approval: Option<&Signature>,
) -> SignedRecord {
    signer.sign_record(of, &key(record), &value(record, text), CHAIN_ID, approval)
}

/// SIGN 3 for `signer`, in the name of `owner`, by `by`.
pub fn approval(name: &Name, signer: Address, owner: Address, by: &SignerKey) -> Signature {
    by.sign(&Request::ApproveSigner { name, chain_id: CHAIN_ID, signer, owner })
}
