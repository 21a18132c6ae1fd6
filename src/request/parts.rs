//! What stands in the texts that are signed, and which of them it is.

use std::fmt;

use alloy_primitives::{Address, B256, Keccak256, keccak256};
use serde::{Deserialize, Serialize};

use super::Caip10;
use crate::ens::Name;
use crate::record::RecordKey;
use crate::secret::{Secret32, SecretString};

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
    /// The keys of another write profile.
    #[serde(rename = "generate-keypairs")]
    Keypairs,
    /// An approval of another write profile.
    #[serde(rename = "approve-data-signer")]
    ApproveData,
    /// A record of another write profile.
    #[serde(rename = "update-data")]
    UpdateData,
    /// When records are posted.
    #[serde(rename = "post-records")]
    PostRecords,
    /// The nostr key.
    #[serde(rename = "nostr")]
    Nostr,
    /// The stealth keys.
    #[serde(rename = "stealth-keys")]
    StealthKeys,
    /// The RSA key of invoices.
    #[serde(rename = "encryption-key")]
    Encryption,
}

impl Step {
    /// Whether the signature is the seed of keys, and as secret as they are.
    pub fn gives_keys(self) -> bool {
        matches!(
            self,
            Self::Sign1
                | Self::Sign2
                | Self::Keypairs
                | Self::Nostr
                | Self::StealthKeys
                | Self::Encryption
        )
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sign1 => "sign-1",
            Self::Sign2 => "sign-2",
            Self::Sign3 => "sign-3",
            Self::Sign4 => "sign-4",
            Self::Redirect => "redirect",
            Self::Keypairs => "generate-keypairs",
            Self::ApproveData => "approve-data-signer",
            Self::UpdateData => "update-data",
            Self::PostRecords => "post-records",
            Self::Nostr => "nostr",
            Self::StealthKeys => "stealth-keys",
            Self::Encryption => "encryption-key",
        })
    }
}

/// What [`Request::GenerateEncryptionKey`] calls the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncryptionKey {
    /// What it is.
    #[default]
    Rsa2048,
    /// What the deployed client called it in September 2023. It gives another key, as long.
    Rsa1048,
}

impl fmt::Display for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa1048 => "RSA-1048",
        })
    }
}

/// What keys of [`Request::GenerateKeypairs`] are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// ENSIP-19: `ens:<chain id>:<resolver>`.
    Ens(Caip10),
    /// ERC-7700: `eth:<chain id>:<contract>`.
    Eth(Caip10),
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, Caip10 { chain_id, address }) = match self {
            Self::Ens(contract) => ("ens", contract),
            Self::Eth(contract) => ("eth", contract),
        };
        write!(f, "{kind}:{chain_id}:{address}")
    }
}

/// Whose keys they are that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A name's: displayed as it is.
    Name(&'a Name),
    /// A wallet's, for all its names: `eth:` and the checksummed address.
    Wallet(Address),
    /// A wallet's on its chain (CAIP-10), for all its names and contracts.
    Account(Caip10),
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Wallet(address) => write!(f, "eth:{address}"),
            Self::Account(account) => account.fmt(f),
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

    /// Of [`Request::GenerateKeypairs`]: `keccak256(spice ‖ wallet)`, the spice being the stretched
    /// password.
    pub fn of_spice(spice: &Secret32, wallet: Address) -> Self {
        let mut hasher = Keccak256::new();
        hasher.update(spice.expose());
        hasher.update(wallet);
        Self(hasher.finalize())
    }

    /// Of [`Request::PostRecords`]: `keccak256` of, in the order of the record types as text,
    /// `keccak256(record type) ‖ keccak256(payload)` of each.
    pub fn of_records<'r>(records: impl IntoIterator<Item = (&'r RecordKey, Vec<u8>)>) -> Self {
        let of = |(key, payload): (&RecordKey, Vec<u8>)| (key.to_string(), keccak256(payload));
        let mut records: Vec<_> = records.into_iter().map(of).collect();
        records.sort();
        let mut hasher = Keccak256::new();
        for (record_type, payload) in records {
            hasher.update(keccak256(record_type));
            hasher.update(payload);
        }
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
