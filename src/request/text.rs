//! The exact texts that are signed: SIGN 1 to 4, the redirect, and those of other write profiles
//! ([requests](crate::spec::requests), [write](crate::spec::write); where they differ from the deployed resolver, as the
//! resolver rebuilds them). Nothing else in this crate builds them, and nothing reads one back.

use std::fmt;

use alloy_primitives::Address;

use super::{
    Caip10, EncryptionKey, Extradata, Origin, Protocol, Signature, SignatureError, Step, recover,
};
use crate::ens::Name;
use crate::record::RecordKey;

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
    /// EIP-5559 (updated) and ERC-7700: asks the wallet for the seed of its keys.
    GenerateKeypairs {
        /// The username.
        origin: Origin<'a>,
        /// What the keys are for; it also says whether the wallet stands in the text.
        protocol: Protocol,
        /// [`Extradata::of_spice`].
        extradata: Extradata,
        /// The wallet.
        wallet: Caip10,
    },
    /// EIP-5559 (updated) and ERC-7700: approves a signer of data.
    ApproveDataSigner {
        /// The username.
        origin: Origin<'a>,
        /// Who may sign.
        signer: Address,
        /// The owner.
        owner: Caip10,
    },
    /// EIP-5559 (updated) and ERC-7700: the signer signs one value, which stands in the text.
    UpdateData {
        /// The username.
        origin: Origin<'a>,
        /// Which record.
        record: &'a RecordKey,
        /// Its value in text form.
        value: &'a str,
    },
    /// Asks the wallet for the seed of the nostr key ([keys](crate::spec::keys); "NIP-111").
    NostrLogin {
        /// A petname, a domain, or `name@domain`.
        username: &'a str,
        /// The wallet.
        wallet: Caip10,
    },
    /// Asks the wallet for the seed of its stealth keys ([stealth](crate::spec::stealth)).
    GenerateStealthKeys {
        /// Whose keys.
        origin: Origin<'a>,
        /// [`Extradata::of_password`].
        extradata: Extradata,
        /// The wallet.
        wallet: Caip10,
    },
    /// Asks the wallet for the seed of the RSA key that invoices are encrypted to
    /// ([invoice](crate::spec::invoice)).
    GenerateEncryptionKey {
        /// The name, for wallet storage too.
        name: &'a Name,
        /// What the text calls the key.
        key: EncryptionKey,
        /// [`Extradata::of_password`].
        extradata: Extradata,
        /// The wallet.
        wallet: Caip10,
    },
    /// The signer says when records are posted to a database: signatures carry no time.
    PostRecords {
        /// The full name.
        name: &'a Name,
        /// Seconds since 1970.
        timestamp: u64,
        /// [`Extradata::of_records`].
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
            Self::GenerateKeypairs { .. } => Step::Keypairs,
            Self::ApproveDataSigner { .. } => Step::ApproveData,
            Self::UpdateData { .. } => Step::UpdateData,
            Self::PostRecords { .. } => Step::PostRecords,
            Self::NostrLogin { .. } => Step::Nostr,
            Self::GenerateStealthKeys { .. } => Step::StealthKeys,
            Self::GenerateEncryptionKey { .. } => Step::Encryption,
        }
    }

    /// The name it is for; `None` where it is for a wallet and all its names.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::GenerateIpnsKey { origin, .. }
            | Self::GenerateRecordsSigner { origin, .. }
            | Self::GenerateKeypairs { origin, .. }
            | Self::GenerateStealthKeys { origin, .. }
            | Self::ApproveDataSigner { origin, .. }
            | Self::UpdateData { origin, .. } => match origin {
                Origin::Name(name) => Some(name),
                Origin::Wallet(_) | Origin::Account(_) => None,
            },
            Self::ApproveSigner { name, .. }
            | Self::ApproveSignerOfSeed { name, .. }
            | Self::UpdateRecord { name, .. }
            | Self::InstallService { name, .. }
            | Self::GenerateEncryptionKey { name, .. }
            | Self::PostRecords { name, .. } => Some(name),
            Self::NostrLogin { .. } => None,
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
            Self::NostrLogin { username, wallet } => write!(
                f,
                "Log into Nostr client as '{username}'\n\n\
                 IMPORTANT: Please verify the integrity and authenticity of connected Nostr client \
                 before signing this message\n\n\
                 SIGNED BY: {wallet}"
            ),
            Self::GenerateStealthKeys { origin, extradata, wallet } => write!(
                f,
                "Requesting Signature To Generate Stealth Keys\n\n\
                 Origin: {origin}\n\
                 Key Type: secp256k1\n\
                 Extradata: {extradata}\n\
                 Signed By: {wallet}"
            ),
            Self::GenerateEncryptionKey { name, key, extradata, wallet } => write!(
                f,
                "Requesting Signature To Generate Encryption Key\n\n\
                 Origin: {name}\n\
                 Key Type: {key}\n\
                 Extradata: {extradata}\n\
                 Signed By: {wallet}"
            ),
            _ => self.data_text(f),
        }
    }
}

impl Request<'_> {
    /// The texts of data that another profile defines.
    fn data_text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::GenerateKeypairs { origin, protocol, extradata, wallet } => {
                write!(
                    f,
                    "Requesting Signature To Generate Keypair(s)\n\n\
                     Origin: {origin}\n\
                     Protocol: {protocol}\n\
                     Extradata: {extradata}"
                )?;
                match protocol {
                    Protocol::Ens(_) => write!(f, "\nSigned By: {wallet}"),
                    Protocol::Eth(_) => Ok(()),
                }
            }
            Self::ApproveDataSigner { origin, signer, owner } => write!(
                f,
                "Requesting Signature To Approve Data Signer\n\n\
                 Origin: {origin}\n\
                 Approved Signer: {signer}\n\
                 Approved By: {owner}"
            ),
            Self::UpdateData { origin, record, value } => write!(
                f,
                "Requesting Signature To Update Off-Chain Data\n\n\
                 Origin: {origin}\n\
                 Data Type: {record}\n\
                 Data Value: {value}"
            ),
            Self::PostRecords { name, timestamp, extradata, signer } => write!(
                f,
                "Requesting Signature To Post ENS Records\n\n\
                 Origin: {name}\n\
                 Timestamp: {timestamp}\n\
                 Extradata: {extradata}\n\
                 Signed By: {signer}"
            ),
            // The others are written by `fmt`.
            _ => Ok(()),
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
