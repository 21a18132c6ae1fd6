//! The approvals (SIGN 3) that `namesys.toml` keeps, by signer and name.

use alloy_primitives::Address;
use toml_edit::{InlineTable, Item, Table, value};

use super::config_entries::{address, invalid};
use super::{Config, ConfigError};
use crate::ens::Name;
use crate::request::Signature;

/// A SIGN 3 that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The owner the text names.
    pub owner: Address,
    /// The signature by the owner, or by a manager the owner approved on chain.
    pub signature: Signature,
}

impl Config {
    /// The SIGN 3 for `signer` on `name`, if one is kept. Not verified here.
    ///
    /// # Errors
    /// When the entry is malformed.
    pub fn approval(&self, name: &Name, signer: Address) -> Result<Option<Approval>, ConfigError> {
        let approvals = self.document.get("approvals").and_then(Item::as_table_like);
        let of_signer = approvals
            .and_then(|table| table.get(&signer.to_string()))
            .and_then(Item::as_table_like);
        let Some(item) = of_signer.and_then(|table| table.get(name.as_str())) else {
            return Ok(None);
        };
        let key = || format!("approvals.{signer}.{name}");
        let (owner, signature) = if let Some(entry) = item.as_table_like() {
            let owner = address(entry, "owner")?.ok_or(ConfigError::Missing("approvals owner"))?;
            (owner, entry.get("signature").and_then(Item::as_str))
        } else {
            let wallet = address(self.document.as_table(), "wallet")?;
            (wallet.ok_or(ConfigError::Missing("wallet"))?, item.as_str())
        };
        let signature = signature
            .ok_or_else(|| invalid(&key(), item, "a signature is a text"))?
            .parse()
            .map_err(|error| invalid(&key(), item, &format!("{error}")))?;
        Ok(Some(Approval { owner, signature }))
    }

    /// Keeps SIGN 3 signatures for `signer`. An owner other than the wallet is written beside
    /// the signature.
    ///
    /// # Errors
    /// When the recorded wallet is malformed.
    pub fn keep_approvals<'a>(
        &mut self,
        signer: Address,
        approvals: impl IntoIterator<Item = (&'a Name, Approval)>,
    ) -> Result<(), ConfigError> {
        let wallet = address(self.document.as_table(), "wallet")?;
        let all = self.document.entry("approvals").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let all = all.as_table_like_mut().ok_or(ConfigError::Missing("approvals table"))?;
        let of_signer = all.entry(&signer.to_string()).or_insert(Item::Table(Table::new()));
        let of_signer =
            of_signer.as_table_like_mut().ok_or(ConfigError::Missing("approvals table"))?;
        for (name, approval) in approvals {
            let signature = format!("{:x}", approval.signature);
            let item = if wallet == Some(approval.owner) {
                value(signature)
            } else {
                let mut entry = InlineTable::new();
                entry.insert("owner", approval.owner.to_string().into());
                entry.insert("signature", signature.into());
                value(entry)
            };
            of_signer.insert(name.as_str(), item);
        }
        Ok(())
    }
}
