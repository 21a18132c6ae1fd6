//! Records of a name that were signed before it was one of the workspace's: what verifies of them
//! is wanted from now on.

use alloy_primitives::Address;

use super::check::{CheckedFile, Verdict};
use super::sign_request::SignedFile;
use super::tree::read_payload;
use super::{Approval, Config, Facts, Records, Workspace};
use crate::ens::Name;
use crate::record::{RecordKey, Value};
use crate::request::{Request, Signature, SignedRecord, VerifiedRecord};

/// What was taken of the files of new names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Records that are wanted now.
    pub taken: Vec<SignedFile>,
    /// Files that do not verify, or whose value cannot be wanted: they stay as they are.
    pub left: Vec<String>,
}

/// Takes the verified values of `names` out of `checked` into `records`, and the approvals of
/// their signers into `config`. A record that is wanted already stays as it is wanted.
pub fn adopt(
    workspace: &Workspace,
    config: &mut Config,
    records: &mut Records,
    names: &[Name],
    checked: Vec<CheckedFile>,
) -> Adopted {
    let facts = Facts::of(config);
    let mut adopted = Adopted::default();
    for CheckedFile { path, name, key, verdict } in checked {
        let (Some(name), Some(key)) = (name, key) else { continue };
        if !names.iter().any(|root| name.is_or_is_under(root)) {
            continue;
        }
        let Verdict::Valid(verified) = verdict else {
            adopted.left.push(path);
            continue;
        };
        let wanted = records.get(&name, &key).cloned();
        match &wanted {
            // Taken by one that was cut short before it kept the approval.
            Some(wanted) if wanted == verified.value() => {}
            Some(_) => continue,
            None if takes(records, &name, &key, verified.value()) => {}
            None => {
                adopted.left.push(path);
                continue;
            }
        }
        let owner = facts.owner_of(&name);
        if let Some(approval) = approval(workspace, config, &path, (&name, owner), &verified) {
            config.keep_approvals(verified.signer(), [(&name, approval)]);
        }
        if wanted.is_none() {
            adopted.taken.push(SignedFile { name, key, path });
        }
    }
    adopted
}

/// Wants a value, if it can be wanted.
fn takes(records: &mut Records, name: &Name, key: &RecordKey, value: &Value) -> bool {
    records.set(name, key, value.clone()).is_ok()
}

/// The file's own SIGN 3, where none is kept: with it the file is signed as it is.
fn approval(
    workspace: &Workspace,
    config: &Config,
    path: &str,
    (name, owner): (&Name, Address),
    verified: &VerifiedRecord,
) -> Option<Approval> {
    let signer = verified.signer();
    if config.approval(name, signer).is_some() {
        return None;
    }
    let record = SignedRecord::decode(&read_payload(workspace.folder(), path).ok()?).ok()?;
    let signature = Signature::from_slice(&record.approval).ok()?;
    let request = Request::ApproveSigner { name, chain_id: config.chain_id, signer, owner };
    request.recover(&signature).ok()?;
    Some(Approval { owner, signature })
}
