//! The exact texts of SIGN 1 to 4 (seeds 001 and 002; where they differ from the deployed
//! resolver, as the resolver rebuilds them). Nothing else in this crate builds them.

use std::fmt;

use alloy_primitives::{Address, B256, Keccak256, keccak256};

use super::Caip10;
use crate::secret::SecretString;

/// The hash a request commits to, shown as `0x` and 64 lower-case digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extradata(B256);

impl Extradata {
    /// Of SIGN 1 and 2: `keccak256(keccak256(utf8 password) ‖ wallet)`, the wallet in 20 bytes.
    pub fn of_password(password: &SecretString, wallet: Address) -> Self {
        let mut hasher = Keccak256::new();
        hasher.update(keccak256(password.expose().as_bytes()));
        hasher.update(wallet);
        Self(hasher.finalize())
    }

    /// Of SIGN 4: keccak256 of the ABI-encoded value.
    pub fn of_result(abi_encoded_value: &[u8]) -> Self {
        Self(keccak256(abi_encoded_value))
    }

    /// A hash computed in another way, to recognise what a signature was made over.
    pub(super) fn from_hash(hash: B256) -> Self {
        Self(hash)
    }
}

impl fmt::Display for Extradata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// SIGN 1: asks the wallet for the seed of the IPNS key.
///
/// `origin` is the name (storage `domain`) or `eth:<wallet>` (storage `wallet`).
pub fn generate_ipns_key(origin: &str, extradata: Extradata, wallet: &Caip10) -> String {
    format!(
        "Requesting Signature To Generate IPNS Key\n\n\
         Origin: {origin}\n\
         Key Type: ed25519\n\
         Extradata: {extradata}\n\
         Signed By: {wallet}"
    )
}

/// SIGN 2: asks the wallet for the seed of the records signer. `origin` as for SIGN 1.
pub fn generate_records_signer(origin: &str, extradata: Extradata, wallet: &Caip10) -> String {
    format!(
        "Requesting Signature To Generate ENS Records Signer\n\n\
         Origin: {origin}\n\
         Key Type: secp256k1\n\
         Extradata: {extradata}\n\
         Signed By: {wallet}"
    )
}

/// SIGN 3: approves `signer` for the records of `name`, the full name that is resolved.
///
/// `owner` is the name's owner, also where a manager signs in its place.
pub fn approve_signer(name: &str, signer: &Caip10, owner: &Caip10) -> String {
    format!(
        "Requesting Signature To Approve ENS Records Signer\n\n\
         Origin: {name}\n\
         Approved Signer: {signer}\n\
         Approved By: {owner}"
    )
}

/// SIGN 4: the records signer signs one record of `name`; `record_type` as in `text/avatar`.
pub fn update_record(
    name: &str,
    record_type: &str,
    extradata: Extradata,
    signer: &Caip10,
) -> String {
    format!(
        "Requesting Signature To Update ENS Record\n\n\
         Origin: {name}\n\
         Record Type: {record_type}\n\
         Extradata: {extradata}\n\
         Signed By: {signer}"
    )
}

/// The text of a signed redirect: `name` hands its records to `app`, another name. Extradata is
/// of the other name's DNS wire form.
pub fn install_service(name: &str, app: &str, extradata: Extradata, signer: &Caip10) -> String {
    format!(
        "Requesting Signature To Install dApp Service\n\n\
         Origin: {name}\n\
         App: {app}\n\
         Extradata: {extradata}\n\
         Signed By: {signer}"
    )
}
