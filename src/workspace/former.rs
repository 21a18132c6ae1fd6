//! Keys that were rotated away: their IPNS name is kept alive until the chain points to the new one.

use alloy_primitives::Address;
use toml_edit::{ArrayOfTables, Item, Table, value};

use super::approvals;
use super::config::{Config, RecordedKeys, put};
use super::config_file::FormerEntry;

impl From<FormerEntry> for RecordedKeys {
    fn from(entry: FormerEntry) -> Self {
        Self {
            wallet: entry.wallet.map(|wallet| wallet.0),
            ipns_name: Some(entry.ipns_name.0),
            signer: entry.signer.map(|signer| signer.0),
            derivation: entry.derivation.map(|derivation| derivation.0),
            compat: entry.compat.map(|compat| compat.0),
        }
    }
}

impl Config {
    /// Keys that were rotated away, the oldest first.
    pub fn former(&self) -> &[RecordedKeys] {
        &self.former
    }

    /// Whether `signer` signed here before a rotation.
    pub(super) fn is_former(&self, signer: Address) -> bool {
        self.former.iter().any(|keys| [keys.signer, keys.wallet].contains(&Some(signer)))
    }

    /// `keys` in place of those that are recorded, which are former ones then. Where the wallet
    /// itself owned the names, the new one does; approvals that are kept stay their owner's.
    pub fn rotate(&mut self, keys: &RecordedKeys) {
        let old = std::mem::replace(&mut self.keys, keys.clone());
        let owned = self.owner.is_none() || self.owner == old.wallet;
        if owned && self.owner.is_some() {
            self.owner = None;
            self.document.remove("owner");
        }
        for (entry, text) in keys.entries() {
            match text {
                Some(text) => put(self.document.as_table_mut(), entry, &text),
                None => _ = self.document.remove(entry),
            }
        }
        for (signer, kept) in self.approvals.iter() {
            approvals::write(&mut self.document, *signer, keys.wallet, kept);
        }
        let is_now = |former: &RecordedKeys| former.ipns_name == keys.ipns_name;
        self.former.retain(|former| !is_now(former) && former.ipns_name != old.ipns_name);
        self.former.push(old);
        let mut tables = ArrayOfTables::new();
        for former in &self.former {
            let mut table = Table::new();
            for (entry, text) in former.entries() {
                text.into_iter().for_each(|text| _ = table.insert(entry, value(text)));
            }
            tables.push(table);
        }
        self.document.insert("former", Item::ArrayOfTables(tables));
    }

    /// As it was with former keys, for what is still published under their name.
    pub fn with_former(&self, keys: &RecordedKeys) -> Self {
        let mut config = self.clone();
        (config.keys, config.is_former) = (keys.clone(), true);
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ens::Name;
    use crate::keys::{Compat, Derivation, IpnsKey, Storage};
    use crate::request::Signature;
    use crate::toml::FromText;
    use crate::workspace::Approval;

    fn keys(byte: u8, wallet: u8) -> RecordedKeys {
        RecordedKeys {
            wallet: Some(Address::repeat_byte(wallet)),
            ipns_name: Some(IpnsKey::from_seed(&[byte; 32].into()).name()),
            signer: Some(Address::repeat_byte(byte + 100)),
            derivation: Some(Derivation::default()),
            compat: Some(Compat::default()),
        }
    }

    #[test]
    fn keys_are_rotated_and_approvals_stay_their_owners() {
        let nick = Name::parse("nick.eth").unwrap();
        let mut config = Config::new(nick.clone(), Storage::Domain, Storage::Domain, 1);
        let (first, second) = (keys(1, 7), keys(2, 8));
        config.record_keys(&first).unwrap();
        let owner = Address::repeat_byte(7);
        let signature = Signature::from_text(&format!("0x{}1b", "11".repeat(64))).unwrap();
        let signer = first.signer.unwrap();
        config.keep_approvals(signer, [(&nick, Approval { owner, signature })]);
        config.rotate(&second);
        let read = Config::parse(&config.to_string()).unwrap();
        for config in [&config, &read] {
            assert_eq!((config.keys(), config.owner()), (&second, second.wallet));
            assert_eq!(config.former(), std::slice::from_ref(&first));
            assert_eq!(config.approval(&nick, signer).unwrap().owner, owner, "{config}");
            assert!(config.is_former(signer) && !config.is_former(second.signer.unwrap()));
        }
        assert_eq!(read.to_string(), config.to_string());
        // Back again: what is used now is no former one.
        config.rotate(&first);
        assert_eq!((config.keys(), config.former()), (&first, &[second][..]));
        assert_eq!(Config::parse(&config.to_string()).unwrap().former(), config.former());
        assert_eq!(config.with_former(&keys(2, 8)).keys(), &keys(2, 8));
        // Nothing is recorded of them, also what was not known.
        let published = RecordedKeys { ipns_name: keys(2, 8).ipns_name, ..RecordedKeys::default() };
        let mut former = config.with_former(&published);
        assert!(!former.record_keys(&keys(2, 8)).unwrap());
        assert_eq!(former.to_string(), config.to_string());
        assert!(former.record_keys(&keys(3, 8)).is_err(), "of another name");
    }

    #[test]
    fn an_owner_whose_manager_the_wallet_is_stays() {
        let nick = Name::parse("nick.eth").unwrap();
        let mut config = Config::new(nick, Storage::Domain, Storage::Domain, 1);
        config.record_keys(&keys(1, 7)).unwrap();
        config.record_owner(Address::repeat_byte(9));
        config.rotate(&keys(2, 8));
        assert_eq!(config.owner(), Some(Address::repeat_byte(9)));
        config.record_owner(Address::repeat_byte(8));
        config.rotate(&keys(3, 10));
        assert_eq!(config.owner(), Some(Address::repeat_byte(10)), "it was the wallet's own");
    }
}
