//! Reports of the commands that work on a workspace.

use serde::{Deserialize, Serialize};

use super::{IpnsKeyReport, SignerReport};
use crate::request::{Request, Step};
use crate::workspace::{Holds, RecordState, SignedFile};

/// `init`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InitReport {
    /// The folder.
    pub dir: String,
    /// The first name.
    pub name: String,
    /// Every name.
    pub names: Vec<String>,
}

/// `name add`, `name remove`, `name list`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NamesReport {
    /// The workspace's names.
    pub names: Vec<String>,
    /// Records of a new name that were signed already: `records.toml` wants them now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<SignedFile>,
    /// Files of a new name that do not verify, so that they were not taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalid: Vec<String>,
    /// Records of a removed name that stay published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<SignedFile>,
}

/// `keygen`: the public halves of both keys and where they come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeygenReport {
    /// The name.
    pub name: String,
    /// `domain` or `wallet`.
    pub storage: String,
    /// Of the signer.
    pub signer_storage: String,
    /// Origin of SIGN 1.
    pub origin: String,
    /// Chain id of the texts.
    pub chain_id: u64,
    /// Checksummed address.
    pub wallet: String,
    /// `noble-1.7` or `noble-1.6`.
    pub derivation: String,
    /// `specification` or `web-client`.
    pub compat: String,
    /// The IPNS key.
    pub ipns: IpnsKeyReport,
    /// The records signer.
    pub signer: SignerReport,
    /// Whether two signatures of each request were compared.
    pub deterministic: bool,
    /// Whether the wallet is a contract, which is refused: `false`, or `null` where no node was
    /// asked.
    pub contract: Option<bool>,
    /// Key files written.
    pub exported: Vec<String>,
}

/// `wallet list`, `wallet address`, `wallet sign-test`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WalletsReport {
    /// Each of them; those that are opened where no flag says otherwise stand before others.
    pub wallets: Vec<WalletReport>,
}

/// A wallet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WalletReport {
    /// `private-key`, `mnemonic`, `keystore`, `browser`, `ledger`, `trezor` or `external`.
    pub kind: String,
    /// The variable, file or device that it is in.
    pub source: String,
    /// The derivation path, where it has one.
    pub path: Option<String>,
    /// Checksummed; of a keystore that was not opened, as its file says; `null` where that says
    /// nothing.
    pub address: Option<String>,
    /// Whether it signed the same text twice with the same signature; `null` where it was not
    /// tried.
    pub deterministic: Option<bool>,
    /// Whether it is the one that is used where no flag says otherwise.
    pub default: bool,
}

/// `keygen --requests`, `approve --requests`: texts to sign elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestsReport {
    /// In order.
    pub requests: Vec<RequestReport>,
}

/// A text to sign.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestReport {
    /// `sign-1`, `sign-2` or `sign-3`.
    pub step: Step,
    /// The exact text, without a line end.
    pub text: String,
}

impl From<Request<'_>> for RequestReport {
    fn from(request: Request<'_>) -> Self {
        Self { step: request.step(), text: request.to_string() }
    }
}

/// `set`, `unset`: one record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordReport {
    /// Whose.
    pub name: String,
    /// The record type.
    pub record: String,
    /// Its value as text.
    pub value: String,
    /// Of a phase: from when on it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// Of a phase: until when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
    /// What a person should know about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// `unset` of a whole name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnsetNameReport {
    /// Whose.
    pub name: String,
    /// What it had.
    pub removed: Vec<RecordReport>,
}

/// `list`, `diff`: records and their states.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordsReport {
    /// By name and record type.
    pub records: Vec<RecordStateReport>,
}

/// A record and its state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordStateReport {
    /// Whose.
    pub name: String,
    /// The record type.
    pub record: String,
    /// The wanted value; none when removed.
    pub value: Option<String>,
    /// With `diff`: what is signed, where that is another value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Wanted against signed.
    pub state: RecordState,
    /// Of a phase: from when on it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// Of a phase: until when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
    /// Of a phase: whether it holds now, has ended, or is coming.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Holds>,
}

/// `approve`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApproveReport {
    /// The name whose records the signer may sign.
    pub name: String,
    /// Checksummed address.
    pub signer: String,
    /// Checksummed address of the owner the text names.
    pub owner: String,
    /// SIGN 3, `0x` and 130 digits.
    pub signature: String,
}

/// `approve` of several names
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApprovalsReport {
    /// Checksummed address.
    pub signer: String,
    /// Those that were made or taken.
    pub approvals: Vec<ApproveReport>,
    /// With `--signature`: names that still lack one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unapproved: Vec<String>,
}

/// `sign`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignReport {
    /// Files written.
    pub signed: u64,
    /// Records that were right already.
    pub unchanged: u64,
    /// Files removed.
    pub removed: u64,
    /// SIGN 3 signatures made.
    pub approvals: u64,
    /// Names without an approval (SIGN 3), which nobody could make: what is new of them is not signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unapproved: Vec<String>,
    /// What was written.
    pub records: Vec<SignedFileReport>,
    /// What was removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_records: Vec<SignedFile>,
}

/// A record file that was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedFileReport {
    /// The file.
    #[serde(flatten)]
    pub file: SignedFile,
    /// Checksummed address.
    pub signer: String,
}

/// `verify`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Files the resolver would accept.
    pub valid: u64,
    /// Files it would not.
    pub invalid: u64,
    /// Every record file.
    pub records: Vec<CheckedReport>,
    /// Files that are not records: published, not looked at.
    pub foreign: Vec<String>,
}

/// A record file and what the checks say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckedReport {
    /// Whose record; none where the path names none.
    pub name: Option<String>,
    /// The record type.
    pub record: Option<String>,
    /// The file.
    pub path: String,
    /// Whether the resolver would accept it.
    pub ok: bool,
    /// Why not; or who approved the signer.
    pub reason: Option<String>,
    /// The value as text, where it is valid.
    pub value: Option<String>,
}

/// `pack`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PackReport {
    /// The folder's CID.
    pub root: String,
    /// Distinct blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The CAR file, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub car: Option<String>,
}
