//! What [`sign`](super::sign()) is asked for, what it did, and why it stopped.

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

use super::{
    ApprovalMode, MassRemoval, Records, Removal, Stop, TreeError, Workspace, WorkspaceError,
};
use crate::ens::Name;
use crate::keys::SignerKey;
use crate::record::{MAX_RECORD_FILE, RecordKey};
use crate::wallet::{Wallet, WalletError};

/// Who makes SIGN 4.
#[derive(Clone, Copy)]
pub enum Signer<'a> {
    /// A key in memory: the derived records signer.
    Key(&'a SignerKey),
    /// The owner's wallet, asked for every record.
    Owner(&'a dyn Wallet),
}

impl Signer<'_> {
    /// The signer's address.
    pub fn address(&self) -> Address {
        match self {
            Self::Key(key) => key.address(),
            Self::Owner(wallet) => wallet.address(),
        }
    }

    pub(super) fn key(&self) -> Option<&SignerKey> {
        match self {
            Self::Key(key) => Some(key),
            Self::Owner(wallet) => wallet.local_key(),
        }
    }
}

/// What to sign and with what. The caller holds the workspace's lock.
pub struct SignRequest<'a> {
    /// Where.
    pub workspace: &'a Workspace,
    /// What is wanted.
    pub records: &'a Records,
    /// Who signs records.
    pub signer: Signer<'a>,
    /// Why the resolver accepts that signer.
    pub mode: ApprovalMode,
    /// Who signs SIGN 3 where one is missing.
    pub wallet: Option<&'a dyn Wallet>,
    /// Sign also what is right already.
    pub force: bool,
    /// Only the records of this name, and of those under it.
    pub only: Option<&'a Name>,
    /// What may be removed.
    pub removal: Removal<'a>,
    /// Copy every record into the older flat layout (ENSIP-XX) too.
    pub flat: bool,
    /// Ends it between two records.
    pub stop: Stop,
    /// Write the deployed backend's other fields, with this time (seconds since 1970).
    pub metadata: Option<i64>,
}

impl<'a> SignRequest<'a> {
    /// Signs what is new or changed of all names: with no wallet for approvals that are missing, and
    /// no leave to remove much.
    pub fn new(
        workspace: &'a Workspace,
        records: &'a Records,
        signer: Signer<'a>,
        mode: ApprovalMode,
    ) -> Self {
        Self {
            workspace,
            records,
            signer,
            mode,
            wallet: None,
            force: false,
            only: None,
            removal: Removal::Ask(&|_| false),
            flat: false,
            stop: Stop::default(),
            metadata: None,
        }
    }
}

/// A record file that was written or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedFile {
    /// Whose record.
    pub name: Name,
    /// Which.
    #[serde(rename = "record")]
    pub key: RecordKey,
    /// The file, in the workspace.
    pub path: String,
}

/// What `sign` did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignOutcome {
    /// Files written.
    pub signed: Vec<SignedFile>,
    /// Records that were right already.
    pub unchanged: u64,
    /// Files of records that are no longer wanted.
    pub removed: Vec<SignedFile>,
    /// SIGN 3 signatures that were made.
    pub approvals: u64,
    /// Names that lack one, which nobody here can make: what is new of them is not signed.
    pub unapproved: Vec<Name>,
}

/// Why signing stopped. What was written before stays and is right.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Names without SIGN 3, and no wallet to make it; all else is signed.
    #[error("{} no approval (SIGN 3) of the signer {signer}", whose(first, *count))]
    NoApproval {
        /// One of them.
        first: Name,
        /// How many.
        count: usize,
        /// The records signer.
        signer: Address,
    },
    /// `--approval owner` with a wallet that is not the owner.
    #[error("with the approval \"owner\" the owner signs, but {signer} is not the owner {owner}")]
    NotOwner {
        /// Who would sign.
        signer: Address,
        /// Who owns the name.
        owner: Address,
    },
    /// No wallet is recorded, so nobody is known to own the names.
    #[error("no wallet is recorded in namesys.toml, so the owner of the names is not known")]
    NoOwner,
    /// With the other fields the file would be longer than any is read.
    #[error(
        "the file of {name}'s {key} would have {bytes} bytes with the fields of --metadata, which \
         hold the value twice: more than {MAX_RECORD_FILE}, which are read"
    )]
    TooLong {
        /// Whose record.
        name: Name,
        /// Which.
        key: RecordKey,
        /// How long its file would be.
        bytes: usize,
    },
    /// More than half of more than ten files would go.
    #[error("{0} signed files would be removed, which records.toml no longer wants")]
    MassRemoval(MassRemoval),
    /// Nothing at all is wanted, and something is signed.
    #[error("records.toml is missing or empty, and {0} signed files would be removed")]
    NothingWanted(usize),
    /// It was asked to end; what is signed stands, and the same again signs the rest.
    #[error("interrupted: what was signed stands")]
    Stopped,
    /// The wallet does not sign.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The workspace cannot be read or written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

fn whose(first: &Name, count: usize) -> String {
    match count {
        0 | 1 => format!("{first} has"),
        2 => format!("{first} and 1 other name have"),
        _ => format!("{first} and {} other names have", count - 1),
    }
}
