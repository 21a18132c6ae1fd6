//! The approvals (SIGN 3) that `namesys.toml` keeps, by signer and name.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use toml_edit::{DocumentMut, InlineTable, Item, Table, value};

use super::config_file::KeptApproval;
use crate::ens::Name;
use crate::request::Signature;
use crate::toml::Text;

/// A SIGN 3 that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The owner the text names.
    pub owner: Address,
    /// The signature by the owner, or by a manager the owner approved on chain.
    pub signature: Signature,
}

/// By signer, then name.
pub(super) type Approvals = BTreeMap<Address, BTreeMap<Name, Approval>>;

/// Those of the file; one without an owner is the wallet's. None where no wallet is recorded for it.
pub(super) fn read(
    file: BTreeMap<Text<Address>, BTreeMap<Text<Name>, KeptApproval>>,
    wallet: Option<Address>,
) -> Option<Approvals> {
    let one = |(name, kept): (Text<Name>, KeptApproval)| {
        Some((name.0, Approval { owner: kept.owner.or(wallet)?, signature: kept.signature }))
    };
    let of_signer = |(signer, names): (Text<Address>, BTreeMap<_, _>)| {
        let names: Option<_> = names.into_iter().map(one).collect();
        Some((signer.0, names?))
    };
    file.into_iter().map(of_signer).collect()
}

/// Adds approvals of `signer` to the document. An owner other than the wallet is written beside
/// the signature.
pub(super) fn write<'a>(
    document: &mut DocumentMut,
    signer: Address,
    wallet: Option<Address>,
    approvals: impl IntoIterator<Item = (&'a Name, &'a Approval)>,
) {
    let mut all = Table::new();
    all.set_implicit(true);
    let all = document.entry("approvals").or_insert(Item::Table(all));
    let written = &mut all[&signer.to_string()];
    if written.is_none() {
        *written = Item::Table(Table::new());
    }
    for (name, approval) in approvals {
        written[name.as_str()] = value(text(approval, wallet));
    }
}

fn text(approval: &Approval, wallet: Option<Address>) -> toml_edit::Value {
    let signature = format!("{:x}", approval.signature);
    if wallet == Some(approval.owner) {
        return signature.into();
    }
    let mut entry = InlineTable::new();
    entry.insert("owner", approval.owner.to_string().into());
    entry.insert("signature", signature.into());
    entry.into()
}
