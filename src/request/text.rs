//! The exact texts that are signed: SIGN 1 to 4 and the redirect
//! ([requests](crate::spec::requests); where they differ from the deployed resolver, as the
//! resolver rebuilds them). Nothing else in this crate builds them, and nothing reads one back.

use std::fmt;

use alloy_primitives::{Address, B256, Keccak256, keccak256};
use serde::{Deserialize, Serialize};

use super::{Caip10, Signature, SignatureError, recover};
use crate::ens::Name;
use crate::record::RecordKey;
use crate::secret::SecretString;

/// A text to be signed under EIP-191, by what it says. Its display is that text, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// SIGN 1: asks the wallet for the seed of the IPNS key.
    GenerateIpnsKey {
        /// Whose key.
        origin: Origin<'a>,
        /// [`Extradata::of_password`].
        extradata: Extradata,
        /// The wallet.
        wallet: Caip10,
    },
    /// SIGN 2: asks the wallet for the seed of the records signer.
    GenerateRecordsSigner {
        /// Whose signer.
        origin: Origin<'a>,
        /// [`Extradata::of_password`].
        extradata: Extradata,
        /// The wallet.
        wallet: Caip10,
    },
    /// SIGN 3: approves a signer for the records of a name.
    ApproveSigner {
        /// The full name that is resolved.
        name: &'a Name,
        /// The chain of both accounts.
        chain_id: u64,
        /// Who may sign.
        signer: Address,
        /// The name's owner, also where a manager signs in its place.
        owner: Address,
    },
    /// SIGN 3 as seed 002 prints it, with the bare address of the signer. The deployed resolver
    /// does not accept it; it is here to be recognised.
    ApproveSignerOfSeed {
        /// As in [`ApproveSigner`](Self::ApproveSigner).
        name: &'a Name,
        /// The chain of the owner's account.
        chain_id: u64,
        /// Who may sign.
        signer: Address,
        /// The name's owner.
        owner: Address,
    },
    /// SIGN 4: the records signer signs one record of a name.
    UpdateRecord {
        /// The full name that is resolved.
        name: &'a Name,
        /// Which record.
        record: &'a RecordKey,
        /// [`Extradata::of_result`], of the ABI-encoded value.
        extradata: Extradata,
        /// Who signs.
        signer: Caip10,
    },
    /// A redirect: a name hands its records to another name.
    InstallService {
        /// The full name that is resolved.
        name: &'a Name,
        /// The other name.
        app: &'a Name,
        /// [`Extradata::of_result`], of the other name's DNS wire form.
        extradata: Extradata,
        /// Who signs.
        signer: Caip10,
    },
}

impl<'a> Request<'a> {
    /// SIGN 4 for the ABI-encoded value `result`, signed by `signer`.
    pub fn record(
        name: &'a Name,
        record: &'a RecordKey,
        result: &[u8],
        chain_id: u64,
        signer: Address,
    ) -> Self {
        let (extradata, signer) = (Extradata::of_result(result), Caip10::new(chain_id, signer));
        Self::UpdateRecord { name, record, extradata, signer }
    }

    /// The redirect of `name` to `app`, whose DNS wire form is `result`, signed by `signer`.
    pub fn redirect(
        name: &'a Name,
        app: &'a Name,
        result: &[u8],
        chain_id: u64,
        signer: Address,
    ) -> Self {
        let (extradata, signer) = (Extradata::of_result(result), Caip10::new(chain_id, signer));
        Self::InstallService { name, app, extradata, signer }
    }

    /// Which of the requests it is.
    pub fn step(&self) -> Step {
        match self {
            Self::GenerateIpnsKey { .. } => Step::Sign1,
            Self::GenerateRecordsSigner { .. } => Step::Sign2,
            Self::ApproveSigner { .. } | Self::ApproveSignerOfSeed { .. } => Step::Sign3,
            Self::UpdateRecord { .. } => Step::Sign4,
            Self::InstallService { .. } => Step::Redirect,
        }
    }

    /// The name it is for; `None` where it is for a wallet and all its names.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::GenerateIpnsKey { origin, .. } | Self::GenerateRecordsSigner { origin, .. } => {
                match origin {
                    Origin::Name(name) => Some(name),
                    Origin::Wallet(_) => None,
                }
            }
            Self::ApproveSigner { name, .. }
            | Self::ApproveSignerOfSeed { name, .. }
            | Self::UpdateRecord { name, .. }
            | Self::InstallService { name, .. } => Some(name),
        }
    }

    /// Who signed it.
    ///
    /// # Errors
    /// As [`Signature::recover_digest`].
    pub fn recover(&self, signature: &Signature) -> Result<Address, SignatureError> {
        recover(&self.to_string(), signature)
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::GenerateIpnsKey { origin, extradata, wallet } => write!(
                f,
                "Requesting Signature To Generate IPNS Key\n\n\
                 Origin: {origin}\n\
                 Key Type: ed25519\n\
                 Extradata: {extradata}\n\
                 Signed By: {wallet}"
            ),
            Self::GenerateRecordsSigner { origin, extradata, wallet } => write!(
                f,
                "Requesting Signature To Generate ENS Records Signer\n\n\
                 Origin: {origin}\n\
                 Key Type: secp256k1\n\
                 Extradata: {extradata}\n\
                 Signed By: {wallet}"
            ),
            Self::ApproveSigner { name, chain_id, signer, owner } => {
                approve_signer(f, name, &Caip10::new(chain_id, signer), chain_id, owner)
            }
            Self::ApproveSignerOfSeed { name, chain_id, signer, owner } => {
                approve_signer(f, name, &signer, chain_id, owner)
            }
            Self::UpdateRecord { name, record, extradata, signer } => write!(
                f,
                "Requesting Signature To Update ENS Record\n\n\
                 Origin: {name}\n\
                 Record Type: {record}\n\
                 Extradata: {extradata}\n\
                 Signed By: {signer}"
            ),
            Self::InstallService { name, app, extradata, signer } => write!(
                f,
                "Requesting Signature To Install dApp Service\n\n\
                 Origin: {name}\n\
                 App: {app}\n\
                 Extradata: {extradata}\n\
                 Signed By: {signer}"
            ),
        }
    }
}

fn approve_signer(
    f: &mut fmt::Formatter<'_>,
    name: &Name,
    signer: &dyn fmt::Display,
    chain_id: u64,
    owner: Address,
) -> fmt::Result {
    let owner = Caip10::new(chain_id, owner);
    write!(
        f,
        "Requesting Signature To Approve ENS Records Signer\n\n\
         Origin: {name}\n\
         Approved Signer: {signer}\n\
         Approved By: {owner}"
    )
}

/// Which request it is, as flags, reports and errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Step {
    /// The IPNS key.
    #[serde(rename = "sign-1")]
    Sign1,
    /// The records signer.
    #[serde(rename = "sign-2")]
    Sign2,
    /// An approval.
    #[serde(rename = "sign-3")]
    Sign3,
    /// A record.
    #[serde(rename = "sign-4")]
    Sign4,
    /// A redirect.
    #[serde(rename = "redirect")]
    Redirect,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sign1 => "sign-1",
            Self::Sign2 => "sign-2",
            Self::Sign3 => "sign-3",
            Self::Sign4 => "sign-4",
            Self::Redirect => "redirect",
        })
    }
}

/// Whose keys SIGN 1 and 2 ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A name's: displayed as it is.
    Name(&'a Name),
    /// A wallet's, for all its names: `eth:` and the checksummed address.
    Wallet(Address),
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Wallet(address) => write!(f, "eth:{address}"),
        }
    }
}

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
